/* Hashes and random numbers. */

#include "cache/base/hash.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void depends_on_bytes_and_seed(void **state)
{
    (void)state;
    assert_true(hash_bytes(SPAN("key"), 1) == hash_bytes(SPAN("key"), 1));
    assert_true(hash_bytes(SPAN("key"), 1) != hash_bytes(SPAN("key"), 2));
    assert_true(hash_bytes(SPAN("key"), 1) != hash_bytes(SPAN("kez"), 1));
    assert_true(hash_bytes(SPAN(""), 1) == hash_bytes((struct span){ NULL, 0 }, 1));
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    uint64_t one = 5, two = 5, three = 6;
    bool differs = false;
    for (int i = 0; i < 100; i++) {
        uint64_t number = random_next(&one);
        assert_true(number == random_next(&two));
        differs |= number != random_next(&three);
    }
    assert_true(differs);
}

static void stays_below_its_bound_and_reaches_all_of_it(void **state)
{
    (void)state;
    uint64_t random = 1;
    unsigned seen[10] = { 0 };
    for (int i = 0; i < 10000; i++) {
        uint64_t number = random_below(&random, COUNT(seen));
        assert_true(number < COUNT(seen));
        seen[number]++;
    }
    for (size_t i = 0; i < COUNT(seen); i++) {
        assert_in_range(seen[i], 800, 1200);
    }
    assert_true(random_below(&random, 1) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depends_on_bytes_and_seed),
        cmocka_unit_test(the_same_seed_gives_the_same_numbers),
        cmocka_unit_test(stays_below_its_bound_and_reaches_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
