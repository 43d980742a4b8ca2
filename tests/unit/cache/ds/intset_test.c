/* Sets of integers: their bytes, and a random run against a plain array. */

#include "cache/ds/intset.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct span bytes_of(const struct intset *set)
{
    return (struct span){ (const char *)set, intset_bytes(set) };
}

static void assert_numbers(const struct intset *set, const int64_t *numbers, size_t count)
{
    assert_true(intset_is_sound(bytes_of(set)));
    assert_int_equal(intset_count(set), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(intset_at(set, i) == numbers[i]);
        assert_true(intset_has(set, numbers[i]));
    }
}

static void is_empty_at_first(void **state)
{
    (void)state;
    struct intset *set = intset_new();
    assert_memory_equal(set, "\2\0\0\0\0\0\0\0", INTSET_EMPTY_BYTES);
    assert_int_equal(intset_bytes(set), INTSET_EMPTY_BYTES);
    assert_false(intset_has(set, 0));
    memory_free(set);
}

static void keeps_numbers_in_order_and_once(void **state)
{
    static const int64_t sorted[] = { -7, 0, 3, 5 };
    (void)state;
    struct intset *set = intset_new();
    assert_true(intset_add(&set, 5));
    assert_true(intset_add(&set, -7));
    assert_true(intset_add(&set, 3));
    assert_true(intset_add(&set, 0));
    assert_false(intset_add(&set, 3));
    assert_numbers(set, sorted, COUNT(sorted));
    assert_false(intset_has(set, 4));
    memory_free(set);
}

static void has_the_bytes_of_redis(void **state)
{
    static const char narrow[] = "\2\0\0\0\2\0\0\0\xff\xff\1\1";
    static const char wide[] = "\4\0\0\0\3\0\0\0\xff\xff\xff\xff\1\1\0\0\0\0\1\0";
    (void)state;
    struct intset *set = intset_new();
    intset_add(&set, 257);
    intset_add(&set, -1);
    assert_int_equal(intset_bytes(set), sizeof(narrow) - 1);
    assert_memory_equal(set, narrow, sizeof(narrow) - 1);
    intset_add(&set, 65536);
    assert_int_equal(intset_bytes(set), sizeof(wide) - 1);
    assert_memory_equal(set, wide, sizeof(wide) - 1);
    memory_free(set);
}

static void widens_for_either_end(void **state)
{
    static const int64_t sorted[] = { INT64_MIN, -40000, -1, 1, 40000, INT64_MAX };
    (void)state;
    struct intset *set = intset_new();
    intset_add(&set, 1);
    intset_add(&set, -1);
    assert_true(intset_add(&set, -40000));
    assert_true(intset_add(&set, 40000));
    assert_true(intset_add(&set, INT64_MAX));
    assert_true(intset_add(&set, INT64_MIN));
    assert_numbers(set, sorted, COUNT(sorted));
    assert_false(intset_has(set, INT64_MAX - 1));
    memory_free(set);
}

static void takes_out_what_is_there(void **state)
{
    static const int64_t sorted[] = { 1, 3 };
    (void)state;
    struct intset *set = intset_new();
    for (int64_t i = 1; i <= 3; i++) {
        intset_add(&set, i);
    }
    assert_true(intset_remove(&set, 2));
    assert_false(intset_remove(&set, 2));
    assert_numbers(set, sorted, COUNT(sorted));
    assert_true(intset_remove(&set, 3));
    assert_true(intset_remove(&set, 1));
    assert_int_equal(intset_bytes(set), INTSET_EMPTY_BYTES);
    memory_free(set);
}

static void is_read_at_any_alignment(void **state)
{
    char room[64];
    (void)state;
    struct intset *set = intset_new();
    intset_add(&set, 100000);
    intset_add(&set, -5);
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(room + shift, set, intset_bytes(set));
        const struct intset *moved = (const struct intset *)(const void *)(room + shift);
        assert_true(intset_has(moved, 100000));
        assert_true(intset_at(moved, 0) == -5);
    }
    memory_free(set);
}

static void refuses_unsound_bytes(void **state)
{
    const struct span rows[] = {
        SPAN(""),
        SPAN("\2\0\0\0\0\0\0"),                      /* Too short for a head. */
        SPAN("\3\0\0\0\0\0\0\0"),                    /* No such width. */
        SPAN("\0\0\0\0\0\0\0\0"),                    /* Nor this. */
        SPAN("\2\0\0\0\1\0\0\0"),                    /* A number is missing, */
        SPAN("\2\0\0\0\1\0\0\0\1"),                  /* or half of it, */
        SPAN("\2\0\0\0\1\0\0\0\1\0\2\0"),            /* or there is one too many. */
        SPAN("\2\0\0\0\1\0\0\0\1\0\2"),              /* or half of one. */
        SPAN("\2\0\0\0\2\0\0\0\1\0\1\0"),            /* The same twice. */
        SPAN("\2\0\0\0\2\0\0\0\1\0\xff\xff"),        /* Descending. */
        SPAN("\2\0\0\0\xff\xff\xff\xff\1\0"),        /* So many there cannot be. */
        SPAN("\x8\0\0\0\0\0\0\x20\1\0\0\0\0\0\0\0"), /* The product overflows 32 bits. */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (intset_is_sound(rows[i])) {
            fail_msg("row %zu", i);
        }
    }
    assert_true(intset_is_sound(SPAN("\2\0\0\0\0\0\0\0")));
}

/* --- against an array that says for each number of a few whether it is in --- */

enum { RUN = 20000, DISTINCT = 96 };

/* Numbers of all widths; ascending with `i`. */
static int64_t number_of(size_t i)
{
    int64_t from_middle = (int64_t)i - DISTINCT / 2;
    int64_t size = from_middle < 0 ? -from_middle : from_middle;
    int64_t number = size < 16 ? size : INT64_C(1) << size;
    return from_middle < 0 ? -number : number;
}

static void assert_as_modelled(const struct intset *set, const bool *model)
{
    size_t count = 0;
    assert_true(intset_is_sound(bytes_of(set)));
    for (size_t i = 0; i < DISTINCT; i++) {
        assert_true(intset_has(set, number_of(i)) == model[i]);
        if (model[i]) {
            assert_true(intset_at(set, count) == number_of(i));
            count++;
        }
    }
    assert_int_equal(intset_count(set), count);
}

static void holds_what_a_plain_array_holds(void **state)
{
    bool model[DISTINCT] = { false };
    uint64_t random = 3;
    (void)state;
    struct intset *set = intset_new();
    for (int i = 0; i < RUN; i++) {
        size_t which = (size_t)random_below(&random, DISTINCT);
        if (random_below(&random, 2) == 0) {
            assert_true(intset_add(&set, number_of(which)) == !model[which]);
            model[which] = true;
        } else {
            assert_true(intset_remove(&set, number_of(which)) == model[which]);
            model[which] = false;
        }
        if (i % 16 == 0) {
            assert_as_modelled(set, model);
        }
    }
    struct intset *copy = intset_copy(set);
    assert_as_modelled(copy, model);
    memory_free(copy);
    memory_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_at_first),
        cmocka_unit_test(keeps_numbers_in_order_and_once),
        cmocka_unit_test(has_the_bytes_of_redis),
        cmocka_unit_test(widens_for_either_end),
        cmocka_unit_test(takes_out_what_is_there),
        cmocka_unit_test(is_read_at_any_alignment),
        cmocka_unit_test(refuses_unsound_bytes),
        cmocka_unit_test(holds_what_a_plain_array_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
