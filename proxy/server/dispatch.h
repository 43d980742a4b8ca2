#ifndef PODIS_PROXY_SERVER_DISPATCH_H
#define PODIS_PROXY_SERVER_DISPATCH_H

/* The path of a request; the .c is the file to read first. */

#include "proxy/routing/route.h"
#include "proxy/server/request.h"

struct server;
struct session;

/* Answers the request, or sees to it that its answer will come in its turn. request_find() was
 * called on it. */
void dispatch(struct server *server, struct session *session, const struct request *request);

/* Where the request would go. */
struct route dispatch_route(struct server *server, const struct session *session,
                            const struct request *request);

#endif
