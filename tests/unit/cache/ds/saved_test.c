/* RDB's lengths, strings and numbers. */

#include "cache/ds/saved.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct saved {
    struct buf out;
    struct saver saver;
};

static void begin(struct saved *saved)
{
    buf_init(&saved->out, 1 << 20);
    saved->saver = (struct saver){ .out = &saved->out, .compress = true };
}

static void end(struct saved *saved)
{
    buf_fini(&saved->out);
}

static void assert_saved(const struct saved *saved, struct span expected)
{
    assert_int_equal(saved->out.len, expected.len);
    assert_true(span_equal(buf_span(&saved->out), expected));
}

static void writes_lengths_as_redis_does(void **state)
{
    (void)state;
    const struct {
        uint64_t len;
        struct span bytes;
    } rows[] = {
        { 0, SPAN("\x00") },
        { 63, SPAN("\x3f") },
        { 64, SPAN("\x40\x40") },
        { 16383, SPAN("\x7f\xff") },
        { 16384, SPAN("\x80\x00\x00\x40\x00") },
        { UINT32_MAX, SPAN("\x80\xff\xff\xff\xff") },
        { UINT64_C(1) << 32, SPAN("\x81\x00\x00\x00\x01\x00\x00\x00\x00") },
        { UINT64_MAX, SPAN("\x81\xff\xff\xff\xff\xff\xff\xff\xff") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct saved saved;
        struct loader loader;
        uint64_t len;
        begin(&saved);
        save_len(&saved.saver, rows[i].len);
        assert_saved(&saved, rows[i].bytes);
        loader_init(&loader, buf_span(&saved.out));
        assert_true(load_len(&loader, &len));
        assert_true(len == rows[i].len);
        assert_int_equal(loader.in.len, 0);
        loader_fini(&loader);
        end(&saved);
    }
}

static void writes_strings_as_redis_does(void **state)
{
    (void)state;
    const struct {
        struct span text;
        struct span bytes;
    } rows[] = {
        { SPAN(""), SPAN("\x00") },
        { SPAN("ab"), SPAN("\x02"
                           "ab") },
        { SPAN("0"), SPAN("\xc0\x00") },
        { SPAN("-128"), SPAN("\xc0\x80") },
        { SPAN("128"), SPAN("\xc1\x80\x00") },
        { SPAN("-32768"), SPAN("\xc1\x00\x80") },
        { SPAN("32768"), SPAN("\xc2\x00\x80\x00\x00") },
        { SPAN("-2147483648"), SPAN("\xc2\x00\x00\x00\x80") },
        { SPAN("2147483648"), SPAN("\x0a"
                                   "2147483648") },
        { SPAN("007"), SPAN("\x03"
                            "007") },
        { SPAN("abcdefghijklmnopqrst"), SPAN("\x14"
                                             "abcdefghijklmnopqrst") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct saved saved;
        struct loader loader;
        struct span text;
        begin(&saved);
        save_string(&saved.saver, rows[i].text);
        assert_saved(&saved, rows[i].bytes);
        loader_init(&loader, buf_span(&saved.out));
        assert_true(load_string(&loader, &text));
        assert_true(span_equal(text, rows[i].text));
        loader_fini(&loader);
        end(&saved);
    }
}

static void compresses_what_gains_by_it_and_only_if_told_to(void **state)
{
    (void)state;
    char same[1000];
    memset(same, 'x', sizeof(same));
    struct span text = { same, sizeof(same) };

    for (int compress = 0; compress < 2; compress++) {
        struct saved saved;
        struct loader loader;
        struct span back;
        begin(&saved);
        saved.saver.compress = compress;
        save_string(&saved.saver, text);
        assert_true((saved.out.len < 100) == compress);
        loader_init(&loader, buf_span(&saved.out));
        assert_true(load_string(&loader, &back));
        assert_true(span_equal(back, text));
        loader_fini(&loader);
        end(&saved);
    }
}

static void a_block_is_never_an_integer(void **state)
{
    (void)state;
    struct saved saved;
    begin(&saved);
    save_block(&saved.saver, SPAN("12"));
    assert_saved(&saved, SPAN("\x02"
                              "12"));
    end(&saved);
}

static void numbers_come_back(void **state)
{
    (void)state;
    struct saved saved;
    struct loader loader;
    double number;
    int64_t ms;

    begin(&saved);
    save_double(&saved.saver, -0.5);
    save_ms(&saved.saver, INT64_MIN);
    save_double(&saved.saver, INFINITY);
    loader_init(&loader, buf_span(&saved.out));
    assert_true(load_double(&loader, &number));
    assert_true(number == -0.5);
    assert_true(load_ms(&loader, &ms));
    assert_true(ms == INT64_MIN);
    assert_true(load_double(&loader, &number));
    assert_true(isinf(number));
    assert_false(load_double(&loader, &number));
    loader_fini(&loader);
    end(&saved);
}

static void reads_the_doubles_of_old_files(void **state)
{
    (void)state;
    const struct {
        struct span bytes;
        double number;
    } rows[] = {
        { SPAN("\x03"
               "1.5"),
          1.5 },
        { SPAN("\x02-7"), -7 },
        { SPAN("\xfe"), INFINITY },
        { SPAN("\xff"), -INFINITY },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct loader loader;
        double number;
        loader_init(&loader, rows[i].bytes);
        assert_true(load_text_double(&loader, &number));
        assert_true(number == rows[i].number);
        loader_fini(&loader);
    }
    struct loader loader;
    double number;
    loader_init(&loader, SPAN("\xfd"));
    assert_true(load_text_double(&loader, &number));
    assert_true(isnan(number));
    loader_fini(&loader);
}

static void a_saver_stops_at_the_maximum(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4);
    struct saver saver = { .out = &out };
    save_string(&saver, SPAN("abcdef"));
    assert_true(saver.full);
    save_byte(&saver, 1);
    assert_true(out.len <= 4);
    buf_fini(&out);
}

static bool read_string(struct loader *loader)
{
    struct span text;
    return load_string(loader, &text);
}

static bool read_len(struct loader *loader)
{
    uint64_t len;
    return load_len(loader, &len);
}

static bool read_count_of_pairs(struct loader *loader)
{
    uint64_t count;
    return load_count(loader, 2, &count);
}

static bool read_text_double(struct loader *loader)
{
    double number;
    return load_text_double(loader, &number);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    const struct {
        bool (*read)(struct loader *loader);
        struct span bytes;
    } rows[] = {
        { read_string, SPAN("") },
        { read_string, SPAN("\x02"
                            "a") },
        { read_string, SPAN("\x81\xff\xff\xff\xff\xff\xff\xff\xff"
                            "a") },
        { read_string, SPAN("\x80\x00") },
        { read_string, SPAN("\x82\x00\x00\x00\x01"
                            "a") },
        { read_string, SPAN("\xc2\x00\x00") },
        { read_string, SPAN("\xc4\x00") },
        /* Compressed: no bytes; too long for what is there; broken; another length. */
        { read_string, SPAN("\xc3\x05\x0a\x00") },
        { read_string, SPAN("\xc3\x01\x80\x40\x00\x00\x00\x00") },
        { read_string, SPAN("\xc3\x02\x0a\xff\xff") },
        { read_string, SPAN("\xc3\x02\x03\x00"
                            "a") },
        { read_string, SPAN("\xc3\x00\x00") },
        { read_len, SPAN("\xc0\x01") },
        { read_len, SPAN("\x40") },
        { read_count_of_pairs, SPAN("\x02"
                                    "abc") },
        { read_text_double, SPAN("\x03"
                                 "1.") },
        { read_text_double, SPAN("\x02"
                                 "xy") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct loader loader;
        /* A block of exactly its size, so that the sanitizer sees a byte too many. */
        char *exact = memory_alloc(rows[i].bytes.len + 1);
        memcpy(exact, rows[i].bytes.bytes, rows[i].bytes.len);
        exact = memory_resize(exact, rows[i].bytes.len > 0 ? rows[i].bytes.len : 1);
        loader_init(&loader, (struct span){ exact, rows[i].bytes.len });
        assert_false(rows[i].read(&loader));
        assert_non_null(loader.why);
        loader_fini(&loader);
        memory_free(exact);
    }
}

static void stays_failed_and_remembers_the_first_reason(void **state)
{
    (void)state;
    struct loader loader;
    uint8_t byte;
    loader_init(&loader, SPAN("abc"));
    assert_false(load_failed(&loader, "first"));
    assert_false(load_byte(&loader, &byte));
    assert_false(load_failed(&loader, "second"));
    assert_string_equal(loader.why, "first");
    loader_fini(&loader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lengths_as_redis_does),
        cmocka_unit_test(writes_strings_as_redis_does),
        cmocka_unit_test(compresses_what_gains_by_it_and_only_if_told_to),
        cmocka_unit_test(a_block_is_never_an_integer),
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(reads_the_doubles_of_old_files),
        cmocka_unit_test(a_saver_stops_at_the_maximum),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(stays_failed_and_remembers_the_first_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
