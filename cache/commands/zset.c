/* Commands that look at members of a sorted set one by one, and what the others share. */

#include "cache/commands/zset.h"

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/scan.h"
#include "cache/commands/zset_bounds.h"

/* --- shared --- */

void zset_reply_head(struct call *c, uint64_t count, bool with_scores)
{
    reply_array(c->reply, with_scores && c->reply->protocol == 2 ? 2 * count : count);
}

void zset_reply_member(struct call *c, struct span member, double score, bool with_scores)
{
    if (with_scores && c->reply->protocol == 3) {
        reply_array(c->reply, 2);
    }
    reply_bulk(c->reply, member);
    if (with_scores) {
        reply_double(c->reply, score);
    }
}

void zset_store(struct call *c, size_t at, struct ranked_member **take_members, size_t count,
                const char *event)
{
    if (count > 0) {
        void *zset = zset_of(take_members, count, c->limits);
        key_put_heap(c, at, &type_zset, &zset, EXPIRY_NONE);
        key_event(c, at, EVENT_ZSET, event);
    } else if (key_delete(c, at)) {
        key_event(c, at, EVENT_GENERIC, "del");
        call_changed_as_words(c, 2, SPAN("DEL"), c->argv[at]);
    }
    reply_integer(c->reply, (int64_t)count);
}

void zset_edited(struct call *c, size_t at, const struct zset *zset, const char *event)
{
    key_event(c, at, EVENT_ZSET, event);
    if (zset_count(zset) > 0) {
        key_changed(c, at);
        return;
    }
    key_delete(c, at);
    key_event(c, at, EVENT_GENERIC, "del");
}

/* --- handlers --- */

static void zcard(struct call *c)
{
    const void *zset;

    if (key_read(c, 1, &type_zset, &zset)) {
        reply_integer(c->reply, zset == NULL ? 0 : (int64_t)zset_count(zset));
    }
}

static void reply_score(struct call *c, const struct zset *zset, struct span member)
{
    struct zset_spot spot = { .found = false };

    if (zset != NULL) {
        spot = zset_find(zset, member);
    }
    if (spot.found) {
        reply_double(c->reply, spot.score);
    } else {
        reply_null(c->reply);
    }
}

static void zscore(struct call *c)
{
    const void *zset;

    if (key_read(c, 1, &type_zset, &zset)) {
        reply_score(c, zset, c->argv[2]);
    }
}

static void zmscore(struct call *c)
{
    const void *zset;

    if (!key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        reply_score(c, zset, c->argv[i]);
    }
}

static void reply_rank(struct call *c, bool backward)
{
    bool with_score = c->argc == 4;
    struct zset_spot spot = { .found = false };
    const void *zset;

    if (c->argc > 4) {
        call_arity_error(c);
        return;
    }
    if (with_score && !arg_is(c, 3, "WITHSCORE")) {
        call_syntax_error(c);
        return;
    }
    if (!key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    if (zset != NULL) {
        spot = zset_find(zset, c->argv[2]);
    }
    if (!spot.found) {
        if (with_score) {
            reply_null_array(c->reply);
        } else {
            reply_null(c->reply);
        }
        return;
    }
    uint64_t rank = zset_rank(zset, &spot);
    rank = backward ? zset_count(zset) - 1 - rank : rank;
    if (with_score) {
        reply_array(c->reply, 2);
    }
    reply_integer(c->reply, (int64_t)rank);
    if (with_score) {
        reply_double(c->reply, spot.score);
    }
}

static void zrank(struct call *c)
{
    reply_rank(c, false);
}

static void zrevrank(struct call *c)
{
    reply_rank(c, true);
}

static void reply_count(struct call *c, enum zset_by by)
{
    struct zset_bounds bounds;
    uint64_t from = 0;
    uint64_t to = 0;
    const void *zset;

    if (!zset_bounds_take(c, by, 2, 3, &bounds) || !key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    if (zset != NULL) {
        zset_bounds_ranks(&bounds, zset, false, &from, &to);
    }
    reply_integer(c->reply, (int64_t)(to - from));
}

static void zcount(struct call *c)
{
    reply_count(c, ZSET_BY_SCORE);
}

static void zlexcount(struct call *c)
{
    reply_count(c, ZSET_BY_TEXT);
}

/* Scores are text here, in RESP3 too. */
static void scan_member(void *context, struct span member, struct span score)
{
    struct scan *scan = context;

    if (scan_meets(scan, member)) {
        scan_add(scan, call_keep(scan->call, member));
        scan_add(scan, call_keep(scan->call, score));
    }
}

static void zscan(struct call *c)
{
    struct scan scan;
    uint64_t cursor;
    const void *zset;

    if (!arg_cursor(c, 2, &cursor) || !key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    if (zset == NULL) {
        scan_reply_empty(c);
        return;
    }
    if (!scan_take(c, 3, 0, &scan)) {
        return;
    }
    do {
        cursor = zset_scan(zset, cursor, scan_member, &scan);
    } while (scan_goes_on(&scan, cursor));
    scan_reply(&scan, cursor);
}

const struct command zset_commands[] = {
    { .name = "zcard",
      .run = zcard,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many members a sorted set has." },
    { .name = "zscore",
      .run = zscore,
      .arity = 3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key member:string",
      .summary = "Returns the score of a member." },
    { .name = "zmscore",
      .run = zmscore,
      .arity = -3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "6.2.0",
      .complexity = "O(N), N being the number of members named.",
      .synopsis = "key:key member:string...",
      .summary = "Returns the scores of several members." },
    { .name = "zrank",
      .run = zrank,
      .arity = -3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.0.0",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key member:string [withscore:WITHSCORE@7.2.0]",
      .summary = "Returns how many members have a lower score than this one.",
      .history = "7.2.0 `WITHSCORE`." },
    { .name = "zrevrank",
      .run = zrevrank,
      .arity = -3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.0.0",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key member:string [withscore:WITHSCORE@7.2.0]",
      .summary = "Returns how many members have a higher score than this one.",
      .history = "7.2.0 `WITHSCORE`." },
    { .name = "zcount",
      .run = zcount,
      .arity = 4,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.0.0",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key min:double max:double",
      .summary = "Counts the members within a range of scores." },
    { .name = "zlexcount",
      .run = zlexcount,
      .arity = 4,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.8.9",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key min:string max:string",
      .summary = "Counts the members within a range of texts, where all scores are equal." },
    { .name = "zscan",
      .run = zscan,
      .arity = -3,
      .flags = CMD_READ,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.8.0",
      .complexity = "O(1) for a call, O(N) for all that it takes to see every member.",
      .synopsis = "key:key cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT]",
      .summary = "Visits the members of a sorted set bit by bit.",
      .tips = "nondeterministic_output" },
    { .name = NULL },
};
