#ifndef PODIS_PROXY_SERVER_REPLAY_H
#define PODIS_PROXY_SERVER_REPLAY_H

/* The stream of a primary, applied to the store and passed on. */

#include "proxy/server/batch.h"

struct replication;
struct session;

/* Applies the whole requests at the front of `in`, of a transaction only when its EXEC is there;
 * passes what was applied on to our own replicas, byte for byte. As batch_run(). */
enum batch_end replay_feed(struct replication *replication, struct session *link,
                           struct resp_reader *reader, struct span in, size_t *used);

/* The link is gone: what it had of a transaction is forgotten. */
void replay_forget(struct replication *replication);

#endif
