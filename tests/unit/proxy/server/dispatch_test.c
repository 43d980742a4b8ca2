/* The path of a request: what is refused and why, what is run, what is counted. */

#include "proxy/server/dispatch.h"

#include "tests/unit/proxy/server/fixture.h"

static struct command_stats stats_of(const struct fixture *fixture, const char *name)
{
    const struct command *command = command_named(fixture->table, span_from(name));
    return server_command_stats(fixture->server, command_id(fixture->table, command));
}

static void runs_a_pipeline_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_string_equal(
        client_asks(&client, "SET k v\r\nGET k\r\nINCR n\r\nINCR n\r\nGET none\r\nPING\r\n"),
        "+OK\r\n$1\r\nv\r\n:1\r\n:2\r\n$-1\r\n+PONG\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

static void runs_more_than_a_batch(void **state)
{
    (void)state;
    enum { REQUESTS = BATCH_MAX * 2 + 3 };
    struct fixture fixture;
    struct client client;
    struct buf lines;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    buf_init(&lines, 1000000);
    for (int i = 0; i < REQUESTS; i++) {
        assert_true(buf_add(&lines, SPAN("INCR n\r\n")));
    }

    assert_int_equal(client_sends_bytes(&client, buf_span(&lines)), BATCH_MORE);
    client_takes(&client);
    char expected[32];
    snprintf(expected, sizeof(expected), "$3\r\n%d\r\n", (int)REQUESTS);
    assert_string_equal(client_asks(&client, "GET n\r\n"), expected);
    assert_int_equal(stats_of(&fixture, "incr").calls, REQUESTS);
    buf_fini(&lines);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void keeps_databases_apart_in_one_batch(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_string_equal(
        client_asks(&client,
                    "SET k zero\r\nSELECT 1\r\nGET k\r\nSET k one\r\nSELECT 0\r\nGET k\r\n"),
        "+OK\r\n+OK\r\n$-1\r\n+OK\r\n+OK\r\n$4\r\nzero\r\n");
    assert_string_equal(client_asks(&client, "SELECT 16\r\n"), "-ERR DB index is out of range\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

static void asks_strangers_for_the_password_first(void **state)
{
    (void)state;
    static const char *const flags[] = { "--requirepass", "sesame" };
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&client, &fixture);

    assert_string_equal(client_asks(&client, "GET k\r\n"), "-NOAUTH Authentication required.\r\n");
    assert_string_equal(client_asks(&client, "foo\r\n"),
                        "-ERR unknown command 'foo', with args beginning with: \r\n");
    assert_string_equal(client_asks(&client, "AUTH sesam\r\n"),
                        "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    assert_string_equal(client_asks(&client, "AUTH sesame2\r\n"),
                        "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    assert_string_equal(client_asks(&client, "AUTH other sesame\r\n"),
                        "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    assert_string_equal(client_asks(&client, "GET k\r\n"), "-NOAUTH Authentication required.\r\n");
    /* In one read: what follows AUTH is no longer a stranger's. */
    assert_string_equal(client_asks(&client, "AUTH sesame\r\nGET k\r\n"), "+OK\r\n$-1\r\n");
    assert_int_equal(stats_of(&fixture, "get").rejected, 2);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void lifts_the_limits_for_strangers_in_the_middle_of_a_read(void **state)
{
    (void)state;
    static const char *const flags[] = { "--requirepass", "x" };
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&client, &fixture);
    struct span eleven =
        SPAN("*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n*11\r\n$3\r\nDEL\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"
             "$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n$1\r\nh\r\n$1\r\ni\r\n$1\r\nj\r\n");

    assert_int_equal(client_sends_bytes(&client, eleven), BATCH_MORE);
    assert_string_equal(client_takes(&client), "+OK\r\n:0\r\n");
    client_fini(&client);

    client_init(&client, &fixture);
    assert_int_equal(client_sends_bytes(&client, span_skip(eleven, 21)), BATCH_BROKEN);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void answers_loading_while_loading(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    server_set_loading(fixture.server, true);
    assert_string_equal(client_asks(&client, "GET k\r\n"),
                        "-LOADING Redis is loading the dataset in memory\r\n");
    assert_string_equal(client_asks(&client, "ECHO a\r\n"), "$1\r\na\r\n");
    server_set_loading(fixture.server, false);
    assert_string_equal(client_asks(&client, "GET k\r\n"), "$-1\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

static void refuses_to_grow_over_maxmemory(void **state)
{
    (void)state;
    static const char *const flags[] = { "--maxmemory", "1" };
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&client, &fixture);

    /* Sanitized builds have an allocator that does not tell. */
    fixture.server->pressure.used = 1000000;
    assert_string_equal(client_asks(&client, "SET k v\r\n"),
                        "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    assert_string_equal(client_asks(&client, "GET k\r\nDEL k\r\n"), "$-1\r\n:0\r\n");
    assert_int_equal(stats_of(&fixture, "set").rejected, 1);
    assert_int_equal(stats_of(&fixture, "set").calls, 0);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void strangers_at_the_peer_port_do_not_administer(void **state)
{
    (void)state;
    static const char *const flags[] = { "--mesh-secret", "s" };
    struct fixture open, closed;
    struct client client;
    fixture_init(&open, NULL, 0);
    client_init(&client, &open);
    client.session.from_peer = true;
    assert_memory_equal(client_asks(&client, "CONFIG GET port\r\n"), "-NOPERM ", 8);
    assert_string_equal(client_asks(&client, "GET k\r\n"), "$-1\r\n");
    client_fini(&client);
    fixture_fini(&open);

    fixture_init(&closed, flags, COUNT(flags));
    client = (struct client){ .session.from_peer = true };
    session_begin(&client.session, closed.server, SIZE_MAX / 2);
    client.session.answers.ready = client_ready;
    assert_string_equal(client_asks(&client, "CONFIG GET port\r\n"),
                        "-NOAUTH Authentication required.\r\n");
    client_asks(&client, "AUTH s\r\n");
    assert_memory_equal(client_asks(&client, "CONFIG GET port\r\n"), "*2\r\n", 4);
    client_fini(&client);
    fixture_fini(&closed);
}

static void runs_nothing_after_quit(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_int_equal(client_sends_bytes(&client, SPAN("QUIT\r\nSET k v\r\n")), BATCH_CLOSING);
    assert_string_equal(client_takes(&client), "+OK\r\n");
    assert_int_equal(client.session.end, SESSION_ENDS_AFTER_ANSWERS);
    assert_int_equal(stats_of(&fixture, "set").calls, 0);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void closes_who_speaks_http(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    client_sends_bytes(&client, SPAN("POST / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n"));
    assert_int_equal(client.session.end, SESSION_ENDS_NOW);
    assert_non_null(strstr(fixture.log, "Possible attack"));
    assert_int_equal(stats_of(&fixture, "set").calls, 0);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void silences_what_client_reply_says(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    static const struct {
        const char *asked, *answered;
    } cases[] = {
        { "CLIENT REPLY OFF\r\nPING\r\nfoo\r\nCLIENT REPLY ON\r\nPING\r\n", "+OK\r\n+PONG\r\n" },
        { "CLIENT REPLY SKIP\r\nPING\r\nPING a\r\n", "$1\r\na\r\n" },
        { "CLIENT REPLY SKIP\r\nfoo\r\nPING\r\n", "+PONG\r\n" },
        { "CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\n", "+OK\r\n+PONG\r\n" },
        { "CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING\r\nPING a\r\n", "$1\r\na\r\n" },
        { "CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nPING\r\nCLIENT REPLY ON\r\n", "+OK\r\n" },
        { "CLIENT REPLY x\r\nPING\r\n", "-ERR syntax error\r\n+PONG\r\n" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(client_asks(&client, cases[i].asked), cases[i].answered);
    }
    client_fini(&client);
    fixture_fini(&fixture);
}

static void speaks_the_protocol_that_hello_chose(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    const char *answer = client_asks(&client, "GET k\r\nHELLO 3\r\nGET k\r\n");
    assert_memory_equal(answer, "$-1\r\n%7\r\n", 9);
    assert_string_equal(answer + strlen(answer) - 3, "_\r\n");
    assert_string_equal(client_asks(&client, "RESET\r\nGET k\r\n"), "+RESET\r\n$-1\r\n");
    assert_string_equal(client_asks(&client, "HELLO 4\r\n"),
                        "-NOPROTO unsupported protocol version\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

struct error_list {
    char text[256];
};

static void visit_error(void *context, struct span code, uint64_t count)
{
    struct error_list *errors = context;
    size_t len = strlen(errors->text);
    snprintf(errors->text + len, sizeof(errors->text) - len, "%.*s=%d ", (int)code.len, code.bytes,
             (int)count);
}

static void counts_calls_failures_and_errors_by_code(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    struct error_list errors = { "" };
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    client_asks(&client, "SET k abc\r\nINCR k\r\nINCR\r\nfoo\r\nHELLO 9\r\nSET k 1 BAD\r\n");
    struct command_stats incr = stats_of(&fixture, "incr");
    assert_int_equal(incr.calls, 1);
    assert_int_equal(incr.failed, 1);
    assert_int_equal(incr.rejected, 1);
    assert_int_equal(stats_of(&fixture, "set").calls, 2);
    assert_int_equal(server_stats(fixture.server)->commands, 4);
    assert_int_equal(server_stats(fixture.server)->errors, 5);
    server_errors_each(fixture.server, visit_error, &errors);
    assert_string_equal(errors.text, "ERR=4 NOPROTO=1 ");

    server_reset_stats(fixture.server);
    assert_int_equal(stats_of(&fixture, "incr").calls, 0);
    assert_int_equal(server_stats(fixture.server)->errors, 0);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void explains_where_a_command_would_go(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_non_null(strstr(client_asks(&client, "PODIS.EXPLAIN GET k\r\n"), "podis is alone"));
    assert_non_null(strstr(client_asks(&client, "PODIS.EXPLAIN CLIENT ID\r\n"), "this connection"));
    assert_string_equal(client_asks(&client, "PODIS.EXPLAIN GET\r\n"),
                        "-ERR wrong number of arguments for 'get' command\r\n");
    assert_memory_equal(client_asks(&client, "PODIS.EXPLAIN foo\r\n"), "-ERR unknown command", 20);
    client_fini(&client);
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_a_pipeline_in_order),
        cmocka_unit_test(runs_more_than_a_batch),
        cmocka_unit_test(keeps_databases_apart_in_one_batch),
        cmocka_unit_test(asks_strangers_for_the_password_first),
        cmocka_unit_test(lifts_the_limits_for_strangers_in_the_middle_of_a_read),
        cmocka_unit_test(answers_loading_while_loading),
        cmocka_unit_test(refuses_to_grow_over_maxmemory),
        cmocka_unit_test(strangers_at_the_peer_port_do_not_administer),
        cmocka_unit_test(runs_nothing_after_quit),
        cmocka_unit_test(closes_who_speaks_http),
        cmocka_unit_test(silences_what_client_reply_says),
        cmocka_unit_test(speaks_the_protocol_that_hello_chose),
        cmocka_unit_test(counts_calls_failures_and_errors_by_code),
        cmocka_unit_test(explains_where_a_command_would_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
