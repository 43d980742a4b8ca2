/* Hashes, whatever they are kept as (hash_kind.h): reading them. */

#include "cache/types/hash.h"

#include "cache/base/hash.h"
#include "cache/types/hash_flat.h"
#include "cache/types/hash_kind.h"
#include "cache/types/hash_pack.h"
#include "cache/types/hash_table.h"

/* The fields of a hash without a table, expired or not; *at is 0 at first. */
static bool next_item(const void *hash, size_t *at, struct hash_item *item)
{
    return hash_kind_of(hash) == HASH_FLAT ? hash_flat_next(hash, at, item)
                                           : hash_pack_next(hash, at, item);
}

static size_t timed_pack_count(const void *hash, uint64_t now_ms)
{
    size_t count = hash_pack_count(hash);
    struct hash_item item;
    for (size_t at = 0;
         hash_pack_next(hash, &at, &item) && hash_is_due(item.expires_at_ms, now_ms);) {
        count--;
    }
    return count;
}

size_t hash_count(const void *hash, uint64_t now_ms)
{
    switch (hash_kind_of(hash)) {
    case HASH_FLAT:
        return hash_flat_count(hash);
    case HASH_PACK:
        return hash_pack_count(hash);
    case HASH_TIMED_PACK:
        return timed_pack_count(hash, now_ms);
    default: {
        const struct hash_due *due = hash_table_due(hash);
        return hash_table_count(hash) - (due == NULL ? 0 : hash_due_count(due, now_ms));
    }
    }
}

static bool find_any(const void *hash, struct span field, struct hash_item *item)
{
    switch (hash_kind_of(hash)) {
    case HASH_FLAT:
        return hash_flat_find(hash, field, item);
    case HASH_TABLE:
        return hash_table_find(hash, field, item);
    default:
        return hash_pack_find(hash, field, item);
    }
}

bool hash_find(const void *hash, struct span field, uint64_t now_ms, struct hash_item *item)
{
    return find_any(hash, field, item) && !hash_is_due(item->expires_at_ms, now_ms);
}

struct visitor {
    uint64_t now_ms;
    hash_visit_fn visit;
    void *context;
};

static void visit_living(void *context, const struct hash_item *item)
{
    const struct visitor *visitor = context;
    if (!hash_is_due(item->expires_at_ms, visitor->now_ms)) {
        visitor->visit(visitor->context, item);
    }
}

bool hash_has_table(const void *hash)
{
    return hash_kind_of(hash) == HASH_TABLE;
}

uint64_t hash_scan(const void *hash, uint64_t position, uint64_t now_ms, hash_visit_fn visit,
                   void *context)
{
    struct visitor visitor = { .now_ms = now_ms, .visit = visit, .context = context };
    struct hash_item item;

    if (hash_has_table(hash)) {
        return hash_table_scan(hash, position, visit_living, &visitor);
    }
    for (size_t at = 0; next_item(hash, &at, &item);) {
        visit_living(&visitor, &item);
    }
    return 0;
}

void hash_each(const void *hash, uint64_t now_ms, hash_visit_fn visit, void *context)
{
    uint64_t position = 0;
    do {
        position = hash_scan(hash, position, now_ms, visit, context);
    } while (position != 0);
}

/* The field with this number among those that have not expired. */
static bool find_nth(const void *hash, uint64_t number, uint64_t now_ms, struct hash_item *item)
{
    for (size_t at = 0; next_item(hash, &at, item);) {
        if (hash_is_due(item->expires_at_ms, now_ms)) {
            continue;
        }
        if (number == 0) {
            return true;
        }
        number--;
    }
    return false;
}

/* One of those that have not expired, by going through all: each that comes takes the place of the
 * one before with a chance of one in as many as have come. */
struct choice {
    struct hash_item item;
    uint64_t come;
    uint64_t *random_state;
};

static void choose(void *context, const struct hash_item *item)
{
    struct choice *choice = context;
    choice->come++;
    if (random_below(choice->random_state, choice->come) == 0) {
        choice->item = *item;
    }
}

static bool random_from_table(const void *hash, uint64_t now_ms, uint64_t *random_state,
                              struct hash_item *item)
{
    enum { TRIES = 100 };

    for (int i = 0; i < TRIES && hash_table_count(hash) > 0; i++) {
        hash_table_random(hash, random_state, item);
        if (!hash_is_due(item->expires_at_ms, now_ms)) {
            return true;
        }
    }
    struct choice choice = { .random_state = random_state };
    hash_each(hash, now_ms, choose, &choice);
    *item = choice.item;
    return choice.come > 0;
}

bool hash_random(const void *hash, uint64_t now_ms, uint64_t *random_state, struct hash_item *item)
{
    if (hash_has_table(hash)) {
        return random_from_table(hash, now_ms, random_state, item);
    }
    size_t count = hash_count(hash, now_ms);
    return count > 0 && find_nth(hash, random_below(random_state, count), now_ms, item);
}
