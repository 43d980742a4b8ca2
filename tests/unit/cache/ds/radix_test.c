/* The radix tree, by hand and against a sorted array. */

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/radix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MODEL_MAX = 3000, KEY_MAX = 40 };

struct item {
    size_t len;
    char key[KEY_MAX];
};

static struct span key_of(const void *item)
{
    const struct item *it = item;
    return (struct span){ it->key, it->len };
}

static struct item *item_new(struct span key)
{
    struct item *item = memory_zero(sizeof(*item));
    memcpy(item->key, key.bytes, key.len);
    item->len = key.len;
    return item;
}

static void add_texts(struct radix *tree, const char *const *texts, size_t count)
{
    radix_init(tree, key_of);
    for (size_t i = 0; i < count; i++) {
        radix_add(tree, item_new(span_from(texts[i])));
    }
}

static void check_text(const void *item, const char *text)
{
    if (text == NULL) {
        assert_null(item);
        return;
    }
    assert_non_null(item);
    assert_true(span_equal(key_of(item), span_from(text)));
}

static void an_empty_tree_has_nothing(void **state)
{
    struct radix tree;
    (void)state;

    radix_init(&tree, key_of);
    assert_null(radix_find(&tree, SPAN("")));
    assert_null(radix_remove(&tree, SPAN("a")));
    assert_null(radix_first(&tree));
    assert_null(radix_last(&tree));
    assert_null(radix_after(&tree, SPAN("")));
    assert_null(radix_at_or_before(&tree, SPAN("a")));
    radix_fini(&tree, memory_free);
}

static void keys_may_be_the_beginning_of_others(void **state)
{
    static const char *const texts[] = { "ab", "", "abcd", "a", "abce", "b", "abc" };
    static const char *const sorted[] = { "", "a", "ab", "abc", "abcd", "abce", "b" };
    struct radix tree;
    (void)state;

    add_texts(&tree, texts, COUNT(texts));
    assert_int_equal(tree.count, COUNT(texts));
    for (size_t i = 0; i < COUNT(sorted); i++) {
        struct span key = span_from(sorted[i]);
        check_text(radix_find(&tree, key), sorted[i]);
        check_text(radix_at_or_after(&tree, key), sorted[i]);
        check_text(radix_at_or_before(&tree, key), sorted[i]);
        check_text(radix_after(&tree, key), i + 1 < COUNT(sorted) ? sorted[i + 1] : NULL);
        check_text(radix_before(&tree, key), i > 0 ? sorted[i - 1] : NULL);
    }
    radix_fini(&tree, memory_free);
}

static void seeks_keys_that_are_not_there(void **state)
{
    static const char *const texts[] = { "banana", "bandana", "cherry" };
    static const struct {
        const char *key, *before, *after;
    } rows[] = {
        { "", NULL, "banana" },          { "a", NULL, "banana" },
        { "ban", NULL, "banana" },       { "banana!", "banana", "bandana" },
        { "banb", "banana", "bandana" }, { "bandanaaa", "bandana", "cherry" },
        { "banz", "bandana", "cherry" }, { "c", "bandana", "cherry" },
        { "cz", "cherry", NULL },        { "d", "cherry", NULL },
    };
    struct radix tree;
    (void)state;

    add_texts(&tree, texts, COUNT(texts));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span key = span_from(rows[i].key);
        assert_null(radix_find(&tree, key));
        check_text(radix_before(&tree, key), rows[i].before);
        check_text(radix_at_or_before(&tree, key), rows[i].before);
        check_text(radix_after(&tree, key), rows[i].after);
        check_text(radix_at_or_after(&tree, key), rows[i].after);
    }
    radix_fini(&tree, memory_free);
}

static void removes_until_nothing_is_left(void **state)
{
    static const char *const texts[] = { "a", "ab", "abc", "abd", "b" };
    struct radix tree;
    (void)state;

    add_texts(&tree, texts, COUNT(texts));
    for (size_t i = 0; i < COUNT(texts); i++) {
        void *item = radix_remove(&tree, span_from(texts[i]));
        check_text(item, texts[i]);
        memory_free(item);
        assert_null(radix_find(&tree, span_from(texts[i])));
    }
    assert_int_equal(tree.count, 0);
    assert_int_equal(tree.nodes, 0);
    assert_int_equal(tree.bytes, 0);
    radix_fini(&tree, memory_free);
}

