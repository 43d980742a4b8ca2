#ifndef PODIS_CACHE_TYPES_HASH_TABLE_H
#define PODIS_CACHE_TYPES_HASH_TABLE_H

/* A large hash: a table of pairs, each one block of memory, and a heap of those that expire, if
 * any ever did. */

#include "cache/types/hash.h"
#include "cache/types/hash_due.h"

struct hash_table;

struct hash_table *hash_table_new(uint64_t seed);
struct hash_table *hash_table_copy(const struct hash_table *hash);
void hash_table_free(struct hash_table *hash);

uint64_t hash_table_count(const struct hash_table *hash); /* Expired or not. */
/* Those that expire; NULL: none ever did. */
const struct hash_due *hash_table_due(const struct hash_table *hash);
size_t hash_table_memory(const struct hash_table *hash);

/* Expired ones are found, scanned and picked as others are. */
bool hash_table_find(const struct hash_table *hash, struct span field, struct hash_item *item);
uint64_t hash_table_scan(const struct hash_table *hash, uint64_t position, hash_visit_fn visit,
                         void *context);
/* The hash is not empty. */
void hash_table_random(const struct hash_table *hash, uint64_t *random_state,
                       struct hash_item *item);

/* Sets a field; true if it is a new one. `expires_at_ms` may be HASH_AS_IS. */
bool hash_table_set(struct hash_table *hash, struct span field, struct span value,
                    int64_t expires_at_ms);
/* False if there is no such field. HASH_NEVER is a time here. */
bool hash_table_expire(struct hash_table *hash, struct span field, int64_t expires_at_ms);
bool hash_table_remove(struct hash_table *hash, struct span field);

#endif
