/* Keys that are not ours any more are sent to their owner, then dropped here.
 *
 *          the owners changed              end of the store          all acknowledged
 *     IDLE -------------------> WALKING ---------------------> WALKED ----------------> IDLE
 *                                  ^                              |
 *                                  |  after a moment: some could  |
 *                                  +------- not be sent ----------+
 *
 * The store is walked in slices, a few buckets each time the timer fires, with a limited number of
 * keys and bytes on their way. A key travels whole, as RESTORE key expiry payload ABSTTL, and so
 * only to where it is not: what the new owner was told since then is newer (BUSYKEY). Once that is
 * acknowledged the key is dropped here, unless it is ours again or was changed meanwhile; then the
 * next walk sees to it. Keys of a rule with class=local stay.
 *
 * Small payloads go over the shared link. Big ones are errands: on a connection of their own they
 * keep nobody waiting. Making one takes as long as DUMP does, so a slice ends with it. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/persist/dump.h"
#include "proxy/peers/inside.h"

enum {
    IN_FLIGHT = 128,
    IN_FLIGHT_BYTES = 64 << 20, /* One key may be more. */
    SCANS_PER_SLICE = 64,
    BYTES_PER_SLICE = 1 << 20,
    SHARED_MAX = 64 << 10, /* Bytes; more does not go over the shared link. */
    SLICE_EVERY_MS = 2,
    WALK_AGAIN_MS = 250,
    ANSWER_MAX = 1 << 16,
};

/* A key that is on its way, by the one or the other. */
struct parcel {
    struct link_call call;
    struct errand_asker asker;
    struct handover *handover;
    int db;
    struct buf key;
    size_t bytes;
    bool changed; /* Since it was sent. */
    struct buf answer;
    struct reply reply;
    struct reply *into;
    struct parcel *next, *previous;
};

/* A key found by the walk that is to be sent. */
struct found {
    struct buf key;
    struct found *next;
};

