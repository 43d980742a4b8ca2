/* Glob patterns against a table, and against time. */

#include "cache/base/glob.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *pattern;
    const char *text;
    bool matches;
};

static void expect(const struct row *rows, size_t count, bool ignore_case)
{
    for (size_t i = 0; i < count; i++) {
        bool matches = glob_match(span_from(rows[i].pattern), span_from(rows[i].text), ignore_case);
        if (matches != rows[i].matches) {
            fail_msg("\"%s\" on \"%s\"", rows[i].pattern, rows[i].text);
        }
    }
}

static void matches_as_keys_does(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "*", "anything", true },
        { "*", "", false },
        { "", "", true },
        { "", "a", false },
        { "a", "", false },
        { "h?llo", "hello", true },
        { "h?llo", "hllo", false },
        { "h*llo", "heeeello", true },
        { "h*llo", "hllo", true },
        { "h*llo", "hllox", false },
        { "h[ae]llo", "hallo", true },
        { "h[ae]llo", "hillo", false },
        { "h[^e]llo", "hallo", true },
        { "h[^e]llo", "hello", false },
        { "h[a-c]llo", "hbllo", true },
        { "h[a-c]llo", "hdllo", false },
        { "h[c-a]llo", "hbllo", true },
        { "a\\*b", "a*b", true },
        { "a\\*b", "axb", false },
        { "a\\?", "a?", true },
        { "a\\", "a\\", true },
        { "[\\]]", "]", true },
        { "[a", "a", true },
        { "[a", "b", false },
        { "[^a", "b", true },
        { "a[", "a", false },
        { "[", "x", false },
        { "[a-", "-", true },
        { "[-a]", "-", true },
        { "**a**", "bab", true },
        { "*a*b*c*", "xaxbxcx", true },
        { "*a*b*c*", "xaxcxbx", false },
        { "*abc", "ababc", true },
        { "*?", "", false },
        { "a*", "a", true },
        { "A", "a", false },
        { "[A-Z]", "a", false },
        { "[]a", "a", false },
    };
    expect(rows, COUNT(rows), false);
}

static void ignores_case_when_asked(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "HeLLo", "hEllO", true }, { "[A-C]x", "bX", true }, { "[^A]", "a", false },
        { "h*O", "HELLO", true },   { "\\A", "a", true },     { "a", "b", false },
        { "[1-3]", "2", true },     { "[@-B]", "A", true },
    };
    expect(rows, COUNT(rows), true);
}

static void takes_any_bytes(void **state)
{
    (void)state;
    struct span text = { "a\0\xff", 3 };
    assert_true(glob_match((struct span){ "a\0?", 3 }, text, false));
    assert_true(glob_match((struct span){ "a*\xff", 3 }, text, false));
    assert_false(glob_match((struct span){ "a", 1 }, text, false));
}

static void many_stars_do_not_take_for_ever(void **state)
{
    (void)state;
    enum { STARS = 1000, TEXT = 20000 };
    static char pattern[STARS * 2 + 1], text[TEXT];
    for (size_t i = 0; i < STARS; i++) {
        pattern[2 * i] = 'a';
        pattern[2 * i + 1] = '*';
    }
    pattern[STARS * 2] = 'b';
    memset(text, 'a', sizeof(text));
    /* An exponential matcher would not come back. */
    assert_false(glob_match((struct span){ pattern, sizeof(pattern) },
                            (struct span){ text, sizeof(text) }, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_keys_does),
        cmocka_unit_test(ignores_case_when_asked),
        cmocka_unit_test(takes_any_bytes),
        cmocka_unit_test(many_stars_do_not_take_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
