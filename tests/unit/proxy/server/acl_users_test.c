/* All users, by name. */

#include "proxy/server/acl_users.h"

#include "proxy/server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct command_table *table;

static int make_table(void **state)
{
    (void)state;
    table = command_table_new();
    command_table_add_store(table);
    command_table_add_server(table);
    return 0;
}

static int free_table(void **state)
{
    (void)state;
    command_table_free(table);
    return 0;
}

static struct acl_user *add(struct acl_users *users, const char *name)
{
    struct acl_user *user = acl_users_make(users, span_from(name));
    struct acl_user *taken = user;

    acl_users_add(users, &taken);
    assert_null(taken);
    return user;
}

static void keeps_names_in_order(void **state)
{
    (void)state;
    static const char *const order[] = { "alice", "bob", "default", "eve" };
    struct acl_users users;
    acl_users_init(&users, table);
    struct acl_user *eve = add(&users, "eve");
    struct acl_user *bob = add(&users, "bob");
    add(&users, "alice");

    assert_int_equal(users.count, 4);
    for (size_t i = 0; i < users.count; i++) {
        assert_string_equal(users.users[i]->name, order[i]);
    }
    assert_ptr_equal(acl_users_find(&users, SPAN("eve")), eve);
    assert_null(acl_users_find(&users, SPAN("Eve")));
    assert_null(acl_users_find(&users, SPAN("ev")));
    acl_users_remove(&users, bob);
    assert_null(acl_users_find(&users, SPAN("bob")));
    assert_int_equal(users.count, 3);
    acl_user_free(bob);
    acl_users_fini(&users);
}

static void replaces_all_but_where_default_is(void **state)
{
    (void)state;
    struct acl_users users, next;
    acl_users_init(&users, table);
    acl_users_init(&next, table);
    acl_users_set_password(&users, SPAN("sesame"));
    struct acl_user *first = users.first;
    add(&users, "old");
    add(&next, "new");
    next.first->enabled = false;

    acl_users_swap(&users, &next);
    assert_ptr_equal(users.first, first);
    assert_ptr_equal(acl_users_find(&users, SPAN("default")), first);
    assert_false(first->enabled);
    assert_true(first->nopass);
    assert_non_null(acl_users_find(&users, SPAN("new")));
    assert_null(acl_users_find(&users, SPAN("old")));
    assert_non_null(acl_users_find(&next, SPAN("old")));
    assert_ptr_equal(acl_users_find(&next, SPAN("default")), next.first);
    /* What requirepass was is still known: it is told again and changes nothing. */
    acl_users_set_password(&users, SPAN("sesame"));
    assert_true(users.first->nopass);
    acl_users_set_password(&users, SPAN("other"));
    assert_false(users.first->nopass);
    acl_users_fini(&users);
    acl_users_fini(&next);
}

static void lets_new_users_listen_if_told_so(void **state)
{
    (void)state;
    struct acl_users users;
    acl_users_init(&users, table);

    assert_false(acl_user_root(add(&users, "a"))->all_channels);
    users.listen = true;
    assert_true(acl_user_root(add(&users, "b"))->all_channels);
    acl_users_fini(&users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_names_in_order),
        cmocka_unit_test(replaces_all_but_where_default_is),
        cmocka_unit_test(lets_new_users_listen_if_told_so),
    };
    return cmocka_run_group_tests(tests, make_table, free_table);
}
