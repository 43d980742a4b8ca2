/* ZUNION, ZINTER, ZDIFF, with what stores and what counts their results.
 *
 * The members of a result are put on a pile, and into order once at the end. Where a member may be
 * met again they are collected in a table, the pool, before that. Sums of scores depend on the
 * order in which they are made: as in Redis, operands come from the smallest to the largest,
 * those of one size as they were named. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/commands/rows.h"
#include "cache/commands/zset.h"
#include "cache/commands/zset_source.h"
#include "cache/ds/table.h"

#include <math.h>

enum operation { UNION, INTER, DIFF };
enum aggregate { SUM, MIN, MAX };

struct combining {
    enum operation operation;
    enum aggregate aggregate;
    bool store;
    bool only_count;
    bool with_scores;
    uint64_t limit; /* 0: none. */
    struct zset_source *sources;
    size_t source_count;
    uint64_t seed;
    struct table *pool; /* Of ranked_member. NULL: none is needed. */
    struct ranked_member **pile;
    size_t piled;
    size_t pile_room;
    uint64_t counted;
};

/* --- arguments --- */

static bool take_sources(struct call *c, size_t at, struct combining *combining)
{
    int64_t count;

    if (!arg_integer(c, at, &count)) {
        return false;
    }
    if (count < 1) {
        reply_errorf(c->reply, "ERR at least 1 input key is needed for '%s' command",
                     c->command->name);
        return false;
    }
    if ((uint64_t)count > c->argc - at - 1) {
        call_syntax_error(c);
        return false;
    }
    combining->source_count = (size_t)count;
    combining->sources =
        arena_alloc(c->arena, combining->source_count * sizeof(*combining->sources));
    for (size_t i = 0; i < combining->source_count; i++) {
        if (!zset_source_take(c, at + 1 + i, &combining->sources[i])) {
            return false;
        }
    }
    return true;
}

static bool take_weights(struct call *c, size_t first, struct combining *combining)
{
    for (size_t i = 0; i < combining->source_count; i++) {
        if (!number_parse_double(c->argv[first + i], &combining->sources[i].weight)) {
            reply_error(c->reply, SPAN("ERR weight value is not a float"));
            return false;
        }
    }
    return true;
}

static bool take_aggregate(struct span word, enum aggregate *aggregate)
{
    static const char *const names[] = { [SUM] = "SUM", [MIN] = "MIN", [MAX] = "MAX" };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (span_is(word, names[i])) {
            *aggregate = (enum aggregate)i;
            return true;
        }
    }
    return false;
}

/* The option at *at, which is moved behind it. Replies if it returns false. */
static bool take_option(struct call *c, size_t *at, struct combining *combining)
{
    size_t rest = c->argc - *at;
    bool weighs = combining->operation != DIFF && !combining->only_count;
    int64_t limit;

    if (weighs && rest > combining->source_count && arg_is(c, *at, "WEIGHTS")) {
        size_t first = *at + 1;
        *at = first + combining->source_count;
        return take_weights(c, first, combining);
    }
    if (weighs && rest >= 2 && arg_is(c, *at, "AGGREGATE") &&
        take_aggregate(c->argv[*at + 1], &combining->aggregate)) {
        *at += 2;
        return true;
    }
    if (!combining->store && !combining->only_count && arg_is(c, *at, "WITHSCORES")) {
        combining->with_scores = true;
        *at += 1;
        return true;
    }
    if (combining->only_count && rest >= 2 && arg_is(c, *at, "LIMIT")) {
        if (!arg_integer_in(c, *at + 1, 0, INT64_MAX, &limit, "ERR LIMIT can't be negative")) {
            return false;
        }
        combining->limit = (uint64_t)limit;
        *at += 2;
        return true;
    }
    call_syntax_error(c);
    return false;
}

static bool take_combining(struct call *c, size_t at, struct combining *combining)
{
    if (!take_sources(c, at, combining)) {
        return false;
    }
    for (at += 1 + combining->source_count; at < c->argc;) {
        if (!take_option(c, &at, combining)) {
            return false;
        }
    }
    return true;
}

