/* COMMAND: what the rows say. */

#include "cache/base/arena.h"
#include "cache/base/glob.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "cache/commands/rows.h"

/* --- COMMAND, COMMAND INFO, COMMAND DOCS, COMMAND COUNT --- */

static void info_all(struct call *c)
{
    const struct command_table *table = cache_commands(c->cache);
    size_t count = command_count(table);

    reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++) {
        describe_info(c->reply, command_at(table, i));
    }
}

static void info(struct call *c)
{
    if (c->argc == 2) {
        info_all(c);
        return;
    }
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        const struct command *row = command_named(cache_commands(c->cache), c->argv[i]);
        if (row == NULL) {
            reply_null(c->reply);
        } else {
            describe_info(c->reply, row);
        }
    }
}

static void docs_of(struct call *c, const struct command *row)
{
    reply_bulk_text(c->reply, row->name);
    describe_docs(c->reply, row);
}

static void docs(struct call *c)
{
    const struct command_table *table = cache_commands(c->cache);

    if (c->argc == 2) {
        reply_map(c->reply, command_count(table));
        for (size_t i = 0; i < command_count(table); i++) {
            docs_of(c, command_at(table, i));
        }
        return;
    }
    size_t count = 0;
    struct reply_later later = reply_map_later(c->reply);
    for (size_t i = 2; i < c->argc; i++) {
        const struct command *row = command_named(table, c->argv[i]);
        if (row != NULL) {
            docs_of(c, row);
            count++;
        }
    }
    reply_later_end(c->reply, later, count);
}

static void count_all(struct call *c)
{
    reply_integer(c->reply, (int64_t)command_count(cache_commands(c->cache)));
}

/* --- COMMAND LIST --- */

struct filter {
    enum { BY_NOTHING, BY_MODULE, BY_CATEGORY, BY_PATTERN } by;
    struct span pattern;
    uint32_t category;
};

static bool filter_accepts(const struct filter *filter, const struct command *row)
{
    switch (filter->by) {
    case BY_NOTHING:
        return true;
    case BY_MODULE:
        return false; /* No command comes from a module. */
    case BY_CATEGORY:
        return (command_categories(row) & filter->category) != 0;
    case BY_PATTERN:
        return glob_match(filter->pattern, span_from(row->name), true);
    }
    return false;
}

static size_t list_if(struct call *c, const struct filter *filter, const struct command *row)
{
    size_t count = 0;

    if (filter_accepts(filter, row)) {
        reply_bulk_text(c->reply, row->name);
        count++;
    }
    const struct command *below = row->subcommands;
    for (; below != NULL && below->name != NULL; below++) {
        count += list_if(c, filter, below);
    }
    return count;
}

static bool take_filter(struct call *c, struct filter *filter)
{
    if (c->argc == 2) {
        *filter = (struct filter){ .by = BY_NOTHING };
        return true;
    }
    if (c->argc != 5 || !arg_is(c, 2, "FILTERBY")) {
        call_syntax_error(c);
        return false;
    }
    if (arg_is(c, 3, "MODULE")) {
        *filter = (struct filter){ .by = BY_MODULE };
    } else if (arg_is(c, 3, "ACLCAT")) {
        uint32_t category = acl_category_named(c->argv[4]);
        *filter = (struct filter){ .by = BY_CATEGORY, .category = category };
    } else if (arg_is(c, 3, "PATTERN")) {
        *filter = (struct filter){ .by = BY_PATTERN, .pattern = c->argv[4] };
    } else {
        call_syntax_error(c);
        return false;
    }
    return true;
}

static void list(struct call *c)
{
    const struct command_table *table = cache_commands(c->cache);
    struct filter filter;

    if (!take_filter(c, &filter)) {
        return;
    }
    size_t count = 0;
    struct reply_later later = reply_array_later(c->reply);
    for (size_t i = 0; i < command_count(table); i++) {
        count += list_if(c, &filter, command_at(table, i));
    }
    reply_later_end(c->reply, later, count);
}

/* --- COMMAND GETKEYS, COMMAND GETKEYSANDFLAGS --- */

/* The command that is asked about: argv from the third word on. */
struct asked {
    const struct command *row;
    const struct span *argv;
    size_t argc;
};

/* Replies if it returns false. */
static bool take_command(struct call *c, struct asked *asked)
{
    asked->argv = c->argv + 2;
    asked->argc = c->argc - 2;
    asked->row = command_find(cache_commands(c->cache), asked->argv, asked->argc, NULL);
    if (asked->row == NULL) {
        reply_error(c->reply, SPAN("ERR Invalid command specified"));
        return false;
    }
    if (asked->row->keys[0].kind == KEYS_NONE) {
        reply_error(c->reply, SPAN("ERR The command has no key arguments"));
        return false;
    }
    if (!command_arity_fits(asked->row, asked->argc)) {
        reply_error(c->reply, SPAN("ERR Invalid number of arguments specified for command"));
        return false;
    }
    return true;
}

