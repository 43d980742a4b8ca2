/* Listpacks: the bytes that Redis writes, the edges of every encoding, and a random run against
 * an array of texts. */

#include "cache/ds/listpack.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_bytes(const struct listpack *pack, const char *bytes, size_t len)
{
    assert_int_equal(listpack_bytes(pack), len);
    assert_memory_equal(pack, bytes, len);
}

static struct span whole(const struct listpack *pack)
{
    return (struct span){ (const char *)pack, listpack_bytes(pack) };
}

static void assert_sound(const struct listpack *pack, size_t count)
{
    size_t found;
    assert_true(listpack_is_sound(whole(pack), &found));
    assert_int_equal(found, count);
    assert_int_equal(listpack_count(pack), count);
}

static void assert_text(const struct listpack *pack, size_t at, struct span text)
{
    char room[NUMBER_TEXT_MAX];
    assert_int_not_equal(at, 0);
    struct span found = listpack_text(pack, at, room);
    assert_int_equal(found.len, text.len);
    assert_true(span_equal(found, text));
    assert_true(listpack_is(pack, at, text));
}

static void an_empty_one_has_seven_bytes(void **state)
{
    (void)state;
    struct listpack *pack = listpack_new(0);
    assert_bytes(pack, "\x07\0\0\0\0\0\xff", 7);
    assert_sound(pack, 0);
    assert_int_equal(listpack_first(pack), 0);
    assert_int_equal(listpack_last(pack), 0);
    assert_int_equal(listpack_at(pack, 0), 0);
    assert_int_equal(listpack_at(pack, -1), 0);
    memory_free(pack);
}

/* What redis-server 7.0.15 has in the DUMP of a hash made by HSET h field 1 n -5000. */
static void its_bytes_are_those_of_redis(void **state)
{
    (void)state;
    struct listpack *pack = listpack_new(0);
    listpack_append(&pack, SPAN("field"));
    listpack_append(&pack, SPAN("1"));
    listpack_append(&pack, SPAN("n"));
    listpack_append(&pack, SPAN("-5000"));
    assert_bytes(pack,
                 "\x17\0\0\0\x04\0"
                 "\x85"
                 "field\x06"
                 "\x01\x01"
                 "\x81n\x02"
                 "\xf1\x78\xec\x03"
                 "\xff",
                 23);
    memory_free(pack);
}

static void each_integer_takes_its_shortest_form(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        size_t bytes;
    } rows[] = {
        { 0, 2 },          { 127, 2 },        { 128, 3 },           { -1, 3 },
        { 4095, 3 },       { 4096, 4 },       { -4096, 3 },         { -4097, 4 },
        { INT16_MAX, 4 },  { INT16_MIN, 4 },  { INT16_MAX + 1, 5 }, { INT16_MIN - 1, 5 },
        { 8388607, 5 },    { -8388608, 5 },   { 8388608, 6 },       { -8388609, 6 },
        { INT32_MAX, 6 },  { INT32_MIN, 6 },  { 2147483648, 10 },   { -2147483649, 10 },
        { INT64_MAX, 10 }, { INT64_MIN, 10 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[NUMBER_TEXT_MAX];
        struct span span = { text, number_format(text, rows[i].number) };
        struct listpack *pack = listpack_new(0);
        struct listpack *same = listpack_new(0);
        int64_t number;

        listpack_append_number(&pack, rows[i].number);
        listpack_append(&same, span);
        assert_bytes(same, (const char *)pack, listpack_bytes(pack));
        assert_int_equal(listpack_bytes(pack), LISTPACK_EMPTY_BYTES + rows[i].bytes);
        assert_int_equal(listpack_element_bytes(span), rows[i].bytes);
        assert_true(listpack_number(pack, listpack_first(pack), &number));
        assert_true(number == rows[i].number);
        assert_text(pack, listpack_last(pack), span);
        assert_sound(pack, 1);
        memory_free(pack);
        memory_free(same);
    }
}

static void what_only_looks_like_an_integer_stays_a_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "-", "-0", "00", "01", "+1", "1.0", " 1", "9223372036854775808", "-9223372036854775809",
    };
    struct listpack *pack = listpack_new(0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t number;
        listpack_append(&pack, span_from(texts[i]));
        assert_false(listpack_number(pack, listpack_last(pack), &number));
        assert_text(pack, listpack_last(pack), span_from(texts[i]));
    }
    assert_sound(pack, COUNT(texts));
    memory_free(pack);
}

