/* Runs what one read brought, many requests at a time. */

#include "proxy/server/batch.h"

#include "proxy/server/dispatch.h"
#include "proxy/server/state.h"

bool batch_must_wait(const struct session *session)
{
    return session->paused || answers_bytes(&session->answers) > BATCH_OUTPUT_MAX ||
           session->answers.waiting > (session->crossing ? 0 : BATCH_WAITING_MAX);
}

bool batch_may_go_on(const struct session *session)
{
    return !session->paused && answers_bytes(&session->answers) < BATCH_OUTPUT_MAX / 2 &&
           session->answers.waiting < (session->crossing ? 1 : BATCH_WAITING_MAX / 2);
}

/* Whether the session may be in another database after this request. */
static bool may_cross(const struct span *argv, size_t argc)
{
    return (argc == 2 && span_is(argv[0], "select")) || (argc == 1 && span_is(argv[0], "reset"));
}

/* Reads up to a batch of requests. ERR_OK: the batch is full. In a mesh a request that may change
 * the database fills it, so that what follows can be held back. */
static enum err fill(struct batch *batch, struct resp_reader *reader,
                     const struct resp_limits *limits, struct span in, size_t *used)
{
    /* AUTH lifts the limits for strangers: look at each request with those it leaves. */
    size_t max = limits->authenticated ? BATCH_MAX : 1;

    batch->count = 0;
    *used = 0;
    while (batch->count < max) {
        size_t first = batch->args.count;
        size_t taken;
        enum err err = resp_read(reader, limits, span_skip(in, *used), &batch->args, &taken);
        if (err != ERR_OK) {
            return err;
        }
        *used += taken;
        if (batch->args.count == first) {
            continue;
        }
        batch->firsts[batch->count] = first;
        batch->requests[batch->count].argc = batch->args.count - first;
        batch->count++;
        if (batch->in_mesh && may_cross(batch->args.spans + first, batch->args.count - first)) {
            break;
        }
    }
    return ERR_OK;
}

static void find_all(struct server *server, int db)
{
    struct batch *batch = &server->batch;
    const struct command_table *table = server->parts.commands;

    for (size_t i = 0; i < batch->count; i++) {
        struct request *request = &batch->requests[i];
        request->argv = batch->args.spans + batch->firsts[i];
        request->key_hash = 0;
        request_find(request, table, batch->familiar);
        if (request->command == NULL) {
            continue;
        }
        size_t key = request_first_key(request);
        if (key != 0) {
            request->key_hash = cache_hash(server->parts.cache, request->argv[key]);
            request->key_at = key;
            if (batch->count > 1) {
                cache_prefetch_bucket(server->parts.cache, db, request->key_hash);
            }
        }
    }
}

/* SELECT in the middle of a batch makes the later hints useless, not wrong. */
static void prefetch_all(struct server *server, int db)
{
    struct batch *batch = &server->batch;

    if (batch->count == 1) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->requests[i].key_hash != 0) {
            cache_prefetch_entry(server->parts.cache, db, batch->requests[i].key_hash);
        }
    }
}

/* Returns how many were run; the rest is for later, or never. The clock is read when the command
 * changes, not for each request (timing.c). */
static size_t run_all(struct server *server, struct session *session)
{
    struct batch *batch = &server->batch;
    struct stopwatch watch;
    size_t ran = 0;

    stopwatch_start(&watch);
    while (ran < batch->count && (session->end | session->paused) == 0) {
        struct request *request = &batch->requests[ran++];
        uint64_t commands = session->commands;
        dispatch(server, session, request);
        stopwatch_lap(&watch, session->commands != commands);
        bool last = ran == batch->count || (session->end | session->paused) != 0;
        if (last || batch->requests[ran].id != request->id) {
            stopwatch_end_run(&watch, server, session, batch->requests + ran - watch.count);
        }
    }
    return ran;
}

/* How many bytes of `in` the first requests are; those behind them will be read again. Rare, so
 * they are counted by reading them once more, and their places are not kept. */
static size_t bytes_of(struct batch *batch, size_t count, struct resp_reader *reader,
                       const struct resp_limits *limits, struct span in)
{
    size_t used = 0;

    resp_reader_fini(reader);
    resp_args_clear(&batch->args);
    while (count > 0) {
        size_t first = batch->args.count;
        size_t taken;
        enum err err = resp_skip(reader, limits, span_skip(in, used), &batch->args, &taken);
        assert(err == ERR_OK);
        used += taken;
        count -= batch->args.count > first;
    }
    return used;
}

/* Whether the last request was not run: it waits for the end of a pause, or for nothing but the
 * answers of those before. */
static bool put_back(struct session *session)
{
    if (!session->put_back) {
        return false;
    }
    session->put_back = false;
    if (session->held == NULL) {
        session->paused = false;
        session->crossing = true;
    }
    return true;
}

/* The map may be another one than a turn ago. */
static void look_at_map(struct server *server)
{
    server->ring = server->parts.peers == NULL ? NULL : peers_ring(server->parts.peers);
    server->batch.in_mesh = server->ring != NULL;
    server->special &= ~(unsigned)SPECIAL_MESH;
    server->special |= server->batch.in_mesh ? SPECIAL_MESH : 0;
}

enum batch_end batch_run(struct server *server, struct session *session, struct resp_reader *reader,
                         struct span in, size_t *used)
{
    struct resp_limits limits = { .bulk_max = server->options->proto_max_bulk_len };
    size_t ran = 0;

    *used = 0;
    look_at_map(server);
    while (!batch_must_wait(session)) {
        size_t taken;
        int db = session->db;
        session->crossing = false;
        limits.authenticated = session->authenticated;
        struct span rest = span_skip(in, *used);
        enum err err = fill(&server->batch, reader, &limits, rest, &taken);
        if (server->batch.count > 0) {
            find_all(server, session->db);
            prefetch_all(server, session->db);
            size_t count = run_all(server, session);
            ran += count;
            session->crossing = session->db != db;
            if (session->paused) {
                count -= put_back(session);
                taken = bytes_of(&server->batch, count, reader, &limits, rest);
                err = ERR_OK;
            }
        }
        *used += taken;
        resp_args_clear(&server->batch.args);

        if (session->end != SESSION_OPEN) {
            return BATCH_CLOSING;
        }
        if (err != ERR_OK) {
            return err == ERR_MORE ? BATCH_MORE : BATCH_BROKEN;
        }
        if (ran >= BATCH_TURN_MAX) {
            return BATCH_AGAIN;
        }
    }
    return BATCH_FULL;
}
