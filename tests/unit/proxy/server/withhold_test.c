/* What may leave while writes are on their way to the disk. */

#include "proxy/server/withhold.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void nothing_is_withheld_from_who_wrote_nothing(void **state)
{
    struct withheld withheld = { 0 };

    (void)state;
    assert_int_equal(withheld_open(&withheld, 100), 100);
    withheld_left(&withheld, 100, 0);
    assert_false(withheld_is_on(&withheld));
    assert_false(withheld_release(&withheld, 1000));
}

static void what_could_leave_before_still_may(void **state)
{
    struct withheld withheld = { 0 };

    (void)state;
    withheld_left(&withheld, 0, 30); /* The client does not read. */
    withheld_until(&withheld, 5, 50);
    assert_int_equal(withheld_open(&withheld, 50), 30);
    withheld_left(&withheld, 10, 40);
    assert_int_equal(withheld_open(&withheld, 40), 20);
    assert_false(withheld_release(&withheld, 4));
    assert_true(withheld_release(&withheld, 5));
    assert_int_equal(withheld_open(&withheld, 40), 40);
    assert_false(withheld_is_on(&withheld));
}

static void who_never_stops_writing_is_answered(void **state)
{
    struct withheld withheld = { 0 };
    size_t len = 0;

    (void)state;
    /* Each turn 10 bytes are answered; a commit takes three turns, and takes all there is. */
    uint64_t committing = 0, asked = 0;
    for (uint64_t turn = 1; turn < 100; turn++) {
        len += 10;
        asked = turn;
        withheld_until(&withheld, asked, len);
        if (turn % 3 == 0) {
            withheld_release(&withheld, committing);
            committing = asked;
            size_t open = withheld_open(&withheld, len);
            assert_true(turn <= 6 || open >= 20);
            len -= open;
            withheld_left(&withheld, open, len);
            assert_true(len <= 60);
        }
    }
}

static void later_answers_wait_behind_the_mark(void **state)
{
    struct withheld withheld = { 0 };

    (void)state;
    withheld_until(&withheld, 5, 10);
    assert_int_equal(withheld_open(&withheld, 25), 0);
    withheld_until(&withheld, 9, 40);
    assert_true(withheld_release(&withheld, 5));
    assert_int_equal(withheld_open(&withheld, 40), 10);
    assert_true(withheld_release(&withheld, 9));
    assert_int_equal(withheld_open(&withheld, 40), 40);
}

static void both_may_be_safe_at_once(void **state)
{
    struct withheld withheld = { 0 };

    (void)state;
    withheld_until(&withheld, 5, 10);
    withheld_until(&withheld, 9, 20);
    assert_true(withheld_release(&withheld, 9));
    assert_false(withheld_is_on(&withheld));
    assert_int_equal(withheld_open(&withheld, 20), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_withheld_from_who_wrote_nothing),
        cmocka_unit_test(what_could_leave_before_still_may),
        cmocka_unit_test(who_never_stops_writing_is_answered),
        cmocka_unit_test(later_answers_wait_behind_the_mark),
        cmocka_unit_test(both_may_be_safe_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
