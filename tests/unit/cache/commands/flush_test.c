/* FLUSHDB, FLUSHALL and SWAPDB. */

#include "tests/unit/cache/commands/try.h"

static void fill(struct try *try)
{
    for (try->db = 2; try->db >= 0; try->db--) {
        try_run(try, "MSET a 1 b 2");
    }
    try->db = 0;
    try_changes(try);
}

static uint64_t keys_in(const struct try *try, int db)
{
    return cache_db_stats(try->cache, db).keys;
}

static void empties_one_database(void **state)
{
    struct try *try = *state;
    static const char *const commands[] = { "FLUSHDB", "FLUSHDB SYNC", "FLUSHDB async" };
    for (size_t i = 0; i < COUNT(commands); i++) {
        fill(try);
        assert_string_equal(try_run(try, commands[i]), "+OK\r\n");
        assert_int_equal(keys_in(try, 0), 0);
        assert_int_equal(keys_in(try, 1), 2);
        assert_string_equal(try_run(try, "GET a"), "$-1\r\n");
    }
}

static void empties_all_databases(void **state)
{
    struct try *try = *state;
    static const char *const commands[] = { "FLUSHALL", "FLUSHALL sync", "FLUSHALL ASYNC" };
    for (size_t i = 0; i < COUNT(commands); i++) {
        fill(try);
        assert_string_equal(try_run(try, commands[i]), "+OK\r\n");
        assert_int_equal(keys_in(try, 0) + keys_in(try, 1) + keys_in(try, 2), 0);
    }
}

static void swaps_databases(void **state)
{
    struct try *try = *state;
    try_run(try, "SET k zero");
    assert_string_equal(try_run(try, "SWAPDB 0 3"), "+OK\r\n");
    assert_string_equal(try_run(try, "GET k"), "$-1\r\n");
    try->db = 3;
    assert_string_equal(try_run(try, "GET k"), "$4\r\nzero\r\n");
}

static void refuses_what_does_not_fit(void **state)
{
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },
        { "FLUSHDB FOO", "-ERR syntax error\r\n" },
        { "FLUSHALL SYNC ASYNC", "-ERR syntax error\r\n" },
        { "FLUSHALL ASYNC ASYNC", "-ERR syntax error\r\n" },
        { "SWAPDB x 1", "-ERR invalid first DB index\r\n" },
        { "SWAPDB 0 x", "-ERR invalid second DB index\r\n" },
        { "SWAPDB 99999999999 0", "-ERR invalid first DB index\r\n" },
        { "SWAPDB 0 16", "-ERR DB index is out of range\r\n" },
        { "SWAPDB -1 0", "-ERR DB index is out of range\r\n" },
        { "SWAPDB 2 2", "+OK\r\n" },
        { "GET k", "$1\r\nv\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_what_it_did(void **state)
{
    struct try *try = *state;
    fill(try);
    try_run(try, "SWAPDB 1 1");
    assert_string_equal(try_changes(try), "");
    try_run(try, "FLUSHDB");
    assert_string_equal(try_changes(try), "0: FLUSHDB\n");
    try_run(try, "SWAPDB 0 1");
    assert_string_equal(try_changes(try), "-1: SWAPDB 0 1\n");
    try_run(try, "FLUSHALL");
    assert_string_equal(try_changes(try), "-1: FLUSHALL\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(empties_one_database),      TRY(empties_all_databases), TRY(swaps_databases),
        TRY(refuses_what_does_not_fit), TRY(announces_what_it_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
