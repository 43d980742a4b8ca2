/* Nodes of quicklists: compressed and back. */

#include "cache/ds/quicklist_node.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static char letters[1000];

static struct quicklist_node *packed_node(size_t elements)
{
    struct listpack *pack = listpack_new(0);
    for (size_t i = 0; i < elements; i++) {
        listpack_append(&pack, SPAN("element"));
    }
    struct quicklist_node *node = quicklist_node_packed(&pack);
    assert_null(pack);
    return node;
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    struct quicklist_node *nodes[2] = { packed_node(100), NULL };
    nodes[1] = quicklist_node_plain((struct span){ letters, sizeof(letters) });
    for (size_t i = 0; i < COUNT(nodes); i++) {
        struct quicklist_node *node = nodes[i];
        char *before = memory_copy_text(node->data, node->bytes);
        quicklist_node_compress(node);
        assert_true(node->is_compressed);
        assert_true(quicklist_node_stored(node).len < node->bytes / 4);
        quicklist_node_compress(node); /* Twice is once. */

        void *scratch = NULL;
        assert_memory_equal(quicklist_node_read(node, &scratch), before, node->bytes);
        assert_non_null(scratch);
        assert_true(node->is_compressed);
        memory_free(scratch);

        quicklist_node_open(node);
        quicklist_node_open(node);
        assert_false(node->is_compressed);
        assert_memory_equal(node->data, before, node->bytes);
        memory_free(before);
        quicklist_node_free(node);
    }
}

static void is_left_alone_if_nothing_is_gained(void **state)
{
    (void)state;
    uint32_t random = 1;
    struct quicklist_node *node = quicklist_node_plain((struct span){ letters, 47 });
    quicklist_node_compress(node);
    assert_false(node->is_compressed);
    quicklist_node_free(node);

    node = quicklist_node_plain((struct span){ letters, 48 });
    quicklist_node_compress(node);
    assert_true(node->is_compressed);
    quicklist_node_free(node);

    node = quicklist_node_plain((struct span){ letters, sizeof(letters) });
    for (size_t i = 0; i < sizeof(letters); i++) {
        random = random * 1664525u + 1013904223u;
        ((char *)node->data)[i] = (char)(random >> 24);
    }
    quicklist_node_compress(node);
    assert_false(node->is_compressed);
    quicklist_node_free(node);
}

static void an_open_one_is_read_in_place(void **state)
{
    (void)state;
    void *scratch = NULL;
    struct quicklist_node *node = packed_node(3);
    assert_ptr_equal(quicklist_node_read(node, &scratch), node->data);
    assert_null(scratch);
    assert_int_equal(quicklist_node_stored(node).len, listpack_bytes(quicklist_node_pack(node)));
    assert_int_equal(node->count, 3);
    quicklist_node_free(node);
}

static void a_copy_is_compressed_too(void **state)
{
    (void)state;
    struct quicklist_node *node = packed_node(100);
    quicklist_node_compress(node);
    struct quicklist_node *copy = quicklist_node_copy(node);
    struct span stored = quicklist_node_stored(node);
    assert_true(copy->is_compressed);
    assert_true(span_equal(quicklist_node_stored(copy), stored));
    assert_ptr_not_equal(quicklist_node_stored(copy).bytes, stored.bytes);
    quicklist_node_free(node);
    quicklist_node_open(copy);
    assert_int_equal(listpack_count(quicklist_node_pack(copy)), 100);
    quicklist_node_free(copy);
}

static void an_empty_text_may_lie_alone(void **state)
{
    (void)state;
    void *scratch = NULL;
    struct quicklist_node *node = quicklist_node_plain(SPAN(""));
    quicklist_node_compress(node);
    assert_int_equal(node->bytes, 0);
    assert_non_null(quicklist_node_read(node, &scratch));
    quicklist_node_free(quicklist_node_copy(node));
    quicklist_node_free(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(is_left_alone_if_nothing_is_gained),
        cmocka_unit_test(an_open_one_is_read_in_place),
        cmocka_unit_test(a_copy_is_compressed_too),
        cmocka_unit_test(an_empty_text_may_lie_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
