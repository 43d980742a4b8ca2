/* DEBUG, as the Redis test suite uses it.
 *
 * The subcommands are rows of `subjects`, not of COMMAND: Redis shows DEBUG as one
 * command too. DEBUG always speaks of this process, never of a peer. */

#include "proxy/server/commands/debug.h"

#include "cache/base/glob.h"
#include "cache/base/number.h"
#include "cache/call.h"
#include "proxy/server/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { SLEEP_MAX_S = 3600 };

static void debug_sleep(struct call *call)
{
    double seconds;

    if (!arg_double(call, 2, &seconds)) {
        return;
    }
    if (!(seconds >= 0 && seconds <= SLEEP_MAX_S)) {
        reply_error(call->reply, SPAN("ERR value is out of range"));
        return;
    }
    struct timespec left = { .tv_sec = (time_t)seconds };
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0) {
    }
    reply_ok(call->reply);
}

static void debug_set_active_expire(struct call *call)
{
    cache_set_active_expiry(call->cache, !span_equal(call->argv[2], SPAN("0")));
    reply_ok(call->reply);
}

static void debug_object(struct call *call)
{
    struct key_view view;
    char text[256];

    if (!key_look(call, 2, 0, &view)) {
        reply_error(call->reply, SPAN("ERR no such key"));
        return;
    }
    size_t size =
        view.type->size == NULL ? view.type->memory(view.value) : view.type->size(view.value);
    int len = snprintf(text, sizeof(text),
                       "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%" PRIu32
                       " lru_seconds_idle:%" PRIu64,
                       view.address, view.type->encoding(view.value), size, view.access_clock,
                       view.idle_ms / 1000);
    assert(len > 0);
    reply_status(call->reply, (struct span){ text, (size_t)len });
}

static void debug_log(struct call *call)
{
    const struct session *session = call->caller;

    log_warning(server_log(session->server), "DEBUG LOG: %.*s", (int)call->argv[2].len,
                call->argv[2].bytes);
    reply_ok(call->reply);
}

static void debug_error(struct call *call)
{
    reply_error(call->reply, call->argv[2]);
}

static void debug_stringmatch_len(struct call *call)
{
    char text[1 << 12];
    int64_t len;

    if (!arg_integer_in(call, 3, 0, 1 << 20, &len, NULL)) {
        return;
    }
    char *subject = len <= (int64_t)sizeof(text) ? text : arena_alloc(call->arena, (size_t)len);
    memset(subject, 'a', (size_t)len);
    bool matches = glob_match(call->argv[2], (struct span){ subject, (size_t)len }, false);
    reply_integer(call->reply, matches);
}

static void debug_htstats(struct call *call)
{
    char text[256];
    int db;

    if (!arg_db(call, 2, &db)) {
        return;
    }
    struct cache_db_stats stats = cache_db_stats(call->cache, db);
    int len = snprintf(text, sizeof(text),
                       "[Dictionary HT]\n table size: %" PRIu64 "\n number of elements: %" PRIu64
                       "\n table bytes: %" PRIu64 "\n expiring elements: %" PRIu64 "\n",
                       stats.buckets, stats.keys, stats.table_bytes, stats.expiring);
    assert(len > 0);
    reply_verbatim(call->reply, (struct span){ text, (size_t)len }, "txt");
}

/* --- DEBUG PROTOCOL: one sample of each kind of reply --- */

static void sample_aggregate(struct call *call)
{
    if (arg_is(call, 2, "map")) {
        reply_map(call->reply, 3);
        for (int i = 0; i < 3; i++) {
            reply_integer(call->reply, i);
            reply_boolean(call->reply, i == 1);
        }
        return;
    }
    if (arg_is(call, 2, "set")) {
        reply_set(call->reply, 3);
    } else {
        reply_array(call->reply, 3);
    }
    for (int i = 0; i < 3; i++) {
        reply_integer(call->reply, i);
    }
}

static void sample_push(struct call *call)
{
    reply_push(call->reply, 2);
    reply_bulk(call->reply, SPAN("server-cpu-usage"));
    reply_integer(call->reply, 42);
}

static void sample_attribute(struct call *call)
{
    if (call->reply->protocol >= 3) {
        reply_attribute(call->reply, 1);
        reply_bulk(call->reply, SPAN("key-popularity"));
        reply_array(call->reply, 2);
        reply_bulk(call->reply, SPAN("key:123"));
        reply_integer(call->reply, 90);
    }
    reply_bulk(call->reply, SPAN("Some real reply following the attribute"));
}

