/* ZRANGE and the commands that it replaced, which are ZRANGE with some of its words fixed, and
 * ZRANGESTORE. All of them find the ranks of a range first and walk it then. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/commands/rows.h"
#include "cache/commands/zset.h"
#include "cache/commands/zset_bounds.h"

struct ranging {
    bool store;
    bool by_given; /* BYSCORE and BYLEX are no words of this command. */
    bool direction_given;
    enum zset_by by;
    bool backward;
    bool with_scores;
    int64_t offset;
    int64_t limit; /* Negative: none. */
    struct zset_bounds bounds;
};

/* One word without an argument; false if it is none. */
static bool take_word(struct ranging *ranging, struct span word)
{
    if (!ranging->store && span_is(word, "WITHSCORES")) {
        ranging->with_scores = true;
    } else if (!ranging->direction_given && span_is(word, "REV")) {
        ranging->backward = true;
        ranging->direction_given = true;
    } else if (!ranging->by_given && span_is(word, "BYLEX")) {
        ranging->by = ZSET_BY_TEXT;
        ranging->by_given = true;
    } else if (!ranging->by_given && span_is(word, "BYSCORE")) {
        ranging->by = ZSET_BY_SCORE;
        ranging->by_given = true;
    } else {
        return false;
    }
    return true;
}

static bool take_words(struct call *c, size_t first, struct ranging *ranging)
{
    for (size_t i = first; i < c->argc; i++) {
        if (take_word(ranging, c->argv[i])) {
            continue;
        }
        if (!arg_is(c, i, "LIMIT") || c->argc - i <= 2) {
            call_syntax_error(c);
            return false;
        }
        if (!arg_integer(c, i + 1, &ranging->offset) || !arg_integer(c, i + 2, &ranging->limit)) {
            return false;
        }
        i += 2;
    }
    return true;
}

static const char *fault_of(const struct ranging *ranging)
{
    if (ranging->limit != -1 && ranging->by == ZSET_BY_RANK) {
        return "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or "
               "BYLEX";
    }
    if (ranging->with_scores && ranging->by == ZSET_BY_TEXT) {
        return "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
    }
    return NULL;
}

/* Reads all that comes behind the key argv[key]. Replies if it returns false. */
static bool take_ranging(struct call *c, size_t key, struct ranging *ranging)
{
    size_t min_at = key + 1;
    size_t max_at = key + 2;

    ranging->limit = -1;
    if (!take_words(c, key + 3, ranging)) {
        return false;
    }
    const char *fault = fault_of(ranging);
    if (fault != NULL) {
        reply_error(c->reply, span_from(fault));
        return false;
    }
    if (ranging->backward && ranging->by != ZSET_BY_RANK) {
        min_at = key + 2;
        max_at = key + 1;
    }
    return zset_bounds_take(c, ranging->by, min_at, max_at, &ranging->bounds);
}

/* The ranks that are left of a range after LIMIT; backward ones count from the end. */
static void ranks_of(const struct ranging *ranging, const struct zset *zset, uint64_t *from,
                     uint64_t *to)
{
    zset_bounds_ranks(&ranging->bounds, zset, ranging->backward, from, to);
    uint64_t count = *to - *from;
    if (ranging->by != ZSET_BY_RANK) {
        /* A negative offset passes over everything, a negative limit over nothing. */
        uint64_t offset = (uint64_t)ranging->offset < count ? (uint64_t)ranging->offset : count;
        *from += offset;
        count -= offset;
        if (ranging->limit >= 0 && (uint64_t)ranging->limit < count) {
            *to = *from + (uint64_t)ranging->limit;
        }
    }
}

static struct zset_walk walk_from(const struct ranging *ranging, const struct zset *zset,
                                  uint64_t from)
{
    uint64_t count = zset_count(zset);
    uint64_t rank = ranging->backward && from < count ? count - 1 - from : from;
    return zset_walk(zset, rank, ranging->backward);
}

