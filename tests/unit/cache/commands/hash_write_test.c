/* HSET and the other commands that write hashes. */

#include "tests/unit/cache/commands/try.h"

static void says_how_many_fields_are_new(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2 a 3", ":2\r\n" },
        { "HSET h a 4 c 5", ":1\r\n" },
        { "HGETALL h", "*6\r\n$1\r\na\r\n$1\r\n4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n5\r\n" },
        { "HMSET h a 6", "+OK\r\n" },
        { "HSETNX h a 7", ":0\r\n" },
        { "HSETNX h d 7", ":1\r\n" },
        { "HGET h a", "$1\r\n6\r\n" },
        { "HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command\r\n" },
        { "HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void the_last_field_takes_the_key_with_it(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2 c 3", ":3\r\n" },
        { "HDEL h a none a", ":1\r\n" },
        { "HLEN h", ":2\r\n" },
        { "HDEL h b c d", ":2\r\n" },
        { "EXISTS h", ":0\r\n" },
        { "HDEL h b", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void adds_integers(void **state)
{
    static const struct try_row rows[] = {
        { "HINCRBY h n 5", ":5\r\n" },
        { "HINCRBY h n -7", ":-2\r\n" },
        { "HGET h n", "$2\r\n-2\r\n" },
        { "HINCRBY h n x", "-ERR value is not an integer or out of range\r\n" },
        { "HSET h t text max 9223372036854775807", ":2\r\n" },
        { "HINCRBY h t 1", "-ERR hash value is not an integer\r\n" },
        { "HINCRBY h max 1", "-ERR increment or decrement would overflow\r\n" },
        { "HINCRBY h max -1", ":9223372036854775806\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void adds_fractions(void **state)
{
    static const struct try_row rows[] = {
        { "HINCRBYFLOAT h n 10.5", "$4\r\n10.5\r\n" },
        { "HINCRBYFLOAT h n 0.1", "$4\r\n10.6\r\n" },
        { "HINCRBYFLOAT h n -5.0e0", "$3\r\n5.6\r\n" },
        { "HINCRBYFLOAT h n x", "-ERR value is not a valid float\r\n" },
        { "HINCRBYFLOAT h n inf", "-ERR value is NaN or Infinity\r\n" },
        { "HSET h t text", ":1\r\n" },
        { "HINCRBYFLOAT h t 1", "-ERR hash value is not a float\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_string_equal(try_changes(try), "0: HSET h n 10.5\n0: HSET h n 10.6\n0: HSET h n 5.6\n"
                                          "0: HSET h t text\n");
}

static void what_alters_nothing_announces_nothing(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1", ":1\r\n" },
        { "HSETNX h a 2", ":0\r\n" },
        { "HDEL h none", ":0\r\n" },
        { "HDEL none a", ":0\r\n" },
        { "HINCRBY h a x", "-ERR value is not an integer or out of range\r\n" },
        { "HDEL h a", ":1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_string_equal(try_changes(try), "0: HSET h a 1\n0: HDEL h a\n");
}

static void becomes_another_kind_as_it_grows(void **state)
{
    struct try *try = *state;
    char command[64];
    for (int i = 0; i < 512; i++) {
        snprintf(command, sizeof(command), "HSET h field:%d value:%d", i, i);
        assert_string_equal(try_run(try, command), ":1\r\n");
    }
    assert_string_equal(try_run(try, "OBJECT ENCODING h"), "$8\r\nlistpack\r\n");
    try_run(try, "EXPIRE h 100");
    assert_string_equal(try_run(try, "HSET h one more"), ":1\r\n");
    assert_string_equal(try_run(try, "OBJECT ENCODING h"), "$9\r\nhashtable\r\n");
    assert_string_equal(try_run(try, "HLEN h"), ":513\r\n");
    assert_string_equal(try_run(try, "HGET h field:77"), "$8\r\nvalue:77\r\n");
    assert_string_equal(try_run(try, "TTL h"), ":100\r\n");
}

static void a_long_value_makes_a_table(void **state)
{
    struct try *try = *state;
    char command[128] = "HSET h f ";
    memset(command + 9, 'v', 65);
    command[9 + 64] = '\0';
    try_run(try, command);
    assert_string_equal(try_run(try, "OBJECT ENCODING h"), "$8\r\nlistpack\r\n");
    command[9 + 64] = 'v';
    try_run(try, command);
    assert_string_equal(try_run(try, "OBJECT ENCODING h"), "$9\r\nhashtable\r\n");
}

static void survives_being_renamed_copied_and_given_a_time(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2", ":2\r\n" },
        { "EXPIRE h 100", ":1\r\n" },
        { "HSET h a 22", ":0\r\n" },
        { "TTL h", ":100\r\n" },
        { "RENAME h i", "+OK\r\n" },
        { "COPY i j", ":1\r\n" },
        { "HSET j a 3", ":0\r\n" },
        { "HGET i a", "$2\r\n22\r\n" },
        { "HGET j a", "$1\r\n3\r\n" },
        { "PERSIST i", ":1\r\n" },
        { "HMGET i a b", "*2\r\n$2\r\n22\r\n$1\r\n2\r\n" },
        { "SET i text", "+OK\r\n" },
        { "DEL i j", ":2\r\n" },
    };
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(says_how_many_fields_are_new),
        TRY(the_last_field_takes_the_key_with_it),
        TRY(adds_integers),
        TRY(adds_fractions),
        TRY(what_alters_nothing_announces_nothing),
        TRY(becomes_another_kind_as_it_grows),
        TRY(a_long_value_makes_a_table),
        TRY(survives_being_renamed_copied_and_given_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
