/* Commands that add, change and remove named members or a range of a sorted set. */

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/zset.h"
#include "cache/commands/zset_bounds.h"

#include <math.h>

/* --- adding --- */

static unsigned word_of(struct span text)
{
    static const char *const names[] = { "NX", "XX", "GT", "LT", "CH", "INCR" };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (span_is(text, names[i])) {
            return BIT(i);
        }
    }
    return 0;
}

/* NULL, or what is wrong with these words. */
static const char *words_fault(unsigned words, size_t count)
{
    bool nx = words & ZSET_NX;
    bool gt = words & ZSET_GT;
    bool lt = words & ZSET_LT;

    if (nx && words & ZSET_XX) {
        return "ERR XX and NX options at the same time are not compatible";
    }
    if ((gt && nx) || (lt && nx) || (gt && lt)) {
        return "ERR GT, LT, and/or NX options at the same time are not compatible";
    }
    if (words & ZSET_INCR && count > 1) {
        return "ERR INCR option supports a single increment-element pair";
    }
    return NULL;
}

static bool take_adding(struct call *c, struct zset_adding *adding)
{
    size_t first = 2;

    for (; first < c->argc && word_of(c->argv[first]) != 0; first++) {
        adding->words |= word_of(c->argv[first]);
    }
    size_t rest = c->argc - first;
    if (rest == 0 || rest % 2 != 0) {
        call_syntax_error(c);
        return false;
    }
    adding->count = rest / 2;
    adding->members = &c->argv[first + 1];
    adding->step = 2;
    const char *fault = words_fault(adding->words, adding->count);
    if (fault != NULL) {
        reply_error(c->reply, span_from(fault));
        return false;
    }
    adding->scores = arena_alloc(c->arena, adding->count * sizeof(*adding->scores));
    for (size_t i = 0; i < adding->count; i++) {
        if (!arg_double(c, first + 2 * i, &adding->scores[i])) {
            return false;
        }
    }
    return true;
}

/* False if the score would not be a number. */
static bool add_one(struct call *c, struct zset *zset, struct zset_adding *adding, size_t index)
{
    struct span member = adding->members[index * adding->step];
    struct zset_spot spot = zset_find(zset, member);
    double score = adding->scores[index];
    bool incr = adding->words & ZSET_INCR;

    adding->refused = spot.found ? adding->words & ZSET_NX : adding->words & ZSET_XX;
    if (adding->refused) {
        return true;
    }
    if (spot.found && incr) {
        score += spot.score;
        if (isnan(score)) {
            return false;
        }
    }
    if (spot.found && ((adding->words & ZSET_LT && score >= spot.score) ||
                       (adding->words & ZSET_GT && score <= spot.score))) {
        adding->refused = true;
        return true;
    }
    adding->score = score;
    if (!spot.found || score != spot.score) {
        zset_put(zset, &spot, member, score, c->limits);
        adding->added += !spot.found;
        adding->updated += spot.found;
    }
    return true;
}

static void reply_added(struct call *c, const struct zset_adding *adding)
{
    if (!(adding->words & ZSET_INCR)) {
        size_t changed = adding->words & ZSET_CH ? adding->added + adding->updated : adding->added;
        reply_integer(c->reply, (int64_t)changed);
    } else if (adding->refused) {
        reply_null(c->reply);
    } else {
        reply_double(c->reply, adding->score);
    }
}

/* For a new key the sorted set is made first and becomes the key's when it is complete. */
static bool add_all(struct call *c, struct zset_adding *adding, struct zset *zset)
{
    bool is_new = zset == NULL;

    if (is_new) {
        zset = zset_new(c->limits, adding->members->len);
    }
    for (size_t i = 0; i < adding->count; i++) {
        if (!add_one(c, zset, adding, i)) {
            assert(!is_new);
            reply_error(c->reply, SPAN("ERR resulting score is not a number (NaN)"));
            return false;
        }
    }
    bool changed = adding->added > 0 || adding->updated > 0;
    if (is_new) {
        void *value = zset;
        assert(changed);
        key_put_heap(c, 1, &type_zset, &value, EXPIRY_NONE);
    } else if (changed) {
        key_changed(c, 1);
    }
    if (changed) {
        key_event(c, 1, EVENT_ZSET, adding->words & ZSET_INCR ? "zincr" : "zadd");
    }
    reply_added(c, adding);
    return changed;
}

