/* LCS: the longest common subsequence of two strings.
 *
 * The textbook method (Wagner and Fischer, 1974): a table of the lengths for every
 * pair of prefixes, then a walk back from its far corner. The walk meets the
 * matches last to first; matches that lie side by side in both strings are one
 * range. Where two ways are equally long the walk goes up the second string
 * first, which decides between subsequences of the same length. */

#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

struct options {
    bool length_only;
    bool ranges;
    bool with_lengths;
    int64_t shortest; /* Ranges shorter than this are left out. */
};

struct lengths {
    struct span a;
    struct span b;
    uint32_t *cells; /* (a.len + 1) × (b.len + 1): of a's first i and b's first j bytes. */
};

/* A run of bytes found in both strings. */
struct range {
    size_t a_first, a_last;
    size_t b_first, b_last;
    bool open;
};

static uint32_t *cell(const struct lengths *lengths, size_t i, size_t j)
{
    return &lengths->cells[i * (lengths->b.len + 1) + j];
}

static void fill(const struct lengths *lengths)
{
    for (size_t j = 0; j <= lengths->b.len; j++) {
        *cell(lengths, 0, j) = 0;
    }
    for (size_t i = 1; i <= lengths->a.len; i++) {
        char byte = lengths->a.bytes[i - 1];
        const uint32_t *above = cell(lengths, i - 1, 0);
        uint32_t *row = cell(lengths, i, 0);
        row[0] = 0;
        for (size_t j = 1; j <= lengths->b.len; j++) {
            if (lengths->b.bytes[j - 1] == byte) {
                row[j] = above[j - 1] + 1;
            } else {
                row[j] = above[j] > row[j - 1] ? above[j] : row[j - 1];
            }
        }
    }
}

