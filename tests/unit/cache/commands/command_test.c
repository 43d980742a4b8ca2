/* COMMAND and its subcommands. */

#include "tests/unit/cache/commands/try.h"

#define NO_KEYS "-ERR The command has no key arguments\r\n"

static void finds_keys_in_a_command(void **state)
{
    static const struct try_row rows[] = {
        { "COMMAND GETKEYS get k", "*1\r\n$1\r\nk\r\n" },
        { "COMMAND GETKEYS mset a 1 b", "*2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { "COMMAND GETKEYS RENAME a b", "*2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { "COMMAND GETKEYS object encoding k", "*1\r\n$1\r\nk\r\n" },
        { "COMMAND GETKEYS object help k", NO_KEYS },
        { "COMMAND GETKEYS dbsize x", NO_KEYS },
        { "COMMAND GETKEYS nosuch k", "-ERR Invalid command specified\r\n" },
        { "COMMAND GETKEYS object nosuch k", "-ERR Invalid command specified\r\n" },
        { "COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_what_happens_to_keys(void **state)
{
    static const struct try_row rows[] = {
        { "COMMAND GETKEYSANDFLAGS get k", "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+RO\r\n+access\r\n" },
        { "COMMAND GETKEYSANDFLAGS set k v", "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+OW\r\n+update\r\n" },
        { "COMMAND GETKEYSANDFLAGS set k v get",
          "*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+update\r\n" },
        { "COMMAND GETKEYSANDFLAGS renamenx a b",
          "*2\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n"
          "*2\r\n$1\r\nb\r\n*2\r\n+OW\r\n+insert\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void lists_commands(void **state)
{
    static const struct try_row rows[] = {
        { "COMMAND LIST FILTERBY PATTERN LC?", "*1\r\n$3\r\nlcs\r\n" },
        { "COMMAND LIST FILTERBY PATTERN nosuch", "*0\r\n" },
        { "COMMAND LIST FILTERBY ACLCAT nosuch", "*0\r\n" },
        { "COMMAND LIST FILTERBY MODULE any", "*0\r\n" },
        { "COMMAND LIST FILTERBY PATTERN object|f*", "*1\r\n$11\r\nobject|freq\r\n" },
        { "COMMAND LIST FILTERBY", "-ERR syntax error\r\n" },
        { "COMMAND LIST FILTERBY FOO bar", "-ERR syntax error\r\n" },
        { "COMMAND LIST FOO PATTERN *", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
    const char *dangerous = try_run(*state, "COMMAND LIST FILTERBY ACLCAT dangerous");
    assert_non_null(strstr(dangerous, "flushall"));
    assert_null(strstr(dangerous, "get"));
}

static void counts_and_lists_the_same(void **state)
{
    struct try *try = *state;
    char count[32];
    char want[32];
    snprintf(count, sizeof(count), "%s", try_run(try, "COMMAND COUNT"));
    snprintf(want, sizeof(want), "*%zu\r\n", command_count(try->table));
    assert_int_equal(strcspn(want, "\r"), strcspn(count, "\r"));
    assert_memory_equal(want + 1, count + 1, strlen(want) - 1);
    assert_memory_equal(try_run(try, "COMMAND"), want, strlen(want));
    assert_memory_equal(try_run(try, "COMMAND INFO"), want, strlen(want));
}

static void leaves_out_docs_of_unknown_commands(void **state)
{
    static const struct try_row rows[] = {
        { "COMMAND INFO nosuch object|nosuch", "*2\r\n_\r\n_\r\n" },
        { "COMMAND DOCS nosuch", "%0\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
    assert_memory_equal(try_run(try, "COMMAND DOCS get nosuch GET"), "%2\r\n$3\r\nget\r\n", 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(finds_keys_in_a_command),
        TRY(tells_what_happens_to_keys),
        TRY(lists_commands),
        TRY(counts_and_lists_the_same),
        TRY(leaves_out_docs_of_unknown_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
