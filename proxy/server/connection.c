/* A session's socket: reads, runs what was read, writes once per turn, closes. */

#include "proxy/server/connection.h"

#include "cache/base/memory.h"
#include "proxy/server/durable.h"
#include "proxy/server/following.h"
#include "proxy/server/replicas.h"
#include "proxy/server/socket.h"
#include "proxy/server/blocks.h"
#include "proxy/server/state.h"
#include "proxy/tls/tls.h"
#include "proxy/tls/tls_stream.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 500,
    HANDSHAKE_MS = 10 * 1000,
    HANDSHAKES_PER_TURN = 4,
    OWN_READ_MAX = 1024 * 1024, /* One read of a big argument. */
};

static struct connection *connection_of(struct session *session)
{
    return (struct connection *)session;
}

static struct server *server_of(const struct connection *connection)
{
    return connection->session.server;
}

static void watch(struct connection *connection, int events)
{
    struct ev_loop *loop = server_of(connection)->parts.loop;

    if (connection->watched == events) {
        return;
    }
    ev_io_stop(loop, &connection->io);
    connection->watched = events;
    if (events != 0) {
        ev_io_set(&connection->io, connection->session.fd, events);
        ev_io_start(loop, &connection->io);
    }
}

static void touch(struct connection *connection)
{
    struct server *server = server_of(connection);

    if (!connection->touched) {
        connection->touched = true;
        connection->next_touched = server->touched;
        server->touched = connection;
    }
}

static void answers_ready(struct answers *answers)
{
    struct session *session =
        (struct session *)((char *)answers - offsetof(struct session, answers));
    touch(connection_of(session));
}

/* --- the end --- */

static void describe_close(struct connection *connection, const char *why)
{
    char address[SESSION_ADDRESS_MAX];
    struct session *session = &connection->session;

    session_address(session, false, address);
    log_notice(server_of(connection)->parts.log,
               "Closing client id=%llu addr=%s name=%s: %s (input %zu bytes, output %zu bytes)",
               (unsigned long long)session->id, address, session->name == NULL ? "" : session->name,
               why, session->input_bytes, answers_bytes(&session->answers));
}

static void unlink_unfinished(struct connection *connection)
{
    struct connection **place = &server_of(connection)->unfinished;

    if (!connection->unfinished) {
        return;
    }
    while (*place != connection) {
        place = &(*place)->next_unfinished;
    }
    *place = connection->next_unfinished;
    connection->unfinished = false;
}

/* The session is over; the socket may linger. */
static void leave(struct connection *connection)
{
    unlink_unfinished(connection);
    durable_forget(connection);
    if (connection->tls != NULL) {
        tls_stream_end(connection->tls, connection->session.fd);
    }
    weight_forget(&connection->session);
    session_finish(&connection->session);
    resp_reader_fini(&connection->reader);
    buf_fini(&connection->in);
}

static void shut(struct connection *connection)
{
    watch(connection, 0);
    tls_stream_free(connection->tls);
    close(connection->session.fd);
    memory_free(connection);
}

static bool has_unread_input(const struct connection *connection)
{
    int unread = 0;

    if (connection->input_ended) {
        return false;
    }
    return connection->in.len > 0 ||
           (ioctl(connection->session.fd, FIONREAD, &unread) == 0 && unread > 0);
}

static void linger(struct connection *connection)
{
    struct server *server = server_of(connection);

    shutdown(connection->session.fd, SHUT_WR);
    connection->lingering = true;
    connection->linger_until_ms = server->now_ms + LINGER_MS;
    connection->next_lingering = server->lingering;
    server->lingering = connection;
    watch(connection, EV_READ);
}

static void end_lingering(struct connection *connection)
{
    struct connection **place = &server_of(connection)->lingering;

    while (*place != connection) {
        place = &(*place)->next_lingering;
    }
    *place = connection->next_lingering;
    shut(connection);
}

static void drop_input(struct connection *connection)
{
    struct server *server = server_of(connection);
    ssize_t got = recv(connection->session.fd, server->read_buffer, READ_BYTES, 0);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        end_lingering(connection);
    }
}

/* --- input --- */

