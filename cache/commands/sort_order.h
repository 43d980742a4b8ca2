#ifndef PODIS_CACHE_COMMANDS_SORT_ORDER_H
#define PODIS_CACHE_COMMANDS_SORT_ORDER_H

/* Putting the elements that SORT found into their order.
 *
 * By weight: numbers, and the bytes of the elements where they are equal. By word: bytes, those
 * without a word first; elements that are equal then stay in the order in which they were found,
 * also when that of all others is reversed. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sort_item {
    struct span text;
    struct span word; /* .bytes NULL: it has none. */
    double weight;    /* Not NaN. */
    size_t found_at;  /* Its place before; all are different. */
};

enum sort_by {
    SORT_BY_WEIGHT,
    SORT_BY_WEIGHT_DOWN,
    SORT_BY_WORD,
    SORT_BY_WORD_DOWN,
};

/* Puts the items that belong to the places from `from` to `to`, which is excluded, there. The
 * others are somewhere around them. O(count + m log m) for m places. */
void sort_order(struct sort_item *items, size_t count, enum sort_by by, size_t from, size_t to,
                uint64_t *random_state);

#endif