struct handover {
    struct peers *peers;
    const struct command *del, *restore;
    ev_timer timer;
    bool walking;
    bool walked; /* To the end; what is in flight decides whether there is another walk. */
    bool again;  /* Something is left for another walk. */
    int db;
    uint64_t cursor;
    bool db_done;           /* The cursor has come around. */
    struct parcel *parcels; /* That are in flight. */
    size_t in_flight, in_flight_bytes;
    size_t slice_bytes;  /* Made in this slice. */
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

/* The payload of a key; empty if there is no such key, or it is too long to be taken. */
static struct buf payload_of(const struct handover *handover, int db, struct span key,
                             int64_t *expires_at_ms)
{
    struct peers *peers = handover->peers;
    struct buf payload;
    struct cache_entry entry;

    buf_init(&payload, peers->config->options.proto_max_bulk_len);
    if (!cache_peek(peers->parts.cache, db, key, peers->unix_ms, &entry)) {
        return payload;
    }
    *expires_at_ms = entry.expires_at_ms;
    if (!dump_write(&payload, entry.type, entry.value)) {
        log_warning(peers->parts.log, "A key of %zu bytes is too big to be handed to its owner",
                    entry.type->memory(entry.value));
        buf_fini(&payload);
    }
    return payload;
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

/* The change_fn of this listener. Where it happened is not looked at: a key that is sent once more
 * does no harm. */
static void on_change(void *context, const struct change *change)
{
    struct handover *handover = context;

    for (struct parcel *parcel = handover->parcels; parcel != NULL; parcel = parcel->next) {
        parcel->changed |= change->everything;
        for (size_t i = 0; i < change->key_count && !parcel->changed; i++) {
            parcel->changed = span_equal(change->keys[i], buf_span(&parcel->key));
        }
    }
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

static struct parcel *parcel_new(struct handover *handover, struct span key, size_t bytes)
{
    struct parcel *parcel = memory_zero(sizeof(*parcel));

    parcel->handover = handover;
    parcel->db = handover->db;
    parcel->bytes = bytes;
    buf_init(&parcel->key, key.len);
    bool added = buf_add(&parcel->key, key);
    assert(added);
    buf_init(&parcel->answer, ANSWER_MAX);
    parcel->reply = reply_into(&parcel->answer, 3);
    parcel->into = &parcel->reply;
    parcel->next = handover->parcels;
    if (parcel->next != NULL) {
        parcel->next->previous = parcel;
    }
    handover->parcels = parcel;
    handover->in_flight++;
    handover->in_flight_bytes += bytes;
    return parcel;
}

static void parcel_free(struct parcel *parcel)
{
    struct handover *handover = parcel->handover;

    if (parcel->next != NULL) {
        parcel->next->previous = parcel->previous;
    }
    if (parcel->previous != NULL) {
        parcel->previous->next = parcel->next;
    } else {
        handover->parcels = parcel->next;
    }
    handover->in_flight--;
    handover->in_flight_bytes -= parcel->bytes;
    buf_fini(&parcel->key);
    buf_fini(&parcel->answer);
    memory_free(parcel);
}

/* The new owner has it, or something newer. */
static bool has_arrived(const struct parcel *parcel)
{
    static const char busy[] = "-BUSYKEY";
    struct span answer = buf_span(&parcel->answer);

    return !parcel->reply.failed ||
           (answer.len >= strlen(busy) && memcmp(answer.bytes, busy, strlen(busy)) == 0);
}

static void settled(struct parcel *parcel, bool arrived)
{
    struct handover *handover = parcel->handover;
    struct buf key = parcel->key;
    int db = parcel->db;
    bool drop =
        arrived && !parcel->changed && new_owner(handover->peers, buf_span(&key)) != RING_NOBODY;

    parcel->key = (struct buf){ 0 };
    parcel_free(parcel);
    if (drop) {
        drop_here(handover, db, buf_span(&key));
        peer_metrics.handover_keys_total++;
    } else {
        handover->again = true;
    }
    buf_fini(&key);
    if (handover->walking) {
        go_on(handover);
    }
}

static void on_done(struct link_call *call, const struct link_result *result)
{
    struct parcel *parcel = (struct parcel *)call;
    settled(parcel, result->end == LINK_ANSWERED && has_arrived(parcel));
}

static struct parcel *parcel_of(struct errand_asker *asker)
{
    return (struct parcel *)((char *)asker - offsetof(struct parcel, asker));
}

static void on_answered(struct errand_asker *asker)
{
    struct parcel *parcel = parcel_of(asker);
    settled(parcel, has_arrived(parcel));
}

static void on_unowned(struct errand_asker *asker)
{
    settled(parcel_of(asker), false);
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

/* False: it was not sent. */
static bool send_shared(struct parcel *parcel, struct lane *lane, const struct span *argv,
                        size_t argc)
{
    const struct peers *peers = parcel->handover->peers;
    uint64_t deadline_ms = links_clock_ms() + peers->config->options.forward_timeout_ms;

    parcel->call = (struct link_call){ .into = &parcel->into, .patient = true, .done = on_done };
    near_write(lane->near, buf_span(&parcel->key));
    return link_send(lane->link, argv, argc, deadline_ms, &parcel->call);
}

static bool send_alone(struct parcel *parcel, uint16_t owner, const struct span *argv, size_t argc)
{
    struct peers *peers = parcel->handover->peers;
    const struct peers_request request = {
        .command = parcel->handover->restore,
        .argv = argv,
        .argc = argc,
        .db = parcel->db,
        .now_ms = peers->unix_ms,
        .route = { .kind = ROUTE_PEER, .member = owner },
    };

    parcel->asker = (struct errand_asker){ .reply = &parcel->reply,
                                           .answered = on_answered,
                                           .unowned = on_unowned };
    return peers_begin_errand(peers, &request, &parcel->asker) != NULL;
}

static void post_payload(struct handover *handover, struct span key, uint16_t owner,
                         struct span payload, int64_t expires_at_ms)
{
    struct lane *lane = peer_lane(roster_peer(handover->peers->roster, owner), handover->db);
    char time[NUMBER_TEXT_MAX];
    size_t time_len = number_format(time, expires_at_ms < 0 ? 0 : expires_at_ms);
    const struct span argv[] = {
        SPAN("RESTORE"), key, { time, time_len }, payload, SPAN("ABSTTL")
    };
    struct parcel *parcel = parcel_new(handover, key, payload.len);

    handover->slice_bytes += payload.len;
    bool sent = payload.len <= SHARED_MAX ? send_shared(parcel, lane, argv, COUNT(argv))
                                          : send_alone(parcel, owner, argv, COUNT(argv));
    if (!sent) {
        handover->again = true;
        parcel_free(parcel);
    }
}

static void post(struct handover *handover, struct span key)
{
    struct peers *peers = handover->peers;
    uint16_t owner = new_owner(peers, key);
    int64_t expires_at_ms = -1;

    if (owner == RING_NOBODY) {
        return;
    }
    if (!link_is_ready(peer_lane(roster_peer(peers->roster, owner), handover->db)->link)) {
        handover->again = true;
        return;
    }
    struct buf payload = payload_of(handover, handover->db, key, &expires_at_ms);
    if (payload.len > 0) {
        post_payload(handover, key, owner, buf_span(&payload), expires_at_ms);
    }
    buf_fini(&payload);
}

static bool has_room(const struct handover *handover)
{
    return handover->in_flight < IN_FLIGHT && handover->in_flight_bytes < IN_FLIGHT_BYTES &&
           handover->slice_bytes < BYTES_PER_SLICE;
}

static void post_found(struct handover *handover)
{
    while (handover->found != NULL && has_room(handover)) {
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
    handover->slice_bytes = 0;
    post_found(handover);
    if (handover->found == NULL && !handover->walked) {
        walk_slice(handover);
    }
    if (handover->found == NULL || handover->in_flight == 0 ||
        handover->slice_bytes >= BYTES_PER_SLICE) {
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
    handover->restore = command_named(peers->parts.commands, SPAN("restore"));
    cache_listen(peers->parts.cache, on_change, handover);
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
