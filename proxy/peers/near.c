/* Near copies: the table of entries, and the rules.
 *
 * An entry is a key with a copy, a flight, or both gone and about to be removed. Entries hang in an
 * open-addressed table of pointers with linear probing; what an entry was made for is over when its
 * epoch is not the table's, so that the end of an epoch touches none of them. Such dead entries
 * count for nothing and are swept out bit by bit. */

#include "proxy/peers/near.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "proxy/peers/peers.h"
#include "proxy/peers/sketch.h"

enum {
    TABLE_SMALLEST = 64,
    SWEEP = 64,         /* Slots looked at per tick. */
    CACHE_BUDGET = 256, /* Of the cache's background work per tick. */
    SAMPLES = 5,        /* Entries to choose an eviction from. */
    OVERHEAD = 96,      /* Bytes an entry and its value cost besides their own, about. */
    SKETCH_WIDTH = 1 << 16,
    READS_TO_ADMIT = 2,      /* Twice as many for each time it was regretted. */
    REGRETS_MAX = 6,         /* That count. */
    HITS_TO_BE_WORTH_IT = 2, /* A copy with fewer hits in its life did not pay for its fetch. */
};

struct entry {
    uint64_t hash;
    uint64_t epoch;
    uint64_t token;       /* Of the last flight. */
    void *flight;         /* NULL: none that may be joined or will land. */
    uint64_t deadline_ms; /* Of the clock; UINT64_MAX: none. */
    uint64_t used_at_ms;
    uint64_t passed_by; /* The last read that was sent past the copy or flight; 0: none. */
    size_t size;        /* Counted for this copy. */
    uint32_t hits;
    bool copy;
    size_t key_len;
    char key[];
};

struct near_pool {
    struct near_settings settings;
    const struct command *set;
    const struct command *del;
    struct sketch *reads;
    struct sketch *regrets; /* Fetches that did not pay. */
    uint64_t random;
    uint64_t seed;
    size_t bytes;
    struct near *tables;
};

struct near {
    struct near_pool *pool;
    struct near *next;
    struct cache *cache;

    struct entry **slots;
    size_t capacity;
    size_t used; /* Slots in use, by dead entries too. */
    size_t sweep_at;
    bool dead_entries;

    size_t copies;
    size_t bytes;
    uint64_t epoch;
    uint64_t last_token;
    uint64_t passes;       /* Reads that were sent past an entry, … */
    uint64_t passes_ended; /* … and the last of them that was answered. */
    uint64_t confirmed_ms; /* When the last confirmed ping was sent. */
    bool confirmed;
    bool open; /* The link is ready. */
    bool unread;
    size_t closed; /* Writes under way on other links. */
};

/* --- the table -------------------------------------------------------------------------------- */

static struct entry **find_slot(const struct near *near, uint64_t hash, struct span key)
{
    size_t mask = near->capacity - 1;

    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct entry *entry = near->slots[i];
        if (entry == NULL) {
            return &near->slots[i];
        }
        if (entry->hash == hash && entry->key_len == key.len &&
            (key.len == 0 || memcmp(entry->key, key.bytes, key.len) == 0)) {
            return &near->slots[i];
        }
    }
}

/* NULL if there is no entry of this epoch. */
static struct entry *find(const struct near *near, uint64_t hash, struct span key)
{
    struct entry *entry = *find_slot(near, hash, key);
    return entry == NULL || entry->epoch != near->epoch ? NULL : entry;
}

static uint64_t hash_of(const struct near *near, struct span key)
{
    return hash_bytes(key, near->pool->seed);
}

/* Moves later entries of the probe sequence into the gap, so that none is cut off. */
static void remove_slot(struct near *near, size_t gap)
{
    size_t mask = near->capacity - 1;

    memory_free(near->slots[gap]);
    near->slots[gap] = NULL;
    near->used--;
    for (size_t i = (gap + 1) & mask; near->slots[i] != NULL; i = (i + 1) & mask) {
        size_t home = near->slots[i]->hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            near->slots[gap] = near->slots[i];
            near->slots[i] = NULL;
            gap = i;
        }
    }
}

static void remove_entry(struct near *near, const struct entry *entry)
{
    struct span key = { .bytes = entry->key, .len = entry->key_len };
    remove_slot(near, (size_t)(find_slot(near, entry->hash, key) - near->slots));
}

