/* SLOWLOG: the requests that took longest, of late. */

#include "proxy/server/commands/rows.h"

#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

enum { GET_DEFAULT = 10 };

static struct slowlog *log_of(struct call *c)
{
    const struct session *session = c->caller;
    return &session->server->timing.slowlog;
}

static void reply_entry(struct reply *reply, const struct slow_request *slow)
{
    reply_array(reply, 6);
    reply_integer(reply, (int64_t)slow->id);
    reply_integer(reply, (int64_t)slow->at_s);
    reply_integer(reply, (int64_t)slow->took_us);
    reply_array(reply, slow->argc);
    for (size_t i = 0; i < slow->argc; i++) {
        reply_bulk(reply, (struct span){ slow->args[i], slow->lens[i] });
    }
    reply_bulk_text(reply, slow->address);
    reply_bulk_text(reply, slow->client_name);
}

static void slowlog_get(struct call *c)
{
    const struct slowlog *log = log_of(c);
    int64_t wanted = GET_DEFAULT;

    if (c->argc > 3) {
        call_arity_error(c);
        return;
    }
    if (c->argc == 3 && !arg_integer_in(c, 2, -1, INT64_MAX, &wanted,
                                        "ERR count should be greater than or equal to -1")) {
        return;
    }
    size_t count = wanted < 0 || (uint64_t)wanted > log->count ? log->count : (size_t)wanted;
    const struct slow_request *slow = log->newest;
    reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_entry(c->reply, slow);
        slow = slow->older;
    }
}

static void slowlog_len(struct call *c)
{
    reply_integer(c->reply, (int64_t)log_of(c)->count);
}

static void slowlog_forget(struct call *c)
{
    slowlog_reset(log_of(c));
    reply_ok(c->reply);
}

static void slowlog_help(struct call *c)
{
    describe_help(c->reply, slowlog_commands);
}

enum { OF_SLOWLOG = CMD_ADMIN | CMD_LOADING | CMD_STALE | CMD_SESSION };

static const struct command subcommands[] = {
    { .name = "slowlog|get",
      .run = slowlog_get,
      .arity = -2,
      .flags = OF_SLOWLOG,
      .group = "server",
      .since = "2.2.12",
      .complexity = "O(N) where N is the number of entries returned",
      .synopsis = "[count:integer]",
      .summary = "Returns the latest slow requests, the newest first.",
      .tips = "request_policy:all_nodes nondeterministic_output",
      .history = "4.0.0 Added client IP address, port and name to the reply." },
    { .name = "slowlog|len",
      .run = slowlog_len,
      .arity = 2,
      .flags = OF_SLOWLOG,
      .group = "server",
      .since = "2.2.12",
      .complexity = "O(1)",
      .summary = "Returns how many slow requests are kept.",
      .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output" },
    { .name = "slowlog|reset",
      .run = slowlog_forget,
      .arity = 2,
      .flags = OF_SLOWLOG,
      .group = "server",
      .since = "2.2.12",
      .complexity = "O(N) where N is the number of entries in the slowlog",
      .summary = "Forgets all slow requests.",
      .tips = "request_policy:all_nodes response_policy:all_succeeded" },
    { .name = "slowlog|help",
      .run = slowlog_help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_SESSION,
      .group = "server",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Lists the subcommands." },
    { .name = NULL },
};

const struct command slowlog_commands[] = {
    { .name = "slowlog",
      .arity = -2,
      .subcommands = subcommands,
      .group = "server",
      .since = "2.2.12",
      .complexity = "Depends on subcommand.",
      .summary = "Tells which requests took longest." },
    { .name = NULL },
};
