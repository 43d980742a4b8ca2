/* GET and the other commands that read strings. */

#include "tests/unit/cache/commands/try.h"

static void gives_what_was_put(void **state)
{
    static const struct try_row rows[] = {
        { "GET k", "$-1\r\n" },
        { "SET k hello", "+OK\r\n" },
        { "GET k", "$5\r\nhello\r\n" },
        { "SET k ''", "+OK\r\n" },
        { "GET k", "$0\r\n\r\n" },
        { "SET k 12345", "+OK\r\n" },
        { "GET k", "$5\r\n12345\r\n" },
        { "SET k -9223372036854775808", "+OK\r\n" },
        { "GET k", "$20\r\n-9223372036854775808\r\n" },
        { "SET k 007", "+OK\r\n" },
        { "GET k", "$3\r\n007\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void speaks_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "GET k", "_\r\n" },
        { "SET k v", "+OK\r\n" },
        { "MGET k none", "*2\r\n$1\r\nv\r\n_\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void gives_several_at_once(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a 1 b two", "+OK\r\n" },
        { "MGET a none b a", "*4\r\n$1\r\n1\r\n$-1\r\n$3\r\ntwo\r\n$1\r\n1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void measures(void **state)
{
    static const struct try_row rows[] = {
        { "STRLEN none", ":0\r\n" }, { "SET k hello", "+OK\r\n" }, { "STRLEN k", ":5\r\n" },
        { "SET k -100", "+OK\r\n" }, { "STRLEN k", ":4\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void cuts_parts_out(void **state)
{
    static const struct try_row rows[] = {
        { "SET k hello", "+OK\r\n" },
        { "GETRANGE k 0 -1", "$5\r\nhello\r\n" },
        { "GETRANGE k 1 3", "$3\r\nell\r\n" },
        { "SUBSTR k -3 -2", "$2\r\nll\r\n" },
        { "GETRANGE k -2 -3", "$0\r\n\r\n" },
        { "GETRANGE k 3 1", "$0\r\n\r\n" },
        { "GETRANGE k -100 1", "$2\r\nhe\r\n" },
        { "GETRANGE k 4 100", "$1\r\no\r\n" },
        { "GETRANGE k 5 5", "$0\r\n\r\n" },
        { "GETRANGE k -100 -100", "$1\r\nh\r\n" },
        { "GETRANGE k -9223372036854775808 9223372036854775807", "$5\r\nhello\r\n" },
        { "GETRANGE none 0 -1", "$0\r\n\r\n" },
        { "SET k ''", "+OK\r\n" },
        { "GETRANGE k 0 0", "$0\r\n\r\n" },
        { "SET k 1234", "+OK\r\n" },
        { "GETRANGE k 1 2", "$2\r\n23\r\n" },
        { "GETRANGE k one 2", "-ERR value is not an integer or out of range\r\n" },
        { "GETRANGE k 1 2.5", "-ERR value is not an integer or out of range\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_nothing(void **state)
{
    try_run(*state, "SET k v");
    try_changes(*state);
    try_run(*state, "GET k");
    try_run(*state, "MGET k none");
    try_run(*state, "STRLEN k");
    try_run(*state, "GETRANGE k 0 0");
    assert_string_equal(try_changes(*state), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(gives_what_was_put), TRY(speaks_resp3),   TRY(gives_several_at_once),
        TRY(measures),           TRY(cuts_parts_out), TRY(announces_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
