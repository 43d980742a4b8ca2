/* Messages for the operator, and the texts of errors. */

#include "cache/base/log.h"

#include "cache/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct heard {
    int count;
    enum log_level level;
    char text[8192];
};

static void hear(void *context, enum log_level level, const char *text)
{
    struct heard *heard = context;
    heard->count++;
    heard->level = level;
    snprintf(heard->text, sizeof(heard->text), "%s", text);
}

static void writes_at_its_level_and_above(void **state)
{
    (void)state;
    struct heard heard = { 0 };
    struct log log = { .level = LOG_NOTICE, .write = hear, .context = &heard };

    log_verbose(&log, "not %s", "this");
    assert_int_equal(heard.count, 0);
    log_notice(&log, "but %s, %d times", "this", 2);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.text, "but this, 2 times");
    log_warning(&log, "and this");
    assert_int_equal(heard.level, LOG_WARNING);
}

static void nobody_to_write_to_is_no_error(void **state)
{
    (void)state;
    log_warning(NULL, "dropped %d", 1);
    struct log nothing = { .level = LOG_NOTHING, .write = hear, .context = NULL };
    log_warning(&nothing, "dropped too");
}

static void every_error_has_a_text(void **state)
{
    (void)state;
#define X(name, text) assert_string_equal(err_text(ERR_##name), text);
    ERR_TABLE(X)
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_at_its_level_and_above),
        cmocka_unit_test(nobody_to_write_to_is_no_error),
        cmocka_unit_test(every_error_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
