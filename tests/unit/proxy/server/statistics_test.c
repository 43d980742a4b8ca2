/* What the server counts. */

#include "proxy/server/statistics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void count_error(struct statistics *statistics, const char *answer)
{
    statistics_count_error(statistics, span_from(answer));
}

static void counts_errors_by_their_code(void **state)
{
    (void)state;
    struct statistics statistics;
    statistics_init(&statistics, 1);

    count_error(&statistics, "-ERR a\r\n");
    count_error(&statistics, "-WRONGTYPE b\r\n");
    count_error(&statistics, "-ERR c\r\n");
    count_error(&statistics, "-OOM\r\n");

    assert_int_equal(statistics.totals.errors, 4);
    assert_int_equal(statistics.error_count, 3);
    assert_string_equal(statistics.errors[0].code, "ERR");
    assert_int_equal(statistics.errors[0].count, 2);
    assert_string_equal(statistics.errors[1].code, "WRONGTYPE");
    assert_string_equal(statistics.errors[2].code, "OOM");
    statistics_fini(&statistics);
}

static void counts_further_codes_together(void **state)
{
    (void)state;
    struct statistics statistics;
    char answer[64];
    statistics_init(&statistics, 1);

    for (int i = 0; i < ERROR_CODES_MAX + 3; i++) {
        snprintf(answer, sizeof(answer), "-CODE%d text\r\n", i);
        count_error(&statistics, answer);
    }

    assert_int_equal(statistics.error_count, ERROR_CODES_MAX);
    assert_int_equal(statistics.errors[ERROR_CODES_MAX].count, 3);
    assert_int_equal(statistics.totals.errors, ERROR_CODES_MAX + 3);
    statistics_fini(&statistics);
}

static void averages_rates_over_the_last_samples(void **state)
{
    (void)state;
    struct statistics statistics;
    uint64_t now_ms = 1000;
    statistics_init(&statistics, 1);

    statistics_sample(&statistics, now_ms);
    for (int i = 0; i < RATE_SAMPLES; i++) {
        now_ms += RATE_EVERY_MS;
        statistics.totals.commands += 50;
        statistics_sample(&statistics, now_ms);
    }
    assert_int_equal(statistics.totals.ops_per_second, 500);

    /* Too early for another sample. */
    statistics.totals.commands += 1000000;
    statistics_sample(&statistics, now_ms + RATE_EVERY_MS - 1);
    assert_int_equal(statistics.totals.ops_per_second, 500);
    statistics_fini(&statistics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_errors_by_their_code),
        cmocka_unit_test(counts_further_codes_together),
        cmocka_unit_test(averages_rates_over_the_last_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