/* Around each length at which the head or the length backwards becomes longer. */
static void holds_texts_of_any_length(void **state)
{
    (void)state;
    static const size_t lens[] = {
        0,     1,     62,    63,    64,    125,   126,     127,     128,     4094,    4095,    4096,
        16376, 16377, 16378, 16379, 16380, 16381, 2097144, 2097145, 2097146, 2097147, 2097148,
    };
    static char text[2097148];
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < COUNT(lens); i++) {
        struct listpack *pack = listpack_new(0);
        struct span span = { text, lens[i] };
        listpack_append(&pack, SPAN("before"));
        listpack_append(&pack, span);
        assert_int_equal(listpack_bytes(pack),
                         LISTPACK_EMPTY_BYTES + 8 + listpack_element_bytes(span));
        listpack_append(&pack, SPAN("7"));
        assert_sound(pack, 3);
        assert_text(pack, listpack_at(pack, 1), span);
        assert_text(pack, listpack_at(pack, -2), span);
        assert_text(pack, listpack_previous(pack, listpack_at(pack, 1)), SPAN("before"));
        memory_free(pack);
    }
}

static void finds_and_skips(void **state)
{
    (void)state;
    static const char *const texts[] = { "a", "7", "7", "b", "-300", "a", "c", "c" };
    struct listpack *pack = listpack_new(0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        listpack_append(&pack, span_from(texts[i]));
    }
    size_t first = listpack_first(pack);
    assert_int_equal(listpack_find(pack, first, SPAN("7"), 0), listpack_at(pack, 1));
    assert_int_equal(listpack_find(pack, first, SPAN("7"), 1), listpack_at(pack, 2));
    assert_int_equal(listpack_find(pack, first, SPAN("b"), 1), 0);
    assert_int_equal(listpack_find(pack, first, SPAN("a"), 1), first);
    assert_int_equal(listpack_find(pack, listpack_next(pack, first), SPAN("a"), 0),
                     listpack_at(pack, 5));
    assert_int_equal(listpack_find(pack, first, SPAN("-300"), 3), listpack_at(pack, 4));
    assert_int_equal(listpack_find(pack, first, SPAN("300"), 0), 0);
    assert_int_equal(listpack_find(pack, first, SPAN("c"), 100), 0);
    memory_free(pack);
}

static void an_index_counts_from_either_end(void **state)
{
    (void)state;
    struct listpack *pack = listpack_new(0);
    for (int64_t i = 0; i < 10; i++) {
        listpack_append_number(&pack, 1000 + i);
    }
    for (int64_t i = 0; i < 10; i++) {
        int64_t number;
        assert_true(listpack_number(pack, listpack_at(pack, i), &number));
        assert_int_equal(number, 1000 + i);
        assert_int_equal(listpack_at(pack, i - 10), listpack_at(pack, i));
    }
    assert_int_equal(listpack_at(pack, 10), 0);
    assert_int_equal(listpack_at(pack, -11), 0);
    assert_int_equal(listpack_at(pack, INT64_MAX), 0);
    assert_int_equal(listpack_at(pack, INT64_MIN), 0);
    memory_free(pack);
}

static void counts_more_than_its_header_can_say(void **state)
{
    (void)state;
    enum { MANY = 70000 };
    struct listpack *pack = listpack_new(0);
    for (size_t i = 0; i < MANY; i++) {
        listpack_append_number(&pack, (int64_t)i);
        if (i + 1 == 65534 || i + 1 == 65535 || i + 1 == 65536) {
            assert_int_equal(listpack_count(pack), i + 1);
        }
    }
    assert_sound(pack, MANY);
    assert_text(pack, listpack_at(pack, 69999), SPAN("69999"));
    assert_text(pack, listpack_at(pack, -70000), SPAN("0"));
    assert_int_equal(listpack_at(pack, MANY), 0);
    assert_int_equal(listpack_at(pack, -MANY - 1), 0);
    listpack_remove(&pack, listpack_first(pack), MANY - 1);
    assert_sound(pack, 1);
    memory_free(pack);
}

static void gives_memory_back(void **state)
{
    (void)state;
    struct listpack *pack = listpack_new(4096);
    for (int64_t i = 0; i < 1000; i++) {
        listpack_append_number(&pack, i);
    }
    listpack_remove(&pack, listpack_first(pack), 990);
    assert_true(memory_usable(pack) <= 128);
    assert_sound(pack, 10);
    memory_free(pack);

    pack = listpack_new(4096);
    listpack_append(&pack, SPAN("x"));
    listpack_shrink(&pack);
    assert_true(memory_usable(pack) <= 32);
    assert_sound(pack, 1);
    memory_free(pack);
}

