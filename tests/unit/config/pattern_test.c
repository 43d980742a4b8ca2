/* Regular expressions over keys, and the limits of a match. */

#include "config/pattern.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct pattern *compiled(const char *text)
{
    struct pattern *pattern;
    char why[200];
    enum err err = pattern_new(span_from(text), &pattern, why, sizeof(why));
    assert_int_equal(err, ERR_OK);
    return pattern;
}

static void matches_anywhere(void **state)
{
    (void)state;
    struct pattern *pattern = compiled("b+");
    struct span part;
    assert_int_equal(pattern_match(pattern, SPAN("abbc"), 0, &part), PATTERN_HIT);
    assert_int_equal(part.len, 4);
    assert_int_equal(pattern_match(pattern, SPAN("acc"), 0, &part), PATTERN_MISS);
    assert_int_equal(pattern_match(pattern, SPAN(""), 0, &part), PATTERN_MISS);
    pattern_free(pattern);
}

static void gives_a_capture(void **state)
{
    (void)state;
    struct pattern *pattern = compiled("^(user:\\d+):|^(x)");
    struct span part;
    assert_int_equal(pattern_groups(pattern), 2);
    assert_int_equal(pattern_match(pattern, SPAN("user:12:cart"), 1, &part), PATTERN_HIT);
    assert_true(span_equal(part, SPAN("user:12")));
    /* A group that took no part: the whole key. */
    assert_int_equal(pattern_match(pattern, SPAN("xyz"), 1, &part), PATTERN_HIT);
    assert_true(span_equal(part, SPAN("xyz")));
    assert_int_equal(pattern_match(pattern, SPAN("user:12:cart"), 2, &part), PATTERN_HIT);
    assert_true(span_equal(part, SPAN("user:12:cart")));
    pattern_free(pattern);
}

static void takes_any_bytes(void **state)
{
    (void)state;
    struct pattern *pattern = compiled("^\\xff.\\x00");
    struct span part;
    assert_int_equal(pattern_match(pattern, SPAN("\xff\x80\0"), 0, &part), PATTERN_HIT);
    pattern_free(pattern);
}

static void says_where_a_pattern_is_wrong(void **state)
{
    (void)state;
    struct pattern *pattern;
    char why[200];
    assert_int_equal(pattern_new(SPAN("ab[c"), &pattern, why, sizeof(why)), ERR_INVALID);
    assert_null(pattern);
    assert_non_null(strstr(why, "offset 4"));
    /* A pattern cannot turn UTF-8 on: keys are bytes. */
    assert_int_equal(pattern_new(SPAN("(*UTF)a"), &pattern, why, sizeof(why)), ERR_INVALID);
}

static void bounds_the_length_of_a_pattern(void **state)
{
    (void)state;
    static char text[PATTERN_LEN_MAX + 1];
    struct pattern *pattern;
    char why[200];
    memset(text, 'a', sizeof(text));
    assert_int_equal(
        pattern_new((struct span){ text, PATTERN_LEN_MAX }, &pattern, why, sizeof(why)), ERR_OK);
    pattern_free(pattern);
    assert_int_equal(
        pattern_new((struct span){ text, PATTERN_LEN_MAX + 1 }, &pattern, why, sizeof(why)),
        ERR_INVALID);
}

static void gives_up_a_match_without_end(void **state)
{
    (void)state;
    struct pattern *pattern = compiled("^(a+)+$");
    struct span part;
    assert_int_equal(pattern_match(pattern,
                                   SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), 0,
                                   &part),
                     PATTERN_LIMIT);
    assert_int_equal(pattern_match(pattern, SPAN("aaaa"), 0, &part), PATTERN_HIT);
    pattern_free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_anywhere),
        cmocka_unit_test(gives_a_capture),
        cmocka_unit_test(takes_any_bytes),
        cmocka_unit_test(says_where_a_pattern_is_wrong),
        cmocka_unit_test(bounds_the_length_of_a_pattern),
        cmocka_unit_test(gives_up_a_match_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
