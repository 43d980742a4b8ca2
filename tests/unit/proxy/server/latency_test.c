/* Samples of what took too long, as they are kept, drawn and explained. */

#include "tests/unit/proxy/server/fixture.h"

#include "proxy/server/latency.h"
#include "proxy/server/latency_graph.h"
#include "proxy/server/latency_report.h"

enum { TEXT_MAX = 1 << 16 };

static const char *const flags[] = { "--latency-monitor-threshold", "10" };

static struct latency_series series_of(const uint64_t *ms, size_t count, uint64_t first_s)
{
    struct latency_series series = { .count = count };

    for (size_t i = 0; i < count; i++) {
        series.samples[i] = (struct latency_sample){ .at_s = first_s + i, .ms = ms[i] };
        series.max_ms = ms[i] > series.max_ms ? ms[i] : series.max_ms;
    }
    return series;
}

static void keeps_what_reaches_the_threshold(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, flags, 2);
    struct server *server = fixture.server;

    latency_sample(server, LATENCY_COMMAND, 9);
    assert_null(server->latency.series[LATENCY_COMMAND]);
    latency_sample(server, LATENCY_COMMAND, 10);

    assert_int_equal(server->latency.series[LATENCY_COMMAND]->count, 1);
    assert_int_equal(server->latency.series[LATENCY_COMMAND]->max_ms, 10);
    fixture_fini(&fixture);
}

static void keeps_nothing_without_a_threshold(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);

    assert_int_equal(latency_begin(fixture.server), 0);
    latency_sample(fixture.server, LATENCY_COMMAND, 1000000);

    assert_null(fixture.server->latency.series[LATENCY_COMMAND]);
    fixture_fini(&fixture);
}

static void a_second_keeps_its_worst(void **state)
{
    (void)state;
    struct latency_series series = { 0 };

    latency_series_add(&series, 7, 20);
    latency_series_add(&series, 7, 30);
    latency_series_add(&series, 7, 10);
    latency_series_add(&series, 8, 15);

    assert_int_equal(series.count, 2);
    assert_int_equal(latency_series_at(&series, 0)->at_s, 7);
    assert_int_equal(latency_series_at(&series, 0)->ms, 30);
    assert_int_equal(latency_series_at(&series, 1)->ms, 15);
    assert_int_equal(series.max_ms, 30);
}

static void forgets_the_oldest_second_but_not_the_worst(void **state)
{
    (void)state;
    struct latency_series series = { 0 };

    latency_series_add(&series, 1, 1000);
    for (uint64_t i = 0; i < LATENCY_SAMPLES + 3; i++) {
        latency_series_add(&series, 2 + i, 100 + i);
    }

    assert_int_equal(series.count, LATENCY_SAMPLES);
    assert_int_equal(latency_series_at(&series, 0)->ms, 103);
    assert_int_equal(latency_series_at(&series, LATENCY_SAMPLES - 1)->ms, 102 + LATENCY_SAMPLES);
    assert_int_equal(series.max_ms, 1000);
}

static void names_are_found_as_they_are_told(void **state)
{
    (void)state;

    for (int event = 0; event < LATENCY_EVENTS; event++) {
        const char *name = latency_event_name((enum latency_event)event);
        assert_int_equal(latency_event_named(span_from(name)), event);
    }
    assert_int_equal(latency_event_named(SPAN("COMMAND")), LATENCY_EVENTS);
}

static void answers_as_redis_does(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, flags, 2);
    struct client client;
    client_init(&client, &fixture);
    latency_sample(fixture.server, LATENCY_COMMAND, 50);
    fixture.server->latency.series[LATENCY_COMMAND]->samples[0].at_s = 7;

    assert_string_equal(client_asks(&client, "LATENCY LATEST\r\n"),
                        "*1\r\n*4\r\n$7\r\ncommand\r\n:7\r\n:50\r\n:50\r\n");
    assert_string_equal(client_asks(&client, "LATENCY HISTORY command\r\nLATENCY HISTORY x\r\n"),
                        "*1\r\n*2\r\n:7\r\n:50\r\n*0\r\n");
    assert_string_equal(client_asks(&client, "LATENCY GRAPH x\r\n"),
                        "-ERR No samples available for event 'x'\r\n");
    assert_string_equal(client_asks(&client, "LATENCY RESET x\r\nLATENCY RESET command x\r\n"),
                        ":0\r\n:1\r\n");
    assert_string_equal(client_asks(&client, "LATENCY LATEST\r\nLATENCY RESET\r\n"),
                        "*0\r\n:0\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

static void assert_graph(const struct latency_series *series, uint64_t now_s, const char *expected)
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    latency_graph(&text, "command", series, now_s);
    struct span drawn = buf_span(&text);
    assert_int_equal(drawn.len, strlen(expected));
    assert_memory_equal(drawn.bytes, expected, drawn.len);
    buf_fini(&text);
}

