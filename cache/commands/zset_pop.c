/* Commands that take members from the low or the high end of the first sorted set among several
 * keys that has any; the blocking ones wait until one has.
 *
 * Whatever the command was, what repeats it is the plain pop: ZPOPMIN key count. */

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/zset.h"
#include "cache/wait.h"

struct popping {
    bool from_high;
    size_t first; /* The keys in argv. */
    size_t keys;
    uint64_t count;
    bool counted;  /* A number was given: part of what repeats it. */
    bool with_key; /* The answer begins with the key's name. */
    bool in_pairs; /* Each member and its score are an array of their own. */
    bool waits;
    uint64_t timeout_ms;
};

/* The first key that is there; 0 if none is. False after the reply WRONGTYPE. */
static bool find_key(struct call *c, const struct popping *popping, size_t *at, void **zset)
{
    *at = 0;
    for (size_t i = 0; i < popping->keys; i++) {
        if (!key_edit(c, popping->first + i, &type_zset, zset)) {
            return false;
        }
        if (*zset != NULL) {
            *at = popping->first + i;
            return true;
        }
    }
    return true;
}

static void reply_popped(struct call *c, const struct popping *popping, size_t at,
                         struct zset *zset, uint64_t count)
{
    uint64_t last = zset_count(zset) - 1;
    struct zset_walk walk = zset_walk(zset, popping->from_high ? last : 0, popping->from_high);

    if (popping->with_key && popping->in_pairs) {
        reply_array(c->reply, 2);
        reply_bulk(c->reply, c->argv[at]);
        reply_array(c->reply, count);
    } else if (popping->with_key) {
        reply_array(c->reply, 2 * count + 1);
        reply_bulk(c->reply, c->argv[at]);
    } else {
        reply_array(c->reply, popping->in_pairs ? count : 2 * count);
    }
    for (uint64_t i = 0; i < count && zset_step(&walk); i++) {
        if (popping->in_pairs) {
            reply_array(c->reply, 2);
        }
        reply_bulk(c->reply, walk.member);
        reply_double(c->reply, walk.score);
    }
}

static void pop(struct call *c, const struct popping *popping, size_t at, struct zset *zset)
{
    struct span name = popping->from_high ? SPAN("ZPOPMAX") : SPAN("ZPOPMIN");
    uint64_t total = zset_count(zset);
    uint64_t count = popping->count < total ? popping->count : total;
    uint64_t from = popping->from_high ? total - count : 0;

    reply_popped(c, popping, at, zset, count);
    zset_cut(zset, from, from + count);
    zset_edited(c, at, zset, popping->from_high ? "zpopmax" : "zpopmin");
    if (popping->counted) {
        call_changed_as_words(c, 3, name, c->argv[at], call_number(c, (int64_t)count));
    } else {
        call_changed_as_words(c, 2, name, c->argv[at]);
    }
}

static void wait_for_keys(struct call *c, const struct popping *popping)
{
    uint32_t *keys = arena_alloc(c->arena, popping->keys * sizeof(*keys));

    for (size_t i = 0; i < popping->keys; i++) {
        keys[i] = (uint32_t)(popping->first + i);
    }
    struct call_wait wait = {
        .type = &type_zset,
        .keys = keys,
        .key_count = popping->keys,
        .timeout_ms = popping->timeout_ms,
        .null_array = true,
    };
    call_wait(c, &wait);
}

static void pop_or_wait(struct call *c, const struct popping *popping)
{
    size_t at;
    void *zset;

    if (!find_key(c, popping, &at, &zset)) {
        return;
    }
    if (at != 0) {
        pop(c, popping, at, zset);
    } else if (popping->waits && call_may_wait(c)) {
        wait_for_keys(c, popping);
    } else {
        reply_null_array(c->reply);
    }
}

/* --- one key --- */

static void pop_from_one(struct call *c, bool from_high)
{
    struct popping popping = { .from_high = from_high, .first = 1, .keys = 1, .count = 1 };
    int64_t count;
    size_t at;
    void *zset;

    if (c->argc > 3) {
        call_syntax_error(c);
        return;
    }
    if (c->argc == 3) {
        if (!arg_integer_in(c, 2, 0, INT64_MAX, &count, NULL)) {
            return;
        }
        popping.count = (uint64_t)count;
        popping.counted = true;
        popping.in_pairs = c->reply->protocol == 3;
    }
    if (!find_key(c, &popping, &at, &zset)) {
        return;
    }
    if (at == 0 || popping.count == 0) {
        reply_array(c->reply, 0);
        return;
    }
    pop(c, &popping, at, zset);
}

static void zpopmin(struct call *c)
{
    pop_from_one(c, false);
}

