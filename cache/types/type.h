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
 * moved with memcpy. A type that has both kinds tells them apart by the value's first byte,
 * and gives key_put() flat values of up to embed_max bytes only, the others to key_put_heap().
 *
 * A value on the heap belongs to its key alone and refers to nothing outside itself, so that
 * free() may run on another thread once the key is gone. */

#include "cache/base/digest.h"
#include "cache/base/span.h"
#include "cache/types/limits.h"

#include <stdint.h>

struct buf;
struct loader;
struct saver;

/* Receives the commands that would make a value again; argv is borrowed. */
typedef void (*rewrite_fn)(void *context, const struct span *argv, size_t argc);

/* Never reused: an entry holds its type's tag. They are Redis's numbers, which DEBUG DIGEST sums
 * up; its modules have 5. */
enum type_tag { TAG_STRING, TAG_LIST, TAG_SET, TAG_ZSET, TAG_HASH, TAG_STREAM = 6 };

/* When named parts of a value expire, the fields of a hash, in milliseconds of Unix time;
 * INT64_MAX: never. */
struct type_due {
    int64_t first_ms; /* The first of them. */
    int64_t all_ms;   /* All there are: the value is nothing then. It may be said too late. */
};

/* Of values on the heap. A part whose time is over is there for nobody to see; who finds one
 * announces that it is gone. */
struct type_parts {
    const char *removal; /* The command that removes one: "HDEL" key part. */
    const char *event;   /* What is told then. */
    struct type_due (*due)(const void *value);
    /* Removes up to *max that expired before now_ms. Lowers *max for each and tells `gone` of it
     * while it is there. False if nothing is left of the value. */
    bool (*expire)(void *value, uint64_t now_ms, size_t *max,
                   void (*gone)(void *context, struct span part), void *context);
};

struct type {
    const char *name; /* What TYPE answers. */
    uint8_t tag;      /* enum type_tag */
    size_t embed_max; /* Values up to this size may lie in the entry; 0: never. */

    void (*free)(void *value);           /* Of a value on the heap. */
    void *(*copy)(const void *value);    /* To the heap, of a value on the heap. */
    size_t (*size)(const void *value);   /* Of a flat value, in bytes; NULL if embed_max is 0. */
    size_t (*memory)(const void *value); /* Heap bytes, estimated for big aggregates; 0 if flat. */
    /* How many blocks free() has to free, about, in O(1); 1 for a single block. */
    size_t (*effort)(const void *value);
    const char *(*encoding)(const void *value); /* What OBJECT ENCODING answers. */
    /* Calls `emit` with the commands that make `key`, which is not there, hold this value. */
    void (*rewrite)(struct span key, const void *value, rewrite_fn emit, void *context);
    /* Adds the value to DEBUG DIGEST's sum, which holds the key and the type already: a value
     * whose order matters goes on from there with digest_mix(). */
    void (*digest)(const void *value, struct digest *sum);
    /* NULL, or: adds what DEBUG OBJECT tells of this type alone, " ql_nodes:1 …". */
    void (*details)(const void *value, struct buf *text);

    /* RDB (ds/saved.h). save() writes the type byte and the body. load() gets the type byte, which
     * is one of `codes`, and reads and verifies the body; it returns a value on the heap, which
     * the caller turns flat by `settle` if it fits, or NULL with loader.why set. */
    void (*save)(const void *value, struct saver *out);
    void *(*load)(uint8_t code, struct loader *in, const struct type_limits *limits);
    const uint8_t *codes; /* RDB type bytes that load() takes, ended by TYPE_NO_CODE. */
    /* NULL, or: how many flat bytes this heap value would take (0: it must stay on the heap), and
     * the writing of them. */
    size_t (*settled_size)(const void *value);
    void (*settle)(const void *value, void *room);

    const struct type_parts *parts; /* NULL: the value has none that expire by themselves. */
};

enum { TYPE_NO_CODE = 0xff };

extern const struct type type_string;
extern const struct type type_list;
extern const struct type type_set;
extern const struct type type_zset;
extern const struct type type_hash;
extern const struct type type_stream;

/* By tag; NULL if there is none. */
const struct type *type_by_tag(uint8_t tag);
/* By the name that TYPE answers; NULL if there is none. */
const struct type *type_by_name(struct span name);
/* The type that loads values with this RDB type byte; NULL if there is none. */
const struct type *type_by_code(uint8_t code);

#endif
