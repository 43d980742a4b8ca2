/* LLEN, LINDEX, LRANGE, LPOS. */

#include "tests/unit/cache/commands/try.h"

static const char wrong[] =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
static const char no_integer[] = "-ERR value is not an integer or out of range\r\n";

static void finds_nothing_where_there_is_no_key(void **state)
{
    static const struct try_row rows[] = {
        { "LLEN no", ":0\r\n" },           { "LINDEX no 0", "$-1\r\n" },
        { "LINDEX no x", "$-1\r\n" },      { "LRANGE no 0 -1", "*0\r\n" },
        { "LRANGE no x 1", no_integer },   { "LPOS no a", "$-1\r\n" },
        { "LPOS no a COUNT 1", "*0\r\n" }, { "LPOS no a RANK x", no_integer },
    };
    TRY_ROWS(state, rows);
}

static void refuses_another_type(void **state)
{
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },       { "LLEN k", wrong },
        { "LINDEX k x", wrong },        { "LRANGE k 0 -1", wrong },
        { "LRANGE k 0 x", no_integer }, { "LPOS k a", wrong },
        { "LPOS k a COUNT 1", wrong },  { "LPOS k a x", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void gives_an_element_by_its_place(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH k a 2 c", ":3\r\n" },
        { "LLEN k", ":3\r\n" },
        { "LINDEX k 0", "$1\r\na\r\n" },
        { "LINDEX k 1", "$1\r\n2\r\n" },
        { "LINDEX k -1", "$1\r\nc\r\n" },
        { "LINDEX k 3", "$-1\r\n" },
        { "LINDEX k -4", "$-1\r\n" },
        { "LINDEX k -9223372036854775808", "$-1\r\n" },
        { "LINDEX k 9223372036854775807", "$-1\r\n" },
        { "LINDEX k x", no_integer },
    };
    TRY_ROWS(state, rows);
}

static void gives_a_part(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH k a 2 c", ":3\r\n" },
        { "LRANGE k 0 -1", "*3\r\n$1\r\na\r\n$1\r\n2\r\n$1\r\nc\r\n" },
        { "LRANGE k 1 1", "*1\r\n$1\r\n2\r\n" },
        { "LRANGE k -9223372036854775808 0", "*1\r\n$1\r\na\r\n" },
        { "LRANGE k -1 9223372036854775807", "*1\r\n$1\r\nc\r\n" },
        { "LRANGE k 2 1", "*0\r\n" },
        { "LRANGE k 3 3", "*0\r\n" },
    };
    TRY_ROWS(state, rows);
}

/*   0 1 2 3 4 5 6 7
 *   a b c 1 2 3 c c   */
static void finds_places(void **state)
{
    static const char zero[] =
        "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or "
        "use negative to start from the end of the list\r\n";
    static const struct try_row rows[] = {
        { "RPUSH k a b c 1 2 3 c c", ":8\r\n" },
        { "LPOS k c", ":2\r\n" },
        { "LPOS k 2", ":4\r\n" },
        { "LPOS k c RANK 2", ":6\r\n" },
        { "LPOS k c RANK 4", "$-1\r\n" },
        { "LPOS k c RANK -1", ":7\r\n" },
        { "LPOS k c RANK -3", ":2\r\n" },
        { "LPOS k c RANK 9223372036854775807", "$-1\r\n" },
        { "LPOS k c RANK -9223372036854775807", "$-1\r\n" },
        { "LPOS k c COUNT 0", "*3\r\n:2\r\n:6\r\n:7\r\n" },
        { "LPOS k c count 2 rank 2", "*2\r\n:6\r\n:7\r\n" },
        { "LPOS k c COUNT 2 RANK -1", "*2\r\n:7\r\n:6\r\n" },
        { "LPOS k x COUNT 0", "*0\r\n" },
        { "LPOS k c MAXLEN 2", "$-1\r\n" },
        { "LPOS k c MAXLEN 3", ":2\r\n" },
        { "LPOS k c COUNT 0 MAXLEN 7", "*2\r\n:2\r\n:6\r\n" },
        { "LPOS k c COUNT 0 MAXLEN 1 RANK -1", "*1\r\n:7\r\n" },
        { "LPOS k c RANK 0", zero },
        { "LPOS k c COUNT -1", "-ERR COUNT can't be negative\r\n" },
        { "LPOS k c MAXLEN -1", "-ERR MAXLEN can't be negative\r\n" },
        { "LPOS k c RANK", "-ERR syntax error\r\n" },
        { "LPOS k c RANK -9223372036854775808",
          "-ERR value is out of range, value must between -9223372036854775807 and "
          "9223372036854775807\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_nothing(void **state)
{
    try_run(*state, "RPUSH k a");
    try_changes(*state);
    try_run(*state, "LLEN k");
    try_run(*state, "LINDEX k 0");
    try_run(*state, "LRANGE k 0 -1");
    try_run(*state, "LPOS k a");
    assert_string_equal(try_changes(*state), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(finds_nothing_where_there_is_no_key),
        TRY(refuses_another_type),
        TRY(gives_an_element_by_its_place),
        TRY(gives_a_part),
        TRY(finds_places),
        TRY(announces_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
