#ifndef PODIS_CACHE_TYPES_ZSET_H
#define PODIS_CACHE_TYPES_ZSET_H

/* Sorted sets: members, each with a score, in the order of scores and, where they are equal, of
 * bytes. Small ones are a listpack, larger ones a hash table and a counting tree over the same
 * members (cache/ds/ranked.h).
 *
 * Ranges by rank, by score and by text are all ranges of ranks here: zset_below_score() and
 * zset_below_text() turn the others into these. A rank is counted from 0, the lowest score;
 * a range is from a rank to another, which is excluded. */

#include "cache/base/number.h"
#include "cache/ds/ranked.h"
#include "cache/types/type.h"

struct listpack;
struct zset;

/* An empty one, for a first member of this length: to be put into before anybody sees it. */
struct zset *zset_new(const struct type_limits *limits, size_t member_len);
/* One of these members, all different, in any order; there is at least one. Their scores are as
 * they are in the end. The array stays the caller's, and is put into order. */
struct zset *zset_of(struct ranked_member **take_members, size_t count,
                     const struct type_limits *limits);
/* Lower score, or the same and lower bytes, first. */
void zset_sort_members(struct ranked_member **members, size_t count);

/* Makes it a listpack if it is small enough to be one. */
void zset_shrink(struct zset *zset, const struct type_limits *limits);

uint64_t zset_count(const struct zset *zset);

/* Where a member is, or would be. Good until the next change. */
struct zset_spot {
    bool found;
    double score; /* If found. */
    /* The rest is zset.c's own. */
    struct ranked_member *member;
    uint64_t hash;
    size_t at;
};
struct zset_spot zset_find(const struct zset *zset, struct span member);
/* Gives the member this score, and makes it one if it is none. */
void zset_put(struct zset *zset, const struct zset_spot *spot, struct span member, double score,
              const struct type_limits *limits);
/* Removes what was found. */
void zset_take(struct zset *zset, const struct zset_spot *spot);
uint64_t zset_rank(const struct zset *zset, const struct zset_spot *spot);

/* How many members are below a score, or a text; see ranked.h. */
uint64_t zset_below_score(const struct zset *zset, double score, bool or_equal);
uint64_t zset_below_text(const struct zset *zset, struct span text, bool or_equal);

/* Removes a range of ranks. */
void zset_cut(struct zset *zset, uint64_t from, uint64_t to);

/* One member after the other, from a rank on. */
struct zset_walk {
    struct span member; /* Good until the next step. */
    double score;
    /* The rest is zset.c's own. */
    const struct listpack *pack;
    bool backward;
    size_t at;
    struct ranked_place place;
    char room[NUMBER_TEXT_MAX];
};
struct zset_walk zset_walk(const struct zset *zset, uint64_t rank, bool backward);
bool zset_step(struct zset_walk *walk);

/* As table_scan(), but all at once where it is a listpack. Scores come as text, as ZSCAN answers
 * it. Both are good until `visit` returns. */
typedef void (*zset_visit_fn)(void *context, struct span member, struct span score);
uint64_t zset_scan(const struct zset *zset, uint64_t cursor, zset_visit_fn visit, void *context);

#endif
