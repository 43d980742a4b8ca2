/* SADD, SREM, SMOVE and SPOP: replies, what is announced, and what is told. */

#include "tests/unit/cache/commands/try.h"

#include "cache/types/limits.h"

#include <stdlib.h>

static void adds_and_removes(void **state)
{
    static const struct try_row rows[] = {
        { "SADD k b a b", ":2\r\n" },
        { "SADD k a", ":0\r\n" },
        { "SADD k ''", ":1\r\n" },
        { "SREM k a x a", ":1\r\n" },
        { "SMEMBERS k", "*2\r\n$1\r\nb\r\n$0\r\n\r\n" },
        { "SREM no a", ":0\r\n" },
        { "SREM k b ''", ":2\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_another_type(void **state)
{
    static const char wrong[] =
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },
        { "SADD s a", ":1\r\n" },
        { "SADD k a", wrong },
        { "SREM k a", wrong },
        { "SPOP k", wrong },
        { "SPOP k 0", wrong },
        { "SPOP k -1", "-ERR value is out of range, must be positive\r\n" },
        { "SPOP k x", "-ERR value is out of range, must be positive\r\n" },
        { "SPOP k 1 1", "-ERR syntax error\r\n" },
        { "SMOVE k s a", wrong },
        { "SMOVE s k a", wrong },
        { "SMOVE s k b", wrong },
        { "SMOVE no k a", ":0\r\n" },
        { "SMOVE k no a", wrong },
    };
    TRY_ROWS(state, rows);
}

static void keeps_the_time_to_live(void **state)
{
    static const struct try_row rows[] = {
        { "SADD k 1", ":1\r\n" },
        { "EXPIRE k 100", ":1\r\n" },
        { "SADD k a", ":1\r\n" },
        { "SADD k 0123456789012345678901234567890123456789012345678901234567890123456789",
          ":1\r\n" },
        { "OBJECT ENCODING k", "$9\r\nhashtable\r\n" },
        { "SREM k a", ":1\r\n" },
        { "TTL k", ":100\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void moves_a_member(void **state)
{
    static const struct try_row rows[] = {
        { "SADD a 1 2", ":2\r\n" },
        { "SADD b 2", ":1\r\n" },
        { "SMOVE a b 3", ":0\r\n" },
        { "SMOVE a a 1", ":1\r\n" },
        { "SMOVE a a 3", ":0\r\n" },
        { "SMOVE a b 1", ":1\r\n" },
        { "SMOVE a b 2", ":1\r\n" },
        { "EXISTS a", ":0\r\n" },
        { "SMEMBERS b", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n" },
        { "SMOVE b c 1", ":1\r\n" },
        { "SMEMBERS c", "*1\r\n$1\r\n1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void pops_to_nothing(void **state)
{
    struct try *try = *state;
    try_run(try, "SADD k a b c");
    assert_string_equal(try_run(try, "SPOP k 0"), "*0\r\n");
    assert_memory_equal(try_run(try, "SPOP k"), "$1", 2);
    assert_memory_equal(try_run(try, "SPOP k 1"), "*1\r\n$1", 6);
    assert_string_equal(try_run(try, "SCARD k"), ":1\r\n");
    assert_memory_equal(try_run(try, "SPOP k 10"), "*1\r\n$1", 6);
    assert_string_equal(try_run(try, "EXISTS k"), ":0\r\n");
    assert_string_equal(try_run(try, "SPOP k"), "$-1\r\n");
    assert_string_equal(try_run(try, "SPOP k 3"), "*0\r\n");
}

static void announces_what_was_popped(void **state)
{
    struct try *try = *state;
    try_run(try, "SADD k 7");
    try_changes(try);
    try_run(try, "SPOP k");
    assert_string_equal(try_changes(try), "0: SREM k 7\n");

    try_run(try, "SADD k 7 8");
    try_changes(try);
    try_run(try, "SPOP k 2");
    assert_string_equal(try_changes(try), "0: DEL k\n");

    try_run(try, "SADD k 7 8");
    try_changes(try);
    bool low = strstr(try_run(try, "SPOP k 1"), "7") != NULL;
    assert_string_equal(try_changes(try), low ? "0: SREM k 7\n" : "0: SREM k 8\n");
}

static void announces_many_in_parts(void **state)
{
    struct try *try = *state;
    char command[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(command, sizeof(command), "SADD k %d", i);
        try_run(try, command);
    }
    try_changes(try);
    try_run(try, "SPOP k 2999");
    const char *changes = try_changes(try);
    size_t lines = 0;
    for (const char *at = changes; (at = strstr(at, "0: SREM k ")) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 3);
    assert_string_equal(try_run(try, "SCARD k"), ":1\r\n");
}

static void announces_only_what_changed_something(void **state)
{
    static const char *const commands[] = {
        "SADD k a", "SREM k b", "SREM no b", "SMOVE k k a", "SMOVE k x b", "SPOP k 0", "SPOP no 1",
    };
    struct try *try = *state;
    try_run(try, "SADD k a");
    try_changes(try);
    for (size_t i = 0; i < COUNT(commands); i++) {
        try_run(try, commands[i]);
        assert_string_equal(try_changes(try), "");
    }
}

static void tells_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *events;
    } rows[] = {
        { "SADD k a b", "0: new k\n0: sadd k\n" },
        { "SADD k a", "" },
        { "SREM k x", "" },
        { "SREM k a", "0: srem k\n" },
        { "SMOVE k m b", "0: srem k\n0: del k\n0: new m\n0: sadd m\n" },
        { "SPOP m", "0: spop m\n0: del m\n" },
        { "SADD k a b", "0: new k\n0: sadd k\n" },
        { "SPOP k 1", "0: spop k\n" },
        { "SPOP k 5", "0: spop k\n0: del k\n" },
    };
    struct try *try = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        const char *events = try_events(try);
        if (strcmp(events, rows[i].events) != 0) {
            fail_msg("%s tells\n%s", rows[i].command, events);
        }
    }
}

static void follows_limits_that_changed(void **state)
{
    struct try *try = *state;
    struct type_limits limits = type_limits_default;
    try_run(try, "SADD k a b c");
    limits.set_max_listpack_entries = 0;
    cache_set_limits(try->cache, &limits);
    assert_string_equal(try_run(try, "OBJECT ENCODING k"), "$8\r\nlistpack\r\n");
    try_run(try, "SADD k d");
    assert_string_equal(try_run(try, "OBJECT ENCODING k"), "$9\r\nhashtable\r\n");
    try_run(try, "SADD i 1");
    assert_string_equal(try_run(try, "OBJECT ENCODING i"), "$6\r\nintset\r\n");
    assert_string_equal(try_run(try, "SCARD k"), ":4\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(adds_and_removes),        TRY(refuses_another_type),
        TRY(keeps_the_time_to_live),  TRY(moves_a_member),
        TRY(pops_to_nothing),         TRY(announces_what_was_popped),
        TRY(announces_many_in_parts), TRY(announces_only_what_changed_something),
        TRY(tells_what_happened),     TRY(follows_limits_that_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
