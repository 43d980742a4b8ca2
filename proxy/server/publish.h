#ifndef PODIS_PROXY_SERVER_PUBLISH_H
#define PODIS_PROXY_SERVER_PUBLISH_H

/* Messages on their way to all members of a mesh.
 *
 * PUBLISH said by a client is run at every member: its row says so, and the client hears how many
 * got it. Said by a script or in a transaction it is run once, by the member that runs the whole;
 * the others are told by that member, which waits for none of them, and counts its own listeners
 * only, as a node of Redis Cluster does. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct command;

/* A publish_fn of cache/cache.h; the context is the struct server. */
uint64_t publish_message(void *context, bool shard, struct span channel, struct span message);

/* Whether a command may be part of a transaction though all members answer it: here it is
 * answered by one, and publish_message() sees to the others. */
bool publish_is_for_all(const struct command *command);

#endif
