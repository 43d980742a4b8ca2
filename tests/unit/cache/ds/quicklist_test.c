/* Quicklists: how nodes are cut, split, merged and compressed, and a random run against an array
 * of texts under every kind of limits. */

#include "cache/ds/quicklist.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/quicklist_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct quicklist_limits usual = { .node_size = -2 };

static void push_numbers(struct quicklist *list, int64_t count,
                         const struct quicklist_limits *limits)
{
    for (int64_t i = 0; i < count; i++) {
        char text[NUMBER_TEXT_MAX];
        quicklist_push(list, QUICKLIST_TAIL, (struct span){ text, number_format(text, i) }, limits);
    }
}

/* A text of `len` times the same letter; good until the next one is made. */
static struct span letters(char letter, size_t len)
{
    static char text[20000];
    assert_true(len <= sizeof(text));
    memset(text, letter, len);
    return (struct span){ text, len };
}

static void an_empty_one_has_nothing(void **state)
{
    (void)state;
    struct quicklist list = { .count = 0 };
    struct quicklist_walk walk;
    struct span text;
    quicklist_walk_start(&walk, &list, 0, QUICKLIST_TAIL);
    assert_false(quicklist_walk_next(&walk, &text));
    assert_false(quicklist_walk_next(&walk, &text));
    quicklist_walk_end(&walk);
    quicklist_remove(&list, 0, 0, &usual);
    assert_int_equal(quicklist_memory(&list), 0);
    quicklist_fini(&list);
}

