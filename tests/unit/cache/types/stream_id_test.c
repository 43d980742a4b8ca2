/* Ids of stream entries: their order, their bytes, their text. */

#include "cache/base/check.h"
#include "cache/types/stream_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_id(struct stream_id id, uint64_t ms, uint64_t seq)
{
    assert_int_equal(id.ms, ms);
    assert_int_equal(id.seq, seq);
}

static void steps_over_the_end_of_a_millisecond(void **state)
{
    struct stream_id id = { 5, UINT64_MAX };
    (void)state;

    assert_true(stream_id_increment(&id));
    assert_id(id, 6, 0);
    assert_true(stream_id_decrement(&id));
    assert_id(id, 5, UINT64_MAX);
}

static void does_not_step_over_the_ends(void **state)
{
    struct stream_id max = STREAM_ID_MAX;
    struct stream_id min = STREAM_ID_MIN;
    (void)state;

    assert_false(stream_id_increment(&max));
    assert_id(max, UINT64_MAX, UINT64_MAX);
    assert_false(stream_id_decrement(&min));
    assert_id(min, 0, 0);
}

static void bytes_have_the_order_of_ids(void **state)
{
    static const struct stream_id ids[] = {
        { 0, 0 },   { 0, 1 },   { 0, 256 },        { 0, UINT64_MAX }, { 1, 0 },
        { 255, 9 }, { 256, 0 }, { 1ull << 40, 3 }, { ~0ull, 0 },      { ~0ull, ~0ull },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(ids); i++) {
        uint8_t bytes[STREAM_ID_BYTES], before[STREAM_ID_BYTES];
        stream_id_write(bytes, ids[i]);
        assert_true(stream_id_equal(stream_id_read(bytes), ids[i]));
        if (i > 0) {
            stream_id_write(before, ids[i - 1]);
            assert_true(memcmp(before, bytes, sizeof(bytes)) < 0);
            assert_true(stream_id_compare(ids[i - 1], ids[i]) < 0);
            assert_true(stream_id_compare(ids[i], ids[i - 1]) > 0);
        }
    }
}

static void text_comes_back(void **state)
{
    static const struct {
        struct stream_id id;
        const char *text;
    } rows[] = {
        { { 0, 0 }, "0-0" },
        { { 1700000000000, 7 }, "1700000000000-7" },
        { { UINT64_MAX, UINT64_MAX }, "18446744073709551615-18446744073709551615" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[STREAM_ID_TEXT_MAX];
        struct stream_id id;
        struct span span = { text, stream_id_format(text, rows[i].id) };
        assert_true(span_equal(span, span_from(rows[i].text)));
        assert_true(stream_id_parse(span, 1, &id, NULL));
        assert_true(stream_id_equal(id, rows[i].id));
    }
}

static void reads_what_redis_reads(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms, seq;
    } rows[] = {
        { "5", 5, 77 },
        { "5-0", 5, 0 },
        { "05-01", 5, 1 },
        { " 5", 5, 77 },
        { "+5-1", 5, 1 },
        { "18446744073709551615", UINT64_MAX, 77 },
        { "5--05", 5, UINT64_MAX - 4 },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stream_id id;
        assert_true(stream_id_parse(span_from(rows[i].text), 77, &id, NULL));
        assert_id(id, rows[i].ms, rows[i].seq);
    }
}

static void refuses_what_is_no_id(void **state)
{
    static const char *const texts[] = { "",
                                         "-",
                                         "+",
                                         "x",
                                         "5-",
                                         "-5",
                                         "5-x",
                                         "5--5",
                                         "5-*",
                                         "5 ",
                                         "5-1 ",
                                         "1-2-3",
                                         "18446744073709551616" };
    char nines[200];
    struct stream_id id;
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_false(stream_id_parse(span_from(texts[i]), 0, &id, NULL));
    }
    memset(nines, '9', sizeof(nines));
    assert_false(stream_id_parse((struct span){ nines, sizeof(nines) }, 0, &id, NULL));
}

static void leaves_the_second_part_open_if_that_may_be(void **state)
{
    struct stream_id id;
    bool any_seq = false;
    (void)state;

    assert_true(stream_id_parse(SPAN("5-1"), 0, &id, &any_seq));
    assert_false(any_seq);
    assert_true(stream_id_parse(SPAN("5-*"), 0, &id, &any_seq));
    assert_true(any_seq);
    assert_id(id, 5, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_over_the_end_of_a_millisecond),
        cmocka_unit_test(does_not_step_over_the_ends),
        cmocka_unit_test(bytes_have_the_order_of_ids),
        cmocka_unit_test(text_comes_back),
        cmocka_unit_test(reads_what_redis_reads),
        cmocka_unit_test(refuses_what_is_no_id),
        cmocka_unit_test(leaves_the_second_part_open_if_that_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
