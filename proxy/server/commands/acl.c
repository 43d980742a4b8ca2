/* ACL: users and what they may do. */

#include "proxy/server/acl.h"

#include "cache/base/arena.h"
#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/acl_file.h"
#include "proxy/server/acl_rule.h"
#include "proxy/server/acl_words.h"
#include "proxy/server/commands/rows.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

#include <stdio.h>
#include <sys/random.h>

enum { LOG_DEFAULT = 10, PASSWORD_BITS = 256, PASSWORD_BITS_MAX = 4096, BITS_PER_DIGIT = 4 };

static struct server *server_of(const struct call *c)
{
    const struct session *session = c->caller;
    return session->server;
}

static struct acl_users *users_of(const struct call *c)
{
    return &server_of(c)->users;
}

/* --- users --- */

/* Replies if it returns false. */
static bool apply_rules(struct call *c, struct acl_user *user, const struct span *rules,
                        size_t count)
{
    enum acl_rule_error error = ACL_RULE_FINE;
    struct acl_words words;
    struct span rule;

    acl_words_init(&words, rules, count);
    while (error == ACL_RULE_FINE && acl_words_next(&words, &rule)) {
        error = acl_rule_apply(user, rule, users_of(c)->listen);
    }
    if (error == ACL_RULE_FINE) {
        reply_ok(c->reply);
    } else {
        reply_errorf(c->reply, "ERR Error in ACL SETUSER modifier '%.*s': %s", (int)rule.len,
                     rule.bytes, acl_rule_error_text(error));
    }
    acl_words_fini(&words);
    return error == ACL_RULE_FINE;
}

static void setuser(struct call *c)
{
    struct acl_users *users = users_of(c);
    struct span name = c->argv[2];
    const struct span *rules = c->argv + 3;
    size_t count = c->argc - 3;

    if (name.len == 0 || !acl_rule_name_fits(name)) {
        reply_error(c->reply, SPAN("ERR Usernames can't contain spaces or null characters"));
        return;
    }
    size_t unclosed = acl_words_unclosed(rules, count);
    if (unclosed < count) {
        reply_errorf(c->reply, "ERR Unmatched parenthesis in acl selector starting at '%.*s'.",
                     (int)rules[unclosed].len, rules[unclosed].bytes);
        return;
    }
    struct acl_user *user = acl_users_find(users, name);
    struct acl_user *changed = user == NULL ? acl_users_make(users, name) : acl_user_copy(user);
    if (!apply_rules(c, changed, rules, count)) {
        acl_user_free(changed);
    } else if (user == NULL) {
        acl_users_add(users, &changed);
    } else {
        acl_change_user(server_of(c), user, &changed);
    }
}

/* Nobody is removed if "default" is among them. */
static void deluser(struct call *c)
{
    struct server *server = server_of(c);
    int64_t removed = 0;

    for (size_t at = 2; at < c->argc; at++) {
        if (span_equal(c->argv[at], SPAN("default"))) {
            reply_error(c->reply, SPAN("ERR The 'default' user cannot be removed"));
            return;
        }
    }
    for (size_t at = 2; at < c->argc; at++) {
        struct acl_user *user = acl_users_find(&server->users, c->argv[at]);
        if (user != NULL) {
            acl_remove_user(server, user);
            removed++;
        }
    }
    reply_integer(c->reply, removed);
}

static void reply_text(struct call *c, struct buf *text)
{
    reply_bulk(c->reply, buf_span(text));
    buf_cut(text, 0);
}

static void reply_selector(struct call *c, const struct acl_selector *selector, struct buf *text)
{
    reply_bulk_text(c->reply, "commands");
    acl_selector_add_commands(selector, text);
    reply_text(c, text);
    reply_bulk_text(c->reply, "keys");
    acl_selector_add_keys(selector, text);
    reply_text(c, text);
    reply_bulk_text(c->reply, "channels");
    acl_selector_add_channels(selector, text);
    reply_text(c, text);
}

static void reply_flags(struct call *c, const struct acl_user *user)
{
    const struct {
        bool is;
        const char *name;
    } flags[] = {
        { user->enabled, "on" },
        { !user->enabled, "off" },
        { user->nopass, "nopass" },
        { user->skip_sanitize_payload, "skip-sanitize-payload" },
        { user->sanitize_payload, "sanitize-payload" },
    };
    size_t count = 0;

    struct reply_later later = reply_set_later(c->reply);
    for (size_t i = 0; i < COUNT(flags); i++) {
        if (flags[i].is) {
            reply_bulk_text(c->reply, flags[i].name);
            count++;
        }
    }
    reply_later_end(c->reply, later, count);
}

