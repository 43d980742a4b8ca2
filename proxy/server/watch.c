/* A watched key is a heap block in one table, found by database and name, with a ring of the
 * watches on it. A watch hangs in two lists: its key's, so that a change finds all who care, and
 * its watcher's, so that the end of the transaction takes all of them back.
 *
 * A flush names no keys. One that was there when it was watched is gone; one that was not may have
 * come by SWAPDB, which is looked at when it is EXEC's turn. */

#include "proxy/server/watch.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/cache.h"
#include "cache/ds/table.h"

#include <stddef.h>

struct watched_key {
    struct watch *first;
    struct span name; /* Database and key, in the same block. */
    char bytes[];
};

struct watch {
    struct watched_key *key;
    struct watch *next_of_key, *previous_of_key;
    struct watch *next; /* Of the same watcher. */
    struct watcher *watcher;
    bool existed; /* When it was watched. */
    bool swapped; /* Its database was flushed or exchanged since. */
};

struct watches {
    struct cache *cache;
    struct table *keys;
    size_t count; /* Of keys: every change of the store asks whether there are any. */
    uint64_t seed;
    uint64_t maps; /* Of owners that there were. */
};

enum { DB_BYTES = sizeof(int), NAME_ON_STACK = 256 };

static struct span name_of(const void *key)
{
    return ((const struct watched_key *)key)->name;
}

static const struct table_type watched_keys = { .key = name_of };

struct watches *watches_new(struct cache *cache, uint64_t seed)
{
    struct watches *watches = memory_alloc(sizeof(*watches));
    *watches =
        (struct watches){ .cache = cache, .keys = table_new(&watched_keys, seed), .seed = seed };
    return watches;
}

void watches_free(struct watches *watches)
{
    if (watches == NULL) {
        return;
    }
    assert(watches->count == 0);
    table_free(watches->keys);
    memory_free(watches);
}

uint64_t watches_keys(const struct watches *watches)
{
    return watches->count;
}

/* --- keys --- */

static int db_of(const struct watched_key *key)
{
    int db;
    memcpy(&db, key->bytes, sizeof(db));
    return db;
}

static struct span key_of(const struct watched_key *key)
{
    return span_skip(key->name, DB_BYTES);
}

static void write_name(char *bytes, int db, struct span name)
{
    memcpy(bytes, &db, DB_BYTES);
    if (name.len > 0) {
        memcpy(bytes + DB_BYTES, name.bytes, name.len);
    }
}

static struct watched_key *key_new(int db, struct span name)
{
    struct watched_key *key = memory_alloc(sizeof(*key) + DB_BYTES + name.len);

    key->first = NULL;
    write_name(key->bytes, db, name);
    key->name = (struct span){ key->bytes, DB_BYTES + name.len };
    return key;
}

/* NULL if nobody watches it. */
static struct watched_key *key_find(const struct watches *watches, int db, struct span name)
{
    char on_stack[NAME_ON_STACK];
    struct span wanted = { on_stack, DB_BYTES + name.len };
    char *bytes = wanted.len <= sizeof(on_stack) ? on_stack : memory_alloc(wanted.len);

    wanted.bytes = bytes;
    write_name(bytes, db, name);
    struct table_slot *slot = table_find(watches->keys, wanted, table_hash(wanted, watches->seed));
    if (bytes != on_stack) {
        memory_free(bytes);
    }
    return slot == NULL ? NULL : table_slot_get(slot);
}

static struct watched_key *key_find_or_add(struct watches *watches, int db, struct span name)
{
    struct watched_key *key = key_find(watches, db, name);

    if (key == NULL) {
        key = key_new(db, name);
        table_add(watches->keys, key, table_hash(key->name, watches->seed));
        watches->count++;
    }
    return key;
}

static void key_forget(struct watches *watches, struct watched_key *key)
{
    uint64_t hash = table_hash(key->name, watches->seed);

    table_remove(watches->keys, table_find(watches->keys, key->name, hash), hash);
    watches->count--;
    memory_free(key);
}

/* --- changes --- */

