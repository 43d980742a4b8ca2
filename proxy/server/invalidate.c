/* Tells clients that what they keep a copy of has changed.
 *
 * Each tracked key is a heap block found by its name, with the ids of the clients
 * that read it. A client that is gone is not searched for in the blocks: its id is
 * never used again, so a message to it finds nobody. It is dropped when a block has
 * no room for one more, or with the block, at the key's next change or when it is
 * given up.
 *
 * What BCAST is told waits for the end of the turn: a message names all keys with a prefix that
 * changed meanwhile, each once and in order. Members of a mesh that follow a prefix are told
 * at once, since their own order with answers matters (R10). */

#include "proxy/server/invalidate.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/ds/radix.h"
#include "cache/ds/table.h"
#include "cache/script/engine.h"
#include "proxy/server/pubsub.h"

enum { FIRST_ROOM = 2, FOLLOWED_MAX = 1024, PENDING_MAX = 16 * 1024, GIVEN_UP_MAX = 4096 };

struct tracked {
    uint64_t *clients;
    uint32_t count, room;
    size_t key_len;
    char key[];
};

/* A key that changed in this turn. */
struct pending {
    uint64_t origin; /* Who alone changed it; 0: several did, or the store. */
    size_t key_len;
    char key[];
};

struct invalidate {
    struct server *server;
    struct radix pending;
    uint64_t seed, random;
    struct table *keys;
    struct tracking *first; /* Sessions that track. */
    uint64_t clients, prefixes;
    uint64_t items; /* Ids in all blocks. */
};

struct invalidate_metrics invalidate_metrics;
const struct metric invalidate_metrics_rows[] = {
#define X(name, kind, help) { #name, METRIC_##kind, help, &invalidate_metrics.name },
    INVALIDATE_METRICS(X)
#undef X
        { 0 },
};

/* --- the messages --- */

/* Where the messages of this session go: to itself or to the one it redirects to; NULL if
 * nobody can be told. */
static struct session *receiver_of(struct tracking *tracking)
{
    struct session *session = tracking->session;

    if (tracking->redirect == 0) {
        return session->protocol >= 3 ? session : NULL;
    }
    struct session *other = session_by_id(session->server, tracking->redirect);
    if (other != NULL) {
        return other->protocol >= 3 || pubsub_is_listening(other) ? other : NULL;
    }
    if (!tracking->redirect_broken && session->protocol >= 3) {
        struct reply *reply = session_push_begin(session);
        reply_push(reply, 2);
        reply_bulk_text(reply, "tracking-redir-broken");
        reply_integer(reply, (int64_t)tracking->redirect);
        session_push_end(session);
    }
    tracking->redirect_broken = true;
    return NULL;
}

/* Up to what changed. NULL if nobody can be told; else session_push_end(*receiver) is to follow. */
static struct reply *begin_message(struct tracking *tracking, struct session **receiver_at)
{
    struct session *receiver = receiver_of(tracking);

    *receiver_at = receiver;
    if (receiver == NULL) {
        return NULL;
    }
    struct reply *reply = session_push_begin(receiver);
    if (receiver->protocol >= 3) {
        reply_push(reply, 2);
        reply_bulk(reply, SPAN("invalidate"));
    } else {
        /* A RESP2 client reads nothing out of turn but messages: it is one of a channel. */
        reply_array(reply, 3);
        reply_bulk(reply, SPAN("message"));
        reply_bulk(reply, SPAN("__redis__:invalidate"));
    }
    invalidate_metrics.tracking_messages_total++;
    return reply;
}

/* key NULL: everything. */
static void tell(struct tracking *tracking, const struct span *key)
{
    struct session *receiver;
    struct reply *reply = begin_message(tracking, &receiver);

    if (reply == NULL) {
        return;
    }
    if (key == NULL) {
        reply_null(reply);
    } else {
        reply_array(reply, 1);
        reply_bulk(reply, *key);
    }
    session_push_end(receiver);
}

/* --- the tracked keys --- */

