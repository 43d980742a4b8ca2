/* SHUTDOWN: what begins an exit, and what is refused. */

#include "proxy/server/commands/rows.h"

#include "tests/unit/proxy/server/fixture.h"

static void count_shutdown(void *context)
{
    int *count = context;
    (*count)++;
}

static void begins_an_exit_without_an_answer(void **state)
{
    (void)state;
    static const char *const ways[] = { "SHUTDOWN\r\n",       "SHUTDOWN NOSAVE\r\n",
                                        "shutdown now\r\n",   "SHUTDOWN NOSAVE NOW FORCE\r\n",
                                        "SHUTDOWN FORCE\r\n", "SHUTDOWN SAVE FORCE\r\n" };
    struct fixture fixture;
    struct client client;
    int count = 0;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    fixture.server->parts.program =
        (struct server_program){ .context = &count, .shutdown = count_shutdown };

    for (size_t i = 0; i < COUNT(ways); i++) {
        assert_string_equal(client_asks(&client, ways[i]), "");
        assert_int_equal(count, i + 1);
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
        { "SHUTDOWN SAVE\r\n", "-ERR Errors trying to SHUTDOWN. Check logs.\r\n" },
    };
    struct fixture fixture;
    struct client client;
    int count = 0;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    fixture.server->parts.program =
        (struct server_program){ .context = &count, .shutdown = count_shutdown };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(client_asks(&client, cases[i].line), cases[i].answer);
    }
    assert_int_equal(count, 0);
    assert_non_null(strstr(fixture.log, "Refused SHUTDOWN SAVE"));
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
        cmocka_unit_test(says_so_where_nothing_can_be_shut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