static void getuser(struct call *c)
{
    const struct acl_user *user = acl_users_find(users_of(c), c->argv[2]);
    struct buf text;

    if (user == NULL) {
        reply_null(c->reply);
        return;
    }
    buf_init(&text, SIZE_MAX / 2);
    reply_map(c->reply, 6);
    reply_bulk_text(c->reply, "flags");
    reply_flags(c, user);
    reply_bulk_text(c->reply, "passwords");
    reply_array(c->reply, user->passwords.count);
    for (size_t i = 0; i < user->passwords.count; i++) {
        reply_bulk_text(c->reply, user->passwords.items[i]);
    }
    reply_selector(c, acl_user_root(user), &text);
    reply_bulk_text(c->reply, "selectors");
    reply_array(c->reply, user->selector_count - 1);
    for (size_t i = 1; i < user->selector_count; i++) {
        reply_map(c->reply, 3);
        reply_selector(c, user->selectors[i], &text);
    }
    buf_fini(&text);
}

static void list(struct call *c)
{
    const struct acl_users *users = users_of(c);
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    reply_array(c->reply, users->count);
    for (size_t i = 0; i < users->count; i++) {
        buf_addf(&text, "user %s ", users->users[i]->name);
        acl_user_describe(users->users[i], &text);
        reply_text(c, &text);
    }
    buf_fini(&text);
}

static void list_names(struct call *c)
{
    const struct acl_users *users = users_of(c);

    reply_array(c->reply, users->count);
    for (size_t i = 0; i < users->count; i++) {
        reply_bulk_text(c->reply, users->users[i]->name);
    }
}

static void whoami(struct call *c)
{
    reply_bulk_text(c->reply, acl_name_of(c->caller));
}

/* --- what a user might do --- */

static void reply_denial(struct call *c, const struct request *request, enum acl_denial denial,
                         size_t at)
{
    struct span object =
        denial == ACL_DENIED_COMMAND ? span_from(request->command->name) : request->argv[at];
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    buf_addf(&text, denial == ACL_DENIED_COMMAND ? "This user has no permissions to run the '"
                                                 : "This user has no permissions to access the '");
    buf_add(&text, object);
    buf_addf(&text, "' %s", acl_log_reason(denial));
    reply_text(c, &text);
    buf_fini(&text);
}

static void dryrun(struct call *c)
{
    const struct acl_user *user = acl_users_find(users_of(c), c->argv[2]);
    const struct command_table *table = cache_commands(c->cache);
    struct request request = { .argv = c->argv + 3, .argc = c->argc - 3 };
    size_t at;

    if (user == NULL) {
        reply_errorf(c->reply, "ERR User '%.*s' not found", (int)c->argv[2].len, c->argv[2].bytes);
        return;
    }
    request.command = command_find(table, request.argv, request.argc, NULL);
    if (request.command == NULL) {
        reply_errorf(c->reply, "ERR Command '%.*s' not found", (int)c->argv[3].len,
                     c->argv[3].bytes);
        return;
    }
    if (!request_fits(&request, c->reply)) {
        return;
    }
    request.id = command_id(table, request.command);
    enum acl_denial denial = acl_check(user, &request, &at);
    if (denial == ACL_GRANTED) {
        reply_ok(c->reply);
    } else {
        reply_denial(c, &request, denial, at);
    }
}

/* --- ACL CAT, ACL GENPASS --- */

static void too_many_words(struct call *c)
{
    reply_errorf(c->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try ACL HELP.",
                 span_shown(c->argv[1]), c->argv[1].bytes);
}

static size_t list_if(struct call *c, const struct command *row, uint32_t category)
{
    if (!(command_categories(row) & category)) {
        return 0;
    }
    reply_bulk_text(c->reply, row->name);
    return 1;
}

static void list_category(struct call *c, uint32_t category)
{
    const struct command_table *table = cache_commands(c->cache);
    struct reply_later later = reply_array_later(c->reply);
    size_t count = 0;

    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *row = command_at(table, i);
        count += list_if(c, row, category);
        for (const struct command *below = row->subcommands; below != NULL && below->name != NULL;
             below++) {
            count += list_if(c, below, category);
        }
    }
    reply_later_end(c->reply, later, count);
}