static void a_long_run_of_ids_is_compact(void **state)
{
    enum { IDS = 100000, NODE_BYTES_PER_ID_MAX = 12 };
    struct radix tree;
    (void)state;

    radix_init(&tree, key_of);
    for (uint64_t i = 0; i < IDS; i++) {
        char key[16] = { 0 };
        for (size_t at = 0; at < 8; at++) {
            key[at] = (char)((UINT64_C(1700000000000) + i) >> (56 - 8 * at));
        }
        radix_add(&tree, item_new((struct span){ key, sizeof(key) }));
    }
    assert_true(tree.bytes < (size_t)IDS * NODE_BYTES_PER_ID_MAX);
    radix_fini(&tree, memory_free);
}

/* --- against a sorted array --- */

struct model {
    struct item *items[MODEL_MAX];
    size_t count;
};

/* How many are below the key. */
static size_t model_below(const struct model *model, struct span key)
{
    size_t at = 0;
    while (at < model->count && span_compare(key_of(model->items[at]), key) < 0) {
        at++;
    }
    return at;
}

static bool model_has(const struct model *model, size_t at, struct span key)
{
    return at < model->count && span_equal(key_of(model->items[at]), key);
}

static const void *model_at(const struct model *model, size_t at)
{
    return at < model->count ? model->items[at] : NULL;
}

static void check_neighbours(const struct radix *tree, const struct model *model, struct span key)
{
    size_t at = model_below(model, key);
    bool there = model_has(model, at, key);

    assert_ptr_equal(radix_find(tree, key), there ? model->items[at] : NULL);
    assert_ptr_equal(radix_at_or_after(tree, key), model_at(model, at));
    assert_ptr_equal(radix_after(tree, key), model_at(model, at + there));
    assert_ptr_equal(radix_before(tree, key), at > 0 ? model->items[at - 1] : NULL);
    assert_ptr_equal(radix_at_or_before(tree, key), there    ? model->items[at]
                                                    : at > 0 ? model->items[at - 1]
                                                             : NULL);
    assert_ptr_equal(radix_first(tree), model_at(model, 0));
    assert_ptr_equal(radix_last(tree), model->count > 0 ? model->items[model->count - 1] : NULL);
    assert_int_equal(tree->count, model->count);
}

static void toggle(struct radix *tree, struct model *model, struct span key)
{
    size_t at = model_below(model, key);

    if (model_has(model, at, key)) {
        struct item *item = radix_remove(tree, key);
        assert_ptr_equal(item, model->items[at]);
        memmove(model->items + at, model->items + at + 1,
                (model->count - at - 1) * sizeof(model->items[0]));
        model->count--;
        memory_free(item);
    } else if (model->count < MODEL_MAX) {
        struct item *item = item_new(key);
        memmove(model->items + at + 1, model->items + at,
                (model->count - at) * sizeof(model->items[0]));
        model->items[at] = item;
        model->count++;
        radix_add(tree, item);
    }
}

static void does_what_a_sorted_array_does(void **state)
{
    enum { STEPS = 20000 };
    static struct model model;
    static const unsigned letters[] = { 2, 3, 256 };
    (void)state;

    for (size_t run = 0; run < COUNT(letters); run++) {
        uint64_t random = 11 + run;
        struct radix tree;
        radix_init(&tree, key_of);
        model.count = 0;
        for (size_t i = 0; i < STEPS; i++) {
            char bytes[KEY_MAX];
            size_t len = random_below(&random, run == 2 ? 3 : 12);
            for (size_t at = 0; at < len; at++) {
                bytes[at] = (char)random_below(&random, letters[run]);
            }
            struct span key = { bytes, len };
            if (random_below(&random, 2) == 0) {
                toggle(&tree, &model, key);
            }
            check_neighbours(&tree, &model, key);
        }
        radix_fini(&tree, memory_free);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_tree_has_nothing),
        cmocka_unit_test(keys_may_be_the_beginning_of_others),
        cmocka_unit_test(seeks_keys_that_are_not_there),
        cmocka_unit_test(removes_until_nothing_is_left),
        cmocka_unit_test(a_long_run_of_ids_is_compact),
        cmocka_unit_test(does_what_a_sorted_array_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
