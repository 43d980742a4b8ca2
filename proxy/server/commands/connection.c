/* Commands on the connection itself: who speaks, in which protocol, to which database. */

#include "proxy/server/commands/rows.h"

#include "cache/call.h"
#include "proxy/server/acl.h"
#include "proxy/server/commands/info.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* In RESP2 a client that listens reads nothing but messages, so that is what it gets. */
static void ping_as_message(struct call *c)
{
    reply_array(c->reply, 2);
    reply_bulk_text(c->reply, "pong");
    reply_bulk(c->reply, c->argc == 2 ? c->argv[1] : SPAN(""));
}

static void ping(struct call *c)
{
    if (c->argc > 2) {
        call_arity_error(c);
    } else if (c->reply->protocol == 2 && pubsub_is_listening(c->caller)) {
        ping_as_message(c);
    } else if (c->argc == 2) {
        reply_bulk(c->reply, c->argv[1]);
    } else {
        reply_status(c->reply, SPAN("PONG"));
    }
}

static void echo(struct call *c)
{
    reply_bulk(c->reply, c->argv[1]);
}

static void quit(struct call *c)
{
    reply_ok(c->reply);
    session_close(c->caller, SESSION_ENDS_AFTER_ANSWERS);
}

static void reset(struct call *c)
{
    session_reset(c->caller);
    c->reply->protocol = 2;
    c->reply->silent = false;
    reply_status(c->reply, SPAN("RESET"));
}

static void select_db(struct call *c)
{
    struct session *session = c->caller;
    int db;

    if (arg_db(c, 1, &db)) {
        session->db = db;
        reply_ok(c->reply);
    }
}

static void tell_time(struct call *c)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    reply_array(c->reply, 2);
    reply_bulk_integer(c->reply, now.tv_sec);
    reply_bulk_integer(c->reply, now.tv_nsec / 1000);
}

static void lolwut(struct call *c)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "Redis ver. %s, as podis %s speaks it\n", REDIS_VERSION,
                       PODIS_VERSION);

    reply_verbatim(c->reply, (struct span){ text, (size_t)len }, "txt");
}

/* --- AUTH, HELLO --- */

/* False after the reply WRONGPASS. */
static bool authenticate(struct call *c, struct span user, struct span password)
{
    struct session *session = c->caller;
    char address[SESSION_ADDRESS_MAX];

    if (acl_login(session, user, password, c->argv[0])) {
        return true;
    }
    reply_error(c->reply, SPAN("WRONGPASS invalid username-password pair or user is disabled."));
    session_address(session, false, address);
    log_notice(server_log(session->server), "Refused %s at the %s port: wrong user or password",
               address, session->from_peer ? "peer" : "app's");
    return false;
}

static void auth(struct call *c)
{
    struct session *session = c->caller;

    if (c->argc > 3) {
        call_syntax_error(c);
        return;
    }
    if (c->argc == 2 && !acl_has_password(session)) {
        reply_error(c->reply, SPAN("ERR AUTH <password> called without any password configured "
                                   "for the default user. Are you sure your configuration is "
                                   "correct?"));
        return;
    }
    struct span user = c->argc == 3 ? c->argv[1] : SPAN("default");
    if (authenticate(c, user, c->argv[c->argc - 1])) {
        reply_ok(c->reply);
    }
}

struct hello_wish {
    int64_t protocol; /* 0: as it is. */
    const struct span *user, *password, *name;
};

/* Replies if it returns false. */
static bool take_wish(struct call *c, struct hello_wish *wish)
{
    *wish = (struct hello_wish){ 0 };
    if (c->argc > 1 && !arg_integer_in(c, 1, INT64_MIN, INT64_MAX, &wish->protocol,
                                       "ERR Protocol version is not an integer or out of range")) {
        return false;
    }
    if (c->argc > 1 && (wish->protocol < 2 || wish->protocol > 3)) {
        reply_error(c->reply, SPAN("NOPROTO unsupported protocol version"));
        return false;
    }
    for (size_t at = 2; at < c->argc; at++) {
        if (arg_is(c, at, "auth") && c->argc - at > 2) {
            wish->user = &c->argv[at + 1];
            wish->password = &c->argv[at + 2];
            at += 2;
        } else if (arg_is(c, at, "setname") && c->argc - at > 1) {
            wish->name = &c->argv[++at];
        } else {
            reply_errorf(c->reply, "ERR Syntax error in HELLO option '%.*s'",
                         span_shown(c->argv[at]), c->argv[at].bytes);
            return false;
        }
    }
    return true;
}

