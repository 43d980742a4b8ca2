/* Events of commands on strings and keys: which, in which order, of which key. */

#include "tests/unit/cache/commands/try.h"

static void strings_and_keys_tell_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *events;
    } rows[] = {
        { "SET a 1", "0: new a\n0: set a\n" },
        { "SET a 2 EX 10", "0: set a\n0: expire a\n" },
        { "SET a 2 NX", "" },
        { "SETNX b 1", "0: new b\n0: set b\n" },
        { "SETEX b 10 1", "0: set b\n0: expire b\n" },
        { "GETSET b 1", "0: set b\n" },
        { "GETDEL b", "0: del b\n" },
        { "GET b", "0: keymiss b\n" },
        { "MGET a b", "0: keymiss b\n" },
        { "EXISTS b", "0: keymiss b\n" },
        { "OBJECT ENCODING b", "" },
        { "GETEX a EX 10", "0: expire a\n" },
        { "GETEX a PERSIST", "0: persist a\n" },
        { "GETEX a PERSIST", "" },
        { "GETEX a PXAT 1", "0: del a\n" },
        { "APPEND a x", "0: new a\n0: append a\n" },
        { "APPEND a x", "0: append a\n" },
        { "SETRANGE a 1 y", "0: setrange a\n" },
        { "SETRANGE a 1 ''", "" },
        { "INCR n", "0: new n\n0: incrby n\n" },
        { "DECRBY n 5", "0: incrby n\n" },
        { "INCRBYFLOAT n 1.5", "0: incrbyfloat n\n" },
        { "MSET a 1 c 2", "0: set a\n0: new c\n0: set c\n" },
        { "MSETNX d 1 e 2", "0: new d\n0: set d\n0: new e\n0: set e\n" },
        { "DEL d none e", "0: del d\n0: del e\n" },
        { "EXPIRE a 10", "0: expire a\n" },
        { "PERSIST a", "0: persist a\n" },
        { "PERSIST a", "" },
        { "RENAME a b", "0: new b\n0: rename_from a\n0: rename_to b\n" },
        { "RENAME b b", "" },
        { "COPY b a", "0: new a\n0: copy_to a\n" },
        { "COPY b a DB 3", "3: new a\n3: copy_to a\n" },
        { "MOVE b 4", "4: new b\n0: move_from b\n4: move_to b\n" },
        { "EXPIRE a -1", "0: del a\n" },
        { "FLUSHALL", "" },
    };
    struct try *try = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        const char *events = try_events(try);
        if (strcmp(events, rows[i].events) != 0) {
            fail_msg("%s\nwant %s\ngot  %s", rows[i].command, rows[i].events, events);
        }
    }
}

static void a_key_tells_that_it_expired(void **state)
{
    struct try *try = *state;
    try_run(try, "SET met 1 PX 10");
    try_run(try, "SET swept 1 PX 10");
    try_events(try);
    try->now_ms += 11;
    try_run(try, "GET met");
    assert_string_equal(try_events(try), "0: expired met\n0: keymiss met\n");
    cache_tick(try->cache, try->now_ms, 1 << 20);
    assert_string_equal(try_events(try), "0: expired swept\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(strings_and_keys_tell_what_happened),
        TRY(a_key_tells_that_it_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
