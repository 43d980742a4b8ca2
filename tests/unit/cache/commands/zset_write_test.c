/* Adding and removing members of sorted sets. The answers are redis-server's. */

#include "tests/unit/cache/commands/try.h"

static void adds_and_changes(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b", ":2\r\n" },
        { "ZADD k 1 a 3 b 4 c", ":1\r\n" },
        { "ZADD k CH 1 a 5 b 6 d", ":2\r\n" },
        { "ZADD k NX 9 a 9 e", ":1\r\n" },
        { "ZADD k XX 9 a 9 f", ":0\r\n" },
        { "ZADD k XX CH 8 a", ":1\r\n" },
        { "ZADD k GT 1 a 10 b", ":0\r\n" },
        { "ZADD k LT CH 1 a 20 b", ":1\r\n" },
        { "ZADD k GT CH 1 new", ":1\r\n" },
        { "ZRANGE k 0 -1 WITHSCORES",
          "*12\r\n$1\r\na\r\n$1\r\n1\r\n$3\r\nnew\r\n$1\r\n1\r\n$1\r\nc\r\n$1\r\n"
          "4\r\n$1\r\nd\r\n$1\r\n6\r\n$1\r\ne\r\n$1\r\n9\r\n$1\r\nb\r\n$2\r\n"
          "10\r\n" },
        { "ZADD no XX 1 a", ":0\r\n" },
        { "EXISTS no", ":0\r\n" },
        { "ZADD k 1 a 2 a 3 a", ":0\r\n" },
        { "ZSCORE k a", "$1\r\n3\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void adds_to_scores(void **state)
{
    static const struct try_row rows[] = {
        { "ZINCRBY k 1.5 a", "$3\r\n1.5\r\n" },
        { "ZINCRBY k 1 a", "$3\r\n2.5\r\n" },
        { "ZADD k INCR 2 a", "$3\r\n4.5\r\n" },
        { "ZADD k NX INCR 2 a", "$-1\r\n" },
        { "ZADD k XX INCR 2 b", "$-1\r\n" },
        { "ZADD no XX INCR 2 b", "$-1\r\n" },
        { "ZADD k GT INCR -1 a", "$-1\r\n" },
        { "ZINCRBY k inf a", "$3\r\ninf\r\n" },
        { "ZINCRBY k -inf a", "-ERR resulting score is not a number (NaN)\r\n" },
        { "ZSCORE k a", "$3\r\ninf\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_words_that_do_not_go_together(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k NX XX 1 a", "-ERR XX and NX options at the same time are not compatible\r\n" },
        { "ZADD k GT LT 1 a",
          "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n" },
        { "ZADD k NX GT 1 a",
          "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n" },
        { "ZADD k NX LT 1 a",
          "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n" },
        { "ZADD k INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair\r\n" },
        { "ZADD k 1 a 2", "-ERR syntax error\r\n" },
        { "ZADD k NX CH a", "-ERR syntax error\r\n" },
        { "ZADD k x a", "-ERR value is not a valid float\r\n" },
        { "ZADD k 1 a x b", "-ERR value is not a valid float\r\n" },
        { "ZADD k nan a", "-ERR value is not a valid float\r\n" },
        { "ZINCRBY k x a", "-ERR value is not a valid float\r\n" },
        { "ZINCRBY k NX 1", "-ERR syntax error\r\n" },
        { "EXISTS k", ":0\r\n" },
        { "SET s v", "+OK\r\n" },
        { "ZADD s 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZADD s XX 1 a",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZREM s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZREMRANGEBYRANK s 0 1",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "ZREMRANGEBYRANK s x 1", "-ERR value is not an integer or out of range\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void removes_by_name(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 3 c", ":3\r\n" }, { "ZREM k a x a", ":1\r\n" }, { "ZREM no a", ":0\r\n" },
        { "ZREM k b c", ":2\r\n" },         { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void removes_ranges(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a 2 b 3 c 4 d 5 e 6 f", ":6\r\n" },
        { "ZREMRANGEBYRANK k 0 0", ":1\r\n" },
        { "ZREMRANGEBYRANK k -1 -1", ":1\r\n" },
        { "ZREMRANGEBYRANK k 3 1", ":0\r\n" },
        { "ZREMRANGEBYRANK k 9 10", ":0\r\n" },
        { "ZREMRANGEBYRANK k -9223372036854775808 -100", ":0\r\n" },
        { "ZREMRANGEBYSCORE k (2 3", ":1\r\n" },
        { "ZREMRANGEBYSCORE k x 3", "-ERR min or max is not a float\r\n" },
        { "ZRANGE k 0 -1", "*3\r\n$1\r\nb\r\n$1\r\nd\r\n$1\r\ne\r\n" },
        { "ZREMRANGEBYSCORE k -inf +inf", ":3\r\n" },
        { "EXISTS k", ":0\r\n" },
        { "ZADD k 0 a 0 b 0 c", ":3\r\n" },
        { "ZREMRANGEBYLEX k [b (c", ":1\r\n" },
        { "ZREMRANGEBYLEX k b c", "-ERR min or max not valid string range item\r\n" },
        { "ZRANGE k 0 -1", "*2\r\n$1\r\na\r\n$1\r\nc\r\n" },
        { "ZREMRANGEBYLEX no - +", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void becomes_a_skiplist_for_good(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a", ":1\r\n" },
        { "OBJECT ENCODING k", "$8\r\nlistpack\r\n" },
        { "ZADD k 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ":1\r\n" },
        { "OBJECT ENCODING k", "$8\r\nskiplist\r\n" },
        { "ZREM k aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ":1\r\n" },
        { "OBJECT ENCODING k", "$8\r\nskiplist\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void changes_of(struct try *try, const char *command, const char *changes)
{
    try_run(try, command);
    assert_string_equal(try_changes(try), changes);
}

static void only_what_changed_something_is_announced(void **state)
{
    struct try *try = *state;
    try_run(try, "ZADD k 1 a 2 b");
    try_changes(try);
    changes_of(try, "ZADD k 1 a", "");
    changes_of(try, "ZADD k NX 5 a", "");
    changes_of(try, "ZADD k 2 a", "0: ZADD k 2 a\n");
    changes_of(try, "ZINCRBY k 0 a", "");
    changes_of(try, "ZINCRBY k 1 a", "0: ZINCRBY k 1 a\n");
    changes_of(try, "ZREM k x", "");
    changes_of(try, "ZREMRANGEBYSCORE k 100 200", "");
    changes_of(try, "ZREM k a", "0: ZREM k a\n");
    changes_of(try, "ZREMRANGEBYRANK k 0 -1", "0: ZREMRANGEBYRANK k 0 -1\n");
}

static void tells_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *events;
    } rows[] = {
        { "ZADD k 1 a 2 b", "0: new k\n0: zadd k\n" },
        { "ZADD k 1 a", "" },
        { "ZINCRBY k 1 a", "0: zincr k\n" },
        { "ZADD k INCR 0 a", "" },
        { "ZREM k a x", "0: zrem k\n" },
        { "ZREM k x", "" },
        { "ZREM k b", "0: zrem k\n0: del k\n" },
        { "ZADD k 0 a 0 b 0 c 0 d", "0: new k\n0: zadd k\n" },
        { "ZREMRANGEBYRANK k 0 0", "0: zremrangebyrank k\n" },
        { "ZREMRANGEBYSCORE k 1 2", "" },
        { "ZREMRANGEBYLEX k - [b", "0: zremrangebylex k\n" },
        { "ZREMRANGEBYSCORE k 0 0", "0: zremrangebyscore k\n0: del k\n" },
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
        TRY(adds_and_changes),
        TRY(adds_to_scores),
        TRY(refuses_words_that_do_not_go_together),
        TRY(removes_by_name),
        TRY(removes_ranges),
        TRY(becomes_a_skiplist_for_good),
        TRY(only_what_changed_something_is_announced),
        TRY(tells_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
