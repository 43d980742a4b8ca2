/* What the command line asks for. */

#include "sidecar/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS = 8 };

/* argv without the program's name; NULL ends it. */
static bool parse(struct arguments *arguments, const char *const *words, char *why, size_t why_size)
{
    const char *argv[WORDS + 1] = { "podis" };
    int argc = 1;
    while (words[argc - 1] != NULL) {
        argv[argc] = words[argc - 1];
        argc++;
    }
    return arguments_parse(arguments, argc, argv, why, why_size);
}

static struct arguments parsed(const char *const *words)
{
    struct arguments arguments;
    char why[200];
    assert_true(parse(&arguments, words, why, sizeof(why)));
    return arguments;
}

static void starts_without_words(void **state)
{
    (void)state;
    struct arguments arguments = parsed((const char *const[]){ NULL });
    assert_int_equal(arguments.mode, MODE_RUN);
    assert_null(arguments.file);
    assert_int_equal(arguments.flag_count, 0);
}

static void takes_a_file_and_flags(void **state)
{
    (void)state;
    static const char *const words[] = { "a.conf", "--port", "1", NULL };
    struct arguments arguments;
    const char *argv[] = { "podis", words[0], words[1], words[2] };
    char why[200];
    assert_true(arguments_parse(&arguments, 4, argv, why, sizeof(why)));
    assert_int_equal(arguments.mode, MODE_RUN);
    assert_string_equal(arguments.file, "a.conf");
    assert_int_equal(arguments.flag_count, 2);
    assert_string_equal(arguments.flags[0], "--port");
}

static void takes_flags_alone(void **state)
{
    (void)state;
    struct arguments arguments = parsed((const char *const[]){ "--port", "1", NULL });
    assert_null(arguments.file);
    assert_int_equal(arguments.flag_count, 2);
}

static void reads_standard_input(void **state)
{
    (void)state;
    struct arguments arguments = parsed((const char *const[]){ "-", NULL });
    assert_string_equal(arguments.file, "-");
    arguments = parsed((const char *const[]){ "--port", "1", "-", NULL });
    assert_string_equal(arguments.file, "-");
    assert_int_equal(arguments.flag_count, 2);
}

static void checks_what_would_be_started(void **state)
{
    (void)state;
    struct arguments arguments =
        parsed((const char *const[]){ "--check", "a.conf", "--hz", "1", NULL });
    assert_int_equal(arguments.mode, MODE_CHECK);
    assert_string_equal(arguments.file, "a.conf");
    assert_int_equal(arguments.flag_count, 2);
}

static void knows_its_modes(void **state)
{
    (void)state;
    assert_int_equal(parsed((const char *const[]){ "--help", NULL }).mode, MODE_HELP);
    assert_int_equal(parsed((const char *const[]){ "-h", NULL }).mode, MODE_HELP);
    assert_int_equal(parsed((const char *const[]){ "--version", NULL }).mode, MODE_VERSION);
    assert_int_equal(parsed((const char *const[]){ "-v", NULL }).mode, MODE_VERSION);
    assert_int_equal(parsed((const char *const[]){ "--commands", NULL }).mode, MODE_COMMANDS);
    assert_int_equal(parsed((const char *const[]){ "--defaults", NULL }).mode, MODE_DEFAULTS);
}

static void status_and_health_have_flags_of_their_own(void **state)
{
    (void)state;
    struct arguments arguments = parsed((const char *const[]){ "status", "--port", "7", NULL });
    assert_int_equal(arguments.mode, MODE_STATUS);
    assert_string_equal(arguments.port, "7");
    arguments = parsed((const char *const[]){ "status", "--socket", "/s", NULL });
    assert_string_equal(arguments.socket, "/s");
    arguments = parsed((const char *const[]){ "health", "--admin", "1.2.3.4:5", NULL });
    assert_int_equal(arguments.mode, MODE_HEALTH);
    assert_string_equal(arguments.admin, "1.2.3.4:5");
}

static void refuses_flags_of_others(void **state)
{
    (void)state;
    struct arguments arguments;
    char why[200];
    assert_false(
        parse(&arguments, (const char *const[]){ "status", "--admin", "x", NULL }, why, 200));
    assert_string_equal(why, "'--admin' is not understood here (podis --help)");
    assert_false(parse(&arguments, (const char *const[]){ "health", "--admin", NULL }, why, 200));
    assert_string_equal(why, "--admin wants a value");
    assert_false(parse(&arguments, (const char *const[]){ "--version", "x", NULL }, why, 200));
}

static void a_transfer_has_a_place_and_flags(void **state)
{
    (void)state;
    struct arguments arguments =
        parsed((const char *const[]){ "import", "dump.rdb", "--to", "redis://x", NULL });
    assert_int_equal(arguments.mode, MODE_IMPORT);
    assert_string_equal(arguments.place, "dump.rdb");
    assert_string_equal(arguments.server, "redis://x");
    assert_null(arguments.replace);

    arguments =
        parsed((const char *const[]){ "export", "f", "--replace", "yes", "--verify", "no", NULL });
    assert_int_equal(arguments.mode, MODE_EXPORT);
    assert_string_equal(arguments.replace, "yes");
    assert_string_equal(arguments.verify, "no");
}

static void a_transfer_without_its_place_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][4] = { { "import", NULL },
                                          { "export", "--replace", "yes", NULL },
                                          { "import", "f", "--from", NULL },
                                          { "import", "f", "--to", NULL },
                                          { "export", "f", "--to", NULL } };
    struct arguments arguments;
    char why[200];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(parse(&arguments, bad[i], why, sizeof(why)));
        assert_true(strlen(why) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_without_words),
        cmocka_unit_test(takes_a_file_and_flags),
        cmocka_unit_test(takes_flags_alone),
        cmocka_unit_test(reads_standard_input),
        cmocka_unit_test(checks_what_would_be_started),
        cmocka_unit_test(knows_its_modes),
        cmocka_unit_test(status_and_health_have_flags_of_their_own),
        cmocka_unit_test(refuses_flags_of_others),
        cmocka_unit_test(a_transfer_has_a_place_and_flags),
        cmocka_unit_test(a_transfer_without_its_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
