/* Repeating changes: in their databases, transactions whole or not at all, and nothing made up. */

#include "cache/persist/aof_replay.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MULTI      "*1\r\n$5\r\nMULTI\r\n"
#define EXEC       "*1\r\n$4\r\nEXEC\r\n"
#define SELECT(db) "*2\r\n$6\r\nSELECT\r\n$1\r\n" db "\r\n"
#define SET(k, v)  "*3\r\n$3\r\nset\r\n$1\r\n" k "\r\n$1\r\n" v "\r\n"

enum { NOW_MS = 1000000 };

struct fixture {
    struct command_table *commands;
    struct cache *cache;
    struct aof_replay replay;
    size_t session_rows;
};

static void count_session_row(void *context, const struct cache_request *request)
{
    struct fixture *f = context;
    (void)request;
    f->session_rows++;
}

static void nothing(struct call *c)
{
    (void)c;
}

static const struct command session_rows[] = {
    { .name = "who", .run = nothing, .arity = 1, .flags = CMD_SESSION },
    { .name = NULL },
};

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));

    f->commands = command_table_new();
    command_table_add_store(f->commands);
    command_table_add(f->commands, session_rows);
    f->cache =
        cache_new(&(struct cache_options){ .databases = 2, .seed = 7, .commands = f->commands });
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    aof_replay_fini(&f->replay);
    cache_free(f->cache);
    command_table_free(f->commands);
    memory_free(f);
    return 0;
}

static enum aof_replay_end run(struct fixture *f, struct span bytes, size_t budget)
{
    struct aof_replay_parts parts = { .cache = f->cache, .run = count_session_row, .context = f };
    enum aof_replay_end end;

    aof_replay_fini(&f->replay);
    aof_replay_init(&f->replay, &parts, bytes, 0);
    do {
        end = aof_replay_step(&f->replay, budget, NOW_MS);
    } while (end == AOF_REPLAY_MORE);
    return end;
}

static bool holds(const struct fixture *f, int db, const char *key, const char *text)
{
    char room[STRING_TEXT_ROOM];
    struct cache_entry entry;

    return cache_peek(f->cache, db, span_from(key), NOW_MS, &entry) &&
           span_equal(string_text(entry.value, room), span_from(text));
}

static bool is_there(const struct fixture *f, int db, const char *key)
{
    struct cache_entry entry;
    return cache_peek(f->cache, db, span_from(key), 0, &entry);
}

static void changes_come_back_in_their_databases(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, SPAN(SELECT("1") SET("a", "1") SELECT("0") SET("a", "2")), 1),
                     AOF_REPLAY_DONE);
    assert_true(holds(f, 1, "a", "1"));
    assert_true(holds(f, 0, "a", "2"));
    assert_int_equal(f->replay.ran, 2);
    assert_int_equal(f->replay.failed, 0);
}

static void a_whole_transaction_is_run(void **state)
{
    struct fixture *f = *state;
    struct span file = SPAN(MULTI SELECT("1") SET("a", "1") SET("b", "2") EXEC SET("c", "3"));

    assert_int_equal(run(f, file, 1), AOF_REPLAY_DONE);
    assert_true(holds(f, 1, "a", "1"));
    assert_true(holds(f, 1, "c", "3"));
    assert_int_equal(f->replay.good, file.len);
}

static void half_a_transaction_is_not(void **state)
{
    struct fixture *f = *state;
    static const char file[] = SET("a", "1") MULTI SET("b", "2") SET("c", "3") EXEC;
    size_t multi_at = sizeof(SET("a", "1")) - 1;

    for (size_t len = multi_at + 1; len < sizeof(file) - 1; len++) {
        assert_int_equal(run(f, (struct span){ file, len }, 1 << 20), AOF_REPLAY_CUT);
        assert_int_equal(f->replay.good, multi_at);
        assert_int_equal(f->replay.cut_in_multi, len >= multi_at + sizeof(MULTI) - 1);
        assert_false(is_there(f, 0, "b"));
    }
    assert_true(holds(f, 0, "a", "1"));
}

static void what_nobody_knows_stops_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, SPAN(SET("a", "1") "*2\r\n$3\r\nbla\r\n$1\r\nx\r\n" SET("b", "2")), 1),
                     AOF_REPLAY_UNKNOWN);
    assert_true(span_equal(f->replay.unknown, SPAN("bla")));
    assert_false(is_there(f, 0, "b"));
    assert_int_equal(run(f, SPAN(SELECT("2")), 1), AOF_REPLAY_BROKEN);
    assert_int_equal(run(f, SPAN("*2\r\n$3\r\nset\r\n$1\r\nx\r\n"), 1), AOF_REPLAY_BROKEN);
    assert_int_equal(run(f, SPAN(SET("c", "1") "!!!"), 1), AOF_REPLAY_BROKEN);
    assert_int_equal(f->replay.good, sizeof(SET("c", "1")) - 1);
}

static void a_key_whose_time_is_over_is_not_judged_meanwhile(void **state)
{
    struct fixture *f = *state;

    /* PEXPIREAT a 1000 was said, and a write of it after that: it lives while this is repeated. */
    assert_int_equal(run(f,
                         SPAN("*3\r\n$5\r\nrpush\r\n$1\r\na\r\n$1\r\nx\r\n"
                              "*3\r\n$9\r\npexpireat\r\n$1\r\na\r\n$4\r\n1000\r\n"
                              "*3\r\n$5\r\nrpush\r\n$1\r\na\r\n$1\r\ny\r\n"),
                         1 << 20),
                     AOF_REPLAY_DONE);
    assert_true(is_there(f, 0, "a"));
    struct cache_entry entry;
    assert_false(cache_peek(f->cache, 0, SPAN("a"), NOW_MS, &entry));
}

static void those_that_fail_are_counted(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, SPAN(SET("a", "1") "*3\r\n$5\r\nrpush\r\n$1\r\na\r\n$1\r\nx\r\n"), 1),
                     AOF_REPLAY_DONE);
    assert_int_equal(f->replay.failed, 1);
}

static void rows_about_a_session_are_run_by_who_has_one(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, SPAN("*1\r\n$3\r\nwho\r\n"), 1), AOF_REPLAY_DONE);
    assert_int_equal(f->session_rows, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_come_back_in_their_databases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_whole_transaction_is_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_transaction_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_knows_stops_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_whose_time_is_over_is_not_judged_meanwhile, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(those_that_fail_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_about_a_session_are_run_by_who_has_one, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
