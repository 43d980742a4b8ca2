/* Lists: flat while short, and what was saved by whatever Redis. */

#include "cache/types/list.h"

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/quicklist_walk.h"
#include "cache/ds/saved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct quicklist_limits usual = { .node_size = -2 };

/* RPUSH l a 1 b -5000 */
static const char small_nodes[] = "\x12\x01\x02\x13\x13\0\0\0\x04\0"
                                  "\x81\x61\x02\x01\x01\x81\x62\x02\xf1\x78\xec\x03\xff";

static struct list *new_list(const char *const *texts, size_t count)
{
    struct quicklist items = { .count = 0 };
    for (size_t i = 0; i < count; i++) {
        quicklist_push(&items, QUICKLIST_TAIL, span_from(texts[i]), &usual);
    }
    return list_move_to_heap(&items);
}

#define NEW_LIST(...)                                                                              \
    new_list((const char *const[]){ __VA_ARGS__ }, COUNT(((const char *const[]){ __VA_ARGS__ })))

/* Each element followed by a comma. */
static void assert_holds(const void *value, const char *elements)
{
    struct list_room room;
    struct quicklist_walk walk;
    struct span text;
    struct buf out;
    buf_init(&out, SIZE_MAX);
    quicklist_walk_start(&walk, list_items(value, &room), 0, QUICKLIST_TAIL);
    while (quicklist_walk_next(&walk, &text)) {
        assert_true(buf_add(&out, text));
        assert_true(buf_add(&out, SPAN(",")));
    }
    quicklist_walk_end(&walk);
    assert_true(buf_add(&out, (struct span){ "", 1 }));
    assert_string_equal(buf_span(&out).bytes, elements);
    buf_fini(&out);
}

static void lies_flat_while_short(void **state)
{
    (void)state;
    char room[LIST_FLAT_MAX + 1];
    struct quicklist items = { .count = 0 };
    size_t flat = 0;
    for (size_t size, i = 0; i == 0 || (size = list_flat_size(&items)) > 0; i++) {
        if (i > 0) {
            void *value = room + i % 2; /* At any alignment. */
            struct list_room view;
            list_write_flat(&items, value);
            assert_true(list_is_flat(value));
            assert_int_equal(type_list.size(value), size);
            assert_int_equal(type_list.memory(value), 0);
            assert_int_equal(list_items(value, &view)->count, i);
            struct quicklist opened = { .count = 0 };
            list_open(&opened, value);
            assert_true(quicklist_is_sound(&opened));
            assert_int_equal(opened.count, i);
            quicklist_fini(&opened);
            flat = size;
        }
        quicklist_push(&items, QUICKLIST_TAIL, SPAN("element"), &usual);
    }
    assert_true(flat > LIST_FLAT_MAX - 10);
    assert_true(flat <= LIST_FLAT_MAX);
    quicklist_fini(&items);
}

static void what_has_several_nodes_is_not_flat(void **state)
{
    (void)state;
    struct quicklist items = { .count = 0 };
    struct quicklist_limits one = { .node_size = 1 };
    quicklist_push(&items, QUICKLIST_TAIL, SPAN("a"), &one);
    assert_int_not_equal(list_flat_size(&items), 0);
    quicklist_push(&items, QUICKLIST_TAIL, SPAN("b"), &one);
    assert_int_equal(list_flat_size(&items), 0);
    quicklist_fini(&items);

    one.plain_from = 1;
    quicklist_push(&items, QUICKLIST_TAIL, SPAN("a"), &one);
    assert_int_equal(list_flat_size(&items), 0);
    quicklist_fini(&items);
}

