/* Commands that treat a string as a number. */

#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

#include <math.h>

static void put_integer(struct call *c, void *old, int64_t number)
{
    struct string_form form = string_form_integer(number);

    if (old != NULL && string_is_integer(old) && type_string.size(old) == form.size) {
        string_write(old, &form);
        key_changed(c, 1);
        return;
    }
    int64_t expires_at_ms = old == NULL ? EXPIRY_NONE : EXPIRY_KEEP;
    string_write(key_put(c, 1, &type_string, form.size, expires_at_ms), &form);
}

static void add(struct call *c, int64_t increment)
{
    void *value;
    int64_t number = 0;

    if (!key_edit(c, 1, &type_string, &value)) {
        return;
    }
    if (value != NULL && !string_integer(value, &number)) {
        reply_error(c->reply, SPAN("ERR value is not an integer or out of range"));
        return;
    }
    if (__builtin_add_overflow(number, increment, &number)) {
        reply_error(c->reply, SPAN("ERR increment or decrement would overflow"));
        return;
    }
    put_integer(c, value, number);
    key_event(c, 1, EVENT_STRING, "incrby");
    reply_integer(c->reply, number);
}

static void incr(struct call *c)
{
    add(c, 1);
}

static void decr(struct call *c)
{
    add(c, -1);
}

static void incrby(struct call *c)
{
    int64_t increment;
    if (arg_integer(c, 2, &increment)) {
        add(c, increment);
    }
}

static void decrby(struct call *c)
{
    int64_t decrement;
    if (!arg_integer(c, 2, &decrement)) {
        return;
    }
    if (decrement == INT64_MIN) {
        reply_error(c->reply, SPAN("ERR decrement would overflow"));
        return;
    }
    add(c, -decrement);
}

static bool number_of(struct call *c, const void *value, long double *number)
{
    char room[STRING_TEXT_ROOM];

    *number = 0;
    if (value != NULL && !number_parse_long_double(string_text(value, room), number)) {
        reply_error(c->reply, SPAN("ERR value is not a valid float"));
        return false;
    }
    return true;
}

static void incrbyfloat(struct call *c)
{
    void *value;
    long double number;
    long double increment;
    char bytes[NUMBER_FLOAT_TEXT_MAX];

    if (!key_edit(c, 1, &type_string, &value)) {
        return;
    }
    if (!number_of(c, value, &number) || !arg_long_double(c, 2, &increment)) {
        return;
    }
    number += increment;
    if (isnan(number) || isinf(number)) {
        reply_error(c->reply, SPAN("ERR increment would produce NaN or Infinity"));
        return;
    }
    struct span text = { bytes, number_format_long_double(bytes, sizeof(bytes), number) };
    struct string_form form = string_form_text(text);
    int64_t expires_at_ms = value == NULL ? EXPIRY_NONE : EXPIRY_KEEP;
    string_write(key_put(c, 1, &type_string, form.size, expires_at_ms), &form);
    key_event(c, 1, EVENT_STRING, "incrbyfloat");
    reply_bulk(c->reply, text);

    /* The sum depends on the machine that makes it, so the change is the sum. */
    char *kept = arena_alloc(c->arena, text.len);
    memcpy(kept, text.bytes, text.len);
    text.bytes = kept;
    call_changed_as_words(c, 4, SPAN("SET"), c->argv[1], text, SPAN("KEEPTTL"));
}

#define NUMBER_KEYS                                                                                \
    {                                                                                              \
        KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE)                                            \
    }

const struct command string_number_commands[] = {
    { .name = "incr",
      .run = incr,
      .arity = 2,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = NUMBER_KEYS,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Adds one to the integer that a string is; a missing key is 0." },
    { .name = "decr",
      .run = decr,
      .arity = 2,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = NUMBER_KEYS,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Takes one from the integer that a string is; a missing key is 0." },
    { .name = "incrby",
      .run = incrby,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = NUMBER_KEYS,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key increment:integer",
      .summary = "Adds to the integer that a string is; a missing key is 0." },
    { .name = "decrby",
      .run = decrby,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = NUMBER_KEYS,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key decrement:integer",
      .summary = "Takes from the integer that a string is; a missing key is 0." },
    { .name = "incrbyfloat",
      .run = incrbyfloat,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = NUMBER_KEYS,
      .group = "string",
      .since = "2.6.0",
      .complexity = "O(1)",
      .synopsis = "key:key increment:double",
      .summary = "Adds to the number that a string is; a missing key is 0." },
    { .name = NULL },
};
