#ifndef PODIS_CACHE_DS_INTSET_H
#define PODIS_CACHE_DS_INTSET_H

/* A set of integers as a sorted array in one block of memory, byte for byte Redis's intset,
 * which RDB files and DUMP payloads contain.
 *
 *     | width: 4 | count: 4 | number | number | …        little endian, ascending
 *
 * All numbers are 2, 4 or 8 bytes wide: what the one that needs the most room needs. A struct
 * intset may lie at any alignment, also inside other memory, as long as it is only read. */

#include "cache/base/span.h"

#include <stdint.h>

struct intset;

enum { INTSET_EMPTY_BYTES = 8 };

/* An empty one on the heap. Free it with memory_free(). */
struct intset *intset_new(void);
struct intset *intset_copy(const struct intset *set);

size_t intset_bytes(const struct intset *set);
size_t intset_count(const struct intset *set);
int64_t intset_at(const struct intset *set, size_t index);
bool intset_has(const struct intset *set, int64_t number);

/* Each may move the block. */

/* False if it is there already. O(n), but amortised O(1) if it is the largest. */
bool intset_add(struct intset **set, int64_t number);
/* False if it is not there. */
bool intset_remove(struct intset **set, int64_t number);

/* Whether these bytes are exactly one sound intset, each number looked at. Reads no byte outside,
 * whatever they are. */
bool intset_is_sound(struct span bytes);

#endif