static struct span tracked_key(const void *entry)
{
    const struct tracked *tracked = entry;
    return (struct span){ .bytes = tracked->key, .len = tracked->key_len };
}

static const struct table_type tracked_type = { .key = tracked_key };

static void tracked_free(void *context, void *entry)
{
    struct tracked *tracked = entry;

    (void)context;
    memory_free(tracked->clients);
    memory_free(tracked);
}

static struct tracked *tracked_new(struct span key)
{
    struct tracked *tracked = memory_zero(sizeof(*tracked) + key.len);

    tracked->key_len = key.len;
    if (key.len > 0) {
        memcpy(tracked->key, key.bytes, key.len);
    }
    return tracked;
}

/* Forgets those who are gone or do not track any more. */
static void drop_gone(struct invalidate *invalidate, struct tracked *tracked)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < tracked->count; i++) {
        const struct session *session = session_by_id(invalidate->server, tracked->clients[i]);
        if (session != NULL && session->tracking != NULL) {
            tracked->clients[kept++] = tracked->clients[i];
        }
    }
    invalidate->items -= tracked->count - kept;
    tracked->count = kept;
}

/* The block grows only if half of its clients are still there: a key that never changes and is
 * read by ever new ones would need ever more room. */
static void make_room(struct invalidate *invalidate, struct tracked *tracked)
{
    drop_gone(invalidate, tracked);
    if (tracked->count >= tracked->room / 2) {
        tracked->room = tracked->room == 0 ? FIRST_ROOM : tracked->room * 2;
        tracked->clients =
            memory_resize(tracked->clients, tracked->room * sizeof(*tracked->clients));
    }
}

static void add_client(struct invalidate *invalidate, struct tracked *tracked, uint64_t client)
{
    for (uint32_t i = 0; i < tracked->count; i++) {
        if (tracked->clients[i] == client) {
            return;
        }
    }
    if (tracked->count == tracked->room) {
        make_room(invalidate, tracked);
    }
    tracked->clients[tracked->count++] = client;
    invalidate->items++;
}

static bool has_prefix(const struct tracking *tracking, struct span key)
{
    for (size_t i = 0; i < tracking->prefix_count; i++) {
        struct span prefix = tracking->prefixes[i];
        if (key.len >= prefix.len &&
            (prefix.len == 0 || memcmp(key.bytes, prefix.bytes, prefix.len) == 0)) {
            return true;
        }
    }
    return tracking->prefix_count == 0;
}

/* Whether the client is told of every change of the key: it said BCAST, or is a member of the mesh
 * with such clients. */
static bool hears_all(const struct tracking *tracking, struct span key)
{
    return (tracking->broadcast || tracking->prefix_count > 0) && has_prefix(tracking, key);
}

/* Takes the key out of the table and tells its clients; origin made the change. */
static void drop_tracked(struct invalidate *invalidate, struct table_slot *slot, uint64_t hash,
                         uint64_t origin)
{
    struct tracked *tracked = table_slot_get(slot);
    struct span key = tracked_key(tracked);

    table_remove(invalidate->keys, slot, hash);
    invalidate->items -= tracked->count;
    for (uint32_t i = 0; i < tracked->count; i++) {
        struct session *session = session_by_id(invalidate->server, tracked->clients[i]);
        struct tracking *tracking = session == NULL ? NULL : session->tracking;
        if (tracking == NULL || hears_all(tracking, key) ||
            (tracking->noloop && session->id == origin)) {
            continue;
        }
        tell(tracking, &key);
    }
    tracked_free(NULL, tracked);
}

/* Gives keys up until there are not too many, but no more than so many of them. */
static void keep_bounded(struct invalidate *invalidate, size_t at_most)
{
    uint64_t max = (uint64_t)server_config(invalidate->server)->options.tracking_table_max_keys;

    while (max > 0 && table_count(invalidate->keys) > max && at_most-- > 0) {
        struct table_slot *slot = table_random(invalidate->keys, &invalidate->random);
        struct span key = tracked_key(table_slot_get(slot));
        drop_tracked(invalidate, slot, table_hash(key, invalidate->seed), 0);
        invalidate_metrics.tracking_given_up_total++;
    }
}

