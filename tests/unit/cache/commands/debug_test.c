/* DEBUG's subcommands about data. The sums are those of redis-server 7.0. */

#include "cache/commands/debug.h"

#include "tests/unit/cache/commands/try.h"

static void run_subject(struct call *c)
{
    const struct debug_subject *subject = debug_subjects;
    while (subject->name != NULL && !span_is(c->argv[1], subject->name)) {
        subject++;
    }
    assert_non_null(subject->name);
    assert_true(c->argc >= subject->min_argc && c->argc <= subject->max_argc);
    subject->run(c);
}

static const struct command rows[] = {
    { .name = "debug", .run = run_subject, .arity = -2 },
    { .name = NULL },
};

static int setup(void **state)
{
    static struct try try;
    try_start(&try);
    command_table_add(try.table, rows);
    *state = &try;
    return 0;
}

static void sums_are_those_of_redis(void **state)
{
    static const struct try_row rows_here[] = {
        { "DEBUG DIGEST", "+0000000000000000000000000000000000000000\r\n" },
        { "SET a foo", "+OK\r\n" },
        { "DEBUG DIGEST", "+f87f27d291b695e9af81da07bbf9fc4781b55251\r\n" },
        { "SET b 12345 EX 100", "+OK\r\n" },
        { "DEBUG DIGEST", "+82b49af6d36d9a2d9bb6fc61e29357deae65b7bd\r\n" },
        { "DEBUG DIGEST-VALUE a b none", "*3\r\n+b7f507e4e114eaf82bb9a21d385c60ee2545432e\r\n+"
                                         "074a6e8892a0b0b4fcf085794cb69322c36c9d00\r\n"
                                         "+0000000000000000000000000000000000000000\r\n" },
        { "MOVE a 3", ":1\r\n" },
        { "DEBUG DIGEST", "+86d93c3a74efc280b16e79062374887a1944bf5e\r\n" },
    };
    TRY_ROWS(state, rows_here);
}

static void an_expired_key_is_in_no_sum(void **state)
{
    struct try *try = *state;
    try_run(try, "SET a foo PX 10");
    try->now_ms += 11;
    /* The database is not empty as long as the key is in memory: its number is in the sum. */
    try_run(try, "DEBUG DIGEST-VALUE a");
    assert_string_equal(try_run(try, "DEBUG DIGEST"),
                        "+0000000000000000000000000000000000000000\r\n");
}

static void populates_with_changes_like_any_other(void **state)
{
    static const struct try_row rows_here[] = {
        { "SET key:1 mine", "+OK\r\n" },
        { "DEBUG POPULATE 3", "+OK\r\n" },
        { "MGET key:0 key:1 key:2", "*3\r\n$7\r\nvalue:0\r\n$4\r\nmine\r\n$7\r\nvalue:2\r\n" },
        { "DEBUG POPULATE 1 p 10", "+OK\r\n" },
        { "STRLEN p:0", ":10\r\n" },
        { "DEBUG POPULATE 1 q 3", "+OK\r\n" },
        { "GET q:0", "$3\r\nval\r\n" },
        { "DEBUG POPULATE -1", "-ERR value is out of range, must be positive\r\n" },
        { "DEBUG POPULATE 1 r -1", "-ERR value is out of range, must be positive\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows_here);
    const char *changes = try_changes(try);
    assert_non_null(strstr(changes, "0: SETNX key:0 value:0\n0: SETNX key:2 value:2\n"));
}

static void reads_sizes_with_and_without_units(void **state)
{
#define BAD "-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n"
    static const struct try_row rows_here[] = {
        { "DEBUG QUICKLIST-PACKED-THRESHOLD 100", "+OK\r\n" },
        { "DEBUG QUICKLIST-PACKED-THRESHOLD 100b", "+OK\r\n" },
        { "DEBUG QUICKLIST-PACKED-THRESHOLD 3GB", "+OK\r\n" },
        { "DEBUG QUICKLIST-PACKED-THRESHOLD 4gb", BAD },
        { "DEBUG QUICKLIST-PACKED-THRESHOLD 99999999999999999gb", BAD },
        { "DEBUG QUICKLIST-PACKED-THRESHOLD kb", BAD },
        { "DEBUG QUICKLIST-PACKED-THRESHOLD 1x", BAD },
        { "DEBUG QUICKLIST-PACKED-THRESHOLD 0", "+OK\r\n" },
    };
    TRY_ROWS(state, rows_here);
}

static void describes_values(void **state)
{
    static const struct try_row rows_here[] = {
        { "DEBUG OBJECT none", "-ERR no such key\r\n" },
        { "SET k text", "+OK\r\n" },
        { "DEBUG LISTPACK k", "-ERR Not a listpack encoded object.\r\n" },
        { "DEBUG QUICKLIST k", "-ERR Not a quicklist encoded object.\r\n" },
        { "DEBUG HTSTATS-KEY k", "-ERR The value stored at the specified key is not represented "
                                 "using an hash table\r\n" },
        { "SET n 1", "+OK\r\n" },
        { "DEBUG SDSLEN n", "-ERR Not an sds encoded string.\r\n" },
        { "DEBUG STRINGMATCH-LEN a*b 100", ":0\r\n" },
        { "DEBUG STRINGMATCH-LEN a* 100", ":1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows_here);
    const char *told = try_run(try, "DEBUG OBJECT k");
    assert_non_null(strstr(told, " refcount:1 encoding:embstr serializedlength:5 lru:"));
}

#define TRY_DEBUG(test) cmocka_unit_test_setup_teardown(test, setup, try_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY_DEBUG(sums_are_those_of_redis),
        TRY_DEBUG(an_expired_key_is_in_no_sum),
        TRY_DEBUG(populates_with_changes_like_any_other),
        TRY_DEBUG(reads_sizes_with_and_without_units),
        TRY_DEBUG(describes_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