static void cat(struct call *c)
{
    if (c->argc > 3) {
        too_many_words(c);
        return;
    }
    if (c->argc == 2) {
        reply_array(c->reply, ACL_CATEGORIES);
        for (size_t i = 0; i < ACL_CATEGORIES; i++) {
            reply_bulk_text(c->reply, acl_category_name(i));
        }
        return;
    }
    uint32_t category = acl_category_named(c->argv[2]);
    if (category == 0) {
        reply_errorf(c->reply, "ERR Unknown category '%.*s'", (int)c->argv[2].len,
                     c->argv[2].bytes);
        return;
    }
    list_category(c, category);
}

static void genpass(struct call *c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[PASSWORD_BITS_MAX / BITS_PER_DIGIT];
    int64_t bits = PASSWORD_BITS;

    if (c->argc > 3) {
        too_many_words(c);
        return;
    }
    if (c->argc == 3 && !arg_integer(c, 2, &bits)) {
        return;
    }
    if (bits <= 0 || bits > PASSWORD_BITS_MAX) {
        reply_error(c->reply, SPAN("ERR ACL GENPASS argument must be the number of bits for the "
                                   "output password, a positive number up to 4096"));
        return;
    }
    size_t len = ((size_t)bits + BITS_PER_DIGIT - 1) / BITS_PER_DIGIT;
    for (size_t got = 0; got < len;) {
        ssize_t more = getrandom(random + got, len - got, 0);
        got += more > 0 ? (size_t)more : 0;
    }
    char *text = arena_alloc(c->arena, len);
    for (size_t i = 0; i < len; i++) {
        text[i] = digits[random[i] & 15];
    }
    reply_bulk(c->reply, (struct span){ text, len });
}

/* --- ACL LOG --- */

static void reply_entry(struct call *c, const struct acl_entry *entry)
{
    double age = (double)(c->now_ms - entry->updated_at_ms) / 1000.0;

    reply_map(c->reply, 10);
    reply_bulk_text(c->reply, "count");
    reply_integer(c->reply, (int64_t)entry->count);
    reply_bulk_text(c->reply, "reason");
    reply_bulk_text(c->reply, acl_log_reason(entry->denial));
    reply_bulk_text(c->reply, "context");
    reply_bulk_text(c->reply, acl_log_context(entry->context));
    reply_bulk_text(c->reply, "object");
    reply_bulk(c->reply, (struct span){ entry->object, entry->object_len });
    reply_bulk_text(c->reply, "username");
    reply_bulk(c->reply, (struct span){ entry->user, entry->user_len });
    reply_bulk_text(c->reply, "age-seconds");
    reply_double(c->reply, age);
    reply_bulk_text(c->reply, "client-info");
    reply_bulk_text(c->reply, entry->client);
    reply_bulk_text(c->reply, "entry-id");
    reply_integer(c->reply, (int64_t)entry->id);
    reply_bulk_text(c->reply, "timestamp-created");
    reply_integer(c->reply, (int64_t)entry->created_at_ms);
    reply_bulk_text(c->reply, "timestamp-last-updated");
    reply_integer(c->reply, (int64_t)entry->updated_at_ms);
}

static void show_log(struct call *c)
{
    struct acl_log *log = &server_of(c)->acl_log;
    int64_t wanted = LOG_DEFAULT;

    if (c->argc > 3) {
        too_many_words(c);
        return;
    }
    if (arg_is(c, 2, "reset")) {
        acl_log_reset(log);
        reply_ok(c->reply);
        return;
    }
    if (c->argc == 3 && !arg_integer(c, 2, &wanted)) {
        return;
    }
    size_t count = wanted < 0 ? 0 : (size_t)wanted;
    count = count < log->count ? count : log->count;
    const struct acl_entry *entry = log->newest;
    reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_entry(c, entry);
        entry = entry->older;
    }
}

/* --- ACL LOAD, ACL SAVE --- */

/* Replies if there is none. */
static const char *file_of(struct call *c)
{
    const char *path = server_of(c)->options->aclfile;

    if (path[0] == '\0') {
        reply_error(c->reply,
                    SPAN("ERR This Redis instance is not configured to use an ACL file. You may "
                         "want to specify users via the ACL SETUSER command and then issue a "
                         "CONFIG REWRITE (assuming you have a Redis configuration file set) in "
                         "order to store users in the Redis configuration."));
        return NULL;
    }
    return path;
}

