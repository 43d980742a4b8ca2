#ifndef PODIS_CACHE_TYPES_STREAM_GROUP_H
#define PODIS_CACHE_TYPES_STREAM_GROUP_H

/* Groups of consumers that share a stream's entries among them.
 *
 *     group ── pending ─────────────┐
 *       └── consumers ── pending ───┴──> struct stream_pending: delivered and not acknowledged
 *
 * A pending entry is one block of memory in two trees, its group's and its consumer's. It may be
 * of an entry that the stream does not have any more. */

#include "cache/types/stream.h"

struct stream_group {
    struct stream_id last_id; /* The last that was delivered. */
    int64_t entries_read;     /* How many were added up to that; or STREAM_READ_UNKNOWN. */
    struct radix pending;
    struct radix consumers;
    uint32_t name_len;
    char name[];
};

struct stream_consumer {
    int64_t seen_at_ms;   /* When it last tried … */
    int64_t active_at_ms; /* … and when it last got something; -1: never. */
    struct radix pending;
    uint32_t name_len;
    char name[];
};

struct stream_pending {
    uint8_t id[STREAM_ID_BYTES]; /* Its key. */
    struct stream_consumer *consumer;
    int64_t delivered_at_ms;
    uint64_t deliveries;
};

static inline struct span stream_group_name(const struct stream_group *group)
{
    return (struct span){ group->name, group->name_len };
}

static inline struct span stream_consumer_name(const struct stream_consumer *consumer)
{
    return (struct span){ consumer->name, consumer->name_len };
}

static inline struct stream_id stream_pending_id(const struct stream_pending *pending)
{
    return stream_id_read(pending->id);
}

/* For the stream's tree. */
struct span stream_group_key(const void *group);
void stream_group_free(void *group);

struct stream_group *stream_group_find(const struct stream *stream, struct span name);
/* There is none of this name yet. */
struct stream_group *stream_group_add(struct stream *stream, struct span name,
                                      struct stream_id last_id, int64_t entries_read);
void stream_group_remove(struct stream *stream, struct stream_group *group);
/* A copy of everything, added to another stream. */
void stream_group_copy(struct stream *stream, const struct stream_group *group);

/* How many entries the group has not read yet; false if that cannot be said. */
bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag);
/* An entry behind last_id is delivered: it becomes last_id. */
void stream_group_read(struct stream_group *group, const struct stream *stream,
                       struct stream_id id);

struct stream_consumer *stream_consumer_find(const struct stream_group *group, struct span name);
/* There is none of this name yet. */
struct stream_consumer *stream_consumer_add(struct stream_group *group, struct span name,
                                            int64_t now_ms);
/* With all that is pending for it. */
void stream_consumer_remove(struct stream_group *group, struct stream_consumer *consumer);

struct stream_pending *stream_pending_find(const struct stream_group *group, struct stream_id id);
/* The first in a tree that is at this id or behind it, and the one behind another. */
struct stream_pending *stream_pending_from(const struct radix *tree, struct stream_id id);
struct stream_pending *stream_pending_next(const struct radix *tree, struct stream_id id);
/* Delivered once. There is none of this id yet; the consumer may be NULL: of no one, until
 * stream_pending_give(). */
struct stream_pending *stream_pending_add(struct stream_group *group,
                                          struct stream_consumer *consumer, struct stream_id id,
                                          int64_t now_ms);
/* Makes it another consumer's, or the same one's. */
void stream_pending_give(struct stream_pending *pending, struct stream_consumer *consumer);
void stream_pending_remove(struct stream_group *group, struct stream_pending *pending);

/* Whether some group has this entry pending, or may still deliver it. O(number of groups), as the
 * next. */
bool stream_is_wanted(const struct stream *stream, struct stream_id id);
/* Makes the entry pending nowhere. False if it was not. */
bool stream_release(struct stream *stream, struct stream_id id);

#endif
