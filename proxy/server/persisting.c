/* A slice is bounded by the clock, since nobody knows how large the values of a bucket are; a
 * large one is still one piece. Between slices requests are run as ever. */

#include "proxy/server/persisting.h"

#include "cache/persist/aof.h"
#include "cache/persist/persistence.h"

#include <stdio.h>

enum {
    SLICE_NS = 400 * 1000,
    SLICE_BUCKETS = 4, /* Between two looks at the clock. */
};

static const char misconf[] =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
    "persist to disk. Commands that may modify the data set are disabled, because this "
    "instance is configured to report errors during writes if RDB snapshotting fails "
    "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about "
    "the RDB error.";

void persisting_hold(struct server *server)
{
    const struct server_parts *parts = &server->parts;
    bool behind = (parts->persistence != NULL && persistence_is_behind(parts->persistence)) ||
                  (parts->aof != NULL && aof_is_behind(parts->aof));

    if (behind == server->snapshot_is_behind) {
        return;
    }
    server->snapshot_is_behind = behind;
    if (behind) {
        pause_begin(server, PAUSE_FOR_SNAPSHOT, PAUSE_WRITES, PAUSE_FOR_EVER);
    } else {
        pause_lift(server, PAUSE_FOR_SNAPSHOT);
    }
}

/* The reason of the RDB file is told before the log's. */
static bool refuses(struct server *server)
{
    const struct server_parts *parts = &server->parts;

    if (parts->persistence != NULL && persistence_refuses_writes(parts->persistence)) {
        snprintf(server->misconf, sizeof(server->misconf), "%s", misconf);
        return true;
    }
    const char *why = parts->aof == NULL ? NULL : aof_refuses_writes(parts->aof);
    if (why != NULL) {
        snprintf(server->misconf, sizeof(server->misconf),
                 "MISCONF Errors writing to the AOF file: %s", why);
    }
    return why != NULL;
}

void persisting_look(struct server *server)
{
    if (refuses(server)) {
        server->special |= SPECIAL_UNSAVED;
    } else {
        server->special &= ~(unsigned)SPECIAL_UNSAVED;
    }
}

bool persisting_turn(struct server *server)
{
    struct persistence *persistence = server->parts.persistence;
    bool more;

    if (persistence == NULL || server->loading || !persistence_wants_turn(persistence)) {
        return false;
    }
    uint64_t until_ns = timing_clock_ns() + SLICE_NS;
    do {
        more = persistence_turn(persistence, server->now_ms, SLICE_BUCKETS);
    } while (more && timing_clock_ns() < until_ns);
    persisting_hold(server);
    if (!persistence_is_saving(persistence)) {
        persisting_look(server);
    }
    return more;
}

void persisting_tick(struct server *server)
{
    if (server->parts.persistence != NULL && !server->loading) {
        persistence_tick(server->parts.persistence, server->now_ms);
        persisting_look(server);
    }
}
