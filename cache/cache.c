/* The store: databases, the door to them, and what is done in the background.
 *
 * Everything here is short of time by design: whatever could take long (resizing, freeing an
 * emptied database, looking for expired keys) is cut into slices of buckets that cache_tick()
 * hands out. */

#include "cache/cache.h"

#include "cache/state.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/script/functions.h"
#include "cache/script/scripts.h"

enum { POSITION_BITS = 48, STRING_MAX = 512 * 1024 * 1024 };

struct cache *cache_new(const struct cache_options *options)
{
    struct cache *cache = memory_zero(sizeof(*cache));
    assert(options->databases > 0);

    cache->databases = options->databases;
    cache->random_state = options->seed;
    cache->seed = random_next(&cache->random_state);
    cache->access.random_state = random_next(&cache->random_state);
    cache->access.log_factor = 10;
    cache->access.decay_minutes = 1;
    cache->active_expiry = true;
    cache->commands = options->commands;
    cache->string_max = STRING_MAX;
    cache->limits = type_limits_default;
    cache->limits.table_seed = random_next(&cache->random_state);
    cache->spaces = memory_zero((size_t)options->databases * sizeof(*cache->spaces));
    for (int db = 0; db < cache->databases; db++) {
        keyspace_init(&cache->spaces[db], cache->seed, &cache->disposal);
    }
    return cache;
}

/* Frees the first of the dropped databases. */
static void dropped_free(struct cache *cache)
{
    struct dropped *dropped = cache->dropped;
    cache->dropped = dropped->next;
    keyspace_fini(&dropped->space);
    memory_free(dropped);
}

void cache_free(struct cache *cache)
{
    if (cache == NULL) {
        return;
    }
    while (cache->dropped != NULL) {
        dropped_free(cache);
    }
    for (int db = 0; db < cache->databases; db++) {
        keyspace_fini(&cache->spaces[db]);
    }
    scripts_free(cache->script.scripts);
    functions_free(cache->script.functions);
    evict_fini(&cache->evict);
    arena_fini(&cache->arena);
    memory_free(cache->spaces);
    memory_free(cache);
}

/* --- changes --- */

void cache_listen(struct cache *cache, change_fn listener, void *context)
{
    assert(cache->listener_count < LISTENERS_MAX);
    cache->listeners[cache->listener_count].hear = listener;
    cache->listeners[cache->listener_count].context = context;
    cache->listener_count++;
}

void cache_announce(struct cache *cache, struct change *change)
{
    change->seq = ++cache->stats.changes;
    change->joined = change->again || (cache->unit.depth > 0 && cache->unit.announced);
    cache->unit.announced = true;
    for (size_t i = 0; i < cache->listener_count; i++) {
        cache->listeners[i].hear(cache->listeners[i].context, change);
    }
}

void cache_tell(const struct cache *cache, unsigned class, const char *name, struct span key,
                int db)
{
    if (cache->events.classes & class) {
        cache->events.hear(cache->events.context, class, name, key, db);
    }
}

void cache_announce_expired(struct cache *cache, int db, struct span key)
{
    struct span argv[] = { SPAN("DEL"), key };
    struct change change = {
        .db = db, .keys = &key, .key_count = 1, .argv = argv, .argc = COUNT(argv)
    };
    cache->stats.expired++;
    cache_announce(cache, &change);
    cache_tell(cache, EVENT_EXPIRED, "expired", key, db);
}

enum event_class cache_event_class(const struct type *type)
{
    static const enum event_class classes[] = {
        [TAG_STRING] = EVENT_STRING, [TAG_LIST] = EVENT_LIST, [TAG_SET] = EVENT_SET,
        [TAG_ZSET] = EVENT_ZSET,     [TAG_HASH] = EVENT_HASH, [TAG_STREAM] = EVENT_STREAM,
    };
    return classes[type->tag];
}

void cache_announce_part(struct cache *cache, int db, const struct entry *entry, struct span part)
{
    struct span key = entry_key(entry);
    struct span argv[] = { span_from(entry_type(entry)->parts->removal), key, part };
    struct change change = {
        .db = db, .keys = &key, .key_count = 1, .argv = argv, .argc = COUNT(argv)
    };
    cache->stats.expired_parts++;
    cache_announce(cache, &change);
}

void cache_unit_begin(struct cache *cache)
{
    if (cache->unit.depth++ == 0) {
        cache->unit.announced = false;
    }
}

void cache_unit_end(struct cache *cache)
{
    assert(cache->unit.depth > 0);
    cache->unit.depth--;
}

