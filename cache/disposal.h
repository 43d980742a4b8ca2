#ifndef PODIS_CACHE_DISPOSAL_H
#define PODIS_CACHE_DISPOSAL_H

/* Where values go that nobody will ask for again.
 *
 * Most are one block, and are freed at once. One with many parts is given to the program's job
 * queue, if it has one, so that no command and no tick stops to take it apart. */

#include "cache/cache.h"
#include "cache/entry.h"

#include <stdatomic.h>

struct disposal {
    struct cache_jobs jobs; /* .add is NULL: everything is freed at once. */
    uint64_t given;         /* Values given to the queue, … */
    _Atomic uint64_t freed; /* … and freed by it. */
};

bool disposal_is_for_heap(const struct disposal *disposal, const struct entry *entry);

/* Whether this entry's value would be given to the queue. */
static inline bool disposal_is_for(const struct disposal *disposal, const struct entry *entry)
{
    return !entry_is_flat(entry) && disposal_is_for_heap(disposal, entry);
}

/* Frees the entry now, and its value now or later. `disposal` may be NULL: all now. */
void disposal_entry(struct disposal *disposal, struct entry *entry);

#endif
