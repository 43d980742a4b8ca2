/* Replication: the parts together, and what the rest of the server asks of it.
 *
 * The stream leaves once a turn, when all of the turn's commands have run; whoever wants to know
 * the offset before that makes it leave. What is refused while following, or without enough
 * replicas, is one flag for dispatch(), set here whenever one of the reasons may have changed. */

#include "proxy/server/replication.h"

#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/persist/persistence.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/state.h"
#include "proxy/server/transaction.h"

enum { LOOK_MS = 1000 };

struct replication *replication_of(const struct server *server)
{
    return server->replication;
}

void replication_new_id(struct replication *replication, char id[REPLICATION_ID_ROOM])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < HISTORY_ID_LEN; i++) {
        id[i] = digits[random_next(&replication->random_state) & 15];
    }
    id[HISTORY_ID_LEN] = '\0';
}

/* Where the data was in a history when it was saved: a fact of the file. */
static void tell_place(void *context, struct rdb_facts *facts)
{
    struct replication *replication = context;
    const struct following *following = &replication->following;
    const struct stream *stream = &replication->stream;
    int db = following->link != NULL ? following->link->db : following->db;
    bool has_place = following_is_on(following)
                         ? following->may_continue || following->state == FOLLOWING_ONLINE
                         : stream_is_open(stream);

    if (has_place) {
        facts->replication_offset = (int64_t)replication_offset(replication);
        facts->replication_id = stream->history.id;
        facts->replication_db = following_is_on(following) ? db : stream->text.db;
    }
}

struct replication *replication_new(struct server *server)
{
    struct replication *replication = memory_zero(sizeof(*replication));
    char id[REPLICATION_ID_ROOM];

    replication->server = server;
    replication->pinged_at_ms = server->now_ms;
    replication->random_state = server->parts.seed ^ server->now_ms;
    replication_new_id(replication, id);
    stream_init(&replication->stream, id);
    replication->stream.heard = replicas_hear;
    replication->stream.context = replication;
    following_init(&replication->following);
    if (server->parts.persistence != NULL) {
        persistence_set_place(server->parts.persistence, tell_place, replication);
    }
    return replication;
}

void replication_free(struct replication *replication)
{
    if (replication == NULL) {
        return;
    }
    following_fini(replication);
    resync_fini(replication);
    stream_fini(&replication->stream);
    memory_free(replication);
}

void replication_change(void *context, const struct change *change)
{
    struct replication *replication = context;
    stream_change(&replication->stream, change);
}

void replication_publish(struct server *server, bool shard, struct span channel,
                         struct span message)
{
    struct stream *stream = &server->replication->stream;

    if (stream_is_open(stream)) {
        struct span argv[] = { shard ? SPAN("SPUBLISH") : SPAN("PUBLISH"), channel, message };
        struct change change = { .db = server->running == NULL ? -1 : server->running->db,
                                 .argv = argv,
                                 .argc = COUNT(argv),
                                 .joined = cache_unit_join(server->parts.cache) };
        stream_change(stream, &change);
    }
}

uint64_t replication_offset(struct replication *replication)
{
    if (!cache_unit_is_open(replication->server->parts.cache)) {
        stream_flush(&replication->stream);
    }
    return replication->stream.history.offset;
}

void replication_rename(struct replication *replication)
{
    char id[REPLICATION_ID_ROOM];

    replication_new_id(replication, id);
    history_rename(&replication->stream.history, id);
}

void replication_forget(struct session *session)
{
    if (session->to_primary) {
        following_lost(session);
    }
    replicas_forget(session);
}

/* --- what is refused --- */

static bool lacks_replicas(const struct replication *replication)
{
    const struct options *options = replication->server->options;

    return options->min_replicas_to_write > 0 && options->min_replicas_max_lag > 0 &&
           !following_is_on(&replication->following) &&
           replication->good < (uint64_t)options->min_replicas_to_write;
}

void replication_look(struct replication *replication)
{
    struct server *server = replication->server;
    bool follows = following_is_on(&replication->following);

    replication->good = replicas_good(server);
    if (server->pause.replica != follows) {
        pause_set_replica(server, follows);
    }
    if (follows || lacks_replicas(replication)) {
        server->special |= SPECIAL_REPLICATION;
    } else {
        server->special &= ~(unsigned)SPECIAL_REPLICATION;
    }
}

/* Whether a command, or with EXEC any that is queued, has one of these flags, or lacks it. */
static bool any_has(const struct server *server, const struct session *session,
                    const struct command *command, unsigned flag, bool has)
{
    if (command != server->exec_row || !transaction_is_open(session)) {
        return ((command->flags & flag) != 0) == has;
    }
    const struct queued *at = transaction_queued(session)->first;
    while (at != NULL && ((at->request.command->flags & flag) != 0) != has) {
        at = at->next;
    }
    return at != NULL;
}

/* Why only a primary may write here now; empty if that is not so. */
static struct span no_writes(const struct server *server)
{
    const struct replication *replication = server->replication;

    if (lacks_replicas(replication)) {
        return SPAN("NOREPLICAS Not enough good replicas to write.");
    }
    if (following_is_on(&replication->following) && server->options->replica_read_only) {
        return SPAN("READONLY You can't write against a read only replica.");
    }
    return SPAN("");
}

