/* Clients that wait for a key: who is served, in which order, and how a wait ends otherwise.
 *
 * The commands are two of this test, so that it needs no type but strings:
 *
 *     TAKE key [key …] timeout    the value of the first of them that is there, which is deleted
 *     PASS from to timeout        renames a key that is there */

#include "proxy/server/waiting.h"

#include "cache/types/string.h"
#include "tests/unit/proxy/server/fixture.h"

static void wait_for_keys(struct call *c, size_t count, bool or_gone)
{
    uint32_t *keys = arena_alloc(c->arena, count * sizeof(*keys));
    uint64_t timeout_ms;

    if (!arg_timeout_ms(c, c->argc - 1, &timeout_ms)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        keys[i] = (uint32_t)(i + 1);
    }
    call_wait(c, &(struct call_wait){ .type = &type_string,
                                      .keys = keys,
                                      .key_count = count,
                                      .timeout_ms = timeout_ms,
                                      .null_array = true,
                                      .or_gone = or_gone });
}

static void take(struct call *c)
{
    for (size_t at = 1; at + 1 < c->argc; at++) {
        const void *value;
        char room[STRING_TEXT_ROOM];
        if (!key_read(c, at, &type_string, &value)) {
            return;
        }
        if (value != NULL) {
            reply_bulk(c->reply, string_text(value, room));
            key_delete(c, at);
            return;
        }
    }
    wait_for_keys(c, c->argc - 2, false);
}

static void pass(struct call *c)
{
    struct key_view view;

    if (key_look(c, 1, 0, &view)) {
        key_rename(c, 1, 2);
        reply_ok(c->reply);
    } else {
        wait_for_keys(c, 1, false);
    }
}

/* Answers when the key is not there. */
static void gone(struct call *c)
{
    struct key_view view;

    if (key_look(c, 1, 0, &view)) {
        wait_for_keys(c, 1, true);
    } else {
        reply_error(c->reply, SPAN("NOGROUP it is gone"));
    }
}

static const struct command rows[] = {
    { .name = "take",
      .run = take,
      .arity = -3,
      .flags = CMD_WRITE | CMD_BLOCKING,
      .keys = { KEYS(1, -2, 1, KEY_RW) },
      .group = "test",
      .since = "1.0.0" },
    { .name = "pass",
      .run = pass,
      .arity = 4,
      .flags = CMD_WRITE | CMD_BLOCKING,
      .keys = { KEYS(1, 2, 1, KEY_RW) },
      .group = "test",
      .since = "1.0.0" },
    { .name = "gone",
      .run = gone,
      .arity = 3,
      .flags = CMD_READ | CMD_BLOCKING,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "test",
      .since = "1.0.0" },
    { .name = NULL },
};

enum { CLIENTS = 4 };

struct hall {
    struct fixture fixture;
    struct client clients[CLIENTS];
};

static void hall_init(struct hall *hall)
{
    fixture_init_rows(&hall->fixture, NULL, 0, rows);
    for (size_t i = 0; i < CLIENTS; i++) {
        client_init(&hall->clients[i], &hall->fixture);
    }
}

static void hall_fini(struct hall *hall)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        client_fini(&hall->clients[i]);
    }
    assert_int_equal(hall->fixture.server->waiting.lines.count, 0);
    assert_int_equal(server_blocked(hall->fixture.server), 0);
    fixture_fini(&hall->fixture);
}

#define with_hall()                                                                                \
    struct hall hall;                                                                              \
    struct client *a = &hall.clients[0], *b = &hall.clients[1], *c = &hall.clients[2],             \
                  *writer = &hall.clients[3];                                                      \
    (void)state;                                                                                   \
    (void)a;                                                                                       \
    (void)b;                                                                                       \
    (void)c;                                                                                       \
    (void)writer;                                                                                  \
    hall_init(&hall)

