/* Blocks of a pool: apart from each other, used again, and given back. */

#include "cache/ds/pool.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const size_t lens[] = { 17, 19, 24, 33, 40, 49, 53, 56 };

static void takes_what_gains_by_it(void **state)
{
    static const size_t others[] = { 0, 1, 8, 9, 16, 25, 32, 41, 48, 57, 64, 65, 72, 1000 };
    (void)state;
    for (size_t i = 0; i < COUNT(lens); i++) {
        assert_true(pool_takes(lens[i]));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(pool_takes(others[i]));
    }
}

static void costs_little_more_than_its_blocks(void **state)
{
    enum { BLOCKS = 1000 };
    void *blocks[BLOCKS];
    struct pool pool = { .pages = 0 };
    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = pool_alloc(&pool, 20);
    }
    assert_true(pool_bytes(&pool) <= BLOCKS * 26);
    for (size_t i = 0; i < BLOCKS; i++) {
        pool_free(&pool, blocks[i]);
    }
    assert_int_equal(pool_bytes(&pool), 0);
}

static void uses_again_what_was_freed(void **state)
{
    enum { BLOCKS = 200 };
    void *blocks[BLOCKS];
    struct pool pool = { .pages = 0 };
    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = pool_alloc(&pool, 40);
    }
    size_t bytes = pool_bytes(&pool);
    for (size_t i = 0; i < BLOCKS; i += 3) {
        pool_free(&pool, blocks[i]);
    }
    for (size_t i = 0; i < BLOCKS; i += 3) {
        blocks[i] = pool_alloc(&pool, 37);
    }
    assert_int_equal(pool_bytes(&pool), bytes);
    for (size_t i = 0; i < BLOCKS; i++) {
        pool_free(&pool, blocks[BLOCKS - 1 - i]);
    }
    assert_int_equal(pool_bytes(&pool), 0);
}

/* Each block is full of a byte that depends on its place, which nobody else may have touched. */
static void keeps_blocks_apart(void **state)
{
    enum { BLOCKS = 500, RUN = 50000 };
    uint8_t *blocks[BLOCKS] = { NULL };
    struct pool pool = { .pages = 0 };
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < RUN; i++) {
        size_t which = (size_t)random_below(&random, BLOCKS);
        size_t len = lens[which % COUNT(lens)];
        if (blocks[which] == NULL) {
            blocks[which] = pool_alloc(&pool, len);
            assert_int_equal((uintptr_t)blocks[which] % 8, 0);
            memset(blocks[which], (int)(which & 0xff), len);
        } else {
            for (size_t j = 0; j < len; j++) {
                assert_int_equal(blocks[which][j], which & 0xff);
            }
            pool_free(&pool, blocks[which]);
            blocks[which] = NULL;
        }
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i] != NULL) {
            pool_free(&pool, blocks[i]);
        }
    }
    assert_int_equal(pool_bytes(&pool), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_gains_by_it),
        cmocka_unit_test(costs_little_more_than_its_blocks),
        cmocka_unit_test(uses_again_what_was_freed),
        cmocka_unit_test(keeps_blocks_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
