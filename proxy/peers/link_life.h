#ifndef PODIS_PROXY_PEERS_LINK_LIFE_H
#define PODIS_PROXY_PEERS_LINK_LIFE_H

/* The life of our connection to one database of one other podis.
 *
 *            time to try            connected             greeted
 *     DOWN --------------> CONNECTING --------> GREETING --------> READY
 *      ^                       |                   |                 |
 *      |    failed, too slow   |                   |    lost, silent | drain
 *      +-----------------------+-------------------+--------+--------+-------> DRAINING
 *      |                                                                           |
 *      +----------------------- nothing left to wait for, or lost -----------------+
 *
 * link_step() is the whole of the logic. It does no input or output, reads no clock and rolls no
 * dice: it is told what happened, when, and a random number, and answers what to do. The
 * socket is in link.c. */

#include <stdbool.h>
#include <stdint.h>

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_GREETING, LINK_READY, LINK_DRAINING };

enum link_event {
    LINK_TICK,      /* Time has passed. */
    LINK_CONNECTED, /* The socket is open. */
    LINK_GREETED,   /* All of the greeting was acknowledged. */
    LINK_HEARD,     /* Bytes came. */
    LINK_FAILED,    /* Refused, reset, closed, or the peer broke the protocol. */
    LINK_DRAIN,     /* The member left the view. */
    LINK_IDLE,      /* No request waits for an answer. */
};

/* What the caller has to do now; nothing is set when there is nothing to do. */
struct link_todo {
    bool connect;
    bool greet;
    bool ready; /* Just became ready: send what waits. */
    bool ping;
    bool close; /* Drop the connection, if there still is one. */
    bool lost;  /* Was ready or draining and is not any more: the epoch is over. */
};

struct link_times {
    uint64_t node_timeout_ms;
    uint64_t ping_every_ms;
};

/* Zeroed storage is a link that is down and to be connected at once. */
struct link_life {
    enum link_state state;
    bool leaving;      /* Never to be connected again. */
    bool quiet;        /* Is not asked for a sign of life: who answers may be long about it. */
    uint64_t since_ms; /* When this state began. */
    uint64_t delay_ms; /* The last wait before connecting again. */
    uint64_t retry_at_ms;
    uint64_t heard_at_ms;
    uint64_t pinged_at_ms;
};

enum { LINK_DELAY_MIN_MS = 50, LINK_DELAY_MAX_MS = 5000 };

/* `random` makes the wait before the next attempt up to a quarter longer. */
struct link_todo link_step(struct link_life *life, enum link_event event,
                           const struct link_times *times, uint64_t now_ms, uint64_t random);

/* When the next LINK_TICK is due; UINT64_MAX if none is. */
uint64_t link_wake_at(const struct link_life *life, const struct link_times *times);

/* How often to ask for a sign of life: often enough for the lease and to notice silence. */
uint64_t link_ping_every(uint64_t near_lease_ms, uint64_t node_timeout_ms);

const char *link_state_name(enum link_state state);

#endif
