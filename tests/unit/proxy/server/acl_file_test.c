/* Users in files. */

#include "proxy/server/acl_file.h"

#include "proxy/server/acl_rule.h"
#include "proxy/server/server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct command_table *table;
    struct acl_users users;
    struct buf text;
    char folder[64], path[80];
};

static void init(struct fixture *fixture)
{
    *fixture = (struct fixture){ .table = command_table_new() };
    command_table_add_store(fixture->table);
    command_table_add_server(fixture->table);
    acl_users_init(&fixture->users, fixture->table);
    buf_init(&fixture->text, 1 << 16);
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/podis-acl-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/u.acl", fixture->folder);
}

static void fini(struct fixture *fixture)
{
    unlink(fixture->path);
    assert_int_equal(rmdir(fixture->folder), 0);
    buf_fini(&fixture->text);
    acl_users_fini(&fixture->users);
    command_table_free(fixture->table);
}

static void write_file(const struct fixture *fixture, const char *text)
{
    FILE *file = fopen(fixture->path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
}

/* NULL: it was good. The folder's name is left out. */
static const char *load(struct fixture *fixture)
{
    static char why[1024];
    char *to = why;

    acl_users_fini(&fixture->users);
    acl_users_init(&fixture->users, fixture->table);
    buf_cut(&fixture->text, 0);
    if (acl_file_load(&file_system, fixture->path, &fixture->users, &fixture->text)) {
        assert_int_equal(fixture->text.len, 0);
        return NULL;
    }
    buf_add(&fixture->text, (struct span){ "", 1 });
    const char *from = buf_span(&fixture->text).bytes;
    while (*from != '\0') {
        from += strncmp(from, fixture->path, strlen(fixture->path)) == 0
                    ? strlen(fixture->path) - strlen("u.acl")
                    : 0;
        *to++ = *from++;
    }
    *to = '\0';
    return why;
}

static const char *described(struct fixture *fixture, const char *name)
{
    const struct acl_user *user = acl_users_find(&fixture->users, span_from(name));

    if (user == NULL) {
        return "nobody";
    }
    buf_cut(&fixture->text, 0);
    acl_user_describe(user, &fixture->text);
    buf_add(&fixture->text, (struct span){ "", 1 });
    return buf_span(&fixture->text).bytes;
}

static void change(struct fixture *fixture, const char *name, const char *rule)
{
    struct acl_user *user = acl_users_find(&fixture->users, span_from(name));

    if (user == NULL) {
        struct acl_user *fresh = user = acl_users_make(&fixture->users, span_from(name));
        acl_users_add(&fixture->users, &fresh);
    }
    assert_int_equal(acl_rule_apply(user, span_from(rule), false), ACL_RULE_FINE);
}

static void reads_users(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);

    write_file(&fixture,
               "user bob on  (+get ~a b) \r\n\n  user alice nopass +@read\nuser default off");
    assert_string_equal(load(&fixture),
                        "u.acl:1: Syntax error. WARNING: ACL errors detected, no change to the "
                        "previously active ACL rules was performed");
    write_file(&fixture,
               "user bob on  (+get ~a) \r\n\n  user alice nopass +@read\nuser default off");
    assert_null(load(&fixture));
    assert_int_equal(fixture.users.count, 3);
    assert_string_equal(described(&fixture, "bob"),
                        "on resetchannels -@all (~a resetchannels -@all +get)");
    assert_string_equal(described(&fixture, "alice"), "off nopass resetchannels -@all +@read");
    assert_string_equal(described(&fixture, "default"), "off resetchannels -@all");
    /* Who is not mentioned but must be there is as ever. */
    write_file(&fixture, "");
    assert_null(load(&fixture));
    assert_int_equal(fixture.users.count, 1);
    assert_string_equal(described(&fixture, "default"), "on nopass ~* &* +@all");
    fini(&fixture);
}

static void tells_all_that_is_wrong(void **state)
{
    (void)state;
#define NOTHING                                                                                    \
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "foo bar\n",
          "u.acl:1 should start with user keyword followed by the username. " NOTHING },
        { "user", "u.acl:1 should start with user keyword followed by the username. " NOTHING },
        { "# note\n", "u.acl:1 should start with user keyword followed by the username. " NOTHING },
        { "user a\nuser a\n", "WARNING: Duplicate user 'a' found on line 2. " NOTHING },
        { "user default\n\nuser default\n",
          "WARNING: Duplicate user 'default' found on line 3. " NOTHING },
        { "user a\tb on\n", "u.acl:1: username 'a\tb' contains invalid characters. " NOTHING },
        { "user a (+get\n", "u.acl:1: Unmatched parenthesis in selector definition." NOTHING },
        { "user a +x (+nosuch) what\n",
          "u.acl:1: Error in applying operation '+x': Unknown command or category name in ACL. "
          "u.acl:1: Error in applying operation '(+nosuch)': Unknown command or category name in "
          "ACL. u.acl:1: Syntax error. " NOTHING },
    };
    struct fixture fixture;
    init(&fixture);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(&fixture, cases[i].text);
        assert_string_equal(load(&fixture), cases[i].why);
    }
    unlink(fixture.path);
    assert_string_equal(load(&fixture),
                        "Error loading ACLs, opening file 'u.acl': No such file or directory");
    fini(&fixture);
}

