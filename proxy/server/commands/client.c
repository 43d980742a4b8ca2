/* CLIENT: what this and other connections are, and what they may be told to do. */

#include "proxy/server/commands/rows.h"

#include "cache/base/number.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/commands/tracking.h"
#include "proxy/server/invalidate.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/session.h"
#include "proxy/server/transaction.h"
#include "proxy/server/waiting.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 2048 }; /* Texts that clients set are cut to fit. */

static const char bad_name[] = "cannot contain spaces, newlines or special characters.";

static const char *text_of(const char *field)
{
    return field == NULL ? "" : field;
}

/* --- CLIENT LIST, CLIENT INFO --- */

enum { FLAGS_ROOM = 16 };

static void flags_of(const struct session *session, char flags[FLAGS_ROOM])
{
    const struct tracking *tracking = tracking_of(session);
    size_t len = 0;

    if (session->wait != NULL) {
        flags[len++] = 'b';
    }
    if (tracking != NULL) {
        flags[len++] = 't';
        if (tracking->redirect_broken) {
            flags[len++] = 'R';
        }
        if (tracking->broadcast) {
            flags[len++] = 'B';
        }
    }
    if (pubsub_is_listening(session)) {
        flags[len++] = 'P';
    }
    if (transaction_is_open(session)) {
        flags[len++] = 'x';
    }
    if (session->end == SESSION_ENDS_AFTER_ANSWERS) {
        flags[len++] = 'c';
    }
    if (session->unix_socket) {
        flags[len++] = 'U';
    }
    if (session->no_evict) {
        flags[len++] = 'e';
    }
    if (session->no_touch) {
        flags[len++] = 'T';
    }
    if (len == 0) {
        flags[len++] = 'N';
    }
    flags[len] = '\0';
}

/* -1: no transaction is open. */
static int64_t queued_of(const struct session *session)
{
    return transaction_is_open(session) ? (int64_t)transaction_count(session) : -1;
}

/* One line of CLIENT LIST. podis has no query buffer of fixed size; its fields are there because
 * tools look for them. */
static void add_line(struct buf *text, const struct session *session)
{
    char address[SESSION_ADDRESS_MAX], own[SESSION_ADDRESS_MAX], flags[FLAGS_ROOM];
    uint64_t now_ms = server_now_ms(session->server);
    const struct answers *answers = &session->answers;
    const struct tracking *tracking = tracking_of(session);
    char *room = buf_reserve(text, LINE_MAX_BYTES);

    if (room == NULL) {
        return;
    }
    session_address(session, false, address);
    session_address(session, true, own);
    flags_of(session, flags);
    int len =
        snprintf(room, LINE_MAX_BYTES,
                 "id=%" PRIu64 " addr=%s laddr=%s fd=%d name=%.256s age=%" PRIu64 " idle=%" PRIu64
                 " flags=%s db=%d sub=%zu psub=%zu ssub=%zu multi=%" PRId64
                 " qbuf=%zu qbuf-free=0 argv-mem=0 "
                 "multi-mem=%zu "
                 "rbs=0 rbp=0 obl=%zu oll=%zu omem=%zu tot-mem=%zu events=%s cmd=%s user=default "
                 "redir=%" PRId64 " resp=%d lib-name=%.256s lib-ver=%.256s\n",
                 session->id, address, own, session->fd, text_of(session->name),
                 (now_ms - session->created_at_ms) / 1000, (now_ms - session->active_at_ms) / 1000,
                 flags, session->db, pubsub_count(session, TOPIC_CHANNEL),
                 pubsub_count(session, TOPIC_PATTERN), pubsub_count(session, TOPIC_SHARD),
                 queued_of(session), session->input_bytes, transaction_bytes(session),
                 answers->out.len, answers->waiting, answers->held_bytes + answers->out.len,
                 sizeof(*session) + session->input_bytes + answers_bytes(answers),
                 answers->out.len > 0 ? "rw" : "r",
                 session->last_command == NULL ? "NULL" : session->last_command->name,
                 tracking == NULL ? -1 : (int64_t)tracking->redirect, session->protocol,
                 text_of(session->library_name), text_of(session->library_version));
    assert(len > 0);
    buf_commit(text, len < LINE_MAX_BYTES ? (size_t)len : LINE_MAX_BYTES - 1);
}

static void reply_text(struct call *c, struct buf *text)
{
    reply_verbatim(c->reply, buf_span(text), "txt");
    buf_fini(text);
}

static void info(struct call *c)
{
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    add_line(&text, c->caller);
    reply_text(c, &text);
}

enum { ANY_CLASS = -1 };

struct lines_wanted {
    struct buf *text;
    int class; /* Or ANY_CLASS. */
};

static void visit_line(void *context, struct session *session)
{
    const struct lines_wanted *wanted = context;

    if (wanted->class == ANY_CLASS || wanted->class == session_class(session)) {
        add_line(wanted->text, session);
    }
}

/* Replies if the type does not exist. Clients are of the classes that there are output limits
 * for, and podis has no replicas: "master" and "replica" are nobody. */
