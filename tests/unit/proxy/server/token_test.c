/* What other pods watch here, as their links say it. */

#include "proxy/server/token.h"

#include "tests/unit/proxy/server/fixture.h"

struct member {
    struct fixture fixture;
    struct client link;
};

static int set_up(void **state)
{
    static struct member member;

    fixture_init(&member.fixture, NULL, 0);
    client_init(&member.link, &member.fixture);
    cache_listen(member.fixture.cache, watches_change, server_watches(member.fixture.server));
    member.link.session.greeted = true;
    *state = &member;
    return 0;
}

static int tear_down(void **state)
{
    struct member *member = *state;

    client_fini(&member->link);
    fixture_fini(&member->fixture);
    return 0;
}

static const char exec[] = "PODIS.MESH EXEC 1 k token 2 GET k\r\n";

static void a_transaction_runs_under_a_token_once(void **state)
{
    struct member *member = *state;
    struct client *link = &member->link;

    assert_string_equal(client_asks(link, "PODIS.MESH WATCH token k\r\n"), "+OK\r\n");
    assert_true(tokens_count(member->fixture.server->tokens) == 1);
    assert_string_equal(client_asks(link, exec), "*1\r\n$-1\r\n");
    assert_true(tokens_count(member->fixture.server->tokens) == 0);
    assert_string_equal(client_asks(link, exec), "*-1\r\n");
}

static void any_change_of_any_key_voids_it(void **state)
{
    struct member *member = *state;
    struct client *link = &member->link;
    static const char *const changes[] = { "SET k 1\r\n", "SET other 1\r\n", "FLUSHALL\r\n",
                                           "PEXPIRE k -1\r\n" };

    for (size_t i = 0; i < COUNT(changes); i++) {
        client_asks(link, "MSET k 0 other 0\r\n");
        client_asks(link, "PODIS.MESH WATCH token k\r\n");
        client_asks(link, "PODIS.MESH WATCH token other\r\n");
        client_asks(link, changes[i]);
        assert_string_equal(client_asks(link, exec), "*-1\r\n");
    }
}

static void it_ends_when_it_is_unwatched_or_the_link_goes(void **state)
{
    struct member *member = *state;
    struct client *link = &member->link;
    struct client other;

    client_asks(link, "PODIS.MESH WATCH token k\r\n");
    assert_string_equal(client_asks(link, "PODIS.MESH UNWATCH token k\r\n"), "+OK\r\n");
    assert_string_equal(client_asks(link, "PODIS.MESH UNWATCH token k\r\n"), "+OK\r\n");
    assert_true(tokens_count(member->fixture.server->tokens) == 0);

    client_init(&other, &member->fixture);
    other.session.greeted = true;
    client_asks(&other, "PODIS.MESH WATCH token k\r\n");
    client_asks(link, "PODIS.MESH WATCH token 2\r\n");
    client_asks(link, "PODIS.MESH WATCH mine k\r\n");
    client_fini(&other);
    assert_true(tokens_count(member->fixture.server->tokens) == 1);
    assert_string_equal(client_asks(link, exec), "*-1\r\n");
}

static void there_is_a_bound(void **state)
{
    struct member *member = *state;
    struct tokens *tokens = member->fixture.server->tokens;
    char name[TOKEN_MAX + 1] = { 0 };

    assert_null(tokens_watcher(tokens, &member->link.session, (struct span){ name, 0 }));
    assert_null(
        tokens_watcher(tokens, &member->link.session, (struct span){ name, TOKEN_MAX + 1 }));
    for (uint32_t i = 0; i < TOKENS_PER_LINK_MAX; i++) {
        memcpy(name, &i, sizeof(i));
        assert_non_null(
            tokens_watcher(tokens, &member->link.session, (struct span){ name, TOKEN_MAX }));
    }
    assert_null(tokens_watcher(tokens, &member->link.session, SPAN("one more")));
    assert_memory_equal(client_asks(&member->link, "PODIS.MESH WATCH token k\r\n"), "-ERR ", 5);
    tokens_forget(&member->link.session);
    assert_true(tokens_count(tokens) == 0);
}

static void strangers_may_not_speak_of_tokens(void **state)
{
    struct member *member = *state;
    struct client *link = &member->link;

    link->session.greeted = false;
    assert_memory_equal(client_asks(link, "PODIS.MESH WATCH token k\r\n"), "-ERR ", 5);
    assert_memory_equal(client_asks(link, "PODIS.MESH UNWATCH token k\r\n"), "-ERR ", 5);
    assert_memory_equal(client_asks(link, exec), "-ERR ", 5);
}

#define WITH_MEMBER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MEMBER(a_transaction_runs_under_a_token_once),
        WITH_MEMBER(any_change_of_any_key_voids_it),
        WITH_MEMBER(it_ends_when_it_is_unwatched_or_the_link_goes),
        WITH_MEMBER(there_is_a_bound),
        WITH_MEMBER(strangers_may_not_speak_of_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
