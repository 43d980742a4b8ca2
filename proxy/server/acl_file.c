/* Users in files. A file is taken whole or not at all: it is read into users of its own first, and
 * all that is wrong in it is told at once. */

#include "proxy/server/acl_file.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/server/acl_rule.h"
#include "proxy/server/acl_words.h"

#include <errno.h>
#include <stdio.h>

enum { FILE_BYTES_MAX = 64 << 20 };

/* What a file of users is read with. */
struct reading {
    const char *path;
    size_t line;
    struct acl_users *next;
    bool has_default; /* The file named it. */
    struct buf *why;
};

/* A new user, or "default" as a new user would be; NULL if it was there already. */
static struct acl_user *begin_user(struct acl_users *next, struct span name, bool *has_default)
{
    struct acl_user *user = acl_users_find(next, name);
    struct acl_user *fresh = acl_users_make(next, name);

    if (user == NULL) {
        user = fresh;
        acl_users_add(next, &fresh);
        return user;
    }
    bool first_time = user == next->first && !*has_default;
    if (first_time) {
        *has_default = true;
        acl_user_swap(user, fresh);
    }
    acl_user_free(fresh);
    return first_time ? user : NULL;
}

/* --- aclfile --- */

static void apply(struct reading *reading, struct acl_user *user, struct span rule)
{
    enum acl_rule_error error = acl_rule_apply(user, rule, reading->next->listen);

    if (error == ACL_RULE_UNKNOWN) {
        buf_addf(reading->why, "%s:%zu: Error in applying operation '%.*s': %s. ", reading->path,
                 reading->line, (int)rule.len, rule.bytes, acl_rule_error_text(error));
    } else if (error != ACL_RULE_FINE) {
        buf_addf(reading->why, "%s:%zu: %s. ", reading->path, reading->line,
                 acl_rule_error_text(error));
    }
}

static void apply_all(struct reading *reading, struct acl_user *user, const struct span *rules,
                      size_t count)
{
    struct acl_words words;
    struct span rule;

    if (acl_words_unclosed(rules, count) < count) {
        buf_addf(reading->why, "%s:%zu: Unmatched parenthesis in selector definition.",
                 reading->path, reading->line);
        return;
    }
    acl_words_init(&words, rules, count);
    while (acl_words_next(&words, &rule)) {
        apply(reading, user, rule);
    }
    acl_words_fini(&words);
}

static void take_user(struct reading *reading, const struct span *words, size_t count)
{
    if (count < 2 || !span_equal(words[0], SPAN("user"))) {
        buf_addf(reading->why, "%s:%zu should start with user keyword followed by the username. ",
                 reading->path, reading->line);
        return;
    }
    if (!acl_rule_name_fits(words[1])) {
        buf_addf(reading->why, "%s:%zu: username '%.*s' contains invalid characters. ",
                 reading->path, reading->line, (int)words[1].len, words[1].bytes);
        return;
    }
    struct acl_user *user = begin_user(reading->next, words[1], &reading->has_default);
    if (user == NULL) {
        buf_addf(reading->why, "WARNING: Duplicate user '%.*s' found on line %zu. ",
                 (int)words[1].len, words[1].bytes, reading->line);
        return;
    }
    apply_all(reading, user, words + 2, count - 2);
}

static struct span trimmed(struct span line)
{
    while (line.len > 0 && strchr(" \t\r", line.bytes[0]) != NULL) {
        line = span_skip(line, 1);
    }
    while (line.len > 0 && strchr(" \t\r", line.bytes[line.len - 1]) != NULL) {
        line.len--;
    }
    return line;
}

/* The part in front of the next such byte, which is taken off as well. */
static struct span take_until(struct span *text, char end)
{
    const char *at = text->len == 0 ? NULL : memchr(text->bytes, end, text->len);
    size_t len = at == NULL ? text->len : (size_t)(at - text->bytes);
    struct span part = { text->bytes, len };

    *text = span_skip(*text, at == NULL ? len : len + 1);
    return part;
}

static void take_line(struct reading *reading, struct span line)
{
    line = trimmed(line);
    if (line.len == 0) {
        return;
    }
    struct span *words = memory_alloc((line.len + 1) * sizeof(*words));
    size_t count = 0;
    while (line.len > 0) {
        words[count++] = take_until(&line, ' ');
    }
    take_user(reading, words, count);
    memory_free(words);
}

bool acl_file_load(const struct file_ops *ops, const char *path, struct acl_users *next,
                   struct buf *why)
{
    struct reading reading = { .path = path, .next = next, .why = why };
    struct buf text;

    buf_init(&text, FILE_BYTES_MAX);
    int read = file_read_all(ops, path, &text);
    if (read < 0) {
        buf_addf(why, "Error loading ACLs, opening file '%s': %s", path, strerror(-read));
        buf_fini(&text);
        return false;
    }
    struct span rest = buf_span(&text);
    while (rest.len > 0) {
        reading.line++;
        take_line(&reading, take_until(&rest, '\n'));
    }
    buf_fini(&text);
    if (why->len > 0) {
        buf_addf(why, "WARNING: ACL errors detected, no change to the previously active ACL rules "
                      "was performed");
    }
    return why->len == 0;
}

