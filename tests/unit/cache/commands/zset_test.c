/* Looking at members of sorted sets. The answers are redis-server's. */

#include "tests/unit/cache/commands/try.h"

static void answers_for_a_missing_key(void **state)
{
    static const struct try_row rows[] = {
        { "ZCARD no", ":0\r\n" },
        { "ZSCORE no a", "$-1\r\n" },
        { "ZMSCORE no a b", "*2\r\n$-1\r\n$-1\r\n" },
        { "ZRANK no a", "$-1\r\n" },
        { "ZREVRANK no a", "$-1\r\n" },
        { "ZCOUNT no -inf +inf", ":0\r\n" },
        { "ZLEXCOUNT no - +", ":0\r\n" },
        { "ZSCAN no 0", "*2\r\n$1\r\n0\r\n*0\r\n" },
        { "ZSCAN no 0 COUNT x", "*2\r\n$1\r\n0\r\n*0\r\n" },
        { "ZSCAN no x", "-ERR invalid cursor\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_another_type(void **state)
{
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },
        { "ZCARD k", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZSCORE k a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZMSCORE k a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZRANK k a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZCOUNT k 1 2",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZLEXCOUNT k - +",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZSCAN k 0 bad",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_scores_and_ranks(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2.5 b inf c", ":3\r\n" },
        { "ZCARD k", ":3\r\n" },
        { "ZSCORE k b", "$3\r\n2.5\r\n" },
        { "ZSCORE k x", "$-1\r\n" },
        { "ZMSCORE k a x c", "*3\r\n$1\r\n1\r\n$-1\r\n$3\r\ninf\r\n" },
        { "ZRANK k a", ":0\r\n" },
        { "ZREVRANK k a", ":2\r\n" },
        { "ZRANK k x", "$-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_them_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2.5 b inf c", ":3\r\n" },
        { "ZSCORE k b", ",2.5\r\n" },
        { "ZSCORE k c", ",inf\r\n" },
        { "ZSCORE k x", "_\r\n" },
        { "ZMSCORE k a x", "*2\r\n,1\r\n_\r\n" },
        { "ZRANK k x", "_\r\n" },
        { "ZSCAN k 0", "*2\r\n$1\r\n0\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n2.5\r\n"
                       "$1\r\nc\r\n$3\r\ninf\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void counts_between_bounds(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 2 c 3 d", ":4\r\n" },
        { "ZCOUNT k 1 2", ":3\r\n" },
        { "ZCOUNT k (1 2", ":2\r\n" },
        { "ZCOUNT k 1 (2", ":1\r\n" },
        { "ZCOUNT k (2 (2", ":0\r\n" },
        { "ZCOUNT k 3 1", ":0\r\n" },
        { "ZCOUNT k -inf +inf", ":4\r\n" },
        { "ZCOUNT k '' 1", ":1\r\n" },
        { "ZCOUNT k ( 1", ":1\r\n" },
        { "ZCOUNT k nan 1", "-ERR min or max is not a float\r\n" },
        { "ZCOUNT k 1 x", "-ERR min or max is not a float\r\n" },
        { "ZCOUNT k 0x2 3", ":3\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void counts_between_texts(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 0 a 0 b 0 c 0 d", ":4\r\n" },
        { "ZLEXCOUNT k - +", ":4\r\n" },
        { "ZLEXCOUNT k + -", ":0\r\n" },
        { "ZLEXCOUNT k [b [c", ":2\r\n" },
        { "ZLEXCOUNT k (b [c", ":1\r\n" },
        { "ZLEXCOUNT k [b (b", ":0\r\n" },
        { "ZLEXCOUNT k [ +", ":4\r\n" },
        { "ZLEXCOUNT k b c", "-ERR min or max not valid string range item\r\n" },
        { "ZLEXCOUNT k -- +", "-ERR min or max not valid string range item\r\n" },
        { "ZLEXCOUNT k '' +", "-ERR min or max not valid string range item\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void scans_members_with_scores_as_text(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 1e17 b -0 c 0.1 d", ":4\r\n" },
        { "ZSCAN k 0", "*2\r\n$1\r\n0\r\n*8\r\n$1\r\nc\r\n$1\r\n0\r\n$1\r\nd\r\n$19\r\n"
                       "0.10000000000000001\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$18\r\n"
                       "100000000000000000\r\n" },
        { "ZSCAN k 0 MATCH [ab]", "*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$18\r\n"
                                  "100000000000000000\r\n" },
        { "ZSCAN k 0 COUNT 0", "-ERR syntax error\r\n" },
        { "ZSCAN k 0 TYPE zset", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void rank_may_come_with_the_score(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2.5 b", ":2\r\n" },
        { "ZRANK k b WITHSCORE", "*2\r\n:1\r\n$3\r\n2.5\r\n" },
        { "ZREVRANK k b withscore", "*2\r\n:0\r\n$3\r\n2.5\r\n" },
        { "ZRANK k x WITHSCORE", "*-1\r\n" },
        { "ZRANK no x WITHSCORE", "*-1\r\n" },
        { "ZRANK k a WITHSCORES", "-ERR syntax error\r\n" },
        { "ZRANK k a WITHSCORE x", "-ERR wrong number of arguments for 'zrank' command\r\n" },
    };
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(answers_for_a_missing_key),
        TRY(refuses_another_type),
        TRY(tells_scores_and_ranks),
        TRY(tells_them_in_resp3),
        TRY(counts_between_bounds),
        TRY(counts_between_texts),
        TRY(scans_members_with_scores_as_text),
        TRY(rank_may_come_with_the_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
