/* SORT and SORT_RO. */

#include "tests/unit/cache/commands/try.h"

#define THREE(a, b, c) "*3\r\n$1\r\n" a "\r\n$1\r\n" b "\r\n$1\r\n" c "\r\n"
#define TWO(a, b)      "*2\r\n$1\r\n" a "\r\n$1\r\n" b "\r\n"
#define ONE(a)         "*1\r\n$1\r\n" a "\r\n"

static void sorts_numbers_and_words(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH l 3 1 2", ":3\r\n" },
        { "SORT l", THREE("1", "2", "3") },
        { "SORT l DESC", THREE("3", "2", "1") },
        { "SORT l DESC asc", THREE("1", "2", "3") },
        { "SADD s b c a", ":3\r\n" },
        { "SORT s ALPHA", THREE("a", "b", "c") },
        { "SORT_RO s ALPHA DESC", THREE("c", "b", "a") },
        { "SORT s", "-ERR One or more scores can't be converted into double\r\n" },
        { "ZADD z 1 9 2 8 3 7", ":3\r\n" },
        { "SORT z", THREE("7", "8", "9") },
        { "SORT no", "*0\r\n" },
        { "SORT no BY x GET # LIMIT 5 5", "*0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void reads_weights_as_strtod_does(void **state)
{
    static const char error[] = "-ERR One or more scores can't be converted into double\r\n";
    static const struct try_row rows[] = {
        { "RPUSH l a b", ":2\r\n" },        { "MSET w:a 0x10 w:b 3e0", "+OK\r\n" },
        { "SORT l BY w:*", TWO("b", "a") }, { "MSET w:a inf w:b ''", "+OK\r\n" },
        { "SORT l BY w:*", TWO("b", "a") }, { "SET w:a nan", "+OK\r\n" },
        { "SORT l BY w:*", error },         { "SET w:a 1e999", "+OK\r\n" },
        { "SORT l BY w:*", error },         { "SET w:a 1x", "+OK\r\n" },
        { "SORT l BY w:*", error },
    };
    TRY_ROWS(state, rows);
}

static void takes_a_part(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH l 3 1 2", ":3\r\n" },
        { "SORT l LIMIT 1 1", ONE("2") },
        { "SORT l LIMIT 0 2", TWO("1", "2") },
        { "SORT l LIMIT 1 -1", TWO("2", "3") },
        { "SORT l LIMIT -5 1", ONE("1") },
        { "SORT l LIMIT 3 1", "*0\r\n" },
        { "SORT l LIMIT 9223372036854775807 9223372036854775807", "*0\r\n" },
        { "SORT l LIMIT -9223372036854775808 -9223372036854775808", THREE("1", "2", "3") },
        { "SORT l LIMIT 0 0", "*0\r\n" },
        { "SORT l LIMIT 0 1 LIMIT 1 1", ONE("2") },
        { "SORT l LIMIT 0", "-ERR syntax error\r\n" },
        { "SORT l LIMIT 0 x", "-ERR value is not an integer or out of range\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void leaves_the_order_by_nosort(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH l 3 1 2", ":3\r\n" },
        { "SORT l BY nosort", THREE("3", "1", "2") },
        { "SORT l BY nosort DESC", THREE("2", "1", "3") },
        { "SORT l BY nosort LIMIT 1 1", ONE("1") },
        { "SORT l BY nosort DESC LIMIT 0 2", TWO("2", "1") },
        { "SORT l BY nosort BY w:*", THREE("3", "1", "2") },
        { "ZADD z 1 9 2 8 3 7", ":3\r\n" },
        { "SORT z BY nosort", THREE("9", "8", "7") },
        { "SORT z BY nosort DESC LIMIT 1 5", TWO("8", "9") },
        { "SORT z BY nosort LIMIT 1 1", ONE("8") },
        { "SADD s b c a", ":3\r\n" },
        { "SORT s BY nosort", THREE("b", "c", "a") },
        { "SORT s BY nosort LIMIT 1 1", ONE("c") },
        { "SORT s BY nosort STORE to", ":3\r\n" },
        { "LRANGE to 0 -1", THREE("a", "b", "c") },
    };
    TRY_ROWS(state, rows);
}

static void looks_elsewhere(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH l 1 2 3", ":3\r\n" },
        { "MSET w:1 30 w:2 20 w:3 10", "+OK\r\n" },
        { "HSET h:1 f x n 5", ":2\r\n" },
        { "HSET h:2 f y n 7", ":2\r\n" },
        { "SORT l BY w:*", THREE("3", "2", "1") },
        { "SORT l BY h:*->n DESC", THREE("2", "1", "3") },
        { "SORT l BY h:*->f ALPHA", THREE("3", "1", "2") },
        { "SORT l GET w:*", "*3\r\n$2\r\n30\r\n$2\r\n20\r\n$2\r\n10\r\n" },
        { "SORT l LIMIT 0 1 GET # GET h:*->f GET w:* GET x",
          "*4\r\n$1\r\n1\r\n$1\r\nx\r\n$2\r\n30\r\n$-1\r\n" },
        { "SORT l GET h:*->f", "*3\r\n$1\r\nx\r\n$1\r\ny\r\n$-1\r\n" },
        { "SORT l GET h:*", "*3\r\n$-1\r\n$-1\r\n$-1\r\n" },    /* A hash is no string, */
        { "SORT l GET w:*->f", "*3\r\n$-1\r\n$-1\r\n$-1\r\n" }, /* and a string no hash. */
        { "SORT l BY no:*", THREE("1", "2", "3") },
        { "SORT l BY no:* DESC", THREE("3", "2", "1") },
    };
    TRY_ROWS(state, rows);
}