static void load(struct call *c)
{
    struct server *server = server_of(c);
    const char *path = file_of(c);
    struct acl_users next;
    struct buf why;

    if (path == NULL) {
        return;
    }
    buf_init(&why, SIZE_MAX / 2);
    acl_users_init(&next, server->users.commands);
    next.listen = server->users.listen;
    if (acl_file_load(&file_system, path, &next, &why)) {
        acl_replace_users(server, &next);
        reply_ok(c->reply);
    } else {
        acl_users_fini(&next);
        reply_errorf(c->reply, "ERR %.*s", (int)why.len, buf_span(&why).bytes);
    }
    buf_fini(&why);
}

static void save(struct call *c)
{
    struct server *server = server_of(c);
    const char *path = file_of(c);

    if (path == NULL) {
        return;
    }
    int saved = acl_file_save(&file_system, path, &server->users);
    if (saved < 0) {
        log_warning(server->parts.log, "ACL SAVE: cannot write %s: %s", path, strerror(-saved));
        reply_error(c->reply, SPAN("ERR There was an error trying to save the ACLs. Please check "
                                   "the server logs for more information"));
        return;
    }
    reply_ok(c->reply);
}

static void help(struct call *c)
{
    describe_help(c->reply, acl_commands);
}

enum {
    FOR_ALL = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SESSION,
    FOR_ADMINS = FOR_ALL | CMD_ADMIN,
};

static const struct command subcommands[] = {
    { .name = "acl|cat",
      .run = cat,
      .arity = -2,
      .flags = FOR_ALL,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(1) since the categories and commands are a fixed set.",
      .synopsis = "[categoryname:string]",
      .summary = "Lists the categories, or the commands of one." },
    { .name = "acl|deluser",
      .run = deluser,
      .arity = -3,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(1) amortized time considering the typical user.",
      .synopsis = "username:string...",
      .summary = "Removes users, and closes their connections." },
    { .name = "acl|dryrun",
      .run = dryrun,
      .arity = -4,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "7.0.0",
      .complexity = "O(1).",
      .synopsis = "username:string command:string [arg:string...]",
      .summary = "Tells whether a user might run a command, without running it." },
    { .name = "acl|genpass",
      .run = genpass,
      .arity = -2,
      .flags = FOR_ALL,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(1)",
      .synopsis = "[bits:integer]",
      .summary = "Makes a password that nobody can guess." },
    { .name = "acl|getuser",
      .run = getuser,
      .arity = 3,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(N). Where N is the number of password, command and pattern rules that the "
                    "user has.",
      .synopsis = "username:string",
      .summary = "Returns the rules of a user.",
      .history = "6.2.0 Added Pub/Sub channel patterns.\n"
                 "7.0.0 Added selectors and changed the format of key and channel patterns from a "
                 "list to their rule representation." },
    { .name = "acl|list",
      .run = list,
      .arity = 2,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(N). Where N is the number of configured users.",
      .summary = "Lists all users as a file has them." },
    { .name = "acl|load",
      .run = load,
      .arity = 2,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(N). Where N is the number of configured users.",
      .summary = "Reads all users from aclfile again." },
    { .name = "acl|log",
      .run = show_log,
      .arity = -2,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(N) with N being the number of entries shown.",
      .synopsis = "[operation:(count:integer | reset:RESET)]",
      .summary = "Lists what was denied of late, the newest first, or forgets it." },
    { .name = "acl|save",
      .run = save,
      .arity = 2,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(N). Where N is the number of configured users.",
      .summary = "Writes all users to aclfile." },
    { .name = "acl|setuser",
      .run = setuser,
      .arity = -3,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(N). Where N is the number of rules provided.",
      .synopsis = "username:string [rule:string...]",
      .summary = "Changes the rules of a user, or makes a new one.",
      .history = "6.2.0 Added Pub/Sub channel patterns.\n"
                 "7.0.0 Added selectors and key based permissions." },
    { .name = "acl|users",
      .run = list_names,
      .arity = 2,
      .flags = FOR_ADMINS,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(N). Where N is the number of configured users.",
      .summary = "Lists the names of all users." },
    { .name = "acl|whoami",
      .run = whoami,
      .arity = 2,
      .flags = FOR_ALL,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(1)",
      .summary = "Tells who the connection is." },
    { .name = "acl|help",
      .run = help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_SESSION,
      .group = "server",
      .since = "6.0.0",
      .complexity = "O(1)",
      .summary = "Lists the subcommands." },
    { .name = NULL },
};

const struct command acl_commands[] = {
    { .name = "acl",
      .arity = -2,
      .subcommands = subcommands,
      .group = "server",
      .since = "6.0.0",
      .complexity = "Depends on subcommand.",
      .summary = "Users and what they may do." },
    { .name = NULL },
};