static void broken_protocol(struct connection *connection)
{
    struct session *session = &connection->session;
    struct server *server = server_of(connection);
    char text[RESP_ERROR_MAX];
    char address[SESSION_ADDRESS_MAX];
    struct span error = resp_reader_error(&connection->reader, text);

    struct reply *reply = answers_reply(&session->answers, session->protocol, false);
    size_t begin = reply->out->len;
    char line[RESP_ERROR_MAX + 8] = "ERR ";
    memcpy(line + 4, error.bytes, error.len);
    reply_error(reply, (struct span){ line, error.len + 4 });
    statistics_count_error(&server->statistics, span_skip(buf_span(reply->out), begin));
    answers_commit(&session->answers, reply);

    session_address(session, false, address);
    log_verbose(server->parts.log, "%.*s from client id=%llu addr=%s", (int)error.len, error.bytes,
                (unsigned long long)session->id, address);
    server->statistics.totals.protocol_errors++;
    session_close(session, SESSION_ENDS_AFTER_ANSWERS);
}

/* What a run left over waits for the next turn, or for the client to read. */
static void after_run(struct connection *connection, enum batch_end end)
{
    struct server *server = server_of(connection);

    connection->has_whole = end == BATCH_AGAIN || end == BATCH_FULL;
    connection->must_wait = end == BATCH_FULL;
    if (end == BATCH_BROKEN) {
        broken_protocol(connection);
    }
    if (end == BATCH_AGAIN && !connection->unfinished) {
        connection->unfinished = true;
        connection->next_unfinished = server->unfinished;
        server->unfinished = connection;
    }
    touch(connection);
}

/* Runs what `in` holds and keeps nothing of it but what was not used. */
static enum batch_end run(struct connection *connection, struct span in, size_t *used)
{
    struct server *server = server_of(connection);
    struct session *session = &connection->session;

    blocks_borrow(server_of(connection), &connection->session.answers.out);
    session->input_bytes = in.len; /* What CLIENT LIST tells if it is part of it. */
    enum batch_end end = session->to_primary
                             ? following_feed(session, &connection->reader, in, used)
                             : batch_run(server, session, &connection->reader, in, used);
    session->input_bytes = in.len - *used - connection->reader.position;
    return end;
}

static void run_own(struct connection *connection)
{
    size_t used;
    enum batch_end end = run(connection, buf_span(&connection->in), &used);

    buf_consume(&connection->in, used);
    buf_trim(&connection->in, 0);
    after_run(connection, end);
}

static void input_failed(struct connection *connection, ssize_t got)
{
    struct session *session = &connection->session;

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    connection->input_ended = true;
    /* Nobody is left who could take what a blocking command waits for. */
    bool answers_follow = got == 0 && session->answers.first != NULL && session->wait == NULL;
    session_close(session, answers_follow ? SESSION_ENDS_AFTER_ANSWERS : SESSION_ENDS_NOW);
}

static void count_input(struct connection *connection, size_t len)
{
    struct server *server = server_of(connection);

    server->statistics.totals.reads++;
    server->statistics.totals.bytes_in += len;
    connection->session.bytes_in += len;
    connection->session.active_at_ms = server->now_ms;
}

static void over_query_limit(struct connection *connection)
{
    server_of(connection)->statistics.totals.query_limit_closes++;
    describe_close(connection, "over client-query-buffer-limit");
    session_close(&connection->session, SESSION_ENDS_NOW);
}

/* Reads into the server's buffer, behind the little that is left from last time. */
static void read_shared(struct connection *connection)
{
    struct server *server = server_of(connection);
    size_t kept = connection->in.len;

    if (kept > 0) {
        memcpy(server->read_buffer, buf_span(&connection->in).bytes, kept);
    }
    ssize_t got = socket_receive(connection, server->read_buffer + kept, READ_BYTES - kept);
    if (got <= 0) {
        input_failed(connection, got);
        return;
    }
    count_input(connection, (size_t)got);

    struct span in = { server->read_buffer, kept + (size_t)got };
    size_t used;
    buf_consume(&connection->in, kept);
    enum batch_end end = run(connection, in, &used);
    if (used < in.len && end != BATCH_CLOSING) {
        if (!buf_add(&connection->in, span_skip(in, used))) {
            over_query_limit(connection);
        }
    } else {
        buf_fini(&connection->in);
    }
    after_run(connection, end);
}

/* Whether the session, with what it has just received, is one of those that are too many. */
static bool is_too_heavy(struct connection *connection)
{
    struct server *server = server_of(connection);

    if (server->weights.max == 0) {
        return false;
    }
    weight_update(&connection->session);
    weights_evict(server);
    return connection->session.end != SESSION_OPEN;
}

static void run_received(struct connection *connection, size_t len)
{
    count_input(connection, len);
    if (!is_too_heavy(connection)) {
        run_own(connection);
    }
}

/* Reads a big argument to where it will stay. The buffer grows with what really came, and no
 * further than the argument needs. */
