/* Who waits for the disk.
 *
 * The connections that have something withheld are in a list. When more is safe each of them is
 * looked at, and those that may send more are among the touched ones, which are about to be
 * flushed. */

#include "proxy/server/durable.h"

#include "cache/persist/aof.h"
#include "proxy/server/pause.h"
#include "proxy/server/persisting.h"
#include "proxy/server/state.h"

enum {
    SLICE_NS = 400 * 1000,
    SLICE_BUCKETS = 4, /* Between two looks at the clock. */
};

static void withhold(struct server *server, struct connection *connection, uint64_t position)
{
    withheld_until(&connection->withheld, position, connection->session.answers.out.len);
    if (!connection->is_withheld) {
        connection->is_withheld = true;
        connection->next_withheld = server->withheld;
        server->withheld = connection;
    }
}

static void withhold_writers(struct server *server)
{
    struct aof_writers writers = aof_writers(server->parts.aof);

    for (size_t i = 0; writers.wait && i < writers.count; i++) {
        struct session *session = session_by_id(server, writers.ids[i]);
        if (session != NULL) {
            withhold(server, (struct connection *)session, writers.position);
        }
    }
}

static void release(struct server *server)
{
    struct connection **place = &server->withheld;
    uint64_t safe = aof_safe(server->parts.aof);

    while (*place != NULL) {
        struct connection *connection = *place;
        if (withheld_release(&connection->withheld, safe)) {
            connection->session.answers.ready(&connection->session.answers);
        }
        if (withheld_is_on(&connection->withheld)) {
            place = &connection->next_withheld;
        } else {
            connection->is_withheld = false;
            *place = connection->next_withheld;
        }
    }
}

void durable_forget(struct connection *connection)
{
    struct connection **place = &connection->session.server->withheld;

    if (!connection->is_withheld) {
        return;
    }
    while (*place != connection) {
        place = &(*place)->next_withheld;
    }
    *place = connection->next_withheld;
    connection->is_withheld = false;
}

static void hold_writes(struct server *server)
{
    bool behind = aof_is_behind(server->parts.aof);

    if (behind != server->rewrite_is_behind) {
        server->rewrite_is_behind = behind;
        if (behind) {
            pause_begin(server, PAUSE_FOR_SNAPSHOT, PAUSE_WRITES, PAUSE_FOR_EVER);
        } else {
            pause_lift(server, PAUSE_FOR_SNAPSHOT);
        }
    }
}

/* A slice of a rewrite is bounded by the clock, as that of another snapshot. */
static bool take_slice(struct server *server)
{
    struct aof *aof = server->parts.aof;
    uint64_t until_ns = aof_is_saving(aof) ? timing_clock_ns() + SLICE_NS : 0;
    bool more;

    do {
        more = aof_turn(aof, server->now_ms, SLICE_BUCKETS);
    } while (more && aof_is_saving(aof) && timing_clock_ns() < until_ns);
    return more;
}

bool durable_turn(struct server *server)
{
    if (server->parts.aof == NULL || server->loading) {
        return false;
    }
    bool more = take_slice(server);
    hold_writes(server);
    withhold_writers(server);
    if (server->withheld != NULL) {
        release(server);
    }
    if (server->waiting.told != NULL) {
        waiting_ask_again(server); /* WAITAOF */
    }
    if (aof_refuses_writes(server->parts.aof) != NULL || server->special & SPECIAL_UNSAVED) {
        persisting_look(server);
    }
    return more;
}

void durable_tick(struct server *server)
{
    if (server->parts.aof != NULL && !server->loading) {
        aof_tick(server->parts.aof, server->now_ms);
    }
}
