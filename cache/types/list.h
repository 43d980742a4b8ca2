#ifndef PODIS_CACHE_TYPES_LIST_H
#define PODIS_CACHE_TYPES_LIST_H

/* Values of type list. A short one is flat and lies in the entry of its key:
 *
 *     | FLAT | listpack |
 *
 * Any other is a struct list on the heap, whose first byte is not FLAT, with a quicklist. Both read
 * alike through list_items(); a flat one is changed by opening it, changing the quicklist, and
 * writing that flat again if it still is short:
 *
 *     struct quicklist items = { .count = 0 };
 *     list_open(&items, value);
 *     …
 *     size_t size = list_flat_size(&items);
 *
 * Clients never see the difference: OBJECT ENCODING says quicklist, as Redis 7.0. */

#include "cache/ds/quicklist.h"
#include "cache/types/type.h"

enum { LIST_FLAT_MAX = 512 };

struct list {
    uint8_t kind;
    struct quicklist items;
};

/* What list_items() needs for a flat value. */
struct list_room {
    struct quicklist items;
    struct quicklist_node node;
};

bool list_is_flat(const void *value);

/* The elements of a value for reading; good as long as `value` and `room`. */
const struct quicklist *list_items(const void *value, struct list_room *room);

/* The elements from one place to another, both included, negative ones counted from the end, as
 * LRANGE and LTRIM take them. False if there are none. */
bool list_part(const struct quicklist *items, int64_t start, int64_t stop, size_t *first,
               size_t *count);

struct quicklist_limits list_limits(const struct type_limits *limits);

/* Makes an empty quicklist hold a copy of a flat value's elements. */
void list_open(struct quicklist *items, const void *flat);

/* How many bytes they take as a flat value; 0 if they must go to the heap. */
size_t list_flat_size(const struct quicklist *items);
void list_write_flat(const struct quicklist *items, void *room);

/* A value on the heap. *take_items is empty afterwards. */
struct list *list_move_to_heap(struct quicklist *take_items);

#endif
