#ifndef PODIS_PROXY_SERVER_BUNDLE_H
#define PODIS_PROXY_SERVER_BUNDLE_H

/* A transaction as one request, for the member that owns all its keys:
 *
 *     PODIS.MESH EXEC numkeys key … token (argc word …) …
 *
 * The keys are said first, so that it is routed, forwarded and followed like any other request.
 * Those that are watched are among them. The token is that of their owner's watch, or empty.
 * The owner runs it with nothing in between, and its answer is EXEC's. */

#include "proxy/server/request.h"
#include "proxy/server/transaction.h"

struct pin;

struct bundle {
    struct request request; /* Good until bundle_fini(). */
    struct span *argv;
    char *numbers;
};

/* `row` is that of PODIS.MESH EXEC. The bundle borrows from the queue and from the pin, which may
 * be NULL. False if the transaction cannot be run elsewhere: *why is an error for the client, a
 * constant. */
bool bundle_init(struct bundle *bundle, const struct command *row, const struct queue *queue,
                 const struct pin *pin, const char **why);
void bundle_fini(struct bundle *bundle);

/* Takes the queue out of such a request; false if it is none. What is queued borrows from argv. */
bool bundle_read(const struct span *argv, size_t argc, const struct command_table *table,
                 struct queue *queue, struct span *token);

#endif
