#ifndef PODIS_CACHE_DS_TABLE_H
#define PODIS_CACHE_DS_TABLE_H

/* A hash table of entries, whatever those are, that never stops to resize.
 *
 * An entry is a pointer below 2^48; struct table_type says where its key is. The table does
 * not own entries. A bucket is one cache line of nine entries; a look-up costs that line and,
 * nearly always, only the entry it was looking for.
 *
 * Buckets follow the order of hashes: bucket b of n holds the hashes from b/n to (b+1)/n of
 * all. So a position in hash space means the same in a table of any size, and is all that a
 * scan or a sweep has to remember.
 *
 * Resizing is spread over the writes that come after it, and over table_step(). While it
 * lasts there are two arrays, but each key has its place in exactly one of them. */

#include "cache/base/hash.h"
#include "cache/base/span.h"

#include <stddef.h>
#include <stdint.h>

struct table;
struct table_slot; /* Where an entry is. Good until the next add, remove, step or sweep. */

struct table_type {
    struct span (*key)(const void *entry);
};

struct table *table_new(const struct table_type *type, uint64_t seed);
/* Frees the table, not the entries. Accepts NULL. */
void table_free(struct table *table);

/* The hash of a key under this seed: what every `hash` below must be. Never 0. */
static inline uint64_t table_hash(struct span key, uint64_t seed)
{
    uint64_t hash = hash_bytes(key, seed);
    return hash == 0 ? 1 : hash;
}

uint64_t table_count(const struct table *table);

/* NULL if there is no entry with this key. */
struct table_slot *table_find(const struct table *table, struct span key, uint64_t hash);

static inline void *table_slot_get(const struct table_slot *slot);
/* Puts another entry with the same key there. */
void table_slot_set(struct table_slot *slot, void *entry);
/* Marks the entry: table_sweep() visits only buckets with a marked entry. */
void table_slot_mark(struct table_slot *slot);

/* Adds an entry whose key is not there. */
struct table_slot *table_add(struct table *table, void *entry, uint64_t hash);
void table_remove(struct table *table, struct table_slot *slot, uint64_t hash);

/* Two hints to the processor, one after the other: fetch the bucket, then the entry. */
void table_prefetch_bucket(const struct table *table, uint64_t hash);
void table_prefetch_entry(const struct table *table, uint64_t hash);

/* Goes on with a resize: moves up to `budget` buckets. Returns how many; 0 if none is under
 * way. */
size_t table_step(struct table *table, size_t budget);

/* Visits all entries around a position in hash space, at least one bucket, and returns the
 * next position; 0 at the end. Begin with 0. Positions are below 2^48. An entry that is there
 * from the first call to the last is visited at least once, whatever happens in between; with
 * no change in between, exactly once. `visit` must not change the table. */
uint64_t table_scan(const struct table *table, uint64_t position,
                    void (*visit)(void *context, void *entry), void *context);

enum sweep {
    SWEEP_KEEP,   /* The entry stays, unmarked. */
    SWEEP_MARK,   /* The entry stays, marked. */
    SWEEP_REMOVE, /* The entry is no longer in the table; the visitor may have freed it. */
};
/* Looks at up to *budget buckets from a position on, and visits the entries of those that
 * hold a marked one. Lowers *budget by what it used, and returns the next position; 0 at the
 * end. */
uint64_t table_sweep(struct table *table, uint64_t position, size_t *budget,
                     enum sweep (*visit)(void *context, void *entry), void *context);

/* An entry picked by chance, each about as likely; NULL if there is none. */
struct table_slot *table_random(const struct table *table, uint64_t *random_state);

/* Takes the entries out of up to `budget` buckets, from the end, and hands them to `drop`.
 * Returns how many buckets; 0 when the table is empty. For a table that is not used otherwise
 * any more. */
size_t table_drain(struct table *table, size_t budget, void (*drop)(void *context, void *entry),
                   void *context);

uint64_t table_buckets(const struct table *table); /* Overflow buckets not counted. */
size_t table_bytes(const struct table *table);

/* Stops if an invariant is broken; looks at everything. For tests. */
void table_check(const struct table *table);

/* A slot is six bytes of a bucket, and there are always two bytes before it. */
static inline void *table_slot_get(const struct table_slot *slot)
{
    uint64_t word;
    memcpy(&word, (const char *)slot - 2, sizeof(word));
    return (void *)(uintptr_t)(word >> 16);
}

#endif
