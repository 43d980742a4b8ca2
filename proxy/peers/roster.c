/* Who the other members are, and their lanes. */

#include "proxy/peers/roster.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "proxy/peers/peers.h"

#include <ev.h>

struct roster {
    struct roster_parts parts;
    struct links *links;
    struct near_pool *pool;
    struct peer **peers; /* By member; NULL at our own place. */
    size_t count;
    struct peer *leaving;
    uint64_t unix_ms;
};

/* --- a lane ----------------------------------------------------------------------------------- */

static void on_greeted(void *context, struct span answer)
{
    struct lane *lane = context;
    struct peer *peer = lane->peer;
    char before[HELLO_ID_SIZE];

    memcpy(before, peer->node_id, sizeof(before));
    if (!hello_read(answer, peer->node_id)) {
        return;
    }
    if (strcmp(peer->node_id, peer->roster->parts.hello->node_id) == 0 &&
        strcmp(before, peer->node_id) != 0) {
        log_warning(peer->roster->parts.log,
                    "peer %s:%u is this process: its own address was not recognised",
                    peer->address.host, (unsigned)peer->address.port);
    }
}

static void on_ready(void *context)
{
    struct lane *lane = context;
    const struct roster_parts *parts = &lane->peer->roster->parts;

    near_begin(lane->near);
    parts->lane_ready(parts->peers, lane);
}

static void on_lost(void *context)
{
    struct lane *lane = context;
    const struct roster_parts *parts = &lane->peer->roster->parts;

    near_lost(lane->near);
    parts->changed(parts->peers, NULL);
    parts->lane_lost(parts->errands, lane);
}

static void on_invalidate(void *context, struct span key)
{
    struct lane *lane = context;
    const struct roster_parts *parts = &lane->peer->roster->parts;

    if (key.bytes == NULL) {
        near_push_all(lane->near);
    } else {
        near_push(lane->near, key);
    }
    parts->changed(parts->peers, key.bytes == NULL ? NULL : &key);
}

static void on_confirmed(void *context, uint64_t sent_at_ms)
{
    struct lane *lane = context;
    near_confirm(lane->near, sent_at_ms);
}

static struct lane *lane_new(struct peer *peer, int db)
{
    struct lane *lane = memory_zero(sizeof(*lane));
    struct link_listener listener = {
        .context = lane,
        .greeted = on_greeted,
        .ready = on_ready,
        .lost = on_lost,
        .invalidate = on_invalidate,
        .confirmed = on_confirmed,
    };

    lane->peer = peer;
    lane->db = db;
    lane->near = near_new(peer->roster->pool);
    for (size_t i = 0; i < peer->writes_of_all; i++) {
        near_close(lane->near); /* Each will reopen it. */
    }
    lane->link = link_new(peer->roster->links, &peer->address, db, &listener);
    return lane;
}

static void lane_free(struct lane *lane)
{
    if (lane != NULL) {
        link_free(lane->link);
        near_free(lane->near);
        memory_free(lane);
    }
}

/* --- a peer ----------------------------------------------------------------------------------- */

/* The next lane in use from *db on, which is moved behind it; NULL at the end. */
static struct lane *next_lane(const struct peer *peer, int *db)
{
    while (*db < peer->roster->parts.databases) {
        struct lane *lane = peer->lanes[(*db)++];
        if (lane != NULL) {
            return lane;
        }
    }
    return NULL;
}

struct lane *peer_lane(struct peer *peer, int db)
{
    assert(db >= 0);
    assert(db < peer->roster->parts.databases);
    if (peer->lanes[db] == NULL) {
        peer->lanes[db] = lane_new(peer, db);
    }
    return peer->lanes[db];
}

static struct peer *peer_new(struct roster *roster, const struct address *address)
{
    struct peer *peer = memory_zero(sizeof(*peer));

    peer->roster = roster;
    peer->address = *address;
    peer->lanes = memory_zero((size_t)roster->parts.databases * sizeof(struct lane *));
    peer_lane(peer, 0);
    return peer;
}

static void peer_free(struct peer *peer)
{
    struct lane *lane;

    if (peer == NULL) {
        return;
    }
    const struct roster_parts *parts = &peer->roster->parts;
    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        parts->lane_gone(parts->errands, lane);
    }
    /* Links first: the end of a request on one lane may concern the others. */
    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        link_free(lane->link);
        lane->link = NULL;
    }
    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        lane_free(lane);
    }
    memory_free(peer->lanes);
    memory_free(peer);
}

static void peer_leave(struct peer *peer)
{
    struct lane *lane;

    peer->leaving = true;
    peer->next = peer->roster->leaving;
    peer->roster->leaving = peer;
    peer_forget(peer);
    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        link_drain(lane->link);
    }
}

static bool has_left(const struct peer *peer)
{
    struct lane *lane;

    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        if (link_life_of(lane->link)->state != LINK_DOWN || link_waiting(lane->link) > 0 ||
            lane->errand_count > 0) {
            return false;
        }
    }
    return true;
}

void peer_close_others(struct peer *peer, const struct lane *lane)
{
    struct lane *other;

    peer->writes_of_all++;
    for (int db = 0; (other = next_lane(peer, &db)) != NULL;) {
        if (other != lane) {
            near_close(other->near);
        }
    }
}

