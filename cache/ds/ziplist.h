#ifndef PODIS_CACHE_DS_ZIPLIST_H
#define PODIS_CACHE_DS_ZIPLIST_H

/* Ziplists, which listpacks replaced in Redis 7.0: only read, since older RDB files and DUMP
 * payloads are made of them. */

#include "cache/base/span.h"

/* Calls `each` with one element after the other; integers come as text. The text is good until
 * `each` returns. False if the bytes are not exactly one sound ziplist, or `each` said false: it
 * may have been called for elements before that. Reads no byte outside, whatever they are. */
bool ziplist_read(struct span bytes, bool (*each)(void *context, struct span text), void *context);

#endif
