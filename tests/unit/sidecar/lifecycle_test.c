/* The life of the process, step by step. */

#include "sidecar/lifecycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DRAIN_MS = 5000 };

static struct lifecycle ready(void)
{
    struct lifecycle life = { 0 };
    lifecycle_step(&life, LIFE_LISTENS, 100, DRAIN_MS);
    assert_int_equal(life.state, LIFE_READY);
    return life;
}

static struct lifecycle draining(uint64_t since_ms)
{
    struct lifecycle life = ready();
    struct lifecycle_todo todo = lifecycle_step(&life, LIFE_TOLD, since_ms, DRAIN_MS);
    assert_true(todo.drain);
    assert_false(todo.stop);
    assert_int_equal(life.state, LIFE_DRAINING);
    return life;
}

static void is_ready_once_it_listens(void **state)
{
    (void)state;
    struct lifecycle life = { 0 };
    assert_string_equal(lifecycle_name(life.state), "starting");
    struct lifecycle_todo todo = lifecycle_step(&life, LIFE_TICKS, 0, DRAIN_MS);
    assert_int_equal(life.state, LIFE_STARTING);
    todo = lifecycle_step(&life, LIFE_LISTENS, 0, DRAIN_MS);
    assert_false(todo.drain || todo.stop);
    assert_string_equal(lifecycle_name(life.state), "ready");
}

static void stops_at_once_while_it_starts(void **state)
{
    (void)state;
    struct lifecycle life = { 0 };
    struct lifecycle_todo todo = lifecycle_step(&life, LIFE_TOLD, 0, DRAIN_MS);
    assert_true(todo.stop);
    assert_false(todo.too_late);
    assert_int_equal(life.state, LIFE_STOPPED);
}

static void stays_ready_when_nobody_is_connected(void **state)
{
    (void)state;
    struct lifecycle life = ready();
    struct lifecycle_todo todo = lifecycle_step(&life, LIFE_IS_EMPTY, 200, DRAIN_MS);
    assert_false(todo.drain || todo.stop);
    assert_int_equal(life.state, LIFE_READY);
}

static void stops_when_the_last_connection_is_gone(void **state)
{
    (void)state;
    struct lifecycle life = draining(1000);
    assert_string_equal(lifecycle_name(life.state), "draining");
    struct lifecycle_todo todo = lifecycle_step(&life, LIFE_IS_EMPTY, 1001, DRAIN_MS);
    assert_true(todo.stop);
    assert_false(todo.too_late);
    assert_string_equal(lifecycle_name(life.state), "stopped");
}

static void waits_as_long_as_it_may_and_no_longer(void **state)
{
    (void)state;
    struct lifecycle life = draining(1000);
    struct lifecycle_todo todo = lifecycle_step(&life, LIFE_TICKS, 1000 + DRAIN_MS - 1, DRAIN_MS);
    assert_false(todo.stop);
    todo = lifecycle_step(&life, LIFE_TICKS, 1000 + DRAIN_MS, DRAIN_MS);
    assert_true(todo.stop);
    assert_true(todo.too_late);
}

static void a_second_signal_ends_it(void **state)
{
    (void)state;
    struct lifecycle life = draining(1000);
    struct lifecycle_todo todo = lifecycle_step(&life, LIFE_TOLD, 1001, DRAIN_MS);
    assert_true(todo.stop);
    assert_true(todo.too_late);
}

static void does_nothing_once_stopped(void **state)
{
    (void)state;
    struct lifecycle life = draining(1000);
    lifecycle_step(&life, LIFE_IS_EMPTY, 1001, DRAIN_MS);
    for (int event = LIFE_LISTENS; event <= LIFE_TICKS; event++) {
        struct lifecycle_todo todo =
            lifecycle_step(&life, (enum lifecycle_event)event, 99999, DRAIN_MS);
        assert_false(todo.drain || todo.stop || todo.too_late);
        assert_int_equal(life.state, LIFE_STOPPED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_ready_once_it_listens),
        cmocka_unit_test(stops_at_once_while_it_starts),
        cmocka_unit_test(stays_ready_when_nobody_is_connected),
        cmocka_unit_test(stops_when_the_last_connection_is_gone),
        cmocka_unit_test(waits_as_long_as_it_may_and_no_longer),
        cmocka_unit_test(a_second_signal_ends_it),
        cmocka_unit_test(does_nothing_once_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
