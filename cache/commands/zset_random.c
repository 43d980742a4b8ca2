/* ZRANDMEMBER: members by chance, which here means ranks by chance.
 *
 * With a negative count members may come again: each is drawn anew. With a positive one they
 * may not. If a good part of all is wanted, the members are gone through once and each is taken
 * with the chance that makes the number come out (Knuth, The Art of Computer Programming, volume
 * 2, algorithm 3.4.2 S). If few are, ranks are drawn until enough are different. */

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/zset.h"

static void reply_at(struct call *c, const struct zset *zset, uint64_t rank, bool with_scores)
{
    struct zset_walk walk = zset_walk(zset, rank, false);
    bool found = zset_step(&walk);
    assert(found);
    zset_reply_member(c, walk.member, walk.score, with_scores);
}

/* A listpack is slow to look into by rank; what is in it is put side by side once. */
struct drawn {
    struct span member;
    double score;
};

static void reply_again_and_again(struct call *c, const struct zset *zset, uint64_t wanted,
                                  bool with_scores)
{
    enum { WORTH_LISTING = 8, LISTED_MAX = 1024 };
    uint64_t count = zset_count(zset);
    struct drawn *drawn = NULL;

    zset_reply_head(c, wanted, with_scores);
    if (wanted >= WORTH_LISTING && count <= LISTED_MAX) {
        struct zset_walk walk = zset_walk(zset, 0, false);
        drawn = arena_alloc(c->arena, count * sizeof(*drawn));
        for (uint64_t i = 0; i < count && zset_step(&walk); i++) {
            drawn[i] = (struct drawn){ call_keep(c, walk.member), walk.score };
        }
    }
    /* The number may be anything: it ends when nobody gets the answer. */
    for (uint64_t i = 0; i < wanted && !c->reply->full && !c->reply->silent; i++) {
        uint64_t rank = call_random_below(c, count);
        if (drawn != NULL) {
            zset_reply_member(c, drawn[rank].member, drawn[rank].score, with_scores);
        } else {
            reply_at(c, zset, rank, with_scores);
        }
    }
}

static void reply_sample(struct call *c, const struct zset *zset, uint64_t wanted, bool with_scores)
{
    uint64_t left = zset_count(zset);
    struct zset_walk walk = zset_walk(zset, 0, false);

    for (; wanted > 0 && zset_step(&walk); left--) {
        if (call_random_below(c, left) < wanted) {
            zset_reply_member(c, walk.member, walk.score, with_scores);
            wanted--;
        }
    }
}

/* Of the ranks that were drawn, those in `seen` are 1 too high, so that 0 is a free place. */
static bool is_new(uint64_t *seen, uint64_t mask, uint64_t rank)
{
    uint64_t at = (rank * 0x9e3779b97f4a7c15u >> 20) & mask;

    for (; seen[at] != 0; at = (at + 1) & mask) {
        if (seen[at] == rank + 1) {
            return false;
        }
    }
    seen[at] = rank + 1;
    return true;
}

static void reply_few(struct call *c, const struct zset *zset, uint64_t wanted, bool with_scores)
{
    uint64_t places = 4;
    while (places < 2 * wanted) {
        places *= 2;
    }
    uint64_t *seen = arena_alloc(c->arena, places * sizeof(*seen));
    memset(seen, 0, places * sizeof(*seen));
    while (wanted > 0) {
        uint64_t rank = call_random_below(c, zset_count(zset));
        if (is_new(seen, places - 1, rank)) {
            reply_at(c, zset, rank, with_scores);
            wanted--;
        }
    }
}

static void reply_different(struct call *c, const struct zset *zset, uint64_t wanted,
                            bool with_scores)
{
    enum { A_GOOD_PART = 3, SMALL = 256 };
    uint64_t count = zset_count(zset);

    wanted = wanted < count ? wanted : count;
    zset_reply_head(c, wanted, with_scores);
    if (count <= SMALL || wanted * A_GOOD_PART > count) {
        reply_sample(c, zset, wanted, with_scores);
    } else {
        reply_few(c, zset, wanted, with_scores);
    }
}

static void reply_counted(struct call *c)
{
    bool with_scores = c->argc == 4;
    int64_t count;
    const void *zset;

    if (!arg_integer_in(c, 2, -INT64_MAX, INT64_MAX, &count, NULL)) {
        return;
    }
    if (c->argc > 4 || (with_scores && !arg_is(c, 3, "WITHSCORES"))) {
        call_syntax_error(c);
        return;
    }
    if (with_scores && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) {
        reply_error(c->reply, SPAN("ERR value is out of range"));
        return;
    }
    if (!key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    if (zset == NULL || count == 0) {
        reply_array(c->reply, 0);
    } else if (count < 0) {
        reply_again_and_again(c, zset, (uint64_t)-count, with_scores);
    } else {
        reply_different(c, zset, (uint64_t)count, with_scores);
    }
}

static void zrandmember(struct call *c)
{
    const void *zset;

    if (c->argc > 2) {
        reply_counted(c);
        return;
    }
    if (!key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    if (zset == NULL) {
        reply_null(c->reply);
    } else {
        reply_at(c, zset, call_random_below(c, zset_count(zset)), false);
    }
}

const struct command zset_random_commands[] = {
    { .name = "zrandmember",
      .run = zrandmember,
      .arity = -2,
      .flags = CMD_READ,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "6.2.0",
      .complexity = "O(N), N being the number of members returned.",
      .synopsis = "key:key [options:{count:integer [withscores:WITHSCORES]}]",
      .summary = "Returns members of a sorted set by chance.",
      .tips = "nondeterministic_output" },
    { .name = NULL },
};