static void remember(struct invalidate *invalidate, uint64_t client, struct span key)
{
    uint64_t hash = table_hash(key, invalidate->seed);
    struct table_slot *slot = table_find(invalidate->keys, key, hash);

    if (slot == NULL) {
        slot = table_add(invalidate->keys, tracked_new(key), hash);
    }
    add_client(invalidate, table_slot_get(slot), client);
    keep_bounded(invalidate, SIZE_MAX);
}

static void free_keys(struct table *keys)
{
    while (table_drain(keys, SIZE_MAX, tracked_free, NULL) > 0) {
    }
    table_free(keys);
}

/* --- what is heard --- */

/* --- at the end of the turn --- */

static struct span pending_key(const void *item)
{
    const struct pending *pending = item;
    return (struct span){ .bytes = pending->key, .len = pending->key_len };
}

static void pending_free(void *item)
{
    memory_free(item);
}

static void forget_pending(struct invalidate *invalidate)
{
    radix_fini(&invalidate->pending, pending_free);
    radix_init(&invalidate->pending, pending_key);
}

/* The next pending key with the prefix that concerns the client; `from` NULL: the first. */
static const struct pending *next_pending(const struct tracking *tracking, struct span prefix,
                                          const struct pending *from)
{
    const struct radix *all = &tracking->invalidate->pending;
    const struct pending *at =
        from == NULL ? radix_at_or_after(all, prefix) : radix_after(all, pending_key(from));

    while (at != NULL && tracking->noloop && at->origin == tracking->session->id) {
        at = radix_after(all, pending_key(at));
    }
    if (at == NULL || at->key_len < prefix.len ||
        (prefix.len > 0 && memcmp(at->key, prefix.bytes, prefix.len) != 0)) {
        return NULL;
    }
    return at;
}

static void tell_pending(struct tracking *tracking, struct span prefix)
{
    struct session *receiver;
    const struct pending *at = NULL;
    size_t count = 0;

    while ((at = next_pending(tracking, prefix, at)) != NULL) {
        count++;
    }
    struct reply *reply = count == 0 ? NULL : begin_message(tracking, &receiver);
    if (reply == NULL) {
        return;
    }
    reply_array(reply, count);
    while ((at = next_pending(tracking, prefix, at)) != NULL) {
        reply_bulk(reply, pending_key(at));
    }
    session_push_end(receiver);
}

/* Members hear of a key at once, and from its owner, not from us. */
static bool is_told_by_us(const struct tracking *tracking)
{
    return !tracking->session->from_peer;
}

static void tell_all_pending(struct invalidate *invalidate)
{
    if (invalidate->pending.count == 0) {
        return;
    }
    for (struct tracking *at = invalidate->first; at != NULL; at = at->next) {
        if (!at->broadcast || !is_told_by_us(at)) {
            continue;
        }
        if (at->prefix_count == 0) {
            tell_pending(at, SPAN(""));
        }
        for (size_t i = 0; i < at->prefix_count; i++) {
            tell_pending(at, at->prefixes[i]);
        }
    }
    forget_pending(invalidate);
}

static void add_pending(struct invalidate *invalidate, struct span key, uint64_t origin)
{
    struct pending *pending = radix_find(&invalidate->pending, key);

    if (pending != NULL) {
        pending->origin = pending->origin == origin ? origin : 0;
        return;
    }
    pending = memory_alloc(sizeof(*pending) + key.len);
    *pending = (struct pending){ .origin = origin, .key_len = key.len };
    if (key.len > 0) {
        memcpy(pending->key, key.bytes, key.len);
    }
    radix_add(&invalidate->pending, pending);
    if (invalidate->pending.count >= PENDING_MAX) {
        tell_all_pending(invalidate);
    }
}

