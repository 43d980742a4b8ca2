/* Commands that write one list: replies, what is announced, and what is told. */

#include "tests/unit/cache/commands/try.h"

static const char wrong[] =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
static const char no_integer[] = "-ERR value is not an integer or out of range\r\n";
static const char not_positive[] = "-ERR value is out of range, must be positive\r\n";

static void pushes(void **state)
{
    static const struct try_row rows[] = {
        { "LPUSHX k a", ":0\r\n" },
        { "RPUSHX k a", ":0\r\n" },
        { "EXISTS k", ":0\r\n" },
        { "RPUSH k a b", ":2\r\n" },
        { "LPUSH k c 4", ":4\r\n" },
        { "LPUSHX k e", ":5\r\n" },
        { "RPUSHX k ''", ":6\r\n" },
        { "LRANGE k 0 -1",
          "*6\r\n$1\r\ne\r\n$1\r\n4\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n$0\r\n\r\n" },
        { "OBJECT ENCODING k", "$9\r\nquicklist\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_another_type(void **state)
{
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" }, { "LPUSH k a", wrong },
        { "RPUSHX k a", wrong },  { "LPOP k", wrong },
        { "LPOP k 0", wrong },    { "LPOP k x", not_positive },
        { "LSET k x a", wrong },  { "LINSERT k BEFORE a b", wrong },
        { "LREM k 0 a", wrong },  { "LREM k x a", no_integer },
        { "LTRIM k 0 1", wrong }, { "LTRIM k 0 x", no_integer },
    };
    TRY_ROWS(state, rows);
}

static void pops(void **state)
{
    static const struct try_row rows[] = {
        { "LPOP no", "$-1\r\n" },
        { "LPOP no 0", "*-1\r\n" },
        { "LPOP no -1", not_positive },
        { "RPUSH k a b c d e", ":5\r\n" },
        { "LPOP k 0", "*0\r\n" },
        { "LPOP k", "$1\r\na\r\n" },
        { "RPOP k", "$1\r\ne\r\n" },
        { "RPOP k 2", "*2\r\n$1\r\nd\r\n$1\r\nc\r\n" },
        { "LPOP k 9223372036854775807", "*1\r\n$1\r\nb\r\n" },
        { "EXISTS k", ":0\r\n" },
        { "LPOP k 1 2", "-ERR wrong number of arguments for 'lpop' command\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void knows_two_kinds_of_null(void **state)
{
    static const struct try_row rows[] = { { "LPOP no", "_\r\n" }, { "LPOP no 1", "_\r\n" } };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void inserts_beside_an_element(void **state)
{
    static const struct try_row rows[] = {
        { "LINSERT no BEFORE a b", ":0\r\n" },
        { "LINSERT no beside a b", "-ERR syntax error\r\n" },
        { "RPUSH k a 2 a", ":3\r\n" },
        { "LINSERT k before 2 x", ":4\r\n" },
        { "LINSERT k AFTER a y", ":5\r\n" },
        { "LINSERT k AFTER no y", ":-1\r\n" },
        { "LRANGE k 0 -1", "*5\r\n$1\r\na\r\n$1\r\ny\r\n$1\r\nx\r\n$1\r\n2\r\n$1\r\na\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void replaces_an_element(void **state)
{
    static const struct try_row rows[] = {
        { "LSET no x v", "-ERR no such key\r\n" },
        { "RPUSH k a b c", ":3\r\n" },
        { "LSET k x v", no_integer },
        { "LSET k 3 v", "-ERR index out of range\r\n" },
        { "LSET k -4 v", "-ERR index out of range\r\n" },
        { "LSET k -9223372036854775808 v", "-ERR index out of range\r\n" },
        { "LSET k 1 17", "+OK\r\n" },
        { "LSET k -1 last", "+OK\r\n" },
        { "LRANGE k 0 -1", "*3\r\n$1\r\na\r\n$2\r\n17\r\n$4\r\nlast\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void removes_equal_elements(void **state)
{
    static const struct try_row rows[] = {
        { "LREM no 0 a", ":0\r\n" },
        { "RPUSH k a b a c a d a", ":7\r\n" },
        { "LREM k 1 a", ":1\r\n" },
        { "LREM k -1 a", ":1\r\n" },
        { "LRANGE k 0 -1", "*5\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nd\r\n" },
        { "LREM k 0 x", ":0\r\n" },
        { "LREM k 0 a", ":2\r\n" },
        { "LREM k 5 b", ":1\r\n" },
        { "LREM k -9223372036854775807 c", ":1\r\n" },
        { "LREM k 9223372036854775807 d", ":1\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void trims(void **state)
{
    static const struct try_row rows[] = {
        { "LTRIM no 0 1", "+OK\r\n" },
        { "RPUSH k a b c d e", ":5\r\n" },
        { "LTRIM k 0 -1", "+OK\r\n" },
        { "LLEN k", ":5\r\n" },
        { "LTRIM k 1 -2", "+OK\r\n" },
        { "LRANGE k 0 -1", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n" },
        { "LTRIM k -1 100", "+OK\r\n" },
        { "LRANGE k 0 -1", "*1\r\n$1\r\nd\r\n" },
        { "LTRIM k 1 0", "+OK\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

/* The limit of a flat value is passed on the way up, and the time to live stays. */
static void grows_out_of_the_entry(void **state)
{
    try_run(*state, "RPUSH k first");
    assert_string_equal(try_run(*state, "EXPIRE k 100"), ":1\r\n");
    for (int i = 2; i <= 1000; i++) {
        char reply[16];
        snprintf(reply, sizeof(reply), ":%d\r\n", i);
        assert_string_equal(try_run(*state, "RPUSH k an-element"), reply);
    }
    static const struct try_row rows[] = {
        { "TTL k", ":100\r\n" },
        { "LSET k 500 middle", "+OK\r\n" },
        { "LPOS k middle", ":500\r\n" },
        { "LTRIM k 499 501", "+OK\r\n" },
        { "LRANGE k 0 -1", "*3\r\n$10\r\nan-element\r\n$6\r\nmiddle\r\n$10\r\nan-element\r\n" },
        { "TTL k", ":100\r\n" },
        { "RPOP k 5", "*3\r\n$10\r\nan-element\r\n$6\r\nmiddle\r\n$10\r\nan-element\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_what_was_sent(void **state)
{
    try_run(*state, "RPUSH k a b c d a");
    try_run(*state, "LPUSHX no a");
    try_run(*state, "LPUSHX k x");
    try_run(*state, "LPOP k");
    try_run(*state, "LPOP k 0");
    try_run(*state, "RPOP k 2");
    try_run(*state, "LINSERT k AFTER no x");
    try_run(*state, "LINSERT k AFTER a x");
    try_run(*state, "LSET k 0 y");
    try_run(*state, "LSET k 9 y");
    try_run(*state, "LREM k 0 no");
    try_run(*state, "LREM k 0 y");
    try_run(*state, "LTRIM k 0 -1");
    try_run(*state, "LTRIM k 1 0");
    assert_string_equal(try_changes(*state), "0: RPUSH k a b c d a\n"
                                             "0: LPUSHX k x\n"
                                             "0: LPOP k\n"
                                             "0: RPOP k 2\n"
                                             "0: LINSERT k AFTER a x\n"
                                             "0: LSET k 0 y\n"
                                             "0: LREM k 0 y\n"
                                             "0: LTRIM k 1 0\n");
}

static void tells_what_redis_tells(void **state)
{
    try_run(*state, "RPUSH k a b c d a");
    try_run(*state, "LPUSH k x");
    try_run(*state, "LPOP k");
    try_run(*state, "LPOP k 0");
    try_run(*state, "RPOP k 2");
    try_run(*state, "LINSERT k AFTER a x");
    try_run(*state, "LSET k 0 y");
    try_run(*state, "LREM k 0 no");
    try_run(*state, "LREM k 0 y");
    try_run(*state, "LTRIM k 0 -1");
    try_run(*state, "LTRIM k 1 0");
    try_run(*state, "RPUSH k a");
    try_run(*state, "RPOP k");
    assert_string_equal(try_events(*state), "0: new k\n"
                                            "0: rpush k\n"
                                            "0: lpush k\n"
                                            "0: lpop k\n"
                                            "0: rpop k\n"
                                            "0: linsert k\n"
                                            "0: lset k\n"
                                            "0: lrem k\n"
                                            "0: ltrim k\n"
                                            "0: ltrim k\n"
                                            "0: del k\n"
                                            "0: new k\n"
                                            "0: rpush k\n"
                                            "0: rpop k\n"
                                            "0: del k\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(pushes),
        TRY(refuses_another_type),
        TRY(pops),
        TRY(knows_two_kinds_of_null),
        TRY(inserts_beside_an_element),
        TRY(replaces_an_element),
        TRY(removes_equal_elements),
        TRY(trims),
        TRY(grows_out_of_the_entry),
        TRY(announces_what_was_sent),
        TRY(tells_what_redis_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
