/* What a key costs. */

#include "cache/commands/memory.h"

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

void memory_usage_run(struct call *c)
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
