/* Commands that read entries of a stream. Those of groups are in stream_group.c and
 * stream_claim.c, those that wait for new entries in stream_read.c. */

#include "cache/commands/rows.h"
#include "cache/commands/stream_part.h"

static void length(struct call *c)
{
    const void *value;

    if (!key_read(c, 1, &type_stream, &value)) {
        return;
    }
    const struct stream *stream = value;
    reply_integer(c->reply, stream == NULL ? 0 : (int64_t)stream->length);
}

/* COUNT, which may be given again; -1 without it. */
static bool take_count(struct call *c, int64_t *count)
{
    *count = -1;
    for (size_t at = 4; at < c->argc; at += 2) {
        if (!arg_is(c, at, "COUNT") || at + 1 == c->argc) {
            call_syntax_error(c);
            return false;
        }
        if (!arg_integer(c, at + 1, count)) {
            return false;
        }
        *count = *count < 0 ? 0 : *count;
    }
    return true;
}

static void range_of(struct call *c, size_t start_at, size_t end_at, bool backwards)
{
    struct stream_walk walk;
    struct stream_id first, last;
    int64_t count;
    const void *value;

    if (!arg_stream_start(c, start_at, &first) || !arg_stream_end(c, end_at, &last) ||
        !take_count(c, &count) || !key_read(c, 1, &type_stream, &value)) {
        return;
    }
    if (value == NULL) {
        reply_array(c->reply, 0);
        return;
    }
    if (count == 0) {
        reply_null_array(c->reply);
        return;
    }
    stream_walk_start(&walk, value, first, last, backwards);
    reply_stream_entries(c->reply, &walk, count < 0 ? 0 : (uint64_t)count);
}

static void range(struct call *c)
{
    range_of(c, 2, 3, false);
}

static void revrange(struct call *c)
{
    range_of(c, 3, 2, true);
}

#define RANGE_COMPLEXITY                                                                           \
    "O(N), N being the number of entries returned; O(1) if COUNT keeps that constant."
#define RANGE_HISTORY "6.2.0 Ranges without their ends: `(id`."

const struct command stream_commands[] = {
    { .name = "xlen",
      .run = length,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many entries a stream has." },
    { .name = "xrange",
      .run = range,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = RANGE_COMPLEXITY,
      .synopsis = "key:key start:string end:string [count:integer=COUNT]",
      .summary = "Returns the entries of a stream from one id to another.",
      .history = RANGE_HISTORY },
    { .name = "xrevrange",
      .run = revrange,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = RANGE_COMPLEXITY,
      .synopsis = "key:key end:string start:string [count:integer=COUNT]",
      .summary = "Returns the entries of a stream from one id to another, newest first.",
      .history = RANGE_HISTORY },
    { .name = NULL },
};