/* --- pool and pile --- */

static void pile_add(struct combining *combining, struct ranked_member *member)
{
    if (combining->piled == combining->pile_room) {
        combining->pile_room = combining->pile_room == 0 ? 16 : 2 * combining->pile_room;
        combining->pile =
            memory_resize(combining->pile, combining->pile_room * sizeof(struct ranked_member *));
    }
    combining->pile[combining->piled++] = member;
}

static struct span pool_key(const void *entry)
{
    return ranked_member_text(entry);
}

static const struct table_type pool_type = { .key = pool_key };

static void pool_begin(struct combining *combining)
{
    combining->pool = table_new(&pool_type, combining->seed);
}

static void pool_add(struct combining *combining, struct span member, double score, uint64_t hash)
{
    table_add(combining->pool, ranked_member_new(member, score), hash);
}

static void pool_drop(void *context, void *entry)
{
    pile_add(context, entry);
}

/* Puts all on the pile. */
static void pool_end(struct combining *combining)
{
    enum { AT_ONCE = 1024 };

    while (table_drain(combining->pool, AT_ONCE, pool_drop, combining) > 0) {
    }
    table_free(combining->pool);
    combining->pool = NULL;
}

/* --- combining --- */

static double weighed(double score, double weight)
{
    double product = score * weight;
    return isnan(product) ? 0 : product;
}

static double aggregated(enum aggregate how, double score, double other)
{
    switch (how) {
    case MIN:
        return other < score ? other : score;
    case MAX:
        return other > score ? other : score;
    default:
        /* Of opposite infinities the sum is said to be 0. */
        return isnan(score + other) ? 0 : score + other;
    }
}

/* A source that is gone through, and all that is done with its members. */
struct going {
    struct combining *combining;
    const struct zset_source *source;
};

static bool unite_member(void *context, struct span member, double score)
{
    struct going *going = context;
    struct combining *combining = going->combining;
    uint64_t hash = table_hash(member, combining->seed);
    struct table_slot *slot = table_find(combining->pool, member, hash);
    double weight = weighed(score, going->source->weight);

    if (slot == NULL) {
        pool_add(combining, member, weight, hash);
    } else {
        struct ranked_member *known = table_slot_get(slot);
        known->score = aggregated(combining->aggregate, known->score, weight);
    }
    return true;
}

static bool intersect_member(void *context, struct span member, double score)
{
    struct going *going = context;
    struct combining *combining = going->combining;
    double sum = weighed(score, going->source->weight);

    for (size_t i = 1; i < combining->source_count; i++) {
        double other;
        if (!zset_source_find(&combining->sources[i], member, &other)) {
            return true;
        }
        sum = aggregated(combining->aggregate, sum, other * combining->sources[i].weight);
    }
    if (combining->only_count) {
        combining->counted++;
        return combining->limit == 0 || combining->counted < combining->limit;
    }
    pile_add(combining, ranked_member_new(member, sum));
    return true;
}

static bool keep_if_nowhere_else(void *context, struct span member, double score)
{
    struct going *going = context;
    struct combining *combining = going->combining;

    for (size_t i = 1; i < combining->source_count; i++) {
        double other;
        if (zset_source_find(&combining->sources[i], member, &other)) {
            return true;
        }
    }
    pile_add(combining, ranked_member_new(member, score));
    return true;
}

static bool keep_member(void *context, struct span member, double score)
{
    struct going *going = context;
    pool_add(going->combining, member, score, table_hash(member, going->combining->seed));
    return true;
}

static bool drop_member(void *context, struct span member, double score)
{
    struct going *going = context;
    struct combining *combining = going->combining;
    uint64_t hash = table_hash(member, combining->seed);
    struct table_slot *slot = table_find(combining->pool, member, hash);

    (void)score;
    if (slot != NULL) {
        memory_free(table_slot_get(slot));
        table_remove(combining->pool, slot, hash);
    }
    return table_count(combining->pool) > 0;
}

