/* Formats of the struct library: their options, alignment, and numbers in any size. */

#include "cache/script/packing.h"

#include "cache/base/check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Takes the whole format; what the first faulty option says, else PACKING_OK. */
static enum packing_result read_all(const char *format, struct packing_option *option)
{
    struct packing packing;
    enum packing_result result = PACKING_OK;

    packing_begin(&packing, format);
    while (result == PACKING_OK && *packing.format != '\0') {
        result = packing_next(&packing, option);
        if (result == PACKING_OK && option->size == 0 && strchr("csiI", option->letter) == NULL) {
            result = packing_control(&packing, option);
        }
    }
    return result;
}

static void refuses_bad_formats(void **state)
{
    static const struct {
        const char *format;
        enum packing_result result;
        int number;
    } cases[] = {
        { "i33", PACKING_TOO_LONG, 33 },
        { "I2147483647", PACKING_TOO_LONG, 2147483647 },
        { "i2147483648", PACKING_OVERFLOW, 0 },
        { "c99999999999", PACKING_OVERFLOW, 0 },
        { "!3", PACKING_ALIGNMENT, 3 },
        { "!0", PACKING_ALIGNMENT, 0 },
        { "z", PACKING_UNKNOWN, 0 },
        { "b\x80", PACKING_UNKNOWN, 0 },
    };
    struct packing_option option;
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(read_all(cases[i].format, &option), cases[i].result);
        if (cases[i].number != 0) {
            assert_int_equal(option.number, cases[i].number);
        }
    }
    assert_int_equal(read_all("i32 c2147483647 !8 <>bBhHlLTfdsx", &option), PACKING_OK);
}

static void aligns_to_the_smaller_of_size_and_limit(void **state)
{
    static const struct {
        const char *format;
        size_t at, gap;
    } cases[] = {
        { "d", 3, 0 },  { "!d", 3, 5 },  { "!4d", 3, 1 },   { "!h", 3, 1 },
        { "!h", 4, 0 }, { "!c8", 3, 0 }, { "!8i16", 1, 7 }, { "!s", 3, 0 },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct packing packing;
        struct packing_option option;
        packing_begin(&packing, cases[i].format);
        assert_int_equal(packing_next(&packing, &option), PACKING_OK);
        if (option.letter == '!') {
            assert_int_equal(packing_control(&packing, &option), PACKING_OK);
            assert_int_equal(packing_next(&packing, &option), PACKING_OK);
        }
        assert_int_equal(packing_gap(&packing, &option, cases[i].at), cases[i].gap);
    }
}

static void puts_integers_in_either_order(void **state)
{
    struct packing packing = { .big = false };
    struct packing_option option = { .letter = 'i', .size = 3 };
    char bytes[PACKING_INTEGER_MAX];
    (void)state;

    packing_put_integer(&packing, 3, -2, bytes);
    assert_memory_equal(bytes, "\xfe\xff\xff", 3);
    assert_true(packing_integer(&packing, &option, bytes) == -2);
    packing.big = true;
    packing_put_integer(&packing, 3, 0x010203, bytes);
    assert_memory_equal(bytes, "\1\2\3", 3);
    assert_true(packing_integer(&packing, &option, bytes) == 0x010203);
    option.letter = 'I';
    assert_true(packing_integer(&packing, &option, "\xff\xff\xfe") == 0xfffffe);
}

static void fills_what_is_beyond_64_bits_with_zeroes(void **state)
{
    struct packing packing = { .big = false };
    char bytes[PACKING_INTEGER_MAX];
    (void)state;

    packing_put_integer(&packing, 10, -1, bytes);
    assert_memory_equal(bytes, "\xff\xff\xff\xff\xff\xff\xff\xff\0\0", 10);
}

static void takes_numbers_that_are_too_big_as_amd64_does(void **state)
{
    const uint64_t top = UINT64_C(1) << 63;
    (void)state;

    assert_true(packing_bits(9223372036854775808.0) == top);
    assert_true(packing_bits(18446744073709549568.0) == UINT64_MAX - 2047);
    assert_true(packing_bits(18446744073709551616.0) == 0);
    assert_true(packing_bits(INFINITY) == 0);
    assert_true(packing_bits(-INFINITY) == top);
    assert_true(packing_bits(NAN) == top);
    assert_true(packing_bits(-1.5) == UINT64_MAX);
}

static void turns_reals(void **state)
{
    struct packing packing = { .big = true };
    char bytes[8];
    (void)state;

    packing_put_real(&packing, 4, 0.5, bytes);
    assert_memory_equal(bytes, "\x3f\0\0\0", 4);
    assert_true(packing_real(&packing, 4, bytes) == 0.5);
    packing.big = false;
    packing_put_real(&packing, 8, 0.1, bytes);
    assert_memory_equal(bytes, "\x9a\x99\x99\x99\x99\x99\xb9\x3f", 8);
    assert_true(packing_real(&packing, 8, bytes) == 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_formats),
        cmocka_unit_test(aligns_to_the_smaller_of_size_and_limit),
        cmocka_unit_test(puts_integers_in_either_order),
        cmocka_unit_test(fills_what_is_beyond_64_bits_with_zeroes),
        cmocka_unit_test(takes_numbers_that_are_too_big_as_amd64_does),
        cmocka_unit_test(turns_reals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