static void broadcast(struct invalidate *invalidate, struct span key, uint64_t origin)
{
    bool waits = false;

    for (struct tracking *at = invalidate->first; at != NULL; at = at->next) {
        if (!hears_all(at, key) || (at->noloop && at->session->id == origin)) {
            continue;
        }
        if (is_told_by_us(at)) {
            waits = true;
        } else {
            tell(at, &key);
        }
    }
    if (waits) {
        add_pending(invalidate, key, origin);
    }
}

static void tell_everything(struct invalidate *invalidate)
{
    forget_pending(invalidate);
    for (struct tracking *at = invalidate->first; at != NULL; at = at->next) {
        tell(at, NULL);
    }
    free_keys(invalidate->keys);
    invalidate->keys = table_new(&tracked_type, invalidate->seed);
    invalidate->items = 0;
}

void invalidate_change(void *context, const struct change *change)
{
    struct invalidate *invalidate = context;

    bool idle = invalidate->first == NULL && table_count(invalidate->keys) == 0;
    if (idle || change->again) { /* The first of them said it all. */
        return;
    }
    if (change->everything) {
        tell_everything(invalidate);
        return;
    }
    for (size_t i = 0; i < change->key_count; i++) {
        struct span key = change->keys[i];
        uint64_t hash = table_hash(key, invalidate->seed);
        struct table_slot *slot = table_find(invalidate->keys, key, hash);
        if (slot != NULL) {
            drop_tracked(invalidate, slot, hash, change->origin);
        }
        broadcast(invalidate, key, change->origin);
    }
}

/* Whether the keys of a read just made are to be remembered. */
static bool wants_keys(const struct tracking *tracking)
{
    if (tracking->broadcast) {
        return false;
    }
    if (tracking->optin) {
        return tracking->caching == CACHING_YES;
    }
    return !(tracking->optout && tracking->caching == CACHING_NO);
}

static void remember_all(struct tracking *tracking, const struct command *command,
                         const struct span *argv, size_t argc)
{
    struct found_keys keys;

    found_keys_init(&keys, command, argv, argc);
    for (size_t i = 0; i < keys.count; i++) {
        remember(tracking->invalidate, tracking->session->id, argv[keys.indexes[i]]);
    }
    found_keys_fini(&keys);
}

/* A script that reads anything has read all keys that were named for it. By itself it reads
 * nothing. */
static void remember_for_script(struct tracking *tracking, const struct script_run *script)
{
    for (size_t i = 0; i < script->key_count; i++) {
        remember(tracking->invalidate, tracking->session->id, script->call->argv[3 + i]);
    }
}

static void ran(void *context, struct session *session, const struct command *command,
                const struct span *argv, size_t argc)
{
    struct tracking *tracking = session->tracking;
    const struct script_run *script = engine_running(server_cache(session->server));
    bool reads = command->flags & CMD_READ && !(command->categories & ACL_SCRIPTING);

    (void)context;
    if (reads && wants_keys(tracking) && script != NULL) {
        remember_for_script(tracking, script);
    } else if (reads && wants_keys(tracking)) {
        remember_all(tracking, command, argv, argc);
    }
    bool inside = cache_unit_is_open(server_cache(session->server)); /* It is said for the whole. */
    if (!inside && strcmp(command->name, "client|caching") != 0) {
        tracking->caching = CACHING_DEFAULT;
    }
}

static void forget_interest(struct tracking *tracking, struct span key)
{
    struct invalidate *invalidate = tracking->invalidate;
    uint64_t hash = table_hash(key, invalidate->seed);
    struct table_slot *slot = table_find(invalidate->keys, key, hash);
    struct tracked *tracked = slot == NULL ? NULL : table_slot_get(slot);

    for (uint32_t i = 0; tracked != NULL && i < tracked->count; i++) {
        if (tracked->clients[i] == tracking->session->id) {
            tracked->clients[i] = tracked->clients[--tracked->count];
            invalidate->items--;
        }
    }
}