static void describe(struct call *c)
{
    const struct session *session = c->caller;
    struct reply *reply = c->reply;

    reply_map(reply, 7);
    reply_bulk_text(reply, "server");
    reply_bulk_text(reply, "redis");
    reply_bulk_text(reply, "version");
    reply_bulk_text(reply, REDIS_VERSION);
    reply_bulk_text(reply, "proto");
    reply_integer(reply, session->protocol);
    reply_bulk_text(reply, "id");
    reply_integer(reply, (int64_t)session->id);
    reply_bulk_text(reply, "mode");
    reply_bulk_text(reply, session->from_peer ? "cluster" : "standalone");
    reply_bulk_text(reply, "role");
    reply_bulk_text(reply, "master");
    reply_bulk_text(reply, "modules");
    reply_array(reply, 0);
}

/* Strangers may say HELLO at the peer port: another podis introduces itself after it. */
static void hello(struct call *c)
{
    struct session *session = c->caller;
    struct hello_wish wish;

    if (!take_wish(c, &wish)) {
        return;
    }
    if (wish.user != NULL && !authenticate(c, *wish.user, *wish.password)) {
        return;
    }
    if (!session->authenticated && !session->from_peer) {
        reply_error(c->reply,
                    SPAN("NOAUTH HELLO must be called with the client already authenticated, "
                         "otherwise the HELLO AUTH <user> <pass> option can be used to "
                         "authenticate the client and select the RESP protocol version at the "
                         "same time"));
        return;
    }
    if (wish.name != NULL) {
        if (!session_text_fits(*wish.name)) {
            reply_error(c->reply, SPAN("ERR Client names cannot contain spaces, newlines or "
                                       "special characters."));
            return;
        }
        session_set_text(&session->name, *wish.name);
    }
    if (wish.protocol != 0) {
        session->protocol = c->reply->protocol = (int)wish.protocol;
    }
    describe(c);
}

#define AT_ANY_TIME CMD_SESSION | CMD_LOADING | CMD_STALE | CMD_FAST
#define BEFORE_AUTH AT_ANY_TIME | CMD_NOSCRIPT | CMD_NO_AUTH | CMD_ALLOW_BUSY

const struct command connection_commands[] = {
    { .name = "ping",
      .run = ping,
      .arity = -1,
      .flags = CMD_SESSION | CMD_FAST | CMD_LISTENER,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "[message:string]",
      .summary = "Answers PONG, or the message.",
      .tips = "request_policy:all_shards response_policy:all_succeeded" },
    { .name = "echo",
      .run = echo,
      .arity = 2,
      .flags = AT_ANY_TIME,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "message:string",
      .summary = "Answers the message." },
    { .name = "auth",
      .run = auth,
      .arity = -2,
      .flags = BEFORE_AUTH,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "[username:string@6.0.0] password:string",
      .summary = "Proves who the client is.",
      .history = "6.0.0 A username in front of the password." },
    { .name = "hello",
      .run = hello,
      .arity = -1,
      .flags = BEFORE_AUTH,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1)",
      .synopsis = "[arguments:{protover:integer [username_password:{username:string "
                  "password:string}=AUTH] [clientname:string=SETNAME]}]",
      .summary = "Chooses the protocol, and tells about the server and the connection.",
      .history = "6.2.0 No protover: nothing is changed." },
    { .name = "select",
      .run = select_db,
      .arity = 2,
      .flags = AT_ANY_TIME,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "index:integer",
      .summary = "Chooses the database of the connection." },
    { .name = "quit",
      .run = quit,
      .arity = -1,
      .flags = BEFORE_AUTH | CMD_AT_ONCE | CMD_LISTENER,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "Closes the connection." },
    { .name = "reset",
      .run = reset,
      .arity = 1,
      .flags = BEFORE_AUTH | CMD_AT_ONCE | CMD_LISTENER,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Makes the connection as if it were new." },
    { .name = "time",
      .run = tell_time,
      .arity = 1,
      .flags = AT_ANY_TIME,
      .group = "server",
      .since = "2.6.0",
      .complexity = "O(1)",
      .summary = "Answers the time: seconds since 1970, and microseconds of this second.",
      .tips = "nondeterministic_output" },
    { .name = "lolwut",
      .run = lolwut,
      .arity = -1,
      .flags = CMD_SESSION | CMD_READ | CMD_FAST,
      .group = "server",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "[version:integer=VERSION]",
      .summary = "Tells which Redis this is like." },
    { .name = NULL },
};