static void grow(struct near *near)
{
    struct entry **old = near->slots;
    size_t capacity = near->capacity;

    near->capacity *= 2;
    near->slots = memory_zero(near->capacity * sizeof(struct entry *));
    near->used = 0;
    for (size_t i = 0; i < capacity; i++) {
        struct entry *entry = old[i];
        if (entry == NULL) {
            continue;
        }
        if (entry->epoch != near->epoch) {
            memory_free(entry);
            continue;
        }
        struct span key = { .bytes = entry->key, .len = entry->key_len };
        *find_slot(near, entry->hash, key) = entry;
        near->used++;
    }
    memory_free(old);
    near->dead_entries = false;
}

static struct entry *find_or_make(struct near *near, uint64_t hash, struct span key)
{
    if (near->used + 1 > near->capacity / 4 * 3) {
        grow(near);
    }
    struct entry **slot = find_slot(near, hash, key);
    if (*slot != NULL && (*slot)->epoch == near->epoch) {
        return *slot;
    }
    if (*slot == NULL) {
        *slot = memory_alloc(sizeof(struct entry) + key.len);
        near->used++;
    }
    **slot = (struct entry){ .hash = hash, .epoch = near->epoch, .key_len = key.len };
    if (key.len > 0) {
        memcpy((*slot)->key, key.bytes, key.len);
    }
    return *slot;
}

/* --- values ----------------------------------------------------------------------------------- */

static void run(const struct near *near, const struct command *command, const struct span *argv,
                size_t argc, uint64_t unix_ms)
{
    struct buf nowhere = { 0 };
    struct reply reply = { .out = &nowhere, .protocol = 2, .silent = true };
    struct cache_request request = {
        .command = command,
        .argv = argv,
        .argc = argc,
        .now_ms = unix_ms,
        .reply = &reply,
    };
    cache_exec(near->cache, &request);
}

static void account(struct near *near, struct entry *entry, size_t size)
{
    near->bytes += size - entry->size;
    near->pool->bytes += size - entry->size;
    entry->size = size;
    peer_metrics.near_memory_bytes = near->pool->bytes;
}

static void drop_copy(struct near *near, struct entry *entry)
{
    struct span key = { .bytes = entry->key, .len = entry->key_len };
    struct span del[] = { SPAN("DEL"), key };

    if (!entry->copy) {
        return;
    }
    run(near, near->pool->del, del, COUNT(del), 1);
    account(near, entry, 0);
    entry->copy = false;
    near->copies--;
    peer_metrics.near_keys--;
}

/* The copy is gone and the flight is void; with neither the entry has no reason to be. */
static void drop(struct near *near, struct entry *entry)
{
    drop_copy(near, entry);
    remove_entry(near, entry);
}

/* --- eviction --------------------------------------------------------------------------------- */

/* Any entry with a copy, near a random place; NULL if there is none. */
static struct entry *sample(const struct near *near, uint64_t *random)
{
    size_t start = (size_t)random_below(random, near->capacity);

    for (size_t i = 0; i < near->capacity; i++) {
        struct entry *entry = near->slots[(start + i) & (near->capacity - 1)];
        if (entry != NULL && entry->epoch == near->epoch && entry->copy) {
            return entry;
        }
    }
    return NULL;
}

static struct near *biggest(const struct near_pool *pool)
{
    struct near *biggest = NULL;

    for (struct near *near = pool->tables; near != NULL; near = near->next) {
        if (near->copies > 0 && (biggest == NULL || near->bytes > biggest->bytes)) {
            biggest = near;
        }
    }
    return biggest;
}

static void evict(struct near_pool *pool)
{
    struct near *near;

    while (pool->bytes > pool->settings.memory_max && (near = biggest(pool)) != NULL) {
        struct entry *oldest = NULL;
        for (int i = 0; i < SAMPLES; i++) {
            struct entry *entry = sample(near, &pool->random);
            if (oldest == NULL || entry->used_at_ms < oldest->used_at_ms) {
                oldest = entry;
            }
        }
        drop(near, oldest);
    }
}

/* --- reads ------------------------------------------------------------------------------------ */

