/* One database. What it adds to the table is the number of keys with a time to live, and the
 * marks by which active expiry finds them: a slot is marked whenever its entry may expire. */

#include "cache/keyspace.h"

#include "cache/base/check.h"

static struct span key_of(const void *entry)
{
    return entry_key(entry);
}

static const struct table_type keyed_entries = { .key = key_of };

void keyspace_init(struct keyspace *space, uint64_t seed, struct disposal *disposal)
{
    *space = (struct keyspace){ .table = table_new(&keyed_entries, seed), .disposal = disposal };
}

void keyspace_fini(struct keyspace *space)
{
    space->disposal = NULL;
    while (keyspace_drain(space, SIZE_MAX) > 0) {
    }
    table_free(space->table);
    space->table = NULL;
}

/* Keeps count and mark right when an entry takes a slot; `before` tells of the one it
 * replaces. */
static void settle(struct keyspace *space, struct table_slot *slot, struct entry *entry,
                   bool before)
{
    bool expires = entry_expires(entry);
    if (keyspace_entry(slot) != entry) {
        table_slot_set(slot, entry);
    }
    space->expiring += (uint64_t)expires - (uint64_t)before;
    if (expires) {
        table_slot_mark(slot);
    }
}

struct table_slot *keyspace_add(struct keyspace *space, const struct entry_form *form,
                                uint64_t hash)
{
    struct entry *entry = entry_new(form);
    return keyspace_adopt(space, &entry, hash);
}

struct table_slot *keyspace_adopt(struct keyspace *space, struct entry **take_entry, uint64_t hash)
{
    struct entry *entry = *take_entry;
    *take_entry = NULL;
    struct table_slot *slot = table_add(space->table, entry, hash);
    settle(space, slot, entry, false);
    return slot;
}

void keyspace_replace(struct keyspace *space, struct table_slot *slot,
                      const struct entry_form *form)
{
    struct entry *entry = keyspace_entry(slot);
    bool before = entry_expires(entry);

    if (!disposal_is_for(space->disposal, entry)) {
        settle(space, slot, entry_replace(entry, form), before);
        return;
    }
    struct entry_form fresh = *form;
    fresh.key = entry_key(entry);
    settle(space, slot, entry_new(&fresh), before);
    disposal_entry(space->disposal, entry);
}

void *keyspace_resize(struct table_slot *slot, size_t size)
{
    struct entry *entry = entry_resize(keyspace_entry(slot), size);
    table_slot_set(slot, entry);
    return entry_value(entry);
}

void keyspace_expire(struct keyspace *space, struct table_slot *slot, int64_t expires_at_ms)
{
    struct entry *entry = keyspace_entry(slot);
    bool before = entry_expires(entry);
    settle(space, slot, entry_expire(entry, expires_at_ms), before);
}

struct entry *keyspace_take(struct keyspace *space, struct table_slot *slot, uint64_t hash)
{
    struct entry *entry = keyspace_entry(slot);
    space->expiring -= entry_expires(entry);
    table_remove(space->table, slot, hash);
    return entry;
}

void keyspace_remove(struct keyspace *space, struct table_slot *slot, uint64_t hash)
{
    disposal_entry(space->disposal, keyspace_take(space, slot, hash));
}

/* --- active expiry --- */

struct sweep_round {
    struct keyspace *space;
    uint64_t now_ms;
    void (*expired)(void *context, const struct entry *entry);
    void *context;
};

static enum sweep sweep_entry(void *context, void *element)
{
    const struct sweep_round *round = context;
    struct keyspace *space = round->space;
    struct entry *entry = element;
    int64_t expires = entry_expires_at_ms(entry);

    if (expires < 0) {
        return SWEEP_KEEP;
    }
    if ((uint64_t)expires >= round->now_ms) {
        space->ttl_sum_ms += (uint64_t)expires - round->now_ms;
        space->ttl_count++;
        return SWEEP_MARK;
    }
    round->expired(round->context, entry);
    space->expiring--;
    disposal_entry(space->disposal, entry);
    return SWEEP_REMOVE;
}

size_t keyspace_sweep(struct keyspace *space, uint64_t now_ms, size_t budget,
                      void (*expired)(void *context, const struct entry *entry), void *context)
{
    struct sweep_round round = {
        .space = space, .now_ms = now_ms, .expired = expired, .context = context
    };
    size_t left = budget;

    if (space->expiring == 0) {
        space->avg_ttl_ms = space->ttl_sum_ms = space->ttl_count = 0;
        space->sweep_at = 0;
        return 0;
    }
    space->sweep_at = table_sweep(space->table, space->sweep_at, &left, sweep_entry, &round);
    if (space->sweep_at == 0) {
        space->avg_ttl_ms = space->ttl_count == 0 ? 0 : space->ttl_sum_ms / space->ttl_count;
        space->ttl_sum_ms = space->ttl_count = 0;
    }
    return budget - left;
}

/* --- giving everything back --- */

static void drop_entry(void *context, void *entry)
{
    disposal_entry(context, entry);
}

size_t keyspace_drain(struct keyspace *space, size_t budget)
{
    return table_drain(space->table, budget, drop_entry, space->disposal);
}
