#ifndef PODIS_CACHE_TYPES_HASH_DUE_H
#define PODIS_CACHE_TYPES_HASH_DUE_H

/* Those pairs of a hash that expire, the next one first: a heap in which each has up to four
 * below it, none of which expires sooner. A pair knows its place, so that one that is removed or
 * told another time is found without a search. It owns no pair. */

#include "cache/types/hash_pair.h"

struct hash_due {
    struct hash_pair **pairs;
    uint32_t count;
    uint32_t room;
    int64_t last_ms; /* None of them expires later. */
};

/* Zeroed storage is an empty one. */
void hash_due_fini(struct hash_due *due);

void hash_due_add(struct hash_due *due, struct hash_pair *pair);
void hash_due_remove(struct hash_due *due, const struct hash_pair *pair);
/* This pair was told another time. */
void hash_due_expire(struct hash_due *due, struct hash_pair *pair, int64_t expires_at_ms);
/* This pair is now at another address. */
void hash_due_moved(struct hash_due *due, struct hash_pair *pair);

/* The one that expires first; NULL if none does. */
struct hash_pair *hash_due_first(const struct hash_due *due);
/* How many have expired. O(that). */
size_t hash_due_count(const struct hash_due *due, uint64_t now_ms);

#endif
