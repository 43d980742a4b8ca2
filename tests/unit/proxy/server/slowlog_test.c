/* The slow log, and the secrets it does not keep. */

#include "tests/unit/proxy/server/fixture.h"

#include "proxy/server/secrets.h"
#include "proxy/server/slowlog.h"

enum { ARGS_ROOM = 64 };

struct setting {
    struct fixture fixture;
    struct client client;
    struct slowlog log;
};

static void setting_init(struct setting *setting)
{
    fixture_init(&setting->fixture, NULL, 0);
    client_init(&setting->client, &setting->fixture);
    setting->log = (struct slowlog){ 0 };
}

static void setting_fini(struct setting *setting)
{
    slowlog_fini(&setting->log);
    client_fini(&setting->client);
    fixture_fini(&setting->fixture);
}

static void add(struct setting *setting, const struct span *argv, size_t argc, size_t max)
{
    struct request request = { .argv = argv, .argc = argc };

    request.command = command_find(setting->fixture.table, argv, argc, &request.container);
    assert_non_null(request.command);
    slowlog_add(&setting->log, &setting->client.session, &request, 5, max);
}

static void assert_kept(const struct slow_request *slow, size_t at, const char *text)
{
    assert_true(at < slow->argc);
    assert_int_equal(slow->lens[at], strlen(text));
    assert_memory_equal(slow->args[at], text, slow->lens[at]);
}

static void keeps_the_newest(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    const struct span get[] = { SPAN("get"), SPAN("key") };

    for (int i = 0; i < 5; i++) {
        add(&setting, get, 2, 3);
    }

    assert_int_equal(setting.log.count, 3);
    assert_int_equal(setting.log.newest->id, 4);
    assert_int_equal(setting.log.newest->older->id, 3);
    assert_int_equal(setting.log.oldest->id, 2);
    assert_null(setting.log.oldest->older);
    add(&setting, get, 2, 0);
    assert_int_equal(setting.log.count, 0);
    assert_null(setting.log.newest);
    setting_fini(&setting);
}

static void numbers_go_on_after_a_reset(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    const struct span get[] = { SPAN("get"), SPAN("key") };

    add(&setting, get, 2, 3);
    slowlog_reset(&setting.log);
    add(&setting, get, 2, 3);

    assert_int_equal(setting.log.count, 1);
    assert_int_equal(setting.log.newest->id, 1);
    setting_fini(&setting);
}

static void says_how_many_arguments_are_left_out(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct span argv[ARGS_ROOM];
    for (size_t i = 0; i < ARGS_ROOM; i++) {
        argv[i] = i == 0 ? SPAN("del") : SPAN("key");
    }

    add(&setting, argv, SLOWLOG_ARGS_MAX, 3);
    assert_int_equal(setting.log.newest->argc, SLOWLOG_ARGS_MAX);
    assert_kept(setting.log.newest, SLOWLOG_ARGS_MAX - 1, "key");
    add(&setting, argv, SLOWLOG_ARGS_MAX + 1, 3);
    assert_int_equal(setting.log.newest->argc, SLOWLOG_ARGS_MAX);
    assert_kept(setting.log.newest, SLOWLOG_ARGS_MAX - 1, "... (2 more arguments)");
    setting_fini(&setting);
}

static void says_how_many_bytes_are_left_out(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    char long_key[SLOWLOG_ARG_LEN_MAX + 1];
    memset(long_key, 'a', sizeof(long_key));
    struct span argv[] = { SPAN("get"), { long_key, SLOWLOG_ARG_LEN_MAX } };

    add(&setting, argv, 2, 3);
    assert_int_equal(setting.log.newest->lens[1], SLOWLOG_ARG_LEN_MAX);
    argv[1].len++;
    add(&setting, argv, 2, 3);
    assert_memory_equal(setting.log.newest->args[1] + SLOWLOG_ARG_LEN_MAX, "... (1 more bytes)",
                        sizeof("... (1 more bytes)"));
    setting_fini(&setting);
}

static void keeps_no_passwords(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    const struct span auth[] = { SPAN("AUTH"), SPAN("joe"), SPAN("pass") };
    const struct span hello[] = { SPAN("hello"), SPAN("3"),       SPAN("auth"), SPAN("joe"),
                                  SPAN("pass"),  SPAN("setname"), SPAN("me") };
    const struct span config[] = { SPAN("config"), SPAN("set"),         SPAN("timeout"),
                                   SPAN("1"),      SPAN("REQUIREPASS"), SPAN("pass") };

    add(&setting, auth, 3, 9);
    assert_kept(setting.log.newest, 1, "(redacted)");
    assert_kept(setting.log.newest, 2, "(redacted)");
    add(&setting, hello, 7, 9);
    assert_kept(setting.log.newest, 2, "auth");
    assert_kept(setting.log.newest, 3, "(redacted)");
    assert_kept(setting.log.newest, 4, "(redacted)");
    assert_kept(setting.log.newest, 6, "me");
    add(&setting, config, 6, 9);
    assert_kept(setting.log.newest, 3, "1");
    assert_kept(setting.log.newest, 4, "REQUIREPASS");
    assert_kept(setting.log.newest, 5, "(redacted)");
    setting_fini(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_newest),
        cmocka_unit_test(numbers_go_on_after_a_reset),
        cmocka_unit_test(says_how_many_arguments_are_left_out),
        cmocka_unit_test(says_how_many_bytes_are_left_out),
        cmocka_unit_test(keeps_no_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
