/* Sets: which encoding they have, a random run against a plain array, and what was saved. */

#include "cache/types/set.h"

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DISTINCT = 200, TEXT_ROOM = 128 };

static const struct type_limits small = {
    .set_max_intset_entries = 4,
    .set_max_listpack_entries = 6,
    .set_max_listpack_value = 10,
    .table_seed = 1,
};

static struct set set_of(const char *const *texts, size_t count, const struct type_limits *limits)
{
    struct set set;
    set_init(&set, span_from(texts[0]), count, limits);
    for (size_t i = 0; i < count; i++) {
        assert_true(set_add(&set, span_from(texts[i]), limits));
    }
    return set;
}

#define SET_OF(limits, ...)                                                                        \
    set_of((const char *const[]){ __VA_ARGS__ }, COUNT(((const char *const[]){ __VA_ARGS__ })),    \
           limits)

static void assert_encoding(struct set set, const char *encoding)
{
    assert_string_equal(type_set.encoding(&set), encoding);
    set_fini(&set);
}

static void begins_with_the_smallest_encoding(void **state)
{
    struct set set;
    (void)state;
    assert_encoding(SET_OF(&small, "1", "2", "3", "4"), "intset");
    assert_encoding(SET_OF(&small, "a", "1"), "listpack");
    set_init(&set, SPAN("1"), 5, &small);
    assert_encoding(set, "listpack");
    set_init(&set, SPAN("1"), 7, &small);
    assert_encoding(set, "hashtable");
}

static void is_an_intset_up_to_its_limit(void **state)
{
    (void)state;
    struct set set = SET_OF(&small, "1", "2", "3", "4");
    assert_false(set_add(&set, SPAN("4"), &small));
    assert_true(set_is_integers(&set));
    assert_true(set_add(&set, SPAN("5"), &small));
    assert_encoding(set, "hashtable");
}

static void is_a_listpack_up_to_its_limit(void **state)
{
    (void)state;
    struct set set = SET_OF(&small, "a", "b", "c", "d", "e", "f");
    assert_encoding(set, "listpack");
    set = SET_OF(&small, "a", "b", "c", "d", "e", "f");
    assert_true(set_add(&set, SPAN("g"), &small));
    assert_encoding(set, "hashtable");
}

static void is_a_listpack_while_no_member_is_long(void **state)
{
    (void)state;
    struct set set = SET_OF(&small, "a", "0123456789");
    assert_encoding(set, "listpack");
    set = SET_OF(&small, "a");
    assert_true(set_add(&set, SPAN("0123456789a"), &small));
    assert_encoding(set, "hashtable");
}

static void leaves_the_intset_with_the_first_text(void **state)
{
    (void)state;
    struct set set = SET_OF(&small, "1", "2");
    assert_true(set_add(&set, SPAN("01"), &small));
    assert_int_equal(set_count(&set), 3);
    assert_true(set_has(&set, SPAN("1")));
    assert_true(set_has(&set, SPAN("01")));
    assert_encoding(set, "listpack");

    set = SET_OF(&small, "1", "12345678901");
    assert_true(set_add(&set, SPAN("a"), &small)); /* The other one is too long. */
    assert_encoding(set, "hashtable");
}

static void becomes_a_table_when_many_are_coming(void **state)
{
    (void)state;
    struct set set = SET_OF(&small, "a");
    set_expect(&set, 6, &small);
    assert_false(set_is_hashed(&set));
    set_expect(&set, 7, &small);
    assert_true(set_is_hashed(&set));
    assert_true(set_has(&set, SPAN("a")));
    set_fini(&set);
}

static void becomes_an_intset_again_if_asked_to(void **state)
{
    static const struct type_limits ample = { .set_max_intset_entries = 9 };
    (void)state;
    struct set set = SET_OF(&small, "1", "2", "3", "4", "5", "6", "7");
    assert_true(set_is_hashed(&set));
    set_make_integers(&set, &small);
    assert_true(set_is_hashed(&set));
    set_make_integers(&set, &ample);
    assert_true(set_has(&set, SPAN("7")));
    assert_encoding(set, "intset");
}

static void lies_flat_while_small(void **state)
{
    char room[SET_FLAT_MAX + 1];
    struct set set, opened;
    (void)state;
    set_init(&set, SPAN("1"), 1, &type_limits_default);
    for (int i = 0; set_flat_size(&set) > 0 || i == 0; i++) {
        char text[16];
        size_t size = set_flat_size(&set);
        void *flat = room + i % 2; /* At any alignment. */
        snprintf(text, sizeof(text), i < 5 ? "%d" : "text:%d", i);
        set_write_flat(&set, flat);
        assert_true(set_is_flat(flat));
        assert_int_equal(type_set.size(flat), size);
        assert_int_equal(set_count(flat), i);
        assert_string_equal(type_set.encoding(flat), type_set.encoding(&set));
        set_open(&opened, flat);
        assert_int_equal(set_count(&opened), i);
        set_fini(&opened);
        set_add(&set, span_from(text), &type_limits_default);
    }
    assert_true(set_block(&set).len >= SET_FLAT_MAX);
    set_fini(&set);
}

