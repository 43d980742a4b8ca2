/* Keys that are not ours any more are sent to their owner, then dropped here.
 *
 *          the owners changed              end of the store          all acknowledged
 *     IDLE -------------------> WALKING ---------------------> WALKED ----------------> IDLE
 *                                  ^                              |
 *                                  |  after a moment: some could  |
 *                                  +------- not be sent ----------+
 *
 * The store is walked in slices, a few buckets each time the timer fires, with at most IN_FLIGHT
 * keys on their way. A key is sent as the command that makes it again, with NX: what the new
 * owner was told since then is newer. Once that is acknowledged the key is dropped here, unless
 * it is ours again or was changed meanwhile; then the next walk sees to it. Keys of a rule with
 * class=local stay. */

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/types/type.h"
#include "proxy/peers/inside.h"
#include "proxy/peers/words.h"

enum {
    IN_FLIGHT = 128,
    SCANS_PER_SLICE = 64,
    SLICE_EVERY_MS = 2,
    WALK_AGAIN_MS = 250,
    WORDS_MAX = 8,
};

/* A key that is on its way. */
struct parcel {
    struct link_call call;
    struct handover *handover;
    int db;
    struct buf key;
    uint64_t fingerprint; /* Of the command that was sent. */
    struct buf answer;
    struct reply reply;
    struct reply *into;
};

/* A key found by the walk that is to be sent. */
struct found {
    struct buf key;
    struct found *next;
};

struct handover {
    struct peers *peers;
    const struct command *del;
    ev_timer timer;
    bool walking;
    bool walked; /* To the end; what is in flight decides whether there is another walk. */
    bool again;  /* Something is left for another walk. */
    int db;
    uint64_t cursor;
    bool db_done; /* The cursor has come around. */
    size_t in_flight;
    struct found *found; /* Of the present slice, and of those before that had no room. */
};

/* --- whose a key is --------------------------------------------------------------------------- */

/* The member that a key belongs to; RING_NOBODY if it stays here. */
static uint16_t new_owner(const struct peers *peers, struct span key)
{
    uint16_t owner;
    bool here = route_is_here(peers->ring, peers->config->rules, key, &owner);

    return here ? RING_NOBODY : owner;
}

/* --- what is sent ----------------------------------------------------------------------------- */

struct command_made {
    struct buf bytes;
    size_t count; /* Commands. */
    int64_t expires_at_ms;
};

/* SET key value NX [PXAT time]. A type that needs other commands is not handed over yet. */
static void make_command(void *context, const struct span *argv, size_t argc)
{
    struct command_made *made = context;
    struct span words[WORDS_MAX];
    char time[NUMBER_TEXT_MAX];
    size_t count = 0;

    made->count++;
    if (!span_is(argv[0], "SET") || argc != 3) {
        return;
    }
    for (; count < argc; count++) {
        words[count] = argv[count];
    }
    words[count++] = SPAN("NX");
    if (made->expires_at_ms >= 0) {
        words[count++] = SPAN("PXAT");
        words[count++] = (struct span){ time, number_format(time, made->expires_at_ms) };
    }
    size_t len = words_len(words, count);
    made->bytes.max = len;
    char *room = buf_reserve(&made->bytes, len);
    assert(room != NULL);
    words_put(room, words, count);
    buf_commit(&made->bytes, len);
}

/* The command that makes the key again; empty if there is no such key, or no such command. */
static struct buf command_for(const struct handover *handover, int db, struct span key)
{
    struct peers *peers = handover->peers;
    struct command_made made = { 0 };
    struct cache_entry entry;

    if (cache_peek(peers->parts.cache, db, key, peers->unix_ms, &entry)) {
        made.expires_at_ms = entry.expires_at_ms;
        entry.type->rewrite(key, entry.value, make_command, &made);
    }
    return made.bytes;
}

/* --- what comes back -------------------------------------------------------------------------- */

static void drop_here(struct handover *handover, int db, struct span key)
{
    struct span argv[] = { SPAN("DEL"), key };
    struct buf nowhere = { 0 };
    struct reply reply = { .out = &nowhere, .protocol = 2, .silent = true };
    struct cache_request request = {
        .command = handover->del,
        .argv = argv,
        .argc = COUNT(argv),
        .db = db,
        .now_ms = handover->peers->unix_ms,
        .reply = &reply,
    };
    cache_exec(handover->peers->parts.cache, &request);
}

static bool is_unchanged(const struct parcel *parcel)
{
    struct span key = buf_span(&parcel->key);
    struct buf now = command_for(parcel->handover, parcel->db, key);
    bool same = hash_bytes(buf_span(&now), 0) == parcel->fingerprint;

    buf_fini(&now);
    return same;
}

static void schedule(struct handover *handover, uint64_t after_ms)
{
    struct ev_loop *loop = handover->peers->parts.loop;

    if (!ev_is_active(&handover->timer)) {
        ev_timer_set(&handover->timer, (double)after_ms / 1000.0, 0.);
        ev_timer_start(loop, &handover->timer);
    }
}

static void go_on(struct handover *handover);

