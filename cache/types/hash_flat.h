#ifndef PODIS_CACHE_TYPES_HASH_FLAT_H
#define PODIS_CACHE_TYPES_HASH_FLAT_H

/* A hash of few small fields, in the entry of its key:
 *
 *     | HASH_FLAT | len | len | field | len | value | len | field | …
 *       1           1     1             1
 *
 * The first `len` is that of all that follows. Two bytes for each field is all it costs. None
 * of the fields expires. */

#include "cache/types/hash.h"

enum { HASH_FLAT_FRONT = 2 }; /* Bytes before the first field. */

/* An empty one. */
void hash_flat_clear(uint8_t *flat);

size_t hash_flat_size(const uint8_t *flat);
size_t hash_flat_count(const uint8_t *flat);
bool hash_flat_find(const uint8_t *flat, struct span field, struct hash_item *item);

/* The fields one after the other: *at is 0 at first. False when there are no more. */
bool hash_flat_next(const uint8_t *flat, size_t *at, struct hash_item *item);

/* These change one in a room of HASH_FLAT_MAX bytes; the spans do not lie in it. */

/* False, and nothing changed, if there would not be enough room. *added: it is a new field. */
bool hash_flat_set(uint8_t *flat, struct span field, struct span value, bool *added);
bool hash_flat_remove(uint8_t *flat, struct span field);

#endif
