/* Owned bytes. */

#include "cache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void holds_what_was_added_in_order(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (int i = 0; i < 1000; i++) {
        assert_true(buf_add(&buf, SPAN("0123456789")));
    }
    assert_int_equal(buf_span(&buf).len, 10000);
    assert_memory_equal(buf_span(&buf).bytes + 9990, "0123456789", 10);
    buf_fini(&buf);
}

static void stops_at_its_maximum_and_not_before(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    assert_true(buf_add(&buf, SPAN("12345")));
    assert_false(buf_add(&buf, SPAN("123456")));
    assert_true(buf_add(&buf, SPAN("67890")));
    assert_false(buf_add(&buf, SPAN("x")));
    assert_true(buf_add(&buf, SPAN("")));
    assert_true(span_equal(buf_span(&buf), SPAN("1234567890")));
    buf_fini(&buf);
}

static void the_maximum_is_of_readable_bytes_only(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    for (int i = 0; i < 100; i++) {
        assert_true(buf_add(&buf, SPAN("abcdefghij")));
        buf_consume(&buf, 7);
        assert_true(span_equal(buf_span(&buf), SPAN("hij")));
        assert_null(buf_reserve(&buf, 8));
        buf_consume(&buf, 3);
    }
    buf_fini(&buf);
}

static void consuming_keeps_the_rest(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    size_t added = 0, taken = 0;
    for (int i = 0; i < 5000; i++) {
        char byte = (char)added++;
        assert_true(buf_add(&buf, (struct span){ &byte, 1 }));
        byte = (char)added++;
        assert_true(buf_add(&buf, (struct span){ &byte, 1 }));
        assert_int_equal(buf_span(&buf).bytes[0], (char)taken);
        buf_consume(&buf, 1);
        taken++;
    }
    assert_int_equal(buf_span(&buf).len, added - taken);
    buf_fini(&buf);
}

static void a_long_queue_is_rarely_moved(void **state)
{
    (void)state;
    enum { LONG = 100000, ROUNDS = 100000 };
    struct buf buf;
    buf_init(&buf, 1 << 20);
    char *room = buf_reserve(&buf, LONG);
    memset(room, 'a', LONG);
    buf_commit(&buf, LONG);

    int moves = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const char *second = buf_span(&buf).bytes + 1;
        buf_consume(&buf, 1);
        assert_true(buf_add(&buf, SPAN("b")));
        moves += buf_span(&buf).bytes != second;
    }
    assert_true(moves <= 2);
    assert_int_equal(buf_span(&buf).len, LONG);
    buf_fini(&buf);
}

static void cutting_drops_the_end(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    assert_true(buf_add(&buf, SPAN("keep this")));
    buf_cut(&buf, 4);
    assert_true(span_equal(buf_span(&buf), SPAN("keep")));
    buf_fini(&buf);
}

static void grows_exactly_as_far_as_it_is_told(void **state)
{
    (void)state;
    enum { FIRST = 100000, MORE = 50000 };
    struct buf buf;
    buf_init(&buf, FIRST + MORE);
    char *room = buf_reserve(&buf, FIRST);
    memset(room, 'a', FIRST);
    buf_commit(&buf, FIRST);
    room = buf_reserve_exactly(&buf, MORE);
    memset(room, 'b', MORE);
    buf_commit(&buf, MORE);
    assert_true(buf.capacity < FIRST + MORE + (FIRST + MORE) / 4);
    assert_memory_equal(buf_span(&buf).bytes + FIRST - 1, "ab", 2);
    assert_null(buf_reserve_exactly(&buf, 1));
    buf_consume(&buf, FIRST);
    assert_non_null(buf_reserve_exactly(&buf, FIRST));
    assert_memory_equal(buf_span(&buf).bytes, "bb", 2);
    buf_fini(&buf);
}

static void trims_only_when_empty_and_large(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    assert_non_null(buf_reserve(&buf, 100000));
    buf_commit(&buf, 1);
    buf_trim(&buf, 1000);
    assert_true(buf.capacity >= 100000);
    buf_consume(&buf, 1);
    buf_trim(&buf, 1000000);
    assert_true(buf.capacity >= 100000);
    buf_trim(&buf, 1000);
    assert_int_equal(buf.capacity, 0);
    assert_int_equal(buf_span(&buf).len, 0);
    buf_fini(&buf);
}

static void adds_a_text_whole_or_not_at_all(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 2000);
    assert_true(buf_addf(&buf, "%d-%s", 7, "x"));
    assert_true(span_equal(buf_span(&buf), SPAN("7-x")));
    assert_true(buf_addf(&buf, "%01997d", 5));
    assert_int_equal(buf.len, 2000);
    assert_int_equal(buf_span(&buf).bytes[1999], '5');
    assert_false(buf_addf(&buf, "y"));
    assert_int_equal(buf.len, 2000);
    buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_added_in_order),
        cmocka_unit_test(stops_at_its_maximum_and_not_before),
        cmocka_unit_test(the_maximum_is_of_readable_bytes_only),
        cmocka_unit_test(consuming_keeps_the_rest),
        cmocka_unit_test(a_long_queue_is_rarely_moved),
        cmocka_unit_test(cutting_drops_the_end),
        cmocka_unit_test(adds_a_text_whole_or_not_at_all),
        cmocka_unit_test(grows_exactly_as_far_as_it_is_told),
        cmocka_unit_test(trims_only_when_empty_and_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
