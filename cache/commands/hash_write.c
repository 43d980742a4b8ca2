/* Commands that write fields of hashes. Those about when fields expire are in hash_expire.c and
 * hash_timed.c.
 *
 * A field that is set anew does not expire any more; one that is added to goes on to expire when
 * it did. */

#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/hash_edit.h"
#include "cache/commands/rows.h"

#include <math.h>

/* --- setting --- */

static size_t longest_from(const struct call *c, size_t first)
{
    size_t longest = 0;
    for (size_t i = first; i < c->argc; i++) {
        longest = c->argv[i].len > longest ? c->argv[i].len : longest;
    }
    return longest;
}

/* Sets all pairs; replies if it returns false. */
static bool set_pairs(struct call *c, int64_t *added)
{
    struct hash_edit edit;

    if (c->argc % 2 != 0) {
        call_arity_error(c);
        return false;
    }
    if (!hash_edit_begin(c, &edit)) {
        return false;
    }
    hash_edit_drop_due(&edit, 2, c->argc, 2);
    hash_draft_expect(&edit.draft, (c->argc - 2) / 2, longest_from(c, 2));
    *added = 0;
    for (size_t i = 2; i < c->argc; i += 2) {
        *added += hash_draft_set(&edit.draft, c->argv[i], c->argv[i + 1], HASH_NEVER);
    }
    edit.changed = true;
    hash_edit_end(&edit);
    key_event(c, 1, EVENT_HASH, "hset");
    return true;
}

static void hset(struct call *c)
{
    int64_t added;
    if (set_pairs(c, &added)) {
        reply_integer(c->reply, added);
    }
}

static void hmset(struct call *c)
{
    int64_t added;
    if (set_pairs(c, &added)) {
        reply_ok(c->reply);
    }
}

static void hsetnx(struct call *c)
{
    struct hash_edit edit;
    struct hash_item item;

    if (!hash_edit_begin(c, &edit)) {
        return;
    }
    hash_edit_drop_due(&edit, 2, 3, 1);
    if (hash_find(hash_draft_value(&edit.draft), c->argv[2], c->now_ms, &item)) {
        hash_edit_end(&edit);
        reply_integer(c->reply, 0);
        return;
    }
    hash_draft_set(&edit.draft, c->argv[2], c->argv[3], HASH_NEVER);
    edit.changed = true;
    hash_edit_end(&edit);
    key_event(c, 1, EVENT_HASH, "hset");
    reply_integer(c->reply, 1);
}

/* --- removing --- */

static void hdel(struct call *c)
{
    struct hash_edit edit;
    int64_t removed = 0;

    if (!hash_edit_begin(c, &edit)) {
        return;
    }
    hash_edit_drop_due(&edit, 2, c->argc, 1);
    for (size_t i = 2; i < c->argc && edit.found; i++) {
        removed += hash_draft_remove(&edit.draft, c->argv[i]);
    }
    edit.changed |= removed > 0;
    bool gone = hash_edit_end(&edit);
    if (removed > 0) {
        key_event(c, 1, EVENT_HASH, "hdel");
    }
    if (gone) {
        key_event(c, 1, EVENT_GENERIC, "del");
    }
    reply_integer(c->reply, removed);
}

/* --- adding --- */

/* The field's new value takes the place of the old; it expires when it did. */
static void put_number(struct hash_edit *edit, struct span text, const char *event)
{
    struct call *c = edit->call;
    hash_draft_set(&edit->draft, c->argv[2], text, HASH_AS_IS);
    edit->changed = true;
    hash_edit_end(edit);
    key_event(c, 1, EVENT_HASH, event);
}

/* What the field holds; 0 if it is not there. */
static bool integer_of(struct hash_edit *edit, int64_t *number)
{
    const struct call *c = edit->call;
    struct hash_item item;

    *number = 0;
    if (hash_find(hash_draft_value(&edit->draft), c->argv[2], c->now_ms, &item) &&
        !number_parse(item.value, number)) {
        reply_error(c->reply, SPAN("ERR hash value is not an integer"));
        return false;
    }
    return true;
}

