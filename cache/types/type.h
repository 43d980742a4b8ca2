#ifndef PODIS_CACHE_TYPES_TYPE_H
#define PODIS_CACHE_TYPES_TYPE_H

/* All that the rest of podis may know about a data type.
 *
 * The keyspace, eviction, the log, snapshots, DEBUG and OBJECT reach a value
 * only through this table, so a new type is one new file and one line in
 * types.c. Nothing outside cache/types/<name>.c (and the commands of that type)
 * may ask "is this a list?".
 *
 * A value is one heap block or structure reached by a pointer. A type whose
 * values may live inside the entry of their key sets embed_max: such a value is
 * a flat run of bytes that says its own length, may lie at any alignment, and is
 * moved with memcpy. */

#include "cache/base/span.h"

#include <stdint.h>

/* Receives the commands that would make a value again; argv is borrowed. */
typedef void (*rewrite_fn)(void *context, const struct span *argv, size_t argc);

struct type {
    const char *name; /* What TYPE answers. */
    uint8_t tag;      /* Identifies the type in an entry and in a saved value; never reused. */
    size_t embed_max; /* Values up to this size may lie in the entry; 0: never. */

    void (*free)(void *value);           /* Of a value on the heap. */
    void *(*copy)(const void *value);    /* To the heap. */
    size_t (*size)(const void *value);   /* Of a flat value, in bytes; NULL if embed_max is 0. */
    size_t (*memory)(const void *value); /* Heap bytes, estimated for big aggregates. */
    const char *(*encoding)(const void *value); /* What OBJECT ENCODING answers. */
    /* Calls `emit` with the commands that make `key` hold this value. */
    void (*rewrite)(struct span key, const void *value, rewrite_fn emit, void *context);
};

extern const struct type type_string;

/* By tag; NULL if there is none. */
const struct type *type_by_tag(uint8_t tag);
/* By the name that TYPE answers; NULL if there is none. */
const struct type *type_by_name(struct span name);

#endif