bool cache_unit_is_open(const struct cache *cache)
{
    return cache->unit.depth > 0;
}

bool cache_unit_join(struct cache *cache)
{
    bool joined = cache->unit.depth > 0 && cache->unit.announced;

    cache->unit.announced = true;
    return joined;
}

struct expiring_parts {
    struct cache *cache;
    int db;
    const struct entry *entry;
};

static void announce_part(void *context, struct span part)
{
    const struct expiring_parts *expiring = context;
    cache_announce_part(expiring->cache, expiring->db, expiring->entry, part);
}

/* All of them have expired, and so has the key: it is gone at once, however many they were. */
static void announce_all_parts(struct cache *cache, int db, struct span key)
{
    struct span argv[] = { SPAN("DEL"), key };
    struct change change = {
        .db = db, .keys = &key, .key_count = 1, .argv = argv, .argc = COUNT(argv)
    };
    cache_announce(cache, &change);
}

bool cache_expire_parts(struct cache *cache, int db, struct entry *entry, uint64_t now_ms,
                        size_t *max)
{
    const struct type *type = entry_type(entry);
    struct span key = entry_key(entry);
    void *value = entry_value(entry);
    struct expiring_parts expiring = { .cache = cache, .db = db, .entry = entry };
    struct type_due due = type->parts->due(value);
    bool left = false;

    if (due.first_ms >= (int64_t)now_ms) {
        return true;
    }
    if (due.all_ms < (int64_t)now_ms) {
        announce_all_parts(cache, db, key);
    } else {
        left = type->parts->expire(value, now_ms, max, announce_part, &expiring);
    }
    cache_tell(cache, cache_event_class(type), type->parts->event, key, db);
    if (!left) {
        cache_tell(cache, EVENT_GENERIC, "del", key, db);
    }
    return left;
}

/* --- the door --- */

/* Field by field: zeroing the whole of it first would cost more than all else here. */
static inline_always void call_init(struct call *c, struct cache *cache,
                                    const struct cache_request *request)
{
    c->reply = request->reply;
    c->argv = request->argv;
    c->argc = request->argc;
    c->command = request->command;
    c->now_ms = request->now_ms - cache->expiry.replay_ms;
    c->arena = &cache->arena;
    c->caller = request->caller;
    c->cache = cache;
    c->db = request->db;
    c->no_touch = request->no_touch;
    c->client_id = request->client_id;
    c->space = &cache->spaces[request->db];
    c->key_hash = request->key_hash;
    c->hashed_at = request->key_at;
    c->found_at = 0;
    c->found = NULL;
    c->said = NULL;
    c->limits = &cache->limits;
    c->wait = request->wait;
    c->more = NULL;
    c->events = NULL;
    c->changed = c->changed_few;
    c->changed_count = 0;
    c->changed_room = COUNT(c->changed_few);
    c->everything = false;
}

void cache_exec(struct cache *cache, const struct cache_request *request)
{
    struct call *outer = cache->running;
    struct call call;
    assert((unsigned)request->db < (unsigned)cache->databases);
    assert(request->argc > 0);

    call_init(&call, cache, request);
    cache->running = &call;
    request->command->run(&call);
    if (call.changed_count > 0 || call.everything) {
        call_announce(&call);
    }
    if (call.events != NULL) {
        call_tell_events(&call);
    }
    cache->running = outer;
    if (outer != NULL) {
        call_forget(outer);
    } else if (cache->arena.used > 0) {
        arena_reset(&cache->arena);
    }
}

uint64_t cache_hash(const struct cache *cache, struct span key)
{
    return table_hash(key, cache->seed);
}

void cache_prefetch_bucket(const struct cache *cache, int db, uint64_t hash)
{
    table_prefetch_bucket(cache->spaces[db].table, hash);
}

void cache_prefetch_entry(const struct cache *cache, int db, uint64_t hash)
{
    table_prefetch_entry(cache->spaces[db].table, hash);
}

/* --- in the background --- */

void cache_flush(struct cache *cache, int db, bool at_once)
{
    struct keyspace *space = &cache->spaces[db];
    snapshot_cancel(cache, "a database was emptied");
    if (at_once) {
        keyspace_fini(space);
    } else if (keyspace_count(space) > 0) {
        struct dropped *dropped = memory_alloc(sizeof(*dropped));
        *dropped = (struct dropped){ .next = cache->dropped, .space = *space };
        cache->dropped = dropped;
    } else {
        table_free(space->table);
    }
    keyspace_init(space, cache->seed, &cache->disposal);
}

