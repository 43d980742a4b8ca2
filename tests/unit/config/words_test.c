/* Lines into words and back. */

#include "config/words.h"

#include "cache/base/check.h"
#include "cache/base/inline_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_words(const char *line, size_t count, const char *const *expected)
{
    struct option_list words = { 0 };
    assert_true(words_split(&words, span_from(line)));
    assert_int_equal(words.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(words.items[i], expected[i]);
    }
    words_fini(&words);
}

static void splits_at_spaces(void **state)
{
    (void)state;
    expect_words("", 0, NULL);
    expect_words("  \t ", 0, NULL);
    expect_words(" save  900\t1 \r\n", 3, (const char *const[]){ "save", "900", "1" });
}

static void reads_quotes_as_redis_does(void **state)
{
    (void)state;
    expect_words("a \"b c\" 'd e'", 3, (const char *const[]){ "a", "b c", "d e" });
    expect_words("\"\" ''", 2, (const char *const[]){ "", "" });
    expect_words("\"\\x41\\n\\\"\\\\\\q\"", 1, (const char *const[]){ "A\n\"\\q" });
    expect_words("'\\n\\'x'", 1, (const char *const[]){ "\\n'x" });
    expect_words("ab\"cd ef\"", 1, (const char *const[]){ "abcd ef" });
    expect_words("\"\\x4\"", 1, (const char *const[]){ "x4" });
}

static void refuses_what_has_no_end(void **state)
{
    (void)state;
    static const char *const bad[] = { "\"a", "'a", "\"a\"b", "'a'b", "x \"a\\\"", "\"a\\x00b\"" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct option_list words = { 0 };
        words_add(&words, SPAN("kept"));
        assert_false(words_split(&words, span_from(bad[i])));
        assert_int_equal(words.count, 1);
        words_fini(&words);
    }
}

static void quotes_only_what_needs_it(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *quoted;
    } rows[] = {
        { "plain-1.2:3/4", "plain-1.2:3/4" },
        { "", "\"\"" },
        { "a b", "\"a b\"" },
        { "say \"x\"\n", "\"say \\\"x\\\"\\n\"" },
        { "#", "\"#\"" },
        { "\x01", "\"\\x01\"" },
        { "it's", "\"it's\"" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, 100);
        inline_quote(&out, span_from(rows[i].word));
        assert_int_equal(out.len, strlen(rows[i].quoted));
        assert_memory_equal(buf_span(&out).bytes, rows[i].quoted, out.len);
        buf_fini(&out);
    }
}

static void reads_back_what_it_quoted(void **state)
{
    (void)state;
    for (int first = 1; first < 256; first++) {
        char word[] = { (char)first, 'x', (char)(256 - first), '\0' };
        struct option_list words = { 0 };
        struct buf line;
        buf_init(&line, 100);
        inline_quote(&line, span_from(word));
        assert_true(words_split(&words, buf_span(&line)));
        assert_int_equal(words.count, 1);
        assert_string_equal(words.items[0], word);
        words_fini(&words);
        buf_fini(&line);
    }
}

static void compares_and_copies_lists(void **state)
{
    (void)state;
    struct option_list a = { 0 };
    struct option_list b;
    words_add(&a, SPAN("one"));
    words_add(&a, SPAN("two"));
    words_copy(&b, &a);
    assert_true(words_equal(&a, &b));
    words_add(&b, SPAN("three"));
    assert_false(words_equal(&a, &b));
    words_fini(&b);
    words_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_at_spaces),          cmocka_unit_test(reads_quotes_as_redis_does),
        cmocka_unit_test(refuses_what_has_no_end),   cmocka_unit_test(quotes_only_what_needs_it),
        cmocka_unit_test(reads_back_what_it_quoted), cmocka_unit_test(compares_and_copies_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
