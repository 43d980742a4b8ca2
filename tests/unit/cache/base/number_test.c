/* Numbers as Redis reads and writes them. */

#include "cache/base/number.h"

#include "cache/base/check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void reads_back_every_integer_it_writes(void **state)
{
    (void)state;
    const int64_t numbers[] = {
        0,
        1,
        -1,
        9,
        10,
        99,
        100,
        101,
        999,
        1000,
        12345678,
        -12345678,
        INT32_MAX,
        INT32_MIN,
        999999999999999999,
        1000000000000000000,
        INT64_MAX,
        INT64_MAX - 1,
        INT64_MIN,
        INT64_MIN + 1,
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char text[NUMBER_TEXT_MAX], expected[32];
        size_t len = number_format(text, numbers[i]);
        int expected_len = snprintf(expected, sizeof(expected), "%lld", (long long)numbers[i]);
        int64_t number = 0;

        assert_int_equal(len, expected_len);
        assert_memory_equal(text, expected, len);
        assert_true(number_parse((struct span){ text, len }, &number));
        assert_true(number == numbers[i]);
    }
}

static void writes_unsigned_numbers_of_every_length(void **state)
{
    (void)state;
    uint64_t number = 1;
    for (size_t digits = 1; digits <= 20; digits++) {
        char text[NUMBER_TEXT_MAX], expected[32];
        uint64_t around[] = { number - 1, number, number + 1 };
        for (size_t i = 0; i < COUNT(around); i++) {
            size_t len = number_format_unsigned(text, around[i]);
            snprintf(expected, sizeof(expected), "%llu", (unsigned long long)around[i]);
            assert_int_equal(len, strlen(expected));
            assert_memory_equal(text, expected, len);
        }
        number *= 10;
    }
    char text[NUMBER_TEXT_MAX];
    uint64_t back;
    size_t len = number_format_unsigned(text, UINT64_MAX);
    assert_true(number_parse_unsigned((struct span){ text, len }, &back));
    assert_true(back == UINT64_MAX);
}

static void refuses_what_is_not_exactly_an_integer(void **state)
{
    (void)state;
    const char *bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "01",
        "00",
        "-0",
        "-01",
        "1.0",
        "1e3",
        "0x10",
        "a",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999",
        "123456789012345678901",
        "1\n",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t number;
        if (number_parse(span_from(bad[i]), &number)) {
            fail_msg("accepted \"%s\"", bad[i]);
        }
    }
    int64_t number;
    assert_false(number_parse((struct span){ "1\0", 2 }, &number));
}

static void unsigned_reaches_the_limit_and_not_past_it(void **state)
{
    (void)state;
    uint64_t number;
    assert_true(number_parse_unsigned(SPAN("18446744073709551615"), &number));
    assert_true(number == UINT64_MAX);
    assert_false(number_parse_unsigned(SPAN("18446744073709551616"), &number));
    assert_false(number_parse_unsigned(SPAN("-1"), &number));
}

static void reads_floats_as_redis_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double number;
    } good[] = {
        { "0", 0 },
        { "3.5", 3.5 },
        { "-1e3", -1000 },
        { ".5", 0.5 },
        { "5.", 5 },
        { "+1", 1 },
        { "0x10", 16 },
        { "inf", INFINITY },
        { "-inf", -INFINITY },
        { "Infinity", INFINITY },
        { "1e-300", 1e-300 },
    };
    const char *bad[] = {
        "", " 1", "1 ", "1a", "nan", "-nan", "1e400", "1e-400", "--1", "e5", "\t1"
    };

    for (size_t i = 0; i < COUNT(good); i++) {
        double number;
        long double longer;
        assert_true(number_parse_double(span_from(good[i].text), &number));
        assert_true(number == good[i].number);
        assert_true(number_parse_long_double(span_from(good[i].text), &longer));
        assert_true((double)longer == good[i].number);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        double number;
        if (number_parse_double(span_from(bad[i]), &number)) {
            fail_msg("accepted \"%s\"", bad[i]);
        }
    }
    double number;
    long double longer;
    assert_false(number_parse_double((struct span){ "1\0002", 3 }, &number));
    assert_false(number_parse_long_double((struct span){ "1\0", 2 }, &longer));
}

static void float_text_has_a_limit(void **state)
{
    (void)state;
    static char digits[NUMBER_FLOAT_TEXT_MAX + 1];
    double number;
    long double longer;
    memset(digits, '0', sizeof(digits));

    struct span longest = { digits, NUMBER_FLOAT_TEXT_MAX - 1 };
    struct span too_long = { digits, NUMBER_FLOAT_TEXT_MAX };
    assert_true(number_parse_double(longest, &number));
    assert_true(number_parse_long_double(longest, &longer));
    assert_false(number_parse_double(too_long, &number));
    assert_false(number_parse_long_double(too_long, &longer));
}

static void writes_doubles_with_seventeen_digits(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        { 0, "0" },
        { -0.0, "-0" },
        { 3, "3" },
        { -42, "-42" },
        { 3.141, "3.141" },
        { 0.1, "0.10000000000000001" },
        { 1e17, "1e+17" },
        { 1e15, "1000000000000000" },
        { 4503599627370496.0, "4503599627370496" },
        { 1.5e300, "1.5000000000000001e+300" },
        { INFINITY, "inf" },
        { -INFINITY, "-inf" },
        { NAN, "nan" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[64];
        size_t len = number_format_double(text, sizeof(text), rows[i].number);
        assert_int_equal(len, strlen(rows[i].text));
        assert_memory_equal(text, rows[i].text, len);
    }
}

static void writes_long_doubles_without_trailing_zeros(void **state)
{
    (void)state;
    static const struct {
        long double number;
        const char *text;
    } rows[] = {
        { 10.5L, "10.5" }, { 3.0L, "3" },       { 0.1L, "0.1" },   { -0.0L, "0" },
        { 5e3L, "5000" },  { -1.25L, "-1.25" }, { 100.0L, "100" }, { 1e-18L, "0" },
    };
    char text[NUMBER_FLOAT_TEXT_MAX];
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = number_format_long_double(text, sizeof(text), rows[i].number);
        assert_int_equal(len, strlen(rows[i].text));
        assert_memory_equal(text, rows[i].text, len);
    }
    assert_in_range(number_format_long_double(text, sizeof(text), 1e4900L), 4901, 4920);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_every_integer_it_writes),
        cmocka_unit_test(writes_unsigned_numbers_of_every_length),
        cmocka_unit_test(refuses_what_is_not_exactly_an_integer),
        cmocka_unit_test(unsigned_reaches_the_limit_and_not_past_it),
        cmocka_unit_test(reads_floats_as_redis_does),
        cmocka_unit_test(float_text_has_a_limit),
        cmocka_unit_test(writes_doubles_with_seventeen_digits),
        cmocka_unit_test(writes_long_doubles_without_trailing_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
