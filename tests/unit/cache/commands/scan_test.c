/* KEYS, SCAN, RANDOMKEY and DBSIZE. */

#include "tests/unit/cache/commands/try.h"

#include <stdlib.h>

enum { MANY = 1000 };

static void put_many(struct try *try)
{
    for (int i = 0; i < MANY; i++) {
        char command[32];
        snprintf(command, sizeof(command), "SET key:%d %d", i, i);
        try_run(try, command);
    }
}

/* The number behind a mark in a reply: '*' or "key:". */
static long after(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    assert_non_null(at);
    return strtol(at + strlen(mark), NULL, 10);
}

static void lists_keys_that_match(void **state)
{
    static const struct try_row rows[] = {
        { "KEYS *", "*0\r\n" },
        { "MSET abc 1 abd 2 xyz 3", "+OK\r\n" },
        { "KEYS xy?", "*1\r\n$3\r\nxyz\r\n" },
        { "KEYS ab[^c]", "*1\r\n$3\r\nabd\r\n" },
        { "KEYS XYZ", "*0\r\n" },
        { "SET x:1 1 PX 1", "+OK\r\n" },
        { "KEYS x:*", "*1\r\n$3\r\nx:1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_int_equal(after(try_run(try, "KEYS *"), "*"), 4);
    try->now_ms += 2;
    assert_int_equal(after(try_run(try, "KEYS *"), "*"), 3);
}

static void counts_keys(void **state)
{
    put_many(*state);
    assert_string_equal(try_run(*state, "DBSIZE"), ":1000\r\n");
}

static void visits_every_key(void **state)
{
    bool seen[MANY] = { false };
    char command[64] = "SCAN 0";
    int calls = 0;

    put_many(*state);
    do {
        const char *reply = try_run(*state, command);
        const char *cursor = strchr(reply, '$');
        cursor = strchr(cursor, '\n') + 1;
        for (const char *at = strstr(cursor, "key:"); at != NULL; at = strstr(at + 1, "key:")) {
            seen[strtol(at + 4, NULL, 10)] = true;
        }
        snprintf(command, sizeof(command), "SCAN %.*s", (int)strcspn(cursor, "\r"), cursor);
        calls++;
        assert_true(calls < MANY);
    } while (strcmp(command, "SCAN 0") != 0);

    assert_true(calls > 1);
    for (int i = 0; i < MANY; i++) {
        assert_true(seen[i]);
    }
}

static void gives_about_as_many_as_asked_for(void **state)
{
    put_many(*state);
    long few = after(try_run(*state, "SCAN 0 COUNT 10") + 4, "*");
    long half = after(try_run(*state, "SCAN 0 COUNT 500") + 4, "*");
    long all = after(try_run(*state, "SCAN 0 COUNT 100000") + 4, "*");

    assert_in_range(few, 10, 60);
    assert_in_range(half, 500, 600);
    assert_int_equal(all, MANY);
}

static void leaves_out_what_does_not_match(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a 1 b 2", "+OK\r\n" },
        { "SCAN 0 MATCH b", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nb\r\n" },
        { "SCAN 0 match b TYPE STRING count 5", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nb\r\n" },
        { "SCAN 0 TYPE list", "*2\r\n$1\r\n0\r\n*0\r\n" },
        { "SCAN 0 TYPE nosuch", "*2\r\n$1\r\n0\r\n*0\r\n" },
        { "SCAN 0 MATCH b MATCH a", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_what_does_not_fit(void **state)
{
    static const struct try_row rows[] = {
        { "SCAN x", "-ERR invalid cursor\r\n" },
        { "SCAN 0x10", "-ERR invalid cursor\r\n" },
        { "SCAN 18446744073709551616", "-ERR invalid cursor\r\n" },
        { "SCAN x COUNT 0", "-ERR invalid cursor\r\n" },
        { "SCAN 0 COUNT 0", "-ERR syntax error\r\n" },
        { "SCAN 0 COUNT -1", "-ERR syntax error\r\n" },
        { "SCAN 0 COUNT x", "-ERR value is not an integer or out of range\r\n" },
        { "SCAN 0 COUNT", "-ERR syntax error\r\n" },
        { "SCAN 0 MATCH", "-ERR syntax error\r\n" },
        { "SCAN 0 FOO bar", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void gives_any_key(void **state)
{
    struct try *try = *state;
    assert_string_equal(try_run(try, "RANDOMKEY"), "$-1\r\n");
    try_run(try, "SET gone v PX 1");
    try->now_ms += 2;
    assert_string_equal(try_run(try, "RANDOMKEY"), "$-1\r\n");

    put_many(try);
    bool differs = false;
    long first = after(try_run(try, "RANDOMKEY"), "key:");
    for (int i = 0; i < 20; i++) {
        differs |= after(try_run(try, "RANDOMKEY"), "key:") != first;
    }
    assert_true(differs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(lists_keys_that_match),
        TRY(counts_keys),
        TRY(visits_every_key),
        TRY(gives_about_as_many_as_asked_for),
        TRY(leaves_out_what_does_not_match),
        TRY(refuses_what_does_not_fit),
        TRY(gives_any_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