/* Its owner will tell of its own write like of any other's: NOLOOP forgets the keys instead. */
static void forget_written(struct tracking *tracking, const struct command *command,
                           const struct span *argv, size_t argc)
{
    struct found_keys keys;

    found_keys_init(&keys, command, argv, argc);
    for (size_t i = 0; i < keys.count; i++) {
        forget_interest(tracking, argv[keys.indexes[i]]);
    }
    found_keys_fini(&keys);
}

/* A transaction and a script may read, whatever else they do. */
static bool may_read(const struct command *command)
{
    return !(command->flags & CMD_WRITE) || strcmp(command->name, "podis.mesh|exec") == 0;
}

static bool sent(void *context, struct session *session, const struct command *command,
                 const struct span *argv, size_t argc)
{
    struct tracking *tracking = session->tracking;
    bool wants = may_read(command) && wants_keys(tracking);

    (void)context;
    tracking->caching = CACHING_DEFAULT;
    if (!may_read(command) && tracking->noloop && !tracking->broadcast) {
        forget_written(tracking, command, argv, argc);
    }
    return wants;
}

/* The bound may have been lowered. */
static void turn(void *context)
{
    keep_bounded(context, GIVEN_UP_MAX);
    tell_all_pending(context);
}

static void forget(void *context, struct session *session)
{
    (void)context;
    tracking_off(session);
}

/* --- what other members say --- */

static void owner_read(void *context, uint64_t client_id, struct span key)
{
    struct invalidate *invalidate = context;
    struct session *session = session_by_id(invalidate->server, client_id);

    if (session != NULL && session->tracking != NULL) {
        remember(invalidate, client_id, key);
    }
}

static void owner_changed(void *context, const struct span *key)
{
    struct invalidate *invalidate = context;

    if (invalidate->first == NULL) {
        return;
    }
    if (key != NULL) {
        uint64_t hash = table_hash(*key, invalidate->seed);
        struct table_slot *slot = table_find(invalidate->keys, *key, hash);
        if (slot != NULL) {
            drop_tracked(invalidate, slot, hash, 0);
        }
    }
    bool waits = false;
    for (struct tracking *at = invalidate->first; at != NULL; at = at->next) {
        if (is_told_by_us(at) && key == NULL) {
            tell(at, NULL);
        }
        waits |= is_told_by_us(at) && key != NULL && at->broadcast && has_prefix(at, *key);
    }
    if (waits) {
        add_pending(invalidate, *key, 0);
    }
}

struct peers_tidings invalidate_tidings(struct invalidate *invalidate)
{
    return (struct peers_tidings){ .context = invalidate,
                                   .read = owner_read,
                                   .changed = owner_changed };
}

static void follow_prefixes(const struct tracking *tracking)
{
    struct peers *peers = server_peers(tracking->invalidate->server);

    if (peers == NULL || !tracking->broadcast || !is_told_by_us(tracking)) {
        return;
    }
    if (tracking->prefix_count == 0) {
        peers_follow(peers, SPAN(""));
    }
    for (size_t i = 0; i < tracking->prefix_count; i++) {
        peers_follow(peers, tracking->prefixes[i]);
    }
}

/* --- sessions that track --- */

size_t tracking_bytes(const struct session *session)
{
    const struct tracking *tracking = session->tracking;
    return tracking == NULL ? 0 : sizeof(*tracking) + tracking->bytes;
}

struct tracking *tracking_of(const struct session *session)
{
    return session->tracking;
}

static struct tracking *start_tracking(struct invalidate *invalidate, struct session *session)
{
    struct tracking *tracking = memory_zero(sizeof(*tracking));

    tracking->invalidate = invalidate;
    tracking->session = session;
    tracking->next = invalidate->first;
    if (tracking->next != NULL) {
        tracking->next->previous = tracking;
    }
    invalidate->first = tracking;
    invalidate->clients++;
    session->tracking = tracking;
    return tracking;
}

