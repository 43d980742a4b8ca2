/* BITFIELD. The replies are those of redis-server 7.0. */

#include "tests/unit/cache/commands/try.h"

#define NO_TYPE                                                                                    \
    "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "   \
    "i64 is.\r\n"

static void reads_and_writes_fields(void **state)
{
    static const struct try_row rows[] = {
        { "BITFIELD k SET u8 0 255 GET u8 0 GET i8 0", "*3\r\n:0\r\n:255\r\n:-1\r\n" },
        { "BITFIELD k INCRBY i5 100 1 GET u4 0", "*2\r\n:1\r\n:15\r\n" },
        { "BITFIELD k SET i64 3 -9223372036854775808", "*1\r\n:-576460752303423488\r\n" },
        { "BITFIELD k GET i64 3", "*1\r\n:-9223372036854775808\r\n" },
        { "BITFIELD k SET u8 #3 7 GET u8 24", "*2\r\n:0\r\n:7\r\n" },
        { "BITFIELD k", "*0\r\n" },
        { "BITFIELD none GET u8 0", "*1\r\n:0\r\n" },
        { "BITFIELD_RO none GET u8 0 GET i63 1000", "*2\r\n:0\r\n:0\r\n" },
        { "EXISTS none", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void overflows_as_it_is_told(void **state)
{
    static const struct try_row rows[] = {
        { "BITFIELD k SET u8 0 250 INCRBY u8 0 10", "*2\r\n:0\r\n:4\r\n" },
        { "BITFIELD k OVERFLOW SAT INCRBY u8 0 300", "*1\r\n:255\r\n" },
        { "BITFIELD k OVERFLOW SAT INCRBY u8 0 -300", "*1\r\n:0\r\n" },
        { "BITFIELD k OVERFLOW FAIL INCRBY u8 0 -1 GET u8 0", "*2\r\n$-1\r\n:0\r\n" },
        { "BITFIELD k OVERFLOW SAT SET u8 0 -1 GET u8 0", "*2\r\n:0\r\n:255\r\n" },
        { "BITFIELD k SET i8 0 127 INCRBY i8 0 1", "*2\r\n:-1\r\n:-128\r\n" },
        { "BITFIELD k OVERFLOW SAT INCRBY i8 0 -1", "*1\r\n:-128\r\n" },
        { "BITFIELD k SET i64 0 9223372036854775807 INCRBY i64 0 1",
          "*2\r\n:-9223372036854775808\r\n:-9223372036854775808\r\n" },
        { "BITFIELD k OVERFLOW SAT INCRBY i64 0 -1", "*1\r\n:-9223372036854775808\r\n" },
        { "BITFIELD k OVERFLOW FAIL INCRBY i64 0 -1 OVERFLOW WRAP INCRBY i64 0 -1",
          "*2\r\n$-1\r\n:9223372036854775807\r\n" },
        { "BITFIELD k SET i1 0 0 INCRBY i1 0 1 INCRBY i1 0 1", "*3\r\n:0\r\n:-1\r\n:0\r\n" },
        { "BITFIELD k SET u63 1 9223372036854775807 INCRBY u63 1 9223372036854775807",
          "*2\r\n:9223372036854775807\r\n:9223372036854775806\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void a_mistake_anywhere_changes_nothing(void **state)
{
    static const struct try_row rows[] = {
        { "BITFIELD k SET u8 0 1 GET", "-ERR syntax error\r\n" },
        { "BITFIELD k SET u8 0 1 nope u8 0", "-ERR syntax error\r\n" },
        { "BITFIELD k SET u8 0 1 GET u64 0", NO_TYPE },
        { "BITFIELD k SET u8 0 1 GET i65 0", NO_TYPE },
        { "BITFIELD k SET u8 0 1 GET u0 0", NO_TYPE },
        { "BITFIELD k SET u8 0 1 GET '' 0", NO_TYPE },
        { "BITFIELD k SET u8 0 1 GET x8 0", NO_TYPE },
        { "BITFIELD k SET u8 0 x", "-ERR value is not an integer or out of range\r\n" },
        { "BITFIELD k SET u8 -1 0", "-ERR bit offset is not an integer or out of range\r\n" },
        { "BITFIELD k GET u8 #9223372036854775807",
          "-ERR bit offset is not an integer or out of range\r\n" },
        { "BITFIELD k OVERFLOW", "-ERR syntax error\r\n" },
        { "BITFIELD k SET u8 0 1 OVERFLOW nope", "-ERR Invalid OVERFLOW type specified\r\n" },
        { "BITFIELD_RO k SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void only_what_changes_is_a_change(void **state)
{
    struct try *try = *state;
    try_run(try, "BITFIELD k SET u8 0 1");
    assert_string_equal(try_changes(try), "0: BITFIELD k SET u8 0 1\n");
    assert_string_equal(try_events(try), "0: new k\n0: setbit k\n");
    try_run(try, "BITFIELD k SET u8 0 1");
    try_run(try, "BITFIELD k GET u8 0");
    try_run(try, "BITFIELD k OVERFLOW FAIL SET u8 0 256");
    assert_string_equal(try_changes(try), "");
    assert_string_equal(try_events(try), "");
}

static void its_key_is_read_only_if_there_is_nothing_but_get(void **state)
{
    struct try *try = *state;
    const struct command *command = command_named(try->table, SPAN("bitfield"));
    struct span argv[] = { SPAN("BITFIELD"), SPAN("k"),  SPAN("OVERFLOW"), SPAN("SAT"),
                           SPAN("GET"),      SPAN("u8"), SPAN("0"),        SPAN("SET"),
                           SPAN("u8"),       SPAN("0"),  SPAN("1") };
    assert_int_equal(command->key_flags(argv, 7), KEY_RO | KEY_ACCESS);
    assert_int_equal(command->key_flags(argv, 11), KEY_RW | KEY_ACCESS | KEY_UPDATE);
    assert_int_equal(command->key_flags(argv, 6), KEY_RW | KEY_ACCESS | KEY_UPDATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(reads_and_writes_fields),
        TRY(overflows_as_it_is_told),
        TRY(a_mistake_anywhere_changes_nothing),
        TRY(only_what_changes_is_a_change),
        TRY(its_key_is_read_only_if_there_is_nothing_but_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