static void touch_key(const struct watches *watches, int db, struct span name)
{
    struct watched_key *key = key_find(watches, db, name);

    for (struct watch *at = key == NULL ? NULL : key->first; at != NULL; at = at->next_of_key) {
        at->watcher->touched = true;
    }
}

struct flushed {
    int db; /* -1: all of them. */
};

static void touch_flushed(void *context, void *element)
{
    const struct flushed *flushed = context;
    struct watched_key *key = element;

    if (flushed->db >= 0 && db_of(key) != flushed->db) {
        return;
    }
    for (struct watch *at = key->first; at != NULL; at = at->next_of_key) {
        at->watcher->touched |= at->existed;
        at->swapped = true;
    }
}

static inline_never void touch_changed(struct watches *watches, const struct change *change)
{
    struct flushed flushed = { .db = change->db };
    uint64_t position = 0;

    for (size_t i = 0; i < change->key_count; i++) {
        touch_key(watches, change->db, change->keys[i]);
    }
    if (change->everything) {
        do {
            position = table_scan(watches->keys, position, touch_flushed, &flushed);
        } while (position != 0);
    }
}

void watches_change(void *context, const struct change *change)
{
    struct watches *watches = context;

    if (__builtin_expect(watches->count > 0, 0)) {
        touch_changed(watches, change);
    }
}

static void touch_all(void *context, void *element)
{
    struct watched_key *key = element;

    (void)context;
    for (struct watch *at = key->first; at != NULL; at = at->next_of_key) {
        at->watcher->touched = true;
    }
}

void watches_new_map(struct watches *watches)
{
    uint64_t position = 0;

    watches->maps++;
    do {
        position = table_scan(watches->keys, position, touch_all, NULL);
    } while (position != 0);
}

uint64_t watches_maps(const struct watches *watches)
{
    return watches->maps;
}

/* --- watching --- */

static bool is_watched(const struct watcher *watcher, const struct watched_key *key)
{
    const struct watch *at = key->first;
    while (at != NULL && at->watcher != watcher) {
        at = at->next_of_key;
    }
    return at != NULL;
}

void watcher_add(struct watcher *watcher, struct watches *watches, int db, struct span name,
                 bool exists)
{
    struct watched_key *key = key_find_or_add(watches, db, name);

    watcher->watches = watches;
    if (is_watched(watcher, key)) {
        return;
    }
    struct watch *watch = memory_alloc(sizeof(*watch));
    *watch = (struct watch){
        .key = key,
        .next_of_key = key->first,
        .next = watcher->first,
        .watcher = watcher,
        .existed = exists,
    };
    if (key->first != NULL) {
        key->first->previous_of_key = watch;
    }
    key->first = watch;
    watcher->first = watch;
    watcher->bytes += sizeof(*watch) + sizeof(*key) + key->name.len;
}

static void forget_watch(struct watches *watches, struct watch *watch)
{
    struct watched_key *key = watch->key;

    if (watch->previous_of_key == NULL) {
        key->first = watch->next_of_key;
    } else {
        watch->previous_of_key->next_of_key = watch->next_of_key;
    }
    if (watch->next_of_key != NULL) {
        watch->next_of_key->previous_of_key = watch->previous_of_key;
    }
    if (key->first == NULL) {
        key_forget(watches, key);
    }
    memory_free(watch);
}

void watcher_forget(struct watcher *watcher)
{
    while (watcher->first != NULL) {
        struct watch *watch = watcher->first;
        watcher->first = watch->next;
        forget_watch(watcher->watches, watch);
    }
    watcher->touched = false;
    watcher->bytes = 0;
}

static bool is_void(const struct watch *watch, uint64_t now_ms)
{
    struct cache_entry entry;

    if (!watch->existed && !watch->swapped) {
        return false;
    }
    bool exists = cache_peek(watch->watcher->watches->cache, db_of(watch->key), key_of(watch->key),
                             now_ms, &entry);
    return exists != watch->existed;
}

bool watcher_is_void(const struct watcher *watcher, uint64_t now_ms)
{
    bool is = watcher->touched;

    for (const struct watch *at = watcher->first; at != NULL && !is; at = at->next) {
        is = is_void(at, now_ms);
    }
    return is;
}
