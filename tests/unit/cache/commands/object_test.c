/* OBJECT. */

#include "tests/unit/cache/commands/try.h"

#define FORTY_FOUR "12345678901234567890123456789012345678901234"

static void names_encodings(void **state)
{
    static const struct try_row rows[] = {
        { "OBJECT ENCODING k", "$-1\r\n" },
        { "SET k 123", "+OK\r\n" },
        { "OBJECT ENCODING k", "$3\r\nint\r\n" },
        { "SET k " FORTY_FOUR, "+OK\r\n" },
        { "OBJECT ENCODING k", "$6\r\nembstr\r\n" },
        { "SET k " FORTY_FOUR "5", "+OK\r\n" },
        { "OBJECT ENCODING k", "$3\r\nraw\r\n" },
        { "SET k 1", "+OK\r\n" },
        { "APPEND k ''", ":1\r\n" },
        { "OBJECT ENCODING k", "$3\r\nraw\r\n" },
        { "SETRANGE n 0 1", ":1\r\n" },
        { "OBJECT ENCODING n", "$3\r\nraw\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void counts_references(void **state)
{
    static const struct try_row rows[] = {
        { "OBJECT REFCOUNT k", "$-1\r\n" },         { "SET k text", "+OK\r\n" },
        { "OBJECT REFCOUNT k", ":1\r\n" },          { "SET k 9999", "+OK\r\n" },
        { "OBJECT REFCOUNT k", ":2147483647\r\n" }, { "INCR k", ":10000\r\n" },
        { "OBJECT REFCOUNT k", ":1\r\n" },          { "SET k -1", "+OK\r\n" },
        { "OBJECT REFCOUNT k", ":1\r\n" },          { "SET k 0", "+OK\r\n" },
        { "object refcount k", ":2147483647\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_how_long_a_key_was_idle(void **state)
{
    struct try *try = *state;
    try_run(try, "SET k v");
    try->now_ms += 30000;
    assert_string_equal(try_run(try, "OBJECT IDLETIME k"), ":30\r\n");
    try_run(try, "TYPE k");
    try_run(try, "TTL k");
    try_run(try, "EXISTS k");
    assert_string_equal(try_run(try, "OBJECT IDLETIME k"), ":30\r\n");
    try_run(try, "TOUCH k");
    assert_string_equal(try_run(try, "OBJECT IDLETIME k"), ":0\r\n");
    assert_string_equal(try_run(try, "OBJECT IDLETIME none"), "$-1\r\n");
}

static void answers_one_of_idle_time_and_frequency(void **state)
{
    struct try *try = *state;
    try_run(try, "SET k v");
    assert_memory_equal(try_run(try, "OBJECT FREQ k"), "-ERR An LFU maxmemory policy is not ", 36);
    assert_string_equal(try_run(try, "OBJECT FREQ none"), "$-1\r\n");

    cache_set_frequency(try->cache, true);
    try_run(try, "SET k v");
    assert_int_equal(try_run(try, "OBJECT FREQ k")[0], ':');
    assert_memory_equal(try_run(try, "OBJECT IDLETIME k"), "-ERR An LFU maxmemory policy is sele",
                        36);
}

static void explains_itself(void **state)
{
    const char *help = try_run(*state, "OBJECT HELP");
    assert_ptr_equal(strstr(help, "*11\r\n+OBJECT <subcommand> [<arg> [value] [opt] ...]. "), help);
    assert_non_null(strstr(help, "\r\n+ENCODING key\r\n+    Returns "));
    assert_non_null(strstr(help, "\r\n+HELP\r\n+    Prints this help.\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(names_encodings),
        TRY(counts_references),
        TRY(tells_how_long_a_key_was_idle),
        TRY(answers_one_of_idle_time_and_frequency),
        TRY(explains_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
