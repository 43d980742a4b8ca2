#include "proxy/routing/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct address shuffled[] = {
    { "10.0.0.3", 6380 }, { "10.0.0.1", 6380 }, { "10.0.0.2", 6380 },
    { "10.0.0.1", 6380 }, { "10.0.0.1", 6379 },
};

static bool is_second(void *context, const struct address *address)
{
    (void)context;
    return strcmp(address->host, "10.0.0.2") == 0;
}

static void is_sorted_and_without_duplicates(void **state)
{
    struct view view;

    (void)state;
    view_init(&view, shuffled, 5, NULL, NULL);
    assert_int_equal(view.count, 4);
    assert_int_equal(view.members[0].port, 6379);
    for (uint16_t i = 1; i < view.count; i++) {
        assert_true(address_compare(&view.members[i - 1], &view.members[i]) < 0);
    }
    view_fini(&view);
}

static void knows_which_member_is_this_process(void **state)
{
    struct view view;

    (void)state;
    view_init(&view, shuffled, 5, is_second, NULL);
    assert_string_equal(view.members[view.self].host, "10.0.0.2");
    view_fini(&view);
    view_init(&view, shuffled, 1, is_second, NULL);
    assert_int_equal(view.self, VIEW_NO_SELF);
    view_fini(&view);
}

static void is_equal_whatever_the_order_of_the_answer(void **state)
{
    struct address turned[5];
    struct view a, b, copy;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        turned[i] = shuffled[4 - i];
    }
    view_init(&a, shuffled, 5, is_second, NULL);
    view_init(&b, turned, 5, is_second, NULL);
    view_copy(&copy, &a);
    assert_true(view_equal(&a, &b));
    assert_true(view_equal(&copy, &b));
    view_fini(&b);
    view_init(&b, turned, 3, is_second, NULL);
    assert_false(view_equal(&a, &b));
    view_fini(&a);
    view_fini(&b);
    view_fini(&copy);
}

static void finds_a_member_by_its_address(void **state)
{
    struct address stranger = { "10.0.0.9", 6380 };
    struct view view;

    (void)state;
    view_init(&view, shuffled, 5, NULL, NULL);
    assert_int_equal(view_find(&view, &shuffled[0]), 3);
    assert_int_equal(view_find(&view, &stranger), -1);
    view_fini(&view);
    assert_int_equal(view_find(&view, &stranger), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_sorted_and_without_duplicates),
        cmocka_unit_test(knows_which_member_is_this_process),
        cmocka_unit_test(is_equal_whatever_the_order_of_the_answer),
        cmocka_unit_test(finds_a_member_by_its_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
