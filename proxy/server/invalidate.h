#ifndef PODIS_PROXY_SERVER_INVALIDATE_H
#define PODIS_PROXY_SERVER_INVALIDATE_H

/* Tells clients that what they keep a copy of has changed: CLIENT TRACKING
 * (https://redis.io/docs/reference/client-side-caching/).
 *
 * It is the last listener of the cache's changes. Two ways to know whom to tell:
 *
 *   default  the keys a client read are remembered; one message, then it must read again
 *   BCAST    nothing is remembered; the client hears of every key with one of its prefixes
 *
 * In a mesh a key's owner is asked to tell us, and what it says is passed on (peers/tidings.h).
 * Other podis hold their near copies by the first way (OPTIN). The memory is bounded by
 * tracking-table-max-keys: beyond it a remembered key is given up by telling its clients
 * that it changed. As in Redis, databases are not told apart. */

#include "cache/base/metric.h"
#include "cache/change.h"
#include "proxy/server/session.h"

struct invalidate;

/* Sets the server's hooks. Free it after the server. */
struct invalidate *invalidate_new(struct server *server, uint64_t seed);
void invalidate_free(struct invalidate *invalidate);

/* The change_fn of this listener; context is the struct invalidate. */
void invalidate_change(void *context, const struct change *change);

/* What CLIENT TRACKING ON asked for. */
struct tracking_wish {
    bool broadcast, optin, optout, noloop;
    uint64_t redirect; /* Client id; 0: to itself. */
    const struct span *prefixes;
    size_t prefix_count;
};

/* Tracking of one session. */
struct tracking {
    struct invalidate *invalidate;
    struct session *session;
    bool broadcast, optin, optout, noloop;
    bool redirect_broken; /* The client redirected to is gone, and this one was told. */
    enum {
        CACHING_DEFAULT,
        CACHING_YES,
        CACHING_NO
    } caching; /* CLIENT CACHING: the next command. */
    uint64_t redirect;
    struct span *prefixes; /* Owned, like the bytes they show. */
    size_t prefix_count;
    size_t bytes;                     /* Of the prefixes. */
    struct tracking *next, *previous; /* All sessions that track. */
};

/* NULL while the session does not track. */
struct tracking *tracking_of(const struct session *session);

/* The bytes of its prefixes; 0 while it does not track. */
size_t tracking_bytes(const struct session *session);

/* Turns tracking on, or changes it; the wish was checked. Prefixes are added to those there. */
void tracking_on(struct invalidate *invalidate, struct session *session,
                 const struct tracking_wish *wish);
void tracking_off(struct session *session);
/* A member of the mesh wants to hear of every key with this prefix as well. False: it does not
 * track, or follows too many. */
bool tracking_follow(struct session *session, struct span prefix);

/* What other members say of keys, which clients here may have read or listen for. */
struct peers_tidings invalidate_tidings(struct invalidate *invalidate);

/* The one of this server. */
struct invalidate *invalidate_of(const struct server *server);

/* For INFO. */
uint64_t invalidate_clients(const struct invalidate *invalidate);
uint64_t invalidate_keys(const struct invalidate *invalidate);
uint64_t invalidate_items(const struct invalidate *invalidate); /* Clients of all keys, added up. */
uint64_t invalidate_prefixes(const struct invalidate *invalidate);

/*    name                               kind     help                                          */
#define INVALIDATE_METRICS(X)                                                                      \
    X(tracking_messages_total, COUNTER, "Invalidations sent to clients that track keys")           \
    X(tracking_given_up_total, COUNTER, "Tracked keys given up at tracking-table-max-keys")
METRIC_STRUCT(invalidate_metrics, INVALIDATE_METRICS);

#endif
