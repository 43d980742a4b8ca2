/* Users and sessions. */

#include "proxy/server/acl.h"

#include "proxy/server/acl_file.h"
#include "proxy/server/commands/client.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/state.h"
#include "proxy/server/transaction.h"

#include <stdio.h>

/* --- requests --- */

static void note(struct session *session, enum acl_denial denial, enum acl_context context,
                 struct span object, struct span user)
{
    struct server *server = session->server;
    struct buf client;

    buf_init(&client, SIZE_MAX / 2);
    client_describe(&client, session);
    const struct acl_event event = {
        .denial = denial,
        .context = context,
        .object = object,
        .user = user,
        .client = buf_span(&client),
        .now_ms = server->now_ms,
    };
    acl_log_add(&server->acl_log, &event, (size_t)server->options->acllog_max_len);
    buf_fini(&client);
}

enum acl_denial acl_admit(struct session *session, const struct request *request,
                          enum acl_context context)
{
    size_t at;
    enum acl_denial denial = acl_check(session->user, request, &at);

    if (denial != ACL_GRANTED) {
        struct span object =
            denial == ACL_DENIED_COMMAND ? span_from(request->command->name) : request->argv[at];
        note(session, denial, context, object, span_from(session->user->name));
    }
    return denial;
}

bool acl_may(const struct session *session, const struct request *request)
{
    size_t at;
    return acl_check(session->user, request, &at) == ACL_GRANTED;
}

const char *acl_sort_refusal(const struct session *session, const struct request *request)
{
    const char *option = acl_check_sort(session->user, request);

    if (option == NULL) {
        return NULL;
    }
    return option[0] == 'B' ? "ERR BY option of SORT denied due to insufficient ACL permissions."
                            : "ERR GET option of SORT denied due to insufficient ACL permissions.";
}

void acl_refuse(struct reply *reply, const struct request *request, enum acl_denial denial)
{
    switch (denial) {
    case ACL_DENIED_COMMAND:
        reply_errorf(reply, "NOPERM this user has no permissions to run the '%s' command",
                     request->command->name);
        return;
    case ACL_DENIED_KEY:
        reply_error(reply, SPAN("NOPERM this user has no permissions to access one of the keys "
                                "used as arguments"));
        return;
    case ACL_DENIED_CHANNEL:
        reply_error(reply, SPAN("NOPERM this user has no permissions to access one of the "
                                "channels used as arguments"));
        return;
    case ACL_GRANTED:
    case ACL_DENIED_AUTH:
        break;
    }
    unreachable("no request is denied for this");
}

void acl_refuse_in_exec(struct reply *reply, enum acl_denial denial)
{
    static const char *const why[ACL_DENIALS] = {
        [ACL_DENIED_COMMAND] = "no permission to execute the command or subcommand",
        [ACL_DENIED_KEY] = "no permission to touch the specified keys",
        [ACL_DENIED_CHANNEL] = "no permission to access one of the channels used as arguments",
    };

    assert(why[denial] != NULL);
    reply_errorf(reply,
                 "NOPERM ACLs rules changed between the moment the transaction was accumulated and "
                 "the EXEC call. This command is no longer allowed for the following reason: %s",
                 why[denial]);
}

const char *acl_refusal_in_script(enum acl_denial denial)
{
    static const char *const why[ACL_DENIALS] = {
        [ACL_DENIED_COMMAND] =
            "ERR The user executing the script can't run this command or subcommand",
        [ACL_DENIED_KEY] = "ERR The user executing the script can't access at least one of the "
                           "keys mentioned in the command arguments",
        [ACL_DENIED_CHANNEL] = "ERR The user executing the script can't publish to the channel "
                               "mentioned in the command",
    };

    assert(why[denial] != NULL);
    return why[denial];
}

/* --- logging in --- */

static const char *secret_of_mesh(const struct session *session)
{
    return session->server->options->mesh_secret;
}

bool acl_has_password(const struct session *session)
{
    return session->from_peer ? secret_of_mesh(session)[0] != '\0'
                              : !session->server->users.first->nopass;
}

bool acl_wants_password(const struct session *session)
{
    bool is_open = session->from_peer || session->server->users.first->enabled;
    return acl_has_password(session) || !is_open;
}

/* What follows from who it is. */
static void settle(struct session *session)
{
    session->authenticated = session->proved || !acl_wants_password(session);
    session->unrestricted = session->authenticated &&
                            (session->user == NULL || acl_user_is_unrestricted(session->user));
}

static void become(struct session *session, struct acl_user *user, bool proved)
{
    session->user = user;
    session->proved = proved;
    settle(session);
}

void acl_welcome(struct session *session)
{
    become(session, session->server->users.first, !acl_wants_password(session));
}

void acl_trust(struct session *session)
{
    become(session, NULL, true);
}

/* At the peer port there is one user, and its password is the mesh's secret. */
static bool log_in_as_peer(struct session *session, struct span name, struct span password)
{
    bool is_default = span_equal(name, SPAN("default"));
    bool secret = acl_wants_password(session);

    if (is_default && secret && span_is_secret(password, span_from(secret_of_mesh(session)))) {
        acl_trust(session);
        return true;
    }
    if (is_default && !secret) {
        acl_welcome(session);
        return true;
    }
    return false;
}

static bool log_in(struct session *session, struct span name, struct span password)
{
    struct acl_user *user = acl_users_find(&session->server->users, name);

    if (!acl_user_accepts(user, password)) {
        return false;
    }
    become(session, user, true);
    return true;
}

