/* MULTI, EXEC, DISCARD, WATCH: what is queued, refused, run and not run. */

#include "proxy/server/transaction.h"

#include "tests/unit/proxy/server/fixture.h"

struct scene {
    struct fixture fixture;
    struct client client, other;
};

static void scene_init(struct scene *scene)
{
    fixture_init(&scene->fixture, NULL, 0);
    cache_listen(scene->fixture.cache, watches_change, server_watches(scene->fixture.server));
    client_init(&scene->client, &scene->fixture);
    client_init(&scene->other, &scene->fixture);
}

static void scene_fini(struct scene *scene)
{
    client_fini(&scene->client);
    client_fini(&scene->other);
    assert_int_equal(watches_keys(server_watches(scene->fixture.server)), 0);
    fixture_fini(&scene->fixture);
}

static void runs_what_was_queued_in_order(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_string_equal(client_asks(&scene.client, "MULTI\r\nSET k 1\r\nINCR k\r\nGET k\r\n"),
                        "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
    assert_string_equal(client_asks(&scene.other, "GET k\r\n"), "$-1\r\n");
    assert_string_equal(client_asks(&scene.client, "EXEC\r\n"), "*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
    assert_string_equal(client_asks(&scene.client, "GET k\r\n"), "$1\r\n2\r\n");
    scene_fini(&scene);
}

static void an_error_of_one_command_stops_no_other(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_string_equal(
        client_asks(&scene.client, "MULTI\r\nSET k v\r\nINCR k\r\nSTRLEN k\r\nEXEC\r\n"),
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n"
        "-ERR value is not an integer or out of range\r\n:1\r\n");
    scene_fini(&scene);
}

static void what_cannot_be_queued_spoils_the_rest(void **state)
{
    (void)state;
    static const char *const bad[] = { "GET\r\n", "NONE\r\n", "SHUTDOWN\r\n" };
    struct scene scene;
    scene_init(&scene);

    for (size_t i = 0; i < COUNT(bad); i++) {
        client_asks(&scene.client, "MULTI\r\n");
        assert_int_equal(client_asks(&scene.client, bad[i])[0], '-');
        assert_string_equal(
            client_asks(&scene.client, "SET k v\r\nEXEC\r\nEXISTS k\r\n"),
            "+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n:0\r\n");
    }
    scene_fini(&scene);
}

static void says_what_is_out_of_place(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_string_equal(client_asks(&scene.client, "EXEC\r\nDISCARD\r\n"),
                        "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n");
    assert_string_equal(client_asks(&scene.client, "MULTI\r\nMULTI\r\nWATCH k\r\nPING\r\nEXEC\r\n"),
                        "+OK\r\n-ERR MULTI calls can not be nested\r\n"
                        "-ERR WATCH inside MULTI is not allowed\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
    scene_fini(&scene);
}

static void discard_and_reset_forget_the_queue(void **state)
{
    (void)state;
    static const char *const ends[] = { "DISCARD\r\n", "RESET\r\n" };
    struct scene scene;
    scene_init(&scene);

    for (size_t i = 0; i < COUNT(ends); i++) {
        client_asks(&scene.client, "WATCH k\r\nMULTI\r\nSET k v\r\n");
        client_asks(&scene.client, ends[i]);
        assert_string_equal(client_asks(&scene.client, "EXEC\r\nEXISTS k\r\n"),
                            "-ERR EXEC without MULTI\r\n:0\r\n");
        assert_int_equal(watches_keys(server_watches(scene.fixture.server)), 0);
    }
    scene_fini(&scene);
}

/* Whether EXEC does nothing if `change` happens after WATCH k. */
static bool is_stopped_by(struct scene *scene, const char *before, const char *change)
{
    client_asks(&scene->other, "FLUSHALL\r\n");
    client_asks(&scene->other, before);
    client_asks(&scene->client, "WATCH k\r\n");
    client_asks(&scene->other, change);
    const char *answer = client_asks(&scene->client, "MULTI\r\nPING\r\nEXEC\r\n");
    assert_memory_equal(answer, "+OK\r\n+QUEUED\r\n*", 15);
    return strcmp(answer + 14, "*-1\r\n") == 0;
}

static void a_watched_key_that_changes_stops_it(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_true(is_stopped_by(&scene, "SET k 1\r\n", "SET k 1\r\n"));
    assert_true(is_stopped_by(&scene, "SET k 1\r\n", "DEL k\r\n"));
    assert_true(is_stopped_by(&scene, "", "SET k 1\r\n"));
    assert_true(is_stopped_by(&scene, "SET j 1\r\n", "RENAME j k\r\n"));
    assert_false(is_stopped_by(&scene, "SET k 1\r\n", "GET k\r\n"));
    assert_false(is_stopped_by(&scene, "SET k 1\r\n", "SET j 1\r\n"));
    assert_false(is_stopped_by(&scene, "SET k 1\r\n", "SELECT 1\r\nSET k 2\r\nSELECT 0\r\n"));
    scene_fini(&scene);
}

static void a_flush_stops_it_if_the_key_was_there(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_true(is_stopped_by(&scene, "SET k 1\r\n", "FLUSHALL\r\n"));
    assert_true(is_stopped_by(&scene, "SET k 1\r\n", "FLUSHDB\r\n"));
    assert_false(is_stopped_by(&scene, "", "FLUSHALL\r\n"));
    assert_false(is_stopped_by(&scene, "SET k 1\r\n", "SELECT 1\r\nFLUSHDB\r\nSELECT 0\r\n"));
    scene_fini(&scene);
}

static void an_exchange_of_databases_stops_it_if_the_key_comes_or_goes(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_true(is_stopped_by(&scene, "SET k 1\r\n", "SWAPDB 0 1\r\n"));
    assert_true(is_stopped_by(&scene, "SELECT 1\r\nSET k 1\r\nSELECT 0\r\n", "SWAPDB 0 1\r\n"));
    assert_false(is_stopped_by(&scene, "", "SWAPDB 0 1\r\n"));
    scene_fini(&scene);
}

static void the_end_of_a_keys_time_stops_it(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.client, "SET k 1 PX 100\r\nWATCH k\r\nMULTI\r\nPING\r\n");
    scene.fixture.server->now_ms += 1000;
    assert_string_equal(client_asks(&scene.client, "EXEC\r\n"), "*-1\r\n");

    client_asks(&scene.client, "SET k 1 PX 100\r\n");
    scene.fixture.server->now_ms += 1000;
    assert_string_equal(client_asks(&scene.client, "WATCH k\r\nMULTI\r\nPING\r\nEXEC\r\n"),
                        "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
    scene_fini(&scene);
}

static void unwatch_and_exec_forget_the_keys(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.client, "WATCH k\r\nUNWATCH\r\n");
    client_asks(&scene.other, "SET k 1\r\n");
    assert_string_equal(client_asks(&scene.client, "MULTI\r\nPING\r\nEXEC\r\n"),
                        "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
    client_asks(&scene.client, "WATCH k k\r\nWATCH k\r\nMULTI\r\nEXEC\r\n");
    assert_int_equal(watches_keys(server_watches(scene.fixture.server)), 0);
    scene_fini(&scene);
}

static void another_map_of_owners_stops_it(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.client, "WATCH k\r\nMULTI\r\nPING\r\n");
    watches_new_map(server_watches(scene.fixture.server));
    assert_string_equal(client_asks(&scene.client, "EXEC\r\n"), "*-1\r\n");
    scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_what_was_queued_in_order),
        cmocka_unit_test(an_error_of_one_command_stops_no_other),
        cmocka_unit_test(what_cannot_be_queued_spoils_the_rest),
        cmocka_unit_test(says_what_is_out_of_place),
        cmocka_unit_test(discard_and_reset_forget_the_queue),
        cmocka_unit_test(a_watched_key_that_changes_stops_it),
        cmocka_unit_test(a_flush_stops_it_if_the_key_was_there),
        cmocka_unit_test(an_exchange_of_databases_stops_it_if_the_key_comes_or_goes),
        cmocka_unit_test(the_end_of_a_keys_time_stops_it),
        cmocka_unit_test(unwatch_and_exec_forget_the_keys),
        cmocka_unit_test(another_map_of_owners_stops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
