#ifndef PODIS_CACHE_TYPES_HASH_H
#define PODIS_CACHE_TYPES_HASH_H

/* Hashes: fields with values, and for some of them the moment from which on they are gone.
 *
 * A hash that lies in the entry of its key is read where it is. Whoever changes one takes a
 * draft of it (hash_draft.h): what a hash is kept as depends on how large it gets.
 *
 * A field whose time is over is not there: every function that takes `now_ms` passes it over.
 * With 0 for it, all are seen. */

#include "cache/base/number.h"
#include "cache/base/span.h"

#include <stdint.h>

enum {
    HASH_NEVER = -1,    /* The field does not expire; times are above 0. */
    HASH_AS_IS = -2,    /* It expires when it did before. */
    HASH_FLAT_MAX = 256 /* Bytes of a hash that lies in an entry. */
};

/* A field. The spans are borrowed from the hash, or from the rooms. */
struct hash_item {
    struct span field;
    struct span value;
    int64_t expires_at_ms; /* HASH_NEVER */
    char field_room[NUMBER_TEXT_MAX];
    char value_room[NUMBER_TEXT_MAX];
};

typedef void (*hash_visit_fn)(void *context, const struct hash_item *item);

/* Whether a field that expires then has done so. */
static inline bool hash_is_due(int64_t expires_at_ms, uint64_t now_ms)
{
    return expires_at_ms != HASH_NEVER && (uint64_t)expires_at_ms < now_ms;
}

size_t hash_count(const void *hash, uint64_t now_ms);
bool hash_find(const void *hash, struct span field, uint64_t now_ms, struct hash_item *item);
void hash_each(const void *hash, uint64_t now_ms, hash_visit_fn visit, void *context);

/* Whether it has a table: fields are found, and picked by chance, one by one. What has none is
 * small, and is gone through from the first to the last. */
bool hash_has_table(const void *hash);

/* Some of the fields, and where to go on, as HSCAN; all of them if there is no table. */
uint64_t hash_scan(const void *hash, uint64_t position, uint64_t now_ms, hash_visit_fn visit,
                   void *context);

/* Any field, each about as likely; false if there is none. O(n) without a table. */
bool hash_random(const void *hash, uint64_t now_ms, uint64_t *random_state, struct hash_item *item);

#endif
