/* Intersections, unions and differences of sets.
 *
 * What can be answered member by member is: an intersection goes through the smallest set and asks
 * the others, and a difference through the first. Only a union, and a difference in which that
 * would be more work than to go through all sets once, need a set of their own for the result.
 * So does whatever is to be stored. */

#include "cache/base/arena.h"
#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/commands/set_edit.h"

#include <stdlib.h>

struct operands {
    const void **sets; /* NULL: there is no such key. */
    size_t count;
    bool any_missing;
};

/* The sets that argv[first] and those behind it name. False after the reply WRONGTYPE. */
static bool take_operands(struct call *c, size_t first, size_t count, struct operands *operands)
{
    const void *value;

    keys_prefetch(c, first, 1);
    for (size_t i = 0; i < count; i++) {
        if (!key_read(c, first + i, &type_set, &value)) {
            return false;
        }
    }
    /* What had expired is gone now, so nothing moves any more. */
    *operands = (struct operands){
        .sets = arena_alloc(c->arena, count * sizeof(*operands->sets)),
        .count = count,
    };
    for (size_t i = 0; i < count; i++) {
        struct key_view view;
        bool found = key_look(c, first + i, 0, &view);
        operands->sets[i] = found ? view.value : NULL;
        operands->any_missing |= !found;
    }
    return true;
}

static size_t count_of(const void *set)
{
    return set == NULL ? 0 : set_count(set);
}

static int compare_counts(const void *a, const void *b)
{
    size_t first = count_of(*(const void *const *)a);
    size_t second = count_of(*(const void *const *)b);
    return (first > second) - (first < second);
}

static int compare_counts_reversed(const void *a, const void *b)
{
    return compare_counts(b, a);
}

/* --- results: where members go --- */

struct result {
    set_visit_fn take;
    struct reply *reply;
    size_t count;
    size_t max; /* Of members to be found. */
    struct set set;
    const struct type_limits *limits;
    bool all_integers;
};

static void take_for_reply(void *context, struct span text)
{
    struct result *result = context;
    reply_bulk(result->reply, text);
    result->count++;
}

static void take_count(void *context, struct span text)
{
    struct result *result = context;
    (void)text;
    result->count++;
}

static void take_into_set(void *context, struct span text)
{
    struct result *result = context;
    int64_t number;
    result->all_integers = result->all_integers && number_parse(text, &number);
    result->count += set_add(&result->set, text, result->limits);
}

static void drop_from_set(void *context, struct span text)
{
    struct result *result = context;
    result->count -= set_remove(&result->set, text);
}

static void reply_member(void *reply, struct span text)
{
    reply_bulk(reply, text);
}

static void answer_set(struct call *c, struct set *take_set)
{
    reply_set(c->reply, set_count(take_set));
    set_each(take_set, reply_member, c->reply);
    set_fini(take_set);
}

/* Makes argv[1] hold the set, or nothing if that is empty, and answers how many members it has. */
static void store_set(struct call *c, struct set *take_set, const char *event)
{
    size_t count = set_count(take_set);
    if (count > 0) {
        set_edit_put(c, 1, take_set, EXPIRY_NONE);
        key_event(c, 1, EVENT_SET, event);
    } else {
        set_fini(take_set);
        if (key_delete(c, 1)) {
            key_event(c, 1, EVENT_GENERIC, "del");
        }
    }
    reply_integer(c->reply, (int64_t)count);
}

/* --- intersections --- */

struct passing {
    const struct operands *operands;
    struct result *result;
};

static void take_if_in_all(void *context, struct span text)
{
    const struct passing *passing = context;
    const struct operands *operands = passing->operands;

    if (passing->result->count == passing->result->max) {
        return;
    }
    for (size_t i = 1; i < operands->count; i++) {
        if (operands->sets[i] != operands->sets[0] && !set_has(operands->sets[i], text)) {
            return;
        }
    }
    passing->result->take(passing->result, text);
}

/* None is missing; they come in order of their size. */
static void intersect(const struct operands *operands, struct result *result)
{
    struct passing passing = { .operands = operands, .result = result };
    uint64_t position = 0;
    do {
        position = set_scan(operands->sets[0], position, take_if_in_all, &passing);
    } while (position != 0 && result->count < result->max);
}

static void sort_operands(struct operands *operands)
{
    qsort(operands->sets, operands->count, sizeof(*operands->sets), compare_counts);
}

static void sinter(struct call *c)
{
    struct result result = { .take = take_for_reply, .reply = c->reply, .max = SIZE_MAX };
    struct operands operands;

    if (!take_operands(c, 1, c->argc - 1, &operands)) {
        return;
    }
    if (operands.any_missing) {
        reply_set(c->reply, 0);
        return;
    }
    sort_operands(&operands);
    struct reply_later later = reply_set_later(c->reply);
    intersect(&operands, &result);
    reply_later_end(c->reply, later, result.count);
}

