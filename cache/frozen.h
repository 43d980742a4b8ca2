#ifndef PODIS_CACHE_FROZEN_H
#define PODIS_CACHE_FROZEN_H

/* A database as it was at one moment, visited bit by bit while it goes on changing.
 *
 * Hash space is cut into ranges, about one for each bucket, and of each it is known whether its
 * entries were visited. Whoever is about to add, change or remove an entry says so first
 * (frozen_keep): if the entry's range was not visited yet it is visited now. So every entry is
 * visited exactly once, before it is first changed, and costs nothing of its own: a bit for a
 * range, 16 kB for a million keys. The other way, fork(), may copy all memory there is.
 *
 *     ranges   | x | x | x |   | x |   |   | x |   |      x  visited
 *                          ^ next: frozen_step()   ^ frozen_keep() was here
 *
 * This is possible since the table keeps the order of hashes: a range means the same in a table
 * of any size, also while it is being resized. */

#include "cache/ds/table.h"
#include "cache/entry.h"

#include <stddef.h>
#include <stdint.h>

struct frozen;

/* `entry` is borrowed. `db` is the number that its database had when it was frozen. */
typedef void (*frozen_fn)(void *context, int db, const struct entry *entry);

/* The table outlives it. `seed` is that of the hashes. `visit` must not change the table. */
struct frozen *frozen_new(const struct table *table, uint64_t seed, int db, frozen_fn visit,
                          void *context);
/* Accepts NULL. */
void frozen_free(struct frozen *frozen);

/* An entry with this hash is about to be added, changed or removed. */
void frozen_keep(struct frozen *frozen, uint64_t hash);
/* The same for an entry that is there. */
void frozen_keep_entry(struct frozen *frozen, const struct entry *entry);

/* Visits up to *budget ranges, and lowers it by what it used. True: all were visited. */
bool frozen_step(struct frozen *frozen, size_t *budget);

#endif
