/* ACL, as it is asked. What it answers is compared with Redis in tests/compat. */

#include "tests/unit/proxy/server/fixture.h"

static void shows_users_and_their_rules(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_string_equal(client_asks(&client, "ACL SETUSER bob on +get (+set ~w)\r\n"), "+OK\r\n");
    assert_string_equal(client_asks(&client, "ACL USERS\r\n"),
                        "*2\r\n$3\r\nbob\r\n$7\r\ndefault\r\n");
    assert_string_equal(client_asks(&client, "ACL LIST\r\n"),
                        "*2\r\n$66\r\nuser bob on resetchannels -@all +get (~w resetchannels -@all "
                        "+set)\r\n"
                        "$34\r\nuser default on nopass ~* &* +@all\r\n");
    assert_string_equal(client_asks(&client, "ACL GETUSER nobody\r\n"), "$-1\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

static void changes_nothing_if_one_rule_is_wrong(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_string_equal(client_asks(&client, "ACL SETUSER bob on +nosuch\r\n"),
                        "-ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category "
                        "name in ACL\r\n");
    assert_string_equal(client_asks(&client, "ACL SETUSER bob what (\r\n"),
                        "-ERR Unmatched parenthesis in acl selector starting at '('.\r\n");
    assert_string_equal(client_asks(&client, "ACL USERS\r\n"), "*1\r\n$7\r\ndefault\r\n");
    client_asks(&client, "ACL SETUSER bob on\r\n");
    client_asks(&client, "ACL SETUSER bob off nopass what\r\n");
    assert_string_equal(client_asks(&client, "ACL LIST\r\n"),
                        "*2\r\n$31\r\nuser bob on resetchannels -@all\r\n"
                        "$34\r\nuser default on nopass ~* &* +@all\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

static void makes_passwords_of_the_length_asked_for(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    char first[16384];
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    snprintf(first, sizeof(first), "%s", client_asks(&client, "ACL GENPASS\r\n"));
    assert_int_equal(strlen(first), 5 + 64 + 2);
    assert_string_not_equal(client_asks(&client, "ACL GENPASS\r\n"), first);
    assert_int_equal(strlen(client_asks(&client, "ACL GENPASS 1\r\n")), 4 + 1 + 2);
    assert_int_equal(strlen(client_asks(&client, "ACL GENPASS 5\r\n")), 4 + 2 + 2);
    assert_int_equal(strlen(client_asks(&client, "ACL GENPASS 4096\r\n")), 7 + 1024 + 2);
    assert_int_equal(client_asks(&client, "ACL GENPASS 0\r\n")[0], '-');
    assert_int_equal(client_asks(&client, "ACL GENPASS 4097\r\n")[0], '-');
    client_fini(&client);
    fixture_fini(&fixture);
}

static void logs_what_was_denied(void **state)
{
    (void)state;
    static const char *const flags[] = { "--acllog-max-len", "2" };
    struct fixture fixture;
    struct client client, admin;
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&client, &fixture);
    client_init(&admin, &fixture);

    client_asks(&admin, "ACL SETUSER u on nopass +get ~a\r\n");
    client_asks(&client, "AUTH nobody x\r\nAUTH u x\r\nGET b\r\nSET a 1\r\n");
    const char *log = client_asks(&admin, "ACL LOG\r\n");
    assert_ptr_equal(strstr(log,
                            "*2\r\n*20\r\n$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$7\r\ncommand\r\n"
                            "$7\r\ncontext\r\n$8\r\ntoplevel\r\n$6\r\nobject\r\n$3\r\nset\r\n"
                            "$8\r\nusername\r\n$1\r\nu\r\n"),
                     log);
    assert_non_null(strstr(log, "cmd=set user=u "));
    assert_non_null(strstr(log, "$6\r\nobject\r\n$1\r\nb\r\n"));
    assert_null(strstr(log, "nobody")); /* The third is one too many. */
    assert_string_equal(client_asks(&admin, "ACL LOG RESET\r\nACL LOG\r\n"), "+OK\r\n*0\r\n");
    client_fini(&client);
    client_fini(&admin);
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_users_and_their_rules),
        cmocka_unit_test(changes_nothing_if_one_rule_is_wrong),
        cmocka_unit_test(makes_passwords_of_the_length_asked_for),
        cmocka_unit_test(logs_what_was_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