static void go_through(struct combining *combining, size_t index, zset_source_fn visit)
{
    struct going going = { .combining = combining, .source = &combining->sources[index] };
    zset_source_each(going.source, visit, &going);
}

/* The smallest first; those of one size keep their order. */
static void sort_sources(struct combining *combining)
{
    struct zset_source *sources = combining->sources;
    size_t count = combining->source_count;

    for (size_t step = 1; step < count; step *= 2) {
        struct zset_source *merged = memory_alloc(count * sizeof(*merged));
        for (size_t from = 0; from < count; from += 2 * step) {
            size_t middle = from + step < count ? from + step : count;
            size_t end = middle + step < count ? middle + step : count;
            size_t a = from;
            size_t b = middle;
            for (size_t i = from; i < end; i++) {
                bool first = a < middle && (b == end || sources[a].count <= sources[b].count);
                merged[i] = first ? sources[a++] : sources[b++];
            }
        }
        memcpy(sources, merged, count * sizeof(*merged));
        memory_free(merged);
    }
}

static void unite(struct combining *combining)
{
    sort_sources(combining);
    pool_begin(combining);
    for (size_t i = 0; i < combining->source_count; i++) {
        go_through(combining, i, unite_member);
    }
    pool_end(combining);
}

static void intersect(struct combining *combining)
{
    sort_sources(combining);
    go_through(combining, 0, intersect_member);
}

/* Each member of the first is looked for in the others, or each of the others' in the first,
 * whichever is less work. */
static void subtract(struct combining *combining)
{
    const struct zset_source *sources = combining->sources;
    uint64_t others = 0;

    for (size_t i = 1; i < combining->source_count; i++) {
        if (sources[i].value != NULL && sources[i].value == sources[0].value) {
            return;
        }
        others += sources[i].count;
    }
    /* Looking for a member that is not there is about half as dear as copying one. */
    if (sources[0].count * combining->source_count / 2 <= sources[0].count + others) {
        go_through(combining, 0, keep_if_nowhere_else);
        return;
    }
    pool_begin(combining);
    go_through(combining, 0, keep_member);
    for (size_t i = 1; i < combining->source_count; i++) {
        if (table_count(combining->pool) > 0) {
            go_through(combining, i, drop_member);
        }
    }
    pool_end(combining);
}

static void combine(struct call *c, struct combining *combining)
{
    static void (*const operations[])(struct combining *) = {
        [UNION] = unite,
        [INTER] = intersect,
        [DIFF] = subtract,
    };
    combining->seed = c->limits->table_seed;
    operations[combining->operation](combining);
}

static void run(struct call *c, enum operation operation)
{
    struct combining combining = { .operation = operation };

    if (!take_combining(c, 1, &combining)) {
        return;
    }
    combine(c, &combining);
    zset_sort_members(combining.pile, combining.piled);
    zset_reply_head(c, combining.piled, combining.with_scores);
    for (size_t i = 0; i < combining.piled; i++) {
        struct ranked_member *member = combining.pile[i];
        struct span text = ranked_member_text(member);
        zset_reply_member(c, text, member->score, combining.with_scores);
        memory_free(member);
    }
    memory_free(combining.pile);
}

static void run_and_store(struct call *c, enum operation operation, const char *event)
{
    struct combining combining = { .operation = operation, .store = true };

    if (take_combining(c, 2, &combining)) {
        combine(c, &combining);
        zset_store(c, 1, combining.pile, combining.piled, event);
        memory_free(combining.pile);
    }
}

/* --- handlers --- */

static void zunion(struct call *c)
{
    run(c, UNION);
}

static void zinter(struct call *c)
{
    run(c, INTER);
}

static void zdiff(struct call *c)
{
    run(c, DIFF);
}

