/* The rows as values: names, aliases, suggestions. */

#include "config/option.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void finds_names_and_aliases(void **state)
{
    (void)state;
    assert_string_equal(option_find(SPAN("MaxMemory"))->name, "maxmemory");
    assert_string_equal(option_find(SPAN("slave-read-only"))->name, "replica-read-only");
    assert_null(option_find(SPAN("maxmemor")));
    assert_null(option_find(SPAN("")));
}

static void every_alias_names_a_row(void **state)
{
    (void)state;
    static const char *const aliases[] = { "hash-max-ziplist-value", "lua-time-limit", "slaveof",
                                           "repl-ping-slave-period" };
    for (size_t i = 0; i < COUNT(aliases); i++) {
        assert_non_null(option_find(span_from(aliases[i])));
    }
}

static void no_name_is_used_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        assert_ptr_equal(option_find(span_from(option_at(i)->name)), option_at(i));
        assert_int_equal(option_index(option_at(i)), i);
    }
}

static void finds_variables(void **state)
{
    (void)state;
    assert_string_equal(option_find_variable(SPAN("MAXMEMORY_POLICY"))->name, "maxmemory-policy");
    assert_string_equal(option_find_variable(SPAN("server_cpulist"))->name, "server_cpulist");
    assert_string_equal(option_find_variable(SPAN("SLAVE_PRIORITY"))->name, "replica-priority");
    assert_null(option_find_variable(SPAN("MAXMEMORY-POLICY_")));
}

static void suggests_the_nearest_name(void **state)
{
    (void)state;
    assert_string_equal(option_nearest(SPAN("maxmemry"))->name, "maxmemory");
    assert_string_equal(option_nearest(SPAN("max-clients"))->name, "maxclients");
    assert_string_equal(option_nearest(SPAN("PERS"))->name, "peers");
    assert_null(option_nearest(SPAN("something-else-entirely")));
    assert_null(option_nearest(SPAN("x")));
}

static void every_row_says_what_it_is_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        assert_true((option->help == NULL) != (option->unused == NULL));
        assert_true(option->unused == NULL || **option->unused != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names_and_aliases),
        cmocka_unit_test(every_alias_names_a_row),
        cmocka_unit_test(no_name_is_used_twice),
        cmocka_unit_test(finds_variables),
        cmocka_unit_test(suggests_the_nearest_name),
        cmocka_unit_test(every_row_says_what_it_is_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
