/* Whom this process follows.
 *
 * What is applied, and what is told to whom, is decided in proxy/replication (greeting, payload)
 * and in replay.c. Here is when to connect, how long to wait, and what a lost link means. */

#include "proxy/server/following.h"

#include "cache/base/file.h"
#include "cache/base/memory.h"
#include "cache/persist/aof.h"
#include "cache/persist/change_text.h"
#include "cache/base/number.h"
#include "cache/persist/insert.h"
#include "cache/persist/rdb_read.h"
#include "proxy/discovery/dns.h"
#include "proxy/server/connection.h"
#include "proxy/server/dispatch.h"
#include "proxy/server/dial.h"
#include "proxy/server/replay.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/spool.h"
#include "proxy/server/state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RETRY_MS = 1000,
    SAY_MS = 1000,
    SPOOL_BACKLOG_MAX = 8 * 1024 * 1024,
    RECORDS_AT_ONCE = 16,
    LOAD_SLICE_NS = 800 * 1000,
};

/* --- states --- */

#define TO(state) BIT(FOLLOWING_##state)
static const unsigned moves[] = {
    [FOLLOWING_NOBODY] = TO(APART),
    [FOLLOWING_APART] = TO(NOBODY) | TO(CONNECTS),
    [FOLLOWING_CONNECTS] = TO(NOBODY) | TO(APART) | TO(GREETS),
    [FOLLOWING_GREETS] = TO(NOBODY) | TO(APART) | TO(RECEIVES) | TO(ONLINE),
    [FOLLOWING_RECEIVES] = TO(NOBODY) | TO(APART) | TO(LOADS),
    [FOLLOWING_LOADS] = TO(NOBODY) | TO(APART) | TO(ONLINE),
    [FOLLOWING_ONLINE] = TO(NOBODY) | TO(APART),
};
#undef TO

static void move(struct replication *replication, enum following_state to)
{
    struct following *following = &replication->following;

    assert((moves[following->state] & BIT(to)) != 0);
    following->state = to;
    replication_look(replication);
}

const char *following_word(const struct following *following)
{
    static const char *const words[] = {
        [FOLLOWING_NOBODY] = "none",         [FOLLOWING_APART] = "connect",
        [FOLLOWING_CONNECTS] = "connecting", [FOLLOWING_GREETS] = "handshake",
        [FOLLOWING_RECEIVES] = "sync",       [FOLLOWING_LOADS] = "sync",
        [FOLLOWING_ONLINE] = "connected",
    };
    return words[following->state];
}

static const struct log *log_of(const struct replication *replication)
{
    return replication->server->parts.log;
}

static uint64_t now_of(const struct replication *replication)
{
    return replication->server->now_ms;
}

void following_init(struct following *following)
{
    *following = (struct following){ .fd = -1 };
    buf_init(&following->unit, SIZE_MAX / 2);
}

/* --- what it holds, let go of --- */

static void stop_connecting(struct replication *replication)
{
    struct following *following = &replication->following;

    following->asked++;
    if (following->fd >= 0) {
        ev_io_stop(replication->server->parts.loop, &following->connecting);
        close(following->fd);
        following->fd = -1;
    }
}

static void stop_loading(struct replication *replication)
{
    struct following *following = &replication->following;

    if (following->reader != NULL) {
        rdb_reader_free(following->reader);
        following->reader = NULL;
        server_set_loading(replication->server, false);
    }
    spool_free(following->spool);
    following->spool = NULL;
}

static void let_go(struct replication *replication)
{
    struct following *following = &replication->following;

    stop_connecting(replication);
    stop_loading(replication);
    replay_forget(replication);
    if (following->link != NULL) {
        struct session *link = following->link;
        following->db = following->state == FOLLOWING_ONLINE ? link->db : following->db;
        following->link = NULL;
        link->paused = false;
        session_close(link, SESSION_ENDS_NOW);
    }
}

/* The link is no more, or never was: again in a while. */
static void part(struct replication *replication, uint64_t after_ms)
{
    struct following *following = &replication->following;
    bool was_online = following->state == FOLLOWING_ONLINE;

    let_go(replication);
    if (following->state != FOLLOWING_APART) {
        move(replication, FOLLOWING_APART);
    }
    following->retry_at_ms = now_of(replication) + after_ms;
    if (was_online) {
        following->may_continue = true;
        following->apart_since_ms = now_of(replication);
        log_notice(log_of(replication), "Connection with master lost.");
    }
}

