/* A request's memory. */

#include "cache/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    unsigned char *pieces[300];
    for (size_t i = 0; i < 300; i++) {
        pieces[i] = arena_alloc(&arena, i);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xff), i);
    }
    for (size_t i = 1; i < 300; i++) {
        assert_int_equal(pieces[i][0], i & 0xff);
        assert_int_equal(pieces[i][i - 1], i & 0xff);
    }
    arena_fini(&arena);
}

static void a_reset_keeps_the_first_block(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    void *first = arena_alloc(&arena, 100);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    for (int i = 0; i < 100; i++) {
        arena_alloc(&arena, 1000);
    }
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    arena_fini(&arena);
}

static void a_large_piece_gets_a_block_of_its_own(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    memset(arena_alloc(&arena, 1000000), 'x', 1000000);
    memset(arena_alloc(&arena, 10), 'y', 10);
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 10));
    arena_fini(&arena);
    arena_fini(&arena);
}

static void what_is_taken_after_a_mark_dies_with_the_rewind(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    char *kept = arena_alloc(&arena, 100);
    memset(kept, 'k', 100);
    struct arena_mark mark = arena_mark(&arena);
    void *first = arena_alloc(&arena, 50);
    for (int i = 0; i < 100; i++) {
        memset(arena_alloc(&arena, 3000), 'x', 3000);
    }
    arena_rewind(&arena, mark);
    assert_ptr_equal(arena_alloc(&arena, 50), first);
    assert_int_equal(kept[99], 'k');
    arena_fini(&arena);
}

static void an_empty_arena_can_be_rewound_to(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct arena_mark mark = arena_mark(&arena);
    arena_rewind(&arena, mark);
    void *first = arena_alloc(&arena, 50);
    arena_alloc(&arena, 100000);
    arena_rewind(&arena, mark);
    assert_ptr_equal(arena_alloc(&arena, 50), first);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(a_reset_keeps_the_first_block),
        cmocka_unit_test(a_large_piece_gets_a_block_of_its_own),
        cmocka_unit_test(what_is_taken_after_a_mark_dies_with_the_rewind),
        cmocka_unit_test(an_empty_arena_can_be_rewound_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
