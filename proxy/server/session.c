/* What one client is to the commands. */

#include "proxy/server/session.h"

#include "cache/base/memory.h"
#include "proxy/server/acl.h"
#include "proxy/server/monitor.h"
#include "proxy/server/pause.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/replicas.h"
#include "proxy/server/state.h"
#include "proxy/server/token.h"
#include "proxy/server/transaction.h"
#include "proxy/server/waiting.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BUCKETS_FIRST = 64 };

/* --- all sessions --- */

static struct session **bucket_of(const struct server *server, uint64_t id)
{
    return &server->buckets[id & (server->bucket_count - 1)];
}

static void grow_buckets(struct server *server)
{
    size_t count = server->bucket_count == 0 ? BUCKETS_FIRST : server->bucket_count * 2;

    memory_free(server->buckets);
    server->buckets = memory_zero(count * sizeof(struct session *));
    server->bucket_count = count;
    for (struct session *session = server->first; session != NULL; session = session->next) {
        struct session **bucket = bucket_of(server, session->id);
        session->same_bucket = *bucket;
        *bucket = session;
    }
}

static void enlist(struct server *server, struct session *session)
{
    if (server->count >= server->bucket_count) {
        grow_buckets(server);
    }
    struct session **bucket = bucket_of(server, session->id);
    session->same_bucket = *bucket;
    *bucket = session;
    session->previous = server->last;
    if (server->last == NULL) {
        server->first = session;
    } else {
        server->last->next = session;
    }
    server->last = session;
    server->count++;
}

static void delist(struct server *server, struct session *session)
{
    struct session **place = bucket_of(server, session->id);
    while (*place != session) {
        place = &(*place)->same_bucket;
    }
    *place = session->same_bucket;
    if (session->previous == NULL) {
        server->first = session->next;
    } else {
        session->previous->next = session->next;
    }
    if (session->next == NULL) {
        server->last = session->previous;
    } else {
        session->next->previous = session->previous;
    }
    server->count--;
}

struct session *session_by_id(struct server *server, uint64_t id)
{
    if (server->bucket_count == 0) {
        return NULL;
    }
    struct session *session = *bucket_of(server, id);
    while (session != NULL && session->id != id) {
        session = session->same_bucket;
    }
    return session == NULL || session->end == SESSION_ENDS_NOW ? NULL : session;
}

void sessions_each(struct server *server, void (*visit)(void *context, struct session *session),
                   void *context)
{
    for (struct session *session = server->first; session != NULL; session = session->next) {
        if (session->end != SESSION_ENDS_NOW && !session->answers.full) {
            visit(context, session);
        }
    }
}

/* --- life --- */

static void count_error(struct answers *answers, const struct reply *reply)
{
    struct session *session =
        (struct session *)((char *)answers - offsetof(struct session, answers));
    struct span bytes = buf_span(reply->out);

    if (bytes.len > 0 && bytes.bytes[0] == '-') {
        statistics_count_error(&session->server->statistics, bytes);
    }
}

void session_begin(struct session *session, struct server *server, size_t out_max)
{
    session->server = server;
    session->id = ++server->last_id;
    session->protocol = 2;
    session->created_at_ms = session->active_at_ms = server->now_ms;
    acl_welcome(session);
    answers_init(&session->answers, &server->answers, out_max);
    session->answers.arrived = count_error;
    enlist(server, session);
    if (server->count > server->statistics.totals.peak_connections) {
        server->statistics.totals.peak_connections = server->count;
    }
}

static void stop_tracking(struct session *session)
{
    struct server *server = session->server;

    if (session->tracking != NULL) {
        server->hooks.forget(server->hooks.context, session);
        session->tracking = NULL;
    }
}

static void forget_texts(struct session *session)
{
    session_set_text(&session->name, SPAN(""));
    session_set_text(&session->library_name, SPAN(""));
    session_set_text(&session->library_version, SPAN(""));
}

void session_finish(struct session *session)
{
    assert(session->server->running != session);
    if (session->wait != NULL) {
        waiting_close(session, true);
    }
    replication_forget(session);
    pause_forget(session);
    monitor_end(session);
    stop_tracking(session);
    transaction_end(session);
    tokens_forget(session);
    pubsub_forget(session);
    delist(session->server, session);
    forget_texts(session);
    answers_fini(&session->answers);
}

