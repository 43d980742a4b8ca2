/* SETBIT, GETBIT, BITCOUNT, BITPOS. */

#include "cache/commands/bitmap.h"

#include "cache/base/bits.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

/* --- what others use --- */

bool bitmap_offset(struct call *c, size_t at, unsigned width, uint64_t *offset)
{
    struct span text = c->argv[at];
    uint64_t factor = 1;
    int64_t number;

    if (width > 0 && text.len > 0 && text.bytes[0] == '#') {
        text = span_skip(text, 1);
        factor = width;
    }
    bool good = number_parse(text, &number) && number >= 0 &&
                !__builtin_mul_overflow((uint64_t)number, factor, offset) &&
                *offset / 8 < cache_string_max(c->cache);
    if (!good) {
        reply_error(c->reply, SPAN("ERR bit offset is not an integer or out of range"));
    }
    return good;
}

char *bitmap_edit(struct call *c, void *value, size_t len)
{
    size_t old_len = value == NULL ? 0 : string_len(value);
    len = len > old_len ? len : old_len;

    if (value == NULL) {
        struct string_form form = string_form_text(SPAN(""));
        value = key_put(c, 1, &type_string, string_raw_size(len), EXPIRY_NONE);
        string_write(value, &form);
    } else if (len > old_len || string_is_integer(value)) {
        value = key_resize(c, 1, string_raw_size(len));
    }
    return string_stretch(value, len);
}

/* --- one bit --- */

static void setbit(struct call *c)
{
    static const char error[] = "ERR bit is not an integer or out of range";
    uint64_t at;
    int64_t bit;
    void *value;
    char room[STRING_TEXT_ROOM];

    if (!bitmap_offset(c, 2, 0, &at) || !arg_integer_in(c, 3, 0, 1, &bit, error)) {
        return;
    }
    if (!key_edit(c, 1, &type_string, &value)) {
        return;
    }
    struct span text = value == NULL ? SPAN("") : string_text(value, room);
    bool grows = value == NULL || text.len <= at / 8;
    bool before = !grows && bits_is_set(text, at);
    if (grows || before != (bit == 1)) {
        bits_write(bitmap_edit(c, value, at / 8 + 1), at, 1, (uint64_t)bit);
        key_changed(c, 1);
        key_event(c, 1, EVENT_STRING, "setbit");
    }
    reply_integer(c->reply, before);
}

static void getbit(struct call *c)
{
    uint64_t at;
    const void *value;
    char room[STRING_TEXT_ROOM];

    if (!bitmap_offset(c, 2, 0, &at) || !key_read(c, 1, &type_string, &value)) {
        return;
    }
    struct span text = value == NULL ? SPAN("") : string_text(value, room);
    reply_integer(c->reply, at / 8 < text.len && bits_is_set(text, at));
}

/* --- ranges --- */

/* Both ends are in it, negative ones count from the end of the text; in bytes or bits. */
struct range {
    int64_t start;
    int64_t end;
    bool in_bits;
    bool has_start;
    bool has_end;
};

/* The word that says what a range counts, argv[at], if it is there. Replies if it returns false. */
static bool take_unit(struct call *c, size_t at, struct range *range)
{
    range->in_bits = arg_is(c, at, "BIT");
    if (at < c->argc && !range->in_bits && !arg_is(c, at, "BYTE")) {
        call_syntax_error(c);
        return false;
    }
    return true;
}

/* As bits of a text of this length: from *first to before *end. False if there are none. */
static bool range_in(const struct range *range, size_t len, uint64_t *first, uint64_t *end)
{
    int64_t scale = range->in_bits ? 1 : 8;
    int64_t total = (int64_t)len * (range->in_bits ? 8 : 1);
    int64_t from = range->has_start ? range->start : 0;
    int64_t to = range->has_end ? range->end : -1;

    from = from < 0 ? from + total : from;
    to = to < 0 ? to + total : to;
    from = from < 0 ? 0 : from;
    to = to < 0 ? 0 : to;
    to = to >= total ? total - 1 : to;
    if (from > to) {
        return false;
    }
    *first = (uint64_t)(from * scale);
    *end = (uint64_t)((to + 1) * scale);
    return true;
}

