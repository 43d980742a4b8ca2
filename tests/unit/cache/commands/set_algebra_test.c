/* Intersections, unions and differences, and where they are stored. */

#include "tests/unit/cache/commands/try.h"

static void fill(struct try *try)
{
    static const char *const commands[] = {
        "SADD a 1 2 3 4 5", "SADD b 2 4 6", "SADD c 4 5 6 7 8 9", "SADD t x y 4", "SET s text",
    };
    for (size_t i = 0; i < COUNT(commands); i++) {
        try_run(try, commands[i]);
    }
    try_changes(try);
}

static void intersects(void **state)
{
    static const struct try_row rows[] = {
        { "SINTER a b", "*2\r\n$1\r\n2\r\n$1\r\n4\r\n" },
        { "SINTER a b c t", "*1\r\n$1\r\n4\r\n" },
        { "SINTER b b", "*3\r\n$1\r\n2\r\n$1\r\n4\r\n$1\r\n6\r\n" },
        { "SINTER a no", "*0\r\n" },
        { "SINTERCARD 2 a b", ":2\r\n" },
        { "SINTERCARD 2 a b LIMIT 1", ":1\r\n" },
        { "SINTERCARD 2 a b LIMIT 0", ":2\r\n" },
        { "SINTERCARD 2 a b LIMIT 1 limit 9", ":2\r\n" },
        { "SINTERCARD 2 a no", ":0\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void unites(void **state)
{
    static const struct try_row rows[] = {
        { "SUNION b no", "*3\r\n$1\r\n2\r\n$1\r\n4\r\n$1\r\n6\r\n" },
        { "SUNION b a",
          "*6\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n" },
        { "SUNION no", "*0\r\n" },
        { "SUNIONSTORE to t a", ":7\r\n" },
        { "SCARD to", ":7\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void subtracts(void **state)
{
    static const struct try_row rows[] = {
        { "SDIFF a b", "*3\r\n$1\r\n1\r\n$1\r\n3\r\n$1\r\n5\r\n" },
        { "SDIFF a b c", "*2\r\n$1\r\n1\r\n$1\r\n3\r\n" },
        { "SDIFF a a", "*0\r\n" },
        { "SDIFF no a", "*0\r\n" },
        { "SDIFF a no", "*5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n" },
        { "SADD big 1 2 3 4 5 6 7 8 9 10", ":10\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void subtracts_many_small_sets_from_a_big_one(void **state)
{
    /* It is more work to ask four sets for each of ten than to go through all. */
    static const struct try_row rows[] = {
        { "SADD big 1 2 3 4 5 6 7 8 9 10", ":10\r\n" },
        { "SDIFFSTORE to big b t b b", ":7\r\n" },
        { "SMISMEMBER to 1 2 4 10", "*4\r\n:1\r\n:0\r\n:0\r\n:1\r\n" },
        { "SADD one 2", ":1\r\n" },
        { "SDIFF one b a a a", "*0\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
    assert_memory_equal(try_run(*state, "SDIFF big b t b b"), "*7\r\n", 4);
}

static void answers_sets_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "SINTER a b", "~2\r\n$1\r\n2\r\n$1\r\n4\r\n" },
        { "SINTER a no", "~0\r\n" },
        { "SUNION b", "~3\r\n$1\r\n2\r\n$1\r\n4\r\n$1\r\n6\r\n" },
        { "SDIFF b a", "~1\r\n$1\r\n6\r\n" },
    };
    struct try *try = *state;
    fill(try);
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void stores_over_whatever_was_there(void **state)
{
    static const struct try_row rows[] = {
        { "EXPIRE s 100", ":1\r\n" },
        { "SINTERSTORE s a b", ":2\r\n" },
        { "SMEMBERS s", "*2\r\n$1\r\n2\r\n$1\r\n4\r\n" },
        { "TTL s", ":-1\r\n" },
        { "SDIFFSTORE a a b", ":3\r\n" },
        { "SMEMBERS a", "*3\r\n$1\r\n1\r\n$1\r\n3\r\n$1\r\n5\r\n" },
        { "SINTERSTORE a a b", ":0\r\n" },
        { "EXISTS a", ":0\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void stores_in_the_best_encoding(void **state)
{
    static const struct try_row rows[] = {
        { "SINTERSTORE to t c", ":1\r\n" }, { "OBJECT ENCODING to", "$6\r\nintset\r\n" },
        { "SINTERSTORE to t t", ":3\r\n" }, { "OBJECT ENCODING to", "$8\r\nlistpack\r\n" },
        { "SUNIONSTORE to a b", ":6\r\n" }, { "OBJECT ENCODING to", "$6\r\nintset\r\n" },
        { "SUNIONSTORE to a t", ":7\r\n" }, { "OBJECT ENCODING to", "$8\r\nlistpack\r\n" },
        { "SDIFFSTORE to a t", ":4\r\n" },  { "OBJECT ENCODING to", "$6\r\nintset\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void refuses_what_does_not_fit(void **state)
{
    static const char wrong[] =
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    static const struct try_row rows[] = {
        { "SINTER a s", wrong },
        { "SINTER no s", wrong },
        { "SUNION no s", wrong },
        { "SDIFF no s", wrong },
        { "SUNIONSTORE to a s", wrong },
        { "SINTERCARD 1 s", wrong },
        { "SINTERCARD 0 a", "-ERR numkeys should be greater than 0\r\n" },
        { "SINTERCARD x a", "-ERR numkeys should be greater than 0\r\n" },
        { "SINTERCARD 2 a", "-ERR Number of keys can't be greater than number of args\r\n" },
        { "SINTERCARD 1 a b", "-ERR syntax error\r\n" },
        { "SINTERCARD 1 a LIMIT", "-ERR syntax error\r\n" },
        { "SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative\r\n" },
        { "SINTERCARD 1 s LIMIT x", "-ERR LIMIT can't be negative\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void announces_what_was_stored_or_deleted(void **state)
{
    struct try *try = *state;
    fill(try);
    try_run(try, "SINTERSTORE to a b");
    assert_string_equal(try_changes(try), "0: SINTERSTORE to a b\n");
    try_run(try, "SINTERSTORE to a no");
    assert_string_equal(try_changes(try), "0: SINTERSTORE to a no\n");
    try_run(try, "SINTERSTORE to a no");
    assert_string_equal(try_changes(try), "");
}

static void tells_what_happened(void **state)
{
    struct try *try = *state;
    fill(try);
    try_events(try);
    try_run(try, "SUNIONSTORE to a b");
    assert_string_equal(try_events(try), "0: new to\n0: sunionstore to\n");
    try_run(try, "SDIFFSTORE to a b");
    assert_string_equal(try_events(try), "0: sdiffstore to\n");
    try_run(try, "SINTERSTORE to a no");
    assert_string_equal(try_events(try), "0: keymiss no\n0: del to\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(intersects),
        TRY(unites),
        TRY(subtracts),
        TRY(subtracts_many_small_sets_from_a_big_one),
        TRY(answers_sets_in_resp3),
        TRY(stores_over_whatever_was_there),
        TRY(stores_in_the_best_encoding),
        TRY(refuses_what_does_not_fit),
        TRY(announces_what_was_stored_or_deleted),
        TRY(tells_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
