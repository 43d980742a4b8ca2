/* MEMORY: what a key costs. */

#include "cache/call.h"
#include "cache/commands/describe.h"
#include "cache/commands/rows.h"

/* SAMPLES says how many elements of a collection to look at; a string has none. */
static bool read_samples(struct call *c, int64_t *samples)
{
    *samples = 5;
    for (size_t at = 3; at < c->argc; at += 2) {
        if (!arg_is(c, at, "samples") || at + 1 == c->argc) {
            call_syntax_error(c);
            return false;
        }
        if (!arg_integer(c, at + 1, samples)) {
            return false;
        }
        if (*samples < 0) {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

static void usage(struct call *c)
{
    int64_t samples;
    if (!read_samples(c, &samples)) {
        return;
    }
    size_t bytes = key_memory(c, 2);
    if (bytes == 0) {
        reply_null(c->reply);
    } else {
        reply_integer(c->reply, (int64_t)bytes);
    }
}

static void help(struct call *c)
{
    describe_help(c->reply, memory_commands);
}

static const struct command subcommands[] = {
    { .name = "memory|help",
      .run = help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "memory|usage",
      .run = usage,
      .arity = -3,
      .flags = CMD_READ,
      .keys = { KEYS(2, 2, 1, KEY_RO) },
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(N) where N is the number of samples",
      .synopsis = "key:key [count:integer=SAMPLES]",
      .summary = "Returns how many bytes a key and its value occupy." },
    { .name = NULL },
};

const struct command memory_commands[] = {
    { .name = "memory",
      .arity = -2,
      .subcommands = subcommands,
      .group = "server",
      .since = "4.0.0",
      .complexity = "That of the subcommand.",
      .summary = "Tells what a key costs." },
    { .name = NULL },
};
