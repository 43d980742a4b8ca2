/* Transactions for other members: what is written is read again; nonsense is refused. */

#include "proxy/server/bundle.h"

#include "tests/unit/proxy/server/fixture.h"

static void queue_of(struct client *client, const char *lines, struct queue *queue)
{
    client_asks(client, "MULTI\r\n");
    client_asks(client, lines);
    transaction_take(&client->session, queue);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    struct queue queue, read;
    struct bundle bundle;
    struct span token;
    const char *why;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    queue_of(&client, "MSET a 1 b 2\r\nGET c\r\n", &queue);

    assert_true(bundle_init(&bundle, fixture.server->bundle_row, &queue, NULL, &why));
    static const char *const words[] = { "PODIS.MESH", "EXEC", "3", "a", "b", "c", "",    "5",
                                         "MSET",       "a",    "1", "b", "2", "2", "GET", "c" };
    assert_int_equal(bundle.request.argc, COUNT(words));
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_true(span_is(bundle.request.argv[i], words[i]));
    }
    uint32_t keys[4];
    assert_int_equal(
        command_keys(bundle.request.command, bundle.argv, bundle.request.argc, keys, 4), 3);
    assert_int_equal(keys[0], 3);

    assert_true(bundle_read(bundle.argv, bundle.request.argc, fixture.table, &read, &token));
    assert_int_equal(read.count, 2);
    assert_int_equal(token.len, 0);
    assert_int_equal(read.first->request.argc, 5);
    assert_string_equal(read.first->next->request.command->name, "get");
    queue_free(&read);
    bundle_fini(&bundle);
    queue_free(&queue);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void what_is_about_the_connection_or_all_keys_does_not_travel(void **state)
{
    (void)state;
    static const char *const lines[] = { "SELECT 1\r\n", "FLUSHALL\r\n", "CLIENT ID\r\n" };
    struct fixture fixture;
    struct client client;
    struct queue queue;
    struct bundle bundle;
    const char *why;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    for (size_t i = 0; i < COUNT(lines); i++) {
        queue_of(&client, lines[i], &queue);
        assert_false(bundle_init(&bundle, fixture.server->bundle_row, &queue, NULL, &why));
        assert_memory_equal(why, "CROSSSLOT ", 10);
        queue_free(&queue);
    }
    client_fini(&client);
    fixture_fini(&fixture);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[9];
        size_t argc;
    } bad[] = {
        { { "x", "x", "-1", "k" }, 4 },
        { { "x", "x", "2", "k" }, 4 },
        { { "x", "x", "9223372036854775807", "k" }, 4 },
        { { "x", "x", "1", "k" }, 4 },
        { { "x", "x", "1", "k", "", "0" }, 6 },
        { { "x", "x", "1", "k", "", "3", "GET", "k" }, 8 },
        { { "x", "x", "1", "k", "", "1", "GET" }, 7 },
        { { "x", "x", "1", "k", "", "2", "NONE", "k" }, 8 },
        { { "x", "x", "1", "k", "", "2", "SELECT", "1" }, 8 },
        { { "x", "x", "1", "k", "", "2", "GET", "k", "7" }, 9 },
    };
    struct fixture fixture;
    struct queue queue;
    struct span token;
    fixture_init(&fixture, NULL, 0);

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct span argv[9];
        for (size_t at = 0; at < bad[i].argc; at++) {
            argv[at] = span_from(bad[i].words[at]);
        }
        assert_false(bundle_read(argv, bad[i].argc, fixture.table, &queue, &token));
        assert_null(queue.first);
    }
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(what_is_about_the_connection_or_all_keys_does_not_travel),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