/* --- a random run, in all encodings --- */

static struct span text_of(size_t i, char room[TEXT_ROOM])
{
    int len = snprintf(room, TEXT_ROOM, i % 3 == 0 ? "%zu" : "text %zu", i * i * i);
    return (struct span){ room, (size_t)len };
}

struct visited {
    unsigned times[DISTINCT];
    size_t count;
};

static void visit(void *context, struct span text)
{
    struct visited *visited = context;
    char room[TEXT_ROOM];
    for (size_t i = 0; i < DISTINCT; i++) {
        if (span_equal(text, text_of(i, room))) {
            visited->times[i]++;
            visited->count++;
            return;
        }
    }
    fail_msg("nobody added %.*s", (int)text.len, text.bytes);
}

static void assert_as_modelled(const void *value, const bool *model)
{
    struct visited visited = { .count = 0 };
    char room[TEXT_ROOM];
    set_each(value, visit, &visited);
    assert_int_equal(set_count(value), visited.count);
    for (size_t i = 0; i < DISTINCT; i++) {
        assert_int_equal(visited.times[i], model[i]);
        assert_true(set_has(value, text_of(i, room)) == model[i]);
    }
}

static void pop_visit(void *context, struct span text)
{
    struct visited popped = { .count = 0 };
    bool *model = context;
    visit(&popped, text);
    for (size_t i = 0; i < DISTINCT; i++) {
        assert_true(popped.times[i] <= model[i]);
        model[i] = model[i] && popped.times[i] == 0;
    }
}

static void run_with(const struct type_limits *limits, uint64_t random)
{
    bool model[DISTINCT] = { false };
    char room[TEXT_ROOM];
    struct set set, copy;
    set_init_integers(&set);
    for (int i = 0; i < 4000; i++) {
        size_t which = (size_t)random_below(&random, i < 100 ? 9 : DISTINCT);
        bool add = random_below(&random, 3) > 0;
        struct span text = text_of(which, room);
        bool done = add ? set_add(&set, text, limits) : set_remove(&set, text);
        assert_true(done == (add != model[which]));
        model[which] = add;
        if (i % 500 == 0 && set_count(&set) > 5) {
            set_pop(&set, 5, &random, pop_visit, model);
            assert_as_modelled(&set, model);
        }
    }
    set_copy(&copy, &set);
    set_fini(&set);
    assert_as_modelled(&copy, model);
    set_fini(&copy);
}

static void holds_what_a_plain_array_holds(void **state)
{
    static const struct type_limits all_pack = {
        .set_max_listpack_entries = 1000,
        .set_max_listpack_value = 1000,
    };
    (void)state;
    run_with(&small, 1);
    run_with(&all_pack, 2);
    run_with(&type_limits_default, 3);
}

/* --- chance --- */

static void samples_each_member_once_and_all_alike(void **state)
{
    static const struct type_limits rows[] = {
        { .set_max_intset_entries = 1000 },
        { .set_max_listpack_entries = 1000, .set_max_listpack_value = 100 },
        { .table_seed = 3 },
    };
    enum { MEMBERS = 30, RUNS = 6000 };
    char room[TEXT_ROOM];
    uint64_t random = 29;
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        for (size_t wanted = 5; wanted <= 20; wanted += 15) { /* A few, and most. */
            struct visited all = { .count = 0 };
            struct set set;
            set_init(&set, SPAN("0"), row == 2 ? 1 : MEMBERS, &rows[row]);
            for (size_t i = 0; i < MEMBERS; i++) {
                set_add(&set, text_of(3 * i, room), &rows[row]);
            }
            for (int i = 0; i < RUNS; i++) {
                size_t before = all.count;
                set_sample(&set, wanted, &random, visit, &all);
                assert_int_equal(all.count - before, wanted);
            }
            double sum = 0, expected = (double)RUNS * (double)wanted / MEMBERS;
            for (size_t i = 0; i < MEMBERS; i++) {
                double off = all.times[3 * i] - expected;
                sum += off * off / expected;
            }
            assert_true(sum < 70); /* Chi-square, 29 degrees of freedom. */
            set_fini(&set);
        }
    }
}

static void samples_all_if_asked_for_all(void **state)
{
    struct visited visited = { .count = 0 };
    uint64_t random = 1;
    char room[TEXT_ROOM];
    struct set set;
    (void)state;
    set_init(&set, SPAN(""), SIZE_MAX, &small);
    for (size_t i = 0; i < DISTINCT; i++) {
        set_add(&set, text_of(i, room), &small);
    }
    set_sample(&set, DISTINCT, &random, visit, &visited);
    for (size_t i = 0; i < DISTINCT; i++) {
        assert_int_equal(visited.times[i], 1);
    }
    set_fini(&set);
}

/* --- saving --- */

static void *load(struct span bytes, const struct type_limits *limits, const char **why)
{
    struct loader loader;
    loader_init(&loader, span_skip(bytes, 1));
    void *value = type_set.load((uint8_t)bytes.bytes[0], &loader, limits);
    *why = loader.why;
    assert_true((value == NULL) == (loader.why != NULL));
    loader_fini(&loader);
    return value;
}