static void fail(struct replication *replication, const char *why)
{
    log_warning(log_of(replication), "%s", why);
    part(replication, RETRY_MS);
}

/* --- connecting --- */

static void on_connected(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct replication *replication = io->data;
    struct following *following = &replication->following;
    struct server *server = replication->server;
    char line[256];
    int error = 0;
    socklen_t len = sizeof(error);
    (void)events;

    getsockopt(following->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        snprintf(line, sizeof(line), "Error condition on socket for SYNC: %s", strerror(error));
        fail(replication, line);
        return;
    }
    ev_io_stop(loop, io);
    following->link =
        connection_open(server, &(struct access){ .fd = following->fd,
                                                  .to_primary = true,
                                                  .tls = server->options->tls_replication });
    following->fd = -1;
    following->heard_at_ms = now_of(replication);
    move(replication, FOLLOWING_GREETS);
    log_notice(log_of(replication), "Non blocking connect for SYNC fired the event.");

    const struct options *options = server->options;
    const struct history *history = &replication->stream.history;
    uint16_t port = options->replica_announce_port;
    struct greeting_words words = {
        .user = options->masteruser,
        .password = options->masterauth,
        .announce_ip = options->replica_announce_ip,
        .announce_port = port != 0 ? port : options->port,
        .history = following->may_continue ? history->id : NULL,
        .offset = history->offset + 1,
    };
    struct reply *reply = answers_reply(&following->link->answers, 2, false);
    greeting_begin(&following->greeting, &words, reply->out);
    answers_commit(&following->link->answers, reply);
    following->link->answers.ready(&following->link->answers);
}

static void dial(struct replication *replication, const char *host)
{
    struct following *following = &replication->following;
    struct server *server = replication->server;
    char line[256];

    following->fd = dial_begin(host, following->port, server->options->bind_source_addr);
    if (following->fd < 0) {
        snprintf(line, sizeof(line), "Unable to connect to MASTER: %s", strerror(errno));
        fail(replication, line);
        return;
    }
    ev_io_init(&following->connecting, on_connected, following->fd, EV_WRITE);
    following->connecting.data = replication;
    ev_io_start(server->parts.loop, &following->connecting);
    log_notice(log_of(replication), "MASTER <-> REPLICA sync started");
}

struct question {
    struct replication *replication;
    uint64_t number;
    bool is_second; /* Asked for IPv6 after there was no IPv4. */
};

static void ask(struct replication *replication, bool is_second);

static void on_address(void *context, enum answer_kind kind, const struct address *list,
                       size_t count, uint32_t ttl_s)
{
    struct question question = *(struct question *)context;
    struct following *following = &question.replication->following;
    (void)ttl_s;

    memory_free(context);
    if (following->asked != question.number || following->state != FOLLOWING_CONNECTS) {
        return;
    }
    if (kind == ANSWER_FOUND && count > 0) {
        dial(question.replication, list[0].host);
    } else if (!question.is_second) {
        ask(question.replication, true);
    } else {
        fail(question.replication, "Unable to connect to MASTER: its name cannot be resolved");
    }
}

static void ask(struct replication *replication, bool is_second)
{
    struct following *following = &replication->following;
    struct question *question = memory_alloc(sizeof(*question));

    *question = (struct question){ replication, ++following->asked, is_second };
    dns_ask_addresses(following->dns, following->host, is_second ? AF_INET6 : AF_INET,
                      following->port, on_address, question);
}

static void connect_now(struct replication *replication)
{
    struct following *following = &replication->following;
    struct server *server = replication->server;

    move(replication, FOLLOWING_CONNECTS);
    following->began_at_ms = now_of(replication);
    log_notice(log_of(replication), "Connecting to MASTER %s:%u", following->host, following->port);
    if (dial_is_numeric(following->host)) {
        dial(replication, following->host);
        return;
    }
    if (following->dns == NULL &&
        dns_new(server->parts.loop, server->options->dns_server, &following->dns) != ERR_OK) {
        fail(replication, "Unable to connect to MASTER: there is no resolver");
        return;
    }
    ask(replication, false);
}

/* --- the snapshot --- */

