/* Bounds from arguments, and ranks from bounds. */

#include "cache/commands/zset_bounds.h"

#include "cache/base/check.h"

#include <math.h>
#include <stdlib.h>

/* As strtod reads it, since that is what clients were tested against: white space in front, hex,
 * no digits at all. */
static bool take_score(struct call *c, size_t at, double *score, bool *open)
{
    struct span text = c->argv[at];
    char *copy = arena_alloc(c->arena, text.len + 1);
    char *end;

    if (text.len > 0) {
        memcpy(copy, text.bytes, text.len);
    }
    copy[text.len] = '\0';
    *open = copy[0] == '(';
    *score = strtod(copy + (*open ? 1 : 0), &end);
    return *end == '\0' && !isnan(*score);
}

static bool take_text(struct span text, struct span *bound, int *side, bool *open)
{
    char first = text.len > 0 ? text.bytes[0] : '\0';

    *side = 0;
    *open = first == '(';
    if (text.len == 1 && (first == '-' || first == '+')) {
        *side = first == '-' ? -1 : 1;
        return true;
    }
    if (first != '(' && first != '[') {
        return false;
    }
    *bound = span_skip(text, 1);
    return true;
}

bool zset_bounds_take(struct call *c, enum zset_by by, size_t min_at, size_t max_at,
                      struct zset_bounds *bounds)
{
    *bounds = (struct zset_bounds){ .by = by };
    if (by == ZSET_BY_RANK) {
        return arg_integer(c, min_at, &bounds->start) && arg_integer(c, max_at, &bounds->stop);
    }
    if (by == ZSET_BY_SCORE) {
        if (take_score(c, min_at, &bounds->min, &bounds->min_open) &&
            take_score(c, max_at, &bounds->max, &bounds->max_open)) {
            return true;
        }
        reply_error(c->reply, SPAN("ERR min or max is not a float"));
        return false;
    }
    if (take_text(c->argv[min_at], &bounds->low, &bounds->low_side, &bounds->min_open) &&
        take_text(c->argv[max_at], &bounds->high, &bounds->high_side, &bounds->max_open)) {
        return true;
    }
    reply_error(c->reply, SPAN("ERR min or max not valid string range item"));
    return false;
}

/* Ranks as they are given: each may be negative, and past the end. */
static void ranks_given(const struct zset_bounds *bounds, uint64_t count, uint64_t *from,
                        uint64_t *to)
{
    int64_t len = (int64_t)count;
    int64_t start = bounds->start < 0 ? bounds->start + len : bounds->start;
    int64_t stop = bounds->stop < 0 ? bounds->stop + len : bounds->stop;

    start = start < 0 ? 0 : start;
    stop = stop >= len ? len - 1 : stop;
    *from = start < len ? (uint64_t)start : count;
    *to = stop < 0 ? 0 : (uint64_t)stop + 1;
}

static uint64_t below_text(const struct zset *zset, struct span text, int side, bool or_equal)
{
    if (side != 0) {
        return side < 0 ? 0 : zset_count(zset);
    }
    return zset_below_text(zset, text, or_equal);
}

void zset_bounds_ranks(const struct zset_bounds *bounds, const struct zset *zset, bool backward,
                       uint64_t *from, uint64_t *to)
{
    uint64_t count = zset_count(zset);

    switch (bounds->by) {
    case ZSET_BY_RANK:
        ranks_given(bounds, count, from, to);
        break;
    case ZSET_BY_SCORE:
        *from = zset_below_score(zset, bounds->min, bounds->min_open);
        *to = zset_below_score(zset, bounds->max, !bounds->max_open);
        break;
    case ZSET_BY_TEXT:
        *from = below_text(zset, bounds->low, bounds->low_side, bounds->min_open);
        *to = below_text(zset, bounds->high, bounds->high_side, !bounds->max_open);
        break;
    }
    if (*to < *from) {
        *to = *from;
    }
    if (backward && bounds->by != ZSET_BY_RANK) {
        uint64_t low = *from;
        *from = count - *to;
        *to = count - low;
    }
}