static void zpopmax(struct call *c)
{
    pop_from_one(c, true);
}

static void pop_blocking(struct call *c, bool from_high)
{
    struct popping popping = {
        .from_high = from_high,
        .first = 1,
        .keys = c->argc - 2,
        .count = 1,
        .with_key = true,
        .waits = true,
    };
    if (arg_timeout_ms(c, c->argc - 1, &popping.timeout_ms)) {
        pop_or_wait(c, &popping);
    }
}

static void bzpopmin(struct call *c)
{
    pop_blocking(c, false);
}

static void bzpopmax(struct call *c)
{
    pop_blocking(c, true);
}

/* --- numkeys key … MIN|MAX [COUNT count] --- */

/* Reads what begins with the number of keys in argv[at]. Replies if it returns false. */
static bool take_many(struct call *c, size_t at, struct popping *popping)
{
    int64_t keys;
    int64_t count = 1;

    if (!arg_integer_in(c, at, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0")) {
        return false;
    }
    if ((uint64_t)keys >= c->argc - at - 1) {
        call_syntax_error(c);
        return false;
    }
    popping->first = at + 1;
    popping->keys = (size_t)keys;
    at += 1 + popping->keys;
    popping->from_high = arg_is(c, at, "MAX");
    bool good = popping->from_high || arg_is(c, at, "MIN");
    bool given = false;
    for (at++; good && at < c->argc; at += 2) {
        good = arg_is(c, at, "COUNT") && at + 1 < c->argc && !given;
        given = true;
        if (good && !arg_integer_in(c, at + 1, 1, INT64_MAX, &count,
                                    "ERR count should be greater than 0")) {
            return false;
        }
    }
    if (!good) {
        call_syntax_error(c);
        return false;
    }
    popping->count = (uint64_t)count;
    popping->counted = true;
    popping->with_key = true;
    popping->in_pairs = true;
    return true;
}

static void zmpop(struct call *c)
{
    struct popping popping = { .waits = false };

    if (take_many(c, 1, &popping)) {
        pop_or_wait(c, &popping);
    }
}

static void bzmpop(struct call *c)
{
    struct popping popping = { .waits = true };

    if (take_many(c, 2, &popping) && arg_timeout_ms(c, 1, &popping.timeout_ms)) {
        pop_or_wait(c, &popping);
    }
}

const struct command zset_pop_commands[] = {
    { .name = "zpopmin",
      .run = zpopmin,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "sorted-set",
      .since = "5.0.0",
      .complexity = "O(log(N)*M), N being the number of members and M of those popped.",
      .synopsis = "key:key [count:integer]",
      .summary = "Removes and returns the members with the lowest scores." },
    { .name = "zpopmax",
      .run = zpopmax,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "sorted-set",
      .since = "5.0.0",
      .complexity = "O(log(N)*M), N being the number of members and M of those popped.",
      .synopsis = "key:key [count:integer]",
      .summary = "Removes and returns the members with the highest scores." },
    { .name = "zmpop",
      .run = zmpop,
      .arity = -4,
      .flags = CMD_WRITE | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "sorted-set",
      .since = "7.0.0",
      .complexity = "O(K)+O(M*log(N)), K being the number of keys, N of members and M of those "
                    "popped.",
      .synopsis = "numkeys:integer key:key... where:(min:MIN | max:MAX) [count:integer=COUNT]",
      .summary = "Pops members of the first of several sorted sets that has any." },
    { .name = "bzpopmin",
      .run = bzpopmin,
      .arity = -3,
      .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING | CMD_FAST,
      .keys = { KEYS(1, -2, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "sorted-set",
      .since = "5.0.0",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key... timeout:double",
      .summary = "Pops the member with the lowest score of one of several sorted sets, and waits "
                 "for one.",
      .history = "6.0.0 A timeout with a fraction." },
    { .name = "bzpopmax",
      .run = bzpopmax,
      .arity = -3,
      .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING | CMD_FAST,
      .keys = { KEYS(1, -2, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "sorted-set",
      .since = "5.0.0",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key... timeout:double",
      .summary = "Pops the member with the highest score of one of several sorted sets, and "
                 "waits for one.",
      .history = "6.0.0 A timeout with a fraction." },
    { .name = "bzmpop",
      .run = bzmpop,
      .arity = -5,
      .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(2, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "sorted-set",
      .since = "7.0.0",
      .complexity = "O(K)+O(M*log(N)), K being the number of keys, N of members and M of those "
                    "popped.",
      .synopsis = "timeout:double numkeys:integer key:key... where:(min:MIN | max:MAX) "
                  "[count:integer=COUNT]",
      .summary = "Pops members of the first of several sorted sets that has any, and waits for "
                 "some." },
    { .name = NULL },
};