static void a_node_holds_what_redis_puts_there(void **state)
{
    (void)state;
    static const struct {
        int64_t node_size;
        size_t text_len;
        size_t first_node;
    } rows[] = {
        { -1, 64, 60 },    { -2, 64, 122 }, { -3, 64, 244 }, { -4, 64, 488 }, { -5, 64, 977 },
        { -9, 64, 977 },   { 1, 64, 1 },    { 0, 64, 1 },    { 3, 64, 3 },    { 100, 64, 100 },
        { 1000, 64, 122 }, { -1, 4000, 1 }, { -1, 4096, 1 }, { -2, 4096, 1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct quicklist list = { .count = 0 };
        struct quicklist_limits limits = { .node_size = rows[i].node_size };
        while (list.nodes < 2) {
            quicklist_push(&list, QUICKLIST_TAIL, letters('x', rows[i].text_len), &limits);
        }
        if (list.head->count != rows[i].first_node) {
            fail_msg("row %zu: %u", i, (unsigned)list.head->count);
        }
        assert_true(quicklist_is_sound(&list));
        quicklist_fini(&list);
    }
}

static void a_long_text_has_a_plain_node(void **state)
{
    (void)state;
    static const struct {
        struct quicklist_limits limits;
        size_t len;
        bool is_plain;
    } rows[] = {
        { { .node_size = -2 }, 8192, false },
        { { .node_size = -2 }, 8193, true },
        { { .node_size = 5 }, 8192, false },
        { { .node_size = 5 }, 8193, true },
        { { .node_size = -1 }, 4097, true },
        { { .node_size = -2, .plain_from = 5 }, 4, false },
        { { .node_size = -2, .plain_from = 5 }, 5, true },
        { { .node_size = -2, .plain_from = 1 << 30 }, 8193, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct quicklist list = { .count = 0 };
        char room[NUMBER_TEXT_MAX];
        quicklist_push(&list, QUICKLIST_HEAD, letters('x', rows[i].len), &rows[i].limits);
        assert_int_equal(list.head->is_plain, rows[i].is_plain);
        assert_int_equal(quicklist_peek(&list, QUICKLIST_TAIL, room).len, rows[i].len);
        assert_true(quicklist_is_sound(&list));
        quicklist_fini(&list);
    }
}

static void only_the_middle_is_compressed(void **state)
{
    (void)state;
    for (int64_t depth = 0; depth <= 4; depth++) {
        struct quicklist list = { .count = 0 };
        struct quicklist_limits limits = { .node_size = 2, .compress_depth = depth };
        for (int i = 0; i < 14; i++) {
            quicklist_push(&list, QUICKLIST_TAIL, letters('x', 100), &limits);
        }
        assert_int_equal(list.nodes, 7);
        int64_t place = 0;
        for (struct quicklist_node *node = list.head; node != NULL; node = node->next, place++) {
            bool is_middle = depth > 0 && place >= depth && place < 7 - depth;
            assert_int_equal(node->is_compressed, is_middle);
            assert_true(quicklist_node_stored(node).len < (is_middle ? 60u : 300u));
        }
        /* And it stays so while nodes go. */
        while (list.count > 0) {
            quicklist_remove(&list, 0, list.count > 1 ? 2 : 1, &limits);
            for (struct quicklist_node *node = list.head; node != NULL; node = node->next) {
                bool near_end = node->previous == NULL || node->next == NULL;
                assert_false(depth > 0 && near_end && node->is_compressed);
            }
        }
        quicklist_fini(&list);
    }
}

static void reading_leaves_nodes_compressed(void **state)
{
    (void)state;
    struct quicklist list = { .count = 0 };
    struct quicklist_limits limits = { .node_size = 2, .compress_depth = 1 };
    struct quicklist_walk walk;
    struct span text;
    size_t passed = 0;
    for (int i = 0; i < 10; i++) {
        quicklist_push(&list, QUICKLIST_TAIL, letters((char)('a' + i), 100), &limits);
    }
    quicklist_walk_start(&walk, &list, 0, QUICKLIST_TAIL);
    for (int i = 0; i < 10; i++) {
        assert_true(quicklist_walk_next(&walk, &text));
        assert_true(span_equal(text, letters((char)('a' + i), 100)));
    }
    quicklist_walk_end(&walk);
    quicklist_walk_start(&walk, &list, 9, QUICKLIST_HEAD);
    assert_true(quicklist_walk_find(&walk, letters('e', 100), SIZE_MAX, &passed));
    assert_int_equal(passed, 5);
    quicklist_walk_end(&walk);
    size_t compressed = 0;
    for (struct quicklist_node *node = list.head; node != NULL; node = node->next) {
        compressed += node->is_compressed;
    }
    assert_int_equal(compressed, 3);
    quicklist_fini(&list);
}

static void a_full_node_is_split_and_small_ones_merged(void **state)
{
    (void)state;
    struct quicklist list = { .count = 0 };
    struct quicklist_limits limits = { .node_size = 10 };
    push_numbers(&list, 40, &limits);
    assert_int_equal(list.nodes, 4);
    quicklist_insert(&list, list.head->next, 5, SPAN("new"), &limits);
    assert_int_equal(list.nodes, 5);
    assert_int_equal(list.head->next->count, 6);
    assert_int_equal(list.head->next->next->count, 5);
    assert_true(quicklist_is_sound(&list));

    quicklist_remove(&list, 1, 8, &limits);   /* 0 9 | 10-14 new | 15-19 | 20-29 | 30-39 */
    quicklist_remove(&list, 15, 12, &limits); /* … 20 21 | 34-39 */
    assert_int_equal(list.nodes, 5);
    quicklist_insert(&list, list.head->next->next, 0, SPAN("more"), &limits);
    assert_true(quicklist_is_sound(&list));
    quicklist_fini(&list);
}

static void a_search_gives_up_where_it_is_told(void **state)
{
    (void)state;
    struct quicklist list = { .count = 0 };
    struct quicklist_limits limits = { .node_size = 10 };
    push_numbers(&list, 40, &limits);
    for (enum quicklist_end towards = QUICKLIST_HEAD; towards <= QUICKLIST_TAIL; towards++) {
        for (size_t most = 24; most <= 26; most++) {
            struct quicklist_walk walk;
            size_t passed = 0;
            bool forwards = towards == QUICKLIST_TAIL;
            quicklist_walk_start(&walk, &list, forwards ? 0 : 39, towards);
            bool found =
                quicklist_walk_find(&walk, forwards ? SPAN("25") : SPAN("14"), most, &passed);
            assert_int_equal(found, most >= 25);
            assert_true(!found || passed == 25);
            quicklist_walk_end(&walk);
        }
    }
    quicklist_fini(&list);
}

static void costs_little_for_each_element(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    for (enum quicklist_end end = QUICKLIST_HEAD; end <= QUICKLIST_TAIL; end++) {
        struct quicklist list = { .count = 0 };
        for (int i = 0; i < MANY; i++) {
            quicklist_push(&list, end, letters('x', 64), &usual);
        }
        size_t bytes = quicklist_memory(&list);
        assert_true(bytes >= MANY * 67);
        assert_true(bytes <= MANY * 68);
        quicklist_fini(&list);
    }
    struct quicklist one = { .count = 0 };
    push_numbers(&one, 5, &usual);
    assert_true(quicklist_memory(&one) <= 64);
    quicklist_fini(&one);
}

/* --- against an array --- */

enum { MODEL_MAX = 400, MODEL_TEXT = 400 };

struct model {
    struct quicklist list;
    struct span texts[MODEL_MAX];
    size_t count;
    uint64_t random;
    struct quicklist_limits limits;
};

static size_t any(struct model *m, size_t below)
{
    return (size_t)random_below(&m->random, below);
}

static struct span any_text(struct model *m)
{
    static char number[NUMBER_TEXT_MAX];
    switch (any(m, 4)) {
    case 0:
        return (struct span){ number, number_format(number, (int64_t)any(m, 1000)) };
    case 1:
        return letters((char)('a' + any(m, 3)), any(m, MODEL_TEXT));
    default:
        return letters((char)('a' + any(m, 3)), any(m, 4));
    }
}

static void model_insert(struct model *m, size_t at, struct span text)
{
    assert_true(m->count < MODEL_MAX);
    memmove(m->texts + at + 1, m->texts + at, (m->count - at) * sizeof(*m->texts));
    m->texts[at] = (struct span){ memory_copy_text(text.bytes, text.len), text.len };
    m->count++;
}

static void model_remove(struct model *m, size_t at, size_t count)
{
    for (size_t i = at; i < at + count; i++) {
        memory_free((char *)m->texts[i].bytes);
    }
    m->count -= count;
    memmove(m->texts + at, m->texts + at + count, (m->count - at) * sizeof(*m->texts));
}

/* The next at `at` or towards the end; m->count if there is none. */
static size_t model_find(const struct model *m, size_t at, enum quicklist_end towards,
                         struct span text)
{
    while (at < m->count && !span_equal(m->texts[at], text)) {
        at += towards == QUICKLIST_TAIL ? 1 : SIZE_MAX;
    }
    return at < m->count ? at : m->count;
}

static void assert_walks(struct model *m, size_t from, enum quicklist_end towards)
{
    struct quicklist_walk walk;
    struct span text;
    size_t i = from;
    quicklist_walk_start(&walk, &m->list, from, towards);
    for (; quicklist_walk_next(&walk, &text); i += towards == QUICKLIST_TAIL ? 1 : SIZE_MAX) {
        assert_true(i < m->count);
        assert_true(span_equal(text, m->texts[i]));
    }
    quicklist_walk_end(&walk);
    assert_true(i >= m->count);
}

static void assert_finds(struct model *m, struct span text, size_t from, enum quicklist_end towards)
{
    struct quicklist_walk walk;
    size_t passed = 0;
    size_t before = from;
    quicklist_walk_start(&walk, &m->list, from, towards);
    while (quicklist_walk_find(&walk, text, SIZE_MAX, &passed)) {
        size_t found = model_find(m, before, towards, text);
        assert_int_equal(passed, towards == QUICKLIST_TAIL ? found - before : before - found);
        before = found + (towards == QUICKLIST_TAIL ? 1 : SIZE_MAX);
        passed = 0;
    }
    quicklist_walk_end(&walk);
    assert_int_equal(model_find(m, before, towards, text), m->count);
}

static void remove_equal(struct model *m, struct span text, enum quicklist_end towards)
{
    struct quicklist_walk walk;
    size_t at = any(m, m->count);
    size_t passed = 0;
    size_t left = any(m, 5);
    quicklist_walk_start(&walk, &m->list, at, towards);
    quicklist_walk_edit(&walk, &m->list, &m->limits);
    while (left-- > 0 && quicklist_walk_find(&walk, text, SIZE_MAX, &passed)) {
        at = model_find(m, at, towards, text);
        assert_int_not_equal(at, m->count);
        quicklist_walk_remove(&walk);
        model_remove(m, at, 1);
        at += towards == QUICKLIST_TAIL ? 0 : SIZE_MAX;
    }
    quicklist_walk_end(&walk);
}

static void edit_one(struct model *m, struct span text, bool replace)
{
    struct quicklist_walk walk;
    struct span old;
    size_t at = any(m, m->count);
    enum quicklist_end side = (enum quicklist_end)any(m, 2);
    quicklist_walk_start(&walk, &m->list, at, QUICKLIST_TAIL);
    quicklist_walk_edit(&walk, &m->list, &m->limits);
    assert_true(quicklist_walk_next(&walk, &old));
    if (replace) {
        quicklist_walk_replace(&walk, text);
        model_remove(m, at, 1);
        model_insert(m, at, text);
    } else {
        quicklist_walk_insert(&walk, side, text);
        model_insert(m, side == QUICKLIST_TAIL ? at + 1 : at, text);
    }
    quicklist_walk_end(&walk);
}

static void step(struct model *m)
{
    struct span text = any_text(m);
    size_t what = m->count == 0 ? 0 : any(m, m->count > 300 ? 14 : 11);

    if (what < 4) {
        quicklist_push(&m->list, what % 2 == 0 ? QUICKLIST_TAIL : QUICKLIST_HEAD, text, &m->limits);
        model_insert(m, what % 2 == 0 ? m->count : 0, text);
    } else if (what < 7) {
        edit_one(m, text, false);
    } else if (what < 9) {
        edit_one(m, text, true);
    } else if (what < 10) {
        remove_equal(m, text, (enum quicklist_end)any(m, 2));
    } else {
        size_t at = any(m, m->count);
        size_t most = m->count > 300 ? 100 : 5;
        size_t count = any(m, m->count - at < most ? m->count - at + 1 : most);
        quicklist_remove(&m->list, at, count, &m->limits);
        model_remove(m, at, count);
    }
}

static void assert_agrees(struct model *m)
{
    struct span text = any_text(m);
    size_t at = m->count == 0 ? 0 : any(m, m->count);
    assert_int_equal(m->list.count, m->count);
    assert_true(quicklist_is_sound(&m->list));
    assert_walks(m, at, QUICKLIST_TAIL);
    assert_walks(m, at, QUICKLIST_HEAD);
    assert_walks(m, 0, QUICKLIST_TAIL);
    assert_finds(m, text, at, QUICKLIST_TAIL);
    assert_finds(m, text, at, QUICKLIST_HEAD);
    if (m->count > 0) {
        char room[NUMBER_TEXT_MAX];
        assert_true(span_equal(quicklist_peek(&m->list, QUICKLIST_HEAD, room), m->texts[0]));
        assert_true(
            span_equal(quicklist_peek(&m->list, QUICKLIST_TAIL, room), m->texts[m->count - 1]));
    }
}

static void assert_copies(struct model *m)
{
    struct quicklist original = m->list;
    struct quicklist copy = { .count = 0 };
    quicklist_copy(&copy, &original);
    m->list = copy;
    assert_agrees(m);
    quicklist_fini(&m->list);
    m->list = original;
}

static void agrees_with_an_array_whatever_is_written(void **state)
{
    (void)state;
    static const int64_t sizes[] = { -1, -2, -5, 0, 1, 2, 7, 128 };
    static struct model m;
    for (size_t round = 0; round < 4 * COUNT(sizes); round++) {
        m = (struct model){ .random = round };
        m.limits.node_size = sizes[round % COUNT(sizes)];
        m.limits.compress_depth = (int64_t)(round / COUNT(sizes)) % 3;
        m.limits.plain_from = round % 3 == 0 ? 10 : 0;
        for (int i = 0; i < 600; i++) {
            step(&m);
            if (i % 10 == 0) {
                assert_agrees(&m);
            }
        }
        assert_copies(&m);
        quicklist_fini(&m.list);
        model_remove(&m, 0, m.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_nothing),
        cmocka_unit_test(a_node_holds_what_redis_puts_there),
        cmocka_unit_test(a_long_text_has_a_plain_node),
        cmocka_unit_test(only_the_middle_is_compressed),
        cmocka_unit_test(reading_leaves_nodes_compressed),
        cmocka_unit_test(a_full_node_is_split_and_small_ones_merged),
        cmocka_unit_test(a_search_gives_up_where_it_is_told),
        cmocka_unit_test(costs_little_for_each_element),
        cmocka_unit_test(agrees_with_an_array_whatever_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
