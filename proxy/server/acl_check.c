/* Whether a user may run a request.
 *
 * Keys are where the row says, and what is done to each is in the row as well. A request whose keys
 * cannot be found has none: it is wrong, and its command will say so. */

#include "proxy/server/acl_check.h"

#include "cache/base/number.h"

/* One check; the keys are looked for once for all selectors. */
struct checking {
    const struct request *request;
    struct found_keys keys;
    bool has_keys; /* `keys` is set. */
    size_t at;     /* What was denied last. */
};

static unsigned permits_for(uint16_t flags)
{
    bool reads = flags & KEY_ACCESS;
    bool writes = flags & (KEY_INSERT | KEY_DELETE | KEY_UPDATE);

    return (reads ? PERMIT_READ : 0u) | (writes ? PERMIT_WRITE : 0u);
}

static bool allows_keys(const struct acl_selector *selector, struct checking *checking)
{
    const struct request *request = checking->request;

    if (selector->all_keys || request->command->keys[0].kind == KEYS_NONE) {
        return true;
    }
    if (!checking->has_keys) {
        found_keys_init(&checking->keys, request->command, request->argv, request->argc);
        checking->has_keys = true;
    }
    for (size_t i = 0; i < checking->keys.count; i++) {
        uint32_t at = checking->keys.indexes[i];
        uint16_t flags = command_key_flags(request->command, request->argv, request->argc, at);
        if (!acl_selector_allows_key(selector, request->argv[at], permits_for(flags))) {
            checking->at = at;
            return false;
        }
    }
    return true;
}

/* The rows that name channels which somebody will hear or be heard in. */
static const struct {
    const char *name;
    bool is_pattern;
    bool one; /* The first argument only. */
} channel_rows[] = {
    { "publish", false, true },    { "spublish", false, true },    { "subscribe", false, false },
    { "psubscribe", true, false }, { "ssubscribe", false, false },
};

static bool allows_channels_of(const struct acl_selector *selector, struct checking *checking,
                               size_t count, bool is_pattern)
{
    for (size_t at = 1; at <= count; at++) {
        if (!acl_selector_allows_channel(selector, checking->request->argv[at], is_pattern)) {
            checking->at = at;
            return false;
        }
    }
    return true;
}

static bool allows_channels(const struct acl_selector *selector, struct checking *checking)
{
    const struct request *request = checking->request;

    if (selector->all_channels || !(request->command->flags & CMD_PUBSUB)) {
        return true;
    }
    for (size_t i = 0; i < COUNT(channel_rows); i++) {
        if (strcmp(request->command->name, channel_rows[i].name) == 0) {
            size_t count = channel_rows[i].one ? 1 : request->argc - 1;
            return allows_channels_of(selector, checking, count, channel_rows[i].is_pattern);
        }
    }
    return true;
}

static enum acl_denial check_selector(const struct acl_selector *selector,
                                      struct checking *checking)
{
    const struct request *request = checking->request;

    if (!(request->command->flags & CMD_NO_AUTH) &&
        !acl_selector_allows_command(selector, request->id, request->argv, request->argc)) {
        return ACL_DENIED_COMMAND;
    }
    if (!allows_keys(selector, checking)) {
        return ACL_DENIED_KEY;
    }
    return allows_channels(selector, checking) ? ACL_GRANTED : ACL_DENIED_CHANNEL;
}

enum acl_denial acl_check(const struct acl_user *user, const struct request *request, size_t *at)
{
    struct checking checking = { .request = request };
    enum acl_denial nearest = ACL_DENIED_COMMAND;

    *at = 0;
    if (user == NULL) {
        return ACL_GRANTED;
    }
    for (size_t i = 0; i < user->selector_count && nearest != ACL_GRANTED; i++) {
        enum acl_denial denial = check_selector(user->selectors[i], &checking);
        if (denial == ACL_GRANTED) {
            nearest = ACL_GRANTED;
        } else if (denial > nearest || (denial == nearest && checking.at > *at)) {
            nearest = denial;
            *at = checking.at;
        }
    }
    if (checking.has_keys) {
        found_keys_fini(&checking.keys);
    }
    return nearest;
}

/* --- SORT --- */

/* Whether one selector that allows this very command may read any key. */
static bool reads_all_keys(const struct acl_user *user, const struct request *request)
{
    bool reads = false;

    for (size_t i = 0; i < user->selector_count && !reads; i++) {
        const struct acl_selector *selector = user->selectors[i];
        struct checking checking = { .request = request };
        bool any = selector->all_keys;
        for (size_t j = 0; j < selector->key_count; j++) {
            const struct acl_key *key = &selector->keys[j];
            any |= strcmp(key->pattern, "*") == 0 && (key->permits & PERMIT_READ);
        }
        reads = any && check_selector(selector, &checking) == ACL_GRANTED;
        if (checking.has_keys) {
            found_keys_fini(&checking.keys);
        }
    }
    return reads;
}

static bool are_numbers(const struct span *argv, size_t argc)
{
    int64_t number;
    return argc >= 2 && number_parse(argv[0], &number) && number_parse(argv[1], &number);
}

/* The first option that looks at keys of other names, as long as all before it are right: what is
 * wrong is SORT's to say. */
static const char *option_on_keys(const struct span *argv, size_t argc)
{
    for (size_t at = 2; at < argc; at++) {
        size_t left = argc - at - 1;
        if (span_is(argv[at], "by") && left >= 1) {
            if (memchr(argv[at + 1].bytes, '*', argv[at + 1].len) != NULL) {
                return "BY";
            }
            at++;
        } else if (span_is(argv[at], "get") && left >= 1) {
            return "GET";
        } else if (span_is(argv[at], "limit") && are_numbers(argv + at + 1, left)) {
            at += 2;
        } else if (span_is(argv[at], "store") && left >= 1) {
            at++;
        } else if (!span_is(argv[at], "asc") && !span_is(argv[at], "desc") &&
                   !span_is(argv[at], "alpha")) {
            return NULL;
        }
    }
    return NULL;
}

const char *acl_check_sort(const struct acl_user *user, const struct request *request)
{
    if (user == NULL || request->command->find_patterns == NULL) {
        return NULL;
    }
    const char *option = option_on_keys(request->argv, request->argc);
    return option == NULL || reads_all_keys(user, request) ? NULL : option;
}
