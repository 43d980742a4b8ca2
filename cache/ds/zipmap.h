#ifndef PODIS_CACHE_DS_ZIPMAP_H
#define PODIS_CACHE_DS_ZIPMAP_H

/* Zipmaps: small hashes of Redis before 2.6, only read.
 *
 *     | count | len | field | len | spare | value | spare bytes | … | 0xff |
 *       1       1 or 5        1 or 5  1
 *
 * A length is one byte below 254, or 254 and four bytes. */

#include "cache/base/span.h"

/* Calls `each` with one pair after the other. False if the bytes are not exactly one sound
 * zipmap, or `each` said false: it may have been called for pairs before that. Reads no byte
 * outside, whatever they are. */
bool zipmap_read(struct span bytes,
                 bool (*each)(void *context, struct span field, struct span value), void *context);

#endif