static bool take_options(struct call *c, struct options *options)
{
    for (size_t i = 3; i < c->argc; i++) {
        if (arg_is(c, i, "IDX")) {
            options->ranges = true;
        } else if (arg_is(c, i, "LEN")) {
            options->length_only = true;
        } else if (arg_is(c, i, "WITHMATCHLEN")) {
            options->with_lengths = true;
        } else if (arg_is(c, i, "MINMATCHLEN") && i + 1 < c->argc) {
            i++;
            if (!arg_integer(c, i, &options->shortest)) {
                return false;
            }
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    if (options->ranges && options->length_only) {
        reply_error(c->reply,
                    SPAN("ERR If you want both the length and indexes, please just use IDX."));
        return false;
    }
    return true;
}

/* The text of a key; empty if there is no such key. False if it is no string. */
static bool text_of(struct call *c, size_t at, char room[STRING_TEXT_ROOM], struct span *text)
{
    struct key_view view;

    *text = SPAN("");
    if (!key_look(c, at, LOOK_TOUCH | LOOK_COUNT, &view)) {
        return true;
    }
    if (view.type != &type_string) {
        return false;
    }
    *text = string_text(view.value, room);
    return true;
}

static bool make_cells(struct call *c, struct lengths *lengths)
{
    uint64_t count;
    uint64_t size;

    if (lengths->a.len >= UINT32_MAX - 1 || lengths->b.len >= UINT32_MAX - 1) {
        reply_error(c->reply, SPAN("ERR String too long for LCS"));
        return false;
    }
    count = ((uint64_t)lengths->a.len + 1) * ((uint64_t)lengths->b.len + 1);
    if (__builtin_mul_overflow(count, sizeof(*lengths->cells), &size) ||
        size > cache_string_max(c->cache)) {
        reply_error(c->reply, SPAN("ERR Insufficient memory, transient memory for LCS exceeds "
                                   "proto-max-bulk-len"));
        return false;
    }
    lengths->cells = memory_alloc((size_t)size);
    return true;
}

/* One step back from (*i, *j). True if it crossed a match. */
static bool step_back(const struct lengths *lengths, size_t *i, size_t *j)
{
    if (lengths->a.bytes[*i - 1] == lengths->b.bytes[*j - 1]) {
        (*i)--;
        (*j)--;
        return true;
    }
    if (*cell(lengths, *i - 1, *j) > *cell(lengths, *i, *j - 1)) {
        (*i)--;
    } else {
        (*j)--;
    }
    return false;
}

static size_t reply_range(struct call *c, const struct range *range, const struct options *options)
{
    int64_t len = (int64_t)(range->a_last - range->a_first) + 1;
    if (!range->open || len < options->shortest) {
        return 0;
    }
    reply_array(c->reply, options->with_lengths ? 3 : 2);
    reply_array(c->reply, 2);
    reply_integer(c->reply, (int64_t)range->a_first);
    reply_integer(c->reply, (int64_t)range->a_last);
    reply_array(c->reply, 2);
    reply_integer(c->reply, (int64_t)range->b_first);
    reply_integer(c->reply, (int64_t)range->b_last);
    if (options->with_lengths) {
        reply_integer(c->reply, len);
    }
    return 1;
}

static void reply_ranges(struct call *c, const struct lengths *lengths,
                         const struct options *options)
{
    size_t i = lengths->a.len;
    size_t j = lengths->b.len;
    size_t count = 0;
    struct range range = { 0 };

    reply_map(c->reply, 2);
    reply_bulk_text(c->reply, "matches");
    struct reply_later matches = reply_array_later(c->reply);
    while (i > 0 && j > 0) {
        if (!step_back(lengths, &i, &j)) {
            count += reply_range(c, &range, options);
            range.open = false;
            continue;
        }
        if (!range.open) {
            range = (struct range){ .a_last = i, .b_last = j, .open = true };
        }
        range.a_first = i;
        range.b_first = j;
    }
    count += reply_range(c, &range, options);
    reply_later_end(c->reply, matches, count);
    reply_bulk_text(c->reply, "len");
    reply_integer(c->reply, *cell(lengths, lengths->a.len, lengths->b.len));
}

static void reply_text(struct call *c, const struct lengths *lengths)
{
    size_t i = lengths->a.len;
    size_t j = lengths->b.len;
    size_t len = *cell(lengths, i, j);
    size_t at = len;
    char *text = memory_alloc(len + 1);

    while (i > 0 && j > 0) {
        if (step_back(lengths, &i, &j)) {
            at--;
            text[at] = lengths->a.bytes[i];
        }
    }
    reply_bulk(c->reply, (struct span){ text, len });
    memory_free(text);
}

static void lcs(struct call *c)
{
    struct lengths lengths;
    struct options options = { 0 };
    char a_room[STRING_TEXT_ROOM];
    char b_room[STRING_TEXT_ROOM];

    if (!text_of(c, 1, a_room, &lengths.a) || !text_of(c, 2, b_room, &lengths.b)) {
        reply_error(c->reply, SPAN("ERR The specified keys must contain string values"));
        return;
    }
    if (!take_options(c, &options) || !make_cells(c, &lengths)) {
        return;
    }
    fill(&lengths);
    if (options.ranges) {
        reply_ranges(c, &lengths, &options);
    } else if (options.length_only) {
        reply_integer(c->reply, *cell(&lengths, lengths.a.len, lengths.b.len));
    } else {
        reply_text(c, &lengths);
    }
    memory_free(lengths.cells);
}

const struct command lcs_commands[] = {
    { .name = "lcs",
      .run = lcs,
      .arity = -3,
      .flags = CMD_READ,
      .keys = { KEYS(1, 2, 1, KEY_RO | KEY_ACCESS) },
      .group = "string",
      .since = "7.0.0",
      .complexity = "O(N*M), N and M being the lengths of the strings.",
      .synopsis = "key1:key key2:key [len:LEN] [idx:IDX] [len:integer=MINMATCHLEN] "
                  "[withmatchlen:WITHMATCHLEN]",
      .summary = "Finds the longest common subsequence of two strings." },
    { .name = NULL },
};