static void reply_range(struct call *c, struct ranging *ranging)
{
    uint64_t from;
    uint64_t to;
    const void *zset;

    if (!take_ranging(c, 1, ranging) || !key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    if (zset == NULL) {
        reply_array(c->reply, 0);
        return;
    }
    ranks_of(ranging, zset, &from, &to);
    struct zset_walk walk = walk_from(ranging, zset, from);
    zset_reply_head(c, to - from, ranging->with_scores);
    for (uint64_t left = to - from; left > 0 && zset_step(&walk); left--) {
        zset_reply_member(c, walk.member, walk.score, ranging->with_scores);
    }
}

static void zrangestore(struct call *c)
{
    struct ranging ranging = { .store = true };
    struct ranked_member **members = NULL;
    uint64_t from = 0;
    uint64_t to = 0;
    const void *zset;

    if (!take_ranging(c, 2, &ranging) || !key_read(c, 2, &type_zset, &zset)) {
        return;
    }
    if (zset != NULL) {
        ranks_of(&ranging, zset, &from, &to);
    }
    size_t count = to - from;
    if (count > 0) {
        struct zset_walk walk = walk_from(&ranging, zset, from);
        members = memory_alloc(count * sizeof(struct ranked_member *));
        for (size_t i = 0; i < count && zset_step(&walk); i++) {
            members[i] = ranked_member_new(walk.member, walk.score);
        }
    }
    zset_store(c, 1, members, count, "zrangestore");
    memory_free(members);
}

static void zrange(struct call *c)
{
    struct ranging ranging = { .by = ZSET_BY_RANK };
    reply_range(c, &ranging);
}

static void reply_fixed(struct call *c, enum zset_by by, bool backward)
{
    struct ranging ranging = { .by_given = true, .direction_given = true };
    ranging.by = by;
    ranging.backward = backward;
    reply_range(c, &ranging);
}

static void zrevrange(struct call *c)
{
    reply_fixed(c, ZSET_BY_RANK, true);
}

static void zrangebyscore(struct call *c)
{
    reply_fixed(c, ZSET_BY_SCORE, false);
}

static void zrevrangebyscore(struct call *c)
{
    reply_fixed(c, ZSET_BY_SCORE, true);
}

static void zrangebylex(struct call *c)
{
    reply_fixed(c, ZSET_BY_TEXT, false);
}

static void zrevrangebylex(struct call *c)
{
    reply_fixed(c, ZSET_BY_TEXT, true);
}

const struct command zset_range_commands[] = {
    { .name = "zrange",
      .run = zrange,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(log(N)+M), N being the number of members and M of those returned.",
      .synopsis = "key:key start:string stop:string [sortby:(byscore:BYSCORE | "
                  "bylex:BYLEX)@6.2.0] [rev:REV@6.2.0] [offset_count:{offset:integer "
                  "count:integer}=LIMIT@6.2.0] [withscores:WITHSCORES]",
      .summary = "Returns the members within a range of ranks, scores or texts.",
      .history = "6.2.0 `REV`, `BYSCORE`, `BYLEX` and `LIMIT`." },
    { .name = "zrangestore",
      .run = zrangestore,
      .arity = -5,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), KEYS(2, 2, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "6.2.0",
      .complexity = "O(log(N)+M), N being the number of members and M of those stored.",
      .synopsis = "dst:key src:key min:string max:string [sortby:(byscore:BYSCORE | bylex:BYLEX)] "
                  "[rev:REV] [offset_count:{offset:integer count:integer}=LIMIT]",
      .summary = "Stores the members within a range as another sorted set." },
    { .name = "zrangebyscore",
      .run = zrangebyscore,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "1.0.5",
      .complexity = "O(log(N)+M), N being the number of members and M of those returned.",
      .synopsis = "key:key min:double max:double [withscores:WITHSCORES@2.0.0] "
                  "[offset_count:{offset:integer count:integer}=LIMIT]",
      .summary = "Returns the members within a range of scores.",
      .history = "2.0.0 `WITHSCORES`.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`ZRANGE` with the `BYSCORE` argument" },
    { .name = "zrevrangebyscore",
      .run = zrevrangebyscore,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.2.0",
      .complexity = "O(log(N)+M), N being the number of members and M of those returned.",
      .synopsis = "key:key max:double min:double [withscores:WITHSCORES] "
                  "[offset_count:{offset:integer count:integer}=LIMIT]",
      .summary = "Returns the members within a range of scores, the highest first.",
      .history = "2.1.6 Bounds that are not included.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments" },
    { .name = "zrangebylex",
      .run = zrangebylex,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.8.9",
      .complexity = "O(log(N)+M), N being the number of members and M of those returned.",
      .synopsis = "key:key min:string max:string [offset_count:{offset:integer "
                  "count:integer}=LIMIT]",
      .summary = "Returns the members within a range of texts, where all scores are equal.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`ZRANGE` with the `BYLEX` argument" },
    { .name = "zrevrangebylex",
      .run = zrevrangebylex,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.8.9",
      .complexity = "O(log(N)+M), N being the number of members and M of those returned.",
      .synopsis = "key:key max:string min:string [offset_count:{offset:integer "
                  "count:integer}=LIMIT]",
      .summary = "Returns the members within a range of texts, the highest first.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments" },
    { .name = "zrevrange",
      .run = zrevrange,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(log(N)+M), N being the number of members and M of those returned.",
      .synopsis = "key:key start:integer stop:integer [withscores:WITHSCORES]",
      .summary = "Returns the members within a range of ranks, the highest score first.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`ZRANGE` with the `REV` argument" },
    { .name = NULL },
};