static bool take_limit(struct call *c, size_t first, size_t *max)
{
    int64_t limit = 0;
    for (size_t i = first; i < c->argc; i += 2) {
        if (!arg_is(c, i, "LIMIT") || i + 1 == c->argc) {
            call_syntax_error(c);
            return false;
        }
        if (!arg_integer_in(c, i + 1, 0, INT64_MAX, &limit, "ERR LIMIT can't be negative")) {
            return false;
        }
    }
    *max = limit == 0 ? SIZE_MAX : (size_t)limit;
    return true;
}

static void sintercard(struct call *c)
{
    struct result result = { .take = take_count };
    struct operands operands;
    int64_t count;

    if (!arg_integer_in(c, 1, 1, INT64_MAX, &count, "ERR numkeys should be greater than 0")) {
        return;
    }
    if ((uint64_t)count > c->argc - 2) {
        reply_error(c->reply, SPAN("ERR Number of keys can't be greater than number of args"));
        return;
    }
    if (!take_limit(c, 2 + (size_t)count, &result.max) ||
        !take_operands(c, 2, (size_t)count, &operands)) {
        return;
    }
    if (!operands.any_missing) {
        sort_operands(&operands);
        intersect(&operands, &result);
    }
    reply_integer(c->reply, (int64_t)result.count);
}

/* In the encoding of the smallest set, or one that is quick to add to. */
static void init_like(struct set *set, const void *smallest)
{
    if (set_is_integers(smallest)) {
        set_init_integers(set);
    } else {
        set_init_pack(set, set_is_hashed(smallest) ? 0 : set_block(smallest).len);
    }
}

static void sinterstore(struct call *c)
{
    struct result result = {
        .take = take_into_set, .max = SIZE_MAX, .limits = c->limits, .all_integers = true
    };
    struct operands operands;

    if (!take_operands(c, 2, c->argc - 2, &operands)) {
        return;
    }
    if (operands.any_missing) {
        set_init_integers(&result.set);
    } else {
        sort_operands(&operands);
        init_like(&result.set, operands.sets[0]);
        intersect(&operands, &result);
    }
    if (result.all_integers) {
        set_make_integers(&result.set, c->limits);
    }
    set_shrink(&result.set);
    store_set(c, &result.set, "sinterstore");
}

/* --- unions --- */

/* A set that will hold members of all these: integers come in order if they all are. */
static void init_for(struct call *c, const struct operands *operands, struct set *set)
{
    bool integers = true;
    for (size_t i = 0; i < operands->count; i++) {
        integers = integers && (operands->sets[i] == NULL || set_is_integers(operands->sets[i]));
    }
    if (integers) {
        set_init_integers(set);
    } else {
        set_init(set, SPAN(""), SIZE_MAX, c->limits);
    }
}

static void unite(const struct operands *operands, struct result *result)
{
    for (size_t i = 0; i < operands->count; i++) {
        if (operands->sets[i] != NULL) {
            set_each(operands->sets[i], take_into_set, result);
        }
    }
}

static void sunion(struct call *c)
{
    struct result result = { .limits = c->limits };
    struct operands operands;

    if (!take_operands(c, 1, c->argc - 1, &operands)) {
        return;
    }
    init_for(c, &operands, &result.set);
    unite(&operands, &result);
    answer_set(c, &result.set);
}

static void sunionstore(struct call *c)
{
    struct result result = { .limits = c->limits };
    struct operands operands;

    if (!take_operands(c, 2, c->argc - 2, &operands)) {
        return;
    }
    set_init_integers(&result.set);
    unite(&operands, &result);
    set_shrink(&result.set);
    store_set(c, &result.set, "sunionstore");
}

/* --- differences --- */

static void take_if_in_no_other(void *context, struct span text)
{
    const struct passing *passing = context;
    const struct operands *operands = passing->operands;

    for (size_t i = 1; i < operands->count; i++) {
        if (operands->sets[i] != NULL && set_has(operands->sets[i], text)) {
            return;
        }
    }
    passing->result->take(passing->result, text);
}

enum way {
    WAY_EMPTY,  /* Nothing can be left. */
    WAY_ASK,    /* Ask the other sets for each member of the first. */
    WAY_REMOVE, /* Remove the members of the other sets from a copy of the first. */
};

/* Asking stops at the first set that has the member, so it is taken to be half the work. */
static enum way choose_way(const struct operands *operands)
{
    const void *first = operands->sets[0];
    uint64_t asked = 0;
    uint64_t removed = 0;

