/* How often which time was taken. */

#include "proxy/server/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void is_exact_for_short_times(void **state)
{
    (void)state;
    struct histogram histogram = { 0 };

    for (uint64_t ns = 1; ns <= 100; ns++) {
        histogram_add(&histogram, ns);
    }

    assert_int_equal(histogram.count, 100);
    assert_int_equal(histogram_percentile(&histogram, 50), 50);
    assert_int_equal(histogram_percentile(&histogram, 99), 99);
    assert_int_equal(histogram_percentile(&histogram, 100), 100);
    assert_int_equal(histogram_percentile(&histogram, 0), 1);
    histogram_fini(&histogram);
}

static void is_right_to_one_percent_for_long_ones(void **state)
{
    (void)state;

    for (uint64_t ns = 1; ns < HISTOGRAM_MAX_NS; ns = ns * 3 + 1) {
        struct histogram histogram = { 0 };
        histogram_add(&histogram, ns);
        uint64_t told = histogram_percentile(&histogram, 50);
        assert_true(told >= ns);
        assert_true(told - ns <= ns / 100 + 1);
        histogram_fini(&histogram);
    }
}

static void counts_the_longest_together(void **state)
{
    (void)state;
    struct histogram histogram = { 0 };

    histogram_add(&histogram, HISTOGRAM_MAX_NS);
    histogram_add(&histogram, UINT64_MAX);

    uint64_t told = histogram_percentile(&histogram, 50);
    assert_true(told >= HISTOGRAM_MAX_NS);
    assert_true(told < HISTOGRAM_MAX_NS + HISTOGRAM_MAX_NS / 100);
    assert_int_equal(histogram_percentile(&histogram, 100), told);
    histogram_fini(&histogram);
}

static void counts_up_to_a_power_of_two_and_its_cell(void **state)
{
    (void)state;
    struct histogram histogram = { 0 };
    uint64_t longest;

    histogram_add(&histogram, 1000);
    histogram_add(&histogram, 32768 + 255);
    histogram_add(&histogram, 32768 + 256);

    assert_int_equal(histogram_up_to(&histogram, 10, &longest), 1);
    assert_int_equal(longest, 1024 + 7);
    assert_int_equal(histogram_up_to(&histogram, 15, &longest), 2);
    assert_int_equal(longest, 32768 + 255);
    assert_int_equal(histogram_up_to(&histogram, 16, &longest), 3);
    histogram_fini(&histogram);
}

static void an_empty_one_has_no_times(void **state)
{
    (void)state;
    struct histogram histogram = { 0 };
    uint64_t longest;

    assert_int_equal(histogram_percentile(&histogram, 99), 0);
    assert_int_equal(histogram_up_to(&histogram, 30, &longest), 0);
    histogram_fini(&histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_exact_for_short_times),
        cmocka_unit_test(is_right_to_one_percent_for_long_ones),
        cmocka_unit_test(counts_the_longest_together),
        cmocka_unit_test(counts_up_to_a_power_of_two_and_its_cell),
        cmocka_unit_test(an_empty_one_has_no_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
