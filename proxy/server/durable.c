/* Who waits for the disk.
 *
 * The connections that have something withheld are in a list. When more is safe each of them is
 * looked at, and those that may send more are among the touched ones, which are about to be
 * flushed. */

#include "proxy/server/durable.h"

#include "cache/persist/aof.h"
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

/* Those that said WAITAOF, when more is on the disk, or the file has become whole. */
static void ask_again(struct server *server)
{
    if (server->waiting.told == NULL) {
        return;
    }
    struct aof_figures figures = aof_figures(server->parts.aof, server->now_ms);
    if (figures.synced_seq != server->synced.seq || figures.waits != server->synced.waits) {
        server->synced.seq = figures.synced_seq;
        server->synced.waits = figures.waits;
        waiting_ask_again(server);
    }
}

bool durable_turn(struct server *server)
{
    if (server->parts.aof == NULL || server->loading) {
        return false;
    }
    bool more = take_slice(server);
    persisting_hold(server);
    withhold_writers(server);
    if (server->withheld != NULL) {
        release(server);
    }
    ask_again(server);
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
