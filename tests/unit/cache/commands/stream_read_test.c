/* XREAD and XREADGROUP: what is new, what waits, and what is announced. */

#include "tests/unit/cache/commands/try.h"

#include "cache/wait.h"

#define ENTRY(id)     "*2\r\n$3\r\n" id "\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
#define OF_K(entries) "*1\r\n*2\r\n$1\r\nk\r\n" entries
#define NO_GROUP(group)                                                                            \
    "-NOGROUP No such key 'k' or consumer group '" group "' in XREADGROUP with GROUP option\r\n"

static void fill(struct try *try)
{
    try_run(try, "XADD k 1-0 f v");
    try_run(try, "XADD k 2-0 f v");
    try_run(try, "XADD k 3-0 f v");
    try_run(try, "XGROUP CREATE k g 0");
    try_changes(try);
}

static void reads_what_is_behind_an_id(void **state)
{
    static const struct try_row rows[] = {
        { "XREAD STREAMS k 1", OF_K("*2\r\n" ENTRY("2-0") ENTRY("3-0")) },
        { "XREAD COUNT 1 STREAMS k 0", OF_K("*1\r\n" ENTRY("1-0")) },
        { "XREAD STREAMS none k 0 2", OF_K("*1\r\n" ENTRY("3-0")) },
        { "XREAD STREAMS k 3", "*-1\r\n" },
        { "XREAD STREAMS k $", "*-1\r\n" },
        { "XREAD STREAMS k +", OF_K("*1\r\n" ENTRY("3-0")) },
        { "XREAD STREAMS none +", "*-1\r\n" },
        { "XREAD BLOCK 0 STREAMS k $", "*-1\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void answers_a_map_in_resp3(void **state)
{
    struct try *try = *state;

    fill(try);
    try->protocol = 3;
    assert_string_equal(try_run(try, "XREAD STREAMS k 2"), "%1\r\n$1\r\nk\r\n*1\r\n" ENTRY("3-0"));
    assert_string_equal(try_run(try, "XREAD STREAMS k 3"), "_\r\n");
}

static void refuses_calls_that_cannot_be(void **state)
{
    static const struct try_row rows[] = {
        { "XREAD COUNT 1 STREAMS k",
          "-ERR Unbalanced 'xread' list of streams: for each stream key an ID "
          "or '$' must be specified.\r\n" },
        { "XREAD COUNT 1 NONSENSE x", "-ERR syntax error\r\n" },
        { "XREAD COUNT 1 COUNT 2", "-ERR syntax error\r\n" },
        { "XREAD BLOCK x STREAMS k 0", "-ERR timeout is not an integer or out of range\r\n" },
        { "XREAD BLOCK -1 STREAMS k 0", "-ERR timeout is negative\r\n" },
        { "XREAD BLOCK 9223372036854775807 STREAMS k 0", "-ERR timeout is out of range\r\n" },
        { "XREAD GROUP a b STREAMS k 0", "-ERR The GROUP option is only supported by XREADGROUP. "
                                         "You called XREAD instead.\r\n" },
        { "XREAD NOACK STREAMS k 0", "-ERR The NOACK option is only supported by XREADGROUP. You "
                                     "called XREAD instead.\r\n" },
        { "XREADGROUP NOACK COUNT 1 STREAMS k 0", "-ERR Missing GROUP option for XREADGROUP\r\n" },
        { "XREADGROUP GROUP none c STREAMS k >", NO_GROUP("none") },
        { "XREADGROUP GROUP g c STREAMS k x",
          "-ERR Invalid stream ID specified as stream command argument\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void a_group_reads_each_entry_once(void **state)
{
    static const struct try_row rows[] = {
        { "XREADGROUP GROUP g a COUNT 2 STREAMS k >", OF_K("*2\r\n" ENTRY("1-0") ENTRY("2-0")) },
        { "XREADGROUP GROUP g b STREAMS k >", OF_K("*1\r\n" ENTRY("3-0")) },
        { "XREADGROUP GROUP g b STREAMS k >", "*-1\r\n" },
        { "XDEL k 1-0", ":1\r\n" },
        { "XREADGROUP GROUP g a STREAMS k 0",
          OF_K("*2\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n" ENTRY("2-0")) },
        { "XREADGROUP GROUP g c STREAMS k 0", OF_K("*0\r\n") },
        { "XPENDING k g - + 9 a", "*2\r\n*4\r\n$3\r\n1-0\r\n$1\r\na\r\n:0\r\n:1\r\n"
                                  "*4\r\n$3\r\n2-0\r\n$1\r\na\r\n:0\r\n:2\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void announces_what_became_of_entries(void **state)
{
    struct try *try = *state;

    fill(try);
    try_run(try, "XREADGROUP GROUP g a COUNT 2 STREAMS k >");
    assert_string_equal(
        try_changes(try),
        "0: XCLAIM k g a 0 1-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-0\n"
        "0: XCLAIM k g a 0 2-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 2-0\n"
        "0: XGROUP SETID k g 2-0 ENTRIESREAD 2\n");
    try_run(try, "XREADGROUP GROUP g b NOACK STREAMS k >");
    assert_string_equal(try_changes(try), "0: XGROUP CREATECONSUMER k g b\n"
                                          "0: XGROUP SETID k g 3-0 ENTRIESREAD 3\n");
    try_run(try, "XREADGROUP GROUP g a STREAMS k 1-0");
    assert_string_equal(
        try_changes(try),
        "0: XCLAIM k g a 0 2-0 TIME 1700000000000 RETRYCOUNT 2 FORCE JUSTID LASTID 3-0\n");
    try_run(try, "XREADGROUP GROUP g a STREAMS k >");
    assert_string_equal(try_changes(try), "");
}

static void waits_for_what_comes_after_the_end_of_now(void **state)
{
    struct call_wait wait = { 0 };
    struct try *try = *state;

    fill(try);
    try->wait = &wait;
    assert_string_equal(try_run(try, "XREAD BLOCK 50 STREAMS none k $ $"), "");
    assert_true(wait.wanted);
    assert_ptr_equal(wait.type, &type_stream);
    assert_int_equal(wait.key_count, 2);
    assert_int_equal(wait.timeout_ms, 50);
    assert_true(wait.null_array);
    assert_false(wait.or_gone);
    assert_int_equal(wait.argc, 8);
    assert_true(span_equal(wait.argv[6], SPAN("0-0")));
    assert_true(span_equal(wait.argv[7], SPAN("3-0")));
}

static void somebody_who_waits_is_told_that_it_is_gone(void **state)
{
    struct call_wait wait = { 0 };
    struct try *try = *state;

    fill(try);
    try->wait = &wait;
    try_run(try, "XREADGROUP GROUP g a STREAMS k >");
    assert_string_equal(try_run(try, "XREADGROUP GROUP g a BLOCK 0 STREAMS k >"), "");
    assert_true(wait.wanted);
    assert_true(wait.or_gone);

    wait = (struct call_wait){ .again = true };
    try_run(try, "XGROUP DESTROY k g");
    assert_string_equal(
        try_run(try, "XREADGROUP GROUP g a BLOCK 0 STREAMS k >"),
        "-NOGROUP the consumer group this client was blocked on no longer exists\r\n");
    try_run(try, "SET k v");
    assert_string_equal(try_run(try, "XREADGROUP GROUP g a BLOCK 0 STREAMS k >"),
                        "-UNBLOCKED the stream key no longer exists\r\n");
    try_run(try, "DEL k");
    assert_string_equal(try_run(try, "XREADGROUP GROUP g a BLOCK 0 STREAMS k >"),
                        "-UNBLOCKED the stream key no longer exists\r\n");
    wait.again = false;
    assert_string_equal(try_run(try, "XREADGROUP GROUP g a BLOCK 0 STREAMS k >"), NO_GROUP("g"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(reads_what_is_behind_an_id),
        TRY(answers_a_map_in_resp3),
        TRY(refuses_calls_that_cannot_be),
        TRY(a_group_reads_each_entry_once),
        TRY(announces_what_became_of_entries),
        TRY(waits_for_what_comes_after_the_end_of_now),
        TRY(somebody_who_waits_is_told_that_it_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
