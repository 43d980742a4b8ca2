/* Large hashes. The table finds a pair by its field, the heap the pair that expires next. */

#include "cache/types/hash_table.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/table.h"
#include "cache/types/hash_kind.h"

struct hash_table {
    uint8_t kind; /* HASH_TABLE */
    struct table *table;
    uint64_t seed;
    size_t bytes; /* Of all pairs. */
    struct hash_due *due;
};

static struct span field_of(const void *pair)
{
    return hash_pair_field(pair);
}

static const struct table_type pairs_by_field = { .key = field_of };

struct hash_table *hash_table_new(uint64_t seed)
{
    struct hash_table *hash = memory_alloc(sizeof(*hash));
    *hash = (struct hash_table){ .kind = HASH_TABLE,
                                 .table = table_new(&pairs_by_field, seed),
                                 .seed = seed };
    return hash;
}

static void drop_pair(void *context, void *pair)
{
    (void)context;
    memory_free(pair);
}

void hash_table_free(struct hash_table *hash)
{
    table_drain(hash->table, SIZE_MAX, drop_pair, NULL);
    table_free(hash->table);
    if (hash->due != NULL) {
        hash_due_fini(hash->due);
        memory_free(hash->due);
    }
    memory_free(hash);
}

static void copy_item(void *context, const struct hash_item *item)
{
    hash_table_set(context, item->field, item->value, item->expires_at_ms);
}

struct hash_table *hash_table_copy(const struct hash_table *hash)
{
    struct hash_table *copy = hash_table_new(hash->seed);
    uint64_t position = 0;
    do {
        position = hash_table_scan(hash, position, copy_item, copy);
    } while (position != 0);
    return copy;
}

uint64_t hash_table_count(const struct hash_table *hash)
{
    return table_count(hash->table);
}

const struct hash_due *hash_table_due(const struct hash_table *hash)
{
    return hash->due;
}

size_t hash_table_memory(const struct hash_table *hash)
{
    size_t bytes = memory_usable(hash) + table_bytes(hash->table) + hash->bytes;
    if (hash->due != NULL) {
        bytes += memory_usable(hash->due) + memory_usable(hash->due->pairs);
    }
    return bytes;
}

/* --- reading --- */

static struct table_slot *find(const struct hash_table *hash, struct span field)
{
    return table_find(hash->table, field, table_hash(field, hash->seed));
}

static void read_pair(const struct hash_pair *pair, struct hash_item *item)
{
    item->field = hash_pair_field(pair);
    item->value = hash_pair_value(pair);
    item->expires_at_ms = hash_pair_expires_at_ms(pair);
}

bool hash_table_find(const struct hash_table *hash, struct span field, struct hash_item *item)
{
    const struct table_slot *slot = find(hash, field);
    if (slot == NULL) {
        return false;
    }
    read_pair(table_slot_get(slot), item);
    return true;
}

struct visitor {
    hash_visit_fn visit;
    void *context;
};

static void visit_pair(void *context, void *pair)
{
    const struct visitor *visitor = context;
    struct hash_item item;
    read_pair(pair, &item);
    visitor->visit(visitor->context, &item);
}

uint64_t hash_table_scan(const struct hash_table *hash, uint64_t position, hash_visit_fn visit,
                         void *context)
{
    struct visitor visitor = { .visit = visit, .context = context };
    return table_scan(hash->table, position, visit_pair, &visitor);
}

void hash_table_random(const struct hash_table *hash, uint64_t *random_state,
                       struct hash_item *item)
{
    const struct table_slot *slot = table_random(hash->table, random_state);
    assert(slot != NULL);
    read_pair(table_slot_get(slot), item);
}

/* --- changing --- */

/* The pair expires from now on, and is not among those that do yet. */
static void add_due(struct hash_table *hash, struct hash_pair *pair)
{
    if (hash->due == NULL) {
        hash->due = memory_zero(sizeof(*hash->due));
    }
    hash_due_add(hash->due, pair);
}

/* A block the same but for the time, one of which is HASH_NEVER. */
static struct hash_pair *with_time(struct hash_table *hash, struct hash_pair *pair,
                                   int64_t expires_at_ms)
{
    struct hash_pair *fresh =
        hash_pair_new(hash_pair_field(pair), hash_pair_value(pair), expires_at_ms);
    if (expires_at_ms == HASH_NEVER) {
        hash_due_remove(hash->due, pair);
    } else {
        add_due(hash, fresh);
    }
    memory_free(pair);
    return fresh;
}

static void expire_at(struct hash_table *hash, struct table_slot *slot, int64_t expires_at_ms)
{
    struct hash_pair *pair = table_slot_get(slot);
    int64_t before = hash_pair_expires_at_ms(pair);

    if (before == expires_at_ms) {
        return;
    }
    if (before != HASH_NEVER && expires_at_ms != HASH_NEVER) {
        hash_due_expire(hash->due, pair, expires_at_ms);
        return;
    }
    hash->bytes -= memory_usable(pair);
    pair = with_time(hash, pair, expires_at_ms);
    hash->bytes += memory_usable(pair);
    table_slot_set(slot, pair);
}

static void replace_at(struct hash_table *hash, struct table_slot *slot, struct span value)
{
    struct hash_pair *before = table_slot_get(slot);
    size_t bytes = memory_usable(before);
    struct hash_pair *pair = hash_pair_replace(before, value);

    if (pair == before) {
        return;
    }
    hash->bytes += memory_usable(pair) - bytes;
    table_slot_set(slot, pair);
    if (hash_pair_expires_at_ms(pair) != HASH_NEVER) {
        hash_due_moved(hash->due, pair);
    }
}

bool hash_table_set(struct hash_table *hash, struct span field, struct span value,
                    int64_t expires_at_ms)
{
    uint64_t digest = table_hash(field, hash->seed);
    struct table_slot *slot = table_find(hash->table, field, digest);

    if (slot != NULL) {
        if (expires_at_ms != HASH_AS_IS) {
            expire_at(hash, slot, expires_at_ms);
        }
        replace_at(hash, slot, value);
        return false;
    }
    struct hash_pair *pair =
        hash_pair_new(field, value, expires_at_ms == HASH_AS_IS ? HASH_NEVER : expires_at_ms);
    hash->bytes += memory_usable(pair);
    table_add(hash->table, pair, digest);
    if (hash_pair_expires_at_ms(pair) != HASH_NEVER) {
        add_due(hash, pair);
    }
    return true;
}

bool hash_table_expire(struct hash_table *hash, struct span field, int64_t expires_at_ms)
{
    struct table_slot *slot = find(hash, field);
    if (slot == NULL) {
        return false;
    }
    expire_at(hash, slot, expires_at_ms);
    return true;
}

bool hash_table_remove(struct hash_table *hash, struct span field)
{
    uint64_t digest = table_hash(field, hash->seed);
    struct table_slot *slot = table_find(hash->table, field, digest);
    if (slot == NULL) {
        return false;
    }
    struct hash_pair *pair = table_slot_get(slot);
    if (hash_pair_expires_at_ms(pair) != HASH_NEVER) {
        hash_due_remove(hash->due, pair);
    }
    table_remove(hash->table, slot, digest);
    hash->bytes -= memory_usable(pair);
    memory_free(pair);
    return true;
}
