/* Sorted sets: which encoding they have, what they answer in both, and what was saved.
 * tests/fuzz/zset_fuzz.c compares long runs with a model. */

#include "cache/types/zset.h"

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct type_limits small = {
    .zset_max_listpack_entries = 4,
    .zset_max_listpack_value = 8,
    .table_seed = 1,
};
static const struct type_limits none = { .table_seed = 1 };

static void put(struct zset *zset, const char *text, double score, const struct type_limits *limits)
{
    struct span member = span_from(text);
    struct zset_spot spot = zset_find(zset, member);
    zset_put(zset, &spot, member, score, limits);
}

static struct zset *letters(const struct type_limits *limits)
{
    struct zset *zset = zset_new(limits, 1);
    put(zset, "b", 2, limits);
    put(zset, "a", 1, limits);
    put(zset, "d", 2, limits);
    put(zset, "c", 2, limits);
    return zset;
}

/* "a 1, b 2" */
static void assert_holds(const struct zset *zset, const char *expected)
{
    struct buf text;
    struct zset_walk walk = zset_walk(zset, 0, false);

    buf_init(&text, SIZE_MAX);
    while (zset_step(&walk)) {
        assert_true(buf_addf(&text, "%s%.*s %.17g", text.len == 0 ? "" : ", ", (int)walk.member.len,
                             walk.member.bytes, walk.score));
    }
    assert_true(buf_add(&text, (struct span){ "", 1 }));
    assert_string_equal(buf_span(&text).bytes, expected);
    buf_fini(&text);
}

static void orders_by_score_and_then_by_text(void **state)
{
    (void)state;
    static const struct type_limits *const both[] = { &small, &none };
    for (size_t i = 0; i < COUNT(both); i++) {
        struct zset *zset = letters(both[i]);
        assert_string_equal(type_zset.encoding(zset), i == 0 ? "listpack" : "skiplist");
        assert_holds(zset, "a 1, b 2, c 2, d 2");
        put(zset, "b", -INFINITY, both[i]);
        put(zset, "a", 2.5, both[i]);
        assert_holds(zset, "b -inf, c 2, d 2, a 2.5");
        type_zset.free(zset);
    }
}

static void counts_what_is_below(void **state)
{
    (void)state;
    static const struct type_limits *const both[] = { &small, &none };
    for (size_t i = 0; i < COUNT(both); i++) {
        struct zset *zset = letters(both[i]);
        assert_int_equal(zset_below_score(zset, 1, false), 0);
        assert_int_equal(zset_below_score(zset, 1, true), 1);
        assert_int_equal(zset_below_score(zset, 2, false), 1);
        assert_int_equal(zset_below_score(zset, 2, true), 4);
        assert_int_equal(zset_below_score(zset, -INFINITY, true), 0);
        assert_int_equal(zset_below_score(zset, INFINITY, false), 4);
        struct zset_spot spot = zset_find(zset, SPAN("c"));
        assert_true(spot.found);
        assert_int_equal(zset_rank(zset, &spot), 2);
        type_zset.free(zset);
    }
}

static void is_a_listpack_up_to_its_limits(void **state)
{
    (void)state;
    struct zset *zset = letters(&small);
    put(zset, "a", 9, &small); /* No member more. */
    assert_string_equal(type_zset.encoding(zset), "listpack");
    put(zset, "e", 9, &small);
    assert_string_equal(type_zset.encoding(zset), "skiplist");
    assert_holds(zset, "b 2, c 2, d 2, a 9, e 9");
    type_zset.free(zset);

    zset = zset_new(&small, 8);
    assert_string_equal(type_zset.encoding(zset), "listpack");
    put(zset, "12345678", 1, &small);
    assert_string_equal(type_zset.encoding(zset), "listpack");
    put(zset, "123456789", 1, &small);
    assert_string_equal(type_zset.encoding(zset), "skiplist");
    type_zset.free(zset);

    zset = zset_new(&small, 9);
    assert_string_equal(type_zset.encoding(zset), "skiplist");
    type_zset.free(zset);
}

