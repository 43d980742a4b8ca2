/* SETBIT, GETBIT, BITCOUNT, BITPOS. */

#include "tests/unit/cache/commands/try.h"

#define NO_OFFSET  "-ERR bit offset is not an integer or out of range\r\n"
#define NO_BIT     "-ERR bit is not an integer or out of range\r\n"
#define NO_INTEGER "-ERR value is not an integer or out of range\r\n"
#define SYNTAX     "-ERR syntax error\r\n"

static void sets_and_gets_bits(void **state)
{
    static const struct try_row rows[] = {
        { "SETBIT k 1 1", ":0\r\n" },
        { "GET k", "$1\r\n@\r\n" },
        { "SETBIT k 1 0", ":1\r\n" },
        { "SETBIT k 100 1", ":0\r\n" },
        { "STRLEN k", ":13\r\n" },
        { "GETBIT k 100", ":1\r\n" },
        { "GETBIT k 101", ":0\r\n" },
        { "GETBIT k 100000", ":0\r\n" },
        { "GETBIT none 0", ":0\r\n" },
        { "SET n 1", "+OK\r\n" },
        { "SETBIT n 6 1", ":0\r\n" },
        { "GET n", "$1\r\n3\r\n" },
        { "OBJECT ENCODING n", "$3\r\nraw\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_bits_that_cannot_be(void **state)
{
    static const struct try_row rows[] = {
        { "SETBIT k -1 1", NO_OFFSET }, { "SETBIT k x 1", NO_OFFSET },
        { "SETBIT k #1 1", NO_OFFSET }, { "SETBIT k 4294967296 1", NO_OFFSET },
        { "SETBIT k 1 2", NO_BIT },     { "SETBIT k 1 -1", NO_BIT },
        { "SETBIT k 1 x", NO_BIT },     { "GETBIT k -1", NO_OFFSET },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void only_a_bit_that_changes_is_a_change(void **state)
{
    struct try *try = *state;
    try_run(try, "SETBIT k 7 0");
    assert_string_equal(try_changes(try), "0: SETBIT k 7 0\n");
    assert_string_equal(try_events(try), "0: new k\n0: setbit k\n");
    try_run(try, "SETBIT k 7 0");
    assert_string_equal(try_changes(try), "");
    assert_string_equal(try_events(try), "");
    try_run(try, "SETBIT k 7 1");
    assert_string_equal(try_changes(try), "0: SETBIT k 7 1\n");
}

static void counts_in_bytes_and_bits(void **state)
{
    static const struct try_row rows[] = {
        { "SET k foobar", "+OK\r\n" },
        { "BITCOUNT k", ":26\r\n" },
        { "BITCOUNT k 0 0", ":4\r\n" },
        { "BITCOUNT k 1 1", ":6\r\n" },
        { "BITCOUNT k 1 1 BYTE", ":6\r\n" },
        { "BITCOUNT k 5 30 BIT", ":17\r\n" },
        { "BITCOUNT k -2 -1", ":7\r\n" },
        { "BITCOUNT k -1 -2", ":0\r\n" },
        { "BITCOUNT k 10 20", ":0\r\n" },
        { "BITCOUNT k -9223372036854775808 9223372036854775807", ":26\r\n" },
        { "BITCOUNT none", ":0\r\n" },
        { "BITCOUNT k 1", SYNTAX },
        { "BITCOUNT none 1", SYNTAX },
        { "BITCOUNT k 1 2 x", SYNTAX },
        { "BITCOUNT k 1 2 BIT x", SYNTAX },
        { "BITCOUNT none a 2", NO_INTEGER },
    };
    TRY_ROWS(state, rows);
}

static void finds_positions(void **state)
{
    struct try *try = *state;
    struct span argv[] = { SPAN("SET"), SPAN("k"), SPAN("\xff\xf0\x00") };
    static const struct try_row rows[] = {
        { "BITPOS k 0", ":12\r\n" },
        { "BITPOS k 1", ":0\r\n" },
        { "BITPOS k 1 2", ":-1\r\n" },
        { "BITPOS k 0 0 0", ":-1\r\n" },
        { "BITPOS k 0 0", ":12\r\n" },
        { "BITPOS k 1 1", ":8\r\n" },
        { "BITPOS k 0 10 11 BIT", ":-1\r\n" },
        { "BITPOS k 0 10 12 BIT", ":12\r\n" },
        { "BITPOS k 0 -1 -1 BYTE", ":16\r\n" },
        { "BITPOS k 0 5 2", ":-1\r\n" },
        { "BITPOS none 0", ":0\r\n" },
        { "BITPOS none 1", ":-1\r\n" },
        { "SET empty ''", "+OK\r\n" },
        { "BITPOS empty 0", ":-1\r\n" },
        { "BITPOS k 2", "-ERR The bit argument must be 1 or 0.\r\n" },
        { "BITPOS k x", NO_INTEGER },
        { "BITPOS k 1 x", NO_INTEGER },
        { "BITPOS k 1 1 x BIT", NO_INTEGER },
        { "BITPOS none 1 1 2 x", SYNTAX },
        { "BITPOS none 1 1 2 BIT x", SYNTAX },
    };
    try_argv(try, argv, COUNT(argv));
    TRY_ROWS(state, rows);

    /* All ones: the zeroes behind the text count, unless a range ends. */
    argv[2] = SPAN("\xff\xff");
    try_argv(try, argv, COUNT(argv));
    assert_string_equal(try_run(try, "BITPOS k 0"), ":16\r\n");
    assert_string_equal(try_run(try, "BITPOS k 0 1"), ":16\r\n");
    assert_string_equal(try_run(try, "BITPOS k 0 0 -1"), ":-1\r\n");
    assert_string_equal(try_run(try, "BITPOS k 0 2"), ":-1\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(sets_and_gets_bits),
        TRY(refuses_bits_that_cannot_be),
        TRY(only_a_bit_that_changes_is_a_change),
        TRY(counts_in_bytes_and_bits),
        TRY(finds_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
