#ifndef PODIS_CACHE_COMMANDS_ZSET_H
#define PODIS_CACHE_COMMANDS_ZSET_H

/* What the commands of sorted sets have in common. */

#include "cache/call.h"
#include "cache/types/zset.h"

/* The head of an answer of so many members, and each of them: RESP2 puts the scores between the
 * members, RESP3 makes a pair of each. */
void zset_reply_head(struct call *c, uint64_t count, bool with_scores);
void zset_reply_member(struct call *c, struct span member, double score, bool with_scores);

/* argv[at] holds what a command found, from now on: these members, or nothing if there are none.
 * Tells `event`, and replies with their number. */
void zset_store(struct call *c, size_t at, struct ranked_member **take_members, size_t count,
                const char *event);

/* The edited sorted set may be empty now: then the key goes. Notes the change either way. */
void zset_edited(struct call *c, size_t at, const struct zset *zset, const char *event);

#endif
