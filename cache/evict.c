/* Eviction by sampling, as Redis does it: to know the very best key to evict would take an order of
 * all keys that each access changes. Looking at a few, and remembering the best of all that were
 * looked at of late, comes close to it for nothing.
 *
 *     table     | bucket | bucket | bucket | bucket | …     evict_at goes round, in the
 *                          ^ evict_at                       order of hashes
 *                            |
 *                            v  rank
 *     pool      [ 3 | 17 | 40 | … | 95 ]  ->  the last one goes, if it is still as it was
 *
 * Where Redis looks at random places, this goes on where it stopped. A hash has nothing to do with
 * how a key is used, so that is a sample as good as any; each key has its turn once a
 * round; and a bucket is one line of memory for up to nine keys. It also finds the few keys with a
 * time to live among very many without: the table skips buckets that have none, and what was
 * skipped is not looked at again before the next round.
 *
 * A candidate is remembered by name, since anything may have happened to it when its turn
 * comes. One that was used since, or has another time to live, is not a candidate any more. */

#include "cache/evict.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/state.h"

/* Per call and database: what one call may cost at most. */
enum { BUCKETS_MAX = 1024, BUCKETS_STEP = 8 };

/* --- the pool --- */

static void forget_all(struct evict *evict)
{
    while (evict->count > 0) {
        memory_free(evict->pool[--evict->count].key);
    }
}

void evict_fini(struct evict *evict)
{
    forget_all(evict);
}

void evict_configure(struct cache *cache, const struct evict_settings *settings)
{
    struct evict *evict = &cache->evict;
    assert(settings->samples > 0);

    if (settings->among != evict->settings.among || settings->first != evict->settings.first) {
        forget_all(evict); /* Ranks of two kinds cannot be compared. */
    }
    evict->settings = *settings;
}

static bool is_as_it_was(const struct evict_candidate *candidate, const struct entry *entry)
{
    return candidate->access == entry_access(entry) &&
           candidate->expires_at_ms == entry_expires_at_ms(entry);
}

static bool is_known(const struct evict *evict, int db, const struct entry *entry)
{
    struct span key = entry_key(entry);
    for (size_t i = 0; i < evict->count; i++) {
        const struct evict_candidate *at = &evict->pool[i];
        if (at->db == db && is_as_it_was(at, entry) &&
            span_equal((struct span){ at->key, at->len }, key)) {
            return true;
        }
    }
    return false;
}

static uint64_t rank_of(struct cache *cache, const struct entry *entry, uint64_t now_ms)
{
    if (cache_entry_is_dead(entry, now_ms)) {
        return UINT64_MAX;
    }
    switch (cache->evict.settings.first) {
    case EVICT_FIRST_IDLE:
        return access_idle_ms(entry_access(entry), now_ms);
    case EVICT_FIRST_RARE:
        return UINT8_MAX - access_frequency(&cache->access, entry_access(entry), now_ms);
    case EVICT_FIRST_EXPIRES:
        return entry_expires(entry) ? (uint64_t)(INT64_MAX - entry_expires_at_ms(entry)) : 0;
    case EVICT_FIRST_ANY:
        break;
    }
    return random_next(&cache->random_state);
}

static void offer(struct cache *cache, int db, const struct entry *entry, uint64_t now_ms)
{
    struct evict *evict = &cache->evict;
    struct span key = entry_key(entry);
    uint64_t rank = rank_of(cache, entry, now_ms);
    size_t at;

    if ((evict->count == EVICT_POOL && rank <= evict->pool[0].rank) || is_known(evict, db, entry)) {
        return;
    }
    if (evict->count == EVICT_POOL) {
        memory_free(evict->pool[0].key);
        evict->count--;
        memmove(&evict->pool[0], &evict->pool[1], evict->count * sizeof(evict->pool[0]));
    }
    for (at = evict->count; at > 0 && evict->pool[at - 1].rank > rank; at--) {
        evict->pool[at] = evict->pool[at - 1];
    }
    evict->pool[at] = (struct evict_candidate){
        .rank = rank,
        .key = memory_copy_text(key.bytes, key.len),
        .len = key.len,
        .expires_at_ms = entry_expires_at_ms(entry),
        .access = entry_access(entry),
        .db = db,
    };
    evict->count++;
}