static void joins_another(void **state)
{
    (void)state;
    struct listpack *pack = listpack_new(0);
    struct listpack *other = listpack_new(0);
    listpack_append(&pack, SPAN("a"));
    listpack_join(&pack, other);
    assert_sound(pack, 1);
    listpack_append(&other, SPAN("b"));
    listpack_append(&other, SPAN("12345"));
    listpack_join(&pack, other);
    assert_sound(pack, 3);
    assert_text(pack, listpack_at(pack, 2), SPAN("12345"));
    memory_free(pack);
    memory_free(other);
}

static void may_lie_at_any_alignment_to_be_read(void **state)
{
    (void)state;
    char room[64];
    struct listpack *pack = listpack_new(0);
    listpack_append(&pack, SPAN("odd"));
    listpack_append(&pack, SPAN("100000"));
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(room + shift, pack, listpack_bytes(pack));
        const struct listpack *inside = (const struct listpack *)(room + shift);
        assert_sound(inside, 2);
        assert_text(inside, listpack_last(inside), SPAN("100000"));
    }
    memory_free(pack);
}

/* A text that is an integer, and an integer that is too wide: nobody makes them, Redis loads
 * them. */
static void compares_what_is_oddly_encoded(void **state)
{
    (void)state;
    static const char bytes[] = "\x0f\0\0\0\x02\0"
                                "\x82"
                                "12\x03"
                                "\xf1\x05\x00\x03"
                                "\xff";
    const struct listpack *pack = (const struct listpack *)bytes;
    assert_sound(pack, 2);
    size_t first = listpack_first(pack);
    assert_int_equal(listpack_find(pack, first, SPAN("12"), 0), first);
    assert_int_equal(listpack_find(pack, first, SPAN("5"), 0), listpack_at(pack, 1));
}

struct bad_row {
    const char *bytes;
    size_t len;
};