void peer_reopen_others(struct peer *peer, const struct lane *lane)
{
    struct lane *other;

    peer->writes_of_all--;
    for (int db = 0; (other = next_lane(peer, &db)) != NULL;) {
        if (other != lane) {
            near_reopen(other->near);
        }
    }
}

void peer_forget(struct peer *peer)
{
    struct lane *lane;

    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        near_write_all(lane->near);
    }
}

uint64_t peer_near_keys(const struct peer *peer)
{
    struct lane *lane;
    uint64_t keys = 0;

    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        keys += near_count(lane->near);
    }
    return keys;
}

size_t peer_waiting(const struct peer *peer)
{
    struct lane *lane;
    size_t waiting = 0;

    for (int db = 0; (lane = next_lane(peer, &db)) != NULL;) {
        waiting += link_waiting(lane->link);
    }
    return waiting;
}

/* --- all of them ------------------------------------------------------------------------------ */

struct roster *roster_new(const struct roster_parts *parts)
{
    struct roster *roster = memory_zero(sizeof(*roster));
    uint64_t random = parts->seed;

    roster->parts = *parts;
    roster->links = links_new(parts->loop, parts->log, random_next(&random));
    roster->pool = near_pool_new(parts->commands, random_next(&random));
    return roster;
}

void roster_free(struct roster *roster)
{
    if (roster == NULL) {
        return;
    }
    for (size_t i = 0; i < roster->count; i++) {
        peer_free(roster->peers[i]);
    }
    while (roster->leaving != NULL) {
        struct peer *peer = roster->leaving;
        roster->leaving = peer->next;
        peer_free(peer);
    }
    memory_free(roster->peers);
    near_pool_free(roster->pool);
    links_free(roster->links);
    memory_free(roster);
}

void roster_configure(struct roster *roster, const struct links_settings *links,
                      const struct near_settings *near)
{
    links_configure(roster->links, links);
    near_pool_configure(roster->pool, near);
}

/* Takes the peer with this address out of the old places; NULL if there is none. */
static struct peer *take(struct peer **old, size_t count, const struct address *address)
{
    for (size_t i = 0; i < count; i++) {
        struct peer *peer = old[i];
        if (peer != NULL && address_equal(&peer->address, address)) {
            old[i] = NULL;
            return peer;
        }
    }
    return NULL;
}

void roster_set(struct roster *roster, const struct view *view)
{
    struct peer **old = roster->peers;
    size_t old_count = roster->count;

    roster->count = view->count;
    roster->peers = memory_zero((view->count + (size_t)1) * sizeof(struct peer *));
    for (uint16_t i = 0; i < view->count; i++) {
        if (i != view->self) {
            struct peer *known = take(old, old_count, &view->members[i]);
            roster->peers[i] = known != NULL ? known : peer_new(roster, &view->members[i]);
        }
    }
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] != NULL) {
            peer_leave(old[i]);
        }
    }
    memory_free(old);
}

struct links *roster_links(const struct roster *roster)
{
    return roster->links;
}

uint64_t roster_turn_ms(const struct roster *roster)
{
    return links_turn_ms(roster->links);
}

struct peer *roster_peer(const struct roster *roster, uint16_t member)
{
    assert(member < roster->count);
    return roster->peers[member];
}

size_t roster_waiting(const struct roster *roster)
{
    size_t waiting = 0;

    for (size_t i = 0; i < roster->count; i++) {
        waiting += roster->peers[i] == NULL ? 0 : peer_waiting(roster->peers[i]);
    }
    for (const struct peer *peer = roster->leaving; peer != NULL; peer = peer->next) {
        waiting += peer_waiting(peer);
    }
    return waiting;
}

void roster_each_lane(struct roster *roster, void (*act)(void *context, struct lane *lane),
                      void *context)
{
    struct lane *lane;

    for (size_t i = 0; i < roster->count; i++) {
        for (int db = 0;
             roster->peers[i] != NULL && (lane = next_lane(roster->peers[i], &db)) != NULL;) {
            act(context, lane);
        }
    }
}

static void read_all(void *context, struct lane *lane)
{
    (void)context;
    near_set_unread(lane->near, !link_read_all(lane->link));
}

void roster_read_all(struct roster *roster)
{
    roster_each_lane(roster, read_all, NULL);
}

static void turn(void *context, struct lane *lane)
{
    if (near_is_unread(lane->near)) {
        read_all(context, lane); /* Else its copies would be of no use until the next gap. */
    }
    near_tick(lane->near, lane->peer->roster->unix_ms);
}

void roster_turn(struct roster *roster, uint64_t unix_ms)
{
    roster->unix_ms = unix_ms;
    roster_each_lane(roster, turn, NULL);
    for (struct peer **at = &roster->leaving; *at != NULL;) {
        struct peer *peer = *at;
        if (has_left(peer)) {
            *at = peer->next;
            peer_free(peer);
        } else {
            at = &peer->next;
        }
    }
}

static void abandon(void *context, struct lane *lane)
{
    (void)context;
    link_abandon_unsent(lane->link);
}

void roster_abandon_unsent(struct roster *roster)
{
    roster_each_lane(roster, abandon, NULL);
}
