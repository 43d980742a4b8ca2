#ifndef PODIS_PROXY_SERVER_TRANSACTION_H
#define PODIS_PROXY_SERVER_TRANSACTION_H

/* What a session has between MULTI and EXEC, and between WATCH and EXEC.
 *
 *                   MULTI                     EXEC, DISCARD
 *     (nothing) ------------> open: queues ------------------> (nothing)
 *         |                      ^
 *         |  WATCH               |  MULTI
 *         +-----------> watches -+        UNWATCH, EXEC: watches nothing
 *
 * A command that cannot be queued spoils the transaction: EXEC answers EXECABORT. A watched key
 * that changed, expired or was flushed makes EXEC answer nothing at all: null.
 * (https://redis.io/docs/manual/transactions/) */

#include "proxy/server/request.h"
#include "proxy/server/watch.h"

struct pin;
struct session;
struct transaction;

/* MULTI was said. */
bool transaction_is_open(const struct session *session);
/* How many commands are queued, and the bytes of them. */
size_t transaction_count(const struct session *session);
size_t transaction_bytes(const struct session *session);
/* The bytes of what it watches. */
size_t transaction_watched_bytes(const struct session *session);

void transaction_begin(struct session *session);
/* Copies the request to the end of the queue. */
void transaction_queue(struct session *session, const struct request *request);
/* EXEC will answer EXECABORT. Nothing happens if no transaction is open. */
void transaction_spoil(struct session *session);
bool transaction_is_spoiled(const struct session *session);

/* Whether a watched key changed, or is not there any more because its time is over. */
bool transaction_is_void(const struct session *session, uint64_t now_ms);

/* Watches a key of the session's database. `exists`: it is there. */
/* Whether it is known already that EXEC will do nothing. */
bool transaction_is_touched(const struct session *session);

void transaction_watch(struct session *session, struct watches *watches, struct span key,
                       bool exists);
/* What the session watches in a mesh; made when it is asked for the first time. */
struct pin *transaction_pin(struct session *session);
/* Whether another pod watches for the session. */
bool transaction_is_elsewhere(const struct session *session);

void transaction_unwatch(struct session *session);

/* Ends it and forgets what was queued. */
void transaction_end(struct session *session);

/* What was queued, in order. */
struct queue {
    struct queued *first, **last;
    size_t count;
    size_t bytes;
};
struct queued {
    struct queued *next;
    struct request request; /* argv and its bytes lie behind it. */
};
void queue_free(struct queue *queue);

/* Of an open transaction. */
const struct queue *transaction_queued(const struct session *session);
/* Takes the queue, and ends the transaction with all its watches: what runs may begin another. */
void transaction_take(struct session *session, struct queue *queue);
/* Takes the pin, ahead of transaction_take(). NULL: there is none. */
struct pin *transaction_take_pin(struct session *session);

#endif
