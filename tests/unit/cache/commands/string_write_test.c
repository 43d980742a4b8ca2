/* SET and the other commands that write strings. */

#include "tests/unit/cache/commands/try.h"

#define SYNTAX        "-ERR syntax error\r\n"
#define INTEGER       "-ERR value is not an integer or out of range\r\n"
#define TIME(command) "-ERR invalid expire time in '" command "' command\r\n"
#define TOO_LONG      "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"

static void sets_under_conditions(void **state)
{
    static const struct try_row rows[] = {
        { "SET k a XX", "$-1\r\n" },         { "SET k a NX", "+OK\r\n" },
        { "SET k b nx", "$-1\r\n" },         { "SET k c XX XX", "+OK\r\n" },
        { "GET k", "$1\r\nc\r\n" },          { "SET k d GET", "$1\r\nc\r\n" },
        { "SET k e NX GET", "$1\r\nd\r\n" }, { "GET k", "$1\r\nd\r\n" },
        { "SET n a GET", "$-1\r\n" },        { "GET n", "$1\r\na\r\n" },
        { "SET o a XX GET", "$-1\r\n" },     { "EXISTS o", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void sets_for_a_time(void **state)
{
    static const struct try_row rows[] = {
        { "SET k a EX 10", "+OK\r\n" },
        { "PTTL k", ":10000\r\n" },
        { "SET k a KEEPTTL", "+OK\r\n" },
        { "PTTL k", ":10000\r\n" },
        { "SET k a PX 1234", "+OK\r\n" },
        { "PTTL k", ":1234\r\n" },
        { "SET k a EXAT 1700000100", "+OK\r\n" },
        { "PTTL k", ":100000\r\n" },
        { "SET k a PXAT 1700000000001", "+OK\r\n" },
        { "PTTL k", ":1\r\n" },
        { "SET k a EX 10 EX 20", "+OK\r\n" },
        { "TTL k", ":20\r\n" },
        { "SET k a", "+OK\r\n" },
        { "TTL k", ":-1\r\n" },
        { "SET n a KEEPTTL", "+OK\r\n" },
        { "TTL n", ":-1\r\n" },
        { "SET k a PXAT 1", "+OK\r\n" },
        { "GET k", "$-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_options_that_do_not_fit(void **state)
{
    static const struct try_row rows[] = {
        { "SET k v NX XX", SYNTAX },
        { "SET k v XX NX", SYNTAX },
        { "SET k v EX", SYNTAX },
        { "SET k v EX 10 PX 10", SYNTAX },
        { "SET k v EX 10 KEEPTTL", SYNTAX },
        { "SET k v KEEPTTL PX 10", SYNTAX },
        { "SET k v PERSIST", SYNTAX },
        { "SET k v FOO", SYNTAX },
        { "SET k v ''", SYNTAX },
        { "SET k v EX ten", INTEGER },
        { "SET k v EX 10.5", INTEGER },
        { "SET k v EX 0", TIME("set") },
        { "SET k v PX -1", TIME("set") },
        { "SET k v EX 9223372036854775807", TIME("set") },
        { "SET k v EX 9223372036854775", TIME("set") },
        { "SET k v PX 9223372036854775807", TIME("set") },
        { "SET k v EXAT 9223372036854776", TIME("set") },
        { "SET k v PXAT 0", TIME("set") },
        { "EXISTS k", ":0\r\n" },
        { "GETEX k EX", SYNTAX },
        { "GETEX k KEEPTTL", SYNTAX },
        { "GETEX k NX", SYNTAX },
        { "GETEX k PERSIST EX 10", SYNTAX },
        { "GETEX k EX 10 PERSIST", SYNTAX },
    };
    TRY_ROWS(state, rows);
}

static void knows_the_old_forms(void **state)
{
    static const struct try_row rows[] = {
        { "SETNX k a", ":1\r\n" },        { "SETNX k b", ":0\r\n" },
        { "GETSET k c", "$1\r\na\r\n" },  { "GETSET n d", "$-1\r\n" },
        { "SETEX k 10 e", "+OK\r\n" },    { "PTTL k", ":10000\r\n" },
        { "PSETEX k 10 f", "+OK\r\n" },   { "PTTL k", ":10\r\n" },
        { "GETSET k g", "$1\r\nf\r\n" },  { "TTL k", ":-1\r\n" },
        { "SETEX k 0 h", TIME("setex") }, { "PSETEX k -5 h", TIME("psetex") },
        { "SETEX k ten h", INTEGER },     { "GET k", "$1\r\ng\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void gives_and_deletes(void **state)
{
    static const struct try_row rows[] = {
        { "GETDEL k", "$-1\r\n" },
        { "SET k v", "+OK\r\n" },
        { "GETDEL k", "$1\r\nv\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void gives_and_changes_the_time(void **state)
{
    static const struct try_row rows[] = {
        { "GETEX k EX 10", "$-1\r\n" },
        { "GETEX k EX nonsense", "$-1\r\n" },
        { "SET k v", "+OK\r\n" },
        { "GETEX k EX nonsense", INTEGER },
        { "GETEX k EX 0", TIME("getex") },
        { "GETEX k", "$1\r\nv\r\n" },
        { "TTL k", ":-1\r\n" },
        { "GETEX k EX 10", "$1\r\nv\r\n" },
        { "PTTL k", ":10000\r\n" },
        { "GETEX k", "$1\r\nv\r\n" },
        { "PTTL k", ":10000\r\n" },
        { "GETEX k PXAT 1700000000500", "$1\r\nv\r\n" },
        { "PTTL k", ":500\r\n" },
        { "GETEX k PERSIST", "$1\r\nv\r\n" },
        { "TTL k", ":-1\r\n" },
        { "GETEX k EXAT 1", "$1\r\nv\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void grows_strings(void **state)
{
    static const struct try_row rows[] = {
        { "APPEND k ab", ":2\r\n" },     { "APPEND k cd", ":4\r\n" },
        { "APPEND k ''", ":4\r\n" },     { "GET k", "$4\r\nabcd\r\n" },
        { "SET n 12", "+OK\r\n" },       { "APPEND n 34", ":4\r\n" },
        { "GET n", "$4\r\n1234\r\n" },   { "INCR n", ":1235\r\n" },
        { "APPEND new 5", ":1\r\n" },    { "OBJECT ENCODING new", "$3\r\nint\r\n" },
        { "APPEND empty ''", ":0\r\n" }, { "EXISTS empty", ":1\r\n" },
        { "SET t a EX 10", "+OK\r\n" },  { "APPEND t b", ":2\r\n" },
        { "PTTL t", ":10000\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void writes_over_parts(void **state)
{
    static const struct try_row rows[] = {
        { "SETRANGE none 5 ''", ":0\r\n" },
        { "EXISTS none", ":0\r\n" },
        { "SET k hello", "+OK\r\n" },
        { "SETRANGE k 1 ipp", ":5\r\n" },
        { "GET k", "$5\r\nhippo\r\n" },
        { "SETRANGE k 3 popotamus", ":12\r\n" },
        { "GET k", "$12\r\nhippopotamus\r\n" },
        { "SETRANGE k 100 ''", ":12\r\n" },
        { "SETRANGE k -1 x", "-ERR offset is out of range\r\n" },
        { "SETRANGE k x x", INTEGER },
        { "SET n 1234", "+OK\r\n" },
        { "SETRANGE n 1 99", ":4\r\n" },
        { "GET n", "$4\r\n1994\r\n" },
        { "SET t a EX 10", "+OK\r\n" },
        { "SETRANGE t 1 b", ":2\r\n" },
        { "PTTL t", ":10000\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void fills_gaps_with_zeroes(void **state)
{
    const struct span argv[] = { SPAN("GET"), SPAN("k") };

    assert_string_equal(try_run(*state, "SETRANGE k 3 x"), ":4\r\n");
    struct span reply = try_argv(*state, argv, 2);
    assert_int_equal(reply.len, 10);
    assert_memory_equal(reply.bytes, "$4\r\n\0\0\0x\r\n", 10);

    assert_string_equal(try_run(*state, "SETRANGE k 6 y"), ":7\r\n");
    reply = try_argv(*state, argv, 2);
    assert_memory_equal(reply.bytes, "$7\r\n\0\0\0x\0\0y\r\n", 13);
}

static void holds_strings_to_their_maximum(void **state)
{
    static const struct try_row rows[] = {
        { "SETRANGE k 9 x", ":10\r\n" },
        { "SETRANGE k 10 x", TOO_LONG },
        { "SETRANGE k 9223372036854775807 x", TOO_LONG },
        { "SETRANGE n 10 x", TOO_LONG },
        { "EXISTS n", ":0\r\n" },
        { "APPEND k x", TOO_LONG },
        { "APPEND k ''", ":10\r\n" },
        { "SET a 12345", "+OK\r\n" },
        { "APPEND a 67890", ":10\r\n" },
        { "APPEND a 1", TOO_LONG },
        { "GET a", "$10\r\n1234567890\r\n" },
    };
    struct try *try = *state;
    cache_set_string_max(try->cache, 10);
    TRY_ROWS(state, rows);
}

static void sets_several(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a 1 b 2 a 3", "+OK\r\n" },
        { "MGET a b", "*2\r\n$1\r\n3\r\n$1\r\n2\r\n" },
        { "MSET a 1 b", "-ERR wrong number of arguments for 'mset' command\r\n" },
        { "MSETNX c 1 d", "-ERR wrong number of arguments for 'msetnx' command\r\n" },
        { "MSETNX c 1 a 2", ":0\r\n" },
        { "EXISTS c", ":0\r\n" },
        { "MSETNX c 1 d 2 c 3", ":1\r\n" },
        { "GET c", "$1\r\n3\r\n" },
        { "SET a 1 EX 10", "+OK\r\n" },
        { "MSET a 2", "+OK\r\n" },
        { "TTL a", ":-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

struct changed {
    const char *command;
    const char *changes;
};

static void announces_what_repeats_it(void **state)
{
    static const struct changed rows[] = {
        { "SET k v", "0: SET k v\n" },
        { "SET k v EX 10", "0: SET k v PXAT 1700000010000\n" },
        { "SET k v PXAT 1700000010001 XX GET", "0: SET k v PXAT 1700000010001\n" },
        { "SET k w KEEPTTL", "0: SET k w KEEPTTL\n" },
        { "SET k v NX", "" },
        { "SET none v XX", "" },
        { "SET k x GET", "0: SET k x\n" },
        { "SET k v EX 0", "" },
        { "SETNX k v", "" },
        { "SETNX n v", "0: SETNX n v\n" },
        { "SETEX k 1 v", "0: SET k v PXAT 1700000001000\n" },
        { "PSETEX k 1 v", "0: SET k v PXAT 1700000000001\n" },
        { "GETSET k v", "0: SET k v\n" },
        { "GETEX k", "" },
        { "GETEX k PERSIST", "" },
        { "GETEX k EX 5", "0: PEXPIREAT k 1700000005000\n" },
        { "GETEX k PERSIST", "0: PERSIST k\n" },
        { "GETEX k PXAT 5", "0: DEL k\n" },
        { "GETEX k EX 5", "" },
        { "GETDEL k", "" },
        { "GETDEL n", "0: DEL n\n" },
        { "APPEND k v", "0: APPEND k v\n" },
        { "SETRANGE k 0 ''", "" },
        { "SETRANGE k 0 x", "0: SETRANGE k 0 x\n" },
        { "MSET a 1 b 2", "0: MSET a 1 b 2\n" },
        { "MSETNX a 1 c 2", "" },
        { "MSETNX c 1 d 2", "0: MSETNX c 1 d 2\n" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(*state, rows[i].command);
        const char *changes = try_changes(*state);
        if (strcmp(changes, rows[i].changes) != 0) {
            fail_msg("%s\nwant %s\ngot  %s", rows[i].command, rows[i].changes, changes);
        }
    }
}

static void sets_only_if_the_text_is_as_expected(void **state)
{
    static const struct try_row rows[] = {
        { "SET k a IFEQ a", "$-1\r\n" },
        { "SET k 1", "+OK\r\n" },
        { "SET k b IFEQ 2", "$-1\r\n" },
        { "SET k b IFEQ 1", "+OK\r\n" },
        { "SET k c GET IFEQ x", "$1\r\nb\r\n" },
        { "SET k c IFEQ b GET", "$1\r\nb\r\n" },
        { "SET k d IFNE c", "$-1\r\n" },
        { "SET k d IFNE x EX 100", "+OK\r\n" },
        { "TTL k", ":100\r\n" },
        { "SET new d IFNE x", "+OK\r\n" },
        { "GET new", "$1\r\nd\r\n" },
        { "SET k v IFEQ", "-ERR syntax error\r\n" },
        { "SET k v IFEQ a NX", "-ERR syntax error\r\n" },
        { "SET k v XX IFEQ a", "-ERR syntax error\r\n" },
        { "SET k v IFEQ a IFNE b", "-ERR syntax error\r\n" },
        { "GETEX k IFEQ a", "-ERR syntax error\r\n" },
        { "SADD s 1", ":1\r\n" },
        { "SET s v IFEQ 1",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    try_changes(try);
    try_run(try, "SET k e IFEQ d");
    assert_string_equal(try_changes(try), "0: SET k e\n");
    try_run(try, "SET k f IFEQ d");
    assert_string_equal(try_changes(try), "");
}

static void deletes_only_if_the_text_is_as_expected(void **state)
{
    static const struct try_row rows[] = {
        { "DELIFEQ k a", ":0\r\n" },
        { "MSET k a l 12", "+OK\r\n" },
        { "DELIFEQ k b", ":0\r\n" },
        { "DELEX l IFNE 12", ":0\r\n" },
        { "DELEX l IFEQ 12", ":1\r\n" },
        { "DELEX l IFNE 12", ":0\r\n" },
        { "DELEX k IFEQ", "-ERR wrong number of arguments for 'delex' command\r\n" },
        { "DELEX k NOPE a", "-ERR syntax error\r\n" },
        { "SADD s 1", ":1\r\n" },
        { "DELIFEQ s 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
        { "DELEX s", ":1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    try_changes(try);
    try_events(try);
    assert_string_equal(try_run(try, "DELIFEQ k a"), ":1\r\n");
    assert_string_equal(try_changes(try), "0: DEL k\n");
    assert_string_equal(try_events(try), "0: del k\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(sets_under_conditions),
        TRY(sets_for_a_time),
        TRY(refuses_options_that_do_not_fit),
        TRY(knows_the_old_forms),
        TRY(gives_and_deletes),
        TRY(gives_and_changes_the_time),
        TRY(grows_strings),
        TRY(writes_over_parts),
        TRY(fills_gaps_with_zeroes),
        TRY(holds_strings_to_their_maximum),
        TRY(sets_several),
        TRY(announces_what_repeats_it),
        TRY(sets_only_if_the_text_is_as_expected),
        TRY(deletes_only_if_the_text_is_as_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
