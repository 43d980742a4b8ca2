/* Hash sets of texts, against an array that says for each of many texts whether it is in. */

#include "cache/ds/textset.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEED = 5, DISTINCT = 3000, RUN = 60000, TEXT_ROOM = 400 };

/* Texts of all lengths, those around 255 among them, where the form of a member changes. */
static struct span text_of(size_t i, char room[TEXT_ROOM])
{
    size_t len = (size_t)snprintf(room, TEXT_ROOM, "%zu:", i);
    size_t more = i % 7 == 0 ? 250 + i % 11 : i % 40;
    memset(room + len, 'x', more);
    return (struct span){ room, len + more };
}

static void starts_empty(void **state)
{
    (void)state;
    struct textset *set = textset_new(SEED);
    assert_int_equal(textset_count(set), 0);
    assert_false(textset_has(set, SPAN("")));
    assert_false(textset_remove(set, SPAN("")));
    textset_free(set);
    textset_free(NULL);
}

static void has_each_text_once(void **state)
{
    (void)state;
    struct textset *set = textset_new(SEED);
    assert_true(textset_add(set, SPAN("")));
    assert_true(textset_add(set, SPAN("a")));
    assert_false(textset_add(set, SPAN("a")));
    assert_false(textset_add(set, SPAN("")));
    assert_int_equal(textset_count(set), 2);
    assert_true(textset_has(set, SPAN("")));
    assert_true(textset_remove(set, SPAN("")));
    assert_false(textset_has(set, SPAN("")));
    textset_free(set);
}

static void tells_texts_apart_by_bytes_and_length(void **state)
{
    char room[TEXT_ROOM] = { 0 };
    (void)state;
    struct textset *set = textset_new(SEED);
    for (size_t len = 0; len < TEXT_ROOM; len++) {
        assert_true(textset_add(set, (struct span){ room, len }));
    }
    for (size_t len = 0; len < TEXT_ROOM; len++) {
        assert_true(textset_has(set, (struct span){ room, len }));
    }
    assert_int_equal(textset_count(set), TEXT_ROOM);
    textset_free(set);
}

static void removes_a_member_that_is_named_by_itself(void **state)
{
    uint64_t random = 1;
    (void)state;
    struct textset *set = textset_new(SEED);
    textset_add(set, SPAN("only"));
    assert_true(textset_remove(set, textset_random(set, &random)));
    assert_int_equal(textset_count(set), 0);
    textset_free(set);
}

struct visited {
    unsigned times[DISTINCT];
    size_t count;
};

static void visit(void *context, struct span text)
{
    struct visited *visited = context;
    char copy[TEXT_ROOM];
    size_t which = 0;
    snprintf(copy, sizeof(copy), "%.*s", (int)text.len, text.bytes);
    assert_int_equal(sscanf(copy, "%zu:", &which), 1);
    visited->times[which]++;
    visited->count++;
}

static void assert_as_modelled(const struct textset *set, const bool *model)
{
    struct visited visited = { .count = 0 };
    char room[TEXT_ROOM];
    uint64_t position = 0;
    do {
        position = textset_scan(set, position, visit, &visited);
    } while (position != 0);
    assert_int_equal(textset_count(set), visited.count);
    for (size_t i = 0; i < DISTINCT; i++) {
        assert_int_equal(visited.times[i], model[i]);
        assert_true(textset_has(set, text_of(i, room)) == model[i]);
    }
}

static void holds_what_a_plain_array_holds(void **state)
{
    static bool model[DISTINCT];
    char room[TEXT_ROOM];
    uint64_t random = 11;
    (void)state;
    struct textset *set = textset_new(SEED);
    for (int i = 0; i < RUN; i++) {
        /* Grows for a while, then shrinks, so that both kinds of resize happen. */
        bool add = random_below(&random, 10) < (i % 20000 < 10000 ? 7u : 3u);
        size_t which = (size_t)random_below(&random, DISTINCT);
        struct span text = text_of(which, room);
        if (add) {
            assert_true(textset_add(set, text) == !model[which]);
        } else {
            assert_true(textset_remove(set, text) == model[which]);
        }
        model[which] = add;
        if (i % 5000 == 0) {
            assert_as_modelled(set, model);
        }
    }
    struct textset *copy = textset_copy(set);
    textset_free(set);
    assert_as_modelled(copy, model);
    textset_free(copy);
}

static void picks_every_member_about_as_often(void **state)
{
    enum { MEMBERS = 50, PICKS = 50000 };
    struct visited visited = { .count = 0 };
    char room[TEXT_ROOM];
    uint64_t random = 17;
    (void)state;
    struct textset *set = textset_new(SEED);
    for (size_t i = 0; i < MEMBERS; i++) {
        textset_add(set, text_of(i, room));
    }
    for (int i = 0; i < PICKS; i++) {
        visit(&visited, textset_random(set, &random));
    }
    /* Chi-square, 49 degrees of freedom: above 94 once in 10,000 times. */
    double sum = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        double off = (double)visited.times[i] - PICKS / MEMBERS;
        sum += off * off / (PICKS / MEMBERS);
    }
    assert_true(sum < 94);
    textset_free(set);
}

static void knows_its_memory(void **state)
{
    char room[TEXT_ROOM];
    (void)state;
    struct textset *set = textset_new(SEED);
    size_t empty = textset_memory(set);
    for (size_t i = 0; i < 20; i++) {
        textset_add(set, text_of(i, room));
    }
    assert_true(textset_memory(set) > empty + 20);
    for (size_t i = 0; i < 20; i++) {
        textset_remove(set, text_of(i, room));
    }
    assert_int_equal(textset_memory(set), empty);
    textset_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(has_each_text_once),
        cmocka_unit_test(tells_texts_apart_by_bytes_and_length),
        cmocka_unit_test(removes_a_member_that_is_named_by_itself),
        cmocka_unit_test(holds_what_a_plain_array_holds),
        cmocka_unit_test(picks_every_member_about_as_often),
        cmocka_unit_test(knows_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
