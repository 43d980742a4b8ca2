/* Counting about how often. */

#include "proxy/peers/sketch.h"

#include "cache/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void never_says_less_than_the_truth(void **state)
{
    (void)state;
    struct sketch *sketch = sketch_new(1 << 12);
    uint64_t random = 1;
    uint64_t hashes[100];

    for (size_t i = 0; i < 100; i++) {
        hashes[i] = random_next(&random);
        for (size_t j = 0; j < i % 10 + 1; j++) {
            sketch_add(sketch, hashes[i]);
        }
    }
    for (size_t i = 0; i < 100; i++) {
        assert_true(sketch_estimate(sketch, hashes[i]) >= i % 10 + 1);
    }
    sketch_free(sketch);
}

static void seldom_says_more(void **state)
{
    (void)state;
    struct sketch *sketch = sketch_new(1 << 12);
    uint64_t random = 2;
    size_t wrong = 0;

    for (size_t i = 0; i < 1000; i++) {
        sketch_add(sketch, random_next(&random));
    }
    for (size_t i = 0; i < 1000; i++) {
        wrong += sketch_estimate(sketch, random_next(&random)) > 0;
    }
    assert_in_range(wrong, 0, 30);
    sketch_free(sketch);
}

static void forgets_half_after_a_while(void **state)
{
    (void)state;
    struct sketch *sketch = sketch_new(64);

    for (int i = 0; i < 63; i++) {
        sketch_add(sketch, 5);
    }
    assert_int_equal(sketch_estimate(sketch, 5), 63);
    sketch_add(sketch, 5);
    assert_int_equal(sketch_estimate(sketch, 5), 32);
    sketch_free(sketch);
}

static void stops_counting_at_its_maximum(void **state)
{
    (void)state;
    struct sketch *sketch = sketch_new(1 << 10);

    for (int i = 0; i < 1000; i++) {
        assert_in_range(sketch_add(sketch, 5), 1, SKETCH_MAX);
    }
    assert_int_equal(sketch_estimate(sketch, 5), SKETCH_MAX);
    sketch_free(sketch);
}

static void can_be_lowered(void **state)
{
    (void)state;
    struct sketch *sketch = sketch_new(1 << 10);

    for (int i = 0; i < 10; i++) {
        sketch_add(sketch, 5);
    }
    sketch_lower(sketch, 5, 20);
    assert_int_equal(sketch_estimate(sketch, 5), 10);
    sketch_lower(sketch, 5, 3);
    assert_int_equal(sketch_estimate(sketch, 5), 3);
    sketch_free(sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_says_less_than_the_truth),
        cmocka_unit_test(seldom_says_more),
        cmocka_unit_test(forgets_half_after_a_while),
        cmocka_unit_test(stops_counting_at_its_maximum),
        cmocka_unit_test(can_be_lowered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
