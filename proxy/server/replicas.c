/* Those who follow us.
 *
 * A replica is a client like others: its socket, its limits and its end are the connection's. What
 * it is sent goes through its answers. What it cannot be sent yet, since a snapshot is still on its
 * way to it, is kept here and counts against the same limit. */

#include "proxy/server/replicas.h"

#include "cache/base/memory.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/state.h"

#include <stdio.h>

/* --- one of them --- */

struct replica *replica_of_session(struct session *session)
{
    if (session->replica == NULL) {
        struct replica *replica = memory_zero(sizeof(*replica));
        replica->session = session;
        session->replica = replica;
    }
    return session->replica;
}

void replica_address(const struct replica *replica, char *text, size_t size)
{
    char address[SESSION_ADDRESS_MAX];

    if (replica->announced_ip != NULL) {
        snprintf(text, size, "%s", replica->announced_ip);
        return;
    }
    session_address(replica->session, false, address);
    const char *host = address + (address[0] == '[');
    const char *end = strrchr(address, ':');
    size_t len = (size_t)(end - host) - (address[0] == '[');
    snprintf(text, size, "%.*s", (int)len, host);
}

static void describe(const struct replica *replica, char *text, size_t size)
{
    char ip[SESSION_ADDRESS_MAX];

    replica_address(replica, ip, sizeof(ip));
    snprintf(text, size, "%s:%u", ip, replica->port);
}

void replica_send(struct replica *replica, struct span bytes)
{
    struct session *session = replica->session;
    struct reply *reply = answers_reply(&session->answers, session->protocol, false);

    reply_raw(reply, bytes);
    answers_commit(&session->answers, reply);
    session->answers.ready(&session->answers);
}

static void go_online(struct replica *replica)
{
    char name[SESSION_ADDRESS_MAX + 8];

    replica->state = REPLICA_ONLINE;
    replica->heard_at_ms = replica->session->server->now_ms;
    if (replica->pending.len > 0) {
        replica_send(replica, buf_span(&replica->pending));
    }
    buf_fini(&replica->pending);
    describe(replica, name, sizeof(name));
    log_notice(replica->session->server->parts.log, "Synchronization with replica %s succeeded",
               name);
}

static void hold_back(struct replica *replica, struct span bytes)
{
    if (!replica->rdb_only && !buf_add(&replica->pending, bytes)) {
        replica->session->answers.full = true;
        replica->session->answers.ready(&replica->session->answers);
    }
}

/* --- all of them --- */

static void enlist(struct replication *replication, struct replica *replica)
{
    struct replica **end = &replication->first;

    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = replica;
    replication->count++;
    replication->alone_since_ms = 0;
    replica->session->protocol = 2;
    session_set_limit(replica->session);
    buf_init(&replica->pending, replica->session->answers.max);
}

static void delist(struct replication *replication, struct replica *replica)
{
    struct replica **place = &replication->first;

    while (*place != replica) {
        place = &(*place)->next;
    }
    *place = replica->next;
    replication->count--;
    if (replication->count == 0) {
        replication->alone_since_ms = replication->server->now_ms;
    }
}

void replicas_forget(struct session *session)
{
    struct replica *replica = session->replica;
    struct replication *replication = session->server->replication;
    char name[SESSION_ADDRESS_MAX + 8];

    if (replica == NULL) {
        return;
    }
    session->replica = NULL;
    if (replica->state != REPLICA_TALKS) {
        replica->session = session;
        describe(replica, name, sizeof(name));
        log_notice(session->server->parts.log, "Connection with replica %s lost.", name);
        delist(replication, replica);
        resync_look(replication);
        replication_look(replication);
    }
    buf_fini(&replica->pending);
    memory_free(replica->announced_ip);
    memory_free(replica);
}

void replicas_drop(struct server *server)
{
    for (struct replica *at = server->replication->first; at != NULL; at = at->next) {
        session_close(at->session, SESSION_ENDS_NOW);
    }
}

void replicas_hear(void *context, struct span bytes)
{
    const struct replication *replication = context;

    for (struct replica *at = replication->first; at != NULL; at = at->next) {
        switch (at->state) {
        case REPLICA_TALKS:
        case REPLICA_WAITS:
            break;
        case REPLICA_RECEIVES:
        case REPLICA_LOADS:
            hold_back(at, bytes);
            break;
        case REPLICA_ONLINE:
            replica_send(at, bytes);
            break;
        }
    }
}

/* --- how it becomes one --- */

static void read_backlog(void *context, struct span bytes)
{
    reply_raw(context, bytes);
}

static bool continue_it(struct session *session, struct span id, uint64_t offset,
                        struct reply *reply)
{
    struct replication *replication = session->server->replication;
    struct stream *stream = &replication->stream;
    struct replica *replica = replica_of_session(session);
    char name[SESSION_ADDRESS_MAX + 8];

    describe(replica, name, sizeof(name));
    if (!history_agrees(&stream->history, id, offset) ||
        !backlog_reaches(&stream->backlog, offset)) {
        log_notice(session->server->parts.log,
                   "Unable to partial resync with replica %s: its history or offset (%.*s:%llu) is "
                   "not in the backlog",
                   name, span_shown(id), id.bytes, (unsigned long long)offset);
        return false;
    }
    enlist(replication, replica);
    replica->state = REPLICA_ONLINE;
    replica->heard_at_ms = session->server->now_ms;
    if (replica->takes_names) {
        char line[64];
        int len = snprintf(line, sizeof(line), "CONTINUE %s", stream->history.id);
        reply_status(reply, (struct span){ line, (size_t)len });
    } else {
        reply_status(reply, SPAN("CONTINUE"));
    }
    backlog_read(&stream->backlog, offset, read_backlog, reply);
    log_notice(session->server->parts.log,
               "Partial resynchronization request from %s accepted. Sending %llu bytes of backlog "
               "starting from offset %llu.",
               name, (unsigned long long)(stream->backlog.end - offset),
               (unsigned long long)offset);
    return true;
}

