/* Where a request is to be answered.
 *
 * The keys of a request are placed one after another. As long as they agree on an
 * owner the request stays whole; a request whose keys are all of one owner goes there
 * whole even if they lie in different slots, since each podis orders all its slots. */

#include "proxy/routing/route.h"

#include "cache/base/check.h"

enum { PATTERNS_MAX = 64 };

static const char crossslot[] =
    "CROSSSLOT Keys in request don't hash to the same slot, and their owners differ: a {hashtag} "
    "in their names, or a rule with shard=, keeps them together";
static const char by_denied[] =
    "ERR BY option of SORT denied in cluster mode when keys formed by the pattern may be in "
    "different slots: a {hashtag} ahead of its * keeps them with the key";
static const char get_denied[] =
    "ERR GET option of SORT denied in cluster mode when keys formed by the pattern may be in "
    "different slots: a {hashtag} ahead of its * keeps them with the key";

/* Where one key lives. */
struct place {
    bool here;
    uint16_t member;
    uint16_t slot;
    const struct rule *rule;
};

const char *route_kind_name(enum route_kind kind)
{
    static const char *const names[] = {
        [ROUTE_HERE] = "here", [ROUTE_PEER] = "peer",   [ROUTE_SPLIT] = "split",
        [ROUTE_ALL] = "all",   [ROUTE_MOVED] = "moved", [ROUTE_REFUSE] = "refuse",
        [ROUTE_DOWN] = "down",
    };
    assert((unsigned)kind < COUNT(names));
    return names[kind];
}

uint16_t route_slot(const struct rules *rules, struct span key, const struct rule **rule)
{
    struct span shard = key;

    *rule = rules == NULL ? NULL : rules_match(rules, key, &shard);
    if (*rule != NULL && (*rule)->shard_group > 0 && shard.bytes != NULL &&
        (shard.bytes != key.bytes || shard.len != key.len)) {
        return slot_of_whole(shard);
    }
    return slot_of(key);
}

static struct place place_of(const struct route_question *question, struct span key)
{
    struct place place = { 0 };

    place.slot = route_slot(question->rules, key, &place.rule);
    place.member = ring_owner(question->ring, place.slot);
    place.here = ring_is_mine(question->ring, place.slot) ||
                 (place.rule != NULL && place.rule->class == CLASS_LOCAL);
    return place;
}

bool route_is_here(const struct ring *ring, const struct rules *rules, struct span key,
                   uint16_t *owner)
{
    const struct route_question question = { .ring = ring, .rules = rules };
    struct place place = place_of(&question, key);

    *owner = place.member;
    return place.here;
}

static bool same_owner(const struct place *a, const struct place *b)
{
    return a->here == b->here && (a->here || a->member == b->member);
}

/* All keys lie at one place. */
static struct route whole(const struct route_question *question, const struct place *place)
{
    struct route route = { .member = place->member, .slot = place->slot, .rule = place->rule };
    const struct rule *rule = place->rule;

    if (place->here) {
        route.kind = ROUTE_HERE;
        return route;
    }
    route.kind = question->from_peer ? ROUTE_MOVED : ROUTE_PEER;
    route.may_near = (question->command->flags & CMD_NEAR) &&
                     (rule == NULL || (rule->class == CLASS_RYW && rule->near));
    return route;
}

/* The first two keys that have different owners decide that a request is not whole. */
static struct route across(const struct route_question *question, const struct place *first,
                           const struct place *other)
{
    struct route route = { .slot = first->slot, .rule = first->rule };

    if (question->from_peer) {
        const struct place *foreign = first->here ? other : first;
        route.kind = ROUTE_MOVED;
        route.slot = foreign->slot;
        route.member = foreign->member;
        return route;
    }
    if (question->command->across != ACROSS_NONE) {
        route.kind = ROUTE_SPLIT;
    } else {
        route.kind = ROUTE_REFUSE;
        route.why = crossslot;
    }
    return route;
}

/* --- names that only running the command will tell --- */

/* Whether all names of a pattern have the hashtag that it shows: nothing is put in before it. */
static bool is_pinned(struct span pattern)
{
    const char *star = memchr(pattern.bytes, '*', pattern.len);
    size_t len = star == NULL ? pattern.len : (size_t)(star - pattern.bytes);
    const char *open = memchr(pattern.bytes, '{', len);
    size_t begin = open == NULL ? len : (size_t)(open - pattern.bytes) + 1;
    const char *close = memchr(pattern.bytes + begin, '}', len - begin);

    return close != NULL && close > open + 1;
}

/* NULL if the keys of all patterns lie with the request's own; else what is answered. */
static const char *patterns_refused(const struct route_question *question,
                                    const struct place *place)
{
    uint32_t indexes[PATTERNS_MAX];
    size_t count =
        question->command->find_patterns(question->argv, question->argc, indexes, PATTERNS_MAX);

    if (count > PATTERNS_MAX) {
        return get_denied; /* More than anybody can mean. */
    }
    for (size_t i = 0; i < count; i++) {
        struct span pattern = question->argv[indexes[i]];
        struct place other = place_of(question, pattern);
        if (!is_pinned(pattern) || !same_owner(place, &other)) {
            return span_is(question->argv[indexes[i] - 1], "BY") ? by_denied : get_denied;
        }
    }
    return NULL;
}

static struct route place_keys(const struct route_question *question, const uint32_t *indexes,
                               size_t count)
{
    struct place first = place_of(question, question->argv[indexes[0]]);

    for (size_t i = 1; i < count; i++) {
        struct place next = place_of(question, question->argv[indexes[i]]);
        if (!same_owner(&first, &next)) {
            return across(question, &first, &next);
        }
    }
    if (question->command->find_patterns != NULL && ring_view(question->ring)->count > 1) {
        const char *why = patterns_refused(question, &first);
        if (why != NULL) {
            return (struct route){ .kind = ROUTE_REFUSE, .slot = first.slot, .why = why };
        }
    }
    return whole(question, &first);
}

static bool covers_all(const struct command *command)
{
    return command->across >= ACROSS_ALL_SUM;
}

/* Whether each key has its value: in MSET k v k the last has none. The handler refuses that,
 * wherever it runs; split up, the value would be looked for behind the last argument. */
static bool pairs_fit(const struct command *command, size_t argc)
{
    const struct key_spec *keys = &command->keys[0];

    return keys->kind != KEYS_RANGE || keys->step < 2 || keys->last >= 0 ||
           (argc - keys->first) % keys->step == 0;
}

struct route route_decide(const struct route_question *question)
{
    const struct command *command = question->command;
    struct route here = { .kind = ROUTE_HERE };
    struct found_keys keys;

    if (question->ring == NULL || (command->flags & CMD_SESSION) ||
        !pairs_fit(command, question->argc)) {
        return here;
    }
    found_keys_init(&keys, command, question->argv, question->argc);
    struct route route = here;
    if (keys.count == 0 && !covers_all(command)) {
        return here; /* No keys: nothing to give back. */
    }
    if (ring_view(question->ring)->count == 0) {
        route = (struct route){ .kind = ROUTE_DOWN };
    } else if (keys.count > 0) {
        route = place_keys(question, keys.indexes, keys.count);
    } else if (!question->from_peer) {
        route = (struct route){ .kind = ROUTE_ALL };
    }
    found_keys_fini(&keys);
    return route;
}