static void take(void *context, struct span bytes)
{
    spool_add(context, bytes);
}

static void begin_to_receive(struct replication *replication)
{
    struct following *following = &replication->following;

    payload_init(&following->payload);
    following->spool = spool_new(cache_jobs(replication->server->parts.cache));
    move(replication, FOLLOWING_RECEIVES);
}

static size_t receive(struct replication *replication, struct span in)
{
    struct following *following = &replication->following;
    struct payload *payload = &following->payload;
    size_t used = payload_feed(payload, in, take, following->spool);
    char line[PAYLOAD_LINE_MAX + 64];

    if (payload->state == PAYLOAD_FAILED) {
        snprintf(line, sizeof(line), "MASTER aborted replication with an error: %s", payload->line);
        fail(replication, line);
    } else if (payload->state == PAYLOAD_DONE) {
        spool_end(following->spool);
        following->link->paused = true;
        move(replication, FOLLOWING_LOADS);
        log_notice(log_of(replication), "MASTER <-> REPLICA sync: %llu bytes received",
                   (unsigned long long)payload->len);
    } else if (spool_backlog(following->spool) > SPOOL_BACKLOG_MAX) {
        following->link->paused = true;
    }
    return used;
}

/* What was here goes. Those who watch or remember it are told; nobody else, as it is not a change
 * of the history that is to come. */
static void empty_store(struct replication *replication)
{
    struct server *server = replication->server;
    struct span argv[] = { SPAN("FLUSHALL"), SPAN("ASYNC") };
    struct request request = { .argv = argv, .argc = COUNT(argv) };
    struct buf none;

    buf_init(&none, SIZE_MAX / 2);
    struct reply reply = reply_into(&none, 2);
    request_find(&request, server->parts.commands, server->batch.familiar);
    dispatch_run(server, replication->following.link, &request, &reply);
    buf_fini(&none);
}

static void begin_to_load(struct replication *replication)
{
    struct following *following = &replication->following;
    struct server *server = replication->server;

    log_notice(log_of(replication), "MASTER <-> REPLICA sync: Flushing old data");
    replicas_drop(server);
    stream_close(&replication->stream);
    following->may_continue = false;
    empty_store(replication);
    insert_into_nothing(server->parts.cache);
    const struct rdb_reading reading = {
        .cache = server->parts.cache,
        .in = spool_bytes(following->spool),
        .log = log_of(replication),
        .now_ms = now_of(replication),
        .check_sum = server->options->rdbchecksum,
        .keep_expired = true,
    };
    server_set_loading(server, true);
    following->reader = rdb_reader_new(&reading);
    log_notice(log_of(replication), "MASTER <-> REPLICA sync: Loading DB in memory");
}

static void go_online(struct replication *replication)
{
    struct following *following = &replication->following;

    following->link->paused = false;
    following->link->db = following->db;
    following->link->answers.ready(&following->link->answers);
    following->heard_at_ms = now_of(replication);
    move(replication, FOLLOWING_ONLINE);
    stream_open(&replication->stream, replication->server->options->repl_backlog_size);
}

/* What came with a snapshot was not announced, so the append-only file begins anew with it. */
static void log_what_was_loaded(struct server *server)
{
    struct aof *aof = server->parts.aof;

    if (aof != NULL && aof_figures(aof, server->now_ms).on) {
        (void)aof_rewrite(aof, server->now_ms);
    }
}

static void loaded(struct replication *replication)
{
    struct following *following = &replication->following;
    const struct greeting *greeting = &following->greeting;
    char unnamed[REPLICATION_ID_ROOM];

    stop_loading(replication);
    if (greeting->has_history) {
        history_follow(&replication->stream.history, span_from(greeting->id), greeting->offset);
    } else {
        replication_new_id(replication, unnamed);
        history_begin(&replication->stream.history, unnamed);
    }
    following->db = 0;
    log_what_was_loaded(replication->server);
    log_notice(log_of(replication), "MASTER <-> REPLICA sync: Finished with success");
    go_online(replication);
    following_acknowledge(replication);
}

