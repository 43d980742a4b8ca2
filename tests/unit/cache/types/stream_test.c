/* Streams against a list of entries. */

#include "cache/types/stream.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MODEL_MAX = 600 };

static const struct type_limits small = { .stream_node_max_bytes = 4096,
                                          .stream_node_max_entries = 4 };

static struct stream_id id_of(uint64_t ms)
{
    return (struct stream_id){ ms, ms % 3 };
}

/* With fields that depend on the number: a third of the entries has others than the rest. */
static void append(struct stream *stream, uint64_t ms)
{
    char text[32];
    struct span value = { text, (size_t)snprintf(text, sizeof(text), "value %d", (int)ms) };
    struct span fields[] = { SPAN("name"), value, SPAN("12"), SPAN("-7") };
    stream_append(stream, id_of(ms), fields, ms % 3 == 0 ? 2 : 1, &small);
}

static void check_fields(const struct stream_walk *walk)
{
    struct stream_field field;
    char text[32];
    snprintf(text, sizeof(text), "value %d", (int)walk->place.id.ms);

    assert_int_equal(walk->place.field_count, walk->place.id.ms % 3 == 0 ? 2 : 1);
    stream_field_first(&field, walk->block, &walk->place);
    assert_true(span_equal(field.name, SPAN("name")));
    assert_true(span_equal(field.value, span_from(text)));
    if (walk->place.field_count == 2) {
        stream_field_next(&field, walk->block, &walk->place);
        assert_true(span_equal(field.name, SPAN("12")));
        assert_true(span_equal(field.value, SPAN("-7")));
    }
}

struct model {
    uint64_t ms[MODEL_MAX];
    size_t count;
};

static void model_remove(struct model *model, size_t from, size_t count)
{
    memmove(model->ms + from, model->ms + from + count,
            (model->count - from - count) * sizeof(model->ms[0]));
    model->count -= count;
}

static void check_walk(const struct stream *stream, const struct model *model, uint64_t first,
                       uint64_t last, bool backwards)
{
    struct stream_walk walk;
    size_t from = 0, to = model->count;

    while (from < model->count && model->ms[from] < first) {
        from++;
    }
    while (to > from && model->ms[to - 1] > last) {
        to--;
    }
    stream_walk_start(&walk, stream, (struct stream_id){ first, 0 },
                      (struct stream_id){ last, UINT64_MAX }, backwards);
    for (size_t i = 0; i < to - from; i++) {
        assert_true(stream_walk_next(&walk));
        assert_int_equal(walk.place.id.ms, model->ms[backwards ? to - 1 - i : from + i]);
        check_fields(&walk);
    }
    assert_false(stream_walk_next(&walk));
}

static void check(const struct stream *stream, const struct model *model)
{
    struct stream_id first = model->count == 0 ? STREAM_ID_MIN : id_of(model->ms[0]);
    struct stream_id last = model->count == 0 ? STREAM_ID_MIN : id_of(model->ms[model->count - 1]);

    assert_int_equal(stream->length, model->count);
    assert_true(stream_id_equal(stream->first_id, first));
    assert_true(stream_id_equal(stream_last_entry(stream), last));
    check_walk(stream, model, 0, UINT64_MAX, false);
    check_walk(stream, model, 0, UINT64_MAX, true);
}

static void delete_one(struct stream *stream, struct model *model, uint64_t *random)
{
    size_t at = random_below(random, model->count);
    uint64_t ms = model->ms[at];

    assert_true(stream_has(stream, id_of(ms)));
    assert_true(stream_delete(stream, id_of(ms)));
    assert_false(stream_delete(stream, id_of(ms)));
    assert_false(stream_has(stream, id_of(ms)));
    model_remove(model, at, 1);
}

static void trim_some(struct stream *stream, struct model *model, uint64_t *random)
{
    uint64_t last = model->ms[model->count - 1];
    struct stream_trim trim = { .by_id = random_below(random, 2) == 0,
                                .length_max = model->count - random_below(random, 8) % model->count,
                                .min_id = { last - random_below(random, 30) % last, 0 },
                                .approximate = random_below(random, 2) == 0,
                                .limit = random_below(random, 3) * 4 };
    uint64_t trimmed = stream_trim(stream, &trim);
    size_t may = 0;

    while (may < model->count &&
           (trim.by_id ? model->ms[may] < trim.min_id.ms : model->count - may > trim.length_max)) {
        may++;
    }
    assert_true(trimmed <= may);
    assert_true(trim.limit == 0 || trimmed <= trim.limit);
    assert_true(trim.approximate || trim.limit > 0 || trimmed == may);
    model_remove(model, 0, (size_t)trimmed);
}

