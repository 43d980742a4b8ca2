/* The server's side of scripts (cache/script/host.h).
 *
 * A script's commands run as its caller's, through dispatch_run(), so that they are counted,
 * timed and tracked as if they had come alone. What they choose for themselves (SELECT) ends with
 * the script.
 *
 * In a mesh a script is known where it was loaded, or came by. When EVALSHA goes to another member,
 * which may not know it, the text goes in its place: to ask first, and to say it again after
 * NOSCRIPT, would let later requests overtake it. SCRIPT LOAD, EXISTS, FLUSH and KILL are about the
 * podis that is asked.
 *
 * There a script runs where the keys are that it names. A key that it does not name and that
 * another member owns is refused: nobody would hear of what happens to it here. */

#include "proxy/server/scripting.h"

#include "cache/base/memory.h"
#include "cache/script/scripts.h"
#include "proxy/server/acl.h"
#include "proxy/server/busy.h"
#include "proxy/server/dispatch.h"
#include "proxy/server/persisting.h"
#include "proxy/server/publish.h"
#include "proxy/server/replication.h"
#include "proxy/server/state.h"

static bool begin(void *context, void *caller)
{
    struct server *server = context;
    const struct session *session = caller;

    if (session != NULL) {
        server->scripting.db = session->db;
        server->scripting.command = session->last_command;
    }
    busy_begin(server);
    return server->options->maxmemory != 0 && server_is_over_memory(server);
}

static struct span write_refusal(void *context, void *caller)
{
    const struct server *server = context;
    struct span error;

    if (caller != NULL && replication_refuses(server, caller, server->scripting.write, &error)) {
        return error;
    }
    return server->special & SPECIAL_UNSAVED ? persisting_misconf(server) : SPAN("");
}

static bool is_stale(void *context, void *caller)
{
    const struct server *server = context;
    struct span error;

    return caller != NULL && replication_refuses(server, caller, server->scripting.read, &error);
}

static void end(void *context, void *caller)
{
    struct server *server = context;
    struct session *session = caller;

    busy_end(server);
    if (session != NULL) {
        session->db = server->scripting.db;
        session->last_command = server->scripting.command;
    }
}

static struct request request_of(const struct server *server, const struct cache_request *asked)
{
    return (struct request){
        .command = asked->command,
        .id = command_id(server->parts.commands, asked->command),
        .argv = asked->argv,
        .argc = asked->argc,
    };
}

static void run(void *context, const struct cache_request *asked)
{
    struct server *server = context;
    struct session *session = asked->caller;

    if (session == NULL && asked->command->flags & CMD_SESSION) {
        /* Of an append-only file: nobody is connected who could be asked. */
        reply_error(asked->reply, SPAN("ERR This Redis command is not allowed from script"));
        return;
    }
    if (session == NULL) {
        cache_exec(server->parts.cache, asked);
        return;
    }
    struct request request = request_of(server, asked);
    if (server->ring != NULL && !publish_is_for_all(request.command) &&
        dispatch_route(server, session, &request).kind != ROUTE_HERE) {
        server->statistics.commands[request.id].rejected++;
        reply_error(asked->reply,
                    SPAN("ERR Script attempted to access a non local key in a cluster node"));
        statistics_count_error(&server->statistics, buf_span(asked->reply->out));
        return;
    }
    dispatch_run(server, session, &request, asked->reply);
}

static void refused(void *context, const struct command *command, struct span error)
{
    struct server *server = context;
    char line[SPAN_SHOWN_MAX] = "-";

    if (command != NULL) {
        server->statistics.commands[command_id(server->parts.commands, command)].rejected++;
    }
    size_t len = error.len < sizeof(line) - 1 ? error.len : sizeof(line) - 1;
    memcpy(line + 1, error.bytes, len);
    statistics_count_error(&server->statistics, (struct span){ line, len + 1 });
}

static bool look(void *context, const struct script_run *script)
{
    return busy_look(context, script);
}

/* redis.acl_check_cmd */
static bool allows(void *context, const struct cache_request *asked)
{
    const struct session *session = asked->caller;
    struct request request = request_of(context, asked);

    return session == NULL || session->unrestricted || acl_may(session, &request);
}

static bool admits(void *context, const struct cache_request *asked)
{
    struct server *server = context;
    struct session *session = asked->caller;
    struct request request = request_of(server, asked);

    if (session == NULL || session->unrestricted) {
        return true;
    }
    enum acl_denial denial = acl_admit(session, &request, ACL_SCRIPT);
    const char *why =
        denial == ACL_GRANTED ? acl_sort_refusal(session, &request) : acl_refusal_in_script(denial);
    if (why != NULL) {
        reply_error(asked->reply, span_from(why));
        refused(context, asked->command, span_from(why));
    }
    return why == NULL;
}

static void write_log(void *context, int level, struct span text)
{
    const struct server *server = context;
    static const enum log_level levels[] = { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING };

    log_to(server->parts.log, levels[level], "%.*s", (int)text.len, text.bytes);
}

static size_t memory_max(void *context)
{
    const struct server *server = context;
    return server->options->maxmemory;
}

static uint64_t clock_ms(void *context)
{
    (void)context;
    return timing_clock_ns() / 1000000;
}

void scripting_spell_out(struct server *server, const struct request *request,
                         struct request *spelled, struct span **take_argv)
{
    const struct scripting *scripting = &server->scripting;
    const struct command *command = request->command;
    struct cache *cache = server->parts.cache;

    *spelled = *request;
    *take_argv = NULL;
    if (command == scripting->eval || command == scripting->eval_ro) {
        scripts_remember(cache, request->argv[1]);
        return;
    }
    if (command != scripting->evalsha && command != scripting->evalsha_ro) {
        return;
    }
    const struct script *script = scripts_find(cache, request->argv[1]);
    if (script == NULL) {
        return;
    }
    bool reads = command == scripting->evalsha_ro;
    struct span *argv = memory_alloc(request->argc * sizeof(*argv));
    memcpy(argv, request->argv, request->argc * sizeof(*argv));
    argv[0] = reads ? SPAN("EVAL_RO") : SPAN("EVAL");
    argv[1] = script_text(script);
    spelled->command = reads ? scripting->eval_ro : scripting->eval;
    spelled->argv = *take_argv = argv;
}

void scripting_init(struct server *server)
{
    const struct command_table *commands = server->parts.commands;

    server->scripting.write = command_named(commands, SPAN("set"));
    server->scripting.read = command_named(commands, SPAN("get"));
    server->scripting.eval = command_named(commands, SPAN("eval"));
    server->scripting.eval_ro = command_named(commands, SPAN("eval_ro"));
    server->scripting.evalsha = command_named(commands, SPAN("evalsha"));
    server->scripting.evalsha_ro = command_named(commands, SPAN("evalsha_ro"));
    server->scripting.host = (struct script_host){
        .context = server,
        .begin = begin,
        .write_refusal = write_refusal,
        .is_stale = is_stale,
        .end = end,
        .run = run,
        .refused = refused,
        .pause = look,
        .admits = admits,
        .allows = allows,
        .log = write_log,
        .memory_max = memory_max,
        .clock_ms = clock_ms,
    };
    cache_set_script_host(server->parts.cache, &server->scripting.host);
}
