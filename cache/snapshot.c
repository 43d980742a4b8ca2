/* Each database is frozen for itself; what is common to them is the visitor, and the end. */

#include "cache/snapshot.h"

#include "cache/base/check.h"
#include "cache/frozen.h"
#include "cache/state.h"

static struct snapshot_entry entry_at(const struct cache *cache, int db, const struct entry *entry,
                                      uint64_t at_ms)
{
    uint32_t access = entry_access(entry);

    return (struct snapshot_entry){
        .db = db,
        .key = entry_key(entry),
        .type = entry_type(entry),
        .value = entry_value(entry),
        .expires_at_ms = entry_expires_at_ms(entry),
        .idle_s = access_idle_ms(access, at_ms) / 1000,
        .frequency = access_frequency(&cache->access, access, at_ms),
    };
}

static void visit(void *context, int db, const struct entry *entry)
{
    struct cache *cache = context;
    struct snapshot *snapshot = &cache->snapshot;
    struct snapshot_entry visited = entry_at(cache, db, entry, snapshot->began_at_ms);

    snapshot->visited++;
    snapshot->visitor.entry(snapshot->visitor.context, &visited);
}

void snapshot_begin(struct cache *cache, const struct snapshot_visitor *visitor, uint64_t now_ms)
{
    assert(!cache->snapshot.running);
    cache->snapshot =
        (struct snapshot){ .running = true, .visitor = *visitor, .began_at_ms = now_ms };
    for (int db = 0; db < cache->databases; db++) {
        struct keyspace *space = &cache->spaces[db];
        cache->snapshot.total += keyspace_count(space);
        space->frozen = frozen_new(space->table, cache->seed, db, visit, cache);
    }
}

struct visit_all {
    const struct cache *cache;
    const struct snapshot_visitor *visitor;
    uint64_t now_ms;
    int db;
};

static void visit_one(void *context, void *element)
{
    const struct visit_all *all = context;
    struct snapshot_entry visited = entry_at(all->cache, all->db, element, all->now_ms);

    all->visitor->entry(all->visitor->context, &visited);
}

void snapshot_visit_all(struct cache *cache, const struct snapshot_visitor *visitor,
                        uint64_t now_ms)
{
    struct visit_all all = { .cache = cache, .visitor = visitor, .now_ms = now_ms };

    for (; all.db < cache->databases; all.db++) {
        uint64_t position = 0;
        do {
            position = table_scan(cache->spaces[all.db].table, position, visit_one, &all);
        } while (position != 0);
    }
}

static void thaw(struct keyspace *space)
{
    frozen_free(space->frozen);
    space->frozen = NULL;
}

bool snapshot_step(struct cache *cache, size_t budget)
{
    assert(cache->snapshot.running);
    for (int db = 0; db < cache->databases; db++) {
        struct keyspace *space = &cache->spaces[db];
        if (space->frozen != NULL && frozen_step(space->frozen, &budget)) {
            thaw(space);
        }
        if (budget == 0) {
            return false;
        }
    }
    cache->snapshot.running = false;
    return true;
}

void snapshot_cancel(struct cache *cache, const char *why)
{
    struct snapshot_visitor visitor = cache->snapshot.visitor;

    if (!cache->snapshot.running) {
        return;
    }
    for (int db = 0; db < cache->databases; db++) {
        thaw(&cache->spaces[db]);
    }
    cache->snapshot.running = false;
    visitor.cancelled(visitor.context, why);
}

bool snapshot_is_running(const struct cache *cache)
{
    return cache->snapshot.running;
}

struct snapshot_progress snapshot_progress(const struct cache *cache)
{
    return (struct snapshot_progress){ cache->snapshot.visited, cache->snapshot.total };
}
