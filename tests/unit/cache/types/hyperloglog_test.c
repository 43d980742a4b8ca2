/* HyperLogLogs against a plain array of registers. */

#include "cache/types/hyperloglog.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SPARSE_MAX = 3000 };

static struct span text_of(const struct hll *hll)
{
    return (struct span){ hll->bytes, hll->len };
}

static void assert_registers(const struct hll *hll, const uint8_t *expected)
{
    uint8_t registers[HLL_REGISTERS] = { 0 };
    assert_true(hll_join(registers, text_of(hll)));
    assert_memory_equal(registers, expected, HLL_REGISTERS);
}

static void an_empty_one_is_one_run_of_zeroes(void **state)
{
    (void)state;
    char room[HLL_ROOM];
    uint8_t zeroes[HLL_REGISTERS] = { 0 };
    struct hll hll;
    hll_init(&hll, room);
    assert_true(span_equal(text_of(&hll), SPAN("HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff")));
    assert_true(hll_is_one(text_of(&hll)));
    assert_registers(&hll, zeroes);
    assert_true(hll_estimate(zeroes) == 0);
}

static void raising_is_the_same_sparse_and_dense(void **state)
{
    (void)state;
    static const uint64_t maxima[] = { 0, 20, 300, SPARSE_MAX, UINT64_MAX };
    uint64_t random = 11;
    for (size_t i = 0; i < COUNT(maxima); i++) {
        static char sparse_room[HLL_ROOM], dense_room[HLL_ROOM];
        static uint8_t model[HLL_REGISTERS];
        struct hll sparse, dense;
        memset(model, 0, sizeof(model));
        hll_init(&sparse, sparse_room);
        hll_init(&dense, dense_room);
        assert_true(hll_make_dense(&dense));
        for (int round = 0; round < 3000; round++) {
            /* Mostly few registers and small counts, so that runs meet. */
            size_t index = random_below(&random, random_below(&random, 4) ? 200 : HLL_REGISTERS);
            unsigned count = (unsigned)random_below(&random, round % 500 == 499 ? 51 : 4) + 1;
            enum hll_result expected = count > model[index] ? HLL_CHANGED : HLL_SAME;
            model[index] = (uint8_t)(count > model[index] ? count : model[index]);
            assert_int_equal(hll_raise(&sparse, index, count, maxima[i]), expected);
            assert_int_equal(hll_raise(&dense, index, count, maxima[i]), expected);
            assert_true(hll_is_dense(text_of(&sparse)) || sparse.len <= maxima[i] ||
                        sparse.len == HLL_HEADER + 2);
        }
        assert_registers(&sparse, model);
        assert_registers(&dense, model);
    }
}

static void stays_sparse_up_to_its_maximum(void **state)
{
    (void)state;
    char room[HLL_ROOM];
    struct hll hll;
    size_t largest = 0;
    hll_init(&hll, room);
    for (uint64_t i = 0; !hll_is_dense(text_of(&hll)); i++) {
        largest = hll.len;
        assert_true(hll_add(&hll, (struct span){ (const char *)&i, sizeof(i) }, 500) != HLL_BROKEN);
    }
    assert_true(largest > 490 && largest <= 500);
    assert_int_equal(hll.len, HLL_DENSE_BYTES);
}

static void estimates_well(void **state)
{
    (void)state;
    static const uint64_t counts[] = { 1, 10, 100, 1000, 10000, 100000 };
    static char room[HLL_ROOM];
    struct hll hll;
    uint64_t added = 0;
    hll_init(&hll, room);
    for (size_t i = 0; i < COUNT(counts); i++) {
        uint8_t registers[HLL_REGISTERS] = { 0 };
        for (; added < counts[i]; added++) {
            struct span element = { (const char *)&added, sizeof(added) };
            assert_true(hll_add(&hll, element, SPARSE_MAX) != HLL_BROKEN);
        }
        assert_true(hll_join(registers, text_of(&hll)));
        double error = fabs((double)hll_estimate(registers) - (double)counts[i]);
        assert_true(error <= 0.03 * (double)counts[i]);
    }
}

static void the_cached_cardinality_is_good_until_it_is_forgotten(void **state)
{
    (void)state;
    char room[HLL_ROOM];
    struct hll hll;
    uint64_t cardinality;
    hll_init(&hll, room);
    assert_true(hll_cached(text_of(&hll), &cardinality));
    assert_true(cardinality == 0);
    hll_set_cached(&hll, 12345678901);
    assert_true(hll_cached(text_of(&hll), &cardinality));
    assert_true(cardinality == 12345678901);
    hll_forget_cached(&hll);
    assert_false(hll_cached(text_of(&hll), &cardinality));
}

#define HEADER "HYLL\x01\0\0\0\0\0\0\0\0\0\0\0"

static void knows_what_is_none(void **state)
{
    (void)state;
    static char dense[HLL_DENSE_BYTES + 1] = "HYLL";
    assert_false(hll_is_one(SPAN("")));
    assert_false(hll_is_one(SPAN("HYLL\x01")));
    assert_false(hll_is_one(SPAN("HYLX\x01\0\0\0\0\0\0\0\0\0\0\0")));
    assert_false(hll_is_one(SPAN("HYLL\x02\0\0\0\0\0\0\0\0\0\0\0")));
    assert_true(hll_is_one(SPAN(HEADER)));
    assert_true(hll_is_one((struct span){ dense, HLL_DENSE_BYTES }));
    assert_false(hll_is_one((struct span){ dense, HLL_DENSE_BYTES + 1 }));
    assert_false(hll_is_one((struct span){ dense, HLL_DENSE_BYTES - 1 }));
}

static void broken_runs_are_noticed(void **state)
{
    (void)state;
    const struct span rows[] = {
        SPAN(HEADER),                /* no registers */
        SPAN(HEADER "\x7f"),         /* half of a run */
        SPAN(HEADER "\x7f\xfe"),     /* one register too few */
        SPAN(HEADER "\x7f\xff\x80"), /* one too many */
        SPAN(HEADER "\x7f\xfe\x81"), /* the same within a run */
        SPAN(HEADER "\x7f\xff\x7f"), /* something behind */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t registers[HLL_REGISTERS] = { 0 };
        static char room[HLL_ROOM];
        struct hll hll;
        /* A block of exactly its size, so that the sanitizer sees a byte too many. */
        char *exact = memory_alloc(rows[i].len);
        memcpy(exact, rows[i].bytes, rows[i].len);
        struct span text = { exact, rows[i].len };
        assert_true(hll_is_one(text));
        assert_false(hll_join(registers, text));
        assert_true(hll_copy(&hll, room, text));
        assert_false(hll_make_dense(&hll));
        memory_free(exact);
    }
}

static void what_is_too_long_is_not_copied(void **state)
{
    (void)state;
    static char text[HLL_ROOM + 1] = HEADER;
    static char room[HLL_ROOM];
    struct hll hll;
    assert_true(hll_copy(&hll, room, (struct span){ text, HLL_ROOM }));
    assert_false(hll_copy(&hll, room, (struct span){ text, HLL_ROOM + 1 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_is_one_run_of_zeroes),
        cmocka_unit_test(raising_is_the_same_sparse_and_dense),
        cmocka_unit_test(stays_sparse_up_to_its_maximum),
        cmocka_unit_test(estimates_well),
        cmocka_unit_test(the_cached_cardinality_is_good_until_it_is_forgotten),
        cmocka_unit_test(knows_what_is_none),
        cmocka_unit_test(broken_runs_are_noticed),
        cmocka_unit_test(what_is_too_long_is_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
