#include "proxy/discovery/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct address one = { "10.0.0.1", 6380 };
static const struct address two = { "10.0.0.2", 6380 };

static bool second_answers(void *context, const struct address *address)
{
    (void)context;
    return address_equal(address, &two);
}

static size_t count_of(const struct members *members)
{
    struct view view;
    members_view(members, NULL, NULL, &view);
    size_t count = view.count;
    view_fini(&view);
    return count;
}

static void are_not_known_before_every_source_answered(void **state)
{
    struct members *members = members_new(2, NULL, NULL);

    (void)state;
    assert_false(members_known(members));
    members_answer(members, 0, ANSWER_FOUND, &one, 1);
    assert_false(members_known(members));
    members_answer(members, 1, ANSWER_FAILED, NULL, 0);
    assert_false(members_known(members));
    members_answer(members, 1, ANSWER_NOBODY, NULL, 0);
    assert_true(members_known(members));
    members_free(members);
}

static void stay_when_an_answer_failed(void **state)
{
    struct members *members = members_new(1, NULL, NULL);

    (void)state;
    members_answer(members, 0, ANSWER_FOUND, (const struct address[]){ one, two }, 2);
    members_answer(members, 0, ANSWER_FAILED, NULL, 0);
    assert_int_equal(count_of(members), 2);
    members_free(members);
}

static void that_answer_stay_when_nobody_is_listed(void **state)
{
    struct members *members = members_new(1, second_answers, NULL);
    struct view view;

    (void)state;
    members_answer(members, 0, ANSWER_FOUND, (const struct address[]){ one, two }, 2);
    members_answer(members, 0, ANSWER_NOBODY, NULL, 0);
    members_view(members, NULL, NULL, &view);
    assert_int_equal(view.count, 1);
    assert_true(address_equal(&view.members[0], &two));
    view_fini(&view);
    members_free(members);
}

static void not_listed_any_more_leave_even_if_they_answer(void **state)
{
    struct members *members = members_new(1, second_answers, NULL);

    (void)state;
    members_answer(members, 0, ANSWER_FOUND, (const struct address[]){ one, two }, 2);
    members_answer(members, 0, ANSWER_FOUND, &one, 1);
    assert_int_equal(count_of(members), 1);
    members_free(members);
}

static void are_the_union_of_all_sources(void **state)
{
    struct members *members = members_new(2, NULL, NULL);

    (void)state;
    members_answer(members, 0, ANSWER_FOUND, &one, 1);
    members_answer(members, 1, ANSWER_FOUND, (const struct address[]){ two, one, two }, 3);
    assert_int_equal(count_of(members), 2);
    members_free(members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_not_known_before_every_source_answered),
        cmocka_unit_test(stay_when_an_answer_failed),
        cmocka_unit_test(that_answer_stay_when_nobody_is_listed),
        cmocka_unit_test(not_listed_any_more_leave_even_if_they_answer),
        cmocka_unit_test(are_the_union_of_all_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
