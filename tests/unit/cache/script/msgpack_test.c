/* MessagePack heads: the shortest that holds a value, and what is short or unknown. */

#include "cache/script/msgpack.h"

#include "cache/base/check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct written {
    double number;
    const char *head;
    size_t len;
};

#define HEAD(number_, literal_)                                                                    \
    {                                                                                              \
        .number = (number_), .head = (literal_), .len = sizeof(literal_) - 1                       \
    }

static void writes_numbers_as_short_as_they_are(void **state)
{
    static const struct written cases[] = {
        HEAD(0, "\0"),
        HEAD(127, "\x7f"),
        HEAD(128, "\xcc\x80"),
        HEAD(255, "\xcc\xff"),
        HEAD(256, "\xcd\1\0"),
        HEAD(65535, "\xcd\xff\xff"),
        HEAD(65536, "\xce\0\1\0\0"),
        HEAD(4294967295.0, "\xce\xff\xff\xff\xff"),
        HEAD(4294967296.0, "\xcf\0\0\0\1\0\0\0\0"),
        HEAD(-1, "\xff"),
        HEAD(-32, "\xe0"),
        HEAD(-33, "\xd0\xdf"),
        HEAD(-128, "\xd0\x80"),
        HEAD(-129, "\xd1\xff\x7f"),
        HEAD(-32768, "\xd1\x80\0"),
        HEAD(-32769, "\xd2\xff\xff\x7f\xff"),
        HEAD(-2147483648.0, "\xd2\x80\0\0\0"),
        HEAD(-2147483649.0, "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"),
        HEAD(-9223372036854775808.0, "\xd3\x80\0\0\0\0\0\0\0"),
        HEAD(9223372036854775808.0, "\xca\x5f\0\0\0"),
        HEAD(0.5, "\xca\x3f\0\0\0"),
        HEAD(0.1, "\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"),
        HEAD(INFINITY, "\xca\x7f\x80\0\0"),
    };
    char head[MSGPACK_HEAD_MAX];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(msgpack_put_number(head, cases[i].number), cases[i].len);
        assert_memory_equal(head, cases[i].head, cases[i].len);

        struct span bytes = { head, cases[i].len };
        struct msgpack_item item = msgpack_take(&bytes);
        assert_int_equal(item.kind, MSGPACK_NUMBER);
        assert_true(item.number == cases[i].number);
        assert_int_equal(bytes.len, 0);
    }
}

static void writes_counts_as_short_as_they_are(void **state)
{
    static const struct {
        size_t (*put)(char *head, size_t count);
        enum msgpack_kind kind;
        size_t count, len;
        unsigned char first;
    } cases[] = {
        { msgpack_put_array, MSGPACK_ARRAY, 0, 1, 0x90 },
        { msgpack_put_array, MSGPACK_ARRAY, 15, 1, 0x9f },
        { msgpack_put_array, MSGPACK_ARRAY, 16, 3, 0xdc },
        { msgpack_put_array, MSGPACK_ARRAY, 65536, 5, 0xdd },
        { msgpack_put_map, MSGPACK_MAP, 15, 1, 0x8f },
        { msgpack_put_map, MSGPACK_MAP, 65535, 3, 0xde },
        { msgpack_put_map, MSGPACK_MAP, 65536, 5, 0xdf },
    };
    char head[MSGPACK_HEAD_MAX];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(cases[i].put(head, cases[i].count), cases[i].len);
        assert_int_equal((unsigned char)head[0], cases[i].first);

        struct span bytes = { head, cases[i].len };
        struct msgpack_item item = msgpack_take(&bytes);
        assert_int_equal(item.kind, cases[i].kind);
        assert_int_equal(item.count, cases[i].count);
    }
}

static void writes_lengths_of_texts_as_short_as_they_are(void **state)
{
    static const struct {
        size_t len, head;
        unsigned char first;
    } cases[] = {
        { 0, 1, 0xa0 },   { 31, 1, 0xbf },    { 32, 2, 0xd9 },    { 255, 2, 0xd9 },
        { 256, 3, 0xda }, { 65535, 3, 0xda }, { 65536, 5, 0xdb },
    };
    char head[MSGPACK_HEAD_MAX];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(msgpack_put_text(head, cases[i].len), cases[i].head);
        assert_int_equal((unsigned char)head[0], cases[i].first);
    }
}

static void reads_a_text_where_it_lies(void **state)
{
    static const char bytes[] = "\xa3"
                                "abc\xc3";
    struct span rest = { bytes, sizeof(bytes) - 1 };
    (void)state;

    struct msgpack_item item = msgpack_take(&rest);
    assert_int_equal(item.kind, MSGPACK_TEXT);
    assert_ptr_equal(item.text.bytes, bytes + 1);
    assert_int_equal(item.text.len, 3);
    item = msgpack_take(&rest);
    assert_int_equal(item.kind, MSGPACK_BOOLEAN);
    assert_true(item.is);
    assert_int_equal(rest.len, 0);
}

static void leaves_what_it_cannot_take(void **state)
{
    static const struct {
        struct span bytes;
        enum msgpack_kind kind;
    } cases[] = {
        { { "", 0 }, MSGPACK_SHORT },
        { { "\xcd\1", 2 }, MSGPACK_SHORT },
        { { "\xcb\0\0\0\0\0\0\0", 8 }, MSGPACK_SHORT },
        { { "\xa2"
            "a",
            2 },
          MSGPACK_SHORT },
        { { "\xdb\xff\xff\xff\xff", 5 }, MSGPACK_SHORT },
        { { "\xc1", 1 }, MSGPACK_BAD },
        { { "\xc4\1a", 3 }, MSGPACK_BAD }, /* bin */
        { { "\xd4\1a", 3 }, MSGPACK_BAD }, /* ext */
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct span rest = cases[i].bytes;
        assert_int_equal(msgpack_take(&rest).kind, cases[i].kind);
        assert_int_equal(rest.len, cases[i].bytes.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_numbers_as_short_as_they_are),
        cmocka_unit_test(writes_counts_as_short_as_they_are),
        cmocka_unit_test(writes_lengths_of_texts_as_short_as_they_are),
        cmocka_unit_test(reads_a_text_where_it_lies),
        cmocka_unit_test(leaves_what_it_cannot_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