static void go_on_loading(struct replication *replication)
{
    struct following *following = &replication->following;
    uint64_t until_ns = timing_clock_ns() + LOAD_SLICE_NS;
    enum rdb_progress progress = RDB_MORE;
    char line[400];

    while (progress == RDB_MORE && timing_clock_ns() < until_ns) {
        progress = rdb_reader_step(following->reader, RECORDS_AT_ONCE);
    }
    if (progress == RDB_DONE) {
        loaded(replication);
    } else if (progress == RDB_FAILED) {
        const struct rdb_report *report = rdb_reader_report(following->reader);
        snprintf(line, sizeof(line),
                 "Failed trying to load the MASTER synchronization DB: %s at offset %llu",
                 report->why, (unsigned long long)report->offset);
        stop_loading(replication);
        empty_store(replication); /* Half of it is worse than nothing. */
        insert_into_nothing(replication->server->parts.cache);
        fail(replication, line);
    }
}

static void look_at_spool(struct replication *replication)
{
    struct following *following = &replication->following;
    char line[128];

    switch (spool_state(following->spool)) {
    case SPOOL_WRITES:
        if (following->link->paused && spool_backlog(following->spool) < SPOOL_BACKLOG_MAX / 2) {
            following->link->paused = false;
            following->link->answers.ready(&following->link->answers);
        }
        break;
    case SPOOL_ENDS:
        break;
    case SPOOL_READY:
        begin_to_load(replication);
        break;
    case SPOOL_FAILED:
        snprintf(line, sizeof(line), "Write error while receiving the snapshot of the MASTER: %s",
                 strerror(spool_error(following->spool)));
        fail(replication, line);
        break;
    }
}

/* --- the talk --- */

static void on_continue(struct replication *replication)
{
    struct following *following = &replication->following;
    struct history *history = &replication->stream.history;
    const char *id = following->greeting.id;

    if (strcmp(id, history->id) != 0) {
        log_notice(log_of(replication), "Master replication ID changed to %s", id);
        history_continue(history, span_from(id));
        replicas_drop(replication->server); /* They are to learn it too. */
    }
    log_notice(log_of(replication),
               "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.");
    go_online(replication);
}

static size_t greet(struct replication *replication, struct span in)
{
    struct following *following = &replication->following;
    struct greeting *greeting = &following->greeting;
    struct session *link = following->link;
    struct reply *reply = answers_reply(&link->answers, 2, false);
    size_t used = greeting_feed(greeting, in, reply->out);

    answers_commit(&link->answers, reply);
    link->answers.ready(&link->answers);
    switch (greeting->state) {
    case GREETING_FULL:
        log_notice(log_of(replication), "Full resync from master: %s:%llu", greeting->id,
                   (unsigned long long)greeting->offset);
        begin_to_receive(replication);
        break;
    case GREETING_UNNAMED:
        begin_to_receive(replication);
        break;
    case GREETING_CONTINUES:
        on_continue(replication);
        break;
    case GREETING_LATER:
    case GREETING_FAILED:
        fail(replication, greeting->why);
        break;
    default:
        break;
    }
    return used;
}

enum batch_end following_feed(struct session *link, struct resp_reader *reader, struct span in,
                              size_t *used)
{
    struct replication *replication = link->server->replication;
    struct following *following = &replication->following;

    *used = 0;
    following->heard_at_ms = now_of(replication);
    while (link->end == SESSION_OPEN && !link->paused && *used < in.len) {
        struct span rest = span_skip(in, *used);
        if (following->state == FOLLOWING_ONLINE) {
            size_t taken;
            enum batch_end end = replay_feed(replication, link, reader, rest, &taken);
            *used += taken;
            return end;
        }
        *used += following->state == FOLLOWING_GREETS ? greet(replication, rest)
                                                      : receive(replication, rest);
    }
    if (link->end != SESSION_OPEN) {
        return BATCH_CLOSING;
    }
    return link->paused ? BATCH_FULL : BATCH_MORE;
}

void following_lost(struct session *link)
{
    struct replication *replication = link->server->replication;

    if (replication->following.link == link) {
        replication->following.link = NULL;
        replication->following.db = link->db;
        part(replication, replication->following.state == FOLLOWING_ONLINE ? 0 : RETRY_MS);
    }
}

