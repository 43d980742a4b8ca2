/* The language in which rows state their arguments. */

#include "cache/commands/synopsis.h"

#include "cache/base/check.h"
#include "cache/command.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct argument only(const char *text)
{
    struct span rest = span_from(text);
    struct argument argument;
    struct argument none;

    assert_true(synopsis_next(&rest, &argument));
    assert_false(synopsis_next(&rest, &none));
    return argument;
}

static void assert_span(struct span span, const char *text)
{
    assert_true(span_equal(span, span_from(text)));
}

static void reads_a_plain_argument(void **state)
{
    (void)state;
    struct argument argument = only("key:key");

    assert_int_equal(argument.kind, ARGUMENT_TYPED);
    assert_span(argument.name, "key");
    assert_span(argument.type, "key");
    assert_int_equal(argument.token.len, 0);
    assert_int_equal(argument.since.len, 0);
    assert_int_equal(argument.key_spec, -1);
    assert_false(argument.optional);
    assert_false(argument.multiple);
    assert_false(argument.multiple_token);
}

static void reads_all_that_can_follow(void **state)
{
    (void)state;
    struct argument argument = only("[store:key=STORE#2@6.2.0+...]");

    assert_span(argument.type, "key");
    assert_span(argument.token, "STORE");
    assert_span(argument.since, "6.2.0");
    assert_int_equal(argument.key_spec, 2);
    assert_true(argument.optional);
    assert_true(argument.multiple);
    assert_true(argument.multiple_token);
}

static void tells_a_version_from_the_dots_of_a_repetition(void **state)
{
    (void)state;
    struct argument argument = only("name:string@7.0.0...");

    assert_span(argument.since, "7.0.0");
    assert_true(argument.multiple);
    assert_false(argument.multiple_token);
}

static void reads_words_of_punctuation(void **state)
{
    (void)state;
    static const char *const tokens[] = { "=", "~", "*", ">", "$", "-", "\"\"" };
    for (size_t i = 0; i < COUNT(tokens); i++) {
        char text[16] = "name:";
        memcpy(text + 5, tokens[i], strlen(tokens[i]) + 1);
        struct argument argument = only(text);
        assert_int_equal(argument.kind, ARGUMENT_TOKEN);
        assert_span(argument.token, tokens[i]);
        assert_span(argument.type, "pure-token");
    }
}

static void reads_what_is_nested(void **state)
{
    (void)state;
    struct argument outer = only("[filter:(a:{x:key y:string} | b:(c:C | d:D)=B)=BY]");
    struct span rest = outer.inside;
    struct argument argument;

    assert_int_equal(outer.kind, ARGUMENT_ONEOF);
    assert_span(outer.token, "BY");
    assert_int_equal(synopsis_count(outer.inside), 2);
    assert_true(synopsis_next(&rest, &argument));
    assert_int_equal(argument.kind, ARGUMENT_BLOCK);
    assert_int_equal(synopsis_count(argument.inside), 2);
    assert_true(synopsis_next(&rest, &argument));
    assert_int_equal(argument.kind, ARGUMENT_ONEOF);
    assert_span(argument.token, "B");
    assert_false(synopsis_next(&rest, &argument));
}

static void finds_nothing_in_nothing(void **state)
{
    (void)state;
    assert_int_equal(synopsis_count(SPAN("")), 0);
}

static void prints_a_line_for_people(void **state)
{
    (void)state;
    static const struct {
        const char *synopsis;
        const char *line;
    } cases[] = {
        { "key:key", "key" },
        { "key:key...", "key [key ...]" },
        { "[name:string...]", "[name [name ...]]" },
        { "key:key value:string [condition:(nx:NX | xx:XX)] [get:GET]",
          "key value [NX | XX] [GET]" },
        { "[expiration:(seconds:integer=EX | keepttl:KEEPTTL)]", "[EX seconds | KEEPTTL]" },
        { "key_value:{key:key value:string}...", "key value [key value ...]" },
        { "where:(before:BEFORE | after:AFTER) pivot:string", "<BEFORE | AFTER> pivot" },
        { "[pattern:pattern=GET+...]", "[GET pattern [GET pattern ...]]" },
        { "[filterby:(name:string=MODULE | pattern:pattern=PATTERN)=FILTERBY]",
          "[FILTERBY MODULE name | PATTERN pattern]" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out;
        buf_init(&out, 1000);
        synopsis_print(span_from(cases[i].synopsis), &out);
        assert_span(buf_span(&out), cases[i].line);
        buf_fini(&out);
    }
}

static void read_through(struct span text)
{
    struct argument argument;
    while (synopsis_next(&text, &argument)) {
        assert_true(argument.name.len > 0);
        if (argument.inside.len > 0) {
            read_through(argument.inside);
        }
    }
}

static void reads_every_row_of_the_store(void **state)
{
    (void)state;
    struct command_table *table = command_table_new();
    command_table_add_store(table);
    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *row = command_at(table, i);
        read_through(span_from(row->synopsis == NULL ? "" : row->synopsis));
        const struct command *below = row->subcommands;
        for (; below != NULL && below->name != NULL; below++) {
            read_through(span_from(below->synopsis == NULL ? "" : below->synopsis));
        }
    }
    command_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_plain_argument),
        cmocka_unit_test(reads_all_that_can_follow),
        cmocka_unit_test(tells_a_version_from_the_dots_of_a_repetition),
        cmocka_unit_test(reads_words_of_punctuation),
        cmocka_unit_test(reads_what_is_nested),
        cmocka_unit_test(finds_nothing_in_nothing),
        cmocka_unit_test(prints_a_line_for_people),
        cmocka_unit_test(reads_every_row_of_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