bool replication_refuses(const struct server *server, const struct session *session,
                         const struct command *command, struct span *error)
{
    const struct following *following = &server->replication->following;

    if (session->to_primary) {
        return false;
    }
    if (any_has(server, session, command, CMD_WRITE, true)) {
        *error = no_writes(server);
        if (error->len > 0) {
            return true;
        }
    }
    *error =
        SPAN("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
    return following_is_on(following) && following->state != FOLLOWING_ONLINE &&
           !server->options->replica_serve_stale_data &&
           any_has(server, session, command, CMD_STALE, false);
}

/* --- time --- */

/* Nobody has followed for so long that nobody will come back. */
static void look_at_backlog(struct replication *replication)
{
    const struct server *server = replication->server;
    uint64_t ttl_ms = (uint64_t)server->options->repl_backlog_ttl * 1000;

    if (ttl_ms == 0 || replication->count > 0 || following_is_on(&replication->following) ||
        !stream_is_open(&replication->stream) ||
        server->now_ms <= replication->alone_since_ms + ttl_ms) {
        return;
    }
    replication_rename(replication);
    stream_close(&replication->stream);
    log_notice(server->parts.log,
               "Replication backlog freed after %lld seconds without connected "
               "replicas.",
               (long long)server->options->repl_backlog_ttl);
}

static void ping(struct replication *replication)
{
    struct server *server = replication->server;
    uint64_t period_ms = (uint64_t)server->options->repl_ping_replica_period * 1000;
    struct span argv[] = { SPAN("PING") };

    if (server->now_ms < replication->pinged_at_ms + period_ms) {
        return;
    }
    replication->pinged_at_ms = server->now_ms;
    if (replication->count > 0) {
        stream_request(&replication->stream, argv, COUNT(argv), false);
    }
}

void replication_tick(struct server *server)
{
    struct replication *replication = server->replication;

    if (server->now_ms < replication->looked_at_ms + LOOK_MS) {
        return;
    }
    replication->looked_at_ms = server->now_ms;
    following_look(replication);
    replicas_look(server);
    ping(replication);
    look_at_backlog(replication);
    replication_look(replication);
}

/* What was loaded was of this history, up to there. Replicas can go on with us from there too,
 * unless keys were left out while loading that they still have. */
static bool take_place(struct replication *replication, bool follows)
{
    const struct server *server = replication->server;
    const struct persistence *persistence = server->parts.persistence;
    const struct rdb_report *report = persistence == NULL ? NULL : persistence_report(persistence);
    struct history *history = &replication->stream.history;
    char id[REPLICATION_ID_ROOM];

    if (report == NULL || strlen(report->replication_id) != HISTORY_ID_LEN ||
        report->replication_offset < 0 || server->options->appendonly ||
        (!follows && report->expired > 0)) {
        return false;
    }
    history_follow(history, span_from(report->replication_id),
                   (uint64_t)report->replication_offset);
    if (follows) {
        replication->stream.text.db = report->replication_db;
    } else {
        replication_new_id(replication, id);
        history_promote(history, id);
        stream_open(&replication->stream, server->options->repl_backlog_size);
        replication->alone_since_ms = server->now_ms;
    }
    return true;
}

/* Not before what is on disk was loaded. */
static void start(struct replication *replication)
{
    struct server *server = replication->server;
    const struct option_list *primary = &server->options->replicaof;
    int64_t port;

    replication->started = true;
    bool has_place = take_place(replication, primary->count == 2);
    if (primary->count == 2 && number_parse(span_from(primary->items[1]), &port) && port > 0 &&
        port <= UINT16_MAX) {
        following_begin(replication, span_from(primary->items[0]), (uint16_t)port, has_place);
    }
}

static void ask_for_acks(struct replication *replication)
{
    struct span argv[] = { SPAN("REPLCONF"), SPAN("GETACK"), SPAN("*") };

    if (replication->wants_acks) {
        replication->wants_acks = false;
        stream_request(&replication->stream, argv, COUNT(argv), false);
    }
}

void replication_turn(struct server *server)
{
    struct replication *replication = server->replication;

    if (!replication->started && !server->loading) {
        start(replication);
    }
    following_turn(replication);
    ask_for_acks(replication);
    stream_flush(&replication->stream);
    resync_turn(replication);
}

bool replication_is_busy(const struct server *server)
{
    const struct replication *replication = server->replication;
    return replication->following.reader != NULL || resync_is_busy(replication);
}

void replication_configure(struct server *server)
{
    struct replication *replication = server->replication;

    if (stream_is_open(&replication->stream)) {
        backlog_set_max(&replication->stream.backlog, server->options->repl_backlog_size);
    }
    replication_look(replication);
}

const char *server_primary(const struct server *server, uint16_t *port)
{
    const struct following *following = &server->replication->following;

    *port = following->port;
    return following->host;
}

bool replication_has_laggards(struct server *server)
{
    struct replication *replication = server->replication;
    uint64_t offset = replication_offset(replication);

    for (const struct replica *at = replication->first; at != NULL; at = at->next) {
        if (at->state == REPLICA_ONLINE && at->acked < offset) {
            return true;
        }
    }
    return false;
}
