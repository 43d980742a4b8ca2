/* BITOP: strings joined bit by bit into another.
 *
 * A shorter string counts as if zeroes followed. The result is made in pieces of 4 kB: a piece of
 * each source is fetched, padded with zeroes where it ends, and joined with what is there, so
 * that the inner loops are over whole words, a known number of them, in the first cache.
 *
 *     AND OR XOR   of all               NOT     of the one
 *     ONE          set in exactly one: seen once, and not twice
 *     DIFF         first & ~others      DIFF1   ~first & others      ANDOR   first & others
 *                  where others is the OR of all but the first */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/persist/settle.h"
#include "cache/types/string.h"

enum { PIECE_BYTES = 4096, PIECE_WORDS = PIECE_BYTES / 8 };

struct piece {
    uint64_t words[PIECE_WORDS];
};

/* What is joined, at one place of all sources. */
struct joint {
    struct piece first;
    struct piece next;
    struct piece all;   /* AND, OR or XOR of what came so far; of the others for DIFF … */
    struct piece twice; /* ONE: bits that were seen before. */
};

typedef void (*piece_fn)(uint64_t *into, const uint64_t *from);

#define EACH_WORD(into, expression)                                                                \
    for (size_t i = 0; i < PIECE_WORDS; i++) {                                                     \
        (into)[i] = (expression);                                                                  \
    }

static void and_with(uint64_t *restrict into, const uint64_t *restrict from)
{
    EACH_WORD(into, into[i] & from[i]);
}

static void or_with(uint64_t *restrict into, const uint64_t *restrict from)
{
    EACH_WORD(into, into[i] | from[i]);
}

static void xor_with(uint64_t *restrict into, const uint64_t *restrict from)
{
    EACH_WORD(into, into[i] ^ from[i]);
}

static void and_not_with(uint64_t *restrict into, const uint64_t *restrict from)
{
    EACH_WORD(into, into[i] & ~from[i]);
}

static void invert(uint64_t *into)
{
    EACH_WORD(into, ~into[i]);
}

/* A source: its text, and room for that of an integer. */
struct source {
    struct span text;
    char room[STRING_TEXT_ROOM];
};

static void fetch(struct piece *piece, struct span text, size_t at)
{
    size_t left = at < text.len ? text.len - at : 0;
    size_t len = left < PIECE_BYTES ? left : PIECE_BYTES;

    if (len > 0) {
        memcpy(piece->words, text.bytes + at, len);
    }
    memset((char *)piece->words + len, 0, PIECE_BYTES - len);
}

/* Each of these makes joint.all of the pieces at `at`. */

static void join(struct joint *joint, const struct source *sources, size_t count, size_t at,
                 piece_fn with)
{
    fetch(&joint->all, sources[0].text, at);
    for (size_t i = 1; i < count; i++) {
        fetch(&joint->next, sources[i].text, at);
        with(joint->all.words, joint->next.words);
    }
}

static void join_and(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    join(joint, sources, count, at, and_with);
}

static void join_or(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    join(joint, sources, count, at, or_with);
}

static void join_xor(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    join(joint, sources, count, at, xor_with);
}

static void join_not(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    join(joint, sources, count, at, and_with);
    invert(joint->all.words);
}

static void join_one(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    memset(&joint->all, 0, sizeof(joint->all));
    memset(&joint->twice, 0, sizeof(joint->twice));
    for (size_t i = 0; i < count; i++) {
        fetch(&joint->next, sources[i].text, at);
        memcpy(&joint->first, &joint->all, sizeof(joint->first));
        and_with(joint->first.words, joint->next.words);
        or_with(joint->twice.words, joint->first.words);
        or_with(joint->all.words, joint->next.words);
    }
    and_not_with(joint->all.words, joint->twice.words);
}

/* The OR of all but the first, and the first. */
static void fetch_first_and_others(struct joint *joint, const struct source *sources, size_t count,
                                   size_t at)
{
    fetch(&joint->first, sources[0].text, at);
    join(joint, sources + 1, count - 1, at, or_with);
}

static void join_diff(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    fetch_first_and_others(joint, sources, count, at);
    invert(joint->all.words);
    and_with(joint->all.words, joint->first.words);
}

