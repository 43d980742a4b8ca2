#ifndef PODIS_CACHE_KEYSPACE_H
#define PODIS_CACHE_KEYSPACE_H

/* One database: a table of entries, and what is known about all of them together.
 *
 * It knows nothing of commands, replies and announcements; cache/call.c and cache/cache.c put
 * those around it. A key is named by its bytes and their hash (keyspace_hash), found once, and
 * then handled by its slot. A slot is good until a key is added to or taken out of
 * the database. */

#include "cache/base/span.h"
#include "cache/disposal.h"
#include "cache/ds/table.h"
#include "cache/entry.h"

#include <stdint.h>

struct frozen;

struct keyspace {
    struct table *table;
    struct frozen *frozen;     /* A snapshot is being taken, and is told before entries change. */
    struct disposal *disposal; /* Of values that are removed; NULL: they are freed at once. */
    uint64_t expiring;         /* Entries with a time to live. */
    uint64_t in_parts;         /* Entries with parts that expire. */
    uint64_t sweep_at;         /* Where active expiry goes on, … */
    uint64_t evict_at;         /* … and where eviction looks for candidates next. */
    uint64_t ttl_sum_ms;       /* Of this round of active expiry, and of how many entries. */
    uint64_t ttl_count;
    uint64_t avg_ttl_ms; /* Of the last whole round; 0 if unknown. */
};

/* `disposal` outlives it, or is NULL. */
void keyspace_init(struct keyspace *space, uint64_t seed, struct disposal *disposal);
/* All memory is free on return. */
void keyspace_fini(struct keyspace *space);

static inline uint64_t keyspace_count(const struct keyspace *space)
{
    return table_count(space->table);
}

static inline struct entry *keyspace_entry(const struct table_slot *slot)
{
    return table_slot_get(slot);
}

/* NULL if there is no such key. Expired ones are there. */
static inline struct table_slot *keyspace_find(const struct keyspace *space, struct span key,
                                               uint64_t hash)
{
    return table_find(space->table, key, hash);
}

/* Adds a key that is not there. */
struct table_slot *keyspace_add(struct keyspace *space, const struct entry_form *form,
                                uint64_t hash);

/* Gives an existing key another value; the old one is freed. form.key is ignored. The slot
 * stays good. */
void keyspace_replace(struct keyspace *space, struct table_slot *slot,
                      const struct entry_form *form);

/* Room for `size` flat bytes, the present value in front; see entry_resize(). */
void *keyspace_resize(struct keyspace *space, struct table_slot *slot, size_t size);

/* -1: never. */
void keyspace_expire(struct keyspace *space, struct table_slot *slot, int64_t expires_at_ms);

/* The value is about to be changed where it lies. */
void keyspace_keep(struct keyspace *space, const struct table_slot *slot);
/* It was. */
void keyspace_changed(struct keyspace *space, struct table_slot *slot);

/* Removes a key and disposes of its value. */
void keyspace_remove(struct keyspace *space, struct table_slot *slot, uint64_t hash);

/* Takes an entry out without freeing it; keyspace_adopt() puts one into this or another
 * database, where its key is not, and owns it from then on. */
struct entry *keyspace_take(struct keyspace *space, struct table_slot *slot, uint64_t hash);
struct table_slot *keyspace_adopt(struct keyspace *space, struct entry **take_entry, uint64_t hash);

/* Active expiry: looks at up to `budget` buckets, starting where it stopped, and removes the
 * entries whose time has come. Returns how many buckets it looked at; 0 if nothing can expire. */
struct keyspace_sweeper {
    void *context;
    uint64_t now_ms;
    /* About to be removed, and still whole. */
    void (*expired)(void *context, const struct entry *entry);
    /* Has parts that expire. False: nothing is left of it, it is to be removed. */
    bool (*expire_parts)(void *context, struct entry *entry);
};
size_t keyspace_sweep(struct keyspace *space, const struct keyspace_sweeper *sweeper,
                      size_t budget);

/* Frees up to `budget` buckets of entries from the end, for databases that were emptied or
 * dropped. Returns how many were freed; 0 when it is empty. */
size_t keyspace_drain(struct keyspace *space, size_t budget);

#endif
