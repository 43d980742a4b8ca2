/* The one way past cache_exec() for keys that are there from the start. */

#include "cache/persist/insert.h"

#include "cache/base/check.h"
#include "cache/persist/settle.h"
#include "cache/script/functions.h"
#include "cache/state.h"

static uint32_t access_of(const struct access_clock *clock, const struct insertion *insertion,
                          uint64_t now_ms)
{
    uint32_t access = access_new(clock, now_ms);

    if (insertion->idle_s >= 0) {
        access = access_after_idle(clock, access, (uint64_t)insertion->idle_s, now_ms);
    }
    if (insertion->frequency >= 0) {
        access = access_with_frequency(clock, access, (uint8_t)insertion->frequency, now_ms);
    }
    return access;
}

bool insert_key(struct cache *cache, const struct insertion *insertion, void **take_value,
                uint64_t now_ms)
{
    struct keyspace *space = &cache->spaces[insertion->db];
    uint64_t hash = table_hash(insertion->key, cache->seed);
    struct table_slot *slot = keyspace_find(space, insertion->key, hash);
    assert(!cache->snapshot.running);

    if (slot != NULL && !insertion->replace) {
        return false;
    }
    if (slot != NULL) {
        keyspace_remove(space, slot, hash);
    }
    struct entry_form form = {
        .key = insertion->key,
        .type = insertion->type,
        .heap = *take_value,
        .expires_at_ms = insertion->expires_at_ms,
        .access = access_of(&cache->access, insertion, now_ms),
    };
    struct entry *entry = settle_entry(&form);
    keyspace_adopt(space, &entry, hash);
    *take_value = NULL;
    return true;
}

void insert_into_nothing(struct cache *cache)
{
    snapshot_cancel(cache, "everything is loaded anew");
    cache_forget_all(cache);
    functions_flush(cache, true);
}