#define RULE "--------------------------------------------------------------------------------\n"

static void draws_as_redis_does(void **state)
{
    (void)state;
    const uint64_t ms[] = { 50, 100, 30 };
    struct latency_series series = series_of(ms, 3, 100);

    assert_graph(&series, 103,
                 "command - high 100 ms, low 30 ms (all time high 100 ms)\n" RULE
                 " # \n | \n_| \n||_\n   \n321\nsss\n");
}

static void draws_one_sample_and_long_ages(void **state)
{
    (void)state;
    const uint64_t ms[] = { 50 };
    struct latency_series series = series_of(ms, 1, 100);
    static const struct {
        uint64_t age_s;
        const char *age;
    } rows[] = {
        { 0, "0\ns\n" },    { 59, "5\n9\ns\n" },    { 60, "1\nm\n" },    { 3599, "5\n9\nm\n" },
        { 3600, "1\nh\n" }, { 86399, "2\n3\nh\n" }, { 86400, "1\nd\n" }, { 864000, "1\n0\nd\n" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[512];
        snprintf(expected, sizeof(expected),
                 "command - high 50 ms, low 50 ms (all time high 50 ms)\n" RULE " \n \n \n_\n \n%s",
                 rows[i].age);
        assert_graph(&series, 100 + rows[i].age_s, expected);
    }
}

static void draws_what_is_too_wide_in_two_parts(void **state)
{
    (void)state;
    uint64_t ms[81];
    for (size_t i = 0; i < 81; i++) {
        ms[i] = i == 80 ? 20 : 10;
    }
    struct latency_series series = series_of(ms, 81, 100);
    struct buf text;

    buf_init(&text, TEXT_MAX);
    latency_graph(&text, "command", &series, 181);
    buf_add(&text, SPAN("\0"));

    const char *second = strstr(buf_span(&text).bytes, "\n\n");
    assert_non_null(second);
    assert_string_equal(second + 2, "#\n|\n|\n|\n \n1\ns\n");
    buf_fini(&text);
}

static const char *report(const struct latency *latency, bool slowlog)
{
    static char copy[TEXT_MAX];
    struct buf text;

    buf_init(&text, TEXT_MAX);
    latency_report(&text, latency, slowlog, 200);
    struct span said = buf_span(&text);
    memcpy(copy, said.bytes, said.len);
    copy[said.len] = '\0';
    buf_fini(&text);
    return copy;
}

static void explains_each_event_and_advises_once(void **state)
{
    (void)state;
    const uint64_t ms[] = { 10, 30 };
    struct latency_series series = series_of(ms, 2, 100);
    struct latency latency = { .threshold_ms = 10 };
    latency.series[LATENCY_COMMAND] = latency.series[LATENCY_FAST_COMMAND] = &series;

    const char *text = report(&latency, true);

    assert_non_null(strstr(text, "command: 2 spikes, 20 ms on average (mean deviation 10 ms), one "
                                 "in 50.0 s; the worst ever took 30 ms.\n"));
    const char *advice = strstr(text, "SLOWLOG GET");
    assert_non_null(advice);
    assert_null(strstr(advice + 1, "SLOWLOG GET"));
    assert_non_null(strstr(text, "CPU limit"));
    assert_non_null(strstr(report(&latency, false), "The slow log is off"));
}

static void says_that_there_is_nothing_to_say(void **state)
{
    (void)state;
    struct latency latency = { .threshold_ms = 0 };

    assert_non_null(strstr(report(&latency, true), "not monitored"));
    latency.threshold_ms = 25;
    assert_string_equal(report(&latency, true),
                        "Nothing took 25 ms or longer since monitoring began.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_reaches_the_threshold),
        cmocka_unit_test(keeps_nothing_without_a_threshold),
        cmocka_unit_test(a_second_keeps_its_worst),
        cmocka_unit_test(forgets_the_oldest_second_but_not_the_worst),
        cmocka_unit_test(names_are_found_as_they_are_told),
        cmocka_unit_test(answers_as_redis_does),
        cmocka_unit_test(draws_as_redis_does),
        cmocka_unit_test(draws_one_sample_and_long_ages),
        cmocka_unit_test(draws_what_is_too_wide_in_two_parts),
        cmocka_unit_test(explains_each_event_and_advises_once),
        cmocka_unit_test(says_that_there_is_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