void following_acknowledge(struct replication *replication)
{
    struct following *following = &replication->following;
    struct session *link = following->link;
    char number[NUMBER_TEXT_MAX];

    if (following->state != FOLLOWING_ONLINE) {
        return;
    }
    struct span argv[] = { SPAN("REPLCONF"),
                           SPAN("ACK"),
                           { number,
                             number_format_unsigned(number, replication->stream.history.offset) } };
    struct reply *reply = answers_reply(&link->answers, 2, false);
    reply->full |= !change_text_request(reply->out, argv, COUNT(argv));
    answers_commit(&link->answers, reply);
    link->answers.ready(&link->answers);
    following->said_at_ms = now_of(replication);
}

/* --- time --- */

void following_turn(struct replication *replication)
{
    struct following *following = &replication->following;

    if (following->reader != NULL) {
        go_on_loading(replication);
    } else if (following->spool != NULL) {
        look_at_spool(replication);
    }
    if (following->state == FOLLOWING_APART && now_of(replication) >= following->retry_at_ms) {
        connect_now(replication);
    }
}

static void keep_alive(struct replication *replication)
{
    struct following *following = &replication->following;
    struct session *link = following->link;

    if (following->state == FOLLOWING_ONLINE) {
        following_acknowledge(replication);
    } else if (following->state == FOLLOWING_LOADS) {
        struct reply *reply = answers_reply(&link->answers, 2, false);
        reply_raw(reply, SPAN("\n"));
        answers_commit(&link->answers, reply);
        link->answers.ready(&link->answers);
    }
}

static const char *silence(enum following_state state)
{
    switch (state) {
    case FOLLOWING_GREETS:
        return "Timeout connecting to the MASTER...";
    case FOLLOWING_RECEIVES:
        return "Timeout receiving bulk data from MASTER... If the problem persists try to set the "
               "'repl-timeout' parameter in redis.conf to a larger value.";
    default:
        return "MASTER timeout: no data nor PING received...";
    }
}

void following_look(struct replication *replication)
{
    struct following *following = &replication->following;
    uint64_t timeout_ms = (uint64_t)replication->server->options->repl_timeout * 1000;
    uint64_t now_ms = now_of(replication);

    switch (following->state) {
    case FOLLOWING_NOBODY:
    case FOLLOWING_APART:
    case FOLLOWING_LOADS:
        break;
    case FOLLOWING_CONNECTS:
        if (now_ms > following->began_at_ms + timeout_ms) {
            fail(replication, "Timeout connecting to the MASTER...");
        }
        break;
    case FOLLOWING_GREETS:
    case FOLLOWING_RECEIVES:
    case FOLLOWING_ONLINE:
        if (!following->link->paused && now_ms > following->heard_at_ms + timeout_ms) {
            fail(replication, silence(following->state));
        }
        break;
    }
    keep_alive(replication);
}

/* --- from whom, if from anybody --- */

void following_begin(struct replication *replication, struct span host, uint16_t port,
                     bool may_continue)
{
    struct following *following = &replication->following;
    struct server *server = replication->server;
    char *name = memory_copy_text(host.bytes, host.len);

    stream_flush(&replication->stream);
    if (following->state == FOLLOWING_NOBODY) {
        following->may_continue = may_continue;
        following->db = replication->stream.text.db > 0 ? replication->stream.text.db : 0;
    } else if (following->state == FOLLOWING_ONLINE) {
        following->may_continue = true;
    }
    let_go(replication);
    memory_free(following->host);
    following->host = name;
    following->port = port;
    replication->stream.following = true;
    if (following->state != FOLLOWING_APART) {
        move(replication, FOLLOWING_APART);
    }
    following->retry_at_ms = now_of(replication);
    following->apart_since_ms = now_of(replication);
    replicas_drop(server); /* They are to ask again, as we may be of another history soon. */
}

void following_end(struct replication *replication)
{
    struct following *following = &replication->following;
    char id[REPLICATION_ID_ROOM];

    if (following->state == FOLLOWING_NOBODY) {
        return;
    }
    let_go(replication);
    move(replication, FOLLOWING_NOBODY);
    memory_free(following->host);
    following->host = NULL;
    replication_new_id(replication, id);
    history_promote(&replication->stream.history, id);
    replication->stream.following = false;
    stream_forget_db(&replication->stream);
    replicas_drop(replication->server);
    replication_look(replication);
}

void following_fini(struct replication *replication)
{
    struct following *following = &replication->following;

    let_go(replication);
    dns_free(following->dns);
    buf_fini(&following->unit);
    memory_free(following->host);
}
