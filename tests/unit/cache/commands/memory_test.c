/* MEMORY USAGE. */

#include "cache/commands/memory.h"

#include "tests/unit/cache/commands/try.h"

#include <stdlib.h>

static const struct command rows[] = {
    { .name = "memory", .run = memory_usage_run, .arity = -2 },
    { .name = NULL },
};

static int setup(void **state)
{
    static struct try try;
    try_start(&try);
    command_table_add(try.table, rows);
    *state = &try;
    return 0;
}

/* The number of a reply like ":120\r\n". */
static long usage_of(struct try *try, const char *command)
{
    const char *reply = try_run(try, command);
    assert_int_equal(reply[0], ':');
    return strtol(reply + 1, NULL, 10);
}

static void counts_key_and_value(void **state)
{
    struct try *try = *state;
    try_run(try, "SET k v");
    long few = usage_of(try, "MEMORY USAGE k");
    assert_in_range(few, 2, 100);
    try_run(try, "SETRANGE k 10000 v");
    assert_in_range(usage_of(try, "MEMORY USAGE k"), 10001, 25000);
    try_run(try, "SET k v");
    assert_int_equal(usage_of(try, "memory usage k samples 0"), few);
}

static void refuses_what_it_cannot_read(void **state)
{
    static const struct try_row answers[] = {
        { "MEMORY USAGE none", "$-1\r\n" },
        { "SET k v", "+OK\r\n" },
        { "MEMORY USAGE k SAMPLES", "-ERR syntax error\r\n" },
        { "MEMORY USAGE k SAMPLES -1", "-ERR syntax error\r\n" },
        { "MEMORY USAGE k SAMPLES x", "-ERR value is not an integer or out of range\r\n" },
        { "MEMORY USAGE k EXAMPLES 5", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, answers);
}

#define TRY_MEMORY(test) cmocka_unit_test_setup_teardown(test, setup, try_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY_MEMORY(counts_key_and_value),
        TRY_MEMORY(refuses_what_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
