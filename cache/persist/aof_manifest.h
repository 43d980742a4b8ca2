#ifndef PODIS_CACHE_PERSIST_AOF_MANIFEST_H
#define PODIS_CACHE_PERSIST_AOF_MANIFEST_H

/* Which files the append-only file consists of: Redis 7's manifest.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b      all keys, as they were at one moment
 *     file appendonly.aof.1.incr.aof seq 1 type h      not needed any more, about to be deleted
 *     file appendonly.aof.2.incr.aof seq 2 type i      changes since; the last one grows
 *
 * Whoever loads it takes the base and then the others of type i in order. Here it is a list in
 * memory and its text; reading and replacing the file is done in aof_files.c. */

#include "cache/base/buf.h"
#include "cache/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum aof_kind { AOF_BASE = 'b', AOF_INCR = 'i', AOF_HISTORY = 'h' };

struct aof_part {
    struct aof_part *next;
    char *name; /* Without a folder. Owned. */
    uint64_t seq;
    enum aof_kind kind;
};

/* Zeroed storage is an empty one. */
struct aof_manifest {
    struct aof_part *base;       /* At most one. */
    struct aof_part *history;    /* Newest first. */
    struct aof_part *incr;       /* In order of their numbers, which need not be consecutive. */
    uint64_t base_seq, incr_seq; /* The last that were given away; 0: none. */
};

void aof_manifest_fini(struct aof_manifest *manifest);
void aof_manifest_copy(struct aof_manifest *to, const struct aof_manifest *from);

/* What is wrong with a text, and where. */
struct aof_fault {
    const char *why;  /* A constant. */
    size_t line;      /* From 1; 0: no line of it. */
    struct span text; /* That line: part of what was parsed. */
};

enum { AOF_LINE_MAX = 1024 };

/* Fills an empty manifest from the text. False: what is wrong is in *fault, and it is empty. */
must_check bool aof_manifest_parse(struct aof_manifest *manifest, struct span text,
                                   struct aof_fault *fault);
void aof_manifest_write(const struct aof_manifest *manifest, struct buf *out);

/* Whether there is nothing to load. */
bool aof_manifest_is_empty(const struct aof_manifest *manifest);
size_t aof_manifest_count(const struct aof_manifest *manifest); /* Of parts to load. */
const struct aof_part *aof_manifest_last(const struct aof_manifest *manifest); /* NULL: no incr. */

/* Adds a part whose name begins with `filename` and has the next number. A base takes the place of
 * the one before, which becomes history. The name is borrowed. */
const char *aof_manifest_new_base(struct aof_manifest *manifest, const char *filename, bool rdb);
const char *aof_manifest_new_incr(struct aof_manifest *manifest, const char *filename);
/* A single file from before Redis 7 becomes the base, number 1, of an empty manifest. */
void aof_manifest_adopt(struct aof_manifest *manifest, const char *filename);

/* All incr parts with a number up to `seq` become history. */
void aof_manifest_retire(struct aof_manifest *manifest, uint64_t seq);
void aof_manifest_forget_history(struct aof_manifest *manifest);

#endif