static void writes_what_it_reads_again(void **state)
{
    (void)state;
    struct fixture fixture;
    init(&fixture);

    change(&fixture, "a\"b", ">secret");
    change(&fixture, "a\"b", "~x\"y'\\z");
    change(&fixture, "a\"b", "(~k +set)");
    change(&fixture, "default", "-@dangerous");
    assert_int_equal(acl_file_save(&file_system, fixture.path, &fixture.users), 0);
    assert_null(load(&fixture));
    assert_string_equal(described(&fixture, "a\"b"),
                        "off #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b "
                        "~x\"y'\\z resetchannels -@all (~k resetchannels -@all +set)");
    assert_string_equal(described(&fixture, "default"), "on nopass ~* &* +@all -@dangerous");
    fini(&fixture);
}

static int disk_is_full(void *context, int file, bool data_only)
{
    (void)context;
    (void)file;
    (void)data_only;
    return -ENOSPC;
}

static void leaves_the_file_when_it_cannot_write(void **state)
{
    (void)state;
    struct fixture fixture;
    struct file_ops full = file_system;
    init(&fixture);
    full.sync = disk_is_full;

    write_file(&fixture, "user alice on");
    assert_int_equal(acl_file_save(&full, fixture.path, &fixture.users), -ENOSPC);
    assert_null(load(&fixture));
    assert_string_equal(described(&fixture, "alice"), "on resetchannels -@all");
    fini(&fixture);
}

static void makes_lines_for_a_configuration(void **state)
{
    (void)state;
    struct fixture fixture;
    struct option_list lines = { 0 };
    struct acl_users again;
    init(&fixture);

    /* requirepass says it all. */
    acl_users_set_password(&fixture.users, SPAN("sesame"));
    acl_file_add_lines(&fixture.users, &lines);
    assert_int_equal(lines.count, 0);

    change(&fixture, "alice", "~x\"y");
    change(&fixture, "alice", "(~k +set)");
    change(&fixture, "default", ">more");
    acl_file_add_lines(&fixture.users, &lines);
    assert_int_equal(lines.count, 2);
    acl_users_init(&again, fixture.table);
    buf_cut(&fixture.text, 0);
    assert_true(acl_file_take_lines(&lines, &again, &fixture.text));
    for (size_t i = 0; i < again.count; i++) {
        struct buf mine, theirs;
        buf_init(&mine, 1 << 16);
        buf_init(&theirs, 1 << 16);
        acl_user_describe(again.users[i], &mine);
        acl_user_describe(fixture.users.users[i], &theirs);
        assert_int_equal(mine.len, theirs.len);
        assert_memory_equal(buf_span(&mine).bytes, buf_span(&theirs).bytes, mine.len);
        buf_fini(&mine);
        buf_fini(&theirs);
    }
    acl_users_fini(&again);
    words_fini(&lines);
    fini(&fixture);
}

static void refuses_wrong_lines_of_a_configuration(void **state)
{
    (void)state;
    static const struct {
        const char *line, *why;
    } cases[] = {
        { "alice +nosuch", "Error loading ACL rule '+nosuch' for the user named 'alice': Unknown "
                           "command or category name in ACL" },
        { "alice (+get", "Error in user declaration 'alice': Unmatched parenthesis in selector "
                         "definition." },
        { "bob", "Error in user declaration 'bob': Duplicate user found. A user can only be "
                 "defined once in config files" },
        { "\"\" on", "Error in user declaration: usernames can't be empty, or contain spaces" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture;
        struct option_list lines = { 0 };
        init(&fixture);
        words_add(&lines, SPAN("bob on"));
        words_add(&lines, span_from(cases[i].line));
        assert_false(acl_file_take_lines(&lines, &fixture.users, &fixture.text));
        buf_add(&fixture.text, (struct span){ "", 1 });
        assert_string_equal(buf_span(&fixture.text).bytes, cases[i].why);
        words_fini(&lines);
        fini(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_users),
        cmocka_unit_test(tells_all_that_is_wrong),
        cmocka_unit_test(writes_what_it_reads_again),
        cmocka_unit_test(leaves_the_file_when_it_cannot_write),
        cmocka_unit_test(makes_lines_for_a_configuration),
        cmocka_unit_test(refuses_wrong_lines_of_a_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
