/* Finding the row of a request, and what a client hears when there is none. */

#include "proxy/server/request.h"

#include "tests/unit/proxy/server/fixture.h"

static void find(struct fixture *fixture, struct request *request, const struct span *argv,
                 size_t argc)
{
    *request = (struct request){ .argv = argv, .argc = argc };
    request_find(request, fixture->table, fixture->server->batch.familiar);
}

static void finds_the_same_row_the_second_time(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    static const char *const words[] = { "get",         "GET",         "GeT",    "set",
                                         "ttl",         "incr",        "append", "pexpireat",
                                         "incrbyfloat", "podis.status" };

    for (size_t i = 0; i < COUNT(words); i++) {
        struct span argv[] = { span_from(words[i]), SPAN("k") };
        struct request first, second;
        find(&fixture, &first, argv, 2);
        find(&fixture, &second, argv, 2);
        assert_non_null(first.command);
        assert_ptr_equal(first.command, second.command);
        assert_int_equal(first.id, command_id(fixture.table, first.command));
        assert_int_equal(first.id, second.id);
    }
    fixture_fini(&fixture);
}

static void does_not_take_a_word_for_another(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    /* Same length, same first, middle and last letters: they share a place. */
    struct span known[] = { SPAN("incrby"), SPAN("k"), SPAN("1") };
    struct span unknown[] = { SPAN("inxrby"), SPAN("k"), SPAN("1") };
    struct request request;

    find(&fixture, &request, known, 3);
    assert_non_null(request.command);
    find(&fixture, &request, unknown, 3);
    assert_null(request.command);
    fixture_fini(&fixture);
}

static void finds_subcommands_each_time(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    struct span id[] = { SPAN("CLIENT"), SPAN("ID") };
    struct span info[] = { SPAN("CLIENT"), SPAN("INFO") };
    struct span alone[] = { SPAN("CLIENT") };
    struct request request;

    find(&fixture, &request, alone, 1);
    assert_string_equal(request.command->name, "client");
    find(&fixture, &request, id, 2);
    assert_string_equal(request.command->name, "client|id");
    find(&fixture, &request, info, 2);
    assert_string_equal(request.command->name, "client|info");
    fixture_fini(&fixture);
}

static void knows_where_the_first_key_is(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    struct span get[] = { SPAN("get"), SPAN("k") };
    struct span ping[] = { SPAN("ping") };
    struct span encoding[] = { SPAN("object"), SPAN("encoding"), SPAN("k") };
    struct request request;

    find(&fixture, &request, get, 2);
    assert_int_equal(request_first_key(&request), 1);
    find(&fixture, &request, get, 1);
    assert_int_equal(request_first_key(&request), 0);
    find(&fixture, &request, ping, 1);
    assert_int_equal(request_first_key(&request), 0);
    find(&fixture, &request, encoding, 3);
    assert_int_equal(request_first_key(&request), 2);
    fixture_fini(&fixture);
}

static void says_what_redis_says_of_unknown_commands(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    static const struct {
        const char *asked, *answered;
    } cases[] = {
        { "foo\r\n", "-ERR unknown command 'foo', with args beginning with: \r\n" },
        { "foo a b\r\n", "-ERR unknown command 'foo', with args beginning with: 'a' 'b' \r\n" },
        { "foo \"a\\r\\nb\"\r\n",
          "-ERR unknown command 'foo', with args beginning with: 'a  b' \r\n" },
        { "''\r\n", "-ERR unknown command '', with args beginning with: \r\n" },
        { "CLIENT FOO a\r\n", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n" },
        { "get\r\n", "-ERR wrong number of arguments for 'get' command\r\n" },
        { "GET a b\r\n", "-ERR wrong number of arguments for 'get' command\r\n" },
        { "client\r\n", "-ERR wrong number of arguments for 'client' command\r\n" },
        { "client id 3\r\n", "-ERR wrong number of arguments for 'client|id' command\r\n" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(client_asks(&client, cases[i].asked), cases[i].answered);
    }
    client_fini(&client);
    fixture_fini(&fixture);
}

static void shows_only_the_beginning_of_long_words(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    char line[1024], expected[1024], letters[201];
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    memset(letters, 'a', 200);
    letters[200] = '\0';

    snprintf(line, sizeof(line), "%s %s b\r\n", letters, letters);
    snprintf(expected, sizeof(expected),
             "-ERR unknown command '%.128s', with args beginning with: '%.128s' \r\n", letters,
             letters);
    assert_string_equal(client_asks(&client, line), expected);
    client_fini(&client);
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_same_row_the_second_time),
        cmocka_unit_test(does_not_take_a_word_for_another),
        cmocka_unit_test(finds_subcommands_each_time),
        cmocka_unit_test(knows_where_the_first_key_is),
        cmocka_unit_test(says_what_redis_says_of_unknown_commands),
        cmocka_unit_test(shows_only_the_beginning_of_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
