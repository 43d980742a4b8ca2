/* Commands about when a key expires. */

#include "tests/unit/cache/commands/try.h"

#define INTEGER       "-ERR value is not an integer or out of range\r\n"
#define TIME(command) "-ERR invalid expire time in '" command "' command\r\n"
#define NX_WITH       "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n"

static void sets_the_time(void **state)
{
    static const struct try_row rows[] = {
        { "EXPIRE k 10", ":0\r\n" },
        { "SET k v", "+OK\r\n" },
        { "EXPIRE k 10", ":1\r\n" },
        { "PEXPIRETIME k", ":1700000010000\r\n" },
        { "PEXPIRE k 10", ":1\r\n" },
        { "PEXPIRETIME k", ":1700000000010\r\n" },
        { "EXPIREAT k 1700000020", ":1\r\n" },
        { "PEXPIRETIME k", ":1700000020000\r\n" },
        { "PEXPIREAT k 1700000020001", ":1\r\n" },
        { "PEXPIRETIME k", ":1700000020001\r\n" },
        { "PERSIST k", ":1\r\n" },
        { "PERSIST k", ":0\r\n" },
        { "PERSIST none", ":0\r\n" },
        { "PEXPIRETIME k", ":-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_the_time(void **state)
{
    static const struct try_row rows[] = {
        { "TTL k", ":-2\r\n" },
        { "PTTL k", ":-2\r\n" },
        { "EXPIRETIME k", ":-2\r\n" },
        { "PEXPIRETIME k", ":-2\r\n" },
        { "SET k v", "+OK\r\n" },
        { "TTL k", ":-1\r\n" },
        { "EXPIRETIME k", ":-1\r\n" },
        { "PEXPIRE k 1499", ":1\r\n" },
        { "TTL k", ":1\r\n" },
        { "EXPIRETIME k", ":1700000001\r\n" },
        { "PEXPIRE k 1500", ":1\r\n" },
        { "TTL k", ":2\r\n" },
        { "EXPIRETIME k", ":1700000002\r\n" },
        { "PTTL k", ":1500\r\n" },
        { "PEXPIREAT k 9223372036854775807", ":1\r\n" },
        { "EXPIRETIME k", ":9223372036854776\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void forgets_keys_whose_time_has_come(void **state)
{
    struct try *try = *state;
    try_run(try, "SET k v PX 100");
    try_changes(try);
    try->now_ms += 99;
    assert_string_equal(try_run(try, "GET k"), "$1\r\nv\r\n");
    try->now_ms += 2;
    assert_string_equal(try_run(try, "GET k"), "$-1\r\n");
    assert_string_equal(try_changes(try), "0: DEL k\n");
    assert_string_equal(try_run(try, "DBSIZE"), ":0\r\n");
}

static void heeds_conditions(void **state)
{
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },
        { "EXPIRE k 10 XX", ":0\r\n" },
        { "EXPIRE k 10 GT", ":0\r\n" },
        { "EXPIRE k 10 NX", ":1\r\n" },
        { "EXPIRE k 20 NX", ":0\r\n" },
        { "EXPIRE k 10 GT", ":0\r\n" },
        { "EXPIRE k 20 gt", ":1\r\n" },
        { "EXPIRE k 20 LT", ":0\r\n" },
        { "EXPIRE k 10 XX LT", ":1\r\n" },
        { "EXPIRE k 30 XX GT", ":1\r\n" },
        { "TTL k", ":30\r\n" },
        { "PERSIST k", ":1\r\n" },
        { "EXPIRE k 30 XX LT", ":0\r\n" },
        { "EXPIRE k 30 LT", ":1\r\n" },
        { "EXPIRE k -1 GT", ":0\r\n" },
        { "EXPIRE k -1 LT", ":1\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_what_does_not_fit(void **state)
{
    static const struct try_row rows[] = {
        { "SET k v", "+OK\r\n" },
        { "EXPIRE k ten", INTEGER },
        { "EXPIRE k 1.5", INTEGER },
        { "EXPIRE k 10 FOO", "-ERR Unsupported option FOO\r\n" },
        { "EXPIRE k ten FOO", "-ERR Unsupported option FOO\r\n" },
        { "EXPIRE k 10 NX XX", NX_WITH },
        { "EXPIRE k 10 GT NX", NX_WITH },
        { "EXPIRE k 10 NX LT", NX_WITH },
        { "EXPIRE k 10 GT LT", "-ERR GT and LT options at the same time are not compatible\r\n" },
        { "EXPIRE k 9223372036854775807", TIME("expire") },
        { "EXPIRE k -9223372036854775808", TIME("expire") },
        { "EXPIRE k 9223372036854775", TIME("expire") },
        { "PEXPIRE k 9223372036854775807", TIME("pexpire") },
        { "EXPIREAT k 9223372036854776", TIME("expireat") },
        { "EXPIREAT k -9223372036854776", TIME("expireat") },
        { "EXPIRE none 9223372036854775807", TIME("expire") },
        { "TTL k", ":-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void deletes_when_the_moment_has_passed(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a 1 b 2 c 3 d 4", "+OK\r\n" },
        { "EXPIRE a 0", ":1\r\n" },
        { "PEXPIRE b -9223372036854775808", ":1\r\n" },
        { "EXPIREAT c 1700000000", ":1\r\n" },
        { "PEXPIREAT d 1700000000001", ":1\r\n" },
        { "EXISTS a b c", ":0\r\n" },
        { "EXISTS d", ":1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_moments(void **state)
{
    static const struct {
        const char *command;
        const char *changes;
    } rows[] = {
        { "SET k v", "0: SET k v\n" },
        { "EXPIRE none 10", "" },
        { "EXPIRE k 10 XX", "" },
        { "EXPIRE k 10", "0: PEXPIREAT k 1700000010000\n" },
        { "PEXPIRE k 10", "0: PEXPIREAT k 1700000000010\n" },
        { "EXPIREAT k 1700000005 GT", "0: PEXPIREAT k 1700000005000\n" },
        { "PEXPIREAT k 1700000006000", "0: PEXPIREAT k 1700000006000\n" },
        { "TTL k", "" },
        { "PERSIST k", "0: PERSIST k\n" },
        { "PERSIST k", "" },
        { "EXPIRE k -1", "0: DEL k\n" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(*state, rows[i].command);
        assert_string_equal(try_changes(*state), rows[i].changes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(sets_the_time),
        TRY(tells_the_time),
        TRY(forgets_keys_whose_time_has_come),
        TRY(heeds_conditions),
        TRY(refuses_what_does_not_fit),
        TRY(deletes_when_the_moment_has_passed),
        TRY(announces_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
