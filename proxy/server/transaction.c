/* Queues of commands, and who watches which key.
 *
 * A watched key is a heap block in one table, found by database and name, with a ring of the
 * watches on it. A watch hangs in two lists: its key's, so that a change finds all who care, and
 * its session's, so that the end of the transaction takes all of them back.
 *
 * A flush names no keys. One that was there when it was watched is gone; one that was not may have
 * come by SWAPDB, which is looked at when it is EXEC's turn. */

#include "proxy/server/transaction.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/cache.h"
#include "cache/ds/table.h"
#include "proxy/server/session.h"

#include <stddef.h>

struct watched_key {
    struct watch *first;
    struct span name; /* Database and key, in the same block. */
    char bytes[];
};

struct watch {
    struct watched_key *key;
    struct watch *next_of_key, *previous_of_key;
    struct watch *next; /* Of the same transaction. */
    struct transaction *transaction;
    bool existed; /* When it was watched. */
    bool swapped; /* Its database was flushed or exchanged since. */
};

struct transaction {
    struct watches *watches; /* NULL: nothing was watched yet. */
    struct watch *first;
    bool open;
    bool spoiled;
    bool touched; /* A watched key changed. */
    struct queue queue;
};

struct watches {
    struct cache *cache;
    struct table *keys;
    size_t count; /* Of keys: every change of the store asks whether there are any. */
    uint64_t seed;
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
        at->transaction->touched = true;
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
        at->transaction->touched |= at->existed;
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
        at->transaction->touched = true;
    }
}

void watches_new_map(struct watches *watches)
{
    uint64_t position = 0;
    do {
        position = table_scan(watches->keys, position, touch_all, NULL);
    } while (position != 0);
}

/* --- watching --- */

static struct transaction *transaction_of(struct session *session)
{
    if (session->transaction == NULL) {
        session->transaction = memory_zero(sizeof(*session->transaction));
        session->transaction->queue.last = &session->transaction->queue.first;
    }
    return session->transaction;
}

static bool is_watched(const struct transaction *transaction, const struct watched_key *key)
{
    const struct watch *at = key->first;
    while (at != NULL && at->transaction != transaction) {
        at = at->next_of_key;
    }
    return at != NULL;
}

void transaction_watch(struct session *session, struct watches *watches, struct span name,
                       bool exists)
{
    struct transaction *transaction = transaction_of(session);
    struct watched_key *key = key_find_or_add(watches, session->db, name);

    assert(!transaction->open);
    transaction->watches = watches;
    if (is_watched(transaction, key)) {
        return;
    }
    struct watch *watch = memory_alloc(sizeof(*watch));
    *watch = (struct watch){
        .key = key,
        .next_of_key = key->first,
        .next = transaction->first,
        .transaction = transaction,
        .existed = exists,
    };
    if (key->first != NULL) {
        key->first->previous_of_key = watch;
    }
    key->first = watch;
    transaction->first = watch;
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

static void forget_watches(struct transaction *transaction)
{
    while (transaction->first != NULL) {
        struct watch *watch = transaction->first;
        transaction->first = watch->next;
        forget_watch(transaction->watches, watch);
    }
    transaction->touched = false;
}

static void free_if_idle(struct session *session)
{
    struct transaction *transaction = session->transaction;

    if (!transaction->open && transaction->first == NULL) {
        memory_free(transaction);
        session->transaction = NULL;
    }
}

void transaction_unwatch(struct session *session)
{
    if (session->transaction != NULL) {
        forget_watches(session->transaction);
        free_if_idle(session);
    }
}

static bool is_void(const struct watch *watch, uint64_t now_ms)
{
    struct cache_entry entry;

    if (!watch->existed && !watch->swapped) {
        return false;
    }
    bool exists = cache_peek(watch->transaction->watches->cache, db_of(watch->key),
                             key_of(watch->key), now_ms, &entry);
    return exists != watch->existed;
}

bool transaction_is_void(const struct session *session, uint64_t now_ms)
{
    const struct transaction *transaction = session->transaction;
    bool is = transaction->touched;

    for (const struct watch *at = transaction->first; at != NULL && !is; at = at->next) {
        is = is_void(at, now_ms);
    }
    return is;
}

/* --- queueing --- */

bool transaction_is_open(const struct session *session)
{
    return session->transaction != NULL && session->transaction->open;
}

bool transaction_is_spoiled(const struct session *session)
{
    return session->transaction->spoiled;
}

size_t transaction_count(const struct session *session)
{
    return transaction_is_open(session) ? session->transaction->queue.count : 0;
}

size_t transaction_bytes(const struct session *session)
{
    return session->transaction == NULL ? 0 : session->transaction->queue.bytes;
}

void transaction_begin(struct session *session)
{
    struct transaction *transaction = transaction_of(session);
    assert(!transaction->open);
    transaction->open = true;
}

void transaction_spoil(struct session *session)
{
    if (transaction_is_open(session)) {
        session->transaction->spoiled = true;
    }
}

/* One block: the request, its spans, their bytes. */
static struct queued *queued_new(const struct request *request, size_t *size)
{
    size_t text = 0;
    for (size_t i = 0; i < request->argc; i++) {
        text += request->argv[i].len;
    }
    *size = sizeof(struct queued) + request->argc * sizeof(struct span) + text;

    struct queued *queued = memory_alloc(*size);
    struct span *argv = (struct span *)(queued + 1);
    char *bytes = (char *)(argv + request->argc);
    *queued = (struct queued){ .request = *request };
    queued->request.argv = argv;
    for (size_t i = 0; i < request->argc; i++) {
        argv[i] = (struct span){ bytes, request->argv[i].len };
        if (argv[i].len > 0) {
            memcpy(bytes, request->argv[i].bytes, argv[i].len);
        }
        bytes += argv[i].len;
    }
    return queued;
}

void transaction_queue(struct session *session, const struct request *request)
{
    struct queue *queue = &session->transaction->queue;
    size_t size;
    struct queued *queued = queued_new(request, &size);

    assert(session->transaction->open);
    *queue->last = queued;
    queue->last = &queued->next;
    queue->count++;
    queue->bytes += size;
}

const struct queue *transaction_queued(const struct session *session)
{
    assert(transaction_is_open(session));
    return &session->transaction->queue;
}

void queue_free(struct queue *queue)
{
    while (queue->first != NULL) {
        struct queued *queued = queue->first;
        queue->first = queued->next;
        memory_free(queued);
    }
    queue->last = &queue->first;
    queue->count = queue->bytes = 0;
}

void transaction_take(struct session *session, struct queue *queue)
{
    struct transaction *transaction = session->transaction;

    assert(transaction_is_open(session));
    *queue = transaction->queue;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }
    forget_watches(transaction);
    memory_free(transaction);
    session->transaction = NULL;
}

void transaction_end(struct session *session)
{
    if (session->transaction != NULL) {
        queue_free(&session->transaction->queue);
        forget_watches(session->transaction);
        memory_free(session->transaction);
        session->transaction = NULL;
    }
}