static void join_diff1(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    fetch_first_and_others(joint, sources, count, at);
    and_not_with(joint->all.words, joint->first.words);
}

static void join_andor(struct joint *joint, const struct source *sources, size_t count, size_t at)
{
    fetch_first_and_others(joint, sources, count, at);
    and_with(joint->all.words, joint->first.words);
}

static const struct operation {
    const char *name;
    void (*join)(struct joint *joint, const struct source *sources, size_t count, size_t at);
    size_t min; /* Sources. */
    size_t max;
} operations[] = {
    { "AND", join_and, 1, SIZE_MAX },     { "OR", join_or, 1, SIZE_MAX },
    { "XOR", join_xor, 1, SIZE_MAX },     { "NOT", join_not, 1, 1 },
    { "DIFF", join_diff, 2, SIZE_MAX },   { "DIFF1", join_diff1, 2, SIZE_MAX },
    { "ANDOR", join_andor, 2, SIZE_MAX }, { "ONE", join_one, 1, SIZE_MAX },
};

/* Replies if it returns NULL. */
static const struct operation *take_operation(struct call *c)
{
    const struct operation *operation = NULL;
    size_t count = c->argc - 3;

    for (size_t i = 0; i < COUNT(operations) && operation == NULL; i++) {
        operation = arg_is(c, 1, operations[i].name) ? &operations[i] : NULL;
    }
    if (operation == NULL) {
        call_syntax_error(c);
        return NULL;
    }
    if (count > operation->max) {
        reply_errorf(c->reply, "ERR BITOP %s must be called with a single source key.",
                     operation->name);
        return NULL;
    }
    if (count < operation->min) {
        reply_errorf(c->reply, "ERR BITOP %s must be called with at least two source keys.",
                     operation->name);
        return NULL;
    }
    return operation;
}

/* Replies if it returns false. *len is that of the longest. */
static bool take_sources(struct call *c, struct source *sources, size_t *len)
{
    *len = 0;
    keys_prefetch(c, 3, 1);
    for (size_t i = 3; i < c->argc; i++) {
        struct source *source = &sources[i - 3];
        const void *value;
        if (!key_read(c, i, &type_string, &value)) {
            return false;
        }
        source->text = value == NULL ? SPAN("") : string_text(value, source->room);
        *len = source->text.len > *len ? source->text.len : *len;
    }
    return true;
}

/* A value of `len` bytes, on the heap. */
static void *result(const struct operation *operation, const struct source *sources, size_t count,
                    size_t len)
{
    struct joint joint;
    struct string_form form = string_form_text(SPAN(""));
    void *value = memory_alloc(string_raw_size(len));

    string_write(value, &form);
    char *bytes = string_stretch(value, len);
    for (size_t at = 0; at < len; at += PIECE_BYTES) {
        size_t left = len - at;
        operation->join(&joint, sources, count, at);
        memcpy(bytes + at, joint.all.words, left < PIECE_BYTES ? left : PIECE_BYTES);
    }
    return value;
}

static void bitop(struct call *c)
{
    size_t len;
    const struct operation *operation = take_operation(c);

    if (operation == NULL) {
        return;
    }
    size_t count = c->argc - 3;
    struct source *sources = arena_alloc(c->arena, count * sizeof(*sources));
    if (!take_sources(c, sources, &len)) {
        return;
    }
    if (len > 0) {
        void *value = result(operation, sources, count, len);
        settle_key(c, 2, &type_string, &value, EXPIRY_NONE);
        key_event(c, 2, EVENT_STRING, "set");
    } else if (key_delete(c, 2)) {
        key_event(c, 2, EVENT_GENERIC, "del");
    }
    reply_integer(c->reply, (int64_t)len);
}

const struct command bitop_commands[] = {
    { .name = "bitop",
      .run = bitop,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(2, 2, 1, KEY_OW | KEY_UPDATE), KEYS(3, -1, 1, KEY_RO | KEY_ACCESS) },
      .group = "bitmap",
      .since = "2.6.0",
      .complexity = "O(N), N being the length of all strings together.",
      .synopsis = "operation:string destkey:key key:key...",
      .summary = "Joins strings bit by bit into another: AND, OR, XOR, NOT, DIFF, DIFF1, ANDOR "
                 "or ONE." },
    { .name = NULL },
};
