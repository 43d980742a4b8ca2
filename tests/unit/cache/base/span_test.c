/* Borrowed bytes. */

#include "cache/base/span.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void equal_means_every_byte(void **state)
{
    (void)state;
    assert_true(span_equal(SPAN("abc"), span_from("abc")));
    assert_false(span_equal(SPAN("abc"), SPAN("abd")));
    assert_false(span_equal(SPAN("abc"), SPAN("abcd")));
    assert_true(span_equal(SPAN(""), (struct span){ NULL, 0 }));
    assert_false(span_equal((struct span){ "a\0b", 3 }, (struct span){ "a\0c", 3 }));
}

static void is_ignores_case_but_not_length(void **state)
{
    (void)state;
    assert_true(span_is(SPAN("GeT"), "get"));
    assert_false(span_is(SPAN("gets"), "get"));
    assert_false(span_is(SPAN("ge"), "get"));
    assert_false(span_is((struct span){ "ge\0t", 4 }, "get"));
}

static void compares_bytes_then_length(void **state)
{
    (void)state;
    assert_true(span_compare(SPAN("a"), SPAN("b")) < 0);
    assert_true(span_compare(SPAN("b"), SPAN("ab")) > 0);
    assert_true(span_compare(SPAN("a"), SPAN("ab")) < 0);
    assert_true(span_compare(SPAN("ab"), SPAN("a")) > 0);
    assert_true(span_compare(SPAN("\x01"), SPAN("\xff")) < 0);
    assert_int_equal(span_compare(SPAN(""), SPAN("")), 0);
}

static void skipping_leaves_the_rest(void **state)
{
    (void)state;
    assert_true(span_equal(span_skip(SPAN("abc"), 2), SPAN("c")));
    assert_int_equal(span_skip(SPAN("abc"), 3).len, 0);
}

static void a_secret_is_every_byte_of_it(void **state)
{
    (void)state;
    static const char *const wrong[] = { "",       "s",         "secre", "secrets",
                                         "Secret", "secre\x01", "xxxxxx" };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(span_is_secret(span_from(wrong[i]), SPAN("secret")));
    }
    assert_false(span_is_secret(SPAN("secret\0"), SPAN("secret")));
    assert_false(span_is_secret(SPAN("\0"), SPAN("")));
    assert_true(span_is_secret(SPAN("secret"), SPAN("secret")));
    assert_true(span_is_secret(SPAN(""), SPAN("")));
}

static void shows_the_beginning_of_long_words(void **state)
{
    (void)state;
    char words[200] = { 0 };
    assert_int_equal(span_shown((struct span){ words, 0 }), 0);
    assert_int_equal(span_shown((struct span){ words, 128 }), 128);
    assert_int_equal(span_shown((struct span){ words, 129 }), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_means_every_byte),
        cmocka_unit_test(is_ignores_case_but_not_length),
        cmocka_unit_test(compares_bytes_then_length),
        cmocka_unit_test(skipping_leaves_the_rest),
        cmocka_unit_test(a_secret_is_every_byte_of_it),
        cmocka_unit_test(shows_the_beginning_of_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