static struct command_stats stats_of(const struct hall *hall, const char *name)
{
    const struct command *command = command_named(hall->fixture.table, span_from(name));
    return server_command_stats(hall->fixture.server, command_id(hall->fixture.table, command));
}

static void takes_what_is_there_without_waiting(void **state)
{
    with_hall();
    client_asks(writer, "SET k v\r\n");
    assert_string_equal(client_asks(a, "TAKE none k 0\r\n"), "$1\r\nv\r\n");
    assert_null(a->session.wait);
    hall_fini(&hall);
}

static void the_oldest_is_served_first_and_one_alone(void **state)
{
    with_hall();
    assert_string_equal(client_asks(b, "TAKE k 0\r\n"), "");
    assert_string_equal(client_asks(a, "TAKE k 0\r\n"), "");
    assert_int_equal(server_blocked(hall.fixture.server), 2);
    assert_string_equal(client_asks(writer, "SET k 1\r\n"), "+OK\r\n");
    assert_string_equal(client_takes(b), "$1\r\n1\r\n");
    assert_string_equal(client_takes(a), "");
    assert_string_equal(client_asks(writer, "SET k 2\r\nEXISTS k\r\n"), "+OK\r\n:0\r\n");
    assert_string_equal(client_takes(a), "$1\r\n2\r\n");
    hall_fini(&hall);
}

static void waits_for_several_keys_and_for_one_named_twice(void **state)
{
    with_hall();
    client_asks(a, "TAKE x y x x 0\r\n");
    client_asks(b, "TAKE x x 0\r\n");
    client_asks(writer, "SET y 1\r\n");
    assert_string_equal(client_takes(a), "$1\r\n1\r\n");
    client_asks(writer, "SET x 2\r\n");
    assert_string_equal(client_takes(b), "$1\r\n2\r\n");
    hall_fini(&hall);
}

static void a_served_command_serves_the_next(void **state)
{
    with_hall();
    client_asks(a, "TAKE end 0\r\n");
    client_asks(b, "PASS middle end 0\r\n");
    client_asks(c, "PASS start middle 0\r\n");
    assert_string_equal(client_asks(writer, "SET start v\r\nDBSIZE\r\n"), "+OK\r\n:0\r\n");
    assert_string_equal(client_takes(c), "+OK\r\n");
    assert_string_equal(client_takes(b), "+OK\r\n");
    assert_string_equal(client_takes(a), "$1\r\nv\r\n");
    hall_fini(&hall);
}

static void runs_nothing_of_its_client_until_it_is_answered(void **state)
{
    with_hall();
    struct resp_reader reader = { 0 };
    struct span in = span_from("SET n 0\r\nTAKE k 0\r\nINCR n\r\n*2\r\n$3\r\nGET\r\n$1\r\n");
    size_t used;

    enum batch_end end = batch_run(hall.fixture.server, &a->session, &reader, in, &used);
    assert_int_equal(end, BATCH_FULL);
    assert_int_equal(used, strlen("SET n 0\r\nTAKE k 0\r\n"));
    assert_true(batch_must_wait(&a->session));
    assert_false(batch_may_go_on(&a->session));
    assert_string_equal(client_takes(a), "+OK\r\n");
    assert_string_equal(client_asks(writer, "GET n\r\nSET k v\r\n"), "$1\r\n0\r\n+OK\r\n");
    assert_true(batch_may_go_on(&a->session));
    assert_string_equal(client_takes(a), "$1\r\nv\r\n");

    in = span_skip(in, used);
    end = batch_run(hall.fixture.server, &a->session, &reader, in, &used);
    assert_int_equal(end, BATCH_MORE);
    assert_int_equal(used, strlen("INCR n\r\n"));
    assert_string_equal(client_takes(a), ":1\r\n");
    resp_reader_fini(&reader);
    hall_fini(&hall);
}

