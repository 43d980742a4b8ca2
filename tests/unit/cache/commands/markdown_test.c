/* Every command as Markdown. */

#include "cache/commands/markdown.h"

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
    { .name = "box|open",
      .run = nothing,
      .arity = 2,
      .group = "server",
      .since = "1.1.0",
      .complexity = "O(1)",
      .summary = "Opens it." },
    { .name = NULL },
};

static const struct command rows[] = {
    { .name = "put",
      .run = nothing,
      .arity = 2,
      .flags = CMD_WRITE,
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Puts.",
      .deprecated_since = "2.0.0",
      .replaced_by = "`PUSH`" },
    { .name = "box",
      .arity = -2,
      .subcommands = below,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "A box." },
    { .name = "take",
      .run = nothing,
      .arity = 1,
      .flags = CMD_READ | CMD_FAST,
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "Takes." },
    { .name = NULL },
};

static void prints_groups_with_their_commands(void **state)
{
    (void)state;
    struct command_table *table = command_table_new();
    struct buf out;

    buf_init(&out, SIZE_MAX);
    command_table_add(table, rows);
    markdown_print(table, &out);
    buf_add(&out, (struct span){ "", 1 });
    assert_string_equal(buf_span(&out).bytes,
                        "# Commands\n\n"
                        "## list\n\n"
                        "### PUT\n\n    PUT key\n\nPuts.\n\n* Since: 1.0.0\n"
                        "* Complexity: O(1)\n* Categories: @write @list @slow\n"
                        "* Deprecated since 2.0.0: use `PUSH`\n\n"
                        "### TAKE\n\n    TAKE\n\nTakes.\n\n* Since: 1.0.0\n"
                        "* Complexity: O(1)\n* Categories: @read @list @fast\n\n"
                        "## server\n\n"
                        "### BOX\n\n    BOX subcommand ...\n\nA box.\n\n* Since: 1.0.0\n"
                        "* Complexity: O(1)\n* Categories: @slow\n\n"
                        "### BOX OPEN\n\n    BOX OPEN\n\nOpens it.\n\n* Since: 1.1.0\n"
                        "* Complexity: O(1)\n* Categories: @slow\n\n");
    buf_fini(&out);
    command_table_free(table);
}

static void prints_every_row_of_the_store(void **state)
{
    (void)state;
    struct command_table *table = command_table_new();
    struct buf out;

    buf_init(&out, SIZE_MAX);
    command_table_add_store(table);
    markdown_print(table, &out);
    buf_add(&out, (struct span){ "", 1 });
    for (size_t i = 0; i < command_count(table); i++) {
        char heading[64];
        snprintf(heading, sizeof(heading), "### %s\n", command_at(table, i)->name);
        for (char *at = heading; *at != '\0'; at++) {
            *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 0x20 : *at);
        }
        assert_non_null(strstr(buf_span(&out).bytes, heading));
    }
    buf_fini(&out);
    command_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_groups_with_their_commands),
        cmocka_unit_test(prints_every_row_of_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
