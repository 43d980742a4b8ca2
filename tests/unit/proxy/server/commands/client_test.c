/* CLIENT LIST: what a line says of a connection that tracks keys. */

#include "proxy/server/commands/rows.h"

#include "proxy/server/invalidate.h"
#include "tests/unit/proxy/server/fixture.h"

struct pair {
    struct fixture fixture;
    struct invalidate *invalidate;
    struct client own, other;
};

static void pair_init(struct pair *pair)
{
    fixture_init(&pair->fixture, NULL, 0);
    pair->invalidate = invalidate_new(pair->fixture.server, 7);
    cache_listen(pair->fixture.cache, invalidate_change, pair->invalidate);
    client_init(&pair->own, &pair->fixture);
    client_init(&pair->other, &pair->fixture);
}

static void pair_fini(struct pair *pair)
{
    client_fini(&pair->own);
    fixture_fini(&pair->fixture);
    invalidate_free(pair->invalidate);
}

/* Whether CLIENT INFO has these words. */
static bool is_shown(struct pair *pair, const char *words)
{
    return strstr(client_asks(&pair->own, "CLIENT INFO\r\n"), words) != NULL;
}

static void shows_how_a_client_tracks(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair);

    assert_true(is_shown(&pair, " flags=N "));
    assert_true(is_shown(&pair, " redir=-1 "));
    client_asks(&pair.own, "HELLO 3\r\nCLIENT TRACKING ON\r\n");
    assert_true(is_shown(&pair, " flags=t "));
    assert_true(is_shown(&pair, " redir=0 "));
    client_asks(&pair.own, "CLIENT TRACKING OFF\r\nCLIENT TRACKING ON BCAST\r\n");
    assert_true(is_shown(&pair, " flags=tB "));
    client_asks(&pair.own, "CLIENT TRACKING OFF\r\n");
    assert_true(is_shown(&pair, " flags=N "));
    client_fini(&pair.other);
    pair_fini(&pair);
}

static void shows_that_the_client_redirected_to_is_gone(void **state)
{
    (void)state;
    struct pair pair;
    char line[64], redirect[64];
    pair_init(&pair);
    snprintf(line, sizeof(line), "CLIENT TRACKING ON REDIRECT %d\r\n", (int)pair.other.session.id);
    snprintf(redirect, sizeof(redirect), " redir=%d ", (int)pair.other.session.id);

    assert_string_equal(client_asks(&pair.own, line), "+OK\r\n");
    assert_true(is_shown(&pair, " flags=t "));
    assert_true(is_shown(&pair, redirect));
    client_fini(&pair.other);
    client_asks(&pair.own, "GET k\r\nSET k v\r\n");
    assert_true(is_shown(&pair, " flags=tR "));
    pair_fini(&pair);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_how_a_client_tracks),
        cmocka_unit_test(shows_that_the_client_redirected_to_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
