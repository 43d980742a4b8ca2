/* The stream of a primary, applied and passed on.
 *
 * It is run as a client's requests are, but nothing of it is refused, answered or routed, and its
 * time is over: what has expired the primary says. A transaction is kept until its EXEC is there,
 * so that nobody here ever sees half of one, and neither does a replica of ours. Only then does
 * the offset move: a link that is lost in between is taken up again in front of MULTI. */

#include "proxy/server/replay.h"

#include "cache/base/memory.h"
#include "proxy/server/dispatch.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/state.h"
#include "proxy/server/transaction.h"

enum { REQUESTS_PER_TURN = 8 * 1024 };

/* What the primary says to us rather than to the data. True: it was that. */
static bool is_talk(struct replication *replication, const struct request *request)
{
    const char *name = request->command->name;

    if (strcmp(name, "ping") == 0) {
        return true;
    }
    if (strcmp(name, "replconf") != 0) {
        return false;
    }
    if (request->argc > 1 && span_is(request->argv[1], "getack")) {
        following_acknowledge(replication);
    }
    return true;
}

static void run(struct session *link, const struct request *request)
{
    struct server *server = link->server;
    struct buf error;

    buf_init(&error, SIZE_MAX / 2);
    struct reply reply = reply_into(&error, 2);
    dispatch_run(server, link, request, &reply);
    if (reply.failed) {
        struct span text = buf_span(&error);
        log_warning(server->parts.log,
                    "== CRITICAL == This replica answers its primary an error: '%.*s' after "
                    "processing the command '%s'",
                    span_shown(text), text.bytes, request->command->name);
    }
    buf_fini(&error);
}

static void run_transaction(struct session *link)
{
    struct cache *cache = link->server->parts.cache;
    struct queue queue;

    transaction_take(link, &queue);
    cache_unit_begin(cache);
    for (struct queued *at = queue.first; at != NULL; at = at->next) {
        run(link, &at->request);
    }
    cache_unit_end(cache);
    queue_free(&queue);
}

static void apply(struct replication *replication, struct session *link,
                  const struct request *request)
{
    const struct command *command = request->command;

    if (command == NULL || !command_arity_fits(command, request->argc)) {
        log_warning(link->server->parts.log,
                    "== CRITICAL == The primary sends what is not known here and is passed over: "
                    "'%.*s'",
                    span_shown(request->argv[0]), request->argv[0].bytes);
    } else if (is_talk(replication, request)) {
        return;
    } else if (strcmp(command->name, "multi") == 0) {
        transaction_begin(link);
    } else if (command == link->server->exec_row) {
        if (transaction_is_open(link)) {
            run_transaction(link);
        }
    } else if (transaction_is_open(link)) {
        transaction_queue(link, request);
    } else {
        run(link, request);
    }
}

/* These bytes were read. They go on when what they belong to is applied. */
static void pass_on(struct replication *replication, struct session *link, struct span bytes)
{
    struct buf *unit = &replication->following.unit;

    if (transaction_is_open(link) || unit->len > 0) {
        bool fits = buf_add(unit, bytes);
        assert(fits);
        if (!transaction_is_open(link)) {
            stream_relay(&replication->stream, buf_span(unit));
            buf_consume(unit, unit->len);
            buf_trim(unit, 0);
        }
        return;
    }
    stream_relay(&replication->stream, bytes);
}

/* One request. `in` begins with it. */
static enum err feed_one(struct replication *replication, struct session *link,
                         struct resp_reader *reader, struct span in, size_t *taken)
{
    struct server *server = link->server;
    const struct resp_limits limits = { .bulk_max = UINT32_MAX, .authenticated = true };
    struct resp_args *args = &server->batch.args;
    struct request request = { 0 };

    enum err err = resp_read(reader, &limits, in, args, taken);
    if (err != ERR_OK) {
        return err;
    }
    if (args->count > 0) {
        request.argv = args->spans;
        request.argc = args->count;
        request_find(&request, server->parts.commands, server->batch.familiar);
        apply(replication, link, &request);
    }
    resp_args_clear(args);
    pass_on(replication, link, (struct span){ in.bytes, *taken });
    return ERR_OK;
}

enum batch_end replay_feed(struct replication *replication, struct session *link,
                           struct resp_reader *reader, struct span in, size_t *used)
{
    struct server *server = link->server;
    enum err err = ERR_OK;

    *used = 0;
    cache_replay_begin(server->parts.cache, server->now_ms);
    for (size_t i = 0; i < REQUESTS_PER_TURN && err == ERR_OK && link->end == SESSION_OPEN; i++) {
        size_t taken;
        err = feed_one(replication, link, reader, span_skip(in, *used), &taken);
        *used += err == ERR_OK ? taken : 0;
    }
    cache_replay_end(server->parts.cache);
    if (link->end != SESSION_OPEN) {
        return BATCH_CLOSING;
    }
    switch (err) {
    case ERR_OK:
        return BATCH_AGAIN;
    case ERR_MORE:
        return BATCH_MORE;
    default:
        return BATCH_BROKEN;
    }
}

void replay_forget(struct replication *replication)
{
    buf_fini(&replication->following.unit);
    buf_init(&replication->following.unit, SIZE_MAX / 2);
}
