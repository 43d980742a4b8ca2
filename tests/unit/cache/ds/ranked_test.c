/* The counting tree against a sorted array. */

#include "cache/ds/ranked.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { MODEL_MAX = 5000, TEXT_MAX = 320 };

struct model {
    struct ranked *ranked;
    struct ranked_member *members[MODEL_MAX]; /* In order. */
    uint64_t count;
    uint64_t random;
    uint64_t named;
};

static int set_up(void **state)
{
    struct model *model = memory_zero(sizeof(*model));
    model->ranked = ranked_new();
    model->random = 42;
    *state = model;
    return 0;
}

static int tear_down(void **state)
{
    struct model *model = *state;
    ranked_free(model->ranked);
    memory_free(model);
    return 0;
}

static bool in_order(const struct ranked_member *a, const struct ranked_member *b)
{
    return a->score != b->score ? a->score < b->score
                                : span_compare(ranked_member_text(a), ranked_member_text(b)) < 0;
}

static void model_put(struct model *model, struct ranked_member *member)
{
    uint64_t at = model->count;
    assert_true(model->count < MODEL_MAX);
    for (; at > 0 && in_order(member, model->members[at - 1]); at--) {
        model->members[at] = model->members[at - 1];
    }
    model->members[at] = member;
    model->count++;
}

static void model_take(struct model *model, uint64_t at, uint64_t count)
{
    for (uint64_t i = at; i + count < model->count; i++) {
        model->members[i] = model->members[i + count];
    }
    model->count -= count;
}

/* Texts that nobody had before; some are long. */
static void add(struct model *model, double score)
{
    char text[TEXT_MAX];
    int width = random_below(&model->random, 20) == 0 ? 300 : 5;
    uint64_t mixed = model->named++ * 7919 % 100003;
    int len = snprintf(text, sizeof(text), "%0*llu", width, (unsigned long long)mixed);
    struct ranked_member *member = ranked_member_new((struct span){ text, (size_t)len }, score);
    model_put(model, member);
    ranked_add(model->ranked, &member);
    assert_null(member);
}

static double any_score(struct model *model)
{
    static const double odd[] = { -INFINITY, INFINITY, -0.0, 0, 1e300, -1e-300 };
    uint64_t pick = random_below(&model->random, 100);
    return pick < COUNT(odd) ? odd[pick] : (double)random_below(&model->random, 200) - 100;
}

static void agree(const struct model *model)
{
    struct ranked_place place;
    ranked_check(model->ranked);
    assert_int_equal(ranked_count(model->ranked), model->count);
    for (uint64_t i = 0; i < model->count; i++) {
        if (i == 0) {
            place = ranked_seek(model->ranked, 0);
        }
        assert_ptr_equal(ranked_at(&place), model->members[i]);
        ranked_next(&place);
    }
    assert_true(model->count == 0 || place.leaf == NULL);
}

static uint64_t counted_below(const struct model *model, double score, bool or_equal)
{
    uint64_t below = 0;
    for (uint64_t i = 0; i < model->count; i++) {
        double other = model->members[i]->score;
        below += other < score || (or_equal && other == score);
    }
    return below;
}

static void free_member(void *context, struct ranked_member *member)
{
    uint64_t *count = context;
    (*count)++;
    memory_free(member);
}

static void remove_one(struct model *model)
{
    uint64_t at = random_below(&model->random, model->count);
    struct ranked_member *member = model->members[at];
    ranked_remove(model->ranked, member);
    model_take(model, at, 1);
    memory_free(member);
}

static void rescore_one(struct model *model, double score)
{
    uint64_t at = random_below(&model->random, model->count);
    struct ranked_member *member = model->members[at];
    ranked_rescore(model->ranked, member, score);
    model_take(model, at, 1);
    model_put(model, member);
}

static void cut_some(struct model *model)
{
    uint64_t from = random_below(&model->random, model->count);
    uint64_t count = random_below(&model->random, 1 + (model->count - from) / 4);
    uint64_t dropped = 0;
    ranked_cut(model->ranked, from, from + count, free_member, &dropped);
    assert_int_equal(dropped, count);
    model_take(model, from, count);
}

