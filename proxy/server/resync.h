#ifndef PODIS_PROXY_SERVER_RESYNC_H
#define PODIS_PROXY_SERVER_RESYNC_H

/* A snapshot for all replicas that wait for one.
 *
 *                     repl-diskless-sync-delay is over, no other snapshot runs
 *     RESYNC_IDLE -----------------------------------------------------------------+
 *        ^   ^                                                                     |
 *        |   |  all of it is queued              marks: straight to their sockets  |
 *        |   +--------------------- RESYNC_STREAMS <-------------------------------+
 *        |                                                                         |
 *        |      all of it is queued                    none, or an old replica     |
 *        +------------ RESYNC_SENDS <---- RESYNC_WRITES <--------------------------+
 *                                    it is all in a file
 *
 * Called off from any state: the store was emptied, the disk is full, nobody is left. Who still
 * waits then waits for the next. */

#include "cache/base/span.h"

#include <stdint.h>

struct replication;
struct resync_file;
struct saving;

enum resync_state { RESYNC_IDLE, RESYNC_STREAMS, RESYNC_WRITES, RESYNC_SENDS };

struct resync {
    enum resync_state state;
    struct saving *saving;
    struct resync_file *file;
    bool called_off;
    char mark[41];
    uint64_t not_before_ms; /* After a failure. */
};

/* Begins one if it is time; goes on with one. */
void resync_turn(struct replication *replication);
bool resync_is_busy(const struct replication *replication);
/* Somebody is gone: maybe nobody is left to send it to. */
void resync_look(struct replication *replication);
/* Ends whatever runs. Before the cache and its jobs are freed. */
void resync_fini(struct replication *replication);

#endif
