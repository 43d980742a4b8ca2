/* The last bytes of the replication stream. */

#include "proxy/replication/backlog.h"

#include "cache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void collect(void *context, struct span bytes)
{
    bool fits = buf_add(context, bytes);
    assert_true(fits);
}

static void assert_reads(const struct backlog *backlog, uint64_t offset, struct span wanted)
{
    struct buf got;

    buf_init(&got, SIZE_MAX / 2);
    assert_true(backlog_reaches(backlog, offset));
    backlog_read(backlog, offset, collect, &got);
    assert_int_equal(got.len, wanted.len);
    assert_memory_equal(buf_span(&got).bytes, wanted.bytes, wanted.len);
    buf_fini(&got);
}

static void keeps_the_last_bytes_exactly(void **state)
{
    (void)state;
    struct backlog backlog = { 0 };

    backlog_open(&backlog, 10, 100);
    backlog_add(&backlog, SPAN("abcdefg"));
    assert_int_equal(backlog_begin(&backlog), 101);
    assert_reads(&backlog, 101, SPAN("abcdefg"));
    assert_reads(&backlog, 105, SPAN("efg"));
    backlog_add(&backlog, SPAN("hijklm"));
    assert_int_equal(backlog.len, 10);
    assert_int_equal(backlog_begin(&backlog), 104);
    assert_reads(&backlog, 104, SPAN("defghijklm"));
    backlog_close(&backlog);
}

static void reaches_from_the_first_byte_kept_to_the_next_one(void **state)
{
    (void)state;
    struct backlog backlog = { 0 };

    assert_false(backlog_reaches(&backlog, 0));
    backlog_open(&backlog, 3, 0);
    assert_true(backlog_reaches(&backlog, 1));
    assert_false(backlog_reaches(&backlog, 2));
    backlog_add(&backlog, SPAN("abcde"));
    assert_false(backlog_reaches(&backlog, 2));
    assert_true(backlog_reaches(&backlog, 3));
    assert_true(backlog_reaches(&backlog, 6));
    assert_false(backlog_reaches(&backlog, 7));
    assert_reads(&backlog, 6, SPAN(""));
    backlog_close(&backlog);
}

static void is_the_same_however_many_blocks_it_takes(void **state)
{
    (void)state;
    enum { LEN = 200 * 1000, MAX = 70 * 1000, STEP = 777 };
    static char text[LEN];
    struct backlog backlog = { 0 };

    for (size_t i = 0; i < LEN; i++) {
        text[i] = (char)('a' + i * 7 % 23);
    }
    backlog_open(&backlog, MAX, 0);
    for (size_t at = 0; at < LEN; at += STEP) {
        size_t len = LEN - at < STEP ? LEN - at : STEP;
        backlog_add(&backlog, (struct span){ text + at, len });
    }
    assert_int_equal(backlog.end, LEN + 1);
    assert_reads(&backlog, LEN - MAX + 1, (struct span){ text + LEN - MAX, MAX });
    assert_reads(&backlog, LEN - 20000 + 1, (struct span){ text + LEN - 20000, 20000 });
    assert_true(backlog_memory(&backlog) < MAX + 2 * 16 * 1024);
    backlog_close(&backlog);
    assert_int_equal(backlog_memory(&backlog), 0);
}

static void forgets_the_oldest_when_it_is_made_smaller(void **state)
{
    (void)state;
    struct backlog backlog = { 0 };

    backlog_open(&backlog, 100, 0);
    backlog_add(&backlog, SPAN("abcdefgh"));
    backlog_set_max(&backlog, 3);
    assert_reads(&backlog, 6, SPAN("fgh"));
    assert_false(backlog_reaches(&backlog, 5));
    backlog_set_max(&backlog, 5);
    backlog_add(&backlog, SPAN("ijk"));
    assert_reads(&backlog, 7, SPAN("ghijk"));
    backlog_close(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_last_bytes_exactly),
        cmocka_unit_test(reaches_from_the_first_byte_kept_to_the_next_one),
        cmocka_unit_test(is_the_same_however_many_blocks_it_takes),
        cmocka_unit_test(forgets_the_oldest_when_it_is_made_smaller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
