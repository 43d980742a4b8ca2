#ifndef PODIS_TESTS_UNIT_PROXY_PEERS_FAKE_PEER_H
#define PODIS_TESTS_UNIT_PROXY_PEERS_FAKE_PEER_H

/* Another podis, as far as a link can see it: a socket on a free port of 127.0.0.1 with a store
 * behind it, on the test's own loop. It greets, tracks keys as OPTIN says, and pushes. A test can
 * make it misbehave. */

#include "cache/cache.h"

#include <ev.h>

enum { FAKE_CONNECTIONS = 8, FAKE_TRACKED = 64 };

struct fake_peer;

struct fake_connection {
    struct fake_peer *fake;
    ev_io watcher;
    int fd; /* -1: free. */
    int db;
    bool caching;
    struct buf in;
    struct buf out;
    char tracked[FAKE_TRACKED][64];
    size_t tracked_count;
};

struct fake_peer {
    struct ev_loop *loop;
    struct cache *cache;
    const struct command_table *commands;
    ev_io accepting;
    int fd;
    uint16_t port;
    struct fake_connection connections[FAKE_CONNECTIONS];

    bool mute;           /* Reads, and says nothing. */
    bool holds;          /* Leaves store commands unanswered, as if they waited for a key. */
    bool refuse;         /* Refuses the hello. */
    const char *refusal; /* The error that answers all of the greeting; NULL: none. */
    size_t moved;        /* Answers so many store commands with MOVED. */
    const char *moved_to;
    const char *say_instead; /* Raw bytes, once, as the answer to the next store command. */
    bool hang_up;            /* Closes after saying that. */
    size_t asked;            /* Store commands seen. */
    size_t gets;
    size_t pings;
    size_t accepted;
};

/* Listens at once. */
void fake_init(struct fake_peer *fake, struct ev_loop *loop, const struct command_table *commands);
void fake_fini(struct fake_peer *fake);
void fake_listen(struct fake_peer *fake);
/* Nobody listens any more, and all connections are cut. */
void fake_stop(struct fake_peer *fake);
/* Cuts one connection, or all. */
void fake_close(struct fake_connection *connection);
void fake_close_all(struct fake_peer *fake);
/* Sends what pushes have left in the buffers. */
void fake_write(struct fake_connection *connection);

#endif
