#ifndef PODIS_CACHE_COMMANDS_ZSET_BOUNDS_H
#define PODIS_CACHE_COMMANDS_ZSET_BOUNDS_H

/* Ranges of a sorted set as commands name them: by rank, by score ("(1.5", "-inf") and by text
 * ("[a", "(b", "-", "+"). */

#include "cache/call.h"
#include "cache/types/zset.h"

enum zset_by { ZSET_BY_RANK, ZSET_BY_SCORE, ZSET_BY_TEXT };

struct zset_bounds {
    enum zset_by by;
    bool min_open; /* The minimum itself is not meant. */
    bool max_open;
    int64_t start, stop;     /* BY_RANK: both included, negative from the end. */
    double min, max;         /* BY_SCORE */
    struct span low, high;   /* BY_TEXT */
    int low_side, high_side; /* BY_TEXT: -1 below all texts, 1 above all, 0: the text. */
};

/* Reads argv[min_at] and argv[max_at]. Replies if it returns false. */
bool zset_bounds_take(struct call *c, enum zset_by by, size_t min_at, size_t max_at,
                      struct zset_bounds *bounds);

/* The ranks they are here: from `from` to `to`, which is excluded; from == to: none. `backward`:
 * ranks count from the highest score. O(log n). */
void zset_bounds_ranks(const struct zset_bounds *bounds, const struct zset *zset, bool backward,
                       uint64_t *from, uint64_t *to);

#endif
