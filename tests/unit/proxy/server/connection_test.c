/* A session's socket: what is read, run and written in a turn, and how it ends. */

#include "proxy/server/connection.h"

#include "cache/base/memory.h"

#include "tests/unit/proxy/server/fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* The client's end of a socket whose other end the server has. Reading does not wait. */
static int dial(struct fixture *fixture)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    connection_open(fixture->server, &(struct access){ .fd = ends[0], .unix_socket = true });
    return ends[1];
}

static void say(int fd, struct span bytes)
{
    assert_int_equal(send(fd, bytes.bytes, bytes.len, MSG_NOSIGNAL), bytes.len);
}

/* A turn reads and runs; the next one's beginning writes. */
static void turn(struct fixture *fixture)
{
    ev_run(fixture->loop, EVRUN_NOWAIT);
    ev_run(fixture->loop, EVRUN_NOWAIT);
}

/* What has come, NUL-terminated. NULL: the other end is closed. */
static const char *hear(int fd)
{
    static char text[65536];
    ssize_t got = recv(fd, text, sizeof(text) - 1, 0);

    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
        return NULL;
    }
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static void answers_what_was_sent_in_one_write(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);

    say(client, SPAN("SET k v\r\nGET k\r\nPING\r\n"));
    turn(&fixture);
    assert_string_equal(hear(client), "+OK\r\n$1\r\nv\r\n+PONG\r\n");
    assert_int_equal(server_stats(fixture.server)->writes, 1);
    assert_int_equal(server_stats(fixture.server)->reads, 1);
    close(client);
    turn(&fixture);
    assert_int_equal(server_connections(fixture.server), 0);
    fixture_fini(&fixture);
}

static void puts_cut_requests_together(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);
    struct span in =
        SPAN("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");

    for (size_t i = 0; i < in.len; i++) {
        say(client, (struct span){ in.bytes + i, 1 });
        turn(&fixture);
    }
    assert_string_equal(hear(client), "+OK\r\n$5\r\nhello\r\n");
    close(client);
    fixture_fini(&fixture);
}

static void holds_no_buffer_while_idle(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);
    struct connection *connection = (struct connection *)fixture.server->first;

    say(client, SPAN("PING\r\n*1\r\n$4\r\nPI"));
    turn(&fixture);
    assert_int_equal(connection->session.input_bytes, 2); /* Not looked at for good yet. */
    assert_int_equal(connection->in.len, 10);
    say(client, SPAN("NG\r\n"));
    turn(&fixture);
    assert_string_equal(hear(client), "+PONG\r\n+PONG\r\n");
    assert_null(connection->in.bytes);
    assert_null(connection->session.answers.out.bytes);
    assert_null(connection->reader.pieces);
    close(client);
    fixture_fini(&fixture);
}

static void takes_a_big_argument_in_pieces(void **state)
{
    (void)state;
    enum { BIG = 3000000 };
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);
    struct buf request;
    buf_init(&request, SIZE_MAX / 2);
    assert_true(buf_add(&request, SPAN("*2\r\n$6\r\nSTRLEN\r\n$1\r\nk\r\n")));
    assert_true(buf_add(&request, SPAN("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n")));
    memset(buf_reserve(&request, BIG), 'x', BIG);
    buf_commit(&request, BIG);
    assert_true(buf_add(&request, SPAN("\r\n*2\r\n$6\r\nSTRLEN\r\n$1\r\nk\r\n")));

    while (request.len > 0) {
        struct span rest = buf_span(&request);
        ssize_t sent = send(client, rest.bytes, rest.len, MSG_NOSIGNAL);
        if (sent > 0) {
            buf_consume(&request, (size_t)sent);
        }
        turn(&fixture);
    }
    turn(&fixture);
    assert_string_equal(hear(client), ":0\r\n+OK\r\n:3000000\r\n");
    assert_null(((struct connection *)fixture.server->first)->in.bytes);
    buf_fini(&request);
    close(client);
    fixture_fini(&fixture);
}

static void answers_a_protocol_error_and_closes(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);

    say(client, SPAN("PING\r\n*x\r\nPING\r\n"));
    turn(&fixture);
    assert_string_equal(hear(client), "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n");
    /* Half closed until the client has stopped sending too. */
    assert_null(hear(client));
    assert_int_equal(server_connections(fixture.server), 0);
    assert_int_equal(server_stats(fixture.server)->protocol_errors, 1);
    say(client, SPAN("PING\r\n"));
    turn(&fixture);
    close(client);
    turn(&fixture);
    assert_null(fixture.server->lingering);
    fixture_fini(&fixture);
}

