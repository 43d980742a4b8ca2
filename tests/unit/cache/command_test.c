/* Rows by name, by words, by number; where keys are. */

#include "cache/command.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void nothing(struct call *c)
{
    (void)c;
}

static const struct command below[] = {
    { .name = "box|open", .run = nothing, .arity = 2 },
    { .name = "box|shut", .run = nothing, .arity = 3, .keys = { KEYS(2, 2, 1, KEY_RO) } },
    { .name = NULL },
};

static const struct command rows[] = {
    { .name = "a", .run = nothing, .arity = 1 },
    { .name = "get", .run = nothing, .arity = 2, .keys = { KEYS(1, 1, 1, KEY_RO) } },
    { .name = "mset", .run = nothing, .arity = -3, .keys = { KEYS(1, -1, 2, KEY_OW) } },
    { .name = "box", .arity = -2, .subcommands = below },
    { .name = "eightlet", .run = nothing, .arity = 1 },
    { .name = "nineletts", .run = nothing, .arity = 1 },
    { .name = "one-name-of-16-b", .run = nothing, .arity = 1 },
    { .name = "one-name-that-is-longer-one", .run = nothing, .arity = 1 },
    { .name = "one-name-that-is-longer-two", .run = nothing, .arity = 1 },
    { .name = "count",
      .run = nothing,
      .arity = -3,
      .keys = { { .kind = KEYS_COUNTED, .first = 2, .step = 1 } } },
    { .name = "store",
      .run = nothing,
      .arity = -4,
      .keys = { KEYS(1, 1, 1, KEY_OW), { .kind = KEYS_COUNTED, .first = 2, .step = 1 } } },
    { .name = NULL },
};

static int setup(void **state)
{
    struct command_table *table = command_table_new();
    command_table_add(table, rows);
    *state = table;
    return 0;
}

static int teardown(void **state)
{
    command_table_free(*state);
    return 0;
}

static void finds_every_row_in_any_case(void **state)
{
    for (const struct command *row = rows; row->name != NULL; row++) {
        char name[64];
        size_t len = strlen(row->name);
        for (size_t i = 0; i < len; i++) {
            bool letter = row->name[i] >= 'a' && row->name[i] <= 'z';
            name[i] = (char)(letter && i % 2 == 0 ? row->name[i] - 0x20 : row->name[i]);
        }
        assert_ptr_equal(command_named(*state, (struct span){ name, len }), row);
        assert_ptr_equal(command_named(*state, span_from(row->name)), row);
    }
}

static void finds_nothing_by_a_name_that_is_close(void **state)
{
    static const char *const names[] = {
        "",
        "ge",
        "gets",
        "b",
        "fet",
        "nineletti",
        "mineletts",
        "eightle",
        "eightlets",
        "one-name-of-16-c",
        "one\rname-of-16-b",
        "one-name-that-is-longer-onf",
        "one-name_that-is-longer-one",
        "box|",
        "box|ope",
        "get|open",
        "|",
        "\x01",
        "G\x05T",
        "get\x20",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_null(command_named(*state, span_from(names[i])));
    }
    assert_null(command_named(*state, (struct span){ "get\0", 4 }));
}

static void finds_a_subcommand_below_its_container(void **state)
{
    const struct span open[] = { SPAN("BOX"), SPAN("Open") };
    const struct span wrong[] = { SPAN("box"), SPAN("break") };
    const struct command *container = NULL;

    assert_ptr_equal(command_find(*state, open, 2, &container), &below[0]);
    assert_null(container);
    assert_ptr_equal(command_named(*state, SPAN("Box|SHUT")), &below[1]);
    assert_ptr_equal(command_find(*state, open, 1, &container), &rows[3]);
    assert_null(command_find(*state, wrong, 2, &container));
    assert_ptr_equal(container, &rows[3]);
}

static void numbers_rows_without_gaps(void **state)
{
    bool taken[64] = { false };
    size_t count = command_ids(*state);

    assert_int_equal(count, COUNT(rows) - 1 + COUNT(below) - 1);
    for (size_t i = 0; i < command_count(*state); i++) {
        taken[command_id(*state, command_at(*state, i))] = true;
    }
    taken[command_id(*state, &below[0])] = true;
    taken[command_id(*state, &below[1])] = true;
    for (size_t i = 0; i < count; i++) {
        assert_true(taken[i]);
    }
}

static void keeps_finding_rows_when_there_are_many(void **state)
{
    (void)state;
    enum { MANY = 500 };
    static char names[MANY][24];
    static struct command many[MANY + 1];
    struct command_table *table = command_table_new();

    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "command-%zu-x", i * 7919);
        many[i] = (struct command){ .name = names[i], .run = nothing, .arity = 1 };
    }
    command_table_add(table, many);
    assert_int_equal(command_count(table), MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(command_named(table, span_from(names[i])), &many[i]);
        assert_int_equal(command_id(table, &many[i]), i);
    }
    command_table_free(table);
}