/* Replies if there are none. The indexes are in the arena. */
static size_t find_keys(struct call *c, const struct asked *asked, uint32_t **indexes)
{
    *indexes = arena_alloc(c->arena, asked->argc * sizeof(**indexes));
    size_t count = command_keys(asked->row, asked->argv, asked->argc, *indexes, asked->argc);
    if (count == 0 && (asked->row->flags & CMD_NO_MANDATORY_KEYS) != 0) {
        reply_array(c->reply, 0);
    } else if (count == 0) {
        reply_error(c->reply, SPAN("ERR Invalid arguments specified for command"));
    }
    return count;
}

static void getkeys(struct call *c)
{
    struct asked asked;
    uint32_t *indexes;

    if (!take_command(c, &asked)) {
        return;
    }
    size_t count = find_keys(c, &asked, &indexes);
    if (count == 0) {
        return;
    }
    reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_bulk(c->reply, asked.argv[indexes[i]]);
    }
}

static void getkeysandflags(struct call *c)
{
    struct asked asked;
    uint32_t *indexes;

    if (!take_command(c, &asked)) {
        return;
    }
    size_t count = find_keys(c, &asked, &indexes);
    if (count == 0) {
        return;
    }
    reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_array(c->reply, 2);
        reply_bulk(c->reply, asked.argv[indexes[i]]);
        describe_key_flags(c->reply,
                           command_key_flags(asked.row, asked.argv, asked.argc, indexes[i]));
    }
}

static void help(struct call *c)
{
    const struct command *command = command_named(cache_commands(c->cache), SPAN("command"));
    describe_help(c->reply, command);
}

/* Each of them may be asked at any time. */
#define ABOUT_COMMANDS                                                                             \
    .flags = CMD_LOADING | CMD_STALE, .categories = ACL_CONNECTION, .group = "server"

static const struct command subcommands[] = {
    { .name = "command|count",
      .run = count_all,
      .arity = 2,
      ABOUT_COMMANDS,
      .since = "2.8.13",
      .complexity = "O(1)",
      .summary = "Returns how many commands there are." },
    { .name = "command|docs",
      .run = docs,
      .arity = -2,
      ABOUT_COMMANDS,
      .since = "7.0.0",
      .complexity = "O(N), N being the number of commands asked about.",
      .synopsis = "[command-name:string...]",
      .summary = "Returns what is to be known about using commands.",
      .tips = "nondeterministic_output_order" },
    { .name = "command|getkeys",
      .run = getkeys,
      .arity = -4,
      ABOUT_COMMANDS,
      .since = "2.8.13",
      .complexity = "O(N), N being the number of arguments.",
      .summary = "Returns the keys among the words of a command." },
    { .name = "command|getkeysandflags",
      .run = getkeysandflags,
      .arity = -4,
      ABOUT_COMMANDS,
      .since = "7.0.0",
      .complexity = "O(N), N being the number of arguments.",
      .summary = "Returns the keys of a command and what it does to each." },
    { .name = "command|help",
      .run = help,
      .arity = 2,
      ABOUT_COMMANDS,
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "command|info",
      .run = info,
      .arity = -2,
      ABOUT_COMMANDS,
      .since = "2.8.13",
      .complexity = "O(N), N being the number of commands asked about.",
      .synopsis = "[command-name:string...]",
      .summary = "Returns how commands are routed and checked; of all, if none is named.",
      .tips = "nondeterministic_output_order",
      .history = "7.0.0 No name: all commands." },
    { .name = "command|list",
      .run = list,
      .arity = -2,
      ABOUT_COMMANDS,
      .since = "7.0.0",
      .complexity = "O(N), N being the number of commands.",
      .synopsis = "[filterby:(module-name:string=MODULE | category:string=ACLCAT | "
                  "pattern:pattern=PATTERN)=FILTERBY]",
      .summary = "Returns the names of commands.",
      .tips = "nondeterministic_output_order" },
    { .name = NULL },
};

const struct command command_commands[] = {
    { .name = "command",
      .run = info_all,
      .arity = -1,
      ABOUT_COMMANDS,
      .subcommands = subcommands,
      .since = "2.8.13",
      .complexity = "O(N), N being the number of commands.",
      .summary = "Returns how all commands are routed and checked.",
      .tips = "nondeterministic_output_order" },
    { .name = NULL },
};
