/* Access times and counts. */

#include "cache/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint64_t now_ms = 1700000000000;

static void idle_time_is_in_whole_seconds(void **state)
{
    (void)state;
    struct access_clock clock = { 0 };
    uint32_t access = access_new(&clock, now_ms);
    assert_true(access_idle_ms(access, now_ms + 999) == 0);
    assert_true(access_idle_ms(access, now_ms + 1000) == 1000);
    assert_true(access_idle_ms(access, now_ms + 86400 * 1000) == 86400 * 1000);
    access = access_again(&clock, access, now_ms + 5000);
    assert_true(access_idle_ms(access, now_ms + 5000) == 0);
}

static void idle_time_survives_the_clock_wrapping(void **state)
{
    (void)state;
    struct access_clock clock = { 0 };
    const uint64_t wrap_ms = (1ull << 24) * 1000;
    uint32_t access = access_new(&clock, wrap_ms - 1000);
    assert_int_equal(access >> 24, 0);
    assert_true(access_idle_ms(access, wrap_ms + 2000) == 3000);
}

static void counts_grow_ever_more_slowly(void **state)
{
    (void)state;
    struct access_clock clock = {
        .counts = true, .log_factor = 10, .decay_minutes = 1, .random_state = 1
    };
    uint32_t access = access_new(&clock, now_ms);
    assert_int_equal(access_frequency(&clock, access, now_ms), 5);
    for (int i = 0; i < 100; i++) {
        access = access_again(&clock, access, now_ms);
    }
    assert_in_range(access_frequency(&clock, access, now_ms), 6, 20);
    for (int i = 0; i < 100000; i++) {
        access = access_again(&clock, access, now_ms);
    }
    assert_in_range(access_frequency(&clock, access, now_ms), 100, 200);
    for (int i = 0; i < 3000000; i++) {
        access = access_again(&clock, access, now_ms);
    }
    assert_int_equal(access_frequency(&clock, access, now_ms), 255);
}

static void counts_decay_by_one_a_minute(void **state)
{
    (void)state;
    struct access_clock clock = {
        .counts = true, .log_factor = 10, .decay_minutes = 1, .random_state = 1
    };
    uint32_t access = access_new(&clock, now_ms);
    assert_int_equal(access_frequency(&clock, access, now_ms + 2 * 60000), 3);
    assert_int_equal(access_frequency(&clock, access, now_ms + 60 * 60000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_time_is_in_whole_seconds),
        cmocka_unit_test(idle_time_survives_the_clock_wrapping),
        cmocka_unit_test(counts_grow_ever_more_slowly),
        cmocka_unit_test(counts_decay_by_one_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
