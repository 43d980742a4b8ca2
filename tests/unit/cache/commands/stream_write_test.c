/* XADD, XDEL, XTRIM, XSETID, and what XLEN and XRANGE tell of it. */

#include "tests/unit/cache/commands/try.h"

#include "cache/types/limits.h"

#define SMALLER                                                                                    \
    "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n"
#define INVALID "-ERR Invalid stream ID specified as stream command argument\r\n"
#define ARITY   "-ERR wrong number of arguments for 'xadd' command\r\n"
#define WRONG   "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"

static void makes_ids(void **state)
{
    static const struct try_row rows[] = {
        { "XADD k * f v", "$15\r\n1700000000000-0\r\n" },
        { "XADD k * f v", "$15\r\n1700000000000-1\r\n" },
        { "XADD k 1700000000000-* f v", "$15\r\n1700000000000-2\r\n" },
        { "XADD k 1700000000001-* f v", "$15\r\n1700000000001-0\r\n" },
        { "XADD k * f v", "$15\r\n1700000000001-1\r\n" },
        { "XADD k 1-* f v", SMALLER },
        { "XADD k 1700000000001-1 f v", SMALLER },
        { "XADD k 1700000000002 f v", "$15\r\n1700000000002-0\r\n" },
        { "XADD z 0-* f v", "$3\r\n0-1\r\n" },
        { "XADD z 0-18446744073709551615 f v", "$22\r\n0-18446744073709551615\r\n" },
        { "XADD z 0-* f v", SMALLER },
        { "XADD z 18446744073709551615-18446744073709551615 f v",
          "$41\r\n18446744073709551615-18446744073709551615\r\n" },
        { "XADD z * f v",
          "-ERR The stream has exhausted the last possible ID, unable to add more items\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_calls_that_cannot_be(void **state)
{
    static const struct try_row rows[] = {
        { "XADD k 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0\r\n" },
        { "XADD k * f v g", ARITY },
        { "XADD k * MAXLEN 5", "$15\r\n1700000000000-0\r\n" },
        { "XADD k MAXLEN 5 *", ARITY },
        { "XADD k x f v", INVALID },
        { "XADD k - f v", INVALID },
        { "XADD k MAXLEN -1 * f v", "-ERR The MAXLEN argument must be >= 0.\r\n" },
        { "XADD k MAXLEN x * f v", "-ERR value is not an integer or out of range\r\n" },
        { "XADD k MINID x * f v", INVALID },
        { "XADD k MAXLEN 1 MINID 1 * f v",
          "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n" },
        { "XADD k MAXLEN 1 LIMIT 1 * f v",
          "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n" },
        { "XADD k LIMIT 1 * f v",
          "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n" },
        { "XTRIM k LIMIT 0 LIMIT 0",
          "-ERR syntax error, XTRIM must be called with a trimming strategy\r\n" },
        { "XTRIM k MAXLEN 1 junk", "-ERR syntax error\r\n" },
        { "XADD k NOMKSTREAM MAXLEN ~ 1 LIMIT -1 * f v",
          "-ERR The LIMIT argument must be >= 0.\r\n" },
        { "XADD none NOMKSTREAM * f v", "$-1\r\n" },
        { "EXISTS none", ":0\r\n" },
        { "SET s text", "+OK\r\n" },
        { "XADD s * f v", WRONG },
        { "XLEN s", WRONG },
        { "XDEL s 1", WRONG },
        { "XTRIM s MAXLEN 1", WRONG },
        { "XRANGE s - +", WRONG },
        { "XSETID s 1", WRONG },
        { "XSETID none 1", "-ERR no such key\r\n" },
        { "XDEL k 1 x", INVALID },
        { "XDEL none x", ":0\r\n" },
        { "XLEN none", ":0\r\n" },
        { "XTRIM none MAXLEN 1", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

#define ENTRY(id, value) "*2\r\n$3\r\n" id "\r\n*2\r\n$1\r\nf\r\n$1\r\n" value "\r\n"

static void ranges_have_ends_or_not(void **state)
{
    static const struct try_row rows[] = {
        { "XADD k 1-1 f a", "$3\r\n1-1\r\n" },
        { "XADD k 1-2 f b", "$3\r\n1-2\r\n" },
        { "XADD k 2-0 f c", "$3\r\n2-0\r\n" },
        { "XRANGE k - +", "*3\r\n" ENTRY("1-1", "a") ENTRY("1-2", "b") ENTRY("2-0", "c") },
        { "XREVRANGE k + - COUNT 2", "*2\r\n" ENTRY("2-0", "c") ENTRY("1-2", "b") },
        { "XRANGE k 1 1", "*2\r\n" ENTRY("1-1", "a") ENTRY("1-2", "b") },
        { "XRANGE k (1-1 (2-0", "*1\r\n" ENTRY("1-2", "b") },
        { "XRANGE k - + COUNT 0", "*-1\r\n" },
        { "XRANGE k - + COUNT -9", "*-1\r\n" },
        { "XRANGE k 5 4", "*0\r\n" },
        { "XRANGE k (+ +", INVALID },
        { "XRANGE k ( +", INVALID },
        { "XRANGE k (18446744073709551615-18446744073709551615 +",
          "-ERR invalid start ID for the interval\r\n" },
        { "XRANGE k - (0-0", "-ERR invalid end ID for the interval\r\n" },
        { "XRANGE k - + COUNT", "-ERR syntax error\r\n" },
        { "XRANGE none - +", "*0\r\n" },
        { "XRANGE none - + COUNT 0", "*0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void trims_exactly_or_in_blocks(void **state)
{
    static const struct type_limits four = { .stream_node_max_entries = 4 };
    static const struct try_row rows[] = {
        { "XTRIM k MAXLEN ~ 9", ":0\r\n" }, { "XTRIM k MAXLEN ~ 6", ":4\r\n" },
        { "XTRIM k MAXLEN = 5", ":1\r\n" }, { "XTRIM k MINID ~ 6-1 LIMIT 1", ":0\r\n" },
        { "XTRIM k MINID 7-0", ":1\r\n" },  { "XLEN k", ":4\r\n" },
        { "XTRIM k MAXLEN 0", ":4\r\n" },   { "EXISTS k", ":1\r\n" },
        { "XADD k 5-0 f v", SMALLER },      { "XADD k * MAXLEN 1", "$15\r\n1700000000000-0\r\n" },
    };
    struct try *try = *state;
    char command[64];

    cache_set_limits(try->cache, &four);
    for (int i = 1; i <= 10; i++) {
        snprintf(command, sizeof(command), "XADD k %d-0 f v", i);
        try_run(try, command);
    }
    TRY_ROWS(state, rows);
}

static void sets_the_counters(void **state)
{
    static const struct try_row rows[] = {
        { "XADD k 5-0 f v", "$3\r\n5-0\r\n" },
        { "XSETID k 4-0",
          "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n" },
        { "XSETID k 9-0 ENTRIESADDED 0",
          "-ERR The entries_added specified in XSETID is smaller than the target stream "
          "length\r\n" },
        { "XSETID k 9-0 ENTRIESADDED -1", "-ERR entries_added must be positive\r\n" },
        { "XSETID k 9-0 MAXDELETEDID 9-1",
          "-ERR The ID specified in XSETID is smaller than the provided "
          "max_deleted_entry_id\r\n" },
        { "XSETID k 9-0 ENTRIESADDED 7 MAXDELETEDID 8-0", "+OK\r\n" },
        { "XSETID k 7-0",
          "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n" },
        { "XADD k 9-0 f v", SMALLER },
        { "XSETID k 9-0 JUNK 1", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

struct changed {
    const char *command;
    const char *changes;
};

static void announces_what_repeats_it(void **state)
{
    static const struct type_limits two = { .stream_node_max_entries = 2 };
    static const struct changed rows[] = {
        { "XADD k 1-1 f v", "0: XADD k 1-1 f v\n" },
        { "XADD k 1-* f v", "0: XADD k 1-2 f v\n" },
        { "XADD k NOMKSTREAM * f v", "0: XADD k 1700000000000-0 f v\n" },
        { "XADD none NOMKSTREAM * f v", "" },
        { "XADD k 1-1 f v", "" },
        { "XADD k MAXLEN ~ 2 * f v", "0: XADD k MAXLEN = 2 1700000000000-1 f v\n" },
        { "XADD k MINID ~ 1700000000001 LIMIT 9 1700000000001-5 f v",
          "0: XADD k MINID = 1700000000001-5 1700000000001-5 f v\n" },
        { "XADD k MAXLEN 5 * f v", "0: XADD k MAXLEN = 5 1700000000001-6 f v\n" },
        { "XTRIM k MAXLEN ~ 5", "" },
        { "XTRIM k MAXLEN ~ 0", "0: XTRIM k MAXLEN = 0\n" },
        { "XDEL k 1-1", "" },
        { "XSETID k 1800000000000-0", "0: XSETID k 1800000000000-0\n" },
    };
    struct try *try = *state;

    cache_set_limits(try->cache, &two);
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_changes(try), rows[i].changes);
    }
}

static void tells_events(void **state)
{
    static const struct changed rows[] = {
        { "XADD k 1-1 f v", "0: new k\n0: xadd k\n" },
        { "XADD k MAXLEN 1 1-2 f v", "0: xadd k\n0: xtrim k\n" },
        { "XDEL k 1-1", "" },
        { "XDEL k 1-2", "0: xdel k\n" },
        { "XSETID k 5-5", "0: xsetid k\n" },
        { "XTRIM k MAXLEN 0", "" },
    };
    struct try *try = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_events(try), rows[i].changes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(makes_ids),
        TRY(refuses_calls_that_cannot_be),
        TRY(ranges_have_ends_or_not),
        TRY(trims_exactly_or_in_blocks),
        TRY(sets_the_counters),
        TRY(announces_what_repeats_it),
        TRY(tells_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
