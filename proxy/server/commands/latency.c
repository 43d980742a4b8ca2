/* LATENCY: how long commands take, and what else stops the loop. */

#include "proxy/server/commands/rows.h"

#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/latency_graph.h"
#include "proxy/server/latency_report.h"
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

/* --- samples --- */

enum { TEXT_MAX = 1 << 20 };

static struct latency *latency_of(const struct call *c)
{
    const struct session *session = c->caller;
    return &session->server->latency;
}

/* NULL if nothing was seen of the event that argv[at] names. */
static const struct latency_series *series_of(const struct call *c, size_t at)
{
    enum latency_event event = latency_event_named(c->argv[at]);
    return event == LATENCY_EVENTS ? NULL : latency_of(c)->series[event];
}

static void latency_latest(struct call *c)
{
    const struct latency *latency = latency_of(c);
    struct reply_later later = reply_array_later(c->reply);
    size_t count = 0;

    for (int event = 0; event < LATENCY_EVENTS; event++) {
        const struct latency_series *series = latency->series[event];
        if (series == NULL) {
            continue;
        }
        const struct latency_sample *latest = latency_series_at(series, series->count - 1);
        reply_array(c->reply, 4);
        reply_bulk_text(c->reply, latency_event_name((enum latency_event)event));
        reply_integer(c->reply, (int64_t)latest->at_s);
        reply_integer(c->reply, (int64_t)latest->ms);
        reply_integer(c->reply, (int64_t)series->max_ms);
        count++;
    }
    reply_later_end(c->reply, later, count);
}

static void latency_history(struct call *c)
{
    const struct latency_series *series = series_of(c, 2);
    size_t count = series == NULL ? 0 : series->count;

    reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++) {
        const struct latency_sample *sample = latency_series_at(series, i);
        reply_array(c->reply, 2);
        reply_integer(c->reply, (int64_t)sample->at_s);
        reply_integer(c->reply, (int64_t)sample->ms);
    }
}

static void latency_reset(struct call *c)
{
    struct latency *latency = latency_of(c);
    int64_t forgotten = 0;

    for (int event = 0; c->argc == 2 && event < LATENCY_EVENTS; event++) {
        forgotten += latency_forget(latency, (enum latency_event)event);
    }
    for (size_t at = 2; at < c->argc; at++) {
        enum latency_event event = latency_event_named(c->argv[at]);
        forgotten += event != LATENCY_EVENTS && latency_forget(latency, event);
    }
    reply_integer(c->reply, forgotten);
}

static void latency_draw(struct call *c)
{
    const struct latency_series *series = series_of(c, 2);
    struct buf text;

    if (series == NULL) {
        reply_errorf(c->reply, "ERR No samples available for event '%.*s'", span_shown(c->argv[2]),
                     c->argv[2].bytes);
        return;
    }
    buf_init(&text, TEXT_MAX);
    latency_graph(&text, latency_event_name(latency_event_named(c->argv[2])), series,
                  c->now_ms / 1000);
    reply_verbatim(c->reply, buf_span(&text), "txt");
    buf_fini(&text);
}

static void latency_doctor(struct call *c)
{
    const struct session *session = c->caller;
    const struct server *server = session->server;
    struct buf text;

    buf_init(&text, TEXT_MAX);
    latency_report(&text, &server->latency, server->options->slowlog_log_slower_than >= 0,
                   c->now_ms / 1000);
    reply_verbatim(c->reply, buf_span(&text), "txt");
    buf_fini(&text);
}

static void latency_help(struct call *c)
{
    describe_help(c->reply, latency_commands);
}

enum { OF_LATENCY = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SESSION };

#define ALL_NODES "nondeterministic_output request_policy:all_nodes response_policy:special"

static const struct command subcommands[] = {
    { .name = "latency|doctor",
      .run = latency_doctor,
      .arity = 2,
      .flags = OF_LATENCY,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .summary = "Says in words what stopped the server, and what may help.",
      .tips = ALL_NODES },
    { .name = "latency|graph",
      .run = latency_draw,
      .arity = 3,
      .flags = OF_LATENCY,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .synopsis = "event:string",
      .summary = "Draws the times of an event.",
      .tips = ALL_NODES },
    { .name = "latency|history",
      .run = latency_history,
      .arity = 3,
      .flags = OF_LATENCY,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .synopsis = "event:string",
      .summary = "Returns when an event was seen, and how long it took.",
      .tips = ALL_NODES },
    { .name = "latency|latest",
      .run = latency_latest,
      .arity = 2,
      .flags = OF_LATENCY,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .summary = "Returns when each event was last seen, how long it took and the longest ever.",
      .tips = ALL_NODES },
    { .name = "latency|reset",
      .run = latency_reset,
      .arity = -2,
      .flags = OF_LATENCY,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .synopsis = "[event:string...]",
      .summary = "Forgets what was seen of some events or all.",
      .tips = "request_policy:all_nodes response_policy:all_succeeded" },
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
      .tips = ALL_NODES },
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
