#ifndef PODIS_PROXY_SERVER_PAUSE_H
#define PODIS_PROXY_SERVER_PAUSE_H

/* Requests that are to wait until the server goes on.
 *
 * There may be several reasons at once, each with its own end; what they forbid adds up. While
 * there is any, nothing expires and nothing is evicted either: the data stays as it is, but for
 * what the transaction does in which a pause began.
 *
 *     open -- pause_begin() --> paused -- the last reason is lifted, or its time is over --> open
 *
 * Clients whose requests are held are released in the order in which they came. */

#include "proxy/server/request.h"

#include <stdint.h>

struct held;
struct server;
struct session;

enum pause_reason {
    PAUSE_FOR_COMMAND,  /* CLIENT PAUSE */
    PAUSE_FOR_SHUTDOWN, /* Replicas are catching up before the end. */
    PAUSE_FOR_FAILOVER, /* One of them is, to take over. */
    PAUSE_FOR_SNAPSHOT, /* Too much was changed that a snapshot has still to write. */
    PAUSE_REASONS,
};

enum pause_extent {
    PAUSE_NOTHING,
    PAUSE_WRITES, /* And what is told to replicas without being a write: PUBLISH. */
    PAUSE_ALL,
};

#define PAUSE_FOR_EVER UINT64_MAX

/* Zeroed storage is open. */
struct pause {
    struct {
        enum pause_extent extent;
        uint64_t until_ms;
    } reasons[PAUSE_REASONS];
    enum pause_extent extent; /* Of all of them together. */
    struct held *first, *last;
    size_t held; /* Clients. */
    bool replica;
};

/* Until the given Unix time. Asked for again for the same reason, the wider extent and the later
 * time count. */
void pause_begin(struct server *server, enum pause_reason reason, enum pause_extent extent,
                 uint64_t until_ms);
/* Nothing if it was not asked for. */
void pause_lift(struct server *server, enum pause_reason reason);
/* Lifts what is over by now; each turn. */
void pause_turn(struct server *server);

/* Whether this request of the session is to wait. Only asked while SPECIAL_PAUSED is set. */
bool pause_holds(const struct server *server, const struct session *session,
                 const struct request *request);
/* The request that is being dispatched waits: it will be read again. */
void pause_hold(struct session *session);
/* The session ends: it is not to be released any more. */
void pause_forget(struct session *session);

/* A replica leaves expiry to its primary, paused or not. */
void pause_set_replica(struct server *server, bool replica);

/* For INFO: the reason that lasts longest, NULL without one, and how long it does. */
const char *pause_longest(const struct server *server, uint64_t *left_ms);

#endif
