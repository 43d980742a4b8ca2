/* CLIENT: what this and other connections are, and what they may be told to do. */

#include "proxy/server/commands/rows.h"

#include "cache/base/number.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/commands/client.h"
#include "proxy/server/commands/tracking.h"
#include "proxy/server/pause.h"
#include "proxy/server/session.h"
#include "proxy/server/waiting.h"

static const char bad_name[] = "cannot contain spaces, newlines or special characters.";

static void client_id(struct call *c)
{
    const struct session *session = c->caller;
    reply_integer(c->reply, (int64_t)session->id);
}

static void getname(struct call *c)
{
    const struct session *session = c->caller;

    if (session->name == NULL) {
        reply_null(c->reply);
    } else {
        reply_bulk_text(c->reply, session->name);
    }
}

static void setname(struct call *c)
{
    struct session *session = c->caller;

    if (!session_text_fits(c->argv[2])) {
        reply_errorf(c->reply, "ERR Client names %s", bad_name);
        return;
    }
    session_set_text(&session->name, c->argv[2]);
    reply_ok(c->reply);
}

static void setinfo(struct call *c)
{
    struct session *session = c->caller;
    bool name = arg_is(c, 2, "lib-name");

    if (!name && !arg_is(c, 2, "lib-ver")) {
        reply_errorf(c->reply, "ERR Unrecognized option '%.*s'", span_shown(c->argv[2]),
                     c->argv[2].bytes);
        return;
    }
    if (!session_text_fits(c->argv[3])) {
        reply_errorf(c->reply, "ERR %s %s", name ? "lib-name" : "lib-ver", bad_name);
        return;
    }
    session_set_text(name ? &session->library_name : &session->library_version, c->argv[3]);
    reply_ok(c->reply);
}

/* Replies if it is neither. */
static bool take_on_off(struct call *c, bool *on)
{
    *on = arg_is(c, 2, "on");
    if (!*on && !arg_is(c, 2, "off")) {
        call_syntax_error(c);
        return false;
    }
    return true;
}

static void no_evict(struct call *c)
{
    struct session *session = c->caller;
    if (take_on_off(c, &session->no_evict)) {
        reply_ok(c->reply);
    }
}

static void no_touch(struct call *c)
{
    struct session *session = c->caller;
    if (take_on_off(c, &session->no_touch)) {
        reply_ok(c->reply);
    }
}

static void client_reply(struct call *c)
{
    struct session *session = c->caller;

    if (arg_is(c, 2, "on")) {
        session->replies = REPLIES_ON;
        c->reply->silent = false;
        reply_ok(c->reply);
    } else if (arg_is(c, 2, "off")) {
        session->replies = REPLIES_OFF;
    } else if (!arg_is(c, 2, "skip")) {
        call_syntax_error(c);
    } else if (session->replies != REPLIES_OFF) {
        session->replies = REPLIES_SKIP_NEXT;
    }
}