static void refuses_what_is_broken(void **state)
{
    (void)state;
    static const struct bad_row rows[] = {
        { "", 0 },
        { "\x06\0\0\0\0\0", 6 },
        { "\x07\0\0\0\0\0\xfe", 7 },           /* no end */
        { "\x08\0\0\0\0\0\xff", 7 },           /* longer than it is */
        { "\x07\0\0\0\0\0\xff\xff", 8 },       /* shorter */
        { "\x07\0\0\0\x01\0\xff", 7 },         /* count without an element */
        { "\x09\0\0\0\0\0\x01\x01\xff", 9 },   /* an element that is not counted */
        { "\x09\0\0\0\x01\0\x01\x02\xff", 9 }, /* wrong length backwards */
        { "\x09\0\0\0\x01\0\x01\xff\xff", 9 },
        { "\x08\0\0\0\x01\0\x01\xff", 8 },     /* none */
        { "\x09\0\0\0\x01\0\x85\x06\xff", 9 }, /* text past the end */
        { "\x09\0\0\0\x01\0\xe0\x02\xff", 9 }, /* the same of a longer one */
        { "\x09\0\0\0\x01\0\xf0\x02\xff", 9 }, /* length past the end */
        { "\x09\0\0\0\x01\0\xf4\x02\xff", 9 }, /* integer past the end */
        { "\x09\0\0\0\x01\0\xf5\x02\xff", 9 }, /* no such encoding */
        { "\x09\0\0\0\x01\0\xff\x01\xff", 9 }, /* an end before the end */
        { "\x0d\0\0\0\x01\0\xf0\xff\xff\xff\xff\x05\xff", 13 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t count;
        char *copy = memory_copy_text(rows[i].bytes, rows[i].len);
        if (listpack_is_sound((struct span){ copy, rows[i].len }, &count)) {
            fail_msg("row %zu was accepted", i);
        }
        memory_free(copy);
    }
}

/* --- against an array --- */

enum { MODEL_MAX = 200, MODEL_TEXT = 300 };

struct model {
    struct listpack *pack;
    struct span texts[MODEL_MAX];
    size_t count;
    uint64_t random;
};

static struct span any_text(struct model *m)
{
    static char texts[3 * MODEL_TEXT];
    char number[NUMBER_TEXT_MAX];
    size_t len = random_below(&m->random, random_below(&m->random, 2) == 0 ? 5 : MODEL_TEXT);

    if (random_below(&m->random, 2) == 0) {
        int64_t wide = (int64_t)random_next(&m->random) >> random_below(&m->random, 64);
        len = number_format(number, wide);
        memcpy(texts, number, len);
    } else {
        memset(texts, (int)('a' + random_below(&m->random, 3)), len);
    }
    return (struct span){ texts, len };
}

static void model_insert(struct model *m, size_t at, struct span text)
{
    memmove(m->texts + at + 1, m->texts + at, (m->count - at) * sizeof(*m->texts));
    m->texts[at] = (struct span){ memory_copy_text(text.bytes, text.len), text.len };
    m->count++;
}

static void model_remove(struct model *m, size_t at, size_t count)
{
    for (size_t i = at; i < at + count; i++) {
        memory_free((char *)m->texts[i].bytes);
    }
    m->count -= count;
    memmove(m->texts + at, m->texts + at + count, (m->count - at) * sizeof(*m->texts));
}

static size_t model_find(const struct model *m, size_t from, struct span text, size_t skip)
{
    for (size_t i = from; i < m->count; i += skip + 1) {
        if (span_equal(m->texts[i], text)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void step(struct model *m)
{
    struct span text = any_text(m);
    size_t at = m->count == 0 ? 0 : random_below(&m->random, m->count);
    size_t offset = listpack_at(m->pack, (int64_t)at);
    uint64_t what = random_below(&m->random, m->count > 150 ? 14 : 10);

    if (m->count == 0 || what < 2) {
        listpack_append(&m->pack, text);
        model_insert(m, m->count, text);
    } else if (what < 4) {
        listpack_prepend(&m->pack, text);
        model_insert(m, 0, text);
    } else if (what < 6) {
        assert_int_equal(listpack_insert(&m->pack, offset, text), offset);
        model_insert(m, at, text);
    } else if (what < 9) {
        assert_int_equal(listpack_replace(&m->pack, offset, text), offset);
        model_remove(m, at, 1);
        model_insert(m, at, text);
    } else {
        size_t count = 1 + random_below(&m->random, 40);
        size_t next = listpack_remove(&m->pack, offset, count);
        model_remove(m, at, count < m->count - at ? count : m->count - at);
        assert_int_equal(next, at == m->count ? 0 : offset);
    }
}

static void assert_agrees(struct model *m)
{
    size_t forwards = listpack_first(m->pack);
    size_t backwards = listpack_last(m->pack);
    size_t skip = random_below(&m->random, 3);

    assert_sound(m->pack, m->count);
    for (size_t i = 0; i < m->count; i++) {
        assert_text(m->pack, forwards, m->texts[i]);
        assert_text(m->pack, backwards, m->texts[m->count - 1 - i]);
        assert_int_equal(listpack_at(m->pack, (int64_t)i), forwards);
        size_t found = model_find(m, 0, m->texts[i], skip);
        size_t offset = listpack_find(m->pack, listpack_first(m->pack), m->texts[i], skip);
        assert_int_equal(offset, found == SIZE_MAX ? 0 : listpack_at(m->pack, (int64_t)found));
        forwards = listpack_next(m->pack, forwards);
        backwards = listpack_previous(m->pack, backwards);
    }
    assert_int_equal(forwards, 0);
    assert_int_equal(backwards, 0);
}

static void agrees_with_an_array_whatever_is_written(void **state)
{
    (void)state;
    static struct model m;
    m = (struct model){ .pack = listpack_new(0), .random = 5 };
    for (int i = 0; i < 3000; i++) {
        step(&m);
        if (i % 10 == 0) {
            assert_agrees(&m);
        }
    }
    struct listpack *copy = listpack_copy(m.pack);
    assert_bytes(copy, (const char *)m.pack, listpack_bytes(m.pack));
    memory_free(copy);
    model_remove(&m, 0, m.count);
    memory_free(m.pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_seven_bytes),
        cmocka_unit_test(its_bytes_are_those_of_redis),
        cmocka_unit_test(each_integer_takes_its_shortest_form),
        cmocka_unit_test(what_only_looks_like_an_integer_stays_a_text),
        cmocka_unit_test(holds_texts_of_any_length),
        cmocka_unit_test(finds_and_skips),
        cmocka_unit_test(an_index_counts_from_either_end),
        cmocka_unit_test(counts_more_than_its_header_can_say),
        cmocka_unit_test(gives_memory_back),
        cmocka_unit_test(joins_another),
        cmocka_unit_test(may_lie_at_any_alignment_to_be_read),
        cmocka_unit_test(compares_what_is_oddly_encoded),
        cmocka_unit_test(refuses_what_is_broken),
        cmocka_unit_test(agrees_with_an_array_whatever_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
