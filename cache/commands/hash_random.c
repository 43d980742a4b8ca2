/* HRANDFIELD: fields picked by chance.
 *
 *     one                the table picks it; in a small hash it is counted to
 *     -count             so many times one, each time among all; a small hash is listed first
 *     count, over 1/3    all are gone through, and each is taken with the chance that it has
 *                        to be one of those still wanted among those still to come
 *     count, fewer       picked one by one; what was picked before is picked again
 *
 * So asking a large hash costs what it answers, and nothing but that is kept. */

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/types/hash.h"

struct choice {
    struct call *call;
    const void *hash;
    size_t count; /* Fields there are. */
    bool with_values;
    uint64_t random_state;
};

static void reply_pair(const struct choice *choice, struct span field, struct span value)
{
    struct reply *reply = choice->call->reply;
    if (choice->with_values && reply->protocol > 2) {
        reply_array(reply, 2);
    }
    reply_bulk(reply, field);
    if (choice->with_values) {
        reply_bulk(reply, value);
    }
}

/* The length of an answer with so many fields. */
static void reply_start(const struct choice *choice, size_t fields)
{
    struct reply *reply = choice->call->reply;
    bool flat = choice->with_values && reply->protocol == 2;
    reply_array(reply, flat ? 2 * fields : fields);
}

/* --- with repetitions --- */

struct pair {
    struct span field;
    struct span value;
};

/* All of a small hash, to pick from again and again. */
struct listing {
    struct call *call;
    struct pair *pairs;
    size_t count;
};

static struct span lasting(struct call *c, struct span text, const char *room)
{
    return text.bytes == room ? call_keep(c, text) : text;
}

static void list_item(void *context, const struct hash_item *item)
{
    struct listing *listing = context;
    listing->pairs[listing->count++] = (struct pair){
        .field = lasting(listing->call, item->field, item->field_room),
        .value = lasting(listing->call, item->value, item->value_room),
    };
}

static struct listing list_all(const struct choice *choice)
{
    struct call *c = choice->call;
    struct listing listing = {
        .call = c,
        .pairs = arena_alloc(c->arena, choice->count * sizeof(struct pair)),
    };
    hash_each(choice->hash, c->now_ms, list_item, &listing);
    assert(listing.count == choice->count);
    return listing;
}

/* Nobody hears of more. */
static bool is_cut(const struct reply *reply)
{
    return reply->full || reply->silent;
}

static void reply_repeated(struct choice *choice, uint64_t wanted)
{
    const struct call *c = choice->call;
    struct hash_item item;

    reply_start(choice, wanted);
    if (hash_has_table(choice->hash)) {
        for (uint64_t i = 0; i < wanted && !is_cut(c->reply); i++) {
            bool some = hash_random(choice->hash, c->now_ms, &choice->random_state, &item);
            assert(some);
            reply_pair(choice, item.field, item.value);
        }
        return;
    }
    struct listing listing = list_all(choice);
    for (uint64_t i = 0; i < wanted && !is_cut(c->reply); i++) {
        const struct pair *pair =
            &listing.pairs[random_below(&choice->random_state, listing.count)];
        reply_pair(choice, pair->field, pair->value);
    }
}

/* --- without --- */

struct sampling {
    struct choice *choice;
    uint64_t to_come;
    uint64_t wanted;
};

static void sample_item(void *context, const struct hash_item *item)
{
    struct sampling *sampling = context;
    if (random_below(&sampling->choice->random_state, sampling->to_come) < sampling->wanted) {
        reply_pair(sampling->choice, item->field, item->value);
        sampling->wanted--;
    }
    sampling->to_come--;
}

static void reply_sampled(struct choice *choice, size_t wanted)
{
    struct sampling sampling = { .choice = choice, .to_come = choice->count, .wanted = wanted };
    reply_start(choice, wanted);
    hash_each(choice->hash, choice->call->now_ms, sample_item, &sampling);
}

/* Fields that were picked, by where they are: a table at most half full, searched from a place
 * that the address gives. */
