/* CONFIG: reads the configuration in use, and asks the program to change it. */

#include "proxy/server/commands/config.h"

#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/session.h"

enum { WHY_SIZE = 512 };

/* One CONFIG GET. A directive asked for by its name is answered under the name as typed. */
struct found {
    struct reply *reply;
    const struct span *patterns;
    size_t pattern_count;
    size_t count;
};

static void add_found(void *context, const char *name, const char *value)
{
    struct found *found = context;
    struct span shown = span_from(name);

    for (size_t i = 0; i < found->pattern_count; i++) {
        if (span_is(found->patterns[i], name)) {
            shown = found->patterns[i];
            break;
        }
    }
    reply_bulk(found->reply, shown);
    reply_bulk_text(found->reply, value);
    found->count++;
}

static void config_get_run(struct call *call)
{
    const struct session *session = call->caller;
    struct found found = {
        .reply = call->reply,
        .patterns = call->argv + 2,
        .pattern_count = call->argc - 2,
    };
    struct reply_later later = reply_map_later(call->reply);

    config_get(server_config(session->server), found.patterns, found.pattern_count, add_found,
               &found);
    reply_later_end(call->reply, later, found.count);
}

static void config_set_run(struct call *call)
{
    const struct session *session = call->caller;
    const struct server_program *program = server_program(session->server);
    char why[WHY_SIZE] = "";

    if (call->argc % 2 != 0) {
        call_arity_error(call);
        return;
    }
    if (program->set_config == NULL) {
        reply_error(call->reply, SPAN("ERR CONFIG SET is not possible here"));
        return;
    }
    if (program->set_config(program->context, call->argv + 2, call->argc - 2, why, sizeof(why)) !=
        ERR_OK) {
        reply_errorf(call->reply, "ERR %s", why);
        return;
    }
    reply_ok(call->reply);
}

static void config_rewrite_run(struct call *call)
{
    const struct session *session = call->caller;
    const struct server_program *program = server_program(session->server);
    char why[WHY_SIZE] = "";

    if (server_config(session->server)->file == NULL || program->rewrite_config == NULL) {
        reply_error(call->reply, SPAN("ERR The server is running without a config file"));
        return;
    }
    if (program->rewrite_config(program->context, why, sizeof(why)) != ERR_OK) {
        reply_errorf(call->reply, "ERR Rewriting config file: %s", why);
        return;
    }
    reply_ok(call->reply);
}

static void config_resetstat_run(struct call *call)
{
    const struct session *session = call->caller;

    server_reset_stats(session->server);
    cache_stats_reset(server_cache(session->server));
    reply_ok(call->reply);
}

static void config_help_run(struct call *call)
{
    describe_help(call->reply, config_commands);
}

enum { CONFIG_FLAGS = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SESSION };

static const struct command config_subcommands[] = {
    { .name = "config|get",
      .run = config_get_run,
      .arity = -3,
      .flags = CONFIG_FLAGS,
      .group = "server",
      .since = "2.0.0",
      .complexity = "O(N) when N is the number of configuration parameters provided",
      .synopsis = "parameter:{parameter:string}...",
      .summary = "Returns the directives whose names match." },
    { .name = "config|set",
      .run = config_set_run,
      .arity = -4,
      .flags = CONFIG_FLAGS,
      .group = "server",
      .since = "2.0.0",
      .complexity = "O(N) when N is the number of configuration parameters provided",
      .synopsis = "parameter_value:{parameter:string value:string}...",
      .summary = "Changes directives while running: all that are named, or none.",
      .tips = "request_policy:all_nodes response_policy:all_succeeded" },
    { .name = "config|rewrite",
      .run = config_rewrite_run,
      .arity = 2,
      .flags = CONFIG_FLAGS,
      .group = "server",
      .since = "2.8.0",
      .complexity = "O(1)",
      .summary = "Writes the directives in use back to the file." },
    { .name = "config|resetstat",
      .run = config_resetstat_run,
      .arity = 2,
      .flags = CONFIG_FLAGS,
      .group = "server",
      .since = "2.0.0",
      .complexity = "O(1)",
      .summary = "Starts the counters of INFO anew." },
    { .name = "config|help",
      .run = config_help_run,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_SESSION,
      .group = "server",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Lists the subcommands." },
    { .name = NULL },
};

const struct command config_commands[] = {
    { .name = "config",
      .arity = -2,
      .flags = CMD_SESSION,
      .subcommands = config_subcommands,
      .group = "server",
      .since = "2.0.0",
      .complexity = "Depends on subcommand.",
      .summary = "The directives in use." },
    { .name = NULL },
};
