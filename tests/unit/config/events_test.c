/* The letters of notify-keyspace-events. */

#include "config/events.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_is_read_is_printed_as_redis_does(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "", "" },       { "KEA", "AKE" },      { "Kg$lm", "g$lKm" },
        { "E", "E" },     { "g$lshzxetd", "A" }, { "KAnm", "AKm" },
        { "$gn", "g$n" }, { "KKxx", "xK" },      { "xeE", "xeE" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t events;
        char text[EVENTS_TEXT_MAX];
        assert_true(events_parse(cases[i][0], &events));
        events_print(events, text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void other_letters_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "y", "KEAy", " ", "k", "a", "K E" };
    uint32_t events = 7;

    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(events_parse(bad[i], &events));
        assert_int_equal(events, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_printed_as_redis_does),
        cmocka_unit_test(other_letters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