static void bitcount(struct call *c)
{
    struct range range = { .has_start = c->argc > 2, .has_end = c->argc > 2 };
    const void *value;
    char room[STRING_TEXT_ROOM];
    uint64_t first;
    uint64_t end;

    if (c->argc == 3 || c->argc > 5) {
        call_syntax_error(c);
        return;
    }
    if (c->argc > 2 && (!arg_integer(c, 2, &range.start) || !arg_integer(c, 3, &range.end) ||
                        !take_unit(c, 4, &range))) {
        return;
    }
    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    struct span text = value == NULL ? SPAN("") : string_text(value, room);
    /* Only here: BITPOS looks at the first byte when both ends lie before it. */
    bool crossed = range.start < 0 && range.end < 0 && range.start > range.end;
    bool any = !crossed && range_in(&range, text.len, &first, &end);
    reply_integer(c->reply, any ? (int64_t)bits_count(text, first, end) : 0);
}

/* Where the bit is. What is behind a text is zeroes, unless a range says where to stop. */
static int64_t position(struct span text, const struct range *range, bool set)
{
    uint64_t first;
    uint64_t end;

    if (!range_in(range, text.len, &first, &end)) {
        return -1;
    }
    uint64_t at = bits_find(text, first, end, set);
    bool found = at < end || (!set && !range->has_end);
    return found ? (int64_t)at : -1;
}

static void bitpos(struct call *c)
{
    struct range range = { .has_start = c->argc > 3, .has_end = c->argc > 4 };
    int64_t bit;
    const void *value;
    char room[STRING_TEXT_ROOM];

    if (!arg_integer(c, 2, &bit)) {
        return;
    }
    if (bit != 0 && bit != 1) {
        reply_error(c->reply, SPAN("ERR The bit argument must be 1 or 0."));
        return;
    }
    if (c->argc > 6) {
        call_syntax_error(c);
        return;
    }
    if ((range.has_start && !arg_integer(c, 3, &range.start)) || !take_unit(c, 5, &range) ||
        (range.has_end && !arg_integer(c, 4, &range.end))) {
        return;
    }
    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    if (value == NULL) {
        reply_integer(c->reply, bit == 1 ? -1 : 0);
        return;
    }
    reply_integer(c->reply, position(string_text(value, room), &range, bit == 1));
}

#define UNIT "[index_unit:(byte:BYTE | bit:BIT)@7.0.0]"

const struct command bitmap_commands[] = {
    { .name = "setbit",
      .run = setbit,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "bitmap",
      .since = "2.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key offset:integer value:integer",
      .summary = "Sets or clears a bit of a string and returns what it was." },
    { .name = "getbit",
      .run = getbit,
      .arity = 3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "bitmap",
      .since = "2.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key offset:integer",
      .summary = "Returns a bit of a string." },
    { .name = "bitcount",
      .run = bitcount,
      .arity = -2,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "bitmap",
      .since = "2.6.0",
      .complexity = "O(N), N being the length of the range.",
      .synopsis = "key:key [index:{start:integer end:integer " UNIT "}]",
      .summary = "Returns how many bits of a string are set.",
      .history = "7.0.0 `BYTE` and `BIT`." },
    { .name = "bitpos",
      .run = bitpos,
      .arity = -3,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "bitmap",
      .since = "2.8.7",
      .complexity = "O(N), N being the length of the range.",
      .synopsis = "key:key bit:integer [index:{start:integer [end_index:{end:integer " UNIT "}]}]",
      .summary = "Returns where the first bit is that is set, or is not.",
      .history = "7.0.0 `BYTE` and `BIT`." },
    { .name = NULL },
};
