/* Who stands in line for which key, and what becomes ready when. */

#include "proxy/server/lines.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void join(struct lines *lines, struct place *place, void *waiter, int db, const char *key)
{
    *place = (struct place){ .waiter = waiter };
    assert_true(lines_join(lines, place, db, span_from(key)));
}

static void change(struct lines *lines, int db, const char *key)
{
    struct span name = span_from(key);

    lines_change(lines, &(struct change){ .db = db, .keys = &name, .key_count = 1 });
}

static void assert_ready(struct lines *lines, const char *key)
{
    struct line *line = lines_take(lines);

    assert_non_null(line);
    assert_true(span_equal(line_key(line), span_from(key)));
    lines_put_down(lines, line);
}

static void a_line_keeps_the_order_of_arrival(void **state)
{
    struct lines lines;
    struct place places[3];
    (void)state;

    lines_init(&lines, 16, 7);
    for (size_t i = 0; i < COUNT(places); i++) {
        join(&lines, &places[i], &places[i], 0, "k");
    }
    lines_leave(&lines, &places[1]);
    change(&lines, 0, "k");
    struct line *line = lines_take(&lines);
    assert_ptr_equal(line->first, &places[0]);
    assert_ptr_equal(line->first->next, &places[2]);
    assert_null(line->first->next->next);
    lines_leave(&lines, &places[0]);
    lines_leave(&lines, &places[2]);
    assert_int_equal(lines.count, 1); /* It is in somebody's hands. */
    lines_put_down(&lines, line);
    assert_int_equal(lines.count, 0);
    lines_fini(&lines);
}

static void nobody_stands_twice_in_a_row_in_one_line(void **state)
{
    struct lines lines;
    struct place first, second;
    (void)state;

    lines_init(&lines, 16, 7);
    join(&lines, &first, &lines, 0, "k");
    second = (struct place){ .waiter = &lines };
    assert_false(lines_join(&lines, &second, 0, SPAN("k")));
    lines_leave(&lines, &first);
    lines_fini(&lines);
}

static void keys_are_ready_once_and_in_the_order_of_changes(void **state)
{
    struct lines lines;
    struct place places[2];
    (void)state;

    lines_init(&lines, 16, 7);
    join(&lines, &places[0], &places[0], 0, "a");
    join(&lines, &places[1], &places[1], 0, "b");
    change(&lines, 0, "b");
    change(&lines, 0, "nobody's");
    change(&lines, 0, "a");
    change(&lines, 0, "b");
    assert_int_equal(lines.ready_count, 2);
    assert_ready(&lines, "b");
    change(&lines, 0, "b"); /* Behind those that are ready already. */
    assert_ready(&lines, "a");
    assert_ready(&lines, "b");
    assert_null(lines_take(&lines));
    lines_leave(&lines, &places[0]);
    lines_leave(&lines, &places[1]);
    lines_fini(&lines);
}

static void a_whole_database_makes_its_own_lines_ready(void **state)
{
    struct lines lines;
    struct place places[2];
    (void)state;

    lines_init(&lines, 16, 7);
    join(&lines, &places[0], &places[0], 0, "a");
    join(&lines, &places[1], &places[1], 3, "b");
    lines_change(&lines, &(struct change){ .db = 3, .everything = true });
    assert_ready(&lines, "b");
    assert_null(lines_take(&lines));
    lines_change(&lines, &(struct change){ .db = -1, .everything = true });
    assert_int_equal(lines.ready_count, 2);
    lines_leave(&lines, &places[0]); /* A ready line of nobody goes when it is taken. */
    lines_leave(&lines, &places[1]);
    assert_int_equal(lines.count, 2);
    assert_ready(&lines, "a");
    assert_ready(&lines, "b");
    assert_int_equal(lines.count, 0);
    lines_fini(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_keeps_the_order_of_arrival),
        cmocka_unit_test(nobody_stands_twice_in_a_row_in_one_line),
        cmocka_unit_test(keys_are_ready_once_and_in_the_order_of_changes),
        cmocka_unit_test(a_whole_database_makes_its_own_lines_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
