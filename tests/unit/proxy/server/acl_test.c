/* Users and sessions. */

#include "proxy/server/acl.h"

#include "tests/unit/proxy/server/fixture.h"

static bool logs_in(struct client *client, const char *user, struct span password)
{
    return acl_login(&client->session, span_from(user), password, SPAN("AUTH"));
}

static void compares_passwords_whole(void **state)
{
    (void)state;
    static const char *const flags[] = { "--requirepass", "sesame", "--mesh-secret", "other" };
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&client, &fixture);

    assert_true(logs_in(&client, "default", SPAN("sesame")));
    assert_false(logs_in(&client, "default", SPAN("sesam")));
    assert_false(logs_in(&client, "default", SPAN("sesame\0")));
    assert_false(logs_in(&client, "default", SPAN("")));
    assert_false(logs_in(&client, "nobody", SPAN("sesame")));
    client.session.from_peer = true;
    assert_true(logs_in(&client, "default", SPAN("other")));
    assert_false(logs_in(&client, "default", SPAN("sesame")));
    client_fini(&client);
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_passwords_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
