/* How the patterns of BY and GET are read. */

#include "cache/commands/sort_pattern.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_text(struct span span, const char *text)
{
    assert_true(span_equal(span, span_from(text)));
}

static void finds_its_parts(void **state)
{
    static const struct {
        const char *text;
        const char *before, *after, *field;
    } rows[] = {
        { "weight:*", "weight:", "", "" },
        { "*", "", "", "" },
        { "a*b*c", "a", "b*c", "" },
        { "user:*->name", "user:", "", "name" },
        { "user:*:x->name", "user:", ":x", "name" },
        { "a*->b->c", "a", "", "b->c" },
        { "a*->", "a", "->", "" }, /* No field: part of the name. */
        { "a->b*", "a->b", "", "" },
        { "a*-", "a", "-", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sort_pattern pattern = sort_pattern_parse(span_from(rows[i].text));
        assert_false(pattern.is_constant);
        assert_false(pattern.is_element);
        assert_text(pattern.before, rows[i].before);
        assert_text(pattern.after, rows[i].after);
        assert_text(pattern.field, rows[i].field);
    }
}

static void is_constant_without_a_star(void **state)
{
    static const char *const texts[] = { "", "nosort", "a->b", "##", "#" };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct sort_pattern pattern = sort_pattern_parse(span_from(texts[i]));
        assert_true(pattern.is_constant);
        assert_true(pattern.is_element == (i == 4));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_its_parts),
        cmocka_unit_test(is_constant_without_a_star),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