static void answers_null_in_resp3(void **state)
{
    struct try *try = *state;
    try_run(try, "RPUSH l 1");
    try->protocol = 3;
    assert_string_equal(try_run(try, "SORT l GET no:*"), "*1\r\n_\r\n");
}

static void meets_keys_that_expired(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH l 1 2 3", ":3\r\n" },
        { "SET w:1 9 PX 10", "+OK\r\n" },
        { "SET w:2 5", "+OK\r\n" },
        { "SET w:3 7 PX 10", "+OK\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    try->now_ms += 20;
    assert_string_equal(try_run(try, "SORT l BY w:* GET # GET w:*"),
                        "*6\r\n$1\r\n1\r\n$-1\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n$1\r\n5\r\n");
    assert_string_equal(try_run(try, "EXISTS w:1 w:3"), ":0\r\n");
}

static void stores_a_list(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH l 3 1 2", ":3\r\n" },
        { "SET to x EX 100", "+OK\r\n" },
        { "SORT l STORE to", ":3\r\n" },
        { "LRANGE to 0 -1", THREE("1", "2", "3") },
        { "TTL to", ":-1\r\n" },
        { "SORT l GET w:* STORE to", ":3\r\n" },
        { "LRANGE to 0 -1", "*3\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n" },
        { "SORT l STORE a STORE to LIMIT 0 1", ":1\r\n" },
        { "EXISTS a", ":0\r\n" },
        { "SORT l STORE l", ":3\r\n" },
        { "LRANGE l 0 -1", THREE("1", "2", "3") },
        { "SORT no STORE to", ":0\r\n" },
        { "EXISTS to", ":0\r\n" },
        { "SORT_RO l STORE to", "-ERR syntax error\r\n" },
        { "SORT l STORE", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_and_tells_what_was_stored(void **state)
{
    struct try *try = *state;
    try_run(try, "RPUSH l 3 1");
    try_changes(try);
    try_events(try);
    try_run(try, "SORT l DESC");
    assert_string_equal(try_changes(try), "");
    assert_string_equal(try_events(try), "");
    try_run(try, "SORT l STORE to");
    assert_string_equal(try_changes(try), "0: SORT l STORE to\n");
    assert_string_equal(try_events(try), "0: new to\n0: sortstore to\n");
    try_run(try, "SORT l STORE to LIMIT 9 9");
    assert_string_equal(try_changes(try), "0: SORT l STORE to LIMIT 9 9\n");
    assert_string_equal(try_events(try), "0: del to\n");
}

static void refuses_what_does_not_fit(void **state)
{
    static const char wrong[] =
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },
        { "SORT k", wrong },
        { "HSET h f v", ":1\r\n" },
        { "SORT_RO h BY nosort", wrong },
        { "SORT k bad", "-ERR syntax error\r\n" },
        { "SORT k BY", "-ERR syntax error\r\n" },
        { "SORT k GET", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void says_which_keys_it_names(void **state)
{
    static const struct try_row rows[] = {
        { "COMMAND GETKEYS SORT a", ONE("a") },
        { "COMMAND GETKEYS SORT a BY STORE x STORE b", TWO("a", "b") },
        { "COMMAND GETKEYS SORT a STORE b LIMIT STORE x store c", TWO("a", "c") },
        { "COMMAND GETKEYS SORT a GET STORE", ONE("a") },
        { "COMMAND GETKEYS SORT_RO a STORE b", ONE("a") },
        { "COMMAND GETKEYSANDFLAGS SORT a STORE b",
          "*2\r\n*2\r\n$1\r\na\r\n*2\r\n+RO\r\n+access\r\n*2\r\n$1\r\nb\r\n*2\r\n+OW\r\n"
          "+update\r\n" },
    };
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(sorts_numbers_and_words),
        TRY(reads_weights_as_strtod_does),
        TRY(takes_a_part),
        TRY(leaves_the_order_by_nosort),
        TRY(looks_elsewhere),
        TRY(answers_null_in_resp3),
        TRY(meets_keys_that_expired),
        TRY(stores_a_list),
        TRY(announces_and_tells_what_was_stored),
        TRY(refuses_what_does_not_fit),
        TRY(says_which_keys_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