static void another_database_wakes_nobody_until_the_key_moves(void **state)
{
    with_hall();
    client_asks(a, "TAKE k 0\r\n");
    client_asks(writer, "SELECT 1\r\nSET k v\r\n");
    assert_string_equal(client_takes(a), ""); /* The same name in another database. */
    assert_string_equal(client_asks(writer, "MOVE k 0\r\n"), ":1\r\n");
    assert_string_equal(client_takes(a), "$1\r\nv\r\n");
    hall_fini(&hall);
}

static void whole_databases_wake_those_who_wait_in_them(void **state)
{
    with_hall();
    client_asks(a, "TAKE k 0\r\n");
    client_asks(writer, "SELECT 1\r\nSET k v\r\nSWAPDB 0 1\r\n");
    assert_string_equal(client_takes(a), "$1\r\nv\r\n");
    client_asks(b, "SET k v\r\nGONE k 0\r\n");
    client_asks(writer, "FLUSHALL\r\n");
    assert_string_equal(client_takes(b), "-NOGROUP it is gone\r\n");
    hall_fini(&hall);
}

static void a_copy_and_a_new_name_wake(void **state)
{
    with_hall();
    client_asks(writer, "SET source v\r\n");
    client_asks(a, "TAKE k 0\r\n");
    client_asks(writer, "COPY source k\r\n");
    assert_string_equal(client_takes(a), "$1\r\nv\r\n");
    client_asks(a, "SELECT 2\r\nTAKE k 0\r\n");
    client_asks(writer, "COPY source k DB 2\r\n");
    assert_string_equal(client_takes(a), "$1\r\nv\r\n");
    client_asks(b, "TAKE k 0\r\n");
    client_asks(writer, "RENAME source k\r\n");
    assert_string_equal(client_takes(b), "$1\r\nv\r\n");
    hall_fini(&hall);
}

static void who_asked_for_it_is_told_that_a_key_is_gone(void **state)
{
    with_hall();
    client_asks(writer, "SET k v\r\n");
    client_asks(a, "GONE k 0\r\n");
    assert_int_equal(server_blocking_keys(hall.fixture.server, true), 1);
    client_asks(writer, "SET k w\r\n");
    assert_string_equal(client_takes(a), ""); /* Run again in vain. */
    client_asks(writer, "DEL k\r\n");
    assert_string_equal(client_takes(a), "-NOGROUP it is gone\r\n");
    assert_int_equal(stats_of(&hall, "gone").calls, 1);
    assert_int_equal(stats_of(&hall, "gone").failed, 1);
    hall_fini(&hall);
}

static void its_time_ends_a_wait_with_nothing(void **state)
{
    with_hall();
    uint64_t now_ms = waiting_clock_ms();
    client_asks(a, "TAKE k 100\r\n");
    client_asks(b, "TAKE k 50\r\n");
    client_asks(c, "TAKE k 0\r\n");
    assert_int_equal(server_timeouts(hall.fixture.server), 2);
    waiting_expire(hall.fixture.server, now_ms + 49999);
    assert_string_equal(client_takes(b), "");
    waiting_expire(hall.fixture.server, now_ms + 60000);
    assert_string_equal(client_takes(b), "*-1\r\n");
    assert_string_equal(client_takes(a), "");
    waiting_expire(hall.fixture.server, now_ms + 200000);
    assert_string_equal(client_takes(a), "*-1\r\n");
    assert_int_equal(server_blocked(hall.fixture.server), 1);
    assert_int_equal(stats_of(&hall, "take").calls, 2);
    hall_fini(&hall);
}

