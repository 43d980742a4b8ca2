/* Groups: who has what pending, and how far behind they are. */

#include "cache/types/stream_group.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct stream_id id_of(uint64_t ms)
{
    return (struct stream_id){ ms, 0 };
}

static struct stream *filled(uint64_t entries)
{
    struct stream *stream = stream_new();
    struct span fields[] = { SPAN("f"), SPAN("v") };

    for (uint64_t ms = 1; ms <= entries; ms++) {
        stream_append(stream, id_of(ms), fields, 1, &type_limits_default);
    }
    return stream;
}

static void a_pending_entry_has_one_consumer(void **state)
{
    struct stream *stream = filled(1);
    struct stream_group *group = stream_group_add(stream, SPAN("g"), STREAM_ID_MIN, 0);
    struct stream_consumer *a = stream_consumer_add(group, SPAN("a"), 1);
    struct stream_consumer *b = stream_consumer_add(group, SPAN("b"), 1);
    (void)state;

    struct stream_pending *pending = stream_pending_add(group, a, id_of(1), 2);
    assert_ptr_equal(stream_pending_find(group, id_of(1)), pending);
    assert_int_equal(a->pending.count, 1);
    stream_pending_give(pending, b);
    stream_pending_give(pending, b);
    assert_int_equal(a->pending.count, 0);
    assert_int_equal(b->pending.count, 1);
    assert_ptr_equal(pending->consumer, b);
    stream_consumer_remove(group, a);
    assert_int_equal(group->pending.count, 1);
    stream_consumer_remove(group, b);
    assert_int_equal(group->pending.count, 0);
    stream_free(stream);
}

static void entries_are_wanted_until_all_groups_are_done(void **state)
{
    struct stream *stream = filled(2);
    (void)state;

    assert_false(stream_is_wanted(stream, id_of(1)));
    struct stream_group *group = stream_group_add(stream, SPAN("g"), STREAM_ID_MIN, 0);
    stream_group_add(stream, SPAN("h"), id_of(1), 1);
    assert_true(stream_is_wanted(stream, id_of(1)));
    stream_group_read(group, stream, id_of(1));
    assert_false(stream_is_wanted(stream, id_of(1)));
    stream_pending_add(group, stream_consumer_add(group, SPAN("a"), 1), id_of(1), 2);
    assert_true(stream_is_wanted(stream, id_of(1)));
    assert_true(stream_release(stream, id_of(1)));
    assert_false(stream_release(stream, id_of(1)));
    assert_false(stream_is_wanted(stream, id_of(1)));
    assert_true(stream_is_wanted(stream, id_of(2)));
    stream_free(stream);
}

static void assert_lag(const struct stream *stream, const struct stream_group *group,
                       int64_t expected)
{
    int64_t lag;

    assert_true(stream_group_lag(stream, group, &lag));
    assert_int_equal(lag, expected);
}

static void knows_its_lag_as_long_as_nothing_is_deleted_ahead(void **state)
{
    struct stream *stream = filled(5);
    struct stream_group *group =
        stream_group_add(stream, SPAN("g"), STREAM_ID_MIN, STREAM_READ_UNKNOWN);
    int64_t lag;
    (void)state;

    assert_lag(stream, group, 5);
    stream_group_read(group, stream, id_of(1));
    assert_int_equal(group->entries_read, 1);
    assert_lag(stream, group, 4);
    stream_delete(stream, id_of(4));
    assert_false(stream_group_lag(stream, group, &lag));
    stream_group_read(group, stream, id_of(2));
    assert_int_equal(group->entries_read, STREAM_READ_UNKNOWN);
    stream_group_read(group, stream, id_of(5));
    assert_int_equal(group->entries_read, 5);
    assert_lag(stream, group, 0);
    stream_free(stream);
}

static void a_copy_is_the_same_and_nobody_elses(void **state)
{
    enum { ENTRIES = 300, CONSUMERS = 5 };
    struct stream *stream = filled(ENTRIES);
    struct stream_group *group = stream_group_add(stream, SPAN("g"), id_of(ENTRIES), ENTRIES);
    uint64_t random = 9;
    (void)state;

    for (uint64_t i = 0; i < CONSUMERS; i++) {
        stream_consumer_add(group, (struct span){ "abcde" + i, 1 }, (int64_t)i);
    }
    for (uint64_t ms = 1; ms <= ENTRIES; ms++) {
        struct span name = { "abcde" + random_below(&random, CONSUMERS), 1 };
        stream_pending_add(group, stream_consumer_find(group, name), id_of(ms), (int64_t)ms);
    }
    struct stream *copy = type_stream.copy(stream);
    const struct stream_group *other = stream_group_find(copy, SPAN("g"));
    for (uint64_t ms = 1; ms <= ENTRIES; ms++) {
        const struct stream_pending *pending = stream_pending_find(group, id_of(ms));
        const struct stream_pending *copied = stream_pending_find(other, id_of(ms));
        assert_non_null(copied);
        assert_ptr_not_equal(copied, pending);
        assert_int_equal(copied->delivered_at_ms, ms);
        assert_true(span_equal(stream_consumer_name(copied->consumer),
                               stream_consumer_name(pending->consumer)));
        assert_ptr_equal(stream_consumer_find(other, stream_consumer_name(copied->consumer)),
                         copied->consumer);
    }
    stream_free(stream);
    assert_true(stream_has(copy, id_of(ENTRIES)));
    stream_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pending_entry_has_one_consumer),
        cmocka_unit_test(entries_are_wanted_until_all_groups_are_done),
        cmocka_unit_test(knows_its_lag_as_long_as_nothing_is_deleted_ahead),
        cmocka_unit_test(a_copy_is_the_same_and_nobody_elses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
