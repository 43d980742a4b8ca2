/* Popping from sorted sets. The answers are redis-server's. */

#include "cache/wait.h"
#include "tests/unit/cache/commands/try.h"

static void pops_from_either_end(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 3 c 4 d", ":4\r\n" },
        { "ZPOPMIN k", "*2\r\n$1\r\na\r\n$1\r\n1\r\n" },
        { "ZPOPMAX k 2", "*4\r\n$1\r\nd\r\n$1\r\n4\r\n$1\r\nc\r\n$1\r\n3\r\n" },
        { "ZPOPMIN k 0", "*0\r\n" },
        { "ZPOPMIN k 100", "*2\r\n$1\r\nb\r\n$1\r\n2\r\n" },
        { "ZPOPMIN k", "*0\r\n" },
        { "EXISTS k", ":0\r\n" },
        { "ZPOPMIN k -1", "-ERR value is out of range, must be positive\r\n" },
        { "ZPOPMIN k x", "-ERR value is out of range, must be positive\r\n" },
        { "ZPOPMIN k 1 2", "-ERR syntax error\r\n" },
        { "SET s v", "+OK\r\n" },
        { "ZPOPMIN s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZPOPMIN s 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void pops_pairs_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 3 c", ":3\r\n" },
        { "ZPOPMIN k", "*2\r\n$1\r\na\r\n,1\r\n" },
        { "ZPOPMIN k 1", "*1\r\n*2\r\n$1\r\nb\r\n,2\r\n" },
        { "BZPOPMIN k 0", "*3\r\n$1\r\nk\r\n$1\r\nc\r\n,3\r\n" },
        { "ZPOPMIN k", "*0\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void pops_from_the_first_that_has_any(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD b 1 x 2 y 3 z", ":3\r\n" },
        { "ZMPOP 2 a b MIN", "*2\r\n$1\r\nb\r\n*1\r\n*2\r\n$1\r\nx\r\n$1\r\n1\r\n" },
        { "ZMPOP 2 a b MAX COUNT 10",
          "*2\r\n$1\r\nb\r\n*2\r\n*2\r\n$1\r\nz\r\n$1\r\n3\r\n*2\r\n$1\r\ny\r\n"
          "$1\r\n2\r\n" },
        { "ZMPOP 2 a b MIN", "*-1\r\n" },
        { "ZMPOP 0 a MIN", "-ERR numkeys should be greater than 0\r\n" },
        { "ZMPOP x a MIN", "-ERR numkeys should be greater than 0\r\n" },
        { "ZMPOP 2 a MIN", "-ERR syntax error\r\n" },
        { "ZMPOP 9223372036854775807 a MIN", "-ERR syntax error\r\n" },
        { "ZMPOP 1 a foo", "-ERR syntax error\r\n" },
        { "ZMPOP 1 a MIN COUNT 0", "-ERR count should be greater than 0\r\n" },
        { "ZMPOP 1 a MIN COUNT", "-ERR syntax error\r\n" },
        { "ZMPOP 1 a MIN COUNT 1 COUNT 1", "-ERR syntax error\r\n" },
        { "SET s v", "+OK\r\n" },
        { "ZMPOP 2 a s MIN",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void blocking_ones_pop_at_once_what_is_there(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD b 1 x 2 y 3 z 4 v", ":4\r\n" },
        { "BZPOPMIN a b 0", "*3\r\n$1\r\nb\r\n$1\r\nx\r\n$1\r\n1\r\n" },
        { "BZPOPMAX a b 1", "*3\r\n$1\r\nb\r\n$1\r\nv\r\n$1\r\n4\r\n" },
        { "BZMPOP 1 2 a b MIN COUNT 1", "*2\r\n$1\r\nb\r\n*1\r\n*2\r\n$1\r\ny\r\n$1\r\n2\r\n" },
        { "BZPOPMIN b -1", "-ERR timeout is negative\r\n" },
        { "BZPOPMIN b x", "-ERR timeout is not a float or out of range\r\n" },
        { "BZMPOP x 1 b MIN", "-ERR timeout is not a float or out of range\r\n" },
        { "BZMPOP -1 1 b MIN", "-ERR timeout is negative\r\n" },
        { "BZMPOP 1 0 b MIN", "-ERR numkeys should be greater than 0\r\n" },
        { "SET s v", "+OK\r\n" },
        { "BZPOPMIN s 1",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void changes_of(struct try *try, const char *command, const char *changes)
{
    try_run(try, command);
    assert_string_equal(try_changes(try), changes);
}

static void is_repeated_by_the_plain_pop(void **state)
{
    struct try *try = *state;
    try_run(try, "ZADD b 1 x 2 y 3 z 4 v 5 w");
    try_changes(try);
    changes_of(try, "ZPOPMIN b", "0: ZPOPMIN b\n");
    changes_of(try, "ZPOPMAX b 1", "0: ZPOPMAX b 1\n");
    changes_of(try, "BZPOPMIN a b 0", "0: ZPOPMIN b\n");
    changes_of(try, "ZPOPMIN b 0", "");
    changes_of(try, "ZMPOP 2 a b MAX", "0: ZPOPMAX b 1\n");
    changes_of(try, "BZMPOP 0 2 a b MIN COUNT 7", "0: ZPOPMIN b 1\n");
    changes_of(try, "ZPOPMIN b", "");
}

static void cannot_wait_here(void **state)
{
    static const struct try_row rows[] = {
        { "BZPOPMIN no 0", "*-1\r\n" },
        { "BZMPOP 0 1 no MIN", "*-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void waits_for_all_its_keys(void **state)
{
    struct try *try = *state;
    struct call_wait wait = { .wanted = false };
    try->wait = &wait;

    assert_string_equal(try_run(try, "BZPOPMAX a b 1.5"), "");
    assert_true(wait.wanted);
    assert_ptr_equal(wait.type, &type_zset);
    assert_int_equal(wait.key_count, 2);
    assert_int_equal(wait.keys[0], 1);
    assert_int_equal(wait.keys[1], 2);
    assert_int_equal(wait.timeout_ms, 1500);
    assert_true(wait.null_array);

    wait = (struct call_wait){ .wanted = false };
    assert_string_equal(try_run(try, "BZMPOP 0 1 c MIN COUNT 3"), "");
    assert_true(wait.wanted);
    assert_int_equal(wait.key_count, 1);
    assert_int_equal(wait.keys[0], 3);
    assert_int_equal(wait.timeout_ms, 0);
    assert_string_equal(try_changes(try), "");
}

static void tells_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *events;
    } rows[] = {
        { "ZADD k 1 a 2 b 3 c 4 d", "0: new k\n0: zadd k\n" },
        { "ZPOPMIN k 0", "" },
        { "ZPOPMIN k", "0: zpopmin k\n" },
        { "ZMPOP 1 k MAX", "0: zpopmax k\n" },
        { "BZPOPMAX k 0", "0: zpopmax k\n" },
        { "BZMPOP 0 1 k MIN", "0: zpopmin k\n0: del k\n" },
    };
    struct try *try = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_events(try), rows[i].events);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(pops_from_either_end),
        TRY(pops_pairs_in_resp3),
        TRY(pops_from_the_first_that_has_any),
        TRY(blocking_ones_pop_at_once_what_is_there),
        TRY(is_repeated_by_the_plain_pop),
        TRY(cannot_wait_here),
        TRY(waits_for_all_its_keys),
        TRY(tells_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
