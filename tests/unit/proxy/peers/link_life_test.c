/* The states of a link, told by tables: no socket, no clock. */

#include "proxy/peers/link_life.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct link_times times = { .node_timeout_ms = 3000, .ping_every_ms = 300 };

static struct link_todo step(struct link_life *life, enum link_event event, uint64_t now_ms)
{
    return link_step(life, event, &times, now_ms, 0);
}

static struct link_life ready_at(uint64_t now_ms)
{
    struct link_life life = { 0 };

    step(&life, LINK_TICK, now_ms);
    step(&life, LINK_CONNECTED, now_ms);
    step(&life, LINK_GREETED, now_ms);
    return life;
}

static void waits_longer_after_each_failure(void **state)
{
    (void)state;
    static const uint64_t waits_ms[] = { 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000 };
    struct link_life life = { 0 };
    uint64_t now_ms = 1000;

    for (size_t i = 0; i < COUNT(waits_ms); i++) {
        assert_true(step(&life, LINK_TICK, now_ms).connect);
        assert_true(step(&life, LINK_FAILED, now_ms).close);
        assert_int_equal(life.retry_at_ms - now_ms, waits_ms[i]);
        assert_false(step(&life, LINK_TICK, life.retry_at_ms - 1).connect);
        now_ms = life.retry_at_ms;
    }
}

static void jitter_makes_a_wait_up_to_a_quarter_longer(void **state)
{
    (void)state;

    for (uint64_t random = 0; random < 100; random++) {
        struct link_life life = { .delay_ms = 100 };
        step(&life, LINK_TICK, 0);
        link_step(&life, LINK_FAILED, &times, 0, random);
        assert_in_range(life.retry_at_ms, 200, 250);
    }
}

static void starts_small_again_once_it_was_ready(void **state)
{
    (void)state;
    struct link_life life = { .delay_ms = 3200 };

    step(&life, LINK_TICK, 0);
    step(&life, LINK_CONNECTED, 1);
    step(&life, LINK_GREETED, 2);
    struct link_todo todo = step(&life, LINK_FAILED, 3);

    assert_true(todo.lost);
    assert_int_equal(life.retry_at_ms, 3 + LINK_DELAY_MIN_MS);
}

static void a_failed_greeting_is_not_a_lost_link(void **state)
{
    (void)state;
    struct link_life life = { 0 };

    step(&life, LINK_TICK, 0);
    assert_true(step(&life, LINK_CONNECTED, 0).greet);
    struct link_todo todo = step(&life, LINK_FAILED, 5);

    assert_true(todo.close);
    assert_false(todo.lost);
    assert_int_equal(life.state, LINK_DOWN);
}

static void pings_at_once_and_then_at_the_interval(void **state)
{
    (void)state;
    struct link_life life = { 0 };

    step(&life, LINK_TICK, 0);
    step(&life, LINK_CONNECTED, 0);
    struct link_todo todo = step(&life, LINK_GREETED, 10);
    assert_true(todo.ready);
    assert_true(todo.ping);

    assert_false(step(&life, LINK_TICK, 309).ping);
    assert_true(step(&life, LINK_TICK, 310).ping);
    assert_false(step(&life, LINK_TICK, 311).ping);
}

static void is_lost_after_silence_and_not_before(void **state)
{
    (void)state;
    struct link_life life = ready_at(0);

    step(&life, LINK_HEARD, 500);
    assert_false(step(&life, LINK_TICK, 3499).lost);
    struct link_todo todo = step(&life, LINK_TICK, 3500);

    assert_true(todo.lost);
    assert_true(todo.close);
    assert_int_equal(life.state, LINK_DOWN);
}

static void gives_up_a_connect_or_greeting_that_hangs(void **state)
{
    (void)state;
    struct link_life life = { 0 };

    step(&life, LINK_TICK, 0);
    assert_false(step(&life, LINK_TICK, 2999).close);
    assert_true(step(&life, LINK_TICK, 3000).close);

    life = (struct link_life){ 0 };
    step(&life, LINK_TICK, 0);
    step(&life, LINK_CONNECTED, 100);
    assert_false(step(&life, LINK_TICK, 3099).close);
    assert_true(step(&life, LINK_TICK, 3100).close);
}

