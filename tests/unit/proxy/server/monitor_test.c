/* What monitors see, and when. */

#include "tests/unit/proxy/server/fixture.h"

#include "proxy/server/monitor.h"

struct setting {
    struct fixture fixture;
    struct client monitor, other;
};

static void setting_init(struct setting *setting)
{
    fixture_init(&setting->fixture, NULL, 0);
    client_init(&setting->monitor, &setting->fixture);
    client_init(&setting->other, &setting->fixture);
    assert_string_equal(client_asks(&setting->monitor, "MONITOR\r\n"), "+OK\r\n");
}

static void setting_fini(struct setting *setting)
{
    client_fini(&setting->other);
    client_fini(&setting->monitor);
    fixture_fini(&setting->fixture);
}

/* What the monitor was shown, without times and clients: `[db] "word" …` a line. */
static const char *shown(struct setting *setting)
{
    static char text[4096];
    const char *line = client_takes(&setting->monitor);
    size_t len = 0;

    text[0] = '\0';
    while (*line != '\0') {
        const char *end = strstr(line, "\r\n");
        const char *open = strchr(line, '[');
        const char *close = strchr(line, ']');
        assert_int_equal(line[0], '+');
        assert_true(open < close && close < end);
        const char *space = strchr(open, ' ');
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s]%.*s\n", (int)(space - open),
                                open, (int)(end - close - 1), close + 1);
        line = end + 2;
    }
    return text;
}

static void shows_a_request_after_it_ran(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    client_asks(&setting.other, "SET k v\r\nSELECT 2\r\nGET k\r\n");

    assert_string_equal(shown(&setting), "[0] \"SET\" \"k\" \"v\"\n[2] \"SELECT\" \"2\"\n"
                                         "[2] \"GET\" \"k\"\n");
    setting_fini(&setting);
}

static void escapes_what_is_not_printable(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    client_sends_bytes(&setting.other,
                       SPAN("*2\r\n$4\r\nECHO\r\n$10\r\n\"\\\n\r\t\a\b\0\xff~\r\n"));

    assert_string_equal(shown(&setting), "[0] \"ECHO\" \"\\\"\\\\\\n\\r\\t\\a\\b\\x00\\xff~\"\n");
    setting_fini(&setting);
}

static void shows_a_long_word_whole(void **state)
{
    (void)state;
    struct setting setting;
    char request[1200], expected[1200];
    char word[700];
    setting_init(&setting);
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    snprintf(request, sizeof(request), "ECHO %s\r\n", word);
    snprintf(expected, sizeof(expected), "[0] \"ECHO\" \"%s\"\n", word);

    client_asks(&setting.other, request);

    assert_string_equal(shown(&setting), expected);
    setting_fini(&setting);
}

static void does_not_show_what_is_refused_or_administers(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    client_asks(&setting.other, "NOSUCH\r\nGET\r\nCONFIG GET port\r\nCLIENT LIST\r\nPING\r\n");

    assert_string_equal(shown(&setting), "[0] \"PING\"\n");
    setting_fini(&setting);
}

static void hides_passwords(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    client_asks(&setting.other, "AUTH user secret\r\nHELLO 2 AUTH user secret\r\n");

    assert_string_equal(shown(&setting),
                        "[0] \"AUTH\" \"(redacted)\" \"(redacted)\"\n"
                        "[0] \"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\"\n");
    setting_fini(&setting);
}

static void shows_a_transaction_ahead_of_its_exec(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    client_asks(&setting.other, "MULTI\r\nINCR n\r\nGET n\r\n");
    assert_string_equal(shown(&setting), "[0] \"MULTI\"\n");
    client_asks(&setting.other, "EXEC\r\n");

    assert_string_equal(shown(&setting), "[0] \"INCR\" \"n\"\n[0] \"GET\" \"n\"\n[0] \"EXEC\"\n");
    setting_fini(&setting);
}

static void shows_a_request_that_waits_once(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct client pusher;
    client_init(&pusher, &setting.fixture);

    client_asks(&setting.other, "BLPOP list 0\r\n");
    client_asks(&pusher, "RPUSH list x\r\n");

    assert_string_equal(shown(&setting),
                        "[0] \"BLPOP\" \"list\" \"0\"\n[0] \"RPUSH\" \"list\" \"x\"\n");
    assert_string_equal(client_takes(&setting.other), "*2\r\n$4\r\nlist\r\n$1\r\nx\r\n");
    client_fini(&pusher);
    setting_fini(&setting);
}

static void touches_no_data_itself(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    assert_string_equal(client_asks(&setting.monitor, "GET k\r\n"),
                        "-ERR Replica can't interact with the keyspace\r\n");
    assert_string_equal(client_asks(&setting.monitor, "PUBLISH c m\r\n"),
                        "-ERR Replica can't interact with the keyspace\r\n");
    assert_string_equal(client_asks(&setting.monitor, "MONITOR\r\n"), "");
    setting_fini(&setting);
}

static void is_over_with_reset(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);

    assert_string_equal(client_asks(&setting.monitor, "RESET\r\n"), "+RESET\r\n");
    client_asks(&setting.other, "PING\r\n");

    assert_string_equal(client_asks(&setting.monitor, "GET k\r\n"), "$-1\r\n");
    assert_int_equal(setting.fixture.server->special, 0);
    setting_fini(&setting);
}

static void goes_on_for_the_others_when_one_leaves(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    struct client leaving;
    client_init(&leaving, &setting.fixture);
    client_asks(&leaving, "MONITOR\r\n");

    client_fini(&leaving);
    client_asks(&setting.other, "PING\r\n");

    assert_string_equal(shown(&setting), "[0] \"PING\"\n");
    setting_fini(&setting);
}

static void loses_a_monitor_that_does_not_read(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    answers_set_max(&setting.monitor.session.answers, 100);

    client_asks(&setting.other, "PING\r\nPING\r\nPING\r\nPING\r\nPING\r\n");

    assert_true(setting.monitor.session.answers.full);
    assert_false(setting.other.session.answers.full);
    setting_fini(&setting);
}

static void shows_what_scripts_call_as_lua(void **state)
{
    (void)state;
    struct setting setting;
    setting_init(&setting);
    const struct span argv[] = { SPAN("get"), SPAN("k") };
    struct request request = { .argv = argv, .argc = 2 };
    request.command = command_named(setting.fixture.table, SPAN("get"));

    monitor_tell_scripted(setting.fixture.server, 3, &request);

    assert_non_null(strstr(client_takes(&setting.monitor), " [3 lua] \"get\" \"k\"\r\n"));
    setting_fini(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_request_after_it_ran),
        cmocka_unit_test(escapes_what_is_not_printable),
        cmocka_unit_test(shows_a_long_word_whole),
        cmocka_unit_test(does_not_show_what_is_refused_or_administers),
        cmocka_unit_test(hides_passwords),
        cmocka_unit_test(shows_a_transaction_ahead_of_its_exec),
        cmocka_unit_test(shows_a_request_that_waits_once),
        cmocka_unit_test(touches_no_data_itself),
        cmocka_unit_test(is_over_with_reset),
        cmocka_unit_test(goes_on_for_the_others_when_one_leaves),
        cmocka_unit_test(loses_a_monitor_that_does_not_read),
        cmocka_unit_test(shows_what_scripts_call_as_lua),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
