/* Requests out of a file: whole ones, one that is cut anywhere, and what is none. */

#include "cache/persist/aof_text.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SET  "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n"
#define NOTE "#TS:1628217470\r\n"

static enum aof_item first_item(struct span bytes, size_t *at)
{
    struct aof_text text;

    /* A copy of just that length: a byte too many is for the sanitizer to find. */
    char *copy = memory_alloc(bytes.len + (bytes.len == 0));
    memcpy(copy, bytes.bytes, bytes.len);
    aof_text_init(&text, (struct span){ copy, bytes.len }, 0);
    enum aof_item item = aof_text_next(&text);
    *at = text.at;
    aof_text_fini(&text);
    memory_free(copy);
    return item;
}

static void takes_one_after_the_other(void **state)
{
    struct aof_text text;
    struct span file = SPAN(NOTE SET NOTE NOTE "*1\r\n$0\r\n\r\n" NOTE);

    (void)state;
    aof_text_init(&text, file, 0);
    assert_int_equal(aof_text_next(&text), AOF_REQUEST);
    assert_int_equal(text.argc, 3);
    assert_true(span_equal(text.argv[0], SPAN("SET")));
    assert_true(span_equal(text.argv[2], SPAN("\r\n")));
    assert_int_equal(text.at, sizeof(NOTE SET) - 1);
    assert_int_equal(aof_text_next(&text), AOF_REQUEST);
    assert_int_equal(text.argc, 1);
    assert_int_equal(text.argv[0].len, 0);
    assert_int_equal(aof_text_next(&text), AOF_END);
    assert_int_equal(text.at, file.len);
    assert_int_equal(aof_text_next(&text), AOF_END);
    aof_text_fini(&text);
}

static void a_request_may_be_cut_anywhere(void **state)
{
    size_t at;

    (void)state;
    for (size_t len = 1; len < sizeof(SET) - 1; len++) {
        assert_int_equal(first_item((struct span){ SET, len }, &at), AOF_CUT);
        assert_int_equal(at, 0);
    }
    for (size_t len = 1; len < sizeof(NOTE) - 1; len++) {
        assert_int_equal(first_item((struct span){ NOTE, len }, &at), AOF_CUT);
    }
    assert_int_equal(first_item(SPAN(NOTE "*3\r\n$3\r\nSE"), &at), AOF_CUT);
    assert_int_equal(at, sizeof(NOTE) - 1);
    assert_int_equal(first_item(SPAN(""), &at), AOF_END);
}

static void a_number_asks_for_no_memory(void **state)
{
    size_t at;

    (void)state;
    assert_int_equal(first_item(SPAN("*18446744073709551615\r\n$1\r\na\r\n"), &at), AOF_CUT);
    assert_int_equal(first_item(SPAN("*1\r\n$18446744073709551615\r\na\r\n"), &at), AOF_CUT);
    assert_int_equal(first_item(SPAN("*1\r\n$18446744073709551616\r\na\r\n"), &at), AOF_BROKEN);
}

static void what_is_no_request_is_found(void **state)
{
    static const char *const rows[] = {
        "!!!",
        "SET k v\r\n",
        "*\r\n",
        "*0\r\n",
        "*-1\r\n",
        "*1\n$1\r\na\r\n",
        "*01\r\n",
        "*1\r\n+a\r\n$1\r\na\r\n",
        "*1\r\n$-1\r\n123456",
        "*1\r\n$1\r\nab\r\n",
        "*1\r\n$2\r\na\r\n*1\r\n",
    };
    size_t at;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(first_item(span_from(rows[i]), &at), AOF_BROKEN);
        assert_int_equal(at, 0);
    }
}

static void a_line_that_never_ends_is_no_line(void **state)
{
    char line[200];
    size_t at;

    (void)state;
    memset(line, '1', sizeof(line));
    line[0] = '*';
    assert_int_equal(first_item((struct span){ line, 126 }, &at), AOF_CUT);
    assert_int_equal(first_item((struct span){ line, 127 }, &at), AOF_BROKEN);
    assert_int_equal(first_item((struct span){ line, sizeof(line) }, &at), AOF_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_one_after_the_other),
        cmocka_unit_test(a_request_may_be_cut_anywhere),
        cmocka_unit_test(a_number_asks_for_no_memory),
        cmocka_unit_test(what_is_no_request_is_found),
        cmocka_unit_test(a_line_that_never_ends_is_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