struct picked {
    const char **fields;
    size_t mask;
};

static struct picked picked_for(struct call *c, size_t wanted)
{
    size_t room = 4;
    while (room < 2 * wanted) {
        room *= 2;
    }
    struct picked picked = { .fields = arena_alloc(c->arena, room * sizeof(char *)),
                             .mask = room - 1 };
    memset(picked.fields, 0, room * sizeof(char *));
    return picked;
}

/* False if it was picked before. */
static bool pick(struct picked *picked, const char *field)
{
    uint64_t state = (uintptr_t)field;
    size_t at = random_next(&state) & picked->mask;
    while (picked->fields[at] != NULL) {
        if (picked->fields[at] == field) {
            return false;
        }
        at = (at + 1) & picked->mask;
    }
    picked->fields[at] = field;
    return true;
}

static void reply_picked(struct choice *choice, size_t wanted)
{
    struct call *c = choice->call;
    struct picked picked = picked_for(c, wanted);
    struct hash_item item;

    reply_start(choice, wanted);
    for (size_t found = 0; found < wanted;) {
        bool some = hash_random(choice->hash, c->now_ms, &choice->random_state, &item);
        assert(some);
        if (pick(&picked, item.field.bytes)) {
            reply_pair(choice, item.field, item.value);
            found++;
        }
    }
}

static void reply_some(struct choice *choice, int64_t wanted)
{
    enum { SHARE = 3 };

    if (wanted < 0) {
        reply_repeated(choice, (uint64_t)-wanted);
    } else if ((uint64_t)wanted >= choice->count) {
        reply_sampled(choice, choice->count);
    } else if (!hash_has_table(choice->hash) || (uint64_t)wanted > choice->count / SHARE) {
        reply_sampled(choice, (size_t)wanted);
    } else {
        reply_picked(choice, (size_t)wanted);
    }
}

static void reply_one(struct choice *choice)
{
    const struct call *c = choice->call;
    struct hash_item item;
    bool some = hash_random(choice->hash, c->now_ms, &choice->random_state, &item);
    assert(some);
    reply_bulk(c->reply, item.field);
}

/* --- the command --- */

/* Replies if it returns false. */
static bool take_options(struct call *c, int64_t *wanted, bool *with_values)
{
    const int64_t limit = INT64_MAX;

    *with_values = false;
    if (!arg_integer_in(c, 2, -limit, limit, wanted, NULL)) {
        return false;
    }
    if (c->argc == 3) {
        return true;
    }
    if (c->argc > 4 || !arg_is(c, 3, "WITHVALUES")) {
        call_syntax_error(c);
        return false;
    }
    *with_values = true;
    if (*wanted < -limit / 2 || *wanted > limit / 2) {
        reply_error(c->reply, SPAN("ERR value is out of range"));
        return false;
    }
    return true;
}

static void hrandfield(struct call *c)
{
    struct choice choice = { .call = c };
    int64_t wanted = 1;

    if (c->argc > 2 && !take_options(c, &wanted, &choice.with_values)) {
        return;
    }
    if (!key_read(c, 1, &type_hash, &choice.hash)) {
        return;
    }
    choice.count = choice.hash == NULL ? 0 : hash_count(choice.hash, c->now_ms);
    choice.random_state = call_random(c);
    if (c->argc > 2 && (choice.count == 0 || wanted == 0)) {
        reply_array(c->reply, 0);
    } else if (choice.count == 0) {
        reply_null(c->reply);
    } else if (c->argc > 2) {
        reply_some(&choice, wanted);
    } else {
        reply_one(&choice);
    }
}

const struct command hash_random_commands[] = {
    { .name = "hrandfield",
      .run = hrandfield,
      .arity = -2,
      .flags = CMD_READ,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "6.2.0",
      .complexity = "O(N), N being the number of fields returned.",
      .synopsis = "key:key [options:{count:integer [withvalues:WITHVALUES]}]",
      .summary = "Returns some fields of a hash, picked by chance.",
      .tips = "nondeterministic_output" },
    { .name = NULL },
};
