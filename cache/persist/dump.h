#ifndef PODIS_CACHE_PERSIST_DUMP_H
#define PODIS_CACHE_PERSIST_DUMP_H

/* A value as DUMP gives it and RESTORE takes it: how it travels between processes.
 *
 *     | type byte | body, as in an RDB file | version: 2 | CRC-64 of all before it: 8 |
 *
 * Written is version 11, Redis 7.2's. Read is everything up to version 12, whose new types are
 * refused like any other unknown one. Payloads come from clients and are not trusted. */

#include "cache/base/buf.h"
#include "cache/base/span.h"
#include "cache/types/type.h"

enum { DUMP_VERSION = 11, DUMP_VERSION_MAX = 12, DUMP_FOOTER = 10 };

/* Adds the payload of a value. False if that passed the buffer's maximum: what is there then
 * is useless. */
must_check bool dump_write(struct buf *out, const struct type *type, const void *value);

/* Whether the payload ends with a version that can be read and, if `sum` is true, with the right
 * checksum. */
bool dump_is_intact(struct span payload, bool sum);

/* The value of an intact payload, on the heap, and its type; free it with type->free(). NULL if
 * it is none, and *why is a constant text that says what is wrong with it. */
void *dump_read(struct span payload, const struct type_limits *limits, const struct type **type,
                const char **why);

#endif
