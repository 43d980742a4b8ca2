/* DEBUG, as the Redis test suite uses it.
 *
 * The subcommands are rows of `subjects`, not of COMMAND: Redis shows DEBUG as one
 * command too. DEBUG always speaks of this process, never of a peer. */

#include "proxy/server/commands/debug.h"

#include "cache/call.h"
#include "cache/commands/debug.h"
#include "proxy/server/commands/persistence.h"
#include "proxy/server/commands/rows.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/session.h"

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

void debug_nap(uint64_t us)
{
    struct timespec left = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };

    while (nanosleep(&left, &left) != 0) {
    }
}

static void debug_log(struct call *call)
{
    const struct session *session = call->caller;

    log_warning(server_log(session->server), "DEBUG LOG: %.*s", (int)call->argv[2].len,
                call->argv[2].bytes);
    reply_ok(call->reply);
}

/* For what has nothing to act on here, and must not stop a test. */
static void reply_done(struct call *call)
{
    reply_ok(call->reply);
}

static void debug_error(struct call *call)
{
    reply_error(call->reply, call->argv[2]);
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

static void debug_change_id(struct call *call)
{
    const struct session *session = call->caller;

    replication_rename(replication_of(session->server));
    reply_ok(call->reply);
}

static void debug_replicate(struct call *call)
{
    const struct session *session = call->caller;

    stream_request(&replication_of(session->server)->stream, call->argv + 2, call->argc - 2, false);
    reply_ok(call->reply);
}

static void debug_allow_in_scripts(struct call *call)
{
    cache_allow_all_in_scripts(call->cache, !arg_is(call, 2, "0"));
    reply_ok(call->reply);
}

static void debug_help(struct call *call);

/* Those about the process; the ones about data are debug_subjects. */
static const struct debug_subject subjects[] = {
    { "aof-flush-sleep", 3, 3, debug_aof_flush_sleep,
      "AOF-FLUSH-SLEEP <microsec>: each write of the append-only file takes so long." },
    { "change-repl-id", 2, 2, debug_change_id, "CHANGE-REPL-ID: the data has another history." },
    { "error", 3, 3, debug_error, "ERROR <text>: reply with this error." },
    { "help", 2, 2, debug_help, "HELP: this list." },
    { "loadaof", 2, 2, debug_loadaof, "LOADAOF: write the append-only file and load it again." },
    { "log", 3, 3, debug_log, "LOG <message>: write the message to the log." },
    { "pause-cron", 3, 3, reply_done, "PAUSE-CRON <0|1>: taken note of." },
    { "protocol", 3, 3, debug_protocol, "PROTOCOL <type>: reply with a sample of the type." },
    { "reload", 2, 5, debug_reload,
      "RELOAD [NOSAVE] [NOFLUSH] [MERGE]: save the RDB file and load it again." },
    { "replicate", 3, SIZE_MAX, debug_replicate, "REPLICATE <words>: tell them to replicas." },
    { "replybuffer", 4, 4, reply_done, "REPLYBUFFER <what> <value>: taken note of." },
    { "set-disable-deny-scripts", 3, 3, debug_allow_in_scripts,
      "SET-DISABLE-DENY-SCRIPTS <0|1>: let scripts run every command, or not." },
    { "sleep", 3, 3, debug_sleep, "SLEEP <seconds>: stop everything for so long." },
    { .name = NULL },
};

static size_t count_subjects(const struct debug_subject *table)
{
    size_t count = 0;
    while (table[count].name != NULL) {
        count++;
    }
    return count;
}

static void tell_subjects(struct call *call, const struct debug_subject *table)
{
    for (; table->name != NULL; table++) {
        reply_status(call->reply, span_from(table->help));
    }
}

static void debug_help(struct call *call)
{
    reply_array(call->reply, 1 + count_subjects(subjects) + count_subjects(debug_subjects));
    reply_status(call->reply,
                 SPAN("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    tell_subjects(call, subjects);
    tell_subjects(call, debug_subjects);
}

/* NULL if there is none for this many arguments. */
static const struct debug_subject *find(const struct debug_subject *table, struct span name,
                                        size_t argc)
{
    for (; table->name != NULL; table++) {
        if (span_is(name, table->name) && argc >= table->min_argc && argc <= table->max_argc) {
            return table;
        }
    }
    return NULL;
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
    const struct debug_subject *subject = find(subjects, call->argv[1], call->argc);
    if (subject == NULL) {
        subject = find(debug_subjects, call->argv[1], call->argc);
    }
    if (subject != NULL) {
        subject->run(call);
        return;
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
