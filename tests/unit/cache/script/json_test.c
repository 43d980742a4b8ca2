/* JSON: tokens, escapes, and numbers that are none. */

#include "cache/script/json.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROOM = 128 };

static void names_what_it_finds(void **state)
{
    static const struct {
        const char *text, *found;
        size_t at;
        bool takes_invalid;
    } cases[] = {
        { "", "T_END", 0, false },
        { " \t\r\n{", "T_OBJ_BEGIN", 4, false },
        { "}", "T_OBJ_END", 0, false },
        { "[", "T_ARR_BEGIN", 0, false },
        { "]", "T_ARR_END", 0, false },
        { ":", "T_COLON", 0, false },
        { ",", "T_COMMA", 0, false },
        { "true", "T_BOOLEAN", 0, false },
        { "false", "T_BOOLEAN", 0, false },
        { "null", "T_NULL", 0, false },
        { "nul", "invalid token", 0, false },
        { "-", "invalid number", 0, false },
        { "010", "invalid number", 0, false },
        { "0x10", "invalid number", 0, false },
        { "-inf", "invalid number", 0, false },
        { "nan", "invalid token", 0, false },
        { "+1", "invalid token", 0, false },
        { "0x10", "T_NUMBER", 0, true },
        { "nan", "T_NUMBER", 0, true },
        { "+1", "T_NUMBER", 0, true },
        { "\"ab", "unexpected end of string", 3, false },
        { "\"a\\q\"", "invalid escape code", 2, false },
        { "\"a\\", "invalid escape code", 2, false },
        { "\"\\u12g4\"", "invalid unicode escape code", 1, false },
        { "\"\\u12", "invalid unicode escape code", 1, false },
        { "\"\\ud83d\"", "invalid unicode escape code", 1, false },
        { "\"\\ud83d\\n\"", "invalid unicode escape code", 1, false },
        { "\"\\ud83d\\u0041\"", "invalid unicode escape code", 1, false },
        { "\"\\ude00\"", "invalid unicode escape code", 1, false },
        { "'a'", "invalid token", 0, false },
    };
    char room[ROOM];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_reader reader = { .text = cases[i].text,
                                      .at = cases[i].text,
                                      .room = room,
                                      .takes_invalid = cases[i].takes_invalid };
        struct json_token token = json_next(&reader);
        assert_string_equal(json_found(&token), cases[i].found);
        assert_int_equal(token.at, cases[i].at);
    }
}

static void reads_escapes(void **state)
{
    static const struct {
        const char *text;
        struct span string;
    } cases[] = {
        { "\"\"", { "", 0 } },
        { "\"a\\\"\\\\\\/\\b\\t\\n\\f\\r\"", { "a\"\\/\b\t\n\f\r", 9 } },
        { "\"\\u0000\\u007f\"", { "\0\x7f", 2 } },
        { "\"\\u00e9\\u07FF\"", { "\xc3\xa9\xdf\xbf", 4 } },
        { "\"\\u20ac\\uFFFF\"", { "\xe2\x82\xac\xef\xbf\xbf", 6 } },
        { "\"\\ud83d\\ude00\"", { "\xf0\x9f\x98\x80", 4 } },
    };
    char room[ROOM];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_reader reader = { .text = cases[i].text, .at = cases[i].text, .room = room };
        struct json_token token = json_next(&reader);
        assert_int_equal(token.kind, JSON_STRING);
        assert_int_equal(token.string.len, cases[i].string.len);
        assert_memory_equal(token.string.bytes, cases[i].string.bytes, cases[i].string.len);
        assert_int_equal(json_next(&reader).kind, JSON_END);
    }
}

static void escapes_what_it_must(void **state)
{
    (void)state;
    assert_string_equal(json_escape(0), "\\u0000");
    assert_string_equal(json_escape('\n'), "\\n");
    assert_string_equal(json_escape(31), "\\u001f");
    assert_string_equal(json_escape('"'), "\\\"");
    assert_string_equal(json_escape('/'), "\\/");
    assert_string_equal(json_escape(127), "\\u007f");
    assert_null(json_escape(' '));
    assert_null(json_escape(128));
    assert_null(json_escape(255));
}

static void writes_as_many_digits_as_are_wanted(void **state)
{
    char text[JSON_NUMBER_MAX];
    (void)state;

    assert_int_equal(json_format_number(text, 0.1, 14), 3);
    assert_memory_equal(text, "0.1", 3);
    assert_int_equal(json_format_number(text, 1.0 / 3, 3), 5);
    assert_memory_equal(text, "0.333", 5);
    assert_int_equal(json_format_number(text, -1.2345678901234e-300, 14), 21);
    assert_memory_equal(text, "-1.2345678901234e-300", 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_it_finds),
        cmocka_unit_test(reads_escapes),
        cmocka_unit_test(escapes_what_it_must),
        cmocka_unit_test(writes_as_many_digits_as_are_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