static bool has_lease(const struct near *near, uint64_t clock_ms)
{
    return near->confirmed && clock_ms - near->confirmed_ms <= near->pool->settings.lease_ms;
}

static bool may_answer(const struct near *near)
{
    return near->open && near->closed == 0 && !near->unread;
}

/* The entry, if its copy may answer as far as it is concerned. One past its deadline is dropped: we
 * do not know whether the owner's key is gone already, for our deadline is the earlier one. */
static struct entry *valid(struct near *near, uint64_t hash, struct span key, uint64_t clock_ms)
{
    struct entry *entry = find(near, hash, key);

    if (entry == NULL || !entry->copy) {
        return NULL;
    }
    if (clock_ms >= entry->deadline_ms) {
        drop(near, entry);
        return NULL;
    }
    return entry;
}

/* Whether a read was sent past it that is not answered yet. */
static bool is_passed(const struct near *near, const struct entry *entry)
{
    return entry->passed_by > near->passes_ended;
}

static bool is_worth_it(const struct near_pool *pool, uint64_t hash, unsigned reads)
{
    unsigned regrets = sketch_estimate(pool->regrets, hash);

    regrets = regrets > REGRETS_MAX ? REGRETS_MAX : regrets;
    return reads >= (unsigned)READS_TO_ADMIT << regrets;
}

/* A fetch did not pay: the reads of the key are counted anew, and more of them are asked for. */
static void regret(struct near_pool *pool, uint64_t hash)
{
    if (sketch_estimate(pool->regrets, hash) < REGRETS_MAX) {
        sketch_add(pool->regrets, hash);
    }
    sketch_lower(pool->reads, hash, 0);
}

static enum near_verdict miss(struct near *near, uint64_t hash, struct span key, void **flight)
{
    unsigned reads = sketch_add(near->pool->reads, hash);

    if (near->closed > 0 || near->unread) {
        return NEAR_MISS;
    }
    const struct entry *entry = find(near, hash, key);
    if (entry != NULL && is_passed(near, entry)) {
        return NEAR_FETCH; /* Behind the read that passed it. */
    }
    if (entry != NULL && entry->copy) {
        return NEAR_MISS; /* Only the lease is over. */
    }
    if (entry != NULL && entry->flight != NULL) {
        *flight = entry->flight;
        return NEAR_JOIN;
    }
    return is_worth_it(near->pool, hash, reads) ? NEAR_FETCH : NEAR_MISS;
}

enum near_verdict near_look(struct near *near, const struct span *keys, size_t count,
                            const struct near_time *now, void **flight)
{
    bool answers = may_answer(near);
    bool lease = has_lease(near, now->clock_ms);
    enum near_verdict verdict = NEAR_HIT;

    if (!near->open || near->pool->settings.value_max == 0) {
        peer_metrics.near_misses_total++;
        return NEAR_MISS;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_of(near, keys[i]);
        struct entry *entry = valid(near, hash, keys[i], now->clock_ms);
        bool passed = entry != NULL && is_passed(near, entry);
        if (entry != NULL && answers && lease && !passed) {
            entry->used_at_ms = now->clock_ms;
            entry->hits += entry->hits < UINT32_MAX;
            continue;
        }
        peer_metrics.near_lease_misses_total += entry != NULL && answers && !lease;
        verdict = miss(near, hash, keys[i], flight);
    }
    if (verdict != NEAR_HIT) {
        peer_metrics.near_misses_total++;
        return count == 1 ? verdict : NEAR_MISS;
    }
    peer_metrics.near_hits_total++;
    return NEAR_HIT;
}

const char *near_explain(struct near *near, struct span key, const struct near_time *now)
{
    uint64_t hash = hash_of(near, key);
    const struct entry *entry = find(near, hash, key);

    if (!near->open) {
        return "its link is not ready";
    }
    if (near->pool->settings.value_max == 0) {
        return "near copies are off";
    }
    if (near->closed > 0) {
        return "a write to all databases is under way";
    }
    if (entry != NULL && entry->copy && now->clock_ms < entry->deadline_ms) {
        return has_lease(near, now->clock_ms) ? "answered from a near copy"
                                              : "there is a near copy, but its lease is over";
    }
    if (entry != NULL && entry->flight != NULL) {
        return "a near copy is being fetched";
    }
    unsigned reads = sketch_estimate(near->pool->reads, hash);
    return is_worth_it(near->pool, hash, reads + 1) ? "the next read makes a near copy"
                                                    : "not read often enough for a near copy";
}

