#ifndef PODIS_CACHE_DS_RANKED_H
#define PODIS_CACHE_DS_RANKED_H

/* Members in the order of their scores, and of their bytes where scores are equal: a B+ tree
 * that counts, so that a rank, a score or a text is found in O(log n).
 *
 *                      inner   | first score | first member | child | members below | × 31
 *                     /     \
 *                inner       inner                    …
 *               /  |  \
 *           leaf = leaf = leaf = …             60 pointers to members, in order, doubly linked
 *            |||    |||    |||
 *           member: | score | length | text |  one block, 28 bytes for a text of 19
 *
 * Against a skip list, the usual choice: 13 bytes of structure per member and not 50, and
 * neighbours lie side by side, so walking a range touches a cache line for eight of them.
 *
 * 1. An inner node says of each child what its first member and that one's score are, and how
 *    many members are below it.
 * 2. All leaves are at one depth, and none is empty, except one that is the root.
 * 3. A member is in one tree, which owns it. Its text never changes, its score only by
 *    ranked_rescore(). No score is NaN. No two members have one text: whoever adds one has
 *    made sure of that.
 *
 * A rank is counted from 0, the lowest score. */

#include "cache/base/span.h"

#include <stdint.h>

struct ranked;

struct ranked_member {
    double score;
    uint8_t rest[]; /* Length and text. */
};

struct ranked_member *ranked_member_new(struct span text, double score);
struct span ranked_member_text(const struct ranked_member *member);

struct ranked *ranked_new(void);
/* Frees the members too. Accepts NULL. */
void ranked_free(struct ranked *ranked);

uint64_t ranked_count(const struct ranked *ranked);
/* What the nodes take, members not counted. */
size_t ranked_bytes(const struct ranked *ranked);

void ranked_add(struct ranked *ranked, struct ranked_member **take_member);
/* The member is the caller's from now on. */
void ranked_remove(struct ranked *ranked, struct ranked_member *member);
/* One search if the member keeps its place, else three. */
void ranked_rescore(struct ranked *ranked, struct ranked_member *member, double score);

uint64_t ranked_rank(const struct ranked *ranked, const struct ranked_member *member);

/* How many members have a lower score, or with `or_equal` this one. So the members with scores
 * from a to b, both included, are those with the ranks from ranked_below_score(a, false) to
 * ranked_below_score(b, true), the last one excluded. */
uint64_t ranked_below_score(const struct ranked *ranked, double score, bool or_equal);
/* The same by text. Means something only if all scores are equal. */
uint64_t ranked_below_text(const struct ranked *ranked, struct span text, bool or_equal);

/* A place among the members; good until the next change. */
struct ranked_place {
    const struct ranked_leaf *leaf; /* NULL: behind the end, or before the beginning. */
    uint32_t at;
};
/* rank is below the count. */
struct ranked_place ranked_seek(const struct ranked *ranked, uint64_t rank);
struct ranked_member *ranked_at(const struct ranked_place *place);
void ranked_next(struct ranked_place *place);
void ranked_previous(struct ranked_place *place);

/* Removes the members with the ranks from `from` to `to`, which is excluded, and hands each to
 * `drop`, which owns it. O(k + k/60 · log n). */
void ranked_cut(struct ranked *ranked, uint64_t from, uint64_t to,
                void (*drop)(void *context, struct ranked_member *member), void *context);

/* Stops if an invariant is broken; looks at everything. For tests. */
void ranked_check(const struct ranked *ranked);

#endif
