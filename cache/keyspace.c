/* One database. What it adds to the table is the number of keys with a time to live, or with parts
 * that have one, and the marks by which active expiry finds them: a slot is marked whenever
 * its entry may expire. */

#include "cache/keyspace.h"

#include "cache/base/check.h"
#include "cache/frozen.h"

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
    frozen_free(space->frozen);
    space->frozen = NULL;
    space->disposal = NULL;
    while (keyspace_drain(space, SIZE_MAX) > 0) {
    }
    table_free(space->table);
    space->table = NULL;
}

/* An entry is about to leave its slot, or to change. */
static void uncount(struct keyspace *space, const struct entry *entry)
{
    space->expiring -= entry_expires(entry);
    space->in_parts -= entry_has_due_parts(entry);
}

/* Keeps counts and mark right when an entry takes a slot; what was there is not counted now. */
static void settle(struct keyspace *space, struct table_slot *slot, struct entry *entry)
{
    if (keyspace_entry(slot) != entry) {
        table_slot_set(slot, entry);
    }
    space->expiring += entry_expires(entry);
    space->in_parts += entry_has_due_parts(entry);
    if (entry_expires(entry) || entry_has_due_parts(entry)) {
        table_slot_mark(slot);
    }
}

void keyspace_keep(struct keyspace *space, const struct table_slot *slot)
{
    if (__builtin_expect(space->frozen != NULL, 0)) {
        frozen_keep_entry(space->frozen, keyspace_entry(slot));
    }
}

static void keep_hash(struct keyspace *space, uint64_t hash)
{
    if (__builtin_expect(space->frozen != NULL, 0)) {
        frozen_keep(space->frozen, hash);
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
    keep_hash(space, hash);
    struct table_slot *slot = table_add(space->table, entry, hash);
    settle(space, slot, entry);
    return slot;
}

void keyspace_replace(struct keyspace *space, struct table_slot *slot,
                      const struct entry_form *form)
{
    struct entry *entry = keyspace_entry(slot);

    keyspace_keep(space, slot);
    uncount(space, entry);
    if (!disposal_is_for(space->disposal, entry)) {
        settle(space, slot, entry_replace(entry, form));
        return;
    }
    struct entry_form fresh = *form;
    fresh.key = entry_key(entry);
    settle(space, slot, entry_new(&fresh));
    disposal_entry(space->disposal, entry);
}

void *keyspace_resize(struct keyspace *space, struct table_slot *slot, size_t size)
{
    keyspace_keep(space, slot);
    struct entry *entry = entry_resize(keyspace_entry(slot), size);
    table_slot_set(slot, entry);
    return entry_value(entry);
}

void keyspace_expire(struct keyspace *space, struct table_slot *slot, int64_t expires_at_ms)
{
    struct entry *entry = keyspace_entry(slot);
    keyspace_keep(space, slot);
    uncount(space, entry);
    settle(space, slot, entry_expire(entry, expires_at_ms));
}

void keyspace_changed(struct keyspace *space, struct table_slot *slot)
{
    struct entry *entry = keyspace_entry(slot);
    if (!entry_is_flat(entry)) {
        uncount(space, entry);
        entry_note_parts(entry);
        settle(space, slot, entry);
    }
}

struct entry *keyspace_take(struct keyspace *space, struct table_slot *slot, uint64_t hash)
{
    struct entry *entry = keyspace_entry(slot);
    keep_hash(space, hash);
    uncount(space, entry);
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
    const struct keyspace_sweeper *sweeper;
};

/* An entry that will expire, or parts of which will; it is not counted at the moment. */
static enum sweep keep_expiring(struct keyspace *space, const struct entry *entry, uint64_t now_ms)
{
    if (entry_expires(entry)) {
        space->ttl_sum_ms += (uint64_t)entry_expires_at_ms(entry) - now_ms;
        space->ttl_count++;
    }
    space->expiring += entry_expires(entry);
    space->in_parts += entry_has_due_parts(entry);
    return entry_expires(entry) || entry_has_due_parts(entry) ? SWEEP_MARK : SWEEP_KEEP;
}

static enum sweep sweep_entry(void *context, void *element)
{
    const struct sweep_round *round = context;
    const struct keyspace_sweeper *sweeper = round->sweeper;
    struct entry *entry = element;
    int64_t expires = entry_expires_at_ms(entry);

    uncount(round->space, entry);
    if (expires >= 0 && (uint64_t)expires < sweeper->now_ms) {
        sweeper->expired(sweeper->context, entry);
    } else {
        if (!entry_has_due_parts(entry)) {
            return keep_expiring(round->space, entry, sweeper->now_ms);
        }
        if (sweeper->expire_parts(sweeper->context, entry)) {
            entry_note_parts(entry);
            return keep_expiring(round->space, entry, sweeper->now_ms);
        }
    }
    disposal_entry(round->space->disposal, entry);
    return SWEEP_REMOVE;
}

size_t keyspace_sweep(struct keyspace *space, const struct keyspace_sweeper *sweeper, size_t budget)
{
    struct sweep_round round = { .space = space, .sweeper = sweeper };
    size_t left = budget;

    if (space->expiring == 0 && space->in_parts == 0) {
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
