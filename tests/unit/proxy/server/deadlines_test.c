/* The earliest comes first, whatever is added, moved and removed. */

#include "proxy/server/deadlines.h"

#include "cache/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NODES = 200, STEPS = 20000 };

static const struct deadline *earliest(const struct deadline *nodes)
{
    const struct deadline *first = NULL;

    for (size_t i = 0; i < NODES; i++) {
        if (nodes[i].place != 0 && (first == NULL || nodes[i].at_ms < first->at_ms)) {
            first = &nodes[i];
        }
    }
    return first;
}

static void the_first_is_the_earliest_of_all(void **state)
{
    struct deadlines deadlines = { 0 };
    struct deadline nodes[NODES] = { 0 };
    uint64_t random = 1;
    size_t count = 0;
    (void)state;

    for (int i = 0; i < STEPS; i++) {
        struct deadline *node = &nodes[random_below(&random, NODES)];
        count -= node->place != 0;
        if (random_below(&random, 3) == 0) {
            deadlines_remove(&deadlines, node);
        } else {
            deadlines_set(&deadlines, node, random_below(&random, 1000));
            count++;
        }
        const struct deadline *first = earliest(nodes);
        assert_int_equal(deadlines.count, count);
        if (first == NULL) {
            assert_null(deadlines_first(&deadlines));
        } else {
            assert_int_equal(deadlines_first(&deadlines)->at_ms, first->at_ms);
        }
    }
    deadlines_fini(&deadlines);
}

static void removing_what_is_not_there_does_nothing(void **state)
{
    struct deadlines deadlines = { 0 };
    struct deadline node = { 0 };
    (void)state;

    deadlines_remove(&deadlines, &node);
    deadlines_set(&deadlines, &node, 5);
    deadlines_remove(&deadlines, &node);
    deadlines_remove(&deadlines, &node);
    assert_null(deadlines_first(&deadlines));
    assert_null(deadlines.nodes); /* Nothing is held for nothing. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_earliest_of_all),
        cmocka_unit_test(removing_what_is_not_there_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
