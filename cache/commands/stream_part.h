#ifndef PODIS_CACHE_COMMANDS_STREAM_PART_H
#define PODIS_CACHE_COMMANDS_STREAM_PART_H

/* What the commands of streams have in common: ids and entries, in arguments and replies. */

#include "cache/call.h"
#include "cache/types/stream_group.h"

/* Replies the error; always false. */
bool stream_refuse(struct call *c, const char *error);

/* "ms-seq", or "ms" with this seq. False after the reply "ERR Invalid stream ID specified as
 * stream command argument". */
bool arg_stream_id(struct call *c, size_t at, uint64_t missing_seq, struct stream_id *id);

/* All arguments from `first` on, in the arena; NULL after the same reply. */
struct stream_id *arg_stream_ids(struct call *c, size_t first);

/* The ends of a range, as ids or "-", "+", "(id": false after a reply. */
bool arg_stream_start(struct call *c, size_t at, struct stream_id *id);
bool arg_stream_end(struct call *c, size_t at, struct stream_id *id);

/* key_edit() for commands that Redis counts as reads of the key; *stream NULL: it is not there. */
bool stream_edit(struct call *c, size_t at, struct stream **stream);

/* A group that must be there. NULL after a reply: WRONGTYPE, or "NOGROUP No such key 'k' or
 * consumer group 'g'". */
struct stream_group *stream_edit_group(struct call *c, size_t key_at, size_t group_at,
                                       struct stream **stream);
void reply_no_group(struct call *c, struct span key, struct span group, const char *where);

/* The consumer of this name; there is one from now on, which is a change and an event. */
struct stream_consumer *stream_join(struct call *c, size_t key_at, struct stream_group *group,
                                    struct span name, bool *is_new);

void reply_stream_id(struct reply *reply, struct stream_id id);
/* The present entry of a walk: its id, and an array of fields and values. */
void reply_stream_entry(struct reply *reply, const struct stream_walk *walk);
/* The entry of this id; false, and no reply, if there is none. */
bool reply_stream_entry_of(struct reply *reply, const struct stream *stream, struct stream_id id);
/* An array of the entries of a walk, `count` at most; 0: all. */
void reply_stream_entries(struct reply *reply, struct stream_walk *walk, uint64_t count);

/* The text of an id, in the arena. */
struct span call_stream_id(struct call *c, struct stream_id id);

/* Changes that say what became of a pending entry, and where a group is now. The group and the
 * consumer, whose names are borrowed, are not removed by the call. */
void call_adds_claim(struct call *c, struct span key, const struct stream_group *group,
                     const struct stream_pending *pending);
void call_adds_position(struct call *c, struct span key, const struct stream_group *group);

/* How long ago that was, not below 0. */
int64_t stream_elapsed_ms(const struct call *c, int64_t then_ms);

#endif