static void parts_are_cut_as_redis_cuts_them(void **state)
{
    (void)state;
    static const struct {
        int64_t start;
        int64_t stop;
        size_t first;
        size_t count; /* 0: none */
    } rows[] = {
        { 0, -1, 0, 5 },
        { 1, 3, 1, 3 },
        { -2, -1, 3, 2 },
        { -100, 0, 0, 1 },
        { 4, 100, 4, 1 },
        { 5, 100, 0, 0 },
        { 3, 2, 0, 0 },
        { -1, -2, 0, 0 },
        { 0, -100, 0, 0 },
        { INT64_MIN, 0, 0, 1 },
        { 0, INT64_MAX, 0, 5 },
        { INT64_MAX, INT64_MAX, 0, 0 },
        { INT64_MIN, INT64_MIN, 0, 0 },
    };
    struct list *list = NEW_LIST("a", "b", "c", "d", "e");
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t first = 0, count = 0;
        bool some = list_part(&list->items, rows[i].start, rows[i].stop, &first, &count);
        assert_int_equal(some, rows[i].count > 0);
        assert_int_equal(first, rows[i].first);
        assert_int_equal(count, rows[i].count);
    }
    type_list.free(list);
}

static void a_copy_is_independent(void **state)
{
    (void)state;
    struct list *list = NEW_LIST("a", "b");
    struct list *copy = type_list.copy(list);
    quicklist_push(&list->items, QUICKLIST_TAIL, SPAN("c"), &usual);
    assert_holds(list, "a,b,c,");
    assert_holds(copy, "a,b,");
    assert_string_equal(type_list.encoding(copy), "quicklist");
    assert_true(type_list.memory(copy) < 150);
    assert_int_equal(type_list.effort(copy), 3);
    type_list.free(list);
    type_list.free(copy);
}

/* As redis-server 7.0.15 says by DEBUG DIGEST-VALUE, which begins with the type's number. */
static void has_the_digest_that_redis_computes(void **state)
{
    (void)state;
    struct digest sum = { { 0 } };
    char text[2 * DIGEST_BYTES + 1];
    struct list *list = NEW_LIST("a", "1", "b", "-5000");
    digest_mix(&sum, (struct span){ "\0\0\0\x01", 4 });
    type_list.digest(list, &sum);
    digest_text(&sum, text);
    assert_string_equal(text, "b4eda9f257929707834fb99b16a0005f1c7d86a8");
    type_list.free(list);
}

static void note_command(void *context, const struct span *argv, size_t argc)
{
    struct buf *out = context;
    for (size_t i = 0; i < argc; i++) {
        assert_true(buf_add(out, argv[i]));
        assert_true(buf_add(out, i + 1 < argc ? SPAN(" ") : SPAN("\n")));
    }
}

static void is_rewritten_by_pushes(void **state)
{
    (void)state;
    struct buf out, wanted;
    struct quicklist items = { .count = 0 };
    buf_init(&out, SIZE_MAX);
    buf_init(&wanted, SIZE_MAX);
    for (int i = 0; i < 130; i++) {
        char text[16];
        snprintf(text, sizeof(text), i % 2 == 0 ? "%d" : "text%d", i);
        quicklist_push(&items, QUICKLIST_TAIL, span_from(text), &usual);
        assert_true(buf_addf(&wanted, "%s%s%s", i % 64 == 0 ? "RPUSH k " : "", text,
                             i % 64 == 63 || i == 129 ? "\n" : " "));
    }
    struct list *list = list_move_to_heap(&items);
    type_list.rewrite(SPAN("k"), list, note_command, &out);
    assert_true(span_equal(buf_span(&out), buf_span(&wanted)));
    type_list.free(list);
    buf_fini(&out);
    buf_fini(&wanted);
}

static void tells_debug_object_about_its_nodes(void **state)
{
    (void)state;
    struct buf out;
    struct list *list = NEW_LIST("a", "1", "b", "-5000");
    buf_init(&out, SIZE_MAX);
    type_list.details(list, &out);
    assert_true(span_equal(buf_span(&out), SPAN(" ql_nodes:1 ql_avg_node:4.00 ql_compressed:0 "
                                                "ql_uncompressed_size:19")));
    type_list.free(list);
    buf_fini(&out);
}

