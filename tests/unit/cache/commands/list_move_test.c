/* Commands that move elements or pop from the first of several lists, and those that wait. */

#include "tests/unit/cache/commands/try.h"

#include "cache/wait.h"

static const char wrong[] =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

static void moves_from_end_to_end(void **state)
{
    static const struct try_row rows[] = {
        { "LMOVE no b LEFT LEFT", "$-1\r\n" },
        { "LMOVE no b up LEFT", "-ERR syntax error\r\n" },
        { "LMOVE no b LEFT down", "-ERR syntax error\r\n" },
        { "RPUSH a 1 2 3", ":3\r\n" },
        { "LMOVE a b LEFT RIGHT", "$1\r\n1\r\n" },
        { "LMOVE a b right left", "$1\r\n3\r\n" },
        { "LRANGE b 0 -1", "*2\r\n$1\r\n3\r\n$1\r\n1\r\n" },
        { "RPOPLPUSH a b", "$1\r\n2\r\n" },
        { "RPOPLPUSH a b", "$-1\r\n" },
        { "EXISTS a", ":0\r\n" },
        { "LRANGE b 0 -1", "*3\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void moves_within_one_list(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH a 1", ":1\r\n" },
        { "LMOVE a a LEFT RIGHT", "$1\r\n1\r\n" },
        { "LRANGE a 0 -1", "*1\r\n$1\r\n1\r\n" },
        { "RPUSH a 2 3", ":3\r\n" },
        { "LMOVE a a LEFT LEFT", "$1\r\n1\r\n" },
        { "LMOVE a a RIGHT LEFT", "$1\r\n3\r\n" },
        { "RPOPLPUSH a a", "$1\r\n2\r\n" },
        { "LRANGE a 0 -1", "*3\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void takes_nothing_that_it_cannot_put(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH a 1", ":1\r\n" },        { "SET s v", "+OK\r\n" },
        { "LMOVE a s LEFT LEFT", wrong }, { "LMOVE s a LEFT LEFT", wrong },
        { "RPOPLPUSH a s", wrong },       { "BLMOVE a s LEFT LEFT 0", wrong },
        { "BRPOPLPUSH a s 0", wrong },    { "LMOVE no s LEFT LEFT", "$-1\r\n" },
        { "LLEN a", ":1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void pops_from_the_first_that_has_some(void **state)
{
    static const struct try_row rows[] = {
        { "LMPOP 1 no LEFT", "*-1\r\n" },
        { "RPUSH b 1 2 3 4", ":4\r\n" },
        { "LMPOP 2 no b LEFT", "*2\r\n$1\r\nb\r\n*1\r\n$1\r\n1\r\n" },
        { "LMPOP 2 no b right count 2", "*2\r\n$1\r\nb\r\n*2\r\n$1\r\n4\r\n$1\r\n3\r\n" },
        { "LMPOP 1 b LEFT COUNT 9223372036854775807", "*2\r\n$1\r\nb\r\n*1\r\n$1\r\n2\r\n" },
        { "EXISTS b", ":0\r\n" },
        { "SET s v", "+OK\r\n" },
        { "RPUSH b 1", ":1\r\n" },
        { "LMPOP 3 no s b LEFT", wrong },
        { "LMPOP 0 b LEFT", "-ERR numkeys should be greater than 0\r\n" },
        { "LMPOP x b LEFT", "-ERR numkeys should be greater than 0\r\n" },
        { "LMPOP 2 b LEFT", "-ERR syntax error\r\n" },
        { "LMPOP 9223372036854775807 b LEFT", "-ERR syntax error\r\n" },
        { "LMPOP 1 b up", "-ERR syntax error\r\n" },
        { "LMPOP 1 b LEFT COUNT", "-ERR syntax error\r\n" },
        { "LMPOP 1 b LEFT COUNT 0", "-ERR count should be greater than 0\r\n" },
        { "LMPOP 1 b LEFT COUNT 1 COUNT 1", "-ERR syntax error\r\n" },
        { "LMPOP 1 b LEFT x 1", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void does_not_wait_for_what_is_there(void **state)
{
    static const struct try_row rows[] = {
        { "RPUSH b 1 2 3 4 5 6 7", ":7\r\n" },
        { "BLPOP no b 0", "*2\r\n$1\r\nb\r\n$1\r\n1\r\n" },
        { "BRPOP no b 0", "*2\r\n$1\r\nb\r\n$1\r\n7\r\n" },
        { "BLMOVE b c LEFT RIGHT 0", "$1\r\n2\r\n" },
        { "BRPOPLPUSH b c 0", "$1\r\n6\r\n" },
        { "BLMPOP 0 2 no b RIGHT COUNT 2", "*2\r\n$1\r\nb\r\n*2\r\n$1\r\n5\r\n$1\r\n4\r\n" },
        { "BLPOP b 0.5", "*2\r\n$1\r\nb\r\n$1\r\n3\r\n" },
        { "EXISTS b", ":0\r\n" },
    };
    struct call_wait wait = { .wanted = false };
    struct try *try = *state;
    try->wait = &wait;
    TRY_ROWS(state, rows);
    assert_false(wait.wanted);
    assert_string_equal(try_changes(try), "0: RPUSH b 1 2 3 4 5 6 7\n"
                                          "0: LPOP b\n"
                                          "0: RPOP b\n"
                                          "0: LMOVE b c LEFT RIGHT\n"
                                          "0: RPOPLPUSH b c\n"
                                          "0: RPOP b 2\n"
                                          "0: LPOP b\n");
}

static void answers_at_once_where_it_may_not_wait(void **state)
{
    static const struct try_row rows[] = {
        { "BLPOP no 0", "*-1\r\n" },
        { "BRPOP no 0", "*-1\r\n" },
        { "BLMOVE no b LEFT LEFT 0", "$-1\r\n" },
        { "BRPOPLPUSH no b 0", "$-1\r\n" },
        { "BLMPOP 0 1 no LEFT", "*-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void looks_at_the_timeout_first(void **state)
{
    static const struct try_row rows[] = {
        { "SET s v", "+OK\r\n" },
        { "BLPOP s x", "-ERR timeout is not a float or out of range\r\n" },
        { "BLPOP s -1", "-ERR timeout is negative\r\n" },
        { "BLPOP s 1e400", "-ERR timeout is out of range\r\n" },
        { "BLPOP s 1", wrong },
        { "BLMOVE s b LEFT LEFT x", "-ERR timeout is not a float or out of range\r\n" },
        { "BLMOVE s b up LEFT x", "-ERR syntax error\r\n" },
        { "BRPOPLPUSH s b -1", "-ERR timeout is negative\r\n" },
        { "BLMPOP x 1 s LEFT", "-ERR timeout is not a float or out of range\r\n" },
        { "BLMPOP x 0 s LEFT", "-ERR numkeys should be greater than 0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void waits_for_its_keys(void **state)
{
    static const struct {
        const char *command;
        uint64_t timeout_ms;
        size_t key_count;
        uint32_t first_key;
    } rows[] = {
        { "BLPOP a b 0", 0, 2, 1 },
        { "BRPOP a 0.0005", 1, 1, 1 },
        { "BLMOVE a b LEFT LEFT 2", 2000, 1, 1 },
        { "BRPOPLPUSH a b 1.5", 1500, 1, 1 },
        { "BLMPOP 0.25 3 a b c LEFT", 250, 3, 3 },
    };
    struct try *try = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call_wait wait = { .wanted = false };
        try->wait = &wait;
        assert_string_equal(try_run(try, rows[i].command), "");
        assert_true(wait.wanted);
        assert_ptr_equal(wait.type, &type_list);
        assert_int_equal(wait.timeout_ms, rows[i].timeout_ms);
        assert_int_equal(wait.key_count, rows[i].key_count);
        assert_true(wait.null_array);
        assert_false(wait.or_gone);
    }
    assert_string_equal(try_changes(try), "");
}

static void tells_where_it_went_and_whence_it_came(void **state)
{
    try_run(*state, "RPUSH a 1 2 3");
    try_run(*state, "LMOVE a b LEFT RIGHT");
    try_run(*state, "LMOVE a a LEFT RIGHT");
    try_run(*state, "LMPOP 1 a RIGHT");
    try_run(*state, "BRPOPLPUSH a b 0");
    try_run(*state, "BLPOP b 0");
    assert_string_equal(try_events(*state), "0: new a\n"
                                            "0: rpush a\n"
                                            "0: new b\n"
                                            "0: rpush b\n"
                                            "0: lpop a\n"
                                            "0: rpush a\n"
                                            "0: lpop a\n"
                                            "0: rpop a\n"
                                            "0: lpush b\n"
                                            "0: rpop a\n"
                                            "0: del a\n"
                                            "0: lpop b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(moves_from_end_to_end),
        TRY(moves_within_one_list),
        TRY(takes_nothing_that_it_cannot_put),
        TRY(pops_from_the_first_that_has_some),
        TRY(does_not_wait_for_what_is_there),
        TRY(answers_at_once_where_it_may_not_wait),
        TRY(looks_at_the_timeout_first),
        TRY(waits_for_its_keys),
        TRY(tells_where_it_went_and_whence_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
