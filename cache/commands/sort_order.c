/* Quickselect (Hoare's FIND) to both ends of what is wanted, and a sort in between. No two items
 * are equal, so there is nothing to be careful about; and the pivot is picked by chance, so nobody
 * can prepare an input that takes quadratic time. */

#include "cache/commands/sort_order.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"

#include <stdlib.h>

typedef int (*compare_fn)(const void *a, const void *b);

static int by_place(const struct sort_item *a, const struct sort_item *b)
{
    return (a->found_at > b->found_at) - (a->found_at < b->found_at);
}

static int by_weight(const struct sort_item *a, const struct sort_item *b)
{
    int order = (a->weight > b->weight) - (a->weight < b->weight);
    return order != 0 ? order : span_compare(a->text, b->text);
}

static int by_word(const struct sort_item *a, const struct sort_item *b)
{
    if (a->word.bytes == NULL || b->word.bytes == NULL) {
        return (a->word.bytes != NULL) - (b->word.bytes != NULL);
    }
    return span_compare(a->word, b->word);
}

static int weight_up(const void *a, const void *b)
{
    int order = by_weight(a, b);
    return order != 0 ? order : by_place(a, b);
}

static int weight_down(const void *a, const void *b)
{
    int order = by_weight(b, a);
    return order != 0 ? order : by_place(a, b);
}

static int word_up(const void *a, const void *b)
{
    int order = by_word(a, b);
    return order != 0 ? order : by_place(a, b);
}

static int word_down(const void *a, const void *b)
{
    int order = by_word(b, a);
    return order != 0 ? order : by_place(a, b);
}

static const compare_fn compares[] = {
    [SORT_BY_WEIGHT] = weight_up,
    [SORT_BY_WEIGHT_DOWN] = weight_down,
    [SORT_BY_WORD] = word_up,
    [SORT_BY_WORD_DOWN] = word_down,
};

static void swap(struct sort_item *a, struct sort_item *b)
{
    struct sort_item item = *a;
    *a = *b;
    *b = item;
}

/* Puts a pivot into its place between low and high, which is excluded, smaller items before it and
 * larger ones behind; returns the place. */
static size_t partition(struct sort_item *items, size_t low, size_t high, compare_fn compare,
                        uint64_t *random_state)
{
    size_t place = low;
    struct sort_item *pivot = &items[high - 1];

    swap(&items[low + random_below(random_state, high - low)], pivot);
    for (size_t i = low; i < high - 1; i++) {
        if (compare(&items[i], pivot) < 0) {
            swap(&items[i], &items[place]);
            place++;
        }
    }
    swap(&items[place], pivot);
    return place;
}

/* From `low` to `high`, no item before `border` is larger than one behind it, afterwards. */
static void divide(struct sort_item *items, size_t low, size_t high, size_t border,
                   compare_fn compare, uint64_t *random_state)
{
    while (low < border && border < high) {
        size_t place = partition(items, low, high, compare, random_state);
        if (border <= place) {
            high = place;
        } else {
            low = place + 1;
        }
    }
}

void sort_order(struct sort_item *items, size_t count, enum sort_by by, size_t from, size_t to,
                uint64_t *random_state)
{
    compare_fn compare = compares[by];
    assert(from <= to);
    assert(to <= count);

    divide(items, 0, count, from, compare, random_state);
    divide(items, from, count, to, compare, random_state);
    if (to > from) {
        qsort(items + from, to - from, sizeof(*items), compare);
    }
}