static void does_what_a_list_does(void **state)
{
    enum { STEPS = 6000 };
    static struct model model;
    struct stream *stream = stream_new();
    uint64_t random = 3;
    uint64_t ms = 1;
    (void)state;

    model.count = 0;
    for (size_t i = 0; i < STEPS; i++) {
        uint64_t what = random_below(&random, 10);
        if ((what < 6 && model.count < MODEL_MAX) || model.count == 0) {
            ms += 1 + random_below(&random, 3);
            append(stream, ms);
            model.ms[model.count++] = ms;
        } else if (what < 9) {
            delete_one(stream, &model, &random);
        } else {
            trim_some(stream, &model, &random);
        }
        if (i % 16 == 0) {
            check(stream, &model);
            uint64_t from = random_below(&random, ms + 5);
            check_walk(stream, &model, from, from + random_below(&random, 40), i % 32 == 0);
        }
    }
    check(stream, &model);
    stream_free(stream);
}

static void a_block_ends_where_the_limits_say(void **state)
{
    static const struct type_limits bytes = { .stream_node_max_bytes = 100 };
    static const struct type_limits none = { 0 };
    struct stream *stream = stream_new();
    struct span fields[] = { SPAN("f"), SPAN("0123456789012345678901234567890123456789") };
    (void)state;

    for (uint64_t ms = 1; ms <= 9; ms++) {
        append(stream, ms);
    }
    assert_int_equal(stream->blocks.count, 3);
    stream_append(stream, id_of(10), fields, 1, &bytes);
    stream_append(stream, id_of(11), fields, 1, &bytes);
    stream_append(stream, id_of(12), fields, 1, &bytes);
    assert_int_equal(stream->blocks.count, 5);
    for (uint64_t ms = 13; ms <= 500; ms++) {
        stream_append(stream, id_of(ms), fields, 1, &none);
    }
    assert_int_equal(stream->blocks.count, 5);
    stream_free(stream);
}

static void holds_nearly_a_gigabyte_in_an_entry(void **state)
{
    /* Only the lengths are looked at. */
    struct span fits[] = { { "", 1 }, { "", (1u << 30) - 256 - 2 * 10 - 1 } };
    struct span does_not[] = { { "", 2 }, { "", (1u << 30) - 256 - 2 * 10 - 1 } };
    (void)state;

    assert_true(stream_can_hold(fits, 1));
    assert_false(stream_can_hold(does_not, 1));
}

static void finds_what_comes_behind_an_id_that_was_taken_back(void **state)
{
    struct stream *stream = stream_new();
    struct span fields[] = { SPAN("f"), SPAN("v") };
    (void)state;

    append(stream, 1);
    append(stream, 9);
    assert_true(stream_delete(stream, id_of(9)));
    stream->last_id = id_of(1); /* As XSETID may. */
    stream_append(stream, id_of(5), fields, 1, &small);
    assert_true(stream_has(stream, id_of(5)));
    assert_false(stream_has(stream, id_of(9)));
    assert_true(stream_id_equal(stream_last_entry(stream), id_of(5)));
    stream_free(stream);
}

static void knows_how_many_entries_were_added(void **state)
{
    struct stream *stream = stream_new();
    (void)state;

    assert_int_equal(stream_count_up_to(stream, STREAM_ID_MIN), 0);
    for (uint64_t ms = 1; ms <= 5; ms++) {
        append(stream, ms);
    }
    assert_int_equal(stream_count_up_to(stream, STREAM_ID_MIN), 0);
    assert_int_equal(stream_count_up_to(stream, id_of(1)), 1);
    assert_int_equal(stream_count_up_to(stream, id_of(3)), STREAM_READ_UNKNOWN);
    assert_int_equal(stream_count_up_to(stream, id_of(5)), 5);
    assert_int_equal(stream_count_up_to(stream, id_of(6)), STREAM_READ_UNKNOWN);
    assert_false(stream_has_gap_from(stream, STREAM_ID_MIN));

    assert_true(stream_delete(stream, id_of(1)));
    assert_false(stream_has_gap_from(stream, STREAM_ID_MIN));
    assert_int_equal(stream_count_up_to(stream, id_of(1)), 1);
    assert_int_equal(stream_count_up_to(stream, id_of(2)), 2);

    assert_true(stream_delete(stream, id_of(4)));
    assert_true(stream_has_gap_from(stream, id_of(2)));
    assert_false(stream_has_gap_from(stream, id_of(5)));
    assert_int_equal(stream_count_up_to(stream, id_of(1)), STREAM_READ_UNKNOWN);
    stream_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_what_a_list_does),
        cmocka_unit_test(a_block_ends_where_the_limits_say),
        cmocka_unit_test(holds_nearly_a_gigabyte_in_an_entry),
        cmocka_unit_test(finds_what_comes_behind_an_id_that_was_taken_back),
        cmocka_unit_test(knows_how_many_entries_were_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
