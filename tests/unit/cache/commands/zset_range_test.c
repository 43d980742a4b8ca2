/* ZRANGE and its family. The answers are redis-server's. */

#include "tests/unit/cache/commands/try.h"

static void ranges_by_rank(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 3 c", ":3\r\n" },
        { "ZRANGE k 0 -1", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n" },
        { "ZRANGE k 1 1 WITHSCORES", "*2\r\n$1\r\nb\r\n$1\r\n2\r\n" },
        { "ZRANGE k 0 1 REV", "*2\r\n$1\r\nc\r\n$1\r\nb\r\n" },
        { "ZREVRANGE k 0 0 WITHSCORES", "*2\r\n$1\r\nc\r\n$1\r\n3\r\n" },
        { "ZRANGE k -2 -1", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n" },
        { "ZRANGE k 2 1", "*0\r\n" },
        { "ZRANGE k 5 9", "*0\r\n" },
        { "ZRANGE k -100 100", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n" },
        { "ZRANGE k -9223372036854775808 9223372036854775807",
          "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n" },
        { "ZRANGE k x 1", "-ERR value is not an integer or out of range\r\n" },
        { "ZRANGE no 0 -1", "*0\r\n" },
        { "ZRANGE no x -1", "-ERR value is not an integer or out of range\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void ranges_by_score(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 3 c", ":3\r\n" },
        { "ZRANGE k 1 2 BYSCORE", "*2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { "ZRANGE k (1 +inf BYSCORE WITHSCORES",
          "*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n" },
        { "ZRANGE k 3 (1 BYSCORE REV", "*2\r\n$1\r\nc\r\n$1\r\nb\r\n" },
        { "ZRANGEBYSCORE k -inf (3", "*2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { "ZREVRANGEBYSCORE k 3 2", "*2\r\n$1\r\nc\r\n$1\r\nb\r\n" },
        { "ZRANGEBYSCORE k -inf inf LIMIT 1 1", "*1\r\n$1\r\nb\r\n" },
        { "ZRANGEBYSCORE k -inf inf LIMIT 1 -1", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n" },
        { "ZRANGEBYSCORE k -inf inf LIMIT -1 2", "*0\r\n" },
        { "ZRANGEBYSCORE k -inf inf LIMIT 0 0", "*0\r\n" },
        { "ZRANGEBYSCORE k -inf inf LIMIT 9223372036854775807 1", "*0\r\n" },
        { "ZREVRANGEBYSCORE k inf -inf LIMIT 1 5", "*2\r\n$1\r\nb\r\n$1\r\na\r\n" },
        { "ZRANGEBYSCORE k x 1", "-ERR min or max is not a float\r\n" },
        { "ZRANGEBYSCORE k 1 2 REV", "-ERR syntax error\r\n" },
        { "ZRANGEBYSCORE k 1 2 LIMIT 1", "-ERR syntax error\r\n" },
        { "ZRANGEBYSCORE k 1 2 LIMIT x 1", "-ERR value is not an integer or out of range\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void ranges_by_text(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 0 a 0 b 0 c 0 d", ":4\r\n" },
        { "ZRANGE k [b + BYLEX", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n" },
        { "ZRANGE k + (b BYLEX REV LIMIT 1 1", "*1\r\n$1\r\nc\r\n" },
        { "ZRANGEBYLEX k - (c", "*2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { "ZREVRANGEBYLEX k [c -", "*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n" },
        { "ZRANGEBYLEX k a b", "-ERR min or max not valid string range item\r\n" },
        { "ZRANGEBYLEX k - + WITHSCORES",
          "-ERR syntax error, WITHSCORES not supported in combination with BYLEX"
          "\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_words_that_do_not_go_together(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a", ":1\r\n" },
        { "ZRANGE k 0 1 LIMIT 0 1",
          "-ERR syntax error, LIMIT is only supported in combination with either "
          "BYSCORE or BYLEX\r\n" },
        { "ZRANGE k - + BYLEX WITHSCORES",
          "-ERR syntax error, WITHSCORES not supported in combination with BYLEX"
          "\r\n" },
        { "ZRANGE k 0 1 BYLEX BYSCORE", "-ERR syntax error\r\n" },
        { "ZRANGE k 0 1 foo", "-ERR syntax error\r\n" },
        { "ZREVRANGE k 0 1 REV", "-ERR syntax error\r\n" },
        { "SET s v", "+OK\r\n" },
        { "ZRANGE s 0 1",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZRANGESTORE d s 0 1",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void pairs_members_with_scores_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2.5 b", ":2\r\n" },
        { "ZRANGE k 0 -1", "*2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { "ZRANGE k 0 -1 WITHSCORES", "*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2.5\r\n" },
        { "ZRANGEBYSCORE k 0 9 WITHSCORES",
          "*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2.5\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void stores_a_range(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 3 c", ":3\r\n" },
        { "ZRANGESTORE d k 0 1", ":2\r\n" },
        { "ZRANGE d 0 -1 WITHSCORES", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n" },
        { "ZRANGESTORE d k 2 3 BYSCORE REV", ":0\r\n" },
        { "ZRANGESTORE d k 3 2 BYSCORE REV LIMIT 0 1", ":1\r\n" },
        { "ZRANGE d 0 -1 WITHSCORES", "*2\r\n$1\r\nc\r\n$1\r\n3\r\n" },
        { "ZRANGESTORE k k 1 -1", ":2\r\n" },
        { "ZRANGE k 0 -1", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n" },
        { "ZRANGESTORE d k 0 -1 WITHSCORES", "-ERR syntax error\r\n" },
        { "ZRANGESTORE d no 0 -1", ":0\r\n" },
        { "EXISTS d", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(ranges_by_rank),
        TRY(ranges_by_score),
        TRY(ranges_by_text),
        TRY(refuses_words_that_do_not_go_together),
        TRY(pairs_members_with_scores_in_resp3),
        TRY(stores_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
