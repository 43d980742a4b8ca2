/* The heap. */

#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void zeroed_blocks_are_zero_and_aligned(void **state)
{
    (void)state;
    for (size_t len = 64; len <= 1 << 22; len *= 4) {
        /* Dirty memory first, so that zeroes do not come by luck. */
        void *dirty = memory_alloc(len);
        memset(dirty, 0xff, len);
        memory_free(dirty);

        unsigned char *block = memory_zero_aligned(64, len);
        assert_int_equal((uintptr_t)block % 64, 0);
        for (size_t i = 0; i < len; i++) {
            assert_true(block[i] == 0);
        }
        memory_free(block);
    }
}

static void usable_is_at_least_what_was_asked_for(void **state)
{
    (void)state;
    for (size_t len = 1; len < 5000; len += 7) {
        void *block = memory_alloc(len);
        assert_true(memory_usable(block) >= len);
        assert_true(memory_rounded(len) >= len);
        memory_free(block);
    }
    assert_int_equal(memory_usable(NULL), 0);
    memory_free(NULL);
}

static void resizing_keeps_the_bytes(void **state)
{
    (void)state;
    char *block = memory_resize(NULL, 10);
    memcpy(block, "0123456789", 10);
    block = memory_resize(block, 100000);
    assert_memory_equal(block, "0123456789", 10);
    block = memory_resize(block, 5);
    assert_memory_equal(block, "01234", 5);
    memory_free(block);
}

static void a_discarded_part_leaves_the_rest_alone(void **state)
{
    (void)state;
    const size_t len = 1 << 20, from = 100000, count = 500000;
    unsigned char *block = memory_alloc(len);
    memset(block, 0xaa, len);
    memory_discard(block + from, count);
    for (size_t i = 0; i < len; i++) {
        assert_true(block[i] == 0xaa || (i >= from && i < from + count));
    }
    memset(block, 0xbb, len);
    memory_discard(block + from, 1);
    assert_true(block[from] == 0xbb); /* Less than a page. */
    memory_free(block);
}

static void copies_text_with_an_end(void **state)
{
    (void)state;
    char *copy = memory_copy_text("podis and more", 5);
    assert_string_equal(copy, "podis");
    memory_free(copy);
    copy = memory_copy_text(NULL, 0);
    assert_string_equal(copy, "");
    memory_free(copy);
}

static void knows_its_allocator_and_its_figures(void **state)
{
    (void)state;
    void *block = memory_alloc(1 << 20);
    struct memory_stats stats = memory_refresh();
    assert_true(strlen(memory_allocator()) > 0);
#ifndef PODIS_SANITIZED
    assert_true(stats.used >= 1 << 20);
#else
    (void)stats;
#endif
    memory_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_blocks_are_zero_and_aligned),
        cmocka_unit_test(usable_is_at_least_what_was_asked_for),
        cmocka_unit_test(resizing_keeps_the_bytes),
        cmocka_unit_test(a_discarded_part_leaves_the_rest_alone),
        cmocka_unit_test(copies_text_with_an_end),
        cmocka_unit_test(knows_its_allocator_and_its_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
