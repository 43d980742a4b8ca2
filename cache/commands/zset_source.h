#ifndef PODIS_CACHE_COMMANDS_ZSET_SOURCE_H
#define PODIS_CACHE_COMMANDS_ZSET_SOURCE_H

/* What ZUNION and its like read: a sorted set, a set, whose members all have the score 1, or a
 * key that is not there, which is an empty one. */

#include "cache/call.h"

struct zset_source {
    const void *value; /* NULL: no such key. */
    bool is_set;
    uint64_t count;
    double weight;
};

/* The key argv[at]. False after the reply WRONGTYPE. */
bool zset_source_take(struct call *c, size_t at, struct zset_source *source);

bool zset_source_find(const struct zset_source *source, struct span member, double *score);

/* Visits member after member until `visit` says false. The text is good until it returns. */
typedef bool (*zset_source_fn)(void *context, struct span member, double score);
void zset_source_each(const struct zset_source *source, zset_source_fn visit, void *context);

#endif
