/* Every database is built anew beside the old ones, which go once all of the new are there. */

#include "cache/persist/reload.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/persist/dump.h"
#include "cache/persist/settle.h"
#include "cache/state.h"

struct reload {
    struct cache *cache;
    uint64_t now_ms;
    struct buf payload;
    struct keyspace *fresh; /* Of the database that is being built. */
    const char *why;        /* NULL: all is well. */
};

/* What comes back of a value; NULL and reload.why set if it does not. */
static void *saved_and_loaded(struct reload *reload, const struct entry *entry)
{
    const struct type *type = entry_type(entry);
    const struct type *loaded_type;

    buf_cut(&reload->payload, 0);
    if (!dump_write(&reload->payload, type, entry_value(entry))) {
        reload->why = "a value is too large to be saved";
        return NULL;
    }
    struct span payload = buf_span(&reload->payload);
    void *value = dump_read(payload, &reload->cache->limits, &loaded_type, &reload->why);
    assert(value == NULL || loaded_type == type);
    return value;
}

static void reload_entry(void *context, void *element)
{
    struct reload *reload = context;
    const struct entry *old = element;

    if (reload->why != NULL || cache_entry_is_dead(old, reload->now_ms)) {
        return;
    }
    struct entry_form form = {
        .key = entry_key(old),
        .type = entry_type(old),
        .heap = saved_and_loaded(reload, old),
        .expires_at_ms = entry_expires_at_ms(old),
        .access = entry_access(old),
    };
    if (form.heap != NULL) {
        uint64_t hash = table_hash(form.key, reload->cache->seed);
        struct entry *entry = settle_entry(&form);
        keyspace_adopt(reload->fresh, &entry, hash);
    }
}

static void reload_database(struct reload *reload, int db)
{
    const struct keyspace *old = &reload->cache->spaces[db];
    uint64_t position = 0;

    do {
        position = table_scan(old->table, position, reload_entry, reload);
    } while (position != 0 && reload->why == NULL);
}

bool reload_all(struct cache *cache, uint64_t now_ms, const char **why)
{
    struct reload reload = { .cache = cache, .now_ms = now_ms };
    size_t databases = (size_t)cache->databases;
    struct keyspace *fresh = memory_alloc(databases * sizeof(*fresh));

    snapshot_cancel(cache, "everything is loaded anew");
    buf_init(&reload.payload, UINT32_MAX);
    for (size_t db = 0; db < databases; db++) {
        keyspace_init(&fresh[db], cache->seed, cache->spaces[db].disposal);
        reload.fresh = &fresh[db];
        reload_database(&reload, (int)db);
    }
    for (size_t db = 0; db < databases; db++) {
        struct keyspace *gone = reload.why == NULL ? &cache->spaces[db] : &fresh[db];
        keyspace_fini(gone);
        if (reload.why == NULL) {
            cache->spaces[db] = fresh[db];
        }
    }
    buf_fini(&reload.payload);
    memory_free(fresh);
    *why = reload.why;
    return reload.why == NULL;
}
