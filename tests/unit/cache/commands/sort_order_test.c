/* The order of SORT: what comes first, and that a part of it is the part of the whole. */

#include "cache/commands/sort_order.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ITEMS = 300, ROOM = 16 };

static void assert_order(struct sort_item *items, size_t count, enum sort_by by,
                         const char *const *texts)
{
    uint64_t random = 1;
    for (size_t i = 0; i < count; i++) {
        items[i].found_at = i;
    }
    sort_order(items, count, by, 0, count, &random);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(items[i].text.bytes, texts[i]);
    }
}

#define ITEM(text_, weight_)                                                                       \
    {                                                                                              \
        .text = { (text_), sizeof(text_) - 1 }, .weight = (weight_)                                \
    }
#define WORD(text_, word_)                                                                         \
    {                                                                                              \
        .text = { (text_), sizeof(text_) - 1 }, .word = {(word_), sizeof(word_) - 1 }              \
    }
#define NO_WORD(text_)                                                                             \
    {                                                                                              \
        .text = {(text_), sizeof(text_) - 1 }                                                      \
    }

static void orders_by_weight_and_then_by_bytes(void **state)
{
    static const char *const up[] = { "d", "a", "b", "c" };
    static const char *const down[] = { "c", "b", "a", "d" };
    struct sort_item items[] = { ITEM("c", 2), ITEM("b", 1), ITEM("a", 1), ITEM("d", -1.0 / 0.0) };
    (void)state;
    assert_order(items, COUNT(items), SORT_BY_WEIGHT, up);
    assert_order(items, COUNT(items), SORT_BY_WEIGHT_DOWN, down);
}

static void orders_by_word_those_without_first(void **state)
{
    static const char *const up[] = { "none", "empty", "short", "long" };
    static const char *const down[] = { "long", "short", "empty", "none" };
    struct sort_item items[] = { WORD("long", "ab"), NO_WORD("none"), WORD("short", "a"),
                                 WORD("empty", "") };
    (void)state;
    assert_order(items, COUNT(items), SORT_BY_WORD, up);
    assert_order(items, COUNT(items), SORT_BY_WORD_DOWN, down);
}

static void leaves_equal_words_as_they_were(void **state)
{
    static const char *const up[] = { "3", "1", "4", "2" };
    static const char *const down[] = { "4", "2", "3", "1" };
    struct sort_item items[] = { NO_WORD("3"), WORD("4", "x"), NO_WORD("1"), WORD("2", "x") };
    struct sort_item again[] = { NO_WORD("3"), WORD("4", "x"), NO_WORD("1"), WORD("2", "x") };
    (void)state;
    assert_order(items, COUNT(items), SORT_BY_WORD, up);
    assert_order(again, COUNT(again), SORT_BY_WORD_DOWN, down);
}

static void compares_words_as_bytes(void **state)
{
    static const char *const up[] = { "upper", "lower", "nul", "high" };
    struct sort_item items[] = { WORD("high", "\xff"), WORD("lower", "a"), WORD("nul", "a\0"),
                                 WORD("upper", "B") };
    (void)state;
    assert_order(items, COUNT(items), SORT_BY_WORD, up);
}

/* A part is what a sort of all has there, whatever was before. */
static void orders_a_part_as_the_whole(void **state)
{
    static struct sort_item items[ITEMS];
    static struct sort_item part[ITEMS];
    static char texts[ITEMS][ROOM];
    uint64_t random = 5;
    (void)state;
    for (int run = 0; run < 200; run++) {
        size_t distinct = run % 2 == 0 ? 3 : ITEMS; /* With many of one weight, or few. */
        for (size_t i = 0; i < ITEMS; i++) {
            int len = snprintf(texts[i], ROOM, "%zu", (size_t)random_below(&random, distinct));
            items[i] = (struct sort_item){
                .text = { texts[i], (size_t)len },
                .word = { run % 3 == 0 ? NULL : texts[i], run % 3 == 0 ? 0 : (size_t)len },
                .weight = (double)random_below(&random, distinct),
                .found_at = i,
            };
        }
        memcpy(part, items, sizeof(items));
        enum sort_by by = (enum sort_by)(run % 4);
        size_t from = (size_t)random_below(&random, ITEMS + 1);
        size_t to = from + (size_t)random_below(&random, ITEMS - from + 1);
        sort_order(items, ITEMS, by, 0, ITEMS, &random);
        sort_order(part, ITEMS, by, from, to, &random);
        for (size_t i = from; i < to; i++) {
            assert_int_equal(part[i].found_at, items[i].found_at);
        }
    }
}

static void orders_nothing(void **state)
{
    uint64_t random = 1;
    (void)state;
    sort_order(NULL, 0, SORT_BY_WEIGHT, 0, 0, &random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_by_weight_and_then_by_bytes),
        cmocka_unit_test(orders_by_word_those_without_first),
        cmocka_unit_test(leaves_equal_words_as_they_were),
        cmocka_unit_test(compares_words_as_bytes),
        cmocka_unit_test(orders_a_part_as_the_whole),
        cmocka_unit_test(orders_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
