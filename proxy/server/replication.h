#ifndef PODIS_PROXY_SERVER_REPLICATION_H
#define PODIS_PROXY_SERVER_REPLICATION_H

/* Replication, Redis's way: whom this process follows, and who follows it.
 *
 *                 following.c  replay.c                    replicas.c  resync.c
 *     a primary ==================> the store, the stream =================> replicas
 *
 * The two sides know each other only through the stream (proxy/replication/stream.h), so that a
 * replica has replicas like anybody else. */

#include "cache/command.h"
#include "cache/change.h"

#include <stdint.h>

struct replication;
struct server;
struct session;

struct replication *replication_new(struct server *server);
/* While sessions are still there. */
void replication_free(struct replication *replication);

/* A change_fn; context is the struct replication. */
void replication_change(void *context, const struct change *change);

/* Each turn, before answers are written; each tick. */
void replication_turn(struct server *server);
void replication_tick(struct server *server);
void replication_configure(struct server *server);
/* Whether replication_turn() has more to do at once. */
bool replication_is_busy(const struct server *server);

/* Whether a command of this session is refused, as a replica or for lack of replicas, and why.
 * Only asked while SPECIAL_REPLICATION is set. */
bool replication_refuses(const struct server *server, const struct session *session,
                         const struct command *command, struct span *error);

/* The session is about to be freed. */
void replication_forget(struct session *session);

/* A message is told to replicas as well. */
void replication_publish(struct server *server, bool shard, struct span channel,
                         struct span message);

/* A replica's lag and whether all of them have everything: for an exit that waits for them. */
bool replication_has_laggards(struct server *server);

#endif