struct cache *near_cache(const struct near *near)
{
    return near->cache;
}

/* --- flights ---------------------------------------------------------------------------------- */

uint64_t near_fetching(struct near *near, struct span key, void *flight)
{
    struct entry *entry = find_or_make(near, hash_of(near, key), key);

    assert(flight != NULL);
    assert(near->open);
    drop_copy(near, entry);
    entry->passed_by = 0;
    entry->flight = flight;
    entry->token = ++near->last_token;
    return entry->token;
}

/* The entry whose flight has this token; NULL if the flight is void. */
static struct entry *flying(const struct near *near, struct span key, uint64_t token)
{
    struct entry *entry = find(near, hash_of(near, key), key);
    return entry != NULL && entry->flight != NULL && entry->token == token ? entry : NULL;
}

/* A negative copy lives half a lease: a key that is missing is often about to be made. */
static uint64_t deadline_of(const struct near *near, const struct near_fetched *fetched)
{
    if (fetched->missing) {
        return fetched->sent_at_ms + near->pool->settings.lease_ms / 2;
    }
    return fetched->ttl_ms < 0 ? UINT64_MAX : fetched->sent_at_ms + (uint64_t)fetched->ttl_ms;
}

bool near_land(struct near *near, struct span key, uint64_t token,
               const struct near_fetched *fetched, const struct near_time *now)
{
    struct entry *entry = flying(near, key, token);
    uint64_t deadline_ms = deadline_of(near, fetched);
    uint64_t hash = hash_of(near, key);
    struct span set[] = { SPAN("SET"), key, fetched->value };

    if (entry == NULL) {
        peer_metrics.near_fills_voided_total++;
        return false;
    }
    entry->flight = NULL;
    if (near->closed > 0 || fetched->value.len > near->pool->settings.value_max ||
        deadline_ms <= now->clock_ms) {
        if (fetched->value.len > near->pool->settings.value_max) {
            regret(near->pool, entry->hash);
        }
        drop(near, entry);
        return false;
    }
    if (!fetched->missing) {
        run(near, near->pool->set, set, COUNT(set), now->unix_ms);
    }
    entry->copy = true;
    entry->hits = 0;
    entry->deadline_ms = deadline_ms;
    entry->used_at_ms = now->clock_ms;
    near->copies++;
    peer_metrics.near_keys++;
    peer_metrics.near_fills_total++;
    account(near, entry, sizeof(*entry) + OVERHEAD + 2 * key.len + fetched->value.len);
    evict(near->pool);
    return find(near, hash, key) != NULL; /* It may have been the one to go. */
}

void near_abort(struct near *near, struct span key, uint64_t token)
{
    struct entry *entry = flying(near, key, token);

    if (entry != NULL) {
        regret(near->pool, entry->hash);
        drop(near, entry);
    }
}

uint64_t near_pass(struct near *near, const struct span *keys, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count && near->used > 0; i++) {
        struct entry *entry = find(near, hash_of(near, keys[i]), keys[i]);
        if (entry != NULL) {
            entry->passed_by = near->passes + 1;
            any = true;
        }
    }
    near->passes += any;
    return any ? near->passes : 0;
}

void near_pass_ended(struct near *near, uint64_t pass)
{
    near->passes_ended = pass > near->passes_ended ? pass : near->passes_ended;
}

/* --- what makes copies void ------------------------------------------------------------------- */

static bool invalidate(struct near *near, struct span key)
{
    struct entry *entry = find(near, hash_of(near, key), key);

    if (entry == NULL) {
        return false;
    }
    bool had_copy = entry->copy;
    if (entry->hits < HITS_TO_BE_WORTH_IT) {
        regret(near->pool, entry->hash);
    } else {
        unsigned regrets = sketch_estimate(near->pool->regrets, entry->hash);
        sketch_lower(near->pool->regrets, entry->hash, (uint8_t)(regrets / 2));
    }
    drop(near, entry);
    return had_copy;
}