static void on_done(struct link_call *call, const struct link_result *result)
{
    struct parcel *parcel = (struct parcel *)call;
    struct handover *handover = parcel->handover;
    struct span key = buf_span(&parcel->key);
    bool arrived = result->end == LINK_ANSWERED && !parcel->reply.failed;

    handover->in_flight--;
    if (arrived && new_owner(handover->peers, key) != RING_NOBODY && is_unchanged(parcel)) {
        drop_here(handover, parcel->db, key);
        peer_metrics.handover_keys_total++;
    } else {
        handover->again = true;
    }
    buf_fini(&parcel->key);
    buf_fini(&parcel->answer);
    memory_free(parcel);
    if (handover->walking) {
        go_on(handover);
    }
}

/* --- the walk --------------------------------------------------------------------------------- */

static void visit(void *context, const struct cache_entry *entry)
{
    struct handover *handover = context;

    if (new_owner(handover->peers, entry->key) == RING_NOBODY) {
        return;
    }
    struct found *found = memory_zero(sizeof(*found));
    buf_init(&found->key, entry->key.len);
    bool added = buf_add(&found->key, entry->key);
    assert(added);
    found->next = handover->found;
    handover->found = found;
}

static void post(struct handover *handover, struct span key)
{
    struct peers *peers = handover->peers;
    uint16_t owner = new_owner(peers, key);
    struct buf bytes = command_for(handover, handover->db, key);
    struct lane *lane =
        owner == RING_NOBODY ? NULL : peer_lane(roster_peer(peers->roster, owner), handover->db);

    if (lane == NULL || bytes.len == 0 || !link_is_ready(lane->link)) {
        handover->again = handover->again || (lane != NULL && bytes.len > 0);
        buf_fini(&bytes);
        return;
    }
    struct parcel *parcel = memory_zero(sizeof(*parcel));
    size_t argc;
    struct span *argv = words_take(buf_span(&bytes), &argc);

    parcel->handover = handover;
    parcel->db = handover->db;
    buf_init(&parcel->key, key.len);
    bool added = buf_add(&parcel->key, key);
    assert(added);
    parcel->fingerprint = hash_bytes(buf_span(&bytes), 0);
    buf_init(&parcel->answer, 1 << 16);
    parcel->reply = reply_into(&parcel->answer, 3);
    parcel->into = &parcel->reply;
    parcel->call = (struct link_call){ .into = &parcel->into, .done = on_done };
    handover->in_flight++;
    near_write(lane->near, key);
    uint64_t deadline_ms = links_clock_ms() + peers->config->options.forward_timeout_ms;
    if (!link_send(lane->link, argv, argc, deadline_ms, &parcel->call)) {
        handover->in_flight--;
        handover->again = true;
        buf_fini(&parcel->key);
        memory_free(parcel);
    }
    memory_free(argv);
    buf_fini(&bytes);
}

static void post_found(struct handover *handover)
{
    while (handover->found != NULL && handover->in_flight < IN_FLIGHT) {
        struct found *found = handover->found;
        handover->found = found->next;
        post(handover, buf_span(&found->key));
        buf_fini(&found->key);
        memory_free(found);
    }
}

/* True once the next database, if there is one, was begun. */
static bool next_db(struct handover *handover)
{
    handover->db++;
    handover->db_done = false;
    return handover->db < cache_databases(handover->peers->parts.cache);
}

static void walk_slice(struct handover *handover)
{
    struct cache *cache = handover->peers->parts.cache;

    for (int i = 0; i < SCANS_PER_SLICE && handover->found == NULL; i++) {
        if (handover->db_done && !next_db(handover)) {
            handover->walked = true;
            return;
        }
        handover->cursor = cache_scan(cache, handover->db, handover->cursor, visit, handover);
        handover->db_done = handover->cursor == 0;
        post_found(handover);
    }
}

static void begin_walk(struct handover *handover)
{
    handover->walking = true;
    handover->walked = false;
    handover->again = false;
    handover->db = 0;
    handover->db_done = false;
    handover->cursor = 0;
    peer_metrics.handover_pending = 1;
    schedule(handover, SLICE_EVERY_MS);
}

/* The last parcels of a walk may still fail, and then there is another walk. */
static void go_on(struct handover *handover)
{
    if (!handover->walked) {
        schedule(handover, SLICE_EVERY_MS);
    } else if (handover->in_flight == 0) {
        handover->walking = false;
        peer_metrics.handover_pending = handover->again;
        if (handover->again) {
            schedule(handover, WALK_AGAIN_MS);
        }
    }
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct handover *handover = watcher->data;

    (void)loop;
    (void)events;
    if (!handover->walking) {
        begin_walk(handover);
        return;
    }
    post_found(handover);
    if (handover->found == NULL && !handover->walked) {
        walk_slice(handover);
    }
    if (handover->found == NULL) {
        go_on(handover);
    } /* Else the next acknowledgement makes room. */
}

static void drop_found(struct handover *handover)
{
    while (handover->found != NULL) {
        struct found *found = handover->found;
        handover->found = found->next;
        buf_fini(&found->key);
        memory_free(found);
    }
}

void handover_start(struct handover *handover)
{
    drop_found(handover);
    begin_walk(handover);
}

struct handover *handover_new(struct peers *peers)
{
    struct handover *handover = memory_zero(sizeof(*handover));

    handover->peers = peers;
    handover->del = command_named(peers->parts.commands, SPAN("del"));
    ev_init(&handover->timer, on_timer);
    handover->timer.data = handover;
    return handover;
}

void handover_free(struct handover *handover)
{
    if (handover == NULL) {
        return;
    }
    drop_found(handover);
    ev_timer_stop(handover->peers->parts.loop, &handover->timer);
    memory_free(handover);
}