/* --- looking for candidates --- */

struct sampling {
    struct cache *cache;
    uint64_t now_ms;
    uint64_t seen;
    int db;
};

static void see(void *context, void *element)
{
    struct sampling *sampling = context;
    sampling->seen++;
    offer(sampling->cache, sampling->db, element, sampling->now_ms);
}

/* Of a bucket in which something may expire, and is marked so: that stays as it is. */
static enum sweep see_marked(void *context, void *element)
{
    const struct entry *entry = element;
    if (entry_expires(entry)) {
        see(context, element);
    }
    return entry_expires(entry) || entry_has_due_parts(entry) ? SWEEP_MARK : SWEEP_KEEP;
}

static uint64_t candidates_in(const struct cache *cache, int db)
{
    const struct keyspace *space = &cache->spaces[db];
    return cache->evict.settings.among == EVICT_AMONG_ALL ? keyspace_count(space) : space->expiring;
}

static void sample(struct sampling *sampling)
{
    const struct evict_settings *settings = &sampling->cache->evict.settings;
    struct keyspace *space = &sampling->cache->spaces[sampling->db];
    size_t budget = BUCKETS_MAX;

    sampling->seen = 0;
    while (sampling->seen < settings->samples && budget >= BUCKETS_STEP) {
        if (settings->among == EVICT_AMONG_ALL) {
            space->evict_at = table_scan(space->table, space->evict_at, see, sampling);
            budget--;
        } else {
            size_t step = BUCKETS_STEP;
            space->evict_at =
                table_sweep(space->table, space->evict_at, &step, see_marked, sampling);
            budget -= BUCKETS_STEP;
        }
    }
}

/* --- letting one go --- */

static void announce(struct cache *cache, int db, struct span key)
{
    struct span argv[] = { SPAN("DEL"), key };
    struct change change = {
        .db = db, .keys = &key, .key_count = 1, .argv = argv, .argc = COUNT(argv)
    };
    cache->stats.evicted++;
    cache_announce(cache, &change);
    cache_tell(cache, EVENT_EVICTED, "evicted", key, db);
}

/* False: it is not there, or not as it was. */
static bool remove_candidate(struct cache *cache, const struct evict_candidate *candidate,
                             uint64_t now_ms, uint64_t *freed)
{
    struct keyspace *space = &cache->spaces[candidate->db];
    struct span key = { .bytes = candidate->key, .len = candidate->len };
    uint64_t hash = table_hash(key, cache->seed);
    struct table_slot *slot = keyspace_find(space, key, hash);

    if (slot == NULL || !is_as_it_was(candidate, keyspace_entry(slot))) {
        return false;
    }
    if (cache_entry_is_dead(keyspace_entry(slot), now_ms)) {
        cache_announce_expired(cache, candidate->db, key);
    } else {
        announce(cache, candidate->db, key);
    }
    int64_t before = memory_balance();
    keyspace_remove(space, slot, hash);
    int64_t after = memory_balance();
    *freed += before > after ? (uint64_t)(before - after) : 0;
    if (cache->running != NULL) {
        call_forget(cache->running); /* EXEC, before it runs its first command. */
    }
    return true;
}

enum evict_result evict_one(struct cache *cache, uint64_t now_ms, uint64_t *freed)
{
    struct evict *evict = &cache->evict;
    struct sampling sampling = { .cache = cache, .now_ms = now_ms };
    bool any = false;
    bool removed = false;

    if (evict->settings.among == EVICT_AMONG_NONE) {
        return EVICT_NOTHING;
    }
    for (sampling.db = 0; sampling.db < cache->databases; sampling.db++) {
        if (candidates_in(cache, sampling.db) > 0) {
            any = true;
            sample(&sampling);
        }
    }
    while (!removed && evict->count > 0) {
        struct evict_candidate best = evict->pool[--evict->count];
        removed = remove_candidate(cache, &best, now_ms, freed);
        memory_free(best.key);
    }
    return removed ? EVICT_REMOVED : any ? EVICT_SEARCHED : EVICT_NOTHING;
}