static void wait_for_snapshot(struct session *session)
{
    struct server *server = session->server;
    struct replication *replication = server->replication;
    struct replica *replica = replica_of_session(session);
    char name[SESSION_ADDRESS_MAX + 8];

    describe(replica, name, sizeof(name));
    log_notice(server->parts.log, "Replica %s asks for synchronization", name);
    replication->full_syncs++;
    if (!stream_is_open(&replication->stream)) {
        if (!replication->stream.following) {
            replication_rename(replication); /* Nobody has counted since the last one. */
        }
        stream_open(&replication->stream, server->options->repl_backlog_size);
    }
    enlist(replication, replica);
    replica->state = REPLICA_WAITS;
    replica->waits_from_ms = server->now_ms;
}

void replica_psync(struct session *session, struct span id, uint64_t offset, struct reply *reply)
{
    struct replication *replication = session->server->replication;

    stream_flush(&replication->stream);
    if (continue_it(session, id, offset, reply)) {
        replication->partial_syncs++;
        replication_look(replication);
        return;
    }
    if (!span_equal(id, SPAN("?"))) {
        replication->refused_partial_syncs++;
    }
    wait_for_snapshot(session);
}

void replica_sync(struct session *session)
{
    replica_of_session(session)->is_old = true;
    wait_for_snapshot(session);
}

void replica_received(struct replica *replica, bool must_acknowledge)
{
    assert(replica->state == REPLICA_RECEIVES);
    replica->state = REPLICA_LOADS;
    replica->heard_at_ms = replica->session->server->now_ms;
    if (!must_acknowledge && !replica->rdb_only) {
        go_online(replica);
    }
}

void replica_acknowledge(struct session *session, uint64_t offset, const uint64_t *synced)
{
    struct replica *replica = session->replica;

    if (!replica_is_counted(replica)) {
        return;
    }
    replica->acked = offset > replica->acked ? offset : replica->acked;
    if (synced != NULL) {
        replica->synced = *synced > replica->synced ? *synced : replica->synced;
    }
    replica->heard_at_ms = session->server->now_ms;
    if (replica->state == REPLICA_LOADS && !replica->rdb_only) {
        go_online(replica);
    }
    replication_look(session->server->replication);
    waiting_ask_again(session->server);
}

/* --- how they are --- */

size_t replicas_count(const struct server *server)
{
    return server->replication->count;
}

size_t replicas_with(const struct server *server, uint64_t offset)
{
    size_t count = 0;

    for (const struct replica *at = server->replication->first; at != NULL; at = at->next) {
        count += at->state == REPLICA_ONLINE && at->acked >= offset;
    }
    return count;
}

size_t replicas_synced(const struct server *server, uint64_t offset)
{
    size_t count = 0;

    for (const struct replica *at = server->replication->first; at != NULL; at = at->next) {
        count += at->state == REPLICA_ONLINE && at->synced >= offset;
    }
    return count;
}

void replicas_ask(struct server *server)
{
    server->replication->wants_acks = true;
}

size_t replicas_good(const struct server *server)
{
    uint64_t max_ms = (uint64_t)server->options->min_replicas_max_lag * 1000;
    size_t count = 0;

    for (const struct replica *at = server->replication->first; at != NULL; at = at->next) {
        count += at->state == REPLICA_ONLINE && server->now_ms - at->heard_at_ms < max_ms + 1000;
    }
    return count;
}

static bool is_silent(const struct replica *replica, uint64_t timeout_ms)
{
    uint64_t now_ms = replica->session->server->now_ms;

    switch (replica->state) {
    case REPLICA_TALKS:
    case REPLICA_WAITS:
        return false;
    case REPLICA_RECEIVES:
        return replica->session->answers.out.len > 0 &&
               now_ms > replica->session->active_at_ms + timeout_ms;
    case REPLICA_LOADS:
    case REPLICA_ONLINE:
        return !replica->is_old && now_ms > replica->heard_at_ms + timeout_ms;
    }
    unreachable("no such state");
}

void replicas_look(struct server *server)
{
    struct replication *replication = server->replication;
    uint64_t timeout_ms = (uint64_t)server->options->repl_timeout * 1000;
    bool in_file = replication->resync.state == RESYNC_WRITES;

    for (struct replica *at = replication->first; at != NULL; at = at->next) {
        if (at->state == REPLICA_WAITS || (at->state == REPLICA_RECEIVES && in_file)) {
            replica_send(at, SPAN("\n")); /* We are alive. */
        } else if (is_silent(at, timeout_ms)) {
            char name[SESSION_ADDRESS_MAX + 8];
            describe(at, name, sizeof(name));
            log_warning(server->parts.log, "Disconnecting timedout replica (%s sync): %s",
                        at->state == REPLICA_RECEIVES ? "full" : "streaming", name);
            session_close(at->session, SESSION_ENDS_NOW);
        }
    }
}
