/* SISMEMBER, SMEMBERS, SRANDMEMBER, SSCAN and the like. */

#include "tests/unit/cache/commands/try.h"

#include <stdlib.h>

static void answers_for_a_missing_key(void **state)
{
    static const struct try_row rows[] = {
        { "SISMEMBER no a", ":0\r\n" },
        { "SMISMEMBER no a b", "*2\r\n:0\r\n:0\r\n" },
        { "SCARD no", ":0\r\n" },
        { "SMEMBERS no", "*0\r\n" },
        { "SRANDMEMBER no", "$-1\r\n" },
        { "SRANDMEMBER no 3", "*0\r\n" },
        { "SRANDMEMBER no -3", "*0\r\n" },
        { "SSCAN no 0", "*2\r\n$1\r\n0\r\n*0\r\n" },
        { "SSCAN no 0 COUNT x", "*2\r\n$1\r\n0\r\n*0\r\n" }, /* As Redis: the key comes first. */
    };
    TRY_ROWS(state, rows);
}

static void answers_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "SADD k 2 1", ":2\r\n" },      { "SMEMBERS k", "~2\r\n$1\r\n1\r\n$1\r\n2\r\n" },
        { "SMEMBERS no", "~0\r\n" },     { "SRANDMEMBER no", "_\r\n" },
        { "SRANDMEMBER k 0", "*0\r\n" }, { "SPOP no 3", "~0\r\n" },
        { "SPOP no", "_\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void refuses_another_type(void **state)
{
    static const char wrong[] =
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },     { "SISMEMBER k a", wrong }, { "SMISMEMBER k a", wrong },
        { "SCARD k", wrong },         { "SMEMBERS k", wrong },    { "SRANDMEMBER k", wrong },
        { "SRANDMEMBER k 0", wrong }, { "SSCAN k 0 bad", wrong },
    };
    TRY_ROWS(state, rows);
}

static void tells_who_is_a_member(void **state)
{
    static const struct try_row rows[] = {
        { "SADD k 1 2 a", ":3\r\n" },   { "SISMEMBER k 1", ":1\r\n" },
        { "SISMEMBER k 01", ":0\r\n" }, { "SMISMEMBER k a b 2", "*3\r\n:1\r\n:0\r\n:1\r\n" },
        { "SCARD k", ":3\r\n" },        { "TYPE k", "+set\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void checks_counts_before_keys(void **state)
{
    static const char range[] =
        "-ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807\r\n";
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },
        { "SRANDMEMBER k -9223372036854775808", range },
        { "SRANDMEMBER k x", "-ERR value is not an integer or out of range\r\n" },
        { "SRANDMEMBER k 1 2", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static long count_of(const char *reply)
{
    return strtol(reply + 1, NULL, 10);
}

static void picks_as_many_as_asked_for(void **state)
{
    static const char *const fill[] = { "SADD k 1 2 3", "SADD k a b c d e", "SADD k 6 7" };
    struct try *try = *state;
    try_run(try, fill[0]);
    for (size_t i = 1; i < COUNT(fill); i++) {
        long members = count_of(try_run(try, "SCARD k"));
        assert_int_equal(count_of(try_run(try, "SRANDMEMBER k 2")), 2);
        assert_int_equal(count_of(try_run(try, "SRANDMEMBER k 100")), members);
        assert_int_equal(count_of(try_run(try, "SRANDMEMBER k -100")), 100);
        try_run(try, fill[i]);
    }
}

static void ends_a_reply_that_is_too_long_for_its_buffer(void **state)
{
    struct try *try = *state;
    try_run(try, "SADD k 1 2 3");
    try->out.max = 100000;
    try_run(try, "SRANDMEMBER k -9223372036854775807");
    try->out.max = SIZE_MAX;
    assert_string_equal(try_run(try, "SCARD k"), ":3\r\n");
}

enum { MANY = 2000 };

static void fill_many(struct try *try)
{
    for (int i = 0; i < MANY; i++) {
        char command[32];
        snprintf(command, sizeof(command), "SADD k m:%d", i);
        try_run(try, command);
    }
}

static void scans_every_member(void **state)
{
    bool seen[MANY] = { false };
    char command[64] = "SSCAN k 0";
    int calls = 0;

    fill_many(*state);
    do {
        const char *reply = try_run(*state, command);
        const char *cursor = strchr(strchr(reply, '$'), '\n') + 1;
        for (const char *at = strstr(cursor, "m:"); at != NULL; at = strstr(at + 1, "m:")) {
            seen[strtol(at + 2, NULL, 10)] = true;
        }
        snprintf(command, sizeof(command), "SSCAN k %.*s", (int)strcspn(cursor, "\r"), cursor);
        calls++;
        assert_true(calls < MANY);
    } while (strcmp(command, "SSCAN k 0") != 0);

    assert_true(calls > 10);
    for (int i = 0; i < MANY; i++) {
        assert_true(seen[i]);
    }
}

static void scans_a_small_set_at_once(void **state)
{
    static const struct try_row rows[] = {
        { "SADD k 10 9 11", ":3\r\n" },
        { "SSCAN k 0 COUNT 1", "*2\r\n$1\r\n0\r\n*3\r\n$1\r\n9\r\n$2\r\n10\r\n$2\r\n11\r\n" },
        { "SSCAN k 5 MATCH 1*", "*2\r\n$1\r\n0\r\n*2\r\n$2\r\n10\r\n$2\r\n11\r\n" },
        { "SADD k a", ":1\r\n" },
        { "SSCAN k 0 match a", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n" },
        { "SSCAN k x", "-ERR invalid cursor\r\n" },
        { "SSCAN k 0 COUNT 0", "-ERR syntax error\r\n" },
        { "SSCAN k 0 TYPE set", "-ERR syntax error\r\n" },
        { "SSCAN k 0 NOVALUES", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(answers_for_a_missing_key),
        TRY(answers_in_resp3),
        TRY(refuses_another_type),
        TRY(tells_who_is_a_member),
        TRY(checks_counts_before_keys),
        TRY(picks_as_many_as_asked_for),
        TRY(ends_a_reply_that_is_too_long_for_its_buffer),
        TRY(scans_every_member),
        TRY(scans_a_small_set_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