/* --- saved --- */

static void *load(struct span saved, const struct type_limits *limits, const char **why)
{
    struct loader in;
    uint8_t code;
    /* Exactly as long as it is, so that a sanitizer sees every byte too far. */
    char *copy = memory_alloc(saved.len);
    memcpy(copy, saved.bytes, saved.len);
    loader_init(&in, (struct span){ copy, saved.len });
    assert_true(load_byte(&in, &code));
    assert_ptr_equal(type_by_code(code), &type_list);
    void *value = type_list.load(code, &in, limits);
    assert_int_equal(value == NULL, in.why != NULL);
    if (value != NULL) {
        assert_true(quicklist_is_sound(&((struct list *)value)->items));
        assert_int_equal(in.in.len, 0);
    }
    *why = in.why;
    loader_fini(&in);
    memory_free(copy);
    return value;
}

static void assert_loads(struct span saved, const char *elements)
{
    const char *why;
    void *value = load(saved, &type_limits_default, &why);
    if (value == NULL) {
        fail_msg("%s: %s", elements, why);
    }
    assert_holds(value, elements);
    type_list.free(value);
}

static void is_saved_as_redis_saves_it(void **state)
{
    (void)state;
    struct buf out;
    char flat[LIST_FLAT_MAX];
    struct list *list = NEW_LIST("a", "1", "b", "-5000");
    for (int i = 0; i < 2; i++) {
        list_write_flat(&list->items, flat);
        buf_init(&out, SIZE_MAX);
        struct saver saver = { .out = &out, .compress = true };
        type_list.save(i == 0 ? (void *)list : flat, &saver);
        assert_int_equal(out.len, sizeof(small_nodes) - 1);
        assert_memory_equal(buf_span(&out).bytes, small_nodes, out.len);
        buf_fini(&out);
    }
    type_list.free(list);
}

static void loads_every_form_there_was(void **state)
{
    (void)state;
    assert_loads((struct span){ small_nodes, sizeof(small_nodes) - 1 }, "a,1,b,-5000,");
    assert_loads(SPAN("\x01\x03\x01"
                      "a\xc0\x07\x02"
                      "bc"),
                 "a,7,bc,");
    assert_loads(SPAN("\x0a\x0f\x0f\0\0\0\x0c\0\0\0\x02\0\x00\xf3\x02\xf6\xff"), "2,5,");
    assert_loads(SPAN("\x0e\x02\x0f\x0f\0\0\0\x0c\0\0\0\x02\0\x00\xf3\x02\xf6\xff"
                      "\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\x00\xf1\xff"),
                 "2,5,0,");
    /* A long element alone, an empty node, and another node. */
    assert_loads(SPAN("\x12\x03\x01\x03"
                      "abc\x02\x07\x07\0\0\0\0\0\xff"
                      "\x02\x09\x09\0\0\0\x01\0\x07\x01\xff"),
                 "abc,7,");
}

/* One that a kept node must not be as large as. */
static void cuts_a_huge_node(void **state)
{
    (void)state;
    struct buf out;
    const char *why;
    struct listpack *pack = listpack_new(1 << 20);
    for (int64_t i = 0; i < 100000; i++) {
        listpack_append_number(&pack, i);
    }
    buf_init(&out, SIZE_MAX);
    struct saver saver = { .out = &out };
    save_byte(&saver, 18);
    save_len(&saver, 1);
    save_len(&saver, 2);
    save_block(&saver, (struct span){ (const char *)pack, listpack_bytes(pack) });
    struct list *list = load(buf_span(&out), &type_limits_default, &why);
    assert_non_null(list);
    assert_int_equal(list->items.count, 100000);
    assert_true(list->items.nodes > 20);
    type_list.free(list);
    memory_free(pack);
    buf_fini(&out);
}