static void client_unblock_ends_a_wait(void **state)
{
    with_hall();
    char line[64];
    client_asks(a, "TAKE k 0\r\n");
    snprintf(line, sizeof(line), "CLIENT UNBLOCK %d\r\n", (int)a->session.id);
    assert_string_equal(client_asks(writer, line), ":1\r\n");
    assert_string_equal(client_takes(a), "*-1\r\n");
    assert_string_equal(client_asks(writer, line), ":0\r\n");
    client_asks(a, "TAKE k 0\r\n");
    snprintf(line, sizeof(line), "CLIENT UNBLOCK %d ERROR\r\n", (int)a->session.id);
    assert_string_equal(client_asks(writer, line), ":1\r\n");
    assert_string_equal(client_takes(a), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    hall_fini(&hall);
}

static void who_hangs_up_takes_nothing(void **state)
{
    with_hall();
    client_asks(a, "TAKE k 0\r\n");
    client_asks(b, "TAKE k 0\r\n");
    session_close(&a->session, SESSION_ENDS_NOW);
    client_asks(writer, "SET k v\r\n");
    assert_string_equal(client_takes(a), "");
    assert_string_equal(client_takes(b), "$1\r\nv\r\n");
    hall_fini(&hall);
}

static void a_drain_ends_all_waits(void **state)
{
    with_hall();
    client_asks(a, "TAKE k 0\r\n");
    b->session.from_peer = true;
    client_asks(b, "TAKE k 0\r\n");
    server_drain(hall.fixture.server);
    assert_string_equal(client_takes(a), "-UNBLOCKED podis is shutting down\r\n");
    assert_string_equal(client_takes(b), "-CLUSTERDOWN Hash slot not served\r\n");
    hall_fini(&hall);
}

static void a_skipped_answer_stays_skipped(void **state)
{
    with_hall();
    client_asks(a, "CLIENT REPLY SKIP\r\nTAKE k 0\r\n");
    client_asks(writer, "SET k v\r\n");
    assert_string_equal(client_takes(a), "");
    assert_string_equal(client_asks(a, "PING\r\n"), "+PONG\r\n");
    client_asks(b, "CLIENT REPLY OFF\r\nTAKE k 0\r\n");
    client_asks(writer, "SET k v\r\n");
    assert_string_equal(client_takes(b), "");
    assert_string_equal(client_asks(writer, "EXISTS k\r\n"), ":0\r\n");
    hall_fini(&hall);
}

static void is_counted_once_and_when_it_is_answered(void **state)
{
    with_hall();
    client_asks(a, "TAKE k 0\r\n");
    assert_int_equal(stats_of(&hall, "take").calls, 0);
    client_asks(writer, "SET k v\r\n");
    assert_int_equal(stats_of(&hall, "take").calls, 1);
    hall_fini(&hall);
}

static void a_key_that_expires_serves_at_the_next_turn(void **state)
{
    with_hall();
    client_asks(writer, "SET k v PX 1000\r\n");
    client_asks(a, "GONE k 0\r\n");
    cache_tick(hall.fixture.cache, server_now_ms(hall.fixture.server) + 2000, 4096);
    waiting_serve_ready(hall.fixture.server);
    assert_string_equal(client_takes(a), "-NOGROUP it is gone\r\n");
    hall_fini(&hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_there_without_waiting),
        cmocka_unit_test(the_oldest_is_served_first_and_one_alone),
        cmocka_unit_test(waits_for_several_keys_and_for_one_named_twice),
        cmocka_unit_test(a_served_command_serves_the_next),
        cmocka_unit_test(runs_nothing_of_its_client_until_it_is_answered),
        cmocka_unit_test(another_database_wakes_nobody_until_the_key_moves),
        cmocka_unit_test(whole_databases_wake_those_who_wait_in_them),
        cmocka_unit_test(a_copy_and_a_new_name_wake),
        cmocka_unit_test(who_asked_for_it_is_told_that_a_key_is_gone),
        cmocka_unit_test(its_time_ends_a_wait_with_nothing),
        cmocka_unit_test(client_unblock_ends_a_wait),
        cmocka_unit_test(who_hangs_up_takes_nothing),
        cmocka_unit_test(a_drain_ends_all_waits),
        cmocka_unit_test(a_skipped_answer_stays_skipped),
        cmocka_unit_test(is_counted_once_and_when_it_is_answered),
        cmocka_unit_test(a_key_that_expires_serves_at_the_next_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