/* Not one entry is touched: their epoch is over. */
static void forget_all(struct near *near)
{
    near->epoch++;
    near->dead_entries = near->used > 0;
    near->sweep_at = 0;
    near->pool->bytes -= near->bytes;
    peer_metrics.near_memory_bytes = near->pool->bytes;
    peer_metrics.near_keys -= near->copies;
    near->bytes = 0;
    near->copies = 0;
    cache_forget_all(near->cache);
}

void near_push(struct near *near, struct span key)
{
    if (invalidate(near, key)) {
        peer_metrics.near_invalidations_total++;
    }
}

void near_push_all(struct near *near)
{
    peer_metrics.near_invalidations_total += near->copies;
    forget_all(near);
}

void near_write(struct near *near, struct span key)
{
    invalidate(near, key);
}

void near_write_all(struct near *near)
{
    forget_all(near);
}

void near_close(struct near *near)
{
    near->closed++;
    forget_all(near);
}

void near_reopen(struct near *near)
{
    assert(near->closed > 0);
    near->closed--;
}

void near_begin(struct near *near)
{
    assert(!near->open);
    near->open = true;
    near->confirmed = false;
    near->unread = false;
}

void near_lost(struct near *near)
{
    near->open = false;
    near->confirmed = false;
    forget_all(near);
}

void near_confirm(struct near *near, uint64_t sent_at_ms)
{
    near->confirmed = true;
    near->confirmed_ms = sent_at_ms;
}

void near_set_unread(struct near *near, bool unread)
{
    near->unread = unread;
}

bool near_is_unread(const struct near *near)
{
    return near->unread;
}

/* --- background and beginning ----------------------------------------------------------------- */

static void sweep(struct near *near)
{
    for (int i = 0; i < SWEEP && near->dead_entries; i++) {
        if (near->sweep_at >= near->capacity) {
            near->dead_entries = false;
            return;
        }
        struct entry *entry = near->slots[near->sweep_at];
        if (entry != NULL && entry->epoch != near->epoch) {
            remove_slot(near, near->sweep_at); /* Another entry may lie there now. */
        } else {
            near->sweep_at++;
        }
    }
}

bool near_tick(struct near *near, uint64_t unix_ms)
{
    sweep(near);
    return cache_tick(near->cache, unix_ms, CACHE_BUDGET) || near->dead_entries;
}

size_t near_count(const struct near *near)
{
    return near->copies;
}

struct near *near_new(struct near_pool *pool)
{
    struct near *near = memory_zero(sizeof(*near));
    struct cache_options options = { .databases = 1, .seed = random_next(&pool->random) };

    near->pool = pool;
    near->cache = cache_new(&options);
    cache_set_active_expiry(near->cache, false);
    near->capacity = TABLE_SMALLEST;
    near->slots = memory_zero(near->capacity * sizeof(struct entry *));
    near->epoch = 1;
    near->next = pool->tables;
    pool->tables = near;
    return near;
}

void near_free(struct near *near)
{
    if (near == NULL) {
        return;
    }
    forget_all(near);
    struct near **at = &near->pool->tables;
    while (*at != near) {
        at = &(*at)->next;
    }
    *at = near->next;
    for (size_t i = 0; i < near->capacity; i++) {
        memory_free(near->slots[i]);
    }
    memory_free(near->slots);
    cache_free(near->cache);
    memory_free(near);
}

struct near_pool *near_pool_new(const struct command_table *commands, uint64_t seed)
{
    struct near_pool *pool = memory_zero(sizeof(*pool));

    pool->random = seed;
    pool->seed = random_next(&pool->random);
    pool->set = command_named(commands, SPAN("set"));
    pool->del = command_named(commands, SPAN("del"));
    pool->reads = sketch_new(SKETCH_WIDTH);
    pool->regrets = sketch_new(SKETCH_WIDTH);
    assert(pool->set != NULL);
    assert(pool->del != NULL);
    return pool;
}

void near_pool_free(struct near_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    assert(pool->tables == NULL);
    sketch_free(pool->reads);
    sketch_free(pool->regrets);
    memory_free(pool);
}

void near_pool_configure(struct near_pool *pool, const struct near_settings *settings)
{
    pool->settings = *settings;
    for (struct near *near = pool->tables; near != NULL && settings->value_max == 0;
         near = near->next) {
        forget_all(near);
    }
    evict(pool);
}