static void debug_protocol(struct call *call)
{
    struct reply *reply = call->reply;

    if (arg_is(call, 2, "string")) {
        reply_bulk(reply, SPAN("Hello World"));
    } else if (arg_is(call, 2, "integer")) {
        reply_integer(reply, 12345);
    } else if (arg_is(call, 2, "double")) {
        reply_double(reply, 3.141);
    } else if (arg_is(call, 2, "null")) {
        reply_null(reply);
    } else if (arg_is(call, 2, "array") || arg_is(call, 2, "set") || arg_is(call, 2, "map")) {
        sample_aggregate(call);
    } else if (arg_is(call, 2, "attrib")) {
        sample_attribute(call);
    } else if (arg_is(call, 2, "push")) {
        sample_push(call);
    } else if (arg_is(call, 2, "verbatim")) {
        reply_verbatim(reply, SPAN("This is a verbatim\nstring"), "txt");
    } else if (arg_is(call, 2, "bignum")) {
        reply_big_number(reply, SPAN("1234567999999999999999999999999999999"));
    } else if (arg_is(call, 2, "true") || arg_is(call, 2, "false")) {
        reply_boolean(reply, arg_is(call, 2, "true"));
    } else {
        reply_error(reply, SPAN("ERR Wrong protocol type name. Please use one of the following: "
                                "string|integer|double|null|array|set|map|attrib|push|verbatim|"
                                "true|false"));
    }
}

static void debug_help(struct call *call);

static const struct subject {
    const char *name;
    size_t argc; /* With DEBUG and the name. */
    void (*run)(struct call *call);
    const char *help;
} subjects[] = {
    { "sleep", 3, debug_sleep, "SLEEP <seconds>: stop everything for so long." },
    { "set-active-expire", 3, debug_set_active_expire,
      "SET-ACTIVE-EXPIRE <0|1>: let keys expire on their own, or only when met." },
    { "object", 3, debug_object, "OBJECT <key>: how the value is kept." },
    { "protocol", 3, debug_protocol, "PROTOCOL <type>: reply with a sample of the type." },
    { "log", 3, debug_log, "LOG <message>: write the message to the log." },
    { "error", 3, debug_error, "ERROR <text>: reply with this error." },
    { "stringmatch-len", 4, debug_stringmatch_len,
      "STRINGMATCH-LEN <pattern> <len>: match a pattern with so many letters a." },
    { "htstats", 3, debug_htstats, "HTSTATS <db>: figures of a database's hash table." },
    { "help", 2, debug_help, "HELP: this list." },
};

static void debug_help(struct call *call)
{
    reply_array(call->reply, COUNT(subjects) + 1);
    reply_status(call->reply,
                 SPAN("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for (size_t i = 0; i < COUNT(subjects); i++) {
        reply_status(call->reply, span_from(subjects[i].help));
    }
}

static bool is_local(const struct session *session)
{
    char peer[SESSION_ADDRESS_MAX];

    session_address(session, false, peer);
    return session->unix_socket || strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]", 5) == 0;
}

static bool is_allowed(const struct session *session)
{
    switch (server_config(session->server)->options.enable_debug_command) {
    case ALLOW_YES:
        return true;
    case ALLOW_LOCAL:
        return is_local(session);
    default:
        return false;
    }
}

static void debug_run(struct call *call)
{
    if (!is_allowed(call->caller)) {
        reply_error(call->reply,
                    SPAN("ERR DEBUG command not allowed. If the enable-debug-command option is set "
                         "to \"local\", you can run it from a local connection, otherwise you need "
                         "to set this option in the configuration file, and then restart the "
                         "server."));
        return;
    }
    for (size_t i = 0; i < COUNT(subjects); i++) {
        if (span_is(call->argv[1], subjects[i].name) && call->argc == subjects[i].argc) {
            subjects[i].run(call);
            return;
        }
    }
    reply_errorf(call->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try DEBUG HELP.",
                 span_shown(call->argv[1]), call->argv[1].bytes);
}

const struct command debug_commands[] = {
    { .name = "debug",
      .run = debug_run,
      .arity = -2,
      .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SESSION,
      .group = "server",
      .since = "1.0.0",
      .complexity = "Depends on subcommand.",
      .summary = "Looks inside, for tests." },
    { .name = NULL },
};