static void is_made_of_members_in_any_order(void **state)
{
    (void)state;
    struct ranked_member *members[] = {
        ranked_member_new(SPAN("z"), 1),
        ranked_member_new(SPAN("y"), 1),
        ranked_member_new(SPAN("x"), -1),
    };
    struct zset *zset = zset_of(members, COUNT(members), &small);
    assert_string_equal(type_zset.encoding(zset), "listpack");
    assert_holds(zset, "x -1, y 1, z 1");
    type_zset.free(zset);
}

static void cuts_ranks_out(void **state)
{
    (void)state;
    static const struct type_limits *const both[] = { &small, &none };
    for (size_t i = 0; i < COUNT(both); i++) {
        struct zset *zset = letters(both[i]);
        zset_cut(zset, 2, 2);
        assert_int_equal(zset_count(zset), 4);
        zset_cut(zset, 1, 3);
        assert_holds(zset, "a 1, d 2");
        assert_false(zset_find(zset, SPAN("b")).found);
        zset_cut(zset, 0, 2);
        assert_int_equal(zset_count(zset), 0);
        type_zset.free(zset);
    }
}

static void a_copy_shares_nothing(void **state)
{
    (void)state;
    static const struct type_limits *const both[] = { &small, &none };
    for (size_t i = 0; i < COUNT(both); i++) {
        struct zset *zset = letters(both[i]);
        struct zset *copy = type_zset.copy(zset);
        put(zset, "a", 100, both[i]);
        assert_holds(copy, "a 1, b 2, c 2, d 2");
        assert_string_equal(type_zset.encoding(copy), type_zset.encoding(zset));
        assert_true(type_zset.memory(copy) > 16);
        assert_int_equal(type_zset.effort(copy), i == 0 ? 1 : 4);
        type_zset.free(copy);
        type_zset.free(zset);
    }
}

/* --- saved --- */

static void *load(uint8_t code, struct span body, const char **why)
{
    struct loader loader;
    loader_init(&loader, body);
    void *zset = type_zset.load(code, &loader, &small);
    *why = loader.why;
    assert_true(zset != NULL || loader.why != NULL);
    assert_true(zset == NULL || loader.in.len == 0);
    loader_fini(&loader);
    return zset;
}

static void comes_back_as_it_was_saved(void **state)
{
    (void)state;
    static const struct type_limits *const both[] = { &small, &none };
    static const uint8_t codes[] = { 17, 5 };
    for (size_t i = 0; i < COUNT(both); i++) {
        struct buf out;
        const char *why;
        buf_init(&out, 4096);
        struct saver saver = { .out = &out };
        struct zset *zset = letters(both[i]);
        put(zset, "a", 0.1, both[i]);
        type_zset.save(zset, &saver);
        struct span saved = buf_span(&out);
        assert_int_equal(saved.bytes[0], codes[i]);
        struct zset *back = load(codes[i], span_skip(saved, 1), &why);
        assert_non_null(back);
        assert_holds(back, "a 0.10000000000000001, b 2, c 2, d 2");
        assert_string_equal(type_zset.encoding(back), "listpack");
        type_zset.free(back);
        type_zset.free(zset);
        buf_fini(&out);
    }
}

static void reads_what_older_versions_saved(void **state)
{
    (void)state;
    const char *why;
    /* RDB 1: scores as text; 253 to 255 are nan, inf and -inf. */
    struct zset *zset = load(3, SPAN("\3\1a\0033.5\1b\376\1c\377"), &why);
    assert_non_null(zset);
    assert_holds(zset, "c -inf, a 3.5, b inf");
    type_zset.free(zset);

    /* A ziplist of "a" 1 "b" "2.5". */
    static const char ziplist[] = "\x18"
                                  "\x18\0\0\0\x12\0\0\0\4\0"
                                  "\0\1a"
                                  "\3\xf2"
                                  "\2\1b"
                                  "\3\0032.5"
                                  "\xff";
    zset = load(12, (struct span){ ziplist, sizeof(ziplist) - 1 }, &why);
    if (zset == NULL) {
        fail_msg("%s", why);
    }
    assert_holds(zset, "a 1, b 2.5");
    assert_string_equal(type_zset.encoding(zset), "listpack");
    type_zset.free(zset);
}

