#ifndef PODIS_PROXY_SERVER_FOLLOWING_H
#define PODIS_PROXY_SERVER_FOLLOWING_H

/* Whom this process follows: the link to its primary.
 *
 *               REPLICAOF          a second later             connected
 *     NOBODY ------------> APART ------------------> CONNECTS ---------> GREETS
 *        ^                  ^ ^                         |                |    |
 *        |                  | +------ it failed --------+----------------+    | +FULLRESYNC
 *        |                  |                                       |         v
 *        | REPLICAOF        | the link is lost       +CONTINUE      |     RECEIVES --> LOADS
 *        | NO ONE,          |                                       |                    |
 *        | from anywhere    +----------------------------------- ONLINE <----------------+
 *
 * From GREETS on the link is a connection like a client's (connection.h), whose input is taken by
 * following_feed(). While it LOADS nothing is read from it. */

#include "cache/base/buf.h"
#include "proxy/replication/greeting.h"
#include "proxy/replication/payload.h"
#include "proxy/server/batch.h"

#include <ev.h>
#include <stdint.h>

struct dns;
struct rdb_reader;
struct replication;
struct server;
struct session;
struct spool;

enum following_state {
    FOLLOWING_NOBODY,
    FOLLOWING_APART,
    FOLLOWING_CONNECTS,
    FOLLOWING_GREETS,
    FOLLOWING_RECEIVES,
    FOLLOWING_LOADS,
    FOLLOWING_ONLINE,
};

struct following {
    enum following_state state;
    char *host; /* NULL: nobody's. */
    uint16_t port;
    bool may_continue; /* What we have is a place in a history that others may know. */
    int db;            /* Selected in the stream, where it was lost. */

    struct dns *dns; /* Made when a name is to be looked up. */
    uint64_t asked;  /* Number of the question that counts. */
    int fd;          /* CONNECTS: -1 while the name is looked up. */
    struct ev_io connecting;

    struct session *link;
    struct greeting greeting;
    struct payload payload;
    struct spool *spool;
    struct rdb_reader *reader;
    struct span loading; /* What it reads. */
    struct buf unit;     /* From MULTI to EXEC of the stream, as it came. */

    uint64_t retry_at_ms, began_at_ms, heard_at_ms, said_at_ms;
    uint64_t apart_since_ms; /* 0: it was never online. */
};

void following_init(struct following *following);
void following_fini(struct replication *replication);

/* REPLICAOF; again with another primary as well. */
void following_begin(struct replication *replication, struct span host, uint16_t port,
                     bool may_continue);
/* REPLICAOF NO ONE. */
void following_end(struct replication *replication);

/* What the link brought; as batch_run(). */
enum batch_end following_feed(struct session *link, struct resp_reader *reader, struct span in,
                              size_t *used);
/* The link is about to be freed. */
void following_lost(struct session *link);

void following_turn(struct replication *replication);
/* Once a second. */
void following_look(struct replication *replication);

/* Tells the primary how far we are. */
void following_acknowledge(struct replication *replication);

/* "connect", "connecting", "handshake", "sync", "connected", as ROLE says it. */
const char *following_word(const struct following *following);

static inline bool following_is_on(const struct following *following)
{
    return following->state != FOLLOWING_NOBODY;
}

#endif
