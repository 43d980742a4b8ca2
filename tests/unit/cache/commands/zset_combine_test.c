/* Unions, intersections and differences of sorted sets. The answers are redis-server's. */

#include "tests/unit/cache/commands/try.h"

static void unites(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD a 1 x 2 y", ":2\r\n" },
        { "ZADD b 10 y 20 z", ":2\r\n" },
        { "ZUNION 2 a b", "*3\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n" },
        { "ZUNION 2 a b WITHSCORES",
          "*6\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\ny\r\n$2\r\n12\r\n$1\r\nz\r\n$2\r\n"
          "20\r\n" },
        { "ZUNION 2 a b WEIGHTS 2 0.5 AGGREGATE MAX WITHSCORES",
          "*6\r\n$1\r\nx\r\n$1\r\n2\r\n$1\r\ny\r\n$1\r\n5\r\n$1\r\nz\r\n$2\r\n"
          "10\r\n" },
        { "ZUNION 2 a b AGGREGATE MIN WITHSCORES",
          "*6\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\ny\r\n$1\r\n2\r\n$1\r\nz\r\n$2\r\n"
          "20\r\n" },
        { "ZUNION 1 no", "*0\r\n" },
        { "ZUNIONSTORE d 3 a b no", ":3\r\n" },
        { "ZRANGE d 0 -1 WITHSCORES",
          "*6\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\ny\r\n$2\r\n12\r\n$1\r\nz\r\n$2\r\n"
          "20\r\n" },
        { "ZUNIONSTORE d 1 no", ":0\r\n" },
        { "EXISTS d", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void intersects(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD a 1 x 2 y 3 z", ":3\r\n" },
        { "ZADD b 10 y 20 z", ":2\r\n" },
        { "ZINTER 2 a b WITHSCORES", "*4\r\n$1\r\ny\r\n$2\r\n12\r\n$1\r\nz\r\n$2\r\n23\r\n" },
        { "ZINTER 2 a no", "*0\r\n" },
        { "ZINTER 2 a a WITHSCORES",
          "*6\r\n$1\r\nx\r\n$1\r\n2\r\n$1\r\ny\r\n$1\r\n4\r\n$1\r\nz\r\n$1\r\n"
          "6\r\n" },
        { "ZINTERSTORE a 2 a b WEIGHTS 1 -1", ":2\r\n" },
        { "ZRANGE a 0 -1 WITHSCORES", "*4\r\n$1\r\nz\r\n$3\r\n-17\r\n$1\r\ny\r\n$2\r\n-8\r\n" },
        { "ZINTERCARD 2 a b", ":2\r\n" },
        { "ZINTERCARD 2 a b LIMIT 1", ":1\r\n" },
        { "ZINTERCARD 2 a b LIMIT 0", ":2\r\n" },
        { "ZINTERCARD 2 a b LIMIT -1", "-ERR LIMIT can't be negative\r\n" },
        { "ZINTERCARD 2 a b LIMIT", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void subtracts(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD a 1 x 2 y 3 z", ":3\r\n" },
        { "ZADD b 10 y", ":1\r\n" },
        { "ZDIFF 2 a b WITHSCORES", "*4\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\nz\r\n$1\r\n3\r\n" },
        { "ZDIFF 2 a a", "*0\r\n" },
        { "ZDIFF 2 no a", "*0\r\n" },
        { "ZDIFF 1 a", "*3\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n" },
        { "ZDIFFSTORE d 2 a b", ":2\r\n" },
        { "ZDIFF 2 a b WEIGHTS 1 2", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void takes_sets_as_operands(void **state)
{
    static const struct try_row rows[] = {
        { "SADD s x y q", ":3\r\n" },
        { "ZADD a 5 x 7 z", ":2\r\n" },
        { "ZUNION 2 s a WITHSCORES",
          "*8\r\n$1\r\nq\r\n$1\r\n1\r\n$1\r\ny\r\n$1\r\n1\r\n$1\r\nx\r\n$1\r\n"
          "6\r\n$1\r\nz\r\n$1\r\n7\r\n" },
        { "ZINTER 2 a s WEIGHTS 1 3 WITHSCORES", "*2\r\n$1\r\nx\r\n$1\r\n8\r\n" },
        { "ZDIFF 2 s a WITHSCORES", "*4\r\n$1\r\nq\r\n$1\r\n1\r\n$1\r\ny\r\n$1\r\n1\r\n" },
        { "ZINTERCARD 2 s s", ":3\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void infinities_do_not_make_nan(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD a inf x 0 y", ":2\r\n" },
        { "ZADD b -inf x 1 y", ":2\r\n" },
        { "ZUNION 2 a b WITHSCORES", "*4\r\n$1\r\nx\r\n$1\r\n0\r\n$1\r\ny\r\n$1\r\n1\r\n" },
        { "ZINTER 2 a b WITHSCORES", "*4\r\n$1\r\nx\r\n$1\r\n0\r\n$1\r\ny\r\n$1\r\n1\r\n" },
        { "ZUNION 1 a WEIGHTS 0 WITHSCORES", "*4\r\n$1\r\nx\r\n$1\r\n0\r\n$1\r\ny\r\n$1\r\n0\r\n" },
        { "ZINTER 2 a b WEIGHTS 0 0 WITHSCORES",
          "*4\r\n$1\r\nx\r\n$1\r\n0\r\n$1\r\ny\r\n$1\r\n0\r\n" },
        { "ZUNION 1 b WEIGHTS inf WITHSCORES",
          "*4\r\n$1\r\nx\r\n$4\r\n-inf\r\n$1\r\ny\r\n$3\r\ninf\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_bad_arguments(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD a 1 x", ":1\r\n" },
        { "SET s v", "+OK\r\n" },
        { "ZUNION 0 a", "-ERR at least 1 input key is needed for 'zunion' command\r\n" },
        { "ZUNION x a", "-ERR value is not an integer or out of range\r\n" },
        { "ZUNION 2 a", "-ERR syntax error\r\n" },
        { "ZUNIONSTORE d 0 a",
          "-ERR at least 1 input key is needed for 'zunionstore' command\r\n" },
        { "ZINTERSTORE d -1 a",
          "-ERR at least 1 input key is needed for 'zinterstore' command\r\n" },
        { "ZUNION 1 s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZUNION 1 a WEIGHTS", "-ERR syntax error\r\n" },
        { "ZUNION 1 a WEIGHTS x", "-ERR weight value is not a float\r\n" },
        { "ZUNION 1 a AGGREGATE", "-ERR syntax error\r\n" },
        { "ZUNION 1 a AGGREGATE foo", "-ERR syntax error\r\n" },
        { "ZUNIONSTORE d 1 a WITHSCORES", "-ERR syntax error\r\n" },
        { "ZINTERCARD 1 a WITHSCORES", "-ERR syntax error\r\n" },
        { "ZUNION 9223372036854775807 a", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void pairs_members_with_scores_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD a 1 x 2 y", ":2\r\n" },
        { "ZUNION 1 a", "*2\r\n$1\r\nx\r\n$1\r\ny\r\n" },
        { "ZUNION 1 a WITHSCORES", "*2\r\n*2\r\n$1\r\nx\r\n,1\r\n*2\r\n$1\r\ny\r\n,2\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void tells_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *events;
    } rows[] = {
        { "ZADD a 1 x", "0: new a\n0: zadd a\n" },
        { "ZUNIONSTORE d 1 a", "0: new d\n0: zunionstore d\n" },
        { "ZINTERSTORE d 1 a", "0: zinterstore d\n" },
        { "ZDIFFSTORE d 2 a a", "0: del d\n" },
        { "ZDIFFSTORE d 2 a a", "" },
        { "ZDIFFSTORE d 1 a", "0: new d\n0: zdiffstore d\n" },
        { "ZRANGESTORE d a 0 -1", "0: zrangestore d\n" },
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
        TRY(unites),
        TRY(intersects),
        TRY(subtracts),
        TRY(takes_sets_as_operands),
        TRY(infinities_do_not_make_nan),
        TRY(refuses_bad_arguments),
        TRY(pairs_members_with_scores_in_resp3),
        TRY(tells_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
