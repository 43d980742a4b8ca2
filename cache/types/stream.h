#ifndef PODIS_CACHE_TYPES_STREAM_H
#define PODIS_CACHE_TYPES_STREAM_H

/* Values of type stream: entries under ascending ids, in blocks of some kilobytes, and groups of
 * consumers (stream_group.h). A stream may be empty.
 *
 *     blocks    a tree of struct stream_block, by the id of their first entry
 *     groups    a tree of struct stream_group, by name
 *
 * 1. No block is without a live entry; `length` is how many there are in all.
 * 2. first_id is the first live entry's, or 0-0; last_id is at least the last one's, and never
 *    goes back but by XSETID.
 * 3. entries_added counts all that ever were, so that readers can know how far behind they are
 *    as long as nothing was deleted ahead of them (max_deleted_id).
 *
 * Everybody may read the fields; only the functions here, and XSETID, set them. */

#include "cache/ds/radix.h"
#include "cache/types/stream_block.h"
#include "cache/types/type.h"

struct stream {
    struct radix blocks;
    uint64_t length;
    struct stream_id first_id;
    struct stream_id last_id;
    struct stream_id max_deleted_id;
    uint64_t entries_added;
    struct radix groups;
};

struct stream *stream_new(void);
void stream_free(void *stream);

/* Whether an entry of these fields, names and values by turns, can be stored: they are nearly as
 * long as a listpack may be, 1 GB, at most. */
bool stream_can_hold(const struct span *fields, size_t field_count);

/* The entry becomes the last one; its id is greater than last_id. Fields are names and values by
 * turns, at least one; they can be held. */
void stream_append(struct stream *stream, struct stream_id id, const struct span *fields,
                   size_t field_count, const struct type_limits *limits);

/* False if there is no such entry. */
bool stream_delete(struct stream *stream, struct stream_id id);

bool stream_has(const struct stream *stream, struct stream_id id);

struct stream_trim {
    bool by_id; /* Keep what is not below min_id; else the newest length_max entries. */
    uint64_t length_max;
    struct stream_id min_id;
    bool approximate; /* Whole blocks only. */
    uint64_t limit;   /* Entries that may be deleted; 0: any number. */
};
/* Deletes from the front. Returns how many entries. */
uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim);

/* The last entry's id; 0-0 if there is none. */
struct stream_id stream_last_entry(const struct stream *stream);

/* --- reading --- */

/* The entries from one id to another, both included:
 *
 *     stream_walk_start(&walk, stream, first, last, false);
 *     while (stream_walk_next(&walk)) … walk.place.id …
 *
 * The stream must not change meanwhile. */
struct stream_walk {
    const struct stream *stream;
    struct stream_id first;
    struct stream_id last;
    bool backwards;
    const struct stream_block *block;
    struct stream_place place; /* The present entry. */
};
void stream_walk_start(struct stream_walk *walk, const struct stream *stream,
                       struct stream_id first, struct stream_id last, bool backwards);
bool stream_walk_next(struct stream_walk *walk);

/* --- how far a reader is --- */

enum { STREAM_READ_UNKNOWN = -1 };

/* How many entries were added up to this id, it included; STREAM_READ_UNKNOWN if that cannot be
 * said any more. */
int64_t stream_count_up_to(const struct stream *stream, struct stream_id id);

/* Whether something was deleted at this id or behind it, but not all before the first entry. */
bool stream_has_gap_from(const struct stream *stream, struct stream_id id);

#endif
