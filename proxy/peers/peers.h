#ifndef PODIS_PROXY_PEERS_PEERS_H
#define PODIS_PROXY_PEERS_PEERS_H

/* The other members of the mesh, and how a request reaches them.
 *
 * One hiredis link per member and database (links), near copies of strings (near),
 * splitting and joining of requests for several owners (split), hand-over of keys
 * that moved away (handover). The server above knows only this header. */

#include "cache/cache.h"
#include "cache/base/arena.h"
#include "cache/base/log.h"
#include "cache/base/metric.h"
#include "config/config.h"
#include "proxy/routing/ring.h"
#include "proxy/routing/route.h"

struct ev_loop;
struct peers;
struct tls;

struct peers_parts {
    struct ev_loop *loop;
    struct cache *cache; /* For the parts of split requests that are ours, and hand-over. */
    const struct command_table *commands;
    const struct config *config; /* Replaced by peers_configure(). */
    const struct log *log;
    struct tls *tls;  /* For tls-cluster; NULL: never. */
    char node_id[41]; /* 40 hex digits, NUL. */
    uint64_t seed;    /* For jitter. */
};

struct peers *peers_new(const struct peers_parts *parts);
void peers_free(struct peers *peers);
void peers_configure(struct peers *peers, const struct config *config);

/* A new view: a new ring replaces the old one whole, links open and close, near copies of
 * members that lost slots are dropped, keys that moved away begin to be sent. */
void peers_set_view(struct peers *peers, const struct view *view);

/* The ring in use, of nobody before the first view. Borrowed until the loop's next turn. */
const struct ring *peers_ring(const struct peers *peers);

/* Whether the link to this member is ready; discovery keeps members that still answer. */
bool peers_answers(const struct peers *peers, const struct address *address);

/* Where a forwarded request's answer goes. Embedded in the caller's own structure. */
struct waiter {
    struct reply *reply; /* Set to NULL when the client has gone: the answer is dropped. */
    void (*done)(struct waiter *waiter); /* Exactly once; an error reply is an answer too. */
};

struct peers_request {
    const struct command *command;
    const struct span *argv;
    size_t argc;
    int db;
    uint64_t now_ms;
    uint64_t client_id;
    struct route route; /* PEER, SPLIT, ALL or DOWN. */
    bool no_touch;
    bool past_near; /* No near copy may answer it, or a part of it. */
    bool track;     /* Its client keeps what it reads: struct peers_tidings is told of it. */
};

/* Answers the request or sees to it that it will be answered.
 *
 *   true     the answer is in waiter->reply now (a near copy, our own part); done is not called
 *   false    it will come: done is called, later, once
 *
 * argv need not outlive the call. A member that cannot be reached within forward-timeout gives
 * an error reply that begins with UNREACHABLE. */
bool peers_run(struct peers *peers, const struct peers_request *request, struct waiter *waiter);

/* The same for a request whose answer nobody waits for. */
void peers_tell(struct peers *peers, const struct peers_request *request);

/* A request that may wait at its owner for as long as it likes (CMD_BLOCKING): BLPOP … It goes over
 * a connection of its own, so that nobody waits behind it. */
struct errand;
struct errand_asker {
    struct reply *reply; /* Where the answer goes. */
    void (*answered)(struct errand_asker *asker);
    /* It was not executed, and no other member owns all of its keys: decide its route again. */
    void (*unowned)(struct errand_asker *asker);
};

/* Exactly one of the two will be called, once, later, and ends the errand; unless it is ended by
 * peers_end_errand(). request->route is PEER or DOWN. NULL: it cannot be sent, and asker->reply
 * says why. argv need not outlive the call. */
struct errand *peers_begin_errand(struct peers *peers, const struct peers_request *request,
                                  struct errand_asker *asker);

/* Nobody wants the answer any more. Closes the connection, so that the owner forgets it too. */
void peers_end_errand(struct errand *errand);

/* What owners say of keys, for clients that keep copies of their own (CLIENT TRACKING). */
struct peers_tidings {
    void *context;
    /* A read of this client was answered, and the next change of the key will be told. */
    void (*read)(void *context, uint64_t client_id, struct span key);
    /* NULL: any key may have changed. */
    void (*changed)(void *context, const struct span *key);
};
void peers_set_tidings(struct peers *peers, const struct peers_tidings *tidings);
/* From now on every change of a key with this prefix is told. */
void peers_follow(struct peers *peers, struct span prefix);

/* PODIS.EXPLAIN: one line on where this request would go and why, near copies included. */
void peers_explain(struct peers *peers, const struct peers_request *request, struct buf *text);

/* For INFO, PODIS.STATUS, CLUSTER NODES: one call per member of the view, ourselves included. */
struct peer_info {
    const struct address *address;
    uint16_t member;
    bool self;
    const char *state;   /* The link's state's name; "self". */
    const char *node_id; /* 40 hex digits; "" until greeted. */
    size_t slots;
    uint64_t near_keys;
    uint64_t waiting;  /* Requests sent and not yet answered. */
    uint64_t since_ms; /* When the state began. */
};
void peers_each(const struct peers *peers,
                void (*visit)(void *context, const struct peer_info *info), void *context);

/* PODIS.MESH HELLO on the accepting side: checks version, mesh name and secret; replies
 * with our own hello, or with an error and returns false. */
bool peers_greet(struct peers *peers, const struct span *argv, size_t argc, struct reply *reply);

/* Called once per loop turn before any request is run: notices a loop gap (R10). */
void peers_turn(struct peers *peers, uint64_t now_ms);

/* Begin an orderly exit: no new forwards wait for a link that is down. */
void peers_drain(struct peers *peers);
/* Requests sent and not yet answered, over all links. */
size_t peers_waiting(const struct peers *peers);

/*    name                            kind     help                                               */
#define PEER_METRICS(X)                                                                            \
    X(peer_links_ready, GAUGE, "Links in the ready state")                                         \
    X(peer_members, GAUGE, "Members of the mesh in the view, this one included")                   \
    X(peer_connects_total, COUNTER, "Attempts to connect to a peer")                               \
    X(peer_link_losses_total, COUNTER, "Links lost after they were ready")                         \
    X(peer_forwards_total, COUNTER, "Requests sent to their owner")                                \
    X(peer_forward_errors_total, COUNTER, "Forwarded requests that ended in UNREACHABLE")          \
    X(peer_views_total, COUNTER, "Changes of the view")                                            \
    X(near_hits_total, COUNTER, "Reads answered from a near copy")                                 \
    X(near_misses_total, COUNTER, "Reads of a peer's key with no valid near copy")                 \
    X(near_fills_total, COUNTER, "Near copies made")                                               \
    X(near_fills_voided_total, COUNTER, "Fetches cut by a write or an invalidation")               \
    X(near_invalidations_total, COUNTER, "Near copies dropped because their owner said so")        \
    X(near_lease_misses_total, COUNTER, "Near copies not served because the lease was over")       \
    X(near_keys, GAUGE, "Near copies held")                                                        \
    X(near_memory_bytes, GAUGE, "Memory of near copies, estimated")                                \
    X(handover_keys_total, COUNTER, "Keys sent to their new owner")                                \
    X(handover_pending, GAUGE, "Whether keys are still being sent to new owners")
METRIC_STRUCT(peer_metrics, PEER_METRICS);

#endif
