#ifndef PODIS_PROXY_SERVER_PERSISTING_H
#define PODIS_PROXY_SERVER_PERSISTING_H

/* The server's side of what is kept on disk: gives the snapshot its slices of time, holds writes
 * while it does not get rid of its bytes as fast as they come, and refuses them when the data
 * cannot be saved. */

#include "proxy/server/request.h"
#include "proxy/server/state.h"

/* Once in each turn. True: there is more to do at once. */
bool persisting_turn(struct server *server);
void persisting_tick(struct server *server);

/* Holds writes while a snapshot, for the RDB file or for the log, is behind. */
void persisting_hold(struct server *server);

/* After anything that may have made saving fail, or succeed. */
void persisting_look(struct server *server);

/* As Redis, PING is refused as well, so that a load balancer hears of it. */
static inline bool persisting_refuses(const struct server *server, const struct request *request)
{
    return server->special & SPECIAL_UNSAVED &&
           (request->command->flags & CMD_WRITE || request->command == server->ping_row);
}

/* What is answered then. */
static inline struct span persisting_misconf(const struct server *server)
{
    return span_from(server->misconf);
}

#endif