static void refuses_what_no_sorted_set_can_be(void **state)
{
    (void)state;
    const struct {
        uint8_t code;
        struct span body;
    } rows[] = {
        { 3, SPAN("") },
        { 3, SPAN("\0") },
        { 3, SPAN("\1\1a") },
        { 3, SPAN("\1\1a\375") },          /* NaN */
        { 3, SPAN("\1\1a\1x") },           /* No number. */
        { 3, SPAN("\2\1a\0011\1a\0012") }, /* Twice. */
        { 3, SPAN("\177\1a\0011") },       /* Fewer than said. */
        { 5, SPAN("\1\1a\0\0\0\0\0\0\370\177") },
        { 5, SPAN("\1\1a\0\0\0") },
        { 12, SPAN("\3abc") },
        { 17, SPAN("\3abc") },
        { 17, SPAN("\7\7\0\0\0\0\0\377") },                         /* Empty. */
        { 17, SPAN("\12\12\0\0\0\1\0\201a\2\377") },                /* No score. */
        { 17, SPAN("\15\15\0\0\0\2\0\201a\2\201b\2\377") },         /* A score that is none. */
        { 17, SPAN("\21\21\0\0\0\4\0\201a\2\2\1\201b\2\1\1\377") }, /* Not in order. */
        { 17, SPAN("\21\21\0\0\0\4\0\201b\2\1\1\201a\2\1\1\377") },
        { 17, SPAN("\21\21\0\0\0\4\0\201a\2\1\1\201a\2\2\1\377") }, /* Twice. */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *why;
        void *zset = load(rows[i].code, rows[i].body, &why);
        if (zset != NULL) {
            fail_msg("row %zu was taken", i);
        }
    }
}

struct emitted {
    size_t commands;
    struct zset *zset;
};

static void add_emitted(void *context, const struct span *argv, size_t argc)
{
    struct emitted *emitted = context;
    emitted->commands++;
    assert_true(span_equal(argv[0], SPAN("ZADD")));
    assert_true(span_equal(argv[1], SPAN("key")));
    for (size_t i = 2; i < argc; i += 2) {
        double score;
        assert_true(number_parse_double(argv[i], &score));
        struct zset_spot spot = zset_find(emitted->zset, argv[i + 1]);
        assert_false(spot.found);
        zset_put(emitted->zset, &spot, argv[i + 1], score, &none);
    }
}

static void is_rewritten_as_commands_that_make_it_again(void **state)
{
    (void)state;
    struct type_limits large = small;
    struct emitted emitted = { .zset = zset_new(&none, 1) };
    large.zset_max_listpack_entries = 1000;
    struct zset *zset = zset_new(&large, 1);
    for (int i = 0; i < 200; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", i * 7); /* Numbers have no bytes in a listpack. */
        put(zset, text, i / 3.0, &large);
    }
    type_zset.rewrite(SPAN("key"), zset, add_emitted, &emitted);
    assert_int_equal(emitted.commands, 4);
    assert_int_equal(zset_count(emitted.zset), 200);

    struct digest first = { 0 };
    struct digest second = { 0 };
    type_zset.digest(zset, &first);
    type_zset.digest(emitted.zset, &second);
    assert_memory_equal(&first, &second, sizeof(first));
    type_zset.free(zset);
    type_zset.free(emitted.zset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_by_score_and_then_by_text),
        cmocka_unit_test(counts_what_is_below),
        cmocka_unit_test(is_a_listpack_up_to_its_limits),
        cmocka_unit_test(is_made_of_members_in_any_order),
        cmocka_unit_test(cuts_ranks_out),
        cmocka_unit_test(a_copy_shares_nothing),
        cmocka_unit_test(comes_back_as_it_was_saved),
        cmocka_unit_test(reads_what_older_versions_saved),
        cmocka_unit_test(refuses_what_no_sorted_set_can_be),
        cmocka_unit_test(is_rewritten_as_commands_that_make_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
