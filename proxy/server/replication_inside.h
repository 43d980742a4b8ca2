#ifndef PODIS_PROXY_SERVER_REPLICATION_INSIDE_H
#define PODIS_PROXY_SERVER_REPLICATION_INSIDE_H

/* What replication's files have from each other, and its commands look at. */

#include "proxy/replication/stream.h"
#include "proxy/server/following.h"
#include "proxy/server/replicas.h"
#include "proxy/server/replication.h"
#include "proxy/server/resync.h"

enum { REPLICATION_ID_ROOM = HISTORY_ID_LEN + 1 };

struct replication {
    struct server *server;
    struct stream stream;
    uint64_t random_state;

    struct replica *first; /* From WAITS on. */
    size_t count;
    size_t good; /* Of the last look. */
    struct resync resync;
    uint64_t looked_at_ms, pinged_at_ms;
    uint64_t alone_since_ms; /* Since when nobody follows; 0: somebody does. */
    uint64_t full_syncs, partial_syncs, refused_partial_syncs;
    bool started;    /* What the directive says was looked at. */
    bool wants_acks; /* Somebody waits for them: they are asked for at the end of this turn. */

    struct following following;
};

/* The one of a server. */
struct replication *replication_of(const struct server *server);

/* 40 hex digits. */
void replication_new_id(struct replication *replication, char id[REPLICATION_ID_ROOM]);
/* How far the stream is, all that was done counted. */
uint64_t replication_offset(struct replication *replication);
/* What is refused may have changed. */
void replication_look(struct replication *replication);
/* Nobody can go on from what was: the data is another, or nobody watched. */
void replication_rename(struct replication *replication);

#endif