static void ask(struct model *model)
{
    double score = any_score(model);
    uint64_t rank = random_below(&model->random, model->count);
    struct ranked_place place = ranked_seek(model->ranked, rank);
    assert_ptr_equal(ranked_at(&place), model->members[rank]);
    assert_int_equal(ranked_rank(model->ranked, model->members[rank]), rank);
    assert_int_equal(ranked_below_score(model->ranked, score, false),
                     counted_below(model, score, false));
    assert_int_equal(ranked_below_score(model->ranked, score, true),
                     counted_below(model, score, true));
    ranked_previous(&place);
    assert_true(rank == 0 ? place.leaf == NULL : ranked_at(&place) == model->members[rank - 1]);
}

static void holds_what_a_sorted_array_holds(void **state)
{
    struct model *model = *state;
    for (unsigned step = 0; step < 60000; step++) {
        /* It grows to some thousand members and shrinks to none, several times. */
        bool growing = step / 7500 % 2 == 0;
        uint64_t what = random_below(&model->random, 10);
        if (model->count == 0 || (what < (growing ? 7u : 2u) && model->count < MODEL_MAX)) {
            add(model, any_score(model));
        } else if (what < 8) {
            remove_one(model);
        } else if (what == 8) {
            rescore_one(model, any_score(model));
        } else {
            ask(model);
        }
        if (step % 1500 == 0 && model->count > 0) {
            cut_some(model);
            agree(model);
        }
    }
    agree(model);
}

static void members_that_come_in_order_fill_leaves_wholly(void **state)
{
    struct model *model = *state;
    for (int i = 0; i < 3000; i++) {
        add(model, i);
    }
    agree(model);
    size_t rising = ranked_bytes(model->ranked);
    assert_true(rising < 3000 * 10);

    uint64_t dropped = 0;
    ranked_cut(model->ranked, 0, 3000, free_member, &dropped);
    model->count = 0;
    agree(model);
    for (int i = 0; i < 3000; i++) {
        add(model, -i);
    }
    agree(model);
    assert_true(ranked_bytes(model->ranked) <= rising + 1024);
}

static void an_emptied_tree_takes_little(void **state)
{
    struct model *model = *state;
    for (int i = 0; i < 4000; i++) {
        add(model, any_score(model));
    }
    while (model->count > 0) {
        remove_one(model);
    }
    agree(model);
    assert_true(ranked_bytes(model->ranked) <= 512 + 64);
    add(model, 1);
    agree(model);
}

static void a_score_that_keeps_its_place_is_seen(void **state)
{
    struct model *model = *state;
    for (int i = 0; i < 1000; i++) {
        add(model, i);
    }
    for (int i = 0; i < 1000; i++) {
        ranked_rescore(model->ranked, model->members[i], i + 0.5);
    }
    agree(model);
    assert_int_equal(ranked_below_score(model->ranked, 500, true), 500);
    assert_int_equal(ranked_below_score(model->ranked, 500.5, true), 501);
}

static void finds_texts_where_scores_are_equal(void **state)
{
    struct model *model = *state;
    for (int i = 0; i < 2000; i++) {
        add(model, 7);
    }
    for (uint64_t i = 0; i < model->count; i++) {
        struct span text = ranked_member_text(model->members[i]);
        assert_int_equal(ranked_below_text(model->ranked, text, false), i);
        assert_int_equal(ranked_below_text(model->ranked, text, true), i + 1);
    }
    assert_int_equal(ranked_below_text(model->ranked, SPAN(""), true), 0);
    assert_int_equal(ranked_below_text(model->ranked, SPAN("z"), false), model->count);
}

static void a_text_may_have_any_length(void **state)
{
    (void)state;
    static char text[70000];
    static const size_t lens[] = { 0, 1, 254, 255, 256, 70000 };
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < COUNT(lens); i++) {
        struct span span = { text, lens[i] };
        struct ranked_member *member = ranked_member_new(span, 1.5);
        assert_true(span_equal(ranked_member_text(member), span));
        memory_free(member);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holds_what_a_sorted_array_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_that_come_in_order_fill_leaves_wholly, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_emptied_tree_takes_little, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_score_that_keeps_its_place_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_texts_where_scores_are_equal, set_up, tear_down),
        cmocka_unit_test(a_text_may_have_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
