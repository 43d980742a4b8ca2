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

static void is_worked_out_when_something_changes(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client, admin;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    client_init(&admin, &fixture);

    assert_true(client.session.unrestricted);
    client_asks(&admin, "ACL SETUSER u on >p +@all ~* &*\r\n");
    assert_string_equal(client_asks(&client, "AUTH u p\r\n"), "+OK\r\n");
    assert_true(client.session.unrestricted);
    client_asks(&admin, "ACL SETUSER u resetkeys ~a\r\n");
    assert_false(client.session.unrestricted);
    assert_string_equal(client_asks(&client, "GET a\r\nGET b\r\nPING\r\n"),
                        "$-1\r\n-NOPERM this user has no permissions to access one of the keys "
                        "used as arguments\r\n+PONG\r\n");
    /* Who is in stays in. */
    client_asks(&admin, "ACL SETUSER u off allkeys\r\n");
    assert_string_equal(client_asks(&client, "GET b\r\n"), "$-1\r\n");
    assert_string_equal(client_asks(&client, "RESET\r\nACL WHOAMI\r\n"),
                        "+RESET\r\n$7\r\ndefault\r\n");
    client_fini(&client);
    client_fini(&admin);
    fixture_fini(&fixture);
}

static void lets_nobody_in_while_default_is_off(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client admin, early, late;
    fixture_init(&fixture, NULL, 0);
    client_init(&admin, &fixture);
    client_init(&early, &fixture);

    client_asks(&admin, "ACL SETUSER default off\r\n");
    client_init(&late, &fixture);
    assert_string_equal(client_asks(&early, "PING\r\n"), "+PONG\r\n");
    assert_string_equal(client_asks(&late, "PING\r\n"), "-NOAUTH Authentication required.\r\n");
    assert_string_equal(client_asks(&late, "AUTH default x\r\n"),
                        "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    client_asks(&admin, "ACL SETUSER default on\r\n");
    assert_string_equal(client_asks(&late, "PING\r\n"), "+PONG\r\n");
    client_fini(&admin);
    client_fini(&early);
    client_fini(&late);
    fixture_fini(&fixture);
}

static void closes_the_sessions_of_a_user_who_goes(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client admin, other;
    fixture_init(&fixture, NULL, 0);
    client_init(&admin, &fixture);
    client_init(&other, &fixture);

    client_asks(&admin, "ACL SETUSER u on nopass +@all ~* &*\r\nACL SETUSER v on nopass\r\n");
    client_asks(&other, "AUTH u x\r\n");
    client_asks(&admin, "AUTH u x\r\n");
    assert_string_equal(client_asks(&admin, "ACL DELUSER v nobody\r\n"), ":1\r\n");
    assert_int_equal(other.session.end, SESSION_OPEN);
    /* Whoever removes himself hears that it is done. */
    assert_string_equal(client_asks(&admin, "ACL DELUSER u\r\n"), ":1\r\n");
    assert_int_equal(other.session.end, SESSION_ENDS_NOW);
    assert_int_equal(admin.session.end, SESSION_ENDS_AFTER_ANSWERS);
    assert_false(other.session.proved);
    client_fini(&admin);
    client_fini(&other);
    fixture_fini(&fixture);
}

static void closes_who_listens_to_what_is_taken_away(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client admin, channel, pattern;
    fixture_init(&fixture, NULL, 0);
    client_init(&admin, &fixture);
    client_init(&channel, &fixture);
    client_init(&pattern, &fixture);
    client_asks(&admin, "ACL SETUSER u on nopass +@all ~* &a:* &b\r\n");
    client_asks(&channel, "AUTH u x\r\nSUBSCRIBE a:1\r\n");
    client_asks(&pattern, "AUTH u x\r\nPSUBSCRIBE a:*\r\n");

    client_asks(&admin, "ACL SETUSER u -get &c resetkeys\r\n");
    assert_int_equal(channel.session.end | pattern.session.end, SESSION_OPEN);
    client_asks(&admin, "ACL SETUSER u resetchannels &a:1\r\n");
    assert_int_equal(channel.session.end, SESSION_OPEN);
    assert_int_equal(pattern.session.end, SESSION_ENDS_NOW);
    client_asks(&admin, "ACL SETUSER u resetchannels (&a:?)\r\n");
    assert_int_equal(channel.session.end, SESSION_OPEN);
    client_asks(&admin, "ACL SETUSER u clearselectors\r\n");
    assert_int_equal(channel.session.end, SESSION_ENDS_NOW);
    client_fini(&admin);
    client_fini(&channel);
    client_fini(&pattern);
    fixture_fini(&fixture);
}

static void checks_what_was_queued_once_more(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client admin, client;
    fixture_init(&fixture, NULL, 0);
    client_init(&admin, &fixture);
    client_init(&client, &fixture);
    client_asks(&admin, "ACL SETUSER u on nopass +@all ~a\r\n");

    assert_string_equal(client_asks(&client, "AUTH u x\r\nMULTI\r\nSET a 1\r\nINCR a\r\n"),
                        "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    client_asks(&admin, "ACL SETUSER u -set\r\n");
    assert_string_equal(client_asks(&client, "EXEC\r\n"),
                        "*2\r\n-NOPERM ACLs rules changed between the moment the transaction was "
                        "accumulated and the EXEC call. This command is no longer allowed for the "
                        "following reason: no permission to execute the command or subcommand\r\n"
                        ":1\r\n");
    assert_string_equal(client_asks(&client, "MULTI\r\nGET b\r\nEXEC\r\n"),
                        "+OK\r\n-NOPERM this user has no permissions to access one of the keys "
                        "used as arguments\r\n-EXECABORT Transaction discarded because of "
                        "previous errors.\r\n");
    /* What is never allowed there is said first. */
    assert_string_equal(client_asks(&client, "MULTI\r\nSUBSCRIBE x\r\nDISCARD\r\n"),
                        "+OK\r\n-NOPERM this user has no permissions to access one of the "
                        "channels used as arguments\r\n+OK\r\n");
    assert_int_equal(fixture.server->acl_log.newest->context, ACL_MULTI);
    client_fini(&admin);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void checks_who_waited_when_it_is_his_turn(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client admin, client;
    fixture_init(&fixture, NULL, 0);
    client_init(&admin, &fixture);
    client_init(&client, &fixture);
    client_asks(&admin, "ACL SETUSER u on nopass +@all ~l\r\n");

    assert_string_equal(client_asks(&client, "AUTH u x\r\nBLPOP l 0\r\n"), "+OK\r\n");
    client_asks(&admin, "ACL SETUSER u resetkeys\r\nRPUSH l x\r\n");
    assert_string_equal(client_takes(&client),
                        "-NOPERM this user has no permissions to access one of the keys used as "
                        "arguments\r\n");
    assert_null(client.session.wait);
    assert_string_equal(client_asks(&admin, "LLEN l\r\n"), ":1\r\n");
    client_fini(&admin);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void checks_what_scripts_do(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    client_asks(&client, "ACL SETUSER u on nopass +@all -get ~a\r\nAUTH u x\r\n");

    assert_string_equal(client_asks(&client, "EVAL \"return redis.pcall('set','b','1')\" 0\r\n"),
                        "-ERR The user executing the script can't access at least one of the keys "
                        "mentioned in the command arguments\r\n");
    assert_string_equal(client_asks(&client, "EVAL \"return redis.pcall('get','a')\" 0\r\n"),
                        "-ERR The user executing the script can't run this command or "
                        "subcommand\r\n");
    assert_int_equal(fixture.server->acl_log.newest->context, ACL_SCRIPT);
    assert_string_equal(client_asks(&client, "EVAL \"return redis.call('set','a','1')\" 0\r\n"),
                        "+OK\r\n");
    /* Asking is nothing to be noted. */
    size_t count = fixture.server->acl_log.count;
    assert_string_equal(
        client_asks(&client, "EVAL \"return redis.acl_check_cmd('set','x','1')\" 0\r\n"),
        "$-1\r\n");
    assert_string_equal(
        client_asks(&client, "EVAL \"return redis.acl_check_cmd('set','a','1')\" 0\r\n"), ":1\r\n");
    assert_int_equal(fixture.server->acl_log.count, count);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void knows_requirepass_as_the_password_of_default(void **state)
{
    (void)state;
    static const char *const flags[] = { "--requirepass", "old" };
    struct fixture fixture;
    struct client client;
    char why[128];
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&client, &fixture);
    struct span pairs[] = { SPAN("requirepass"), SPAN("new") };
    struct span others[] = { SPAN("maxclients"), SPAN("7") };

    assert_int_equal(config_set(fixture.config, pairs, 2, why, sizeof(why)), ERR_OK);
    acl_configure(fixture.server);
    assert_false(logs_in(&client, "default", SPAN("old")));
    assert_true(logs_in(&client, "default", SPAN("new")));
    /* What ACL SETUSER did stays until requirepass changes again. */
    client_asks(&client, "ACL SETUSER default >more\r\n");
    assert_int_equal(config_set(fixture.config, others, 2, why, sizeof(why)), ERR_OK);
    acl_configure(fixture.server);
    assert_true(logs_in(&client, "default", SPAN("more")));
    pairs[1] = SPAN("");
    assert_int_equal(config_set(fixture.config, pairs, 2, why, sizeof(why)), ERR_OK);
    acl_configure(fixture.server);
    assert_true(fixture.server->users.first->nopass);
    assert_int_equal(fixture.server->users.first->passwords.count, 0);
    client_fini(&client);
    fixture_fini(&fixture);
}

static void starts_with_users_of_the_configuration(void **state)
{
    (void)state;
    static const char *const flags[] = { "--user", "alice",  "on",      ">p",
                                         "+get",   "--user", "default", "off" };
    static const char *const both[] = { "--user", "alice", "--aclfile", "nowhere" };
    struct fixture fixture;
    struct client client;
    char why[512];

    fixture_init(&fixture, flags, COUNT(flags));
    assert_int_equal(server_load_users(fixture.server, why, sizeof(why)), ERR_OK);
    client_init(&client, &fixture);
    assert_false(client.session.authenticated);
    assert_true(logs_in(&client, "alice", SPAN("p")));
    assert_string_equal(client_asks(&client, "PING\r\n"),
                        "-NOPERM this user has no permissions to run the 'ping' command\r\n");
    client_fini(&client);
    fixture_fini(&fixture);

    fixture_init(&fixture, both, COUNT(both));
    assert_int_equal(server_load_users(fixture.server, why, sizeof(why)), ERR_INVALID);
    assert_string_equal(why, "Users: Users are declared both by aclfile and by user: it must be "
                             "one of them");
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_passwords_whole),
        cmocka_unit_test(is_worked_out_when_something_changes),
        cmocka_unit_test(lets_nobody_in_while_default_is_off),
        cmocka_unit_test(closes_the_sessions_of_a_user_who_goes),
        cmocka_unit_test(closes_who_listens_to_what_is_taken_away),
        cmocka_unit_test(checks_what_was_queued_once_more),
        cmocka_unit_test(checks_who_waited_when_it_is_his_turn),
        cmocka_unit_test(checks_what_scripts_do),
        cmocka_unit_test(knows_requirepass_as_the_password_of_default),
        cmocka_unit_test(starts_with_users_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
