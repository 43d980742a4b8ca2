/* Log lines as Redis writes them, and as JSON. */

#include "sidecar/logger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct log_moment moment = { .seconds = 1795361968, .milliseconds = 7, .pid = 42 };

static void expect(enum log_format format, enum log_level level, const char *text,
                   const char *expected)
{
    char line[512];
    size_t len = logger_format(line, sizeof(line), format, &moment, level, text);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(line, expected, len);
}

static void writes_text_as_redis_does(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    expect(LOG_FORMAT_TEXT, LOG_DEBUG, "a", "42:M 22 Nov 2026 15:39:28.007 . a\n");
    expect(LOG_FORMAT_TEXT, LOG_VERBOSE, "a", "42:M 22 Nov 2026 15:39:28.007 - a\n");
    expect(LOG_FORMAT_TEXT, LOG_NOTICE, "a", "42:M 22 Nov 2026 15:39:28.007 * a\n");
    expect(LOG_FORMAT_TEXT, LOG_WARNING, "a b", "42:M 22 Nov 2026 15:39:28.007 # a b\n");
}

/* Else a client could write lines of its own into the log. */
static void keeps_control_characters_out_of_text(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    expect(LOG_FORMAT_TEXT, LOG_NOTICE, "a\nb\x1b\x7f", "42:M 22 Nov 2026 15:39:28.007 * a?b??\n");
}

static void writes_json(void **state)
{
    (void)state;
    expect(LOG_FORMAT_JSON, LOG_WARNING, "say \"x\\y\"\n\x01",
           "{\"time\":\"2026-11-22T15:39:28.007Z\",\"level\":\"warning\",\"pid\":42,"
           "\"message\":\"say \\\"x\\\\y\\\"\\u000a\\u0001\"}\n");
}

static void a_long_message_is_cut_and_still_a_line(void **state)
{
    (void)state;
    char text[1000];
    char line[128];
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        size_t len =
            logger_format(line, sizeof(line), (enum log_format)format, &moment, LOG_NOTICE, text);
        assert_true(len < sizeof(line));
        assert_int_equal(line[len - 1], '\n');
        assert_int_equal(strcspn(line, "\n"), len - 1);
        if (format == LOG_FORMAT_JSON) {
            assert_memory_equal(line + len - 3, "\"}\n", 3);
        }
    }
}

static size_t file_size(const char *path)
{
    char text[4096];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    return len;
}

static void writes_to_its_file_what_is_important_enough(void **state)
{
    (void)state;
    char path[] = "/tmp/podis-test-XXXXXX";
    struct logger logger;
    struct options options = { .logfile = path, .loglevel = LOG_NOTICE };
    close(mkstemp(path));

    logger_init(&logger);
    assert_int_equal(logger_open(&logger, &options), ERR_OK);
    log_verbose(&logger.log, "not this");
    assert_int_equal(file_size(path), 0);
    log_notice(&logger.log, "this");
    size_t len = file_size(path);
    assert_true(len > 0);

    options.loglevel = LOG_NOTHING;
    logger_configure(&logger, &options);
    log_warning(&logger.log, "nor this");
    assert_int_equal(file_size(path), len);
    logger_fini(&logger);
    remove(path);
}

static void a_file_that_cannot_be_opened_is_an_error(void **state)
{
    (void)state;
    char path[] = "/nonexistent/x";
    struct logger logger;
    struct options options = { .logfile = path };
    logger_init(&logger);
    assert_int_equal(logger_open(&logger, &options), ERR_SYSTEM);
    logger_fini(&logger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_text_as_redis_does),
        cmocka_unit_test(keeps_control_characters_out_of_text),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(a_long_message_is_cut_and_still_a_line),
        cmocka_unit_test(writes_to_its_file_what_is_important_enough),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
