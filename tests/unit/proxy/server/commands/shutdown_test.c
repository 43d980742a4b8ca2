/* SHUTDOWN: what begins an exit, and what is refused. */

#include "proxy/server/commands/rows.h"

#include "tests/unit/proxy/server/fixture.h"

struct exits {
    int count;
    struct server_shutdown wish; /* The last. */
    bool fails;
};

static bool note_shutdown(void *context, const struct server_shutdown *wish)
{
    struct exits *exits = context;
    exits->count++;
    exits->wish = *wish;
    return !exits->fails;
}

static void begins_an_exit_without_an_answer(void **state)
{
    (void)state;
    static const char *const ways[] = { "SHUTDOWN\r\n",       "SHUTDOWN NOSAVE\r\n",
                                        "shutdown now\r\n",   "SHUTDOWN NOSAVE NOW FORCE\r\n",
                                        "SHUTDOWN FORCE\r\n", "SHUTDOWN SAVE FORCE\r\n" };
    struct fixture fixture;
    struct client client;
    struct exits exits = { 0 };
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    fixture.server->parts.program =
        (struct server_program){ .context = &exits, .shutdown = note_shutdown };

    for (size_t i = 0; i < COUNT(ways); i++) {
        assert_string_equal(client_asks(&client, ways[i]), "");
        assert_int_equal(exits.count, i + 1);
    }
    client_fini(&client);
    fixture_fini(&fixture);
}

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    static const struct {
        const char *line, *answer;
    } cases[] = {
        { "SHUTDOWN BAD\r\n", "-ERR syntax error\r\n" },
        { "SHUTDOWN NOSAVE BAD\r\n", "-ERR syntax error\r\n" },
        { "SHUTDOWN SAVE NOSAVE\r\n", "-ERR syntax error\r\n" },
        { "SHUTDOWN ABORT NOW\r\n", "-ERR syntax error\r\n" },
        { "SHUTDOWN ABORT\r\n", "-ERR No shutdown in progress.\r\n" },
    };
    struct fixture fixture;
    struct client client;
    struct exits exits = { 0 };
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    fixture.server->parts.program =
        (struct server_program){ .context = &exits, .shutdown = note_shutdown };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(client_asks(&client, cases[i].line), cases[i].answer);
    }
    assert_int_equal(exits.count, 0);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void says_how_it_is_to_end_and_that_it_could_not(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    struct exits exits = { .fails = true };
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    fixture.server->parts.program =
        (struct server_program){ .context = &exits, .shutdown = note_shutdown };

    assert_string_equal(client_asks(&client, "SHUTDOWN SAVE NOW\r\n"),
                        "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    assert_true(exits.wish.save);
    assert_true(exits.wish.now);
    assert_false(exits.wish.nosave);
    assert_false(exits.wish.force);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void says_so_where_nothing_can_be_shut_down(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_string_equal(client_asks(&client, "SHUTDOWN\r\n"),
                        "-ERR SHUTDOWN is not possible here\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_an_exit_without_an_answer),
        cmocka_unit_test(refuses_what_makes_no_sense),
        cmocka_unit_test(says_how_it_is_to_end_and_that_it_could_not),
        cmocka_unit_test(says_so_where_nothing_can_be_shut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
