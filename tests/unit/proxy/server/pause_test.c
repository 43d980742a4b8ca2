/* Requests that are held, and let go. */

#include "tests/unit/proxy/server/fixture.h"

#include "proxy/server/pause.h"

struct setting {
    struct fixture fixture;
    struct client client;
};

static void setting_init(struct setting *setting)
{
    fixture_init(&setting->fixture, NULL, 0);
    client_init(&setting->client, &setting->fixture);
    setting->fixture.server->now_ms = 1000;
}

static void setting_fini(struct setting *setting)
{
    client_fini(&setting->client);
    fixture_fini(&setting->fixture);
}

static void pause_for(struct setting *setting, enum pause_extent extent, uint64_t until_ms)
{
    pause_begin(setting->fixture.server, PAUSE_FOR_COMMAND, extent, until_ms);
}

/* Sends one request; what is put back is not taken, and stays with the sender. */
static bool is_held(struct setting *setting, const char *line)
{
    struct resp_reader reader = { 0 };
    size_t used;

    batch_run(setting->fixture.server, &setting->client.session, &reader, span_from(line), &used);
    resp_reader_fini(&reader);
    return setting->client.session.held != NULL && used == 0;
}

static void holds_writes_and_no_reads(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    pause_for(&setting, PAUSE_WRITES, 2000);

    assert_string_equal(client_asks(&setting.client, "GET k\r\nPING\r\n"), "$-1\r\n+PONG\r\n");
    assert_true(is_held(&setting, "SET k v\r\n"));
    assert_string_equal(client_takes(&setting.client), "");
    assert_int_equal(server_blocked(setting.fixture.server), 1);

    pause_lift(setting.fixture.server, PAUSE_FOR_COMMAND);
    assert_int_equal(setting.client.ready, 1);
    assert_int_equal(server_blocked(setting.fixture.server), 0);
    assert_string_equal(client_asks(&setting.client, "SET k v\r\n"), "+OK\r\n");
    setting_fini(&setting);
}

static void holds_what_replicas_would_be_told(void **state)
{
    (void)state;
    static const char *const lines[] = { "PUBLISH c m\r\n", "SPUBLISH c m\r\n", "PFCOUNT k\r\n" };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct setting setting;
        setting_init(&setting);
        pause_for(&setting, PAUSE_WRITES, 2000);
        assert_true(is_held(&setting, lines[i]));
        setting_fini(&setting);
    }
}

static void holds_everything_when_told_so(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    pause_for(&setting, PAUSE_ALL, 2000);

    assert_true(is_held(&setting, "PING\r\n"));
    setting_fini(&setting);
}

static void says_at_once_what_is_wrong(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    pause_for(&setting, PAUSE_ALL, 2000);

    assert_string_equal(client_asks(&setting.client, "SET k\r\n"),
                        "-ERR wrong number of arguments for 'set' command\r\n");
    setting_fini(&setting);
}

static void holds_a_transaction_for_what_is_in_it(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    client_asks(&setting.client, "MULTI\r\nGET k\r\n");
    pause_for(&setting, PAUSE_WRITES, 2000);
    assert_string_equal(client_asks(&setting.client, "EXEC\r\n"), "*1\r\n$-1\r\n");
    pause_lift(setting.fixture.server, PAUSE_FOR_COMMAND);
    client_asks(&setting.client, "MULTI\r\nSET k v\r\n");
    pause_for(&setting, PAUSE_WRITES, 2000);

    assert_true(is_held(&setting, "EXEC\r\n"));
    setting_fini(&setting);
}

