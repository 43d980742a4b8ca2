#ifndef PODIS_CACHE_SCRIPT_FUNCTION_DUMP_H
#define PODIS_CACHE_SCRIPT_FUNCTION_DUMP_H

/* The payload of FUNCTION DUMP: the records that libraries have in an RDB file, and a footer.
 *
 *     | 245 | code of a library | 245 | code … | version: 2 | CRC-64 of all before it: 8 | */

#include "cache/base/buf.h"
#include "cache/base/span.h"

/* Adds a library; then, once, the footer. False if that is too much for the buffer. */
must_check bool function_dump_add(struct buf *out, struct span code);
must_check bool function_dump_end(struct buf *out);

/* Hands the code of each library to `take`, which says what is wrong with it, or NULL. Returns what
 * it said, or what is wrong with the payload, whose footer was looked at already; else NULL. */
const char *function_dump_read(struct span payload,
                               const char *(*take)(void *context, struct span code), void *context);

#endif