static void stops_lingering_after_a_while(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);

    say(client, SPAN("*x\r\nPING\r\n"));
    turn(&fixture);
    assert_non_null(fixture.server->lingering);
    uint64_t now_ms = server_now_ms(fixture.server);
    server_tick(fixture.server, now_ms + 100);
    assert_non_null(fixture.server->lingering);
    server_tick(fixture.server, now_ms + 10000);
    assert_null(fixture.server->lingering);
    assert_int_equal(send(client, "x", 1, MSG_NOSIGNAL), -1);
    close(client);
    fixture_fini(&fixture);
}

static void answers_a_client_that_only_stopped_sending(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);

    say(client, SPAN("PING\r\n"));
    turn(&fixture);
    /* An answer from elsewhere is outstanding when the client's end comes. */
    struct waiter *waiter = answers_wait(&fixture.server->first->answers, 2, false);
    shutdown(client, SHUT_WR);
    turn(&fixture);
    assert_int_equal(server_connections(fixture.server), 1);
    reply_ok(waiter->reply);
    waiter->done(waiter);
    turn(&fixture);
    assert_string_equal(hear(client), "+PONG\r\n+OK\r\n");
    assert_null(hear(client));
    assert_int_equal(server_connections(fixture.server), 0);
    close(client);
    fixture_fini(&fixture);
}

/* Asks for the same big value until the server's end of the socket is full. */
static void ask_without_reading(struct fixture *fixture, int client, int times)
{
    struct span value = { NULL, 50000 };
    char *letters = memory_alloc(value.len);
    memset(letters, 'x', value.len);
    value.bytes = letters;
    struct reply reply = { .silent = true };
    struct buf nowhere;
    buf_init(&nowhere, 0);
    reply.out = &nowhere;
    struct span argv[] = { SPAN("set"), SPAN("k"), value };
    cache_exec(fixture->cache, &(struct cache_request){
                                   .command = command_named(fixture->table, SPAN("set")),
                                   .argv = argv,
                                   .argc = 3,
                                   .now_ms = 1,
                                   .reply = &reply,
                               });
    memory_free(letters);
    for (int i = 0; i < times; i++) {
        say(client, SPAN("GET k\r\n"));
        turn(fixture);
    }
}

static void closes_who_passes_the_hard_output_limit(void **state)
{
    (void)state;
    static const char *const flags[] = { "--client-output-buffer-limit", "normal 1mb 0 0" };
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));
    int client = dial(&fixture);

    ask_without_reading(&fixture, client, 15);
    assert_int_equal(server_connections(fixture.server), 1);
    say(client,
        SPAN("GET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\n"
             "GET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\nGET k\r\n"));
    turn(&fixture);
    assert_int_equal(server_connections(fixture.server), 0);
    assert_int_equal(server_stats(fixture.server)->output_limit_closes, 1);
    assert_non_null(strstr(fixture.log, "client-output-buffer-limit"));
    close(client);
    fixture_fini(&fixture);
}

static void closes_who_passes_the_soft_output_limit_for_too_long(void **state)
{
    (void)state;
    static const char *const flags[] = { "--client-output-buffer-limit", "normal 0 100kb 5" };
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));
    int client = dial(&fixture);
    ask_without_reading(&fixture, client, 15);
    uint64_t now_ms = server_now_ms(fixture.server);

    server_tick(fixture.server, now_ms);
    server_tick(fixture.server, now_ms + 4999);
    connections_flush(fixture.server);
    assert_int_equal(server_connections(fixture.server), 1);
    server_tick(fixture.server, now_ms + 5000);
    connections_flush(fixture.server);
    assert_int_equal(server_connections(fixture.server), 0);
    close(client);
    fixture_fini(&fixture);
}