void cache_forget_all(struct cache *cache)
{
    for (int db = 0; db < cache->databases; db++) {
        cache_flush(cache, db, false);
    }
}

/* Each of the next three uses up some of *budget, and returns whether work is left. */

static bool tick_resize(struct cache *cache, size_t *budget)
{
    for (int db = 0; db<cache->databases && * budget> 0; db++) {
        *budget -= table_step(cache->spaces[db].table, *budget);
    }
    return *budget == 0;
}

static bool tick_dropped(struct cache *cache, size_t *budget)
{
    while (cache->dropped != NULL && *budget > 0) {
        uint64_t before = keyspace_count(&cache->dropped->space) + cache->disposal.given;
        *budget -= keyspace_drain(&cache->dropped->space, *budget);
        cache->stats.lazy_freed +=
            before - keyspace_count(&cache->dropped->space) - cache->disposal.given;
        if (keyspace_count(&cache->dropped->space) == 0) {
            dropped_free(cache);
        }
    }
    return cache->dropped != NULL;
}

struct expiring {
    struct cache *cache;
    int db;
    uint64_t now_ms;
    size_t parts; /* That may still be removed. */
    bool parts_left;
};

static void announce_expired(void *context, const struct entry *entry)
{
    const struct expiring *expiring = context;
    cache_announce_expired(expiring->cache, expiring->db, entry_key(entry));
}

static bool expire_parts(void *context, struct entry *entry)
{
    struct expiring *expiring = context;

    if (expiring->parts > 0 && !cache_expire_parts(expiring->cache, expiring->db, entry,
                                                   expiring->now_ms, &expiring->parts)) {
        return false;
    }
    expiring->parts_left |= expiring->parts == 0;
    return true;
}

/* Goes on where it stopped, a database at a time. Where more than one in four of the buckets had
 * something to remove there is probably more of it: that is work left. */
static bool tick_expire(struct cache *cache, uint64_t now_ms, size_t *budget)
{
    enum { PARTS_PER_BUCKET = 8 };
    struct expiring expiring = {
        .cache = cache,
        .now_ms = now_ms,
        .parts = *budget < SIZE_MAX / PARTS_PER_BUCKET ? *budget * PARTS_PER_BUCKET : SIZE_MAX,
    };
    struct keyspace_sweeper sweeper = {
        .context = &expiring,
        .now_ms = now_ms,
        .expired = announce_expired,
        .expire_parts = expire_parts,
    };
    uint64_t before = cache->stats.expired;
    size_t looked_at = 0;

    for (int i = 0; i<cache->databases && * budget> 0; i++) {
        struct keyspace *space = &cache->spaces[cache->sweep_db];
        expiring.db = cache->sweep_db;
        size_t used = keyspace_sweep(space, &sweeper, *budget);
        *budget -= used;
        looked_at += used;
        if (space->sweep_at == 0) {
            cache->sweep_db = (cache->sweep_db + 1) % cache->databases;
        }
    }
    return expiring.parts_left || (*budget == 0 && (cache->stats.expired - before) * 4 > looked_at);
}

bool cache_tick(struct cache *cache, uint64_t now_ms, size_t budget)
{
    /* Expiry has a share of its own: clients see it, the others only cost memory. */
    size_t for_expiry = budget / 2 + 1;
    bool more = false;
    if (cache->active_expiry && !cache->expiry.hides) {
        more |= tick_expire(cache, now_ms, &for_expiry);
    }
    more |= tick_resize(cache, &budget);
    more |= tick_dropped(cache, &budget);
    return more;
}

void cache_set_active_expiry(struct cache *cache, bool on)
{
    cache->active_expiry = on;
}

/* --- settings and figures --- */

void cache_replay_begin(struct cache *cache, uint64_t now_ms)
{
    assert(!cache->expiry.replaying);
    cache->expiry.replaying = true;
    cache->expiry.replay_ms = now_ms;
}

void cache_replay_end(struct cache *cache)
{
    assert(cache->expiry.replaying);
    cache->expiry.replaying = false;
    cache->expiry.replay_ms = 0;
}

void cache_set_hidden_expiry(struct cache *cache, bool on)
{
    cache->expiry.hides = on;
}

void cache_set_frequency(struct cache *cache, bool on)
{
    cache->access.counts = on;
}

void cache_set_frequency_shape(struct cache *cache, uint32_t log_factor, uint32_t decay_minutes)
{
    cache->access.log_factor = log_factor;
    cache->access.decay_minutes = decay_minutes;
}

bool cache_counts_frequency(const struct cache *cache)
{
    return cache->access.counts;
}