static void zintercard(struct call *c)
{
    struct combining combining = { .operation = INTER, .only_count = true };

    if (take_combining(c, 1, &combining)) {
        combine(c, &combining);
        reply_integer(c->reply, (int64_t)combining.counted);
    }
}

static void zunionstore(struct call *c)
{
    run_and_store(c, UNION, "zunionstore");
}

static void zinterstore(struct call *c)
{
    run_and_store(c, INTER, "zinterstore");
}

static void zdiffstore(struct call *c)
{
    run_and_store(c, DIFF, "zdiffstore");
}

const struct command zset_combine_commands[] = {
    { .name = "zunion",
      .run = zunion,
      .arity = -3,
      .flags = CMD_READ | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "sorted-set",
      .since = "6.2.0",
      .complexity = "O(N)+O(M*log(M)), N being the sizes added up and M that of the result.",
      .synopsis = "numkeys:integer key:key... [weight:integer=WEIGHTS...] [aggregate:(sum:SUM | "
                  "min:MIN | max:MAX)=AGGREGATE] [withscores:WITHSCORES]",
      .summary = "Returns the union of several sorted sets." },
    { .name = "zinter",
      .run = zinter,
      .arity = -3,
      .flags = CMD_READ | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "sorted-set",
      .since = "6.2.0",
      .complexity = "O(N*K)+O(M*log(M)), N being the smallest size, K the number of keys and M the "
                    "size of the result.",
      .synopsis = "numkeys:integer key:key... [weight:integer=WEIGHTS...] [aggregate:(sum:SUM | "
                  "min:MIN | max:MAX)=AGGREGATE] [withscores:WITHSCORES]",
      .summary = "Returns what several sorted sets have in common." },
    { .name = "zdiff",
      .run = zdiff,
      .arity = -3,
      .flags = CMD_READ | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "sorted-set",
      .since = "6.2.0",
      .complexity =
          "O(L+(N-K)log(N)), L being all sizes added up, N the size of the first and K of "
          "the result.",
      .synopsis = "numkeys:integer key:key... [withscores:WITHSCORES]",
      .summary = "Returns what the first of several sorted sets has alone." },
    { .name = "zintercard",
      .run = zintercard,
      .arity = -3,
      .flags = CMD_READ | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "sorted-set",
      .since = "7.0.0",
      .complexity = "O(N*K), N being the smallest size and K the number of keys.",
      .synopsis = "numkeys:integer key:key... [limit:integer=LIMIT]",
      .summary = "Counts what several sorted sets have in common." },
    { .name = "zunionstore",
      .run = zunionstore,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLE_KEYS,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), KEYS_NUMBERED(2, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.0.0",
      .complexity = "O(N)+O(M*log(M)), N being the sizes added up and M that of the result.",
      .synopsis = "destination:key numkeys:integer key:key... [weight:integer=WEIGHTS...] "
                  "[aggregate:(sum:SUM | min:MIN | max:MAX)=AGGREGATE]",
      .summary = "Stores the union of several sorted sets." },
    { .name = "zinterstore",
      .run = zinterstore,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLE_KEYS,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), KEYS_NUMBERED(2, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "2.0.0",
      .complexity = "O(N*K)+O(M*log(M)), N being the smallest size, K the number of keys and M the "
                    "size of the result.",
      .synopsis = "destination:key numkeys:integer key:key... [weight:integer=WEIGHTS...] "
                  "[aggregate:(sum:SUM | min:MIN | max:MAX)=AGGREGATE]",
      .summary = "Stores what several sorted sets have in common." },
    { .name = "zdiffstore",
      .run = zdiffstore,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLE_KEYS,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), KEYS_NUMBERED(2, KEY_RO | KEY_ACCESS) },
      .group = "sorted-set",
      .since = "6.2.0",
      .complexity =
          "O(L+(N-K)log(N)), L being all sizes added up, N the size of the first and K of "
          "the result.",
      .synopsis = "destination:key numkeys:integer key:key...",
      .summary = "Stores what the first of several sorted sets has alone." },
    { .name = NULL },
};
