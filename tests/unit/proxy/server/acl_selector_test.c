/* One set of permissions. */

#include "proxy/server/acl_selector.h"

#include "proxy/server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct command_table *table;
    struct acl_selector *selector;
    struct buf text;
};

static void init(struct fixture *fixture)
{
    fixture->table = command_table_new();
    command_table_add_store(fixture->table);
    command_table_add_server(fixture->table);
    fixture->selector = acl_selector_new(fixture->table);
    buf_init(&fixture->text, 1 << 16);
}

static void fini(struct fixture *fixture)
{
    buf_fini(&fixture->text);
    acl_selector_free(fixture->selector);
    command_table_free(fixture->table);
}

static const struct command *row(const struct fixture *fixture, const char *name)
{
    const struct command *command = command_named(fixture->table, span_from(name));
    assert_non_null(command);
    return command;
}

static bool allows(const struct fixture *fixture, const char *name)
{
    size_t id = command_id(fixture->table, row(fixture, name));
    return acl_selector_allows_command(fixture->selector, id, &SPAN("x"), 1);
}

static const char *text(struct fixture *fixture,
                        void (*add)(const struct acl_selector *selector, struct buf *out))
{
    buf_cut(&fixture->text, 0);
    add(fixture->selector, &fixture->text);
    buf_add(&fixture->text, (struct span){ "", 1 });
    return buf_span(&fixture->text).bytes;
}

static void allows_nothing_at_first(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);

    assert_false(acl_selector_allows_all(fixture.selector));
    assert_false(allows(&fixture, "get"));
    assert_false(acl_selector_allows_key(fixture.selector, SPAN("k"), 0));
    assert_false(acl_selector_allows_channel(fixture.selector, SPAN("c"), false));
    assert_string_equal(text(&fixture, acl_selector_describe), "resetchannels -@all");
    fini(&fixture);
}

static void allows_a_container_with_what_it_contains(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);

    acl_selector_set_command(fixture.selector, row(&fixture, "config"), true);
    acl_selector_set_command(fixture.selector, row(&fixture, "config|set"), false);
    assert_true(allows(&fixture, "config|get"));
    assert_false(allows(&fixture, "config|set"));
    assert_false(allows(&fixture, "client|id"));
    assert_string_equal(text(&fixture, acl_selector_add_commands), "-@all +config -config|set");
    acl_selector_set_command(fixture.selector, row(&fixture, "config"), false);
    assert_false(allows(&fixture, "config|get"));
    assert_string_equal(text(&fixture, acl_selector_add_commands), "-@all -config");
    fini(&fixture);
}

static void keeps_rules_in_the_order_they_came_in(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);

    acl_selector_set_all(fixture.selector, true);
    acl_selector_set_category(fixture.selector, ACL_STRING, false);
    acl_selector_set_command(fixture.selector, row(&fixture, "get"), true);
    assert_true(allows(&fixture, "get"));
    assert_false(allows(&fixture, "set"));
    assert_true(allows(&fixture, "lpush"));
    assert_string_equal(text(&fixture, acl_selector_add_commands), "+@all -@string +get");
    /* Said again, a category is a later word. */
    acl_selector_set_category(fixture.selector, ACL_STRING, false);
    assert_false(allows(&fixture, "get"));
    assert_string_equal(text(&fixture, acl_selector_add_commands), "+@all +get -@string");
    /* What changes nothing is not kept. */
    acl_selector_set_command(fixture.selector, row(&fixture, "set"), false);
    acl_selector_set_command(fixture.selector, row(&fixture, "lpush"), true);
    assert_string_equal(text(&fixture, acl_selector_add_commands), "+@all +get -@string");
    acl_selector_set_all(fixture.selector, true);
    assert_string_equal(text(&fixture, acl_selector_add_commands), "+@all");
    fini(&fixture);
}