    if (first == NULL) {
        return WAY_EMPTY;
    }
    for (size_t i = 0; i < operands->count; i++) {
        if (i > 0 && operands->sets[i] == first) {
            return WAY_EMPTY;
        }
        if (operands->sets[i] != NULL) {
            asked += set_count(first);
            removed += set_count(operands->sets[i]);
        }
    }
    return asked / 2 <= removed ? WAY_ASK : WAY_REMOVE;
}

/* The largest set is asked first: it is the likeliest to have a member. */
static void ask_others(struct operands *operands, struct result *result)
{
    struct passing passing = { .operands = operands, .result = result };
    qsort(operands->sets + 1, operands->count - 1, sizeof(*operands->sets),
          compare_counts_reversed);
    set_each(operands->sets[0], take_if_in_no_other, &passing);
}

/* result->set is there and empty. */
static void remove_others(const struct operands *operands, struct result *result)
{
    set_each(operands->sets[0], take_into_set, result);
    for (size_t i = 1; i < operands->count && result->count > 0; i++) {
        if (operands->sets[i] != NULL) {
            set_each(operands->sets[i], drop_from_set, result);
        }
    }
}

static void sdiff(struct call *c)
{
    struct result result = { .take = take_for_reply, .reply = c->reply, .limits = c->limits };
    struct operands operands;

    if (!take_operands(c, 1, c->argc - 1, &operands)) {
        return;
    }
    enum way way = choose_way(&operands);
    if (way == WAY_REMOVE) {
        init_for(c, &operands, &result.set);
        remove_others(&operands, &result);
        answer_set(c, &result.set);
        return;
    }
    struct reply_later later = reply_set_later(c->reply);
    if (way == WAY_ASK) {
        ask_others(&operands, &result);
    }
    reply_later_end(c->reply, later, result.count);
}

static void sdiffstore(struct call *c)
{
    struct result result = { .take = take_into_set, .limits = c->limits };
    struct operands operands;

    if (!take_operands(c, 2, c->argc - 2, &operands)) {
        return;
    }
    set_init_integers(&result.set);
    switch (choose_way(&operands)) {
    case WAY_EMPTY:
        break;
    case WAY_ASK:
        ask_others(&operands, &result);
        break;
    case WAY_REMOVE:
        remove_others(&operands, &result);
        break;
    }
    set_shrink(&result.set);
    store_set(c, &result.set, "sdiffstore");
}

const struct command set_algebra_commands[] = {
    { .name = "sinter",
      .run = sinter,
      .arity = -2,
      .flags = CMD_READ,
      .keys = { KEYS(1, -1, 1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N*M) at worst, with N members in the smallest of M sets.",
      .synopsis = "key:key...",
      .summary = "Returns the members that all of several sets have.",
      .tips = "nondeterministic_output_order" },
    { .name = "sintercard",
      .run = sintercard,
      .arity = -3,
      .flags = CMD_READ | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "set",
      .since = "7.0.0",
      .complexity = "O(N*M) at worst, with N members in the smallest of M sets.",
      .synopsis = "numkeys:integer key:key... [limit:integer=LIMIT]",
      .summary = "Returns how many members all of several sets have." },
    { .name = "sinterstore",
      .run = sinterstore,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), KEYS(2, -1, 1, KEY_RO | KEY_ACCESS) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N*M) at worst, with N members in the smallest of M sets.",
      .synopsis = "destination:key key:key...",
      .summary = "Makes a key hold the members that all of several sets have." },
    { .name = "sunion",
      .run = sunion,
      .arity = -2,
      .flags = CMD_READ,
      .keys = { KEYS(1, -1, 1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of members of all sets.",
      .synopsis = "key:key...",
      .summary = "Returns the members that any of several sets has.",
      .tips = "nondeterministic_output_order" },
    { .name = "sunionstore",
      .run = sunionstore,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), KEYS(2, -1, 1, KEY_RO | KEY_ACCESS) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of members of all sets.",
      .synopsis = "destination:key key:key...",
      .summary = "Makes a key hold the members that any of several sets has." },
    { .name = "sdiff",
      .run = sdiff,
      .arity = -2,
      .flags = CMD_READ,
      .keys = { KEYS(1, -1, 1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of members of all sets.",
      .synopsis = "key:key...",
      .summary = "Returns the members of a set that several others do not have.",
      .tips = "nondeterministic_output_order" },
    { .name = "sdiffstore",
      .run = sdiffstore,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), KEYS(2, -1, 1, KEY_RO | KEY_ACCESS) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of members of all sets.",
      .synopsis = "destination:key key:key...",
      .summary = "Makes a key hold the members of a set that several others do not have." },
    { .name = NULL },
};