void session_reset(struct session *session)
{
    monitor_end(session);
    stop_tracking(session);
    transaction_end(session);
    pubsub_forget(session);
    session_set_text(&session->name, SPAN(""));
    session->db = 0;
    session->protocol = 2;
    acl_welcome(session);
    session->replies = REPLIES_ON;
    session->no_evict = session->no_touch = false;
}

int session_class(const struct session *session)
{
    if (replica_is_counted(session->replica)) {
        return CLIENT_CLASS_REPLICA;
    }
    return pubsub_is_listening(session) ? CLIENT_CLASS_PUBSUB : CLIENT_CLASS_NORMAL;
}

void session_set_limit(struct session *session)
{
    const struct option_limits *limits = &session->server->options->client_output_buffer_limit;
    int class = session_class(session);
    uint64_t hard = limits->classes[class].hard;
    uint64_t backlog = session->server->options->repl_backlog_size;

    /* What a replica may be sent at once, however small its limit. */
    if (class == CLIENT_CLASS_REPLICA && hard != 0 && hard < backlog) {
        hard = backlog;
    }
    answers_set_max(&session->answers, hard == 0 ? SIZE_MAX / 2 : hard);
}

void session_close(struct session *session, enum session_end end)
{
    if (end > session->end) {
        session->end = end;
        if (session->wait != NULL) {
            waiting_close(session, end == SESSION_ENDS_NOW);
        }
        session->answers.ready(&session->answers);
    }
}

/* --- what it may --- */

void session_check_attack(struct session *session, struct span word)
{
    char address[SESSION_ADDRESS_MAX];

    if (!span_is(word, "post") && !span_is(word, "host:")) {
        return;
    }
    session_address(session, false, address);
    log_warning(session->server->parts.log,
                "Possible attack: %s sends HTTP (POST or Host:); its connection is closed",
                address);
    session_close(session, SESSION_ENDS_NOW);
}

void session_after_skipping(struct session *session, enum session_reply before)
{
    if (session->paused) {
        return; /* Its answer is still to come, and to be skipped. */
    }
    if (session->replies == REPLIES_SKIP_NEXT) {
        session->replies = REPLIES_SKIP;
    } else if (before == REPLIES_SKIP && session->replies == REPLIES_SKIP) {
        session->replies = REPLIES_ON;
    }
}

/* --- pushes --- */

struct reply *session_push_begin(struct session *session)
{
    struct server *server = session->server;

    assert(server->pushing == NULL);
    if (server->running == session) {
        server->push = reply_into(&server->held, session->protocol);
        server->pushing = &server->push;
    } else {
        server->pushing = answers_reply(&session->answers, session->protocol, false);
    }
    return server->pushing;
}

void session_push_end(struct session *session)
{
    struct server *server = session->server;
    struct reply *reply = server->pushing;

    assert(reply != NULL);
    server->pushing = NULL;
    if (reply == &server->push) {
        session->answers.full |= reply->full;
        return;
    }
    answers_commit(&session->answers, reply);
    session->answers.ready(&session->answers);
}

/* --- texts --- */

void session_set_text(char **field, struct span text)
{
    memory_free(*field);
    *field = text.len == 0 ? NULL : memory_copy_text(text.bytes, text.len);
}

bool session_text_fits(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.bytes[i] < '!' || text.bytes[i] > '~') {
            return false;
        }
    }
    return true;
}

static void format_address(const struct sockaddr_storage *address, char *text)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(text, SESSION_ADDRESS_MAX, "%s:%u", host, ntohs(in->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(text, SESSION_ADDRESS_MAX, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        snprintf(text, SESSION_ADDRESS_MAX, "?:0");
    }
}

void session_address(const struct session *session, bool own, char text[SESSION_ADDRESS_MAX])
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof(address);

    if (session->unix_socket) {
        snprintf(text, SESSION_ADDRESS_MAX, "%.*s:0", SESSION_ADDRESS_MAX - 3,
                 session->server->options->unixsocket);
        return;
    }
    int failed = own ? getsockname(session->fd, (struct sockaddr *)&address, &len)
                     : getpeername(session->fd, (struct sockaddr *)&address, &len);
    if (failed != 0) {
        address.ss_family = AF_UNSPEC;
    }
    format_address(&address, text);
}