static void allows_a_command_with_its_first_argument(void **state)
{
    (void)state;
    struct fixture fixture;
    struct span zero[] = { SPAN("select"), SPAN("0") };
    struct span one[] = { SPAN("select"), SPAN("1") };
    init(&fixture);
    size_t id = command_id(fixture.table, row(&fixture, "select"));

    acl_selector_add_first_arg(fixture.selector, row(&fixture, "select"), SPAN("0"));
    assert_true(acl_selector_allows_command(fixture.selector, id, zero, 2));
    assert_false(acl_selector_allows_command(fixture.selector, id, one, 2));
    assert_false(acl_selector_allows_command(fixture.selector, id, zero, 1));
    acl_selector_add_first_arg(fixture.selector, row(&fixture, "select"), SPAN("0"));
    assert_string_equal(text(&fixture, acl_selector_add_commands), "-@all +select|0");
    /* Taken away with the command. */
    acl_selector_set_command(fixture.selector, row(&fixture, "select"), false);
    assert_false(acl_selector_allows_command(fixture.selector, id, zero, 2));
    assert_string_equal(text(&fixture, acl_selector_add_commands), "-@all -select");
    fini(&fixture);
}

static void allows_keys_for_what_is_done_to_them(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);

    acl_selector_add_key(fixture.selector, SPAN("r*"), PERMIT_READ);
    acl_selector_add_key(fixture.selector, SPAN("w*"), PERMIT_WRITE);
    assert_true(acl_selector_allows_key(fixture.selector, SPAN("r1"), PERMIT_READ));
    assert_false(acl_selector_allows_key(fixture.selector, SPAN("r1"), PERMIT_WRITE));
    assert_false(acl_selector_allows_key(fixture.selector, SPAN("w1"), PERMIT_ALL));
    assert_true(acl_selector_allows_key(fixture.selector, SPAN("w1"), 0));
    assert_false(acl_selector_allows_key(fixture.selector, SPAN("x"), 0));
    assert_string_equal(text(&fixture, acl_selector_add_keys), "%R~r* %W~w*");
    /* The halves of one pattern make it whole. */
    acl_selector_add_key(fixture.selector, SPAN("r*"), PERMIT_WRITE);
    assert_true(acl_selector_allows_key(fixture.selector, SPAN("r1"), PERMIT_ALL));
    assert_string_equal(text(&fixture, acl_selector_add_keys), "~r* %W~w*");
    fini(&fixture);
}

static void takes_a_pattern_of_channels_by_the_letter(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);

    acl_selector_add_channel(fixture.selector, SPAN("news:*"));
    assert_true(acl_selector_allows_channel(fixture.selector, SPAN("news:1"), false));
    assert_true(acl_selector_allows_channel(fixture.selector, SPAN("news:*"), true));
    assert_false(acl_selector_allows_channel(fixture.selector, SPAN("news:1"), true));
    assert_false(acl_selector_allows_channel(fixture.selector, SPAN("*"), true));
    acl_selector_reset_channels(fixture.selector, true);
    assert_true(acl_selector_allows_channel(fixture.selector, SPAN("*"), true));
    assert_string_equal(text(&fixture, acl_selector_add_channels), "&*");
    fini(&fixture);
}

static void copies_everything(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);
    acl_selector_set_category(fixture.selector, ACL_READ, true);
    acl_selector_add_first_arg(fixture.selector, row(&fixture, "select"), SPAN("5"));
    acl_selector_add_key(fixture.selector, SPAN("a"), PERMIT_READ);
    acl_selector_add_channel(fixture.selector, SPAN("c"));

    struct acl_selector *original = fixture.selector;
    fixture.selector = acl_selector_copy(original);
    acl_selector_free(original);
    assert_string_equal(text(&fixture, acl_selector_describe),
                        "%R~a resetchannels &c -@all +@read +select|5");
    assert_true(allows(&fixture, "get"));
    assert_false(allows(&fixture, "set"));
    fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_nothing_at_first),
        cmocka_unit_test(allows_a_container_with_what_it_contains),
        cmocka_unit_test(keeps_rules_in_the_order_they_came_in),
        cmocka_unit_test(allows_a_command_with_its_first_argument),
        cmocka_unit_test(allows_keys_for_what_is_done_to_them),
        cmocka_unit_test(takes_a_pattern_of_channels_by_the_letter),
        cmocka_unit_test(copies_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