static void unblock(struct call *c)
{
    int64_t id;

    if (c->argc > 4) {
        call_subcommand_error(c);
        return;
    }
    if (c->argc == 4 && !arg_is(c, 3, "timeout") && !arg_is(c, 3, "error")) {
        reply_error(c->reply, SPAN("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        return;
    }
    if (!arg_integer(c, 2, &id)) {
        return;
    }
    const struct session *own = c->caller;
    struct session *session = session_by_id(own->server, (uint64_t)id);
    bool with_error = c->argc == 4 && arg_is(c, 3, "error");

    reply_integer(c->reply, session != NULL && waiting_unblock(session, with_error));
}

/* CLIENT PAUSE timeout [WRITE | ALL] */
static void client_pause(struct call *c)
{
    const struct session *session = c->caller;
    enum pause_extent extent = PAUSE_ALL;
    uint64_t now_ms = server_now_ms(session->server);
    int64_t timeout_ms;

    if (c->argc > 4) {
        call_subcommand_error(c);
        return;
    }
    if (c->argc == 4 && arg_is(c, 3, "write")) {
        extent = PAUSE_WRITES;
    } else if (c->argc == 4 && !arg_is(c, 3, "all")) {
        reply_error(c->reply, SPAN("ERR CLIENT PAUSE mode must be WRITE or ALL"));
        return;
    }
    if (!arg_integer_in(c, 2, INT64_MIN, INT64_MAX, &timeout_ms,
                        "ERR timeout is not an integer or out of range")) {
        return;
    }
    if (timeout_ms < 0) {
        reply_error(c->reply, SPAN("ERR timeout is negative"));
    } else if (timeout_ms > INT64_MAX - (int64_t)now_ms) {
        reply_error(c->reply, SPAN("ERR timeout is out of range"));
    } else {
        pause_begin(session->server, PAUSE_FOR_COMMAND, extent, now_ms + (uint64_t)timeout_ms);
        reply_ok(c->reply);
    }
}

static void client_unpause(struct call *c)
{
    const struct session *session = c->caller;

    pause_lift(session->server, PAUSE_FOR_COMMAND);
    reply_ok(c->reply);
}

static void help(struct call *c)
{
    describe_help(c->reply, command_named(cache_commands(c->cache), SPAN("client")));
}

#define OF_CLIENT CMD_SESSION | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE

static const struct command subcommands[] = {
    { .name = "client|id",
      .run = client_id,
      .arity = 2,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Returns the number of this connection." },
    { .name = "client|info",
      .run = client_info,
      .arity = 2,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Describes this connection.",
      .tips = "nondeterministic_output" },
    { .name = "client|list",
      .run = client_list,
      .arity = -2,
      .flags = OF_CLIENT | CMD_ADMIN,
      .group = "connection",
      .since = "2.4.0",
      .complexity = "O(N), N being the number of connections.",
      .synopsis = "[normal_master_replica_pubsub:(normal:NORMAL | master:MASTER | "
                  "replica:REPLICA | pubsub:PUBSUB)=TYPE@5.0.0] "
                  "[id:{client-id:integer...}=ID@6.2.0]",
      .summary = "Describes connections, one line each.",
      .tips = "nondeterministic_output" },
    { .name = "client|kill",
      .run = client_kill,
      .arity = -3,
      .flags = OF_CLIENT | CMD_ADMIN,
      .group = "connection",
      .since = "2.4.0",
      .complexity = "O(N), N being the number of connections.",
      .synopsis = "filter:(address:string | new-format:([client-id:integer=ID@2.8.12] | "
                  "[type:(normal:NORMAL | master:MASTER | replica:REPLICA | pubsub:PUBSUB)=TYPE] "
                  "| [username:string=USER] | [addr:string=ADDR] | [laddr:string=LADDR@6.2.0] | "
                  "[skipme:string=SKIPME])...)",
      .summary = "Closes connections." },
    { .name = "client|setname",
      .run = setname,
      .arity = 3,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "2.6.9",
      .complexity = "O(1)",
      .synopsis = "connection-name:string",
      .summary = "Names this connection." },
    { .name = "client|getname",
      .run = getname,
      .arity = 2,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "2.6.9",
      .complexity = "O(1)",
      .summary = "Returns the name of this connection." },
    { .name = "client|setinfo",
      .run = setinfo,
      .arity = 4,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "7.2.0",
      .complexity = "O(1)",
      .synopsis = "attr:(libname:string=LIB-NAME | libver:string=LIB-VER)",
      .summary = "Says which library is at the other end of this connection." },
    { .name = "client|no-evict",
      .run = no_evict,
      .arity = 3,
      .flags = OF_CLIENT | CMD_ADMIN,
      .group = "connection",
      .since = "7.0.0",
      .complexity = "O(1)",
      .synopsis = "enabled:(on:ON | off:OFF)",
      .summary = "Keeps this connection when memory for connections is short." },
    { .name = "client|no-touch",
      .run = no_touch,
      .arity = 3,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "7.2.0",
      .complexity = "O(1)",
      .synopsis = "enabled:(on:ON | off:OFF)",
      .summary = "Lets this connection read keys without their counting as used." },
    { .name = "client|pause",
      .run = client_pause,
      .arity = -3,
      .flags = OF_CLIENT | CMD_ADMIN,
      .group = "connection",
      .since = "2.9.50",
      .complexity = "O(1)",
      .synopsis = "timeout:integer [mode:(write:WRITE | all:ALL)@6.2.0]",
      .summary = "Holds the requests of all connections for some time, or those that write.",
      .history = "6.2.0 The mode." },
    { .name = "client|unpause",
      .run = client_unpause,
      .arity = 2,
      .flags = OF_CLIENT | CMD_ADMIN,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(N), N being the number of held connections.",
      .summary = "Lets held requests go on." },
    { .name = "client|reply",
      .run = client_reply,
      .arity = 3,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "3.2.0",
      .complexity = "O(1)",
      .synopsis = "on_off_skip:(on:ON | off:OFF | skip:SKIP)",
      .summary = "Chooses whether commands of this connection are answered." },
    { .name = "client|unblock",
      .run = unblock,
      .arity = -3,
      .flags = OF_CLIENT | CMD_ADMIN,
      .group = "connection",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "client-id:integer [timeout_error:(timeout:TIMEOUT | error:ERROR)]",
      .summary = "Ends the wait of another connection's blocking command." },
    { .name = "client|tracking",
      .run = client_tracking,
      .arity = -3,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1)",
      .synopsis = "status:(on:ON | off:OFF) [client-id:integer=REDIRECT] "
                  "[prefix:string=PREFIX+...] [bcast:BCAST] [optin:OPTIN] [optout:OPTOUT] "
                  "[noloop:NOLOOP]",
      .summary = "Tells this connection when keys that it has read change." },
    { .name = "client|caching",
      .run = client_caching,
      .arity = 3,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1)",
      .synopsis = "mode:(yes:YES | no:NO)",
      .summary = "Says whether the keys of the next command are tracked." },
    { .name = "client|getredir",
      .run = client_getredir,
      .arity = 2,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1)",
      .summary = "Returns the connection that hears of changes in place of this one." },
    { .name = "client|trackinginfo",
      .run = client_trackinginfo,
      .arity = 2,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Tells how this connection tracks keys." },
    { .name = "client|help",
      .run = help,
      .arity = 2,
      .flags = CMD_SESSION | CMD_LOADING | CMD_STALE,
      .group = "connection",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = NULL },
};

const struct command client_commands[] = {
    { .name = "client",
      .arity = -2,
      .subcommands = subcommands,
      .group = "connection",
      .since = "2.4.0",
      .complexity = "That of the subcommand.",
      .summary = "Tells about connections, and what they are to do." },
    { .name = NULL },
};