/* As far as the kernel's buffers allow: what is left must be under the limit for a moment only. */
static void a_moment_under_the_soft_limit_begins_its_time_anew(void **state)
{
    (void)state;
    static const char *const flags[] = { "--client-output-buffer-limit", "normal 0 100kb 5" };
    static char taken[1 << 20];
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));
    int client = dial(&fixture);
    ask_without_reading(&fixture, client, 15);
    uint64_t now_ms = server_now_ms(fixture.server);
    server_tick(fixture.server, now_ms);

    do {
        turn(&fixture);
    } while (recv(client, taken, sizeof(taken), MSG_DONTWAIT) > 0);
    ask_without_reading(&fixture, client, 15);
    server_tick(fixture.server, now_ms + 5000);
    connections_flush(fixture.server);
    assert_int_equal(server_connections(fixture.server), 1);
    server_tick(fixture.server, now_ms + 10000);
    connections_flush(fixture.server);
    assert_int_equal(server_connections(fixture.server), 0);
    close(client);
    fixture_fini(&fixture);
}

static void closes_idle_clients_after_the_timeout(void **state)
{
    (void)state;
    static const char *const flags[] = { "--timeout", "3" };
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));
    int client = dial(&fixture);
    uint64_t now_ms = server_now_ms(fixture.server);

    server_tick(fixture.server, now_ms + 3000);
    connections_flush(fixture.server);
    assert_int_equal(server_connections(fixture.server), 1);
    server_tick(fixture.server, now_ms + 3001);
    connections_flush(fixture.server);
    assert_int_equal(server_connections(fixture.server), 0);
    assert_null(hear(client));
    close(client);
    fixture_fini(&fixture);
}

static void closes_who_sends_more_than_the_query_limit(void **state)
{
    (void)state;
    static const char *const flags[] = { "--client-query-buffer-limit", "1mb" };
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));
    int client = dial(&fixture);
    static char letters[100000];
    memset(letters, 'x', sizeof(letters));

    say(client, SPAN("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000000\r\n"));
    for (int i = 0; i < 30 && server_connections(fixture.server) == 1; i++) {
        ssize_t sent = send(client, letters, sizeof(letters), MSG_NOSIGNAL);
        (void)sent;
        turn(&fixture);
    }
    assert_int_equal(server_connections(fixture.server), 0);
    assert_int_equal(server_stats(fixture.server)->query_limit_closes, 1);
    assert_non_null(strstr(fixture.log, "client-query-buffer-limit"));
    close(client);
    fixture_fini(&fixture);
}

static void drains_when_its_answers_have_left(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int busy = dial(&fixture);
    int idle = dial(&fixture);
    struct waiter *waiter = answers_wait(&fixture.server->first->answers, 2, false);

    server_drain(fixture.server);
    turn(&fixture);
    assert_int_equal(server_connections(fixture.server), 1);
    assert_int_equal(server_waiting(fixture.server), 1);
    assert_null(hear(idle));
    reply_ok(waiter->reply);
    waiter->done(waiter);
    turn(&fixture);
    assert_int_equal(server_connections(fixture.server), 0);
    assert_string_equal(hear(busy), "+OK\r\n");
    close(busy);
    close(idle);
    fixture_fini(&fixture);
}

static void an_answer_that_comes_after_the_end_is_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    int client = dial(&fixture);
    struct session *session = fixture.server->first;
    struct waiter *waiter = answers_wait(&session->answers, 2, false);

    session_close(session, SESSION_ENDS_NOW);
    turn(&fixture);
    assert_int_equal(server_connections(fixture.server), 0);
    assert_null(waiter->reply);
    waiter->done(waiter);
    close(client);
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_what_was_sent_in_one_write),
        cmocka_unit_test(puts_cut_requests_together),
        cmocka_unit_test(holds_no_buffer_while_idle),
        cmocka_unit_test(takes_a_big_argument_in_pieces),
        cmocka_unit_test(answers_a_protocol_error_and_closes),
        cmocka_unit_test(stops_lingering_after_a_while),
        cmocka_unit_test(answers_a_client_that_only_stopped_sending),
        cmocka_unit_test(closes_who_passes_the_hard_output_limit),
        cmocka_unit_test(closes_who_passes_the_soft_output_limit_for_too_long),
        cmocka_unit_test(a_moment_under_the_soft_limit_begins_its_time_anew),
        cmocka_unit_test(closes_idle_clients_after_the_timeout),
        cmocka_unit_test(closes_who_sends_more_than_the_query_limit),
        cmocka_unit_test(drains_when_its_answers_have_left),
        cmocka_unit_test(an_answer_that_comes_after_the_end_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
