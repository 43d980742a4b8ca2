/* Serving others while a script runs.
 *
 * The script runs deep inside the event loop: in a callback of it, in the run of one client's
 * batch. The loop itself cannot go on from there: it would run background work, expiry and peers'
 * requests in the middle of the script. So what is done here is a small loop of its own over the
 * sockets of clients, with poll(), that reads, runs and writes, and nothing else.
 *
 *     1  What the interrupted batch uses is put aside: its requests, and the buffer in which their
 *        bytes are.
 *     2  The client whose script it is, is neither read nor written: its answer is half done.
 *     3  No connection is freed. Somebody further up may hold it; those that end do so after the
 *        script.
 *     4  Clients with a request that waits, or with more requests than one turn takes, wait on.
 *        So do other members of the mesh: what they forward is answered when the script is over.
 *        So does the stream of a primary: it would change what the script works on. */

#include "proxy/server/busy.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/script/engine.h"
#include "proxy/server/connection.h"
#include "proxy/server/listener.h"
#include "proxy/server/state.h"

#include <poll.h>

#define EVERY_NS  (5 * UINT64_C(1000000))
#define NS_PER_MS UINT64_C(1000000)

/* What was put aside. */
struct aside {
    struct batch batch;
    char *read_buffer;
};

struct places {
    struct pollfd *polls;
    struct connection **connections;
    size_t count, room;
};

/* --- aside --- */

static void put_aside(struct server *server, struct aside *aside)
{
    aside->batch = server->batch;
    aside->read_buffer = server->read_buffer;
    memset(&server->batch, 0, sizeof(server->batch));
    server->batch.in_mesh = aside->batch.in_mesh;
    server->read_buffer = memory_alloc(READ_BYTES);
}

static void put_back(struct server *server, const struct aside *aside)
{
    resp_args_fini(&server->batch.args);
    memory_free(server->read_buffer);
    server->batch = aside->batch;
    server->read_buffer = aside->read_buffer;
}

/* --- clients --- */

static bool may_be_served(const struct server *server, const struct connection *connection)
{
    const struct session *session = &connection->session;

    return session != server->running && session->end == SESSION_OPEN && !session->greeted &&
           !session->to_primary && !session->paused && session->wait == NULL &&
           session->held == NULL && !connection->unfinished && !connection->must_wait &&
           !connection->input_ended && !connection->lingering;
}

static void collect(struct places *places, const struct server *server)
{
    *places = (struct places){ .room = server->count };
    places->polls = memory_alloc((places->room + 1) * sizeof(*places->polls));
    places->connections = memory_alloc((places->room + 1) * sizeof(struct connection *));
    for (struct session *session = server->first; session != NULL; session = session->next) {
        struct connection *connection = (struct connection *)session;
        if (may_be_served(server, connection)) {
            assert(places->count < places->room);
            places->polls[places->count] = (struct pollfd){ .fd = session->fd, .events = POLLIN };
            places->connections[places->count++] = connection;
        }
    }
}

/* One may close another: so it is asked again. */
static void serve(struct server *server)
{
    struct places places;

    server->handshakes = 0;
    listeners_accept_waiting(server);
    collect(&places, server);
    if (poll(places.polls, places.count, 0) > 0) {
        for (size_t i = 0; i < places.count; i++) {
            if (places.polls[i].revents != 0 && may_be_served(server, places.connections[i])) {
                connection_read(places.connections[i]);
            }
        }
    }
    memory_free(places.polls);
    memory_free(places.connections);
    connections_write(server, server->running);
}

static void serve_aside(struct server *server)
{
    struct aside *aside = memory_alloc(sizeof(*aside));
    const struct ring *ring = server->ring;

    put_aside(server, aside);
    serve(server);
    put_back(server, aside);
    server->ring = ring;
    memory_free(aside);
}

/* --- a script --- */

void busy_begin(struct server *server)
{
    server->scripting.since_ns = timing_clock_ns();
    server->scripting.looked_at_ns = 0;
}

void busy_end(struct server *server)
{
    server->special &= ~(unsigned)SPECIAL_BUSY;
}

static void become_busy(struct server *server, const struct script_run *run, uint64_t ns)
{
    server->special |= SPECIAL_BUSY;
    server->scripting.is_function = run->is_function;
    log_warning(server->parts.log,
                "Slow script detected: still in execution after %llu milliseconds. You can try "
                "killing the script using the %s command. Script name is: %s.",
                (unsigned long long)(ns / NS_PER_MS),
                run->is_function ? "FUNCTION KILL" : "SCRIPT KILL", run->name);
}

bool busy_look(struct server *server, const struct script_run *run)
{
    struct scripting *scripting = &server->scripting;
    uint64_t threshold_ms = (uint64_t)server->options->busy_reply_threshold;
    uint64_t now_ns = timing_clock_ns();
    uint64_t ns = now_ns - scripting->since_ns;

    if (server->running == NULL || threshold_ms == 0 || ns / NS_PER_MS < threshold_ms) {
        return true;
    }
    if (!(server->special & SPECIAL_BUSY)) {
        become_busy(server, run, ns);
    }
    if (now_ns - scripting->looked_at_ns >= EVERY_NS) {
        serve_aside(server);
        scripting->looked_at_ns = timing_clock_ns();
    }
    return !server->draining;
}

bool busy_refuses(const struct request *request)
{
    return !(request->command->flags & CMD_ALLOW_BUSY);
}

struct span busy_error(const struct server *server)
{
    return server->scripting.is_function ? SPAN(ENGINE_BUSY_FUNCTION) : SPAN(ENGINE_BUSY);
}
