/* Rows of bits, against looking at them one by one. */

#include "cache/base/bits.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TEXT_BYTES = 40, ROUNDS = 20000 };

/* Mostly all ones or all zeroes, with a few others: what makes searching long. */
static void fill(char text[TEXT_BYTES], uint64_t *random)
{
    memset(text, random_below(random, 2) ? 0xff : 0, TEXT_BYTES);
    for (uint64_t i = random_below(random, 4); i > 0; i--) {
        text[random_below(random, TEXT_BYTES)] = (char)random_next(random);
    }
}

static void a_range(uint64_t *random, uint64_t *first, uint64_t *end)
{
    *first = random_below(random, TEXT_BYTES * 8 + 1);
    *end = *first + random_below(random, TEXT_BYTES * 8 + 1 - *first);
}

static void the_first_bit_is_the_highest_of_the_first_byte(void **state)
{
    (void)state;
    assert_true(bits_is_set(SPAN("\x80"), 0));
    assert_false(bits_is_set(SPAN("\x80"), 7));
    assert_true(bits_is_set(SPAN("\x00\x01"), 15));
}

static void counts_every_range(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_BYTES];
        uint64_t first, end, count = 0;
        fill(text, &random);
        a_range(&random, &first, &end);
        struct span span = { text, sizeof(text) };
        for (uint64_t at = first; at < end; at++) {
            count += bits_is_set(span, at);
        }
        assert_true(bits_count(span, first, end) == count);
    }
}

static void finds_the_first_in_every_range(void **state)
{
    (void)state;
    uint64_t random = 2;
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_BYTES];
        uint64_t first, end;
        bool set = random_below(&random, 2) == 1;
        fill(text, &random);
        a_range(&random, &first, &end);
        struct span span = { text, sizeof(text) };
        uint64_t at = first;
        while (at < end && bits_is_set(span, at) != set) {
            at++;
        }
        assert_true(bits_find(span, first, end, set) == at);
    }
}

static void a_number_comes_back_and_leaves_the_rest_alone(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int i = 0; i < ROUNDS; i++) {
        char before[TEXT_BYTES];
        char after[TEXT_BYTES];
        unsigned width = (unsigned)random_below(&random, 64) + 1;
        uint64_t at = random_below(&random, TEXT_BYTES * 8 - width + 1);
        uint64_t number = random_next(&random);
        fill(before, &random);
        memcpy(after, before, sizeof(after));

        bits_write(after, at, width, number);
        uint64_t low = number & UINT64_MAX >> (64 - width);
        assert_true(bits_read((struct span){ after, sizeof(after) }, at, width) == low);
        for (uint64_t bit = 0; bit < TEXT_BYTES * 8; bit++) {
            if (bit < at || bit >= at + width) {
                assert_true(bits_is_set((struct span){ after, sizeof(after) }, bit) ==
                            bits_is_set((struct span){ before, sizeof(before) }, bit));
            }
        }
    }
}

static void behind_the_text_are_zeroes(void **state)
{
    (void)state;
    assert_true(bits_read(SPAN("\xff"), 4, 8) == 0xf0);
    assert_true(bits_read(SPAN("\xff"), 8, 64) == 0);
    assert_true(bits_read(SPAN(""), 1000000, 1) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bit_is_the_highest_of_the_first_byte),
        cmocka_unit_test(counts_every_range),
        cmocka_unit_test(finds_the_first_in_every_range),
        cmocka_unit_test(a_number_comes_back_and_leaves_the_rest_alone),
        cmocka_unit_test(behind_the_text_are_zeroes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