static void hincrby(struct call *c)
{
    struct hash_edit edit;
    char text[NUMBER_TEXT_MAX];
    int64_t increment, number;

    if (!arg_integer(c, 3, &increment) || !hash_edit_begin(c, &edit)) {
        return;
    }
    hash_edit_drop_due(&edit, 2, 3, 1);
    if (!integer_of(&edit, &number)) {
        hash_edit_end(&edit);
        return;
    }
    if (__builtin_add_overflow(number, increment, &number)) {
        hash_edit_end(&edit);
        reply_error(c->reply, SPAN("ERR increment or decrement would overflow"));
        return;
    }
    put_number(&edit, (struct span){ text, number_format(text, number) }, "hincrby");
    reply_integer(c->reply, number);
}

static bool float_of(struct hash_edit *edit, long double *number, int64_t *expires_at_ms)
{
    const struct call *c = edit->call;
    struct hash_item item = { .expires_at_ms = HASH_NEVER };

    *number = 0;
    if (hash_find(hash_draft_value(&edit->draft), c->argv[2], c->now_ms, &item) &&
        !number_parse_long_double(item.value, number)) {
        reply_error(c->reply, SPAN("ERR hash value is not a float"));
        return false;
    }
    *expires_at_ms = item.expires_at_ms;
    return true;
}

/* The sum depends on the machine that makes it, so the change is the sum. */
static void changed_as_sum(struct call *c, struct span text, bool expires)
{
    struct span kept = call_keep(c, text);
    if (expires) {
        call_changed_as_words(c, 7, SPAN("HSETEX"), c->argv[1], SPAN("KEEPTTL"), SPAN("FIELDS"),
                              SPAN("1"), c->argv[2], kept);
    } else {
        call_changed_as_words(c, 4, SPAN("HSET"), c->argv[1], c->argv[2], kept);
    }
}

static void hincrbyfloat(struct call *c)
{
    struct hash_edit edit;
    long double increment, number;
    int64_t expires_at_ms;
    char bytes[NUMBER_FLOAT_TEXT_MAX];

    if (!arg_long_double(c, 3, &increment)) {
        return;
    }
    if (isnan(increment) || isinf(increment)) {
        reply_error(c->reply, SPAN("ERR value is NaN or Infinity"));
        return;
    }
    if (!hash_edit_begin(c, &edit)) {
        return;
    }
    hash_edit_drop_due(&edit, 2, 3, 1);
    if (!float_of(&edit, &number, &expires_at_ms)) {
        hash_edit_end(&edit);
        return;
    }
    number += increment;
    if (isnan(number) || isinf(number)) {
        hash_edit_end(&edit);
        reply_error(c->reply, SPAN("ERR increment would produce NaN or Infinity"));
        return;
    }
    struct span text = { bytes, number_format_long_double(bytes, sizeof(bytes), number) };
    put_number(&edit, text, "hincrbyfloat");
    changed_as_sum(c, text, expires_at_ms != HASH_NEVER);
    reply_bulk(c->reply, text);
}

const struct command hash_write_commands[] = {
    { .name = "hset",
      .run = hset,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of fields set.",
      .synopsis = "key:key field_value:{field:string value:string}...",
      .summary = "Sets fields of a hash; makes the hash if need be.",
      .history = "4.0.0 Several fields at once." },
    { .name = "hsetnx",
      .run = hsetnx,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key field:string value:string",
      .summary = "Sets a field of a hash if it has no such field yet." },
    { .name = "hmset",
      .run = hmset,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of fields set.",
      .synopsis = "key:key field_value:{field:string value:string}...",
      .summary = "Sets fields of a hash; makes the hash if need be.",
      .deprecated_since = "4.0.0",
      .replaced_by = "`HSET` with multiple field-value pairs" },
    { .name = "hdel",
      .run = hdel,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of fields to remove.",
      .synopsis = "key:key field:string...",
      .summary = "Removes fields of a hash; deletes it if it has none left.",
      .history = "2.4.0 Several fields at once." },
    { .name = "hincrby",
      .run = hincrby,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key field:string increment:integer",
      .summary = "Adds an integer to a field of a hash, which is 0 if it is not there." },
    { .name = "hincrbyfloat",
      .run = hincrbyfloat,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "hash",
      .since = "2.6.0",
      .complexity = "O(1)",
      .synopsis = "key:key field:string increment:double",
      .summary = "Adds a number to a field of a hash, which is 0 if it is not there." },
    { .name = NULL },
};
