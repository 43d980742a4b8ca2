/* A request between the reader and its run. */

#include "proxy/server/request.h"

#include <ctype.h>
#include <stdio.h>

static struct familiar *familiar_place(struct familiar familiar[FAMILIAR_COUNT], struct span name)
{
    size_t mix = name.len * 7 + (unsigned char)name.bytes[0] * 3u +
                 (unsigned char)name.bytes[name.len - 1] +
                 (unsigned char)name.bytes[name.len / 2] * 5u;
    return &familiar[mix % FAMILIAR_COUNT];
}

/* memcmp for words of commands, which are short: no call. */
static inline bool same_word(const char *a, const char *b, size_t len)
{
    uint32_t first[2], last[2];

    if (len == 3) {
        return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
    }
    if (len < sizeof(first[0]) || len > 2 * sizeof(first[0])) {
        return memcmp(a, b, len) == 0;
    }
    memcpy(&first[0], a, sizeof(first[0]));
    memcpy(&first[1], b, sizeof(first[1]));
    memcpy(&last[0], a + len - sizeof(last[0]), sizeof(last[0]));
    memcpy(&last[1], b + len - sizeof(last[1]), sizeof(last[1]));
    return first[0] == first[1] && last[0] == last[1];
}

void request_find(struct request *request, const struct command_table *table,
                  struct familiar familiar[FAMILIAR_COUNT])
{
    struct span name = request->argv[0];
    struct familiar *place = NULL;

    request->container = NULL;
    if (name.len > 0 && name.len <= FAMILIAR_LEN_MAX) {
        place = familiar_place(familiar, name);
        if (place->len == name.len && same_word(place->name, name.bytes, name.len)) {
            request->command = place->command;
            request->id = place->id;
            return;
        }
    }

    request->command = command_find(table, request->argv, request->argc, &request->container);
    if (request->command == NULL) {
        request->id = 0;
        return;
    }
    request->id = command_id(table, request->command);
    /* A subcommand's row is not found by the first word alone. */
    bool top = request->command->subcommands == NULL && strchr(request->command->name, '|') == NULL;
    if (place != NULL && top) {
        *place = (struct familiar){ .len = (uint8_t)name.len,
                                    .command = request->command,
                                    .id = request->id };
        memcpy(place->name, name.bytes, name.len);
    }
}

static void unknown_command(const struct request *request, struct reply *reply)
{
    char args[SPAN_SHOWN_MAX * 2] = "";
    size_t len = 0;

    for (size_t i = 1; i < request->argc && len < SPAN_SHOWN_MAX; i++) {
        struct span arg = request->argv[i];
        size_t left = SPAN_SHOWN_MAX - len;
        int written = snprintf(args + len, sizeof(args) - len, "'%.*s' ",
                               (int)(arg.len < left ? arg.len : left), arg.bytes);
        assert(written > 0);
        len += (size_t)written;
    }
    reply_errorf(reply, "ERR unknown command '%.*s', with args beginning with: %s",
                 span_shown(request->argv[0]), request->argv[0].bytes, args);
}

static void unknown_subcommand(const struct request *request, struct reply *reply)
{
    char upper[32];
    size_t len = 0;

    for (const char *name = request->container->name; name[len] != '\0'; len++) {
        assert(len + 1 < sizeof(upper));
        upper[len] = (char)toupper((unsigned char)name[len]);
    }
    upper[len] = '\0';
    reply_errorf(reply, "ERR unknown subcommand '%.*s'. Try %s HELP.", span_shown(request->argv[1]),
                 request->argv[1].bytes, upper);
}

bool request_fits(const struct request *request, struct reply *reply)
{
    if (request->command == NULL) {
        if (request->container != NULL) {
            unknown_subcommand(request, reply);
        } else {
            unknown_command(request, reply);
        }
        return false;
    }
    if (!command_arity_fits(request->command, request->argc)) {
        reply_errorf(reply, "ERR wrong number of arguments for '%s' command",
                     request->command->name);
        return false;
    }
    return true;
}