bool acl_login(struct session *session, struct span user, struct span password, struct span word)
{
    bool in = session->from_peer ? log_in_as_peer(session, user, password)
                                 : log_in(session, user, password);

    if (!in) {
        enum acl_context context = transaction_is_open(session) ? ACL_MULTI : ACL_TOPLEVEL;
        note(session, ACL_DENIED_AUTH, context, word, user);
    }
    return in;
}

const char *acl_name_of(const struct session *session)
{
    return session->user == NULL ? "(superuser)" : session->user->name;
}

/* --- users that change --- */

static void look_again(struct server *server)
{
    for (struct session *session = server->first; session != NULL; session = session->next) {
        settle(session);
    }
}

void acl_configure(struct server *server)
{
    const struct options *options = server->options;

    server->users.listen = options->acl_pubsub_default == ACL_PUBSUB_ALL;
    acl_users_set_password(&server->users, span_from(options->requirepass));
    acl_log_cut(&server->acl_log, (size_t)options->acllog_max_len);
    look_again(server);
}

/* Whoever is just running a command hears its answer first. */
static void turn_out(struct session *session)
{
    acl_welcome(session);
    session->proved = false;
    settle(session);
    session_close(session, session == session->server->running ? SESSION_ENDS_AFTER_ANSWERS
                                                               : SESSION_ENDS_NOW);
}

void acl_remove_user(struct server *server, struct acl_user *user)
{
    for (struct session *session = server->first; session != NULL; session = session->next) {
        if (session->user == user) {
            turn_out(session);
        }
    }
    acl_users_remove(&server->users, user);
    acl_user_free(user);
}

void acl_replace_users(struct server *server, struct acl_users *take_next)
{
    for (struct session *session = server->first; session != NULL; session = session->next) {
        if (session->user != NULL && session->user != server->users.first) {
            turn_out(session);
        }
    }
    acl_users_swap(&server->users, take_next);
    acl_users_fini(take_next);
    look_again(server);
}

/* --- channels that are taken away --- */

static bool allows_channel(const struct acl_user *user, struct span name, bool is_pattern)
{
    size_t at = 0;
    while (at < user->selector_count &&
           !acl_selector_allows_channel(user->selectors[at], name, is_pattern)) {
        at++;
    }
    return at < user->selector_count;
}

static bool has_all_channels(const struct acl_user *user)
{
    size_t at = 0;
    while (at < user->selector_count && !user->selectors[at]->all_channels) {
        at++;
    }
    return at < user->selector_count;
}

/* Whether there is a pattern that the user has now and will not have. */
static bool loses_channels(const struct acl_user *user, const struct acl_user *changed)
{
    bool loses = has_all_channels(user);

    if (has_all_channels(changed)) {
        return false;
    }
    for (size_t i = 0; i < user->selector_count && !loses; i++) {
        const struct option_list *channels = &user->selectors[i]->channels;
        for (size_t j = 0; j < channels->count && !loses; j++) {
            loses = !allows_channel(changed, span_from(channels->items[j]), true);
        }
    }
    return loses;
}

struct listening {
    const struct acl_user *user;
    bool is_pattern;
    bool allowed;
};

static void look_at_channel(void *context, struct span name)
{
    struct listening *listening = context;
    listening->allowed =
        listening->allowed && allows_channel(listening->user, name, listening->is_pattern);
}

static bool may_listen_on(const struct session *session, const struct acl_user *user)
{
    struct listening listening = { .user = user, .allowed = true };

    for (int topic = 0; topic < TOPICS; topic++) {
        listening.is_pattern = topic == TOPIC_PATTERN;
        pubsub_each_of(session, (enum topic)topic, look_at_channel, &listening);
    }
    return listening.allowed;
}

void acl_change_user(struct server *server, struct acl_user *user, struct acl_user **take_changed)
{
    bool loses = loses_channels(user, *take_changed);

    for (struct session *session = server->first; session != NULL && loses;
         session = session->next) {
        if (session->user == user && !may_listen_on(session, *take_changed)) {
            turn_out(session);
        }
    }
    acl_user_swap(user, *take_changed);
    acl_user_free(*take_changed);
    *take_changed = NULL;
    look_again(server);
}

/* --- from files --- */

static bool read_users(const struct options *options, struct acl_users *next, struct buf *why)
{
    if (options->user.count == 0) {
        return acl_file_load(&file_system, options->aclfile, next, why);
    }
    if (options->aclfile[0] != '\0') {
        buf_addf(why, "Users are declared both by aclfile and by user: it must be one of them");
        return false;
    }
    return acl_file_take_lines(&options->user, next, why);
}

bool acl_start(struct server *server, char *why, size_t why_size)
{
    const struct options *options = server->options;
    struct acl_users next;
    struct buf text;

    if (options->user.count == 0 && options->aclfile[0] == '\0') {
        return true;
    }
    buf_init(&text, SIZE_MAX / 2);
    acl_users_init(&next, server->users.commands);
    next.listen = server->users.listen;
    bool good = read_users(options, &next, &text);
    if (good) {
        acl_replace_users(server, &next);
    } else {
        acl_users_fini(&next);
        snprintf(why, why_size, "Users: %.*s", (int)text.len, buf_span(&text).bytes);
    }
    buf_fini(&text);
    return good;
}
