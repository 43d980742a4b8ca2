#ifndef PODIS_PROXY_SERVER_REPLICAS_H
#define PODIS_PROXY_SERVER_REPLICAS_H

/* Those who follow us: what each is told, and how far it has come.
 *
 *            REPLCONF       PSYNC, SYNC      a snapshot begins         it has left
 *     (none) --------> TALKS ----------> WAITS -----------> RECEIVES -----------> LOADS
 *                        |                                                          |
 *                        | PSYNC: what it lacks                                     | its first
 *                        | is in the backlog                                        | REPLCONF ACK
 *                        +--------------------------> ONLINE <----------------------+
 *
 * From RECEIVES on it is owed the stream as it was made since the snapshot began. That is kept in
 * `pending` until ONLINE, and goes out with its answers from then on. A file-based snapshot needs
 * no acknowledgement: its end is known, so LOADS is passed at once. If a snapshot is called off,
 * those who RECEIVE are closed, and come again. */

#include "cache/base/buf.h"
#include "cache/base/span.h"
#include "proxy/server/answers.h"

#include <stdint.h>

struct replication;
struct server;
struct session;

enum replica_state {
    REPLICA_TALKS,
    REPLICA_WAITS,
    REPLICA_RECEIVES,
    REPLICA_LOADS,
    REPLICA_ONLINE,
};

struct replica {
    struct session *session;
    struct replica *next; /* From WAITS on, in order of arrival. */
    enum replica_state state;
    char *announced_ip; /* NULL: where it comes from. */
    uint16_t port;      /* Where it listens; 0: it did not say. */
    bool takes_marks;   /* capa eof: a snapshot whose length is not known. */
    bool takes_names;   /* capa psync2: +CONTINUE may say another name. */
    bool is_old;        /* SYNC: it acknowledges nothing. */
    bool rdb_only;      /* It wants a snapshot and no stream. */
    bool no_keys;       /* And of it the functions alone (rdb-filter-only). */
    struct buf pending;
    uint64_t acked;         /* The offset it has applied. */
    uint64_t synced;        /* The offset it has in its append-only file. */
    uint64_t heard_at_ms;   /* When it last said so. */
    uint64_t waits_from_ms; /* WAITS */
};

/* The session's; made when it is asked for first. */
struct replica *replica_of_session(struct session *session);
/* It asks for the stream. `id` "?": it has nothing. Answers, or sees to it that it is answered. */
void replica_psync(struct session *session, struct span id, uint64_t offset, struct reply *reply);
void replica_sync(struct session *session);
/* REPLCONF ACK. */
void replica_acknowledge(struct session *session, uint64_t offset, const uint64_t *synced);

static inline bool replica_is_counted(const struct replica *replica)
{
    return replica != NULL && replica->state != REPLICA_TALKS;
}

/* What the stream says; the context is the struct replication. */
void replicas_hear(void *context, struct span bytes);
/* Once a second: keep-alives, those who went silent, who is good. */
void replicas_look(struct server *server);
/* All of them go, as what they have is not what we are about to have. */
void replicas_drop(struct server *server);
void replicas_forget(struct session *session);

/* Bytes straight to it, behind what is queued. */
void replica_send(struct replica *replica, struct span bytes);
/* Its snapshot has left. */
void replica_received(struct replica *replica, bool must_acknowledge);

size_t replicas_count(const struct server *server);
/* How many have applied, or have on disk, everything up to an offset. */
size_t replicas_with(const struct server *server, uint64_t offset);
size_t replicas_synced(const struct server *server, uint64_t offset);
/* Asks all of them how far they are. */
void replicas_ask(struct server *server);
/* Their lags are short enough, of how many. */
size_t replicas_good(const struct server *server);

/* Where it is: its own word for it, or its socket's. */
void replica_address(const struct replica *replica, char *text, size_t size);

#endif