static void loads_what_was_saved(void **state)
{
    char room[TEXT_ROOM];
    (void)state;
    for (size_t count = 1; count <= 12; count++) {
        bool model[DISTINCT] = { false };
        struct saver saver = { .compress = true };
        struct buf out;
        struct set set;
        const char *why;
        set_init_integers(&set);
        for (size_t i = 0; i < count; i++) {
            size_t which = count < 5 ? 3 * i : i;
            set_add(&set, text_of(which, room), &small);
            model[which] = true;
        }
        buf_init(&out, SIZE_MAX);
        saver.out = &out;
        type_set.save(&set, &saver);
        void *loaded = load(buf_span(&out), &small, &why);
        assert_non_null(loaded);
        assert_as_modelled(loaded, model);
        assert_string_equal(type_set.encoding(loaded), type_set.encoding(&set));
        type_set.free(loaded);
        set_fini(&set);
        buf_fini(&out);
    }
}

static void converts_what_is_loaded_by_its_own_limits(void **state)
{
    const char *why;
    (void)state;
    void *value = load(SPAN("\x0b\x12\2\0\0\0\5\0\0\0\1\0\2\0\3\0\4\0\5\0"), &small, &why);
    assert_string_equal(type_set.encoding(value), "hashtable");
    type_set.free(value);
    value = load(SPAN("\2\2\1a\xc0\7"), &small, &why);
    assert_string_equal(type_set.encoding(value), "listpack");
    assert_true(set_has(value, SPAN("7")));
    type_set.free(value);
}

static void refuses_what_is_corrupt(void **state)
{
    const struct {
        struct span bytes;
        const char *why;
    } rows[] = {
        { SPAN("\2\0"), "a set is empty" },
        { SPAN("\x0b\x8\2\0\0\0\0\0\0\0"), "a set is empty" },
        { SPAN("\x14\7\7\0\0\0\0\0\xff"), "a set is empty" },
        { SPAN("\2\2\1a\1a"), "a set has a member twice" },
        { SPAN("\2\2\1\x31\xc0\1"), "a set has a member twice" },
        { SPAN("\x14\x0b\x0b\0\0\0\2\0\1\1\1\1\xff"), "a set has a member twice" },
        { SPAN("\x0b\x0c\2\0\0\0\2\0\0\0\2\0\1\0"), "an intset is corrupt" },
        { SPAN("\x0b\x0c\2\0\0\0\2\0\0\0\1\0\1\0"), "an intset is corrupt" },
        { SPAN("\x14\x0b\x0b\0\0\0\2\0\1\1\1\2\xff"), "a listpack is corrupt" },
        { SPAN("\2\3\1a\1b"), NULL },       /* Too short, */
        { SPAN("\x0b\x0c\2\0\0\0"), NULL }, /* all of these. */
        { SPAN("\2\x80\xff\xff\xff\xff\1a"), NULL },
        { SPAN("\2"), NULL },
    };
    const char *why;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (load(rows[i].bytes, &small, &why) != NULL) {
            fail_msg("row %zu was loaded", i);
        }
        if (rows[i].why != NULL && strcmp(why, rows[i].why) != 0) {
            fail_msg("row %zu: %s", i, why);
        }
    }
}

static void count_words(void *context, const struct span *argv, size_t argc)
{
    size_t *members = context;
    assert_true(span_is(argv[0], "SADD"));
    assert_string_equal(argv[1].bytes, "key");
    assert_true(argc > 2 && argc <= 66);
    *members += argc - 2;
}

static void is_rewritten_a_few_members_at_a_time(void **state)
{
    char room[TEXT_ROOM];
    (void)state;
    for (size_t count = 1; count <= DISTINCT; count += count == 1 ? 63 : 1) {
        struct set set;
        size_t members = 0;
        set_init_integers(&set);
        for (size_t i = 0; i < count; i++) {
            set_add(&set, text_of(i, room), &small);
        }
        type_set.rewrite(SPAN("key"), &set, count_words, &members);
        assert_int_equal(members, count);
        set_fini(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_the_smallest_encoding),
        cmocka_unit_test(is_an_intset_up_to_its_limit),
        cmocka_unit_test(is_a_listpack_up_to_its_limit),
        cmocka_unit_test(is_a_listpack_while_no_member_is_long),
        cmocka_unit_test(leaves_the_intset_with_the_first_text),
        cmocka_unit_test(becomes_a_table_when_many_are_coming),
        cmocka_unit_test(becomes_an_intset_again_if_asked_to),
        cmocka_unit_test(lies_flat_while_small),
        cmocka_unit_test(holds_what_a_plain_array_holds),
        cmocka_unit_test(samples_each_member_once_and_all_alike),
        cmocka_unit_test(samples_all_if_asked_for_all),
        cmocka_unit_test(loads_what_was_saved),
        cmocka_unit_test(converts_what_is_loaded_by_its_own_limits),
        cmocka_unit_test(refuses_what_is_corrupt),
        cmocka_unit_test(is_rewritten_a_few_members_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
