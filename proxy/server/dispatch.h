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

/* Runs the request of a session that waits once more. False: it goes on waiting. */
bool dispatch_again(struct server *server, struct session *session, const struct request *request);

/* An answer that is made here without running the request: it is counted as if it had been. */
struct dispatch_answer {
    struct reply *reply;
    size_t begin; /* In reply->out. */
};
struct dispatch_answer dispatch_answer_begin(struct session *session);
void dispatch_answer_end(struct session *session, const struct request *request,
                         const struct dispatch_answer *answer);
/* Runs it on our own store now, whoever owns its keys, and writes the answer to `reply`. */
void dispatch_run(struct server *server, struct session *session, const struct request *request,
                  struct reply *reply);

/* Where the request would go. */
struct route dispatch_route(struct server *server, const struct session *session,
                            const struct request *request);

#endif
