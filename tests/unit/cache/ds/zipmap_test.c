/* Zipmaps: what is read, and what is refused. */

#include "cache/ds/zipmap.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct text {
    char bytes[400];
    size_t len;
    bool refuses;
};

static bool add(void *context, struct span field, struct span value)
{
    struct text *text = context;
    int len = snprintf(text->bytes + text->len, sizeof(text->bytes) - text->len, "%.*s=%.*s;",
                       (int)field.len, field.bytes, (int)value.len, value.bytes);
    text->len += (size_t)len;
    return !text->refuses;
}

#define BYTES(text) ((struct span){ (text), sizeof(text) - 1 })

static void reads_pairs(void **state)
{
    (void)state;
    struct text text = { .len = 0 };
    assert_true(zipmap_read(BYTES("\x02\x03"
                                  "foo\x03\x00"
                                  "bar\x01"
                                  "a\x00\x02"
                                  "??\xff"),
                            add, &text));
    assert_string_equal(text.bytes, "foo=bar;a=;");
}

static void reads_lengths_of_five_bytes(void **state)
{
    (void)state;
    struct text text = { .len = 0 };
    assert_true(zipmap_read(BYTES("\xfe\xfe\x01\x00\x00\x00"
                                  "a\xfe\x02\x00\x00\x00\x00"
                                  "bc\xff"),
                            add, &text));
    assert_string_equal(text.bytes, "a=bc;");
}

static void refuses_what_is_not_sound(void **state)
{
    (void)state;
    static const struct span inputs[] = {
        { "", 0 },
        { "\x00", 1 },         /* No end. */
        { "\x01\xff", 2 },     /* One pair too few. */
        { "\x00\xff\xff", 3 }, /* Something behind the end. */
        { "\x01\x01", 2 },     /* A field is missing. */
        { "\x01\x01"
          "a",
          3 }, /* A value is missing. */
        { "\x01\x01"
          "a\xff",
          4 }, /* The end instead of a value. */
        { "\x01\x01"
          "a\x01",
          4 }, /* How much is spare is missing. */
        { "\x01\x01"
          "a\x01\x00",
          5 }, /* The value's text is missing. */
        { "\x01\x01"
          "a\x01\x05"
          "b\xff",
          7 }, /* Spare bytes are missing. */
        { "\x01\xfe\xff\xff\xff\xff"
          "a\x00\x00\xff",
          10 },                    /* Four billion bytes. */
        { "\x01\xfe\x01\x00", 4 }, /* Half a length. */
    };
    for (size_t i = 0; i < COUNT(inputs); i++) {
        struct text text = { .len = 0 };
        assert_false(zipmap_read(inputs[i], add, &text));
    }
}

static void stops_when_told(void **state)
{
    (void)state;
    struct text text = { .refuses = true };
    assert_false(zipmap_read(BYTES("\x02\x01"
                                   "a\x01\x00"
                                   "b\x01"
                                   "c\x01\x00"
                                   "d\xff"),
                             add, &text));
    assert_string_equal(text.bytes, "a=b;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_pairs),
        cmocka_unit_test(reads_lengths_of_five_bytes),
        cmocka_unit_test(refuses_what_is_not_sound),
        cmocka_unit_test(stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
