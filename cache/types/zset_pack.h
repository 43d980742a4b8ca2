#ifndef PODIS_CACHE_TYPES_ZSET_PACK_H
#define PODIS_CACHE_TYPES_ZSET_PACK_H

/* Small sorted sets: a listpack of member, score, member, score … in order. The scores are in
 * the form in which Redis writes them, since DUMP shows the bytes. All is O(n). */

#include "cache/ds/listpack.h"

/* The member's offset; 0 if it is not there. */
size_t pack_find(const struct listpack *pack, struct span member);
/* Of the member at an offset. */
double pack_score(const struct listpack *pack, size_t at);
uint64_t pack_rank(const struct listpack *pack, size_t at);
size_t pack_seek(const struct listpack *pack, uint64_t rank);

/* A member that is not there yet. */
void pack_add(struct listpack **pack, struct span member, double score);
/* One that comes behind all others. */
void pack_append(struct listpack **pack, struct span member, double score);
/* Returns the offset of the member behind. */
size_t pack_remove(struct listpack **pack, size_t at, uint64_t count);

uint64_t pack_below_score(const struct listpack *pack, double score, bool or_equal);
uint64_t pack_below_text(const struct listpack *pack, struct span text, bool or_equal);

/* Whether it holds members and scores, in order and each member once; otherwise says what is
 * wrong. The listpack as such is sound. */
const char *pack_fault(const struct listpack *pack, size_t count, uint64_t seed);

#endif