static void begins_behind_the_transaction_that_asks_for_it(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    assert_string_equal(
        client_asks(&setting.client,
                    "MULTI\r\nCLIENT PAUSE 500 WRITE\r\nSET k v\r\nEXEC\r\nGET k\r\n"),
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n$1\r\nv\r\n");
    assert_true(is_held(&setting, "SET k w\r\n"));
    setting_fini(&setting);
}

static void is_over_when_its_time_is(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct server *server = setting.fixture.server;
    pause_for(&setting, PAUSE_WRITES, 2000);
    is_held(&setting, "SET k v\r\n");

    server->now_ms = 1999;
    pause_turn(server);
    assert_non_null(setting.client.session.held);
    server->now_ms = 2000;
    pause_turn(server);

    assert_null(setting.client.session.held);
    assert_int_equal(server->special, 0);
    setting_fini(&setting);
}

static void keeps_the_longer_time_and_the_wider_extent(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct server *server = setting.fixture.server;
    uint64_t left_ms;
    pause_for(&setting, PAUSE_ALL, 3000);

    pause_for(&setting, PAUSE_WRITES, 2000);

    assert_int_equal(server->pause.extent, PAUSE_ALL);
    assert_string_equal(pause_longest(server, &left_ms), "client_pause");
    assert_int_equal(left_ms, 2000);
    server->now_ms = 3000;
    pause_for(&setting, PAUSE_WRITES, 4000);
    assert_int_equal(server->pause.extent, PAUSE_WRITES); /* The first one is over. */
    setting_fini(&setting);
}

static void goes_on_while_there_is_another_reason(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct server *server = setting.fixture.server;
    uint64_t left_ms;
    pause_for(&setting, PAUSE_ALL, 2000);
    pause_begin(server, PAUSE_FOR_SNAPSHOT, PAUSE_WRITES, PAUSE_FOR_EVER);
    assert_true(is_held(&setting, "SET k v\r\n"));

    pause_lift(server, PAUSE_FOR_COMMAND);

    assert_int_equal(server->pause.extent, PAUSE_WRITES);
    assert_string_equal(pause_longest(server, &left_ms), "snapshot_behind");
    assert_true(is_held(&setting, "SET k v\r\n")); /* It was let go, and is read again. */
    pause_lift(server, PAUSE_FOR_SNAPSHOT);
    assert_null(pause_longest(server, &left_ms));
    assert_int_equal(left_ms, 0);
    setting_fini(&setting);
}

static void time_that_is_over_pauses_nothing(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    pause_for(&setting, PAUSE_ALL, 1000);

    assert_int_equal(setting.fixture.server->special, 0);
    setting_fini(&setting);
}

static void lets_go_in_the_order_of_arrival(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct client second;
    client_init(&second, &setting.fixture);
    pause_for(&setting, PAUSE_WRITES, 2000);
    is_held(&setting, "SET k 1\r\n");
    client_sends_bytes(&second, SPAN("SET k 2\r\n"));

    const struct pause *pause = &setting.fixture.server->pause;
    assert_int_equal(pause->held, 2);
    assert_ptr_equal(pause->first, setting.client.session.held);
    assert_ptr_equal(pause->last, second.session.held);
    client_fini(&second); /* It hangs up. */
    assert_int_equal(pause->held, 1);
    assert_ptr_equal(pause->last, setting.client.session.held);
    setting_fini(&setting);
}

static void nothing_expires_meanwhile(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct server *server = setting.fixture.server;
    client_asks(&setting.client, "SET k v PX 10\r\n");
    pause_for(&setting, PAUSE_WRITES, 5000);

    server_tick(server, 1100);
    assert_string_equal(client_asks(&setting.client, "GET k\r\nDBSIZE\r\n"), "$-1\r\n:1\r\n");
    assert_int_equal(cache_stats(setting.fixture.cache).expired, 0);
    pause_lift(server, PAUSE_FOR_COMMAND);

    assert_string_equal(client_asks(&setting.client, "GET k\r\nDBSIZE\r\n"), "$-1\r\n:0\r\n");
    assert_int_equal(cache_stats(setting.fixture.cache).expired, 1);
    setting_fini(&setting);
}

static void a_replica_expires_nothing_after_a_pause_either(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct server *server = setting.fixture.server;
    client_asks(&setting.client, "SET k v PX 10\r\n");
    client_asks(&setting.client, "REPLICAOF 127.0.0.1 1\r\n");
    pause_for(&setting, PAUSE_WRITES, 5000);
    pause_lift(server, PAUSE_FOR_COMMAND);

    server_tick(server, 1100);

    assert_string_equal(client_asks(&setting.client, "GET k\r\nDBSIZE\r\n"), "$-1\r\n:1\r\n");
    client_asks(&setting.client, "REPLICAOF NO ONE\r\n");
    server_tick(server, 1200);
    assert_string_equal(client_asks(&setting.client, "DBSIZE\r\n"), ":0\r\n");
    setting_fini(&setting);
}

static void a_monitor_is_not_held(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    client_asks(&setting.client, "MONITOR\r\n");
    pause_for(&setting, PAUSE_ALL, 2000);

    assert_false(is_held(&setting, "PING\r\n"));
    setting_fini(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_writes_and_no_reads),
        cmocka_unit_test(holds_what_replicas_would_be_told),
        cmocka_unit_test(holds_everything_when_told_so),
        cmocka_unit_test(says_at_once_what_is_wrong),
        cmocka_unit_test(holds_a_transaction_for_what_is_in_it),
        cmocka_unit_test(begins_behind_the_transaction_that_asks_for_it),
        cmocka_unit_test(is_over_when_its_time_is),
        cmocka_unit_test(keeps_the_longer_time_and_the_wider_extent),
        cmocka_unit_test(goes_on_while_there_is_another_reason),
        cmocka_unit_test(time_that_is_over_pauses_nothing),
        cmocka_unit_test(lets_go_in_the_order_of_arrival),
        cmocka_unit_test(nothing_expires_meanwhile),
        cmocka_unit_test(a_replica_expires_nothing_after_a_pause_either),
        cmocka_unit_test(a_monitor_is_not_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
