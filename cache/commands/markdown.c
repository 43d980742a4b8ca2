/* Every command as Markdown, grouped as in Redis's manual. */

#include "cache/commands/markdown.h"

#include "cache/commands/synopsis.h"

#include <ctype.h>

static void add_text(struct buf *out, const char *text)
{
    buf_add(out, span_from(text));
}

/* "client|id" is typed as "CLIENT ID". */
static void add_name(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++) {
        char byte = *name == '|' ? ' ' : (char)toupper((unsigned char)*name);
        buf_add(out, (struct span){ &byte, 1 });
    }
}

static void add_categories(struct buf *out, const struct command *row)
{
    uint32_t categories = command_categories(row);
    for (size_t i = 0; i < ACL_CATEGORIES; i++) {
        if ((categories & (1u << i)) != 0) {
            add_text(out, " @");
            add_text(out, acl_category_name(i));
        }
    }
}

static void add_command(struct buf *out, const struct command *row)
{
    add_text(out, "### ");
    add_name(out, row->name);
    add_text(out, "\n\n    ");
    add_name(out, row->name);
    if (row->synopsis != NULL && row->synopsis[0] != '\0') {
        add_text(out, " ");
        synopsis_print(span_from(row->synopsis), out);
    } else if (row->subcommands != NULL) {
        add_text(out, row->run == NULL ? " subcommand ..." : " [subcommand ...]");
    }
    add_text(out, "\n\n");
    add_text(out, row->summary);
    add_text(out, "\n\n* Since: ");
    add_text(out, row->since);
    if (row->complexity != NULL) {
        add_text(out, "\n* Complexity: ");
        add_text(out, row->complexity);
    }
    add_text(out, "\n* Categories:");
    add_categories(out, row);
    if (row->deprecated_since != NULL) {
        add_text(out, "\n* Deprecated since ");
        add_text(out, row->deprecated_since);
        add_text(out, ": use ");
        add_text(out, row->replaced_by);
    }
    add_text(out, "\n\n");
    for (const struct command *below = row->subcommands; below != NULL && below->name != NULL;
         below++) {
        add_command(out, below);
    }
}

/* Whether this row is the first of its group. */
static bool opens_group(const struct command_table *table, size_t index)
{
    const char *group = command_at(table, index)->group;
    for (size_t i = 0; i < index; i++) {
        if (strcmp(command_at(table, i)->group, group) == 0) {
            return false;
        }
    }
    return true;
}

void markdown_print(const struct command_table *table, struct buf *out)
{
    add_text(out, "# Commands\n\n");
    for (size_t i = 0; i < command_count(table); i++) {
        if (!opens_group(table, i)) {
            continue;
        }
        const char *group = command_at(table, i)->group;
        add_text(out, "## ");
        add_text(out, group);
        add_text(out, "\n\n");
        for (size_t k = i; k < command_count(table); k++) {
            if (strcmp(command_at(table, k)->group, group) == 0) {
                add_command(out, command_at(table, k));
            }
        }
    }
}