static void read_own(struct connection *connection, size_t missing)
{
    struct buf *in = &connection->in;
    size_t most = in->len > OWN_READ_MAX ? in->len : OWN_READ_MAX;
    size_t wanted = missing < most ? missing : most;
    char *room = buf_reserve_exactly(in, wanted);

    if (room == NULL) {
        over_query_limit(connection);
        return;
    }
    wanted = wanted < OWN_READ_MAX ? wanted : OWN_READ_MAX;
    ssize_t got = socket_receive(connection, room, wanted);
    if (got <= 0) {
        input_failed(connection, got);
        return;
    }
    buf_commit(in, (size_t)got);
    run_received(connection, (size_t)got);
}

/* Reads what ends a big request; the next ones may come with it. */
static void read_tail(struct connection *connection)
{
    struct server *server = server_of(connection);
    ssize_t got = socket_receive(connection, server->read_buffer, READ_BYTES);

    if (got <= 0) {
        input_failed(connection, got);
    } else if (!buf_add(&connection->in, (struct span){ server->read_buffer, (size_t)got })) {
        over_query_limit(connection);
    } else {
        run_received(connection, (size_t)got);
    }
}

/* Nothing of it is run yet; but whoever hangs up is to be noticed. */
static void read_behind(struct connection *connection)
{
    struct server *server = server_of(connection);
    ssize_t got = socket_receive(connection, server->read_buffer, READ_BYTES);

    if (got <= 0) {
        input_failed(connection, got);
        return;
    }
    count_input(connection, (size_t)got);
    connection->has_whole = true;
    if (!buf_add(&connection->in, (struct span){ server->read_buffer, (size_t)got })) {
        over_query_limit(connection);
    }
    connection->session.input_bytes = connection->in.len;
}

static void read_more(struct connection *connection)
{
    if (connection->must_wait) {
        read_behind(connection);
        return;
    }
    if (connection->in.len == 0) {
        read_shared(connection);
        return;
    }
    size_t missing = resp_reader_missing(&connection->reader, connection->in.len);
    if (connection->in.len + missing <= READ_BYTES / 2) {
        read_shared(connection);
    } else if (missing < READ_BYTES) {
        read_tail(connection);
    } else {
        read_own(connection, missing);
    }
}

/* What TLS itself has to say may have been read and answered, and the goodbye of the other side may
 * have come together with its last requests. */
static void after_tls(struct connection *connection)
{
    struct session *session = &connection->session;

    if (session->end == SESSION_OPEN && tls_stream_has_ended(connection->tls)) {
        errno = EPROTO;
        input_failed(connection, tls_stream_error(connection->tls)[0] == '\0' ? 0 : -1);
    }
    touch(connection);
}

static void readable(struct connection *connection)
{
    struct server *server = server_of(connection);
    struct tls_stream *tls = connection->tls;

    if (tls == NULL) {
        read_more(connection);
        return;
    }
    if (tls_stream_is_shaking(tls)) {
        if (server->handshakes == HANDSHAKES_PER_TURN) {
            return; /* It will be as readable in the next turn. */
        }
        server->handshakes++;
        read_more(connection);
        socket_describe_handshake(connection);
    } else {
        read_more(connection);
    }
    after_tls(connection);
}

void connection_read(struct connection *connection)
{
    readable(connection);
}

/* --- output --- */

static bool passes_soft_limit(const struct connection *connection)
{
    const struct session *session = &connection->session;
    const struct option_limits *limits = &session->server->options->client_output_buffer_limit;
    uint64_t soft = limits->classes[session_class(session)].soft;

    return soft != 0 && answers_bytes(&session->answers) > soft;
}

static void write_out(struct connection *connection)
{
    struct server *server = server_of(connection);
    struct session *session = &connection->session;
    struct span out = buf_span(&session->answers.out);

    if (!socket_has_output(connection)) {
        return;
    }
    out.len = withheld_open(&connection->withheld, out.len);
    ssize_t sent = socket_transmit(connection, out);
    server->statistics.totals.writes++;
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            session->end = SESSION_ENDS_NOW;
        }
        return;
    }
    server->statistics.totals.bytes_out += (uint64_t)sent;
    session->bytes_out += (uint64_t)sent;
    session->active_at_ms = server->now_ms;
    buf_consume(&session->answers.out, (size_t)sent);
    /* The time over the soft limit begins anew, however short it was under it. */
    if (connection->soft_since_ms != 0 && !passes_soft_limit(connection)) {
        connection->soft_since_ms = 0;
    }
}