int cache_databases(const struct cache *cache)
{
    return cache->databases;
}

const struct command_table *cache_commands(const struct cache *cache)
{
    return cache->commands;
}

void cache_set_string_max(struct cache *cache, uint64_t len)
{
    cache->string_max = len;
}

uint64_t cache_string_max(const struct cache *cache)
{
    return cache->string_max;
}

void cache_set_sum_checks(struct cache *cache, bool on)
{
    cache->trusts_sums = !on;
}

bool cache_checks_sums(const struct cache *cache)
{
    return !cache->trusts_sums;
}

void cache_set_limits(struct cache *cache, const struct type_limits *limits)
{
    uint64_t seed = cache->limits.table_seed;
    cache->limits = *limits;
    cache->limits.table_seed = seed;
}

void cache_set_publisher(struct cache *cache, publish_fn publish, void *context)
{
    cache->publisher.publish = publish;
    cache->publisher.context = context;
}

void cache_set_script_host(struct cache *cache, const struct script_host *host)
{
    cache->script.host = host;
}

void *cache_publisher(const struct cache *cache)
{
    return cache->publisher.context;
}

void cache_allow_all_in_scripts(struct cache *cache, bool on)
{
    cache->script.all_allowed = on;
}

void cache_set_jobs(struct cache *cache, const struct cache_jobs *jobs)
{
    cache->disposal.jobs = *jobs;
}

const struct cache_jobs *cache_jobs(const struct cache *cache)
{
    return &cache->disposal.jobs;
}

const struct type_limits *cache_limits(const struct cache *cache)
{
    return &cache->limits;
}

void cache_set_events(struct cache *cache, unsigned classes, event_fn hear, void *context)
{
    cache->events.classes = classes;
    cache->events.hear = hear;
    cache->events.context = context;
}

struct cache_db_stats cache_db_stats(const struct cache *cache, int db)
{
    const struct keyspace *space = &cache->spaces[db];
    return (struct cache_db_stats){
        .keys = keyspace_count(space),
        .expiring = space->expiring,
        .avg_ttl_ms = space->avg_ttl_ms,
        .buckets = table_buckets(space->table),
        .table_bytes = table_bytes(space->table),
    };
}

struct cache_stats cache_stats(const struct cache *cache)
{
    const struct disposal *disposal = &cache->disposal;
    struct cache_stats stats = cache->stats;
    uint64_t freed = atomic_load_explicit(&disposal->freed, memory_order_acquire);

    stats.lazy_freed += freed - cache->lazy_freed_before;
    stats.lazy_pending = disposal->given - freed;
    for (const struct dropped *at = cache->dropped; at != NULL; at = at->next) {
        stats.lazy_pending += keyspace_count(&at->space);
    }
    return stats;
}

uint64_t cache_times_emptied(const struct cache *cache)
{
    return cache->stats.emptied;
}

void cache_stats_reset(struct cache *cache)
{
    cache->lazy_freed_before = atomic_load_explicit(&cache->disposal.freed, memory_order_acquire);
    cache->stats =
        (struct cache_stats){ .changes = cache->stats.changes, .emptied = cache->stats.emptied };
}

/* --- looking from outside --- */

struct cache_entry cache_entry_of(const struct entry *entry)
{
    return (struct cache_entry){
        .key = entry_key(entry),
        .type = entry_type(entry),
        .value = entry_value(entry),
        .expires_at_ms = entry_expires_at_ms(entry),
    };
}

bool cache_peek(const struct cache *cache, int db, struct span key, uint64_t now_ms,
                struct cache_entry *entry)
{
    const struct keyspace *space = &cache->spaces[db];
    const struct table_slot *slot = keyspace_find(space, key, table_hash(key, cache->seed));
    if (slot == NULL || cache_entry_is_dead(keyspace_entry(slot), now_ms)) {
        return false;
    }
    *entry = cache_entry_of(keyspace_entry(slot));
    return true;
}

struct scan {
    void (*visit)(void *context, const struct cache_entry *entry);
    void *context;
};

static void scan_entry(void *context, void *element)
{
    const struct scan *scan = context;
    struct cache_entry entry = cache_entry_of(element);
    scan->visit(scan->context, &entry);
}

uint64_t cache_scan(const struct cache *cache, int db, uint64_t cursor,
                    void (*visit)(void *context, const struct cache_entry *entry), void *context)
{
    struct scan scan = { .visit = visit, .context = context };
    uint64_t position = cursor & ((UINT64_C(1) << POSITION_BITS) - 1);
    return table_scan(cache->spaces[db].table, position, scan_entry, &scan);
}