static void says_where_keys_are(void **state)
{
    static const struct {
        const char *words[8];
        uint32_t indexes[4];
        size_t count;
    } cases[] = {
        { { "get", "k" }, { 1 }, 1 },
        { { "a" }, { 0 }, 0 },
        { { "mset", "a", "1", "b", "2" }, { 1, 3 }, 2 },
        { { "mset", "a", "1", "b" }, { 1, 3 }, 2 },
        { { "box", "shut", "k" }, { 2 }, 1 },
        { { "box", "open" }, { 0 }, 0 },
        { { "count", "x", "2", "a", "b" }, { 3, 4 }, 2 },
        { { "count", "x", "3", "a", "b" }, { 0 }, 0 },
        { { "count", "x", "0", "a", "b" }, { 0 }, 0 },
        { { "count", "x", "-1", "a", "b" }, { 0 }, 0 },
        { { "count", "x", "two", "a", "b" }, { 0 }, 0 },
        { { "count", "x", "9223372036854775807", "a" }, { 0 }, 0 },
        { { "store", "to", "2", "a", "b", "c" }, { 1, 3, 4 }, 3 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct span argv[8];
        uint32_t indexes[4] = { 0 };
        size_t argc = 0;
        for (; argc < 8 && cases[i].words[argc] != NULL; argc++) {
            argv[argc] = span_from(cases[i].words[argc]);
        }
        const struct command *row = command_find(*state, argv, argc, NULL);
        assert_non_null(row);
        assert_int_equal(command_keys(row, argv, argc, indexes, 4), cases[i].count);
        for (size_t k = 0; k < cases[i].count; k++) {
            assert_int_equal(indexes[k], cases[i].indexes[k]);
        }
    }
}

static void tells_of_more_keys_than_fit(void **state)
{
    const struct span argv[] = { SPAN("mset"), SPAN("a"), SPAN("1"), SPAN("b"), SPAN("2") };
    const struct command *row = command_find(*state, argv, 5, NULL);
    uint32_t indexes[1] = { 0 };

    assert_int_equal(command_keys(row, argv, 5, indexes, 1), 2);
    assert_int_equal(indexes[0], 1);
    assert_int_equal(command_keys(row, argv, 5, NULL, 0), 2);
}

static void checks_how_many_words_there_are(void **state)
{
    (void)state;
    const struct command two = { .name = "x", .arity = 2 };
    const struct command more = { .name = "y", .arity = -2 };

    assert_false(command_arity_fits(&two, 1));
    assert_true(command_arity_fits(&two, 2));
    assert_false(command_arity_fits(&two, 3));
    assert_false(command_arity_fits(&more, 1));
    assert_true(command_arity_fits(&more, 2));
    assert_true(command_arity_fits(&more, 3));
}

static void implies_categories_from_flags_and_group(void **state)
{
    (void)state;
    static const struct {
        struct command row;
        uint32_t categories;
    } cases[] = {
        { { .run = nothing, .flags = CMD_READ | CMD_FAST, .group = "string" },
          ACL_READ | ACL_STRING | ACL_FAST },
        { { .run = nothing, .flags = CMD_WRITE | CMD_BLOCKING, .group = "list" },
          ACL_WRITE | ACL_LIST | ACL_BLOCKING | ACL_SLOW },
        { { .run = nothing, .flags = CMD_ADMIN, .group = "server" },
          ACL_ADMIN | ACL_DANGEROUS | ACL_SLOW },
        { { .run = nothing, .flags = CMD_PUBSUB, .group = "pubsub" }, ACL_PUBSUB | ACL_SLOW },
        { { .run = nothing, .flags = CMD_READ, .group = "scripting" }, ACL_SCRIPTING | ACL_SLOW },
        { { .run = nothing, .categories = ACL_KEYSPACE, .group = "generic" },
          ACL_KEYSPACE | ACL_SLOW },
        { { .run = NULL, .group = "connection" }, ACL_SLOW },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(command_categories(&cases[i].row), cases[i].categories);
    }
}

static void knows_categories_by_name(void **state)
{
    (void)state;
    assert_string_equal(acl_category_name(0), "keyspace");
    assert_string_equal(acl_category_name(ACL_CATEGORIES - 1), "scripting");
    assert_int_equal(acl_category_named(SPAN("Dangerous")), ACL_DANGEROUS);
    assert_int_equal(acl_category_named(SPAN("sortedset")), ACL_SORTEDSET);
    assert_int_equal(acl_category_named(SPAN("nosuch")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_every_row_in_any_case, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_nothing_by_a_name_that_is_close, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_a_subcommand_below_its_container, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_rows_without_gaps, setup, teardown),
        cmocka_unit_test(keeps_finding_rows_when_there_are_many),
        cmocka_unit_test_setup_teardown(says_where_keys_are, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_of_more_keys_than_fit, setup, teardown),
        cmocka_unit_test(checks_how_many_words_there_are),
        cmocka_unit_test(implies_categories_from_flags_and_group),
        cmocka_unit_test(knows_categories_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