bool zset_add(struct call *c, struct zset_adding *adding)
{
    void *zset;
    assert(adding->count > 0);

    if (!key_edit(c, 1, &type_zset, &zset)) {
        return false;
    }
    if (zset == NULL && adding->words & ZSET_XX) {
        adding->refused = true;
        reply_added(c, adding);
        return false;
    }
    return add_all(c, adding, zset);
}

static void add(struct call *c, unsigned words)
{
    struct zset_adding adding = { .words = words };

    if (take_adding(c, &adding)) {
        zset_add(c, &adding);
    }
}

static void zadd(struct call *c)
{
    add(c, 0);
}

static void zincrby(struct call *c)
{
    add(c, ZSET_INCR);
}

/* --- removing --- */

static void zrem(struct call *c)
{
    void *zset;
    int64_t removed = 0;

    if (!key_edit(c, 1, &type_zset, &zset)) {
        return;
    }
    for (size_t i = 2; zset != NULL && i < c->argc && zset_count(zset) > 0; i++) {
        struct zset_spot spot = zset_find(zset, c->argv[i]);
        if (spot.found) {
            zset_take(zset, &spot);
            removed++;
        }
    }
    if (removed > 0) {
        zset_edited(c, 1, zset, "zrem");
    }
    reply_integer(c->reply, removed);
}

static void remove_range(struct call *c, enum zset_by by, const char *event)
{
    struct zset_bounds bounds;
    uint64_t from = 0;
    uint64_t to = 0;
    void *zset;

    if (!zset_bounds_take(c, by, 2, 3, &bounds) || !key_edit(c, 1, &type_zset, &zset)) {
        return;
    }
    if (zset != NULL) {
        zset_bounds_ranks(&bounds, zset, false, &from, &to);
    }
    if (from < to) {
        zset_cut(zset, from, to);
        zset_edited(c, 1, zset, event);
    }
    reply_integer(c->reply, (int64_t)(to - from));
}

static void zremrangebyrank(struct call *c)
{
    remove_range(c, ZSET_BY_RANK, "zremrangebyrank");
}

static void zremrangebyscore(struct call *c)
{
    remove_range(c, ZSET_BY_SCORE, "zremrangebyscore");
}

static void zremrangebylex(struct call *c)
{
    remove_range(c, ZSET_BY_TEXT, "zremrangebylex");
}

const struct command zset_write_commands[] = {
    { .name = "zadd",
      .run = zadd,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(log(N)) for each member, N being how many there are.",
      .synopsis = "key:key [condition:(nx:NX | xx:XX)@3.0.2] [comparison:(gt:GT | lt:LT)@6.2.0] "
                  "[change:CH@3.0.2] [increment:INCR@3.0.2] score_member:{score:double "
                  "member:string}...",
      .summary = "Adds members to a sorted set, or changes their scores.",
      .history = "2.4.0 Several members at once.\n"
                 "3.0.2 `XX`, `NX`, `CH` and `INCR`.\n"
                 "6.2.0 `GT` and `LT`." },
    { .name = "zincrby",
      .run = zincrby,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key increment:integer member:string",
      .summary = "Adds to the score of a member." },
    { .name = "zrem",
      .run = zrem,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(M*log(N)), M being the number of members named and N of those there are.",
      .synopsis = "key:key member:string...",
      .summary = "Removes members of a sorted set.",
      .history = "2.4.0 Several members at once." },
    { .name = "zremrangebyrank",
      .run = zremrangebyrank,
      .arity = 4,
      .flags = CMD_WRITE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "sorted-set",
      .since = "2.0.0",
      .complexity = "O(log(N)+M), N being the number of members and M of those removed.",
      .synopsis = "key:key start:integer stop:integer",
      .summary = "Removes the members within a range of ranks." },
    { .name = "zremrangebyscore",
      .run = zremrangebyscore,
      .arity = 4,
      .flags = CMD_WRITE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "sorted-set",
      .since = "1.2.0",
      .complexity = "O(log(N)+M), N being the number of members and M of those removed.",
      .synopsis = "key:key min:double max:double",
      .summary = "Removes the members within a range of scores." },
    { .name = "zremrangebylex",
      .run = zremrangebylex,
      .arity = 4,
      .flags = CMD_WRITE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "sorted-set",
      .since = "2.8.9",
      .complexity = "O(log(N)+M), N being the number of members and M of those removed.",
      .synopsis = "key:key min:string max:string",
      .summary = "Removes the members within a range of texts, where all scores are equal." },
    { .name = NULL },
};
