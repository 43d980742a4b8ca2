/* XDELEX and XACKDEL: what is deleted while groups want it. */

#include "tests/unit/cache/commands/try.h"

/* 1-0 is pending in g and h, 2-0 in g alone and new to h, 3-0 is new to both. */
static void fill(struct try *try)
{
    try_run(try, "XADD k 1-0 f v");
    try_run(try, "XADD k 2-0 f v");
    try_run(try, "XADD k 3-0 f v");
    try_run(try, "XGROUP CREATE k g 0");
    try_run(try, "XGROUP CREATE k h 0");
    try_run(try, "XREADGROUP GROUP g a COUNT 2 STREAMS k >");
    try_run(try, "XREADGROUP GROUP h b COUNT 1 STREAMS k >");
    try_changes(try);
    try_events(try);
}

static void refuses_calls_that_cannot_be(void **state)
{
    static const struct try_row rows[] = {
        { "XDELEX k IDS 0 1", "-ERR Number of IDs must be a positive integer\r\n" },
        { "XDELEX k IDS x 1", "-ERR Number of IDs must be a positive integer\r\n" },
        { "XDELEX k IDS 9223372036854775807 1",
          "-ERR The `numids` parameter must match the number of arguments\r\n" },
        { "XDELEX k IDS 1 1 2", "-ERR syntax error\r\n" },
        { "XDELEX k KEEPREF ACKED IDS 1 1", "-ERR syntax error\r\n" },
        { "XDELEX k KEEPREF 1 2", "-ERR syntax error\r\n" },
        { "XDELEX k IDS 1 x", "-ERR Invalid stream ID specified as stream command argument\r\n" },
        { "XDELEX none IDS 2 1 2", "*2\r\n:-1\r\n:-1\r\n" },
        { "XACKDEL none g IDS 1 1", "*1\r\n:-1\r\n" },
        { "XACKDEL k none IDS 1 1", "*1\r\n:-1\r\n" },
        { "XLEN k", ":3\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void deletes_whoever_wants_it(void **state)
{
    static const struct try_row rows[] = {
        { "XDELEX k IDS 2 1 9", "*2\r\n:1\r\n:-1\r\n" },
        { "XPENDING k g - + 9", "*2\r\n*4\r\n$3\r\n1-0\r\n$1\r\na\r\n:0\r\n:1\r\n"
                                "*4\r\n$3\r\n2-0\r\n$1\r\na\r\n:0\r\n:1\r\n" },
        { "XDELEX k IDS 1 1 DELREF", "*1\r\n:-1\r\n" },
        { "XDELEX k DELREF IDS 1 2", "*1\r\n:1\r\n" },
        { "XPENDING k g - + 9", "*0\r\n" },
        { "XPENDING k h - + 9", "*0\r\n" },
        { "XLEN k", ":1\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void keeps_what_is_wanted(void **state)
{
    static const struct try_row rows[] = {
        { "XDELEX k ACKED IDS 4 1 2 3 4", "*4\r\n:2\r\n:2\r\n:2\r\n:-1\r\n" },
        { "XACKDEL k g ACKED IDS 2 1 2", "*2\r\n:2\r\n:2\r\n" },
        { "XACKDEL k g ACKED IDS 1 1", "*1\r\n:-1\r\n" },
        { "XACKDEL k h ACKED IDS 1 1", "*1\r\n:1\r\n" },
        { "XLEN k", ":2\r\n" },
        { "XGROUP SETID k h 2", "+OK\r\n" },
        { "XDELEX k ACKED IDS 1 2", "*1\r\n:1\r\n" },
        { "XGROUP DESTROY k g", ":1\r\n" },
        { "XGROUP DESTROY k h", ":1\r\n" },
        { "XDELEX k ACKED IDS 1 3", "*1\r\n:1\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void acknowledges_what_is_deleted_already(void **state)
{
    static const struct try_row rows[] = {
        { "XDEL k 1", ":1\r\n" },
        { "XACKDEL k g IDS 2 1 3", "*2\r\n:1\r\n:-1\r\n" },
        { "XACKDEL k g DELREF IDS 1 2", "*1\r\n:1\r\n" },
        { "XPENDING k h - + 9", "*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nb\r\n:0\r\n:1\r\n" },
        { "XLEN k", ":1\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void announces_what_it_did(void **state)
{
    struct try *try = *state;

    fill(try);
    try_run(try, "XDELEX k ACKED IDS 1 1");
    assert_string_equal(try_changes(try), "");
    try_run(try, "XACKDEL k g ACKED IDS 1 1");
    assert_string_equal(try_changes(try), "0: XACKDEL k g ACKED IDS 1 1\n");
    assert_string_equal(try_events(try), "");
    try_run(try, "XDELEX k IDS 1 1");
    assert_string_equal(try_changes(try), "0: XDELEX k IDS 1 1\n");
    assert_string_equal(try_events(try), "0: xdel k\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(refuses_calls_that_cannot_be), TRY(deletes_whoever_wants_it),
        TRY(keeps_what_is_wanted),         TRY(acknowledges_what_is_deleted_already),
        TRY(announces_what_it_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
