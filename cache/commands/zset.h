#ifndef PODIS_CACHE_COMMANDS_ZSET_H
#define PODIS_CACHE_COMMANDS_ZSET_H

/* What the commands of sorted sets have in common. */

#include "cache/call.h"
#include "cache/types/zset.h"

/* The head of an answer of so many members, and each of them: RESP2 puts the scores between the
 * members, RESP3 makes a pair of each. */
void zset_reply_head(struct call *c, uint64_t count, bool with_scores);
void zset_reply_member(struct call *c, struct span member, double score, bool with_scores);

/* What ZADD, and GEOADD, add to argv[1]. */
enum zset_word {
    ZSET_NX = 1 << 0,
    ZSET_XX = 1 << 1,
    ZSET_GT = 1 << 2,
    ZSET_LT = 1 << 3,
    ZSET_CH = 1 << 4,
    ZSET_INCR = 1 << 5,
};
struct zset_adding {
    unsigned words;             /* enum zset_word bits that go with each other. */
    size_t count;               /* At least 1; exactly 1 with INCR. */
    const struct span *members; /* The first; the others are `step` spans apart. */
    size_t step;
    double *scores;
    /* The rest is zset_write.c's own. */
    size_t added, updated;
    bool refused;
    double score;
};
/* Adds and replies. Whether anything changed; argv is announced, as always. */
bool zset_add(struct call *c, struct zset_adding *adding);

/* argv[at] holds what a command found, from now on: these members, or nothing if there are none.
 * Tells `event`, and replies with their number. */
void zset_store(struct call *c, size_t at, struct ranked_member **take_members, size_t count,
                const char *event);

/* The edited sorted set may be empty now: then the key goes. Notes the change either way. */
void zset_edited(struct call *c, size_t at, const struct zset *zset, const char *event);

#endif
