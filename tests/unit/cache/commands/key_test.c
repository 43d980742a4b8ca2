/* Commands on keys of any type. */

#include "tests/unit/cache/commands/try.h"

#define SAME "-ERR source and destination objects are the same\r\n"

static void deletes(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a 1 b 2 c 3", "+OK\r\n" },
        { "DEL a none a b", ":2\r\n" },
        { "UNLINK c c", ":1\r\n" },
        { "DBSIZE", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void counts_keys(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a 1 b 2", "+OK\r\n" },     { "EXISTS a", ":1\r\n" },
        { "EXISTS a b none a", ":3\r\n" }, { "TOUCH a none a", ":2\r\n" },
        { "EXISTS ''", ":0\r\n" },         { "SET '' empty", "+OK\r\n" },
        { "EXISTS ''", ":1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void names_types(void **state)
{
    static const struct try_row rows[] = {
        { "TYPE k", "+none\r\n" },
        { "SET k v", "+OK\r\n" },
        { "TYPE k", "+string\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void renames(void **state)
{
    static const struct try_row rows[] = {
        { "RENAME a b", "-ERR no such key\r\n" },
        { "RENAME a a", "-ERR no such key\r\n" },
        { "RENAMENX a b", "-ERR no such key\r\n" },
        { "MSET a 1 b 2", "+OK\r\n" },
        { "EXPIRE a 10", ":1\r\n" },
        { "RENAME a a", "+OK\r\n" },
        { "RENAME a b", "+OK\r\n" },
        { "MGET a b", "*2\r\n$-1\r\n$1\r\n1\r\n" },
        { "PTTL b", ":10000\r\n" },
        { "SET c 3", "+OK\r\n" },
        { "RENAMENX c b", ":0\r\n" },
        { "RENAMENX c c", ":0\r\n" },
        { "RENAMENX c d", ":1\r\n" },
        { "MGET c d", "*2\r\n$-1\r\n$1\r\n3\r\n" },
        { "TTL d", ":-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void copies(void **state)
{
    static const struct try_row rows[] = {
        { "COPY a b", ":0\r\n" },
        { "MSET a 1 b 2", "+OK\r\n" },
        { "EXPIRE a 10", ":1\r\n" },
        { "COPY a a", SAME },
        { "COPY a a DB 0", SAME },
        { "COPY a b", ":0\r\n" },
        { "COPY a b REPLACE", ":1\r\n" },
        { "MGET a b", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n" },
        { "PTTL b", ":10000\r\n" },
        { "APPEND b 0", ":2\r\n" },
        { "GET a", "$1\r\n1\r\n" },
        { "COPY a a DB 1", ":1\r\n" },
        { "COPY a a DB 1", ":0\r\n" },
        { "COPY a a db 1 replace", ":1\r\n" },
        { "COPY a b DB", "-ERR syntax error\r\n" },
        { "COPY a b FOO", "-ERR syntax error\r\n" },
        { "COPY a b DB x", "-ERR value is not an integer or out of range\r\n" },
        { "COPY a b DB 16", "-ERR DB index is out of range\r\n" },
        { "COPY a b DB -1", "-ERR DB index is out of range\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void moves(void **state)
{
    static const struct try_row here[] = {
        { "MOVE a 1", ":0\r\n" },
        { "SET a 1 EX 10", "+OK\r\n" },
        { "MOVE a 0", SAME },
        { "MOVE a 16", "-ERR DB index is out of range\r\n" },
        { "MOVE a x", "-ERR value is not an integer or out of range\r\n" },
        { "MOVE a 1", ":1\r\n" },
        { "EXISTS a", ":0\r\n" },
        { "SET a 2", "+OK\r\n" },
        { "MOVE a 1", ":0\r\n" },
    };
    static const struct try_row there[] = {
        { "GET a", "$1\r\n1\r\n" },
        { "PTTL a", ":10000\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, here);
    try->db = 1;
    TRY_ROWS(state, there);
}

static void announces_only_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *changes;
    } rows[] = {
        { "MSET a 1 b 2", "0: MSET a 1 b 2\n" },
        { "DEL none", "" },
        { "RENAME a a", "" },
        { "RENAMENX a b", "" },
        { "COPY a b", "" },
        { "TOUCH a b", "" },
        { "MOVE none 1", "" },
        { "DEL a none", "0: DEL a none\n" },
        { "UNLINK a", "" },
        { "RENAME b c", "0: RENAME b c\n" },
        { "COPY c d", "0: COPY c d\n" },
        { "MOVE c 3", "0: MOVE c 3\n" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(*state, rows[i].command);
        assert_string_equal(try_changes(*state), rows[i].changes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(deletes),
        TRY(counts_keys),
        TRY(names_types),
        TRY(renames),
        TRY(copies),
        TRY(moves),
        TRY(announces_only_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