/* Watches for what the state of the connection asks for. */
static void rewatch(struct connection *connection)
{
    struct session *session = &connection->session;
    int events = socket_has_output(connection) ? EV_WRITE : 0;

    if (connection->must_wait && batch_may_go_on(session)) {
        struct server *server = server_of(connection);
        connection->must_wait = false;
        if (connection->has_whole && !connection->unfinished) {
            connection->unfinished = true;
            connection->next_unfinished = server->unfinished;
            server->unfinished = connection;
        }
    }
    bool blocked = session->wait != NULL || session->held != NULL;
    bool reads = !connection->must_wait || blocked;
    if (session->end == SESSION_OPEN && reads && !connection->unfinished) {
        events |= EV_READ;
    }
    watch(connection, events);
}

/* What is left of the output, and what is to be watched for. */
static void settle(struct connection *connection)
{
    struct session *session = &connection->session;

    if (session->answers.out.bytes != NULL && session->answers.out.len == 0) {
        blocks_return(server_of(connection), &connection->session.answers.out);
    }
    rewatch(connection);
    if (server_of(connection)->weights.max != 0) {
        weight_update(&connection->session);
    }
}

/* Writes, and ends the connection if it is to end. */
static void flush(struct connection *connection)
{
    struct session *session = &connection->session;
    struct server *server = server_of(connection);

    if (session->answers.full && session->end != SESSION_ENDS_NOW) {
        server->statistics.totals.output_limit_closes++;
        describe_close(connection, "over client-output-buffer-limit");
        session->end = SESSION_ENDS_NOW;
    }
    if (session->end != SESSION_ENDS_NOW) {
        size_t before = session->answers.out.len;
        write_out(connection);
        size_t after = session->answers.out.len;
        withheld_left(&connection->withheld, before - after, after);
    }
    bool all_left = session->answers.out.len == 0 && session->answers.first == NULL &&
                    !socket_has_output(connection);
    if (session->end == SESSION_ENDS_NOW) {
        leave(connection);
        shut(connection);
    } else if (session->end == SESSION_ENDS_AFTER_ANSWERS && all_left) {
        bool must_linger = has_unread_input(connection);
        leave(connection);
        if (must_linger) {
            linger(connection);
        } else {
            shut(connection);
        }
    } else {
        settle(connection);
    }
}

void connections_write(struct server *server, const struct session *except)
{
    struct connection *later = NULL;

    while (server->touched != NULL) {
        struct connection *connection = server->touched;
        struct session *session = &connection->session;
        server->touched = connection->next_touched;
        if (session != except && session->end == SESSION_OPEN && !session->answers.full) {
            write_out(connection);
        }
        if (session == except || session->end != SESSION_OPEN || session->answers.full) {
            connection->next_touched = later;
            later = connection;
        } else {
            connection->touched = false;
            settle(connection);
        }
    }
    server->touched = later;
}

static void flush_touched(struct server *server)
{
    while (server->touched != NULL) {
        struct connection *connection = server->touched;
        server->touched = connection->next_touched;
        connection->touched = false;
        flush(connection);
    }
}

void connections_flush(struct server *server)
{
    flush_touched(server);
    if (weights_evict(server)) {
        flush_touched(server);
    }
}

static size_t input_room(const struct session *session)
{
    const struct buf *in = &((const struct connection *)session)->in;
    return in->capacity - in->len;
}

static size_t bytes_of(const struct session *session)
{
    const struct connection *connection = (const struct connection *)session;
    size_t tls = connection->tls == NULL ? 0 : tls_stream_bytes(connection->tls);

    return sizeof(*connection) + connection->in.capacity + tls;
}

static const struct session_owner connection_owner = { .bytes = bytes_of,
                                                       .input_room = input_room };

void connections_continue(struct server *server)
{
    struct connection *connection = server->unfinished;

    server->unfinished = NULL;
    while (connection != NULL) {
        struct connection *next = connection->next_unfinished;
        connection->unfinished = false;
        if (connection->session.end == SESSION_OPEN) {
            run_own(connection);
        }
        connection = next;
    }
}

/* --- life --- */

static void on_event(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct connection *connection = io->data;

    (void)loop;
    if (connection->lingering) {
        drop_input(connection);
        return;
    }
    /* The loop calls for the last that was ready first: this makes a list in order of arrival. */
    struct server *server = server_of(connection);
    if (connection->ready == 0) {
        connection->next_ready = server->ready;
        server->ready = connection;
    }
    connection->ready |= events;
}

void connections_run(struct server *server)
{
    server->handshakes = 0;
    while (server->ready != NULL) {
        struct connection *connection = server->ready;
        int events = connection->ready;
        server->ready = connection->next_ready;
        connection->ready = 0;
        if (events & EV_READ && connection->session.end == SESSION_OPEN) {
            readable(connection);
        }
        if (events & EV_WRITE) {
            touch(connection);
        }
    }
}

