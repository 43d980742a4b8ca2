/* Which stream of changes a data set is the result of. */

#include "proxy/replication/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"

static void agrees_with_its_own_name_only(void **state)
{
    (void)state;
    struct history history;

    history_begin(&history, A);
    assert_true(history_agrees(&history, SPAN(A), 1));
    assert_true(history_agrees(&history, SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 1));
    assert_false(history_agrees(&history, SPAN(B), 1));
    assert_false(history_agrees(&history, SPAN("?"), 1));
    /* The name of what is not there is nobody's. */
    assert_false(history_agrees(&history, SPAN("0000000000000000000000000000000000000000"), 0));
}

static void a_promoted_one_agrees_with_the_past_up_to_that_moment(void **state)
{
    (void)state;
    struct history history;

    history_begin(&history, A);
    history_follow(&history, SPAN(B), 500);
    history_promote(&history, C);
    assert_string_equal(history.id, C);
    assert_string_equal(history.id2, B);
    assert_int_equal(history.second_offset, 501);
    assert_true(history_agrees(&history, SPAN(B), 501));
    assert_false(history_agrees(&history, SPAN(B), 502));
    assert_true(history_agrees(&history, SPAN(C), 502));
}

static void following_another_forgets_what_was(void **state)
{
    (void)state;
    struct history history;

    history_begin(&history, A);
    history_promote(&history, B);
    history_follow(&history, SPAN(C), 7);
    assert_int_equal(history.offset, 7);
    assert_int_equal(history.second_offset, -1);
    assert_false(history_agrees(&history, SPAN(A), 1));
}

static void a_primary_that_was_renamed_is_followed_under_both_names(void **state)
{
    (void)state;
    struct history history;

    history_begin(&history, A);
    history_follow(&history, SPAN(B), 20);
    history_continue(&history, SPAN(B));
    assert_int_equal(history.second_offset, -1);
    history_continue(&history, SPAN(C));
    assert_string_equal(history.id, C);
    assert_string_equal(history.id2, B);
    assert_int_equal(history.second_offset, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_its_own_name_only),
        cmocka_unit_test(a_promoted_one_agrees_with_the_past_up_to_that_moment),
        cmocka_unit_test(following_another_forgets_what_was),
        cmocka_unit_test(a_primary_that_was_renamed_is_followed_under_both_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