static void long_ones_come_back(void **state)
{
    (void)state;
    static char letters[10000];
    memset(letters, 'x', sizeof(letters));
    for (int64_t depth = 0; depth < 2; depth++) {
        struct type_limits limits = type_limits_default;
        struct quicklist items = { .count = 0 };
        struct buf out, again;
        const char *why;
        limits.list_compress_depth = depth;
        struct quicklist_limits cut = list_limits(&limits);
        for (size_t i = 0; i < 3000; i++) {
            quicklist_push(&items, QUICKLIST_TAIL, (struct span){ letters, i * 7 % 100 }, &cut);
            if (i % 1000 == 0) {
                quicklist_push(&items, QUICKLIST_TAIL, (struct span){ letters, 10000 }, &cut);
            }
        }
        struct list *list = list_move_to_heap(&items);
        buf_init(&out, SIZE_MAX);
        buf_init(&again, SIZE_MAX);
        struct saver saver = { .out = &out, .compress = true };
        type_list.save(list, &saver);
        struct list *loaded = load(buf_span(&out), &limits, &why);
        assert_non_null(loaded);
        struct saver twice = { .out = &again, .compress = true };
        type_list.save(loaded, &twice);
        assert_true(span_equal(buf_span(&out), buf_span(&again)));
        size_t compressed = 0;
        for (const struct quicklist_node *node = loaded->items.head; node != NULL;
             node = node->next) {
            compressed += node->is_compressed;
        }
        assert_int_equal(compressed, depth == 0 ? 0 : loaded->items.nodes - 2);
        type_list.free(list);
        type_list.free(loaded);
        buf_fini(&out);
        buf_fini(&again);
    }
}

static void refuses_what_is_broken(void **state)
{
    (void)state;
    static const struct span rows[] = {
        { "\x01\x00", 2 }, /* empty */
        { "\x01\x02\x01"
          "a",
          4 },                                          /* too few */
        { "\x01\x80\xff\xff\xff\xff", 6 },              /* far too few */
        { "\x0a\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff", 13 }, /* empty ziplist */
        { "\x0a\x03"
          "abc",
          5 },             /* no ziplist */
        { "\x0e\x00", 2 }, /* no nodes */
        { "\x0e\x01\x03"
          "abc",
          6 },
        { "\x12\x00", 2 },                              /* no nodes */
        { "\x12\x01\x02\x07\x07\0\0\0\0\0\xff", 11 },   /* an empty node */
        { "\x12\x01\x02\x07\x07\0\0\0\x01\0\xff", 11 }, /* a wrong count */
        { "\x12\x01\x03\x07\x07\0\0\0\0\0\xff", 11 },   /* no such container */
        { "\x12\x01\x02\xc0\x07", 5 },                  /* an integer, no listpack */
        { "\x12\x02\x01\x01"
          "a",
          5 },                 /* too few nodes */
        { "\x12\xc0\x01", 3 }, /* no count */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *why;
        void *value = load(rows[i], &type_limits_default, &why);
        if (value != NULL) {
            fail_msg("row %zu was accepted", i);
        }
    }
    for (size_t len = 1; len < sizeof(small_nodes) - 1; len++) {
        const char *why;
        assert_null(load((struct span){ small_nodes, len }, &type_limits_default, &why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lies_flat_while_short),
        cmocka_unit_test(what_has_several_nodes_is_not_flat),
        cmocka_unit_test(parts_are_cut_as_redis_cuts_them),
        cmocka_unit_test(a_copy_is_independent),
        cmocka_unit_test(has_the_digest_that_redis_computes),
        cmocka_unit_test(is_rewritten_by_pushes),
        cmocka_unit_test(tells_debug_object_about_its_nodes),
        cmocka_unit_test(is_saved_as_redis_saves_it),
        cmocka_unit_test(loads_every_form_there_was),
        cmocka_unit_test(cuts_a_huge_node),
        cmocka_unit_test(long_ones_come_back),
        cmocka_unit_test(refuses_what_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