/* What comes from a primary has been weighed there. */
static size_t input_max(const struct session *session)
{
    return session->to_primary ? SIZE_MAX / 2 : session->server->options->client_query_buffer_limit;
}

struct session *connection_open(struct server *server, const struct access *access)
{
    struct connection *connection = memory_zero(sizeof(*connection));
    struct session *session = &connection->session;

    session->fd = access->fd;
    session->from_peer = access->from_peer;
    session->unix_socket = access->unix_socket;
    if (access->tls) {
        connection->tls = tls_stream_new(server->parts.tls, access->to_primary);
    }
    session->to_primary = access->to_primary;
    session->owner = &connection_owner;
    session_begin(session, server, SIZE_MAX / 2);
    session->unrestricted |= access->to_primary;
    session->authenticated |= access->to_primary;
    session_set_limit(session);
    session->answers.ready = answers_ready;
    buf_init(&connection->in, input_max(session));
    ev_init(&connection->io, on_event);
    connection->io.data = connection;
    watch(connection, EV_READ);
    if (server->weights.max != 0) {
        weight_update(session);
    }
    if (access->tls && access->to_primary) {
        tls_stream_begin(connection->tls, access->fd);
    }
    return session;
}

/* Whether the soft limit has been passed for longer than it may. */
static bool over_soft_limit(struct connection *connection)
{
    const struct server *server = server_of(connection);
    const struct option_limits *limits = &server->options->client_output_buffer_limit;
    int64_t seconds = limits->classes[session_class(&connection->session)].soft_seconds;

    if (!passes_soft_limit(connection)) {
        connection->soft_since_ms = 0;
        return false;
    }
    if (connection->soft_since_ms == 0) {
        connection->soft_since_ms = server->now_ms;
    }
    return server->now_ms - connection->soft_since_ms >= (uint64_t)seconds * 1000;
}

static bool is_idle(const struct connection *connection)
{
    const struct server *server = server_of(connection);
    const struct session *session = &connection->session;
    uint64_t timeout_ms = (uint64_t)server->options->timeout_seconds * 1000;

    return timeout_ms > 0 && !session->greeted && !session->to_primary &&
           !replica_is_counted(session->replica) && session->answers.waiting == 0 &&
           session->wait == NULL && session->held == NULL && session->monitor == NULL &&
           server->now_ms > session->active_at_ms + timeout_ms;
}

static bool shakes_too_long(const struct connection *connection)
{
    return socket_is_shaking(connection) &&
           server_of(connection)->now_ms > connection->session.created_at_ms + HANDSHAKE_MS;
}

static void tick(struct server *server, struct connection *connection)
{
    struct session *session = &connection->session;

    if (over_soft_limit(connection)) {
        session->answers.full = true;
        touch(connection);
    }
    if (shakes_too_long(connection)) {
        tls_metrics.tls_handshake_timeouts_total++;
        log_verbose(server->parts.log, "Closing client id=%llu: no TLS handshake in time",
                    (unsigned long long)session->id);
        session_close(session, SESSION_ENDS_NOW);
    }
    if (is_idle(connection)) {
        server->statistics.totals.idle_closes++;
        log_verbose(server->parts.log, "Closing idle client id=%llu",
                    (unsigned long long)session->id);
        session_close(session, SESSION_ENDS_NOW);
    }
}

/* A test may bring sessions of its own. */
static bool is_connection(const struct session *session)
{
    return session->owner == &connection_owner;
}

void connections_tick(struct server *server)
{
    for (struct session *session = server->first; session != NULL; session = session->next) {
        if (is_connection(session)) {
            tick(server, connection_of(session));
        }
    }
    struct connection *next;
    for (struct connection *at = server->lingering; at != NULL; at = next) {
        next = at->next_lingering;
        if (server->now_ms >= at->linger_until_ms) {
            end_lingering(at);
        }
    }
}

void connections_configure(struct server *server)
{
    for (struct session *session = server->first; session != NULL; session = session->next) {
        session_set_limit(session);
        if (is_connection(session)) {
            connection_of(session)->in.max = input_max(session);
        }
    }
    weights_configure(server);
}

void connections_free(struct server *server)
{
    server->touched = NULL;
    server->unfinished = NULL;
    server->ready = NULL;
    while (server->first != NULL) {
        struct connection *connection = connection_of(server->first);
        connection->unfinished = false;
        leave(connection);
        shut(connection);
    }
    while (server->lingering != NULL) {
        end_lingering(server->lingering);
    }
}
