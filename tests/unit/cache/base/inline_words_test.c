/* Words of a line, as people type them. */

#include "cache/base/inline_words.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The words of a line, joined with '|'; "!" if the line is refused. */
static const char *words_of(struct span line)
{
    static char shown[256];
    char room[256];
    struct span word;
    bool found;
    size_t len = 0;

    assert_true(line.len <= sizeof(room));
    for (;;) {
        if (!inline_word(&line, room, &word, &found)) {
            return "!";
        }
        if (!found) {
            shown[len] = '\0';
            return shown;
        }
        memcpy(shown + len, word.bytes, word.len);
        len += word.len;
        shown[len++] = '|';
    }
}

static void splits_as_redis_does(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } cases[] = {
        { "", "" },
        { "   ", "" },
        { "PING", "PING|" },
        { "  SET\tk  v ", "SET|k|v|" },
        { "a \"b c\" d", "a|b c|d|" },
        { "a 'b c' d", "a|b c|d|" },
        { "''", "|" },
        { "\"\" x", "|x|" },
        { "a\"b c\"", "ab c|" },
        { "a'b'", "ab|" },
        { "\"\\x41\\x6a\\x6A\"", "Ajj|" },
        { "\"\\x4\"", "x4|" },
        { "\"\\xzz\"", "xzz|" },
        { "\"\\n\\r\\t\\b\\a\\\\\\\"\\q\"", "\n\r\t\b\a\\\"q|" },
        { "'\\n \\' \\\\ '", "\\n ' \\\\ |" },
        { "a\\x41", "a\\x41|" },
        { "\\\"x", "!" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(words_of(span_from(cases[i].line)), cases[i].words);
    }
}

static void refuses_open_quotes_and_what_follows_closed_ones(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\"", "'", "a \"b", "a 'b", "\"a\"b", "'a'b", "\"a\"'b'", "\"a\\\"", "'a\\'", "\"\\", "'\\",
    };

    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_string_equal(words_of(span_from(lines[i])), "!");
    }
}

static void borrows_words_without_quotes_from_the_line(void **state)
{
    (void)state;
    struct span line = SPAN("GET key"), word;
    const char *start = line.bytes;
    bool found;

    assert_true(inline_word(&line, NULL, &word, &found));
    assert_ptr_equal(word.bytes, start);
    assert_true(inline_word(&line, NULL, &word, &found));
    assert_ptr_equal(word.bytes, start + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_redis_does),
        cmocka_unit_test(refuses_open_quotes_and_what_follows_closed_ones),
        cmocka_unit_test(borrows_words_without_quotes_from_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
