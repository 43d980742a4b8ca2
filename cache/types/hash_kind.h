#ifndef PODIS_CACHE_TYPES_HASH_KIND_H
#define PODIS_CACHE_TYPES_HASH_KIND_H

/* What a hash is kept as: its first byte.
 *
 *     HASH_FLAT         in the entry              none of the fields expires
 *     HASH_PACK         a listpack of pairs       none of the fields expires
 *     HASH_TIMED_PACK   a listpack of triplets    by the time they expire
 *     HASH_TABLE        a hash table of pairs     and a heap of those that expire
 *
 * It becomes what is below it in this list as it grows or as a field is told to expire, and never
 * goes back. */

#include <stdint.h>

enum hash_kind { HASH_FLAT, HASH_PACK, HASH_TIMED_PACK, HASH_TABLE };

static inline enum hash_kind hash_kind_of(const void *hash)
{
    return (enum hash_kind) * (const uint8_t *)hash;
}

#endif
