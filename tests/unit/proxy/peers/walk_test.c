/* Walking over RESP: good values of every kind, and bad ones that must not be taken. */

#include "proxy/peers/walk.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_heads_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        char kind;
        bool null;
        const char *text;
        size_t count;
    } rows[] = {
        { "+OK\r\n", '+', false, "OK", 0 },
        { "-ERR no\r\n", '-', false, "ERR no", 0 },
        { ":-12\r\n", ':', false, "-12", 0 },
        { "$3\r\na\r\n\r\n", '$', false, "a\r\n", 0 },
        { "$0\r\n\r\n", '$', false, "", 0 },
        { "$-1\r\n", '$', true, "", 0 },
        { "*-1\r\n", '*', true, "", 0 },
        { "_\r\n", '_', true, "", 0 },
        { "*2\r\n:1\r\n:2\r\n", '*', false, "", 2 },
        { "%2\r\n", '%', false, "", 4 },
        { "~3\r\n", '~', false, "", 3 },
        { ">1\r\n", '>', false, "", 1 },
        { ",1.5\r\n", ',', false, "1.5", 0 },
        { "#t\r\n", '#', false, "t", 0 },
        { "(123\r\n", '(', false, "123", 0 },
        { "=5\r\ntxt:a\r\n", '=', false, "txt:a", 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span rest = span_from(rows[i].bytes);
        struct element element;
        assert_true(walk_head(&rest, &element));
        assert_int_equal(element.kind, rows[i].kind);
        assert_int_equal(element.null, rows[i].null);
        assert_int_equal(element.count, rows[i].count);
        if (rows[i].count == 0 && !element.null) {
            assert_true(span_equal(element.text, span_from(rows[i].text)));
        }
    }
}

static void leaves_bad_heads_alone(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "+",
        "+OK",
        "+OK\r",
        "+OK\rx",
        "$3\r\nab\r\n",
        "$3\r\nabc",
        "$3\r\nabcde",
        "$-2\r\n",
        "$x\r\n",
        "*-2\r\n",
        "*1x\r\n",
        "?1\r\n",
        "\r\n",
        "$99999999999999999999\r\n",
        "*9223372036854775807\r\n",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span rest = span_from(rows[i]);
        struct span before = rest;
        struct element element;
        assert_false(walk_head(&rest, &element));
        assert_ptr_equal(rest.bytes, before.bytes);
        assert_int_equal(rest.len, before.len);
    }
}

static void takes_a_value_with_all_that_is_inside(void **state)
{
    (void)state;
    struct span rest = SPAN("*2\r\n%1\r\n+k\r\n*1\r\n:1\r\n$1\r\nx\r\n:7\r\n");
    struct span whole;

    assert_true(walk_value(&rest, &whole));
    assert_true(span_equal(whole, SPAN("*2\r\n%1\r\n+k\r\n*1\r\n:1\r\n$1\r\nx\r\n")));
    assert_true(walk_value(&rest, &whole));
    assert_true(span_equal(whole, SPAN(":7\r\n")));
    assert_false(walk_value(&rest, &whole));
}

static void does_not_take_part_of_a_value(void **state)
{
    (void)state;
    struct span full = SPAN("*2\r\n*2\r\n:1\r\n$1\r\nx\r\n_\r\n");

    for (size_t len = 0; len < full.len; len++) {
        struct span rest = { .bytes = full.bytes, .len = len };
        struct span whole;
        assert_false(walk_value(&rest, &whole));
        assert_int_equal(rest.len, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_heads_of_every_kind),
        cmocka_unit_test(leaves_bad_heads_alone),
        cmocka_unit_test(takes_a_value_with_all_that_is_inside),
        cmocka_unit_test(does_not_take_part_of_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