static void a_draining_link_waits_for_answers_and_never_returns(void **state)
{
    (void)state;
    struct link_life life = ready_at(0);

    assert_false(step(&life, LINK_DRAIN, 10).close);
    assert_int_equal(life.state, LINK_DRAINING);
    assert_true(step(&life, LINK_IDLE, 20).close);
    assert_int_equal(life.state, LINK_DOWN);
    assert_false(step(&life, LINK_TICK, 100000).connect);
    assert_true(link_wake_at(&life, &times) == UINT64_MAX);
}

static void a_link_that_never_came_up_leaves_at_once(void **state)
{
    (void)state;
    static const enum link_state from[] = { LINK_DOWN, LINK_CONNECTING, LINK_GREETING };

    for (size_t i = 0; i < COUNT(from); i++) {
        struct link_life life = { .state = from[i] };
        step(&life, LINK_DRAIN, 10);
        assert_int_equal(life.state, LINK_DOWN);
        assert_false(step(&life, LINK_TICK, 100000).connect);
    }
}

static void idle_means_nothing_to_a_link_that_stays(void **state)
{
    (void)state;
    struct link_life life = ready_at(0);

    assert_false(step(&life, LINK_IDLE, 10).close);
    assert_int_equal(life.state, LINK_READY);
}

static void wakes_for_what_is_due_next(void **state)
{
    (void)state;
    struct link_life life = { .retry_at_ms = 70 };

    assert_int_equal(link_wake_at(&life, &times), 70);
    step(&life, LINK_TICK, 70);
    assert_int_equal(link_wake_at(&life, &times), 3070);
    life = ready_at(100);
    assert_int_equal(link_wake_at(&life, &times), 400);
    life.pinged_at_ms = 3000;
    assert_int_equal(link_wake_at(&life, &times), 3100);
}

static void pings_often_enough_for_the_lease_and_the_timeout(void **state)
{
    (void)state;
    static const struct {
        uint64_t lease, timeout, every;
    } rows[] = {
        { 1000, 3000, 333 }, { 30, 3000, 50 }, { 60000, 3000, 1000 }, { 1000, 90, 30 }, { 1, 1, 1 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(link_ping_every(rows[i].lease, rows[i].timeout), rows[i].every);
    }
}

static void a_quiet_link_is_neither_asked_nor_missed(void **state)
{
    (void)state;
    struct link_life life = { .quiet = true };

    step(&life, LINK_TICK, 0);
    step(&life, LINK_CONNECTED, 0);
    assert_int_equal(link_wake_at(&life, &times), times.node_timeout_ms); /* It may still fail. */
    assert_false(step(&life, LINK_GREETED, 0).ping);
    assert_true(link_wake_at(&life, &times) == UINT64_MAX);
    struct link_todo todo = step(&life, LINK_TICK, times.node_timeout_ms * 1000);
    assert_false(todo.ping || todo.close);
    assert_true(step(&life, LINK_FAILED, 1).lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_longer_after_each_failure),
        cmocka_unit_test(jitter_makes_a_wait_up_to_a_quarter_longer),
        cmocka_unit_test(starts_small_again_once_it_was_ready),
        cmocka_unit_test(a_failed_greeting_is_not_a_lost_link),
        cmocka_unit_test(pings_at_once_and_then_at_the_interval),
        cmocka_unit_test(is_lost_after_silence_and_not_before),
        cmocka_unit_test(gives_up_a_connect_or_greeting_that_hangs),
        cmocka_unit_test(a_draining_link_waits_for_answers_and_never_returns),
        cmocka_unit_test(a_link_that_never_came_up_leaves_at_once),
        cmocka_unit_test(idle_means_nothing_to_a_link_that_stays),
        cmocka_unit_test(wakes_for_what_is_due_next),
        cmocka_unit_test(pings_often_enough_for_the_lease_and_the_timeout),
        cmocka_unit_test(a_quiet_link_is_neither_asked_nor_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
