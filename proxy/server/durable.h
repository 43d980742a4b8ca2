#ifndef PODIS_PROXY_SERVER_DURABLE_H
#define PODIS_PROXY_SERVER_DURABLE_H

/* The server's side of the append-only file (cache/persist/aof.h): tells it of the end of each
 * turn, and withholds the answers of those who wrote until that is safe (withhold.h). */

#include "proxy/server/connection.h"

struct server;

/* At the end of a turn, ahead of connections_flush(). True: there is more to do at once. */
bool durable_turn(struct server *server);
void durable_tick(struct server *server);

/* The connection is about to be freed. */
void durable_forget(struct connection *connection);

#endif