static bool knows_prefix(const struct tracking *tracking, struct span prefix)
{
    for (size_t i = 0; i < tracking->prefix_count; i++) {
        if (span_equal(tracking->prefixes[i], prefix)) {
            return true;
        }
    }
    return false;
}

static void add_prefixes(struct tracking *tracking, const struct tracking_wish *wish)
{
    for (size_t i = 0; i < wish->prefix_count; i++) {
        struct span prefix = wish->prefixes[i];
        if (knows_prefix(tracking, prefix)) {
            continue;
        }
        size_t count = tracking->prefix_count + 1;
        tracking->prefixes = memory_resize(tracking->prefixes, count * sizeof(*tracking->prefixes));
        tracking->prefixes[count - 1] =
            (struct span){ .bytes = memory_copy_text(prefix.bytes, prefix.len), .len = prefix.len };
        tracking->prefix_count = count;
        tracking->bytes += sizeof(prefix) + prefix.len + 1;
        tracking->invalidate->prefixes++;
    }
}

void tracking_on(struct invalidate *invalidate, struct session *session,
                 const struct tracking_wish *wish)
{
    struct tracking *tracking = session->tracking;

    if (tracking == NULL) {
        tracking = start_tracking(invalidate, session);
    }
    tracking->broadcast = wish->broadcast;
    tracking->optin = wish->optin;
    tracking->optout = wish->optout;
    tracking->noloop = wish->noloop;
    tracking->redirect = wish->redirect;
    tracking->redirect_broken = false;
    add_prefixes(tracking, wish);
    follow_prefixes(tracking);
}

bool tracking_follow(struct session *session, struct span prefix)
{
    struct tracking *tracking = session->tracking;

    if (tracking == NULL || tracking->prefix_count >= FOLLOWED_MAX) {
        return false;
    }
    add_prefixes(tracking, &(struct tracking_wish){ .prefixes = &prefix, .prefix_count = 1 });
    return true;
}

void tracking_off(struct session *session)
{
    struct tracking *tracking = session->tracking;

    if (tracking == NULL) {
        return;
    }
    struct invalidate *invalidate = tracking->invalidate;
    if (tracking->next != NULL) {
        tracking->next->previous = tracking->previous;
    }
    if (tracking->previous != NULL) {
        tracking->previous->next = tracking->next;
    } else {
        invalidate->first = tracking->next;
    }
    for (size_t i = 0; i < tracking->prefix_count; i++) {
        memory_free((char *)(uintptr_t)tracking->prefixes[i].bytes);
    }
    invalidate->prefixes -= tracking->prefix_count;
    invalidate->clients--;
    memory_free(tracking->prefixes);
    memory_free(tracking);
    session->tracking = NULL;
}

struct invalidate *invalidate_new(struct server *server, uint64_t seed)
{
    struct invalidate *invalidate = memory_zero(sizeof(*invalidate));

    invalidate->server = server;
    invalidate->seed = seed;
    invalidate->random = seed;
    invalidate->keys = table_new(&tracked_type, seed);
    server_set_hooks(
        server,
        &(struct session_hooks){
            .context = invalidate, .ran = ran, .sent = sent, .turn = turn, .forget = forget });
    radix_init(&invalidate->pending, pending_key);
    return invalidate;
}

void invalidate_free(struct invalidate *invalidate)
{
    if (invalidate == NULL) {
        return;
    }
    assert(invalidate->first == NULL);
    free_keys(invalidate->keys);
    radix_fini(&invalidate->pending, pending_free);
    memory_free(invalidate);
}

struct invalidate *invalidate_of(const struct server *server)
{
    return server_hooks(server)->context;
}

uint64_t invalidate_clients(const struct invalidate *invalidate)
{
    return invalidate->clients;
}

uint64_t invalidate_keys(const struct invalidate *invalidate)
{
    return table_count(invalidate->keys);
}

uint64_t invalidate_items(const struct invalidate *invalidate)
{
    return invalidate->items;
}

uint64_t invalidate_prefixes(const struct invalidate *invalidate)
{
    return invalidate->prefixes;
}
