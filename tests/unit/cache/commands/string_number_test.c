/* INCR and the other commands that treat a string as a number. */

#include "tests/unit/cache/commands/try.h"

#define INTEGER  "-ERR value is not an integer or out of range\r\n"
#define OVERFLOW "-ERR increment or decrement would overflow\r\n"
#define FLOAT    "-ERR value is not a valid float\r\n"

static void counts(void **state)
{
    static const struct try_row rows[] = {
        { "INCR n", ":1\r\n" },
        { "INCRBY n 41", ":42\r\n" },
        { "DECR n", ":41\r\n" },
        { "DECRBY n 141", ":-100\r\n" },
        { "INCRBY n 100", ":0\r\n" },
        { "GET n", "$1\r\n0\r\n" },
        { "INCRBY n 127", ":127\r\n" },
        { "INCR n", ":128\r\n" },
        { "INCRBY n 2147483519", ":2147483647\r\n" },
        { "INCR n", ":2147483648\r\n" },
        { "DECRBY n -1", ":2147483649\r\n" },
        { "DECR m", ":-1\r\n" },
        { "SETRANGE raw 0 99", ":2\r\n" },
        { "INCR raw", ":100\r\n" },
        { "OBJECT ENCODING raw", "$3\r\nint\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void keeps_the_time_to_live(void **state)
{
    static const struct try_row rows[] = {
        { "SET n 9 EX 10", "+OK\r\n" }, { "INCRBY n 1000000", ":1000009\r\n" },
        { "PTTL n", ":10000\r\n" },     { "INCRBYFLOAT n 0.5", "$9\r\n1000009.5\r\n" },
        { "PTTL n", ":10000\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_what_is_no_integer(void **state)
{
    static const struct try_row rows[] = {
        { "SET s hello", "+OK\r\n" },
        { "INCR s", INTEGER },
        { "SET s 1.0", "+OK\r\n" },
        { "INCR s", INTEGER },
        { "SET s 01", "+OK\r\n" },
        { "INCR s", INTEGER },
        { "SET s ''", "+OK\r\n" },
        { "INCR s", INTEGER },
        { "SET s 9223372036854775808", "+OK\r\n" },
        { "INCR s", INTEGER },
        { "INCRBY n ten", INTEGER },
        { "INCRBY n 1.5", INTEGER },
        { "DECRBY n +1", INTEGER },
        { "EXISTS n", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_to_overflow(void **state)
{
    static const struct try_row rows[] = {
        { "SET n 9223372036854775807", "+OK\r\n" },
        { "INCR n", OVERFLOW },
        { "INCRBY n 0", ":9223372036854775807\r\n" },
        { "SET n -9223372036854775808", "+OK\r\n" },
        { "DECR n", OVERFLOW },
        { "DECRBY n 1", OVERFLOW },
        { "INCRBY n -1", OVERFLOW },
        { "INCRBY n 1", ":-9223372036854775807\r\n" },
        { "DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n" },
        { "DECRBY n 9223372036854775807", OVERFLOW },
    };
    TRY_ROWS(state, rows);
}

static void adds_fractions(void **state)
{
    static const struct try_row rows[] = {
        { "INCRBYFLOAT f 10.5", "$4\r\n10.5\r\n" },
        { "INCRBYFLOAT f 0.1", "$4\r\n10.6\r\n" },
        { "INCRBYFLOAT f -5", "$3\r\n5.6\r\n" },
        { "INCRBYFLOAT f -5.6", "$1\r\n0\r\n" },
        { "SET f 5.0e3", "+OK\r\n" },
        { "INCRBYFLOAT f 2.0e2", "$4\r\n5200\r\n" },
        { "OBJECT ENCODING f", "$6\r\nembstr\r\n" },
        { "SET f 3", "+OK\r\n" },
        { "INCRBYFLOAT f 1e-17", "$19\r\n3.00000000000000001\r\n" },
        { "INCRBYFLOAT f 1e-18", "$19\r\n3.00000000000000001\r\n" },
        { "INCRBYFLOAT f 1.123456789012345678", "$19\r\n4.12345678901234569\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_what_is_no_number(void **state)
{
    static const struct try_row rows[] = {
        { "SET s hello", "+OK\r\n" },
        { "INCRBYFLOAT s 1", FLOAT },
        { "SET s ''", "+OK\r\n" },
        { "INCRBYFLOAT s 1", FLOAT },
        { "SET s 1x", "+OK\r\n" },
        { "INCRBYFLOAT s 1", FLOAT },
        { "INCRBYFLOAT n one", FLOAT },
        { "INCRBYFLOAT n nan", FLOAT },
        { "INCRBYFLOAT n inf", "-ERR increment would produce NaN or Infinity\r\n" },
        { "INCRBYFLOAT n -inf", "-ERR increment would produce NaN or Infinity\r\n" },
        { "EXISTS n", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_sums_of_fractions_as_sums(void **state)
{
    try_run(*state, "INCRBYFLOAT f 0.1");
    try_run(*state, "INCRBYFLOAT f 0.2");
    try_run(*state, "INCRBYFLOAT f x");
    try_run(*state, "INCR n");
    try_run(*state, "DECRBY n 5");
    try_run(*state, "INCR f");
    assert_string_equal(try_changes(*state), "0: SET f 0.1 KEEPTTL\n"
                                             "0: SET f 0.3 KEEPTTL\n"
                                             "0: INCR n\n"
                                             "0: DECRBY n 5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(counts),
        TRY(keeps_the_time_to_live),
        TRY(refuses_what_is_no_integer),
        TRY(refuses_to_overflow),
        TRY(adds_fractions),
        TRY(refuses_what_is_no_number),
        TRY(announces_sums_of_fractions_as_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
