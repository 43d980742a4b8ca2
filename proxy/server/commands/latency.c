/* LATENCY: how long commands take. */

#include "proxy/server/commands/rows.h"

#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

/* --- LATENCY HISTOGRAM --- */

enum { FIRST_EXPONENT = 10, EXPONENTS_END = 31 }; /* From a microsecond to the longest time. */

/* How many calls took at most as many microseconds, where that grows from one power of two to the
 * next. */
static void reply_cumulative(struct reply *reply, const struct histogram *histogram)
{
    struct reply_later later = reply_map_later(reply);
    uint64_t before = 0;
    size_t steps = 0;

    for (unsigned exponent = FIRST_EXPONENT; exponent < EXPONENTS_END && before < histogram->count;
         exponent++) {
        uint64_t longest_ns;
        uint64_t count = histogram_up_to(histogram, exponent, &longest_ns);
        if (count > before) {
            reply_integer(reply, (int64_t)(longest_ns / 1000));
            reply_integer(reply, (int64_t)count);
            steps++;
        }
        before = count;
    }
    reply_later_end(reply, later, steps);
}

/* Returns whether there was anything to tell. */
static bool reply_histogram(struct call *c, const struct command *command)
{
    const struct session *session = c->caller;
    const struct server *server = session->server;
    const struct histogram *histogram =
        &server->timing.histograms[command_id(server->parts.commands, command)];

    if (histogram->count == 0) {
        return false;
    }
    reply_bulk_text(c->reply, command->name);
    reply_map(c->reply, 2);
    reply_bulk(c->reply, SPAN("calls"));
    reply_integer(c->reply, (int64_t)histogram->count);
    reply_bulk(c->reply, SPAN("histogram_usec"));
    reply_cumulative(c->reply, histogram);
    return true;
}

static size_t reply_with_subcommands(struct call *c, const struct command *command)
{
    const struct command *sub = command->subcommands;
    size_t count = reply_histogram(c, command);

    for (; sub != NULL && sub->name != NULL; sub++) {
        count += reply_histogram(c, sub);
    }
    return count;
}

static void latency_histogram(struct call *c)
{
    const struct session *session = c->caller;
    const struct command_table *table = session->server->parts.commands;
    struct reply_later later = reply_map_later(c->reply);
    size_t count = 0;

    for (size_t i = 0; c->argc == 2 && i < command_count(table); i++) {
        count += reply_with_subcommands(c, command_at(table, i));
    }
    for (size_t at = 2; at < c->argc; at++) {
        const struct command *command = command_named(table, c->argv[at]);
        count += command == NULL ? 0 : reply_with_subcommands(c, command);
    }
    reply_later_end(c->reply, later, count);
}

static void latency_help(struct call *c)
{
    describe_help(c->reply, latency_commands);
}

enum { OF_LATENCY = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SESSION };

static const struct command subcommands[] = {
    { .name = "latency|histogram",
      .run = latency_histogram,
      .arity = -2,
      .flags = OF_LATENCY,
      .group = "server",
      .since = "7.0.0",
      .complexity =
          "O(N) where N is the number of commands with latency information being retrieved.",
      .synopsis = "[command:string...]",
      .summary = "Returns how many calls took how long, of some commands or all.",
      .tips = "nondeterministic_output request_policy:all_nodes response_policy:special" },
    { .name = "latency|help",
      .run = latency_help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_SESSION,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .summary = "Lists the subcommands." },
    { .name = NULL },
};

const struct command latency_commands[] = {
    { .name = "latency",
      .arity = -2,
      .subcommands = subcommands,
      .group = "server",
      .since = "2.8.13",
      .complexity = "Depends on subcommand.",
      .summary = "Tells how long commands take." },
    { .name = NULL },
};