static bool take_type(struct call *c, size_t at, int *class)
{
    static const struct {
        const char *name;
        int class;
    } types[] = {
        { "normal", CLIENT_CLASS_NORMAL },   { "pubsub", CLIENT_CLASS_PUBSUB },
        { "master", CLIENT_CLASSES },        { "slave", CLIENT_CLASS_REPLICA },
        { "replica", CLIENT_CLASS_REPLICA },
    };

    for (size_t i = 0; i < COUNT(types); i++) {
        if (arg_is(c, at, types[i].name)) {
            *class = types[i].class;
            return true;
        }
    }
    reply_errorf(c->reply, "ERR Unknown client type '%.*s'", span_shown(c->argv[at]),
                 c->argv[at].bytes);
    return false;
}

static bool add_lines_by_id(struct call *c, struct buf *text)
{
    struct session *own = c->caller;

    for (size_t at = 3; at < c->argc; at++) {
        int64_t id;
        if (!number_parse(c->argv[at], &id)) {
            reply_error(c->reply, SPAN("ERR Invalid client ID"));
            return false;
        }
        struct session *session = session_by_id(own->server, (uint64_t)id);
        if (session != NULL) {
            add_line(text, session);
        }
    }
    return true;
}

static void list(struct call *c)
{
    struct session *session = c->caller;
    struct buf text;
    struct lines_wanted wanted = { .text = &text, .class = ANY_CLASS };
    bool by_id = c->argc > 3 && arg_is(c, 2, "id");
    bool ok = true;

    buf_init(&text, SIZE_MAX / 2);
    if (c->argc == 4 && arg_is(c, 2, "type")) {
        ok = take_type(c, 3, &wanted.class);
    } else if (by_id) {
        ok = add_lines_by_id(c, &text);
    } else if (c->argc != 2) {
        call_syntax_error(c);
        ok = false;
    }
    if (!ok) {
        buf_fini(&text);
        return;
    }
    if (!by_id) {
        sessions_each(session->server, visit_line, &wanted);
    }
    reply_text(c, &text);
}

/* --- CLIENT KILL --- */

struct filter {
    const struct session *own;
    uint64_t id; /* 0: any. */
    const struct span *address, *own_address;
    int class; /* Or ANY_CLASS. */
    bool skip_me;
    int64_t killed;
    bool own_killed;
};

static bool has_address(const struct session *session, bool own, const struct span *wanted)
{
    char address[SESSION_ADDRESS_MAX];

    if (wanted == NULL) {
        return true;
    }
    session_address(session, own, address);
    return span_equal(*wanted, span_from(address));
}

static void visit_kill(void *context, struct session *session)
{
    struct filter *filter = context;
    bool own = session == filter->own;

    bool of_class = filter->class == ANY_CLASS || filter->class == session_class(session);
    if (!of_class || (filter->id != 0 && filter->id != session->id) || (own && filter->skip_me) ||
        !has_address(session, false, filter->address) ||
        !has_address(session, true, filter->own_address)) {
        return;
    }
    filter->killed++;
    filter->own_killed |= own;
    /* Whoever kills itself hears of it first. */
    session_close(session, own ? SESSION_ENDS_AFTER_ANSWERS : SESSION_ENDS_NOW);
}

/* One option and its value; replies if it returns false. */
static bool take_filter(struct call *c, size_t at, struct filter *filter)
{
    if (arg_is(c, at, "id")) {
        int64_t id;
        if (!arg_integer_in(c, at + 1, 1, INT64_MAX, &id,
                            "ERR client-id should be greater than 0")) {
            return false;
        }
        filter->id = (uint64_t)id;
    } else if (arg_is(c, at, "type")) {
        if (!take_type(c, at + 1, &filter->class)) {
            return false;
        }
    } else if (arg_is(c, at, "addr")) {
        filter->address = &c->argv[at + 1];
    } else if (arg_is(c, at, "laddr")) {
        filter->own_address = &c->argv[at + 1];
    } else if (arg_is(c, at, "user")) {
        if (!span_equal(c->argv[at + 1], SPAN("default"))) {
            reply_errorf(c->reply, "ERR No such user '%.*s'", span_shown(c->argv[at + 1]),
                         c->argv[at + 1].bytes);
            return false;
        }
    } else if (arg_is(c, at, "skipme") && (arg_is(c, at + 1, "yes") || arg_is(c, at + 1, "no"))) {
        filter->skip_me = arg_is(c, at + 1, "yes");
    } else {
        call_syntax_error(c);
        return false;
    }
    return true;
}

static void client_kill(struct call *c)
{
    struct session *session = c->caller;
    struct filter filter = { .own = session, .class = ANY_CLASS, .skip_me = c->argc > 3 };

    if (c->argc == 3) {
        filter.address = &c->argv[2];
    }
    for (size_t at = 2; c->argc > 3 && at < c->argc; at += 2) {
        if (at + 1 == c->argc) {
            call_syntax_error(c);
            return;
        }
        if (!take_filter(c, at, &filter)) {
            return;
        }
    }
    sessions_each(session->server, visit_kill, &filter);
    if (c->argc > 3) {
        reply_integer(c->reply, filter.killed);
    } else if (filter.killed > 0) {
        reply_ok(c->reply);
    } else {
        reply_error(c->reply, SPAN("ERR No such client"));
    }
}

/* --- small ones --- */

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
        call_arity_error(c);
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
      .run = info,
      .arity = 2,
      .flags = OF_CLIENT,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Describes this connection.",
      .tips = "nondeterministic_output" },
    { .name = "client|list",
      .run = list,
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