static void add_user(struct buf *out, const struct acl_user *user)
{
    buf_addf(out, "%s ", user->name);
    acl_user_describe(user, out);
}

int acl_file_save(const struct file_ops *ops, const char *path, const struct acl_users *users)
{
    char beside[FILE_PATH_MAX];
    struct buf text;

    int len = snprintf(beside, sizeof(beside), "%s.tmp", path);
    if (len < 0 || (size_t)len >= sizeof(beside)) {
        return -ENAMETOOLONG;
    }
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < users->count; i++) {
        buf_add(&text, SPAN("user "));
        add_user(&text, users->users[i]);
        buf_add(&text, SPAN("\n"));
    }
    int saved = file_replace(ops, path, beside, buf_span(&text));
    buf_fini(&text);
    return saved;
}

/* --- configuration --- */

static bool take_config_rules(struct acl_users *next, struct acl_user *user,
                              const struct span *rules, size_t count, struct buf *why)
{
    enum acl_rule_error error = ACL_RULE_FINE;
    struct acl_words words;
    struct span rule;

    if (acl_words_unclosed(rules, count) < count) {
        buf_addf(why,
                 "Error in user declaration '%s': Unmatched parenthesis in selector "
                 "definition.",
                 user->name);
        return false;
    }
    acl_words_init(&words, rules, count);
    while (error == ACL_RULE_FINE && acl_words_next(&words, &rule)) {
        error = acl_rule_apply(user, rule, next->listen);
    }
    if (error != ACL_RULE_FINE) {
        buf_addf(why, "Error loading ACL rule '%.*s' for the user named '%s': %s", (int)rule.len,
                 rule.bytes, user->name, acl_rule_error_text(error));
    }
    acl_words_fini(&words);
    return error == ACL_RULE_FINE;
}

static bool take_config_user(struct acl_users *next, const struct span *words, size_t count,
                             bool *has_default, struct buf *why)
{
    if (count == 0 || words[0].len == 0 || !acl_rule_name_fits(words[0])) {
        buf_addf(why, "Error in user declaration: usernames can't be empty, or contain spaces");
        return false;
    }
    struct acl_user *user = begin_user(next, words[0], has_default);
    if (user == NULL) {
        buf_addf(why,
                 "Error in user declaration '%.*s': Duplicate user found. A user can only be "
                 "defined once in config files",
                 (int)words[0].len, words[0].bytes);
        return false;
    }
    return take_config_rules(next, user, words + 1, count - 1, why);
}

bool acl_file_take_lines(const struct option_list *lines, struct acl_users *next, struct buf *why)
{
    bool has_default = false;
    bool good = true;

    for (size_t i = 0; i < lines->count && good; i++) {
        struct option_list words = { 0 };
        bool split = words_split(&words, span_from(lines->items[i]));
        assert(split);
        struct span *spans = memory_alloc((words.count + 1) * sizeof(*spans));
        for (size_t j = 0; j < words.count; j++) {
            spans[j] = span_from(words.items[j]);
        }
        good = take_config_user(next, spans, words.count, &has_default, why);
        memory_free(spans);
        words_fini(&words);
    }
    return good;
}

/* As a line that is split there as it is here. */
static void add_line(struct option_list *lines, struct span text)
{
    struct option_list words = { 0 };
    struct buf line;

    if (strpbrk(text.bytes, "\"'\\") == NULL) {
        words_add(lines, text);
        return;
    }
    while (text.len > 0) {
        words_add(&words, take_until(&text, ' '));
    }
    buf_init(&line, SIZE_MAX / 2);
    words_join(&line, &words);
    words_add(lines, buf_span(&line));
    buf_fini(&line);
    words_fini(&words);
}

static bool says_nothing_new(const struct acl_users *users)
{
    struct acl_users usual;
    struct buf mine, theirs;

    acl_users_init(&usual, users->commands);
    words_copy(&usual.first->passwords, &users->first->passwords);
    usual.first->nopass = usual.first->passwords.count == 0;
    buf_init(&mine, SIZE_MAX / 2);
    buf_init(&theirs, SIZE_MAX / 2);
    acl_user_describe(users->first, &mine);
    acl_user_describe(usual.first, &theirs);
    bool password_is_known = users->first->passwords.count == 0
                                 ? users->password[0] == '\0'
                                 : acl_user_has_password(users->first, span_from(users->password));
    bool same = span_equal(buf_span(&mine), buf_span(&theirs));
    buf_fini(&mine);
    buf_fini(&theirs);
    acl_users_fini(&usual);
    return users->count == 1 && users->first->passwords.count <= 1 && password_is_known && same;
}

void acl_file_add_lines(const struct acl_users *users, struct option_list *lines)
{
    struct buf text;

    if (says_nothing_new(users)) {
        return;
    }
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < users->count; i++) {
        buf_cut(&text, 0);
        add_user(&text, users->users[i]);
        buf_add(&text, (struct span){ "", 1 });
        add_line(lines, (struct span){ buf_span(&text).bytes, text.len - 1 });
    }
    buf_fini(&text);
}
