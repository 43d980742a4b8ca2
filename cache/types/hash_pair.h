#ifndef PODIS_CACHE_TYPES_HASH_PAIR_H
#define PODIS_CACHE_TYPES_HASH_PAIR_H

/* A field and its value in one block of memory, for hashes with a table.
 *
 *     | head | expires | place | field len | value len | field | value |
 *       1      0 or 6    0 or 4  1 or 4      1 or 4
 *
 *     head   bit 0  the field's length takes four bytes
 *            bit 1  the value's length takes four bytes
 *            bit 2  it expires: milliseconds of Unix time, and its place in the heap of all those
 *                   of its hash that do (hash_due.h) */

#include "cache/types/hash.h"

struct hash_pair;

/* Such times are below this: six bytes last to the year 10889. */
#define HASH_EXPIRES_END_MS (INT64_C(1) << 48)

struct hash_pair *hash_pair_new(struct span field, struct span value, int64_t expires_at_ms);

struct span hash_pair_field(const struct hash_pair *pair);
struct span hash_pair_value(const struct hash_pair *pair);
int64_t hash_pair_expires_at_ms(const struct hash_pair *pair); /* HASH_NEVER */

/* Another value; where the allocator would give a block of the same size it is written over
 * the old one. Go on with what is returned. `value` does not lie in the pair. */
struct hash_pair *hash_pair_replace(struct hash_pair *pair, struct span value);

/* Another time for a pair that expires already. */
void hash_pair_expire(struct hash_pair *pair, int64_t expires_at_ms);

/* Of a pair that expires. */
uint32_t hash_pair_place(const struct hash_pair *pair);
void hash_pair_set_place(struct hash_pair *pair, uint32_t place);

#endif
