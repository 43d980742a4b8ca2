/* Rules and what they do.
 *
 * A rule's first letter says what kind it is; words without such a letter are in two tables, one
 * for a user and one for a selector. Names of commands, categories and words are known in any
 * case, patterns and passwords are taken as they are. */

#include "proxy/server/acl_rule.h"

#include "cache/base/check.h"
#include "cache/base/sha256.h"

#include <ctype.h>

const char *acl_rule_error_text(enum acl_rule_error error)
{
    switch (error) {
    case ACL_RULE_FINE:
        break;
    case ACL_RULE_SYNTAX:
        return "Syntax error";
    case ACL_RULE_UNKNOWN:
        return "Unknown command or category name in ACL";
    case ACL_RULE_AFTER_ALL_KEYS:
        return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
               "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case ACL_RULE_AFTER_ALL_CHANNELS:
        return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
               "does not have any effect. Try 'resetchannels' to start with an empty list of "
               "channels";
    case ACL_RULE_ARG_OF_SUBCOMMAND:
        return "Allowing first-arg of a subcommand is not supported";
    case ACL_RULE_NO_SUCH_PASSWORD:
        return "The password you are trying to remove from the user does not exist";
    case ACL_RULE_BAD_HASH:
        return "The password hash must be exactly 64 characters and contain only lowercase "
               "hexadecimal characters";
    }
    unreachable("there is nothing wrong with it");
}

static bool has_blank(struct span text)
{
    bool has = false;
    for (size_t i = 0; i < text.len; i++) {
        has |= text.bytes[i] == '\0' || isspace((unsigned char)text.bytes[i]);
    }
    return has;
}

bool acl_rule_name_fits(struct span name)
{
    return !has_blank(name);
}

/* --- keys and channels --- */

/* %R~pattern. The letters behind % are in any order and case, each at most once. */
static bool take_permits(struct span *rule, unsigned *permits)
{
    size_t at = 1;

    *permits = 0;
    for (; at < rule->len && rule->bytes[at] != '~'; at++) {
        int letter = toupper((unsigned char)rule->bytes[at]);
        unsigned permit = letter == 'R' ? PERMIT_READ : letter == 'W' ? PERMIT_WRITE : 0;
        if (permit == 0 || (*permits & permit)) {
            return false;
        }
        *permits |= permit;
    }
    *rule = span_skip(*rule, at < rule->len ? at + 1 : at);
    return *permits != 0;
}

static enum acl_rule_error add_key(struct acl_selector *selector, struct span rule)
{
    unsigned permits = PERMIT_ALL;

    if (selector->all_keys) {
        return ACL_RULE_AFTER_ALL_KEYS;
    }
    if (rule.bytes[0] == '~') {
        rule = span_skip(rule, 1);
    } else if (!take_permits(&rule, &permits)) {
        return ACL_RULE_SYNTAX;
    }
    if (has_blank(rule)) {
        return ACL_RULE_SYNTAX;
    }
    acl_selector_add_key(selector, rule, permits);
    return ACL_RULE_FINE;
}

static enum acl_rule_error add_channel(struct acl_selector *selector, struct span rule)
{
    if (selector->all_channels) {
        return ACL_RULE_AFTER_ALL_CHANNELS;
    }
    if (has_blank(rule)) {
        return ACL_RULE_SYNTAX;
    }
    acl_selector_add_channel(selector, span_skip(rule, 1));
    return ACL_RULE_FINE;
}

/* --- commands --- */

/* The last | parts a subcommand, or a first argument, from what it is of. */
static bool split(struct span name, struct span *front, struct span *back)
{
    const char *bar = name.len == 0 ? NULL : memrchr(name.bytes, '|', name.len);

    if (bar == NULL) {
        return false;
    }
    size_t len = (size_t)(bar - name.bytes);
    *front = (struct span){ name.bytes, len };
    *back = span_skip(name, len + 1);
    return true;
}

static const struct command *find(const struct acl_selector *selector, struct span name)
{
    return name.len == 0 ? NULL : command_named(selector->commands, name);
}

static enum acl_rule_error set_command(struct acl_selector *selector, struct span name, bool allow)
{
    const struct command *command = find(selector, name);

    if (command == NULL) {
        return ACL_RULE_UNKNOWN;
    }
    acl_selector_set_command(selector, command, allow);
    return ACL_RULE_FINE;
}

static enum acl_rule_error allow_part(struct acl_selector *selector, struct span name,
                                      struct span front, struct span back)
{
    const struct command *command = find(selector, front);

    if (command == NULL) {
        return ACL_RULE_UNKNOWN;
    }
    if (memchr(front.bytes, '|', front.len) != NULL) {
        return ACL_RULE_ARG_OF_SUBCOMMAND;
    }
    if (back.len == 0 || has_blank(back)) {
        return ACL_RULE_SYNTAX;
    }
    if (command->subcommands != NULL) {
        return set_command(selector, name, true);
    }
    acl_selector_add_first_arg(selector, command, back);
    return ACL_RULE_FINE;
}

static enum acl_rule_error set_category(struct acl_selector *selector, struct span name, bool allow)
{
    uint32_t category = acl_category_named(name);

    if (span_is(name, "all")) {
        acl_selector_set_all(selector, allow);
    } else if (category != 0) {
        acl_selector_set_category(selector, category, allow);
    } else {
        return ACL_RULE_UNKNOWN;
    }
    return ACL_RULE_FINE;
}

static enum acl_rule_error change_commands(struct acl_selector *selector, struct span rule)
{
    bool allow = rule.bytes[0] == '+';
    struct span name = span_skip(rule, 1);
    struct span front, back;

    if (name.len > 0 && name.bytes[0] == '@') {
        return set_category(selector, span_skip(name, 1), allow);
    }
    if (allow && split(name, &front, &back)) {
        return allow_part(selector, name, front, back);
    }
    return set_command(selector, name, allow);
}

/* --- a selector's rules --- */

static void all_keys(struct acl_selector *selector)
{
    acl_selector_reset_keys(selector, true);
}

static void reset_keys(struct acl_selector *selector)
{
    acl_selector_reset_keys(selector, false);
}

static void all_channels(struct acl_selector *selector)
{
    acl_selector_reset_channels(selector, true);
}

static void reset_channels(struct acl_selector *selector)
{
    acl_selector_reset_channels(selector, false);
}

static void all_commands(struct acl_selector *selector)
{
    acl_selector_set_all(selector, true);
}

static void no_commands(struct acl_selector *selector)
{
    acl_selector_set_all(selector, false);
}

static const struct {
    const char *word;
    void (*run)(struct acl_selector *selector);
} selector_words[] = {
    { "allkeys", all_keys },         { "~*", all_keys },
    { "resetkeys", reset_keys },     { "allchannels", all_channels },
    { "&*", all_channels },          { "resetchannels", reset_channels },
    { "allcommands", all_commands }, { "nocommands", no_commands },
};

static enum acl_rule_error change_selector(struct acl_selector *selector, struct span rule)
{
    for (size_t i = 0; i < COUNT(selector_words); i++) {
        if (span_is(rule, selector_words[i].word)) {
            selector_words[i].run(selector);
            return ACL_RULE_FINE;
        }
    }
    switch (rule.bytes[0]) {
    case '~':
    case '%':
        return add_key(selector, rule);
    case '&':
        return add_channel(selector, rule);
    case '+':
    case '-':
        return change_commands(selector, rule);
    default:
        return ACL_RULE_SYNTAX;
    }
}

/* The next word of a text; empty at the end. */
static struct span take_word(struct span *text)
{
    size_t blanks = 0;
    size_t len = 0;

    while (blanks < text->len && isspace((unsigned char)text->bytes[blanks])) {
        blanks++;
    }
    *text = span_skip(*text, blanks);
    while (len < text->len && !isspace((unsigned char)text->bytes[len])) {
        len++;
    }
    struct span word = { text->bytes, len };
    *text = span_skip(*text, len);
    return word;
}

/* A word that ends in a parenthesis would end the selector when the rules are read again. */
static enum acl_rule_error change_by_words(struct acl_selector *selector, struct span text)
{
    enum acl_rule_error error = ACL_RULE_FINE;

    for (struct span word = take_word(&text); word.len > 0 && error == ACL_RULE_FINE;
         word = take_word(&text)) {
        bool closes = word.bytes[word.len - 1] == ')';
        error = closes ? ACL_RULE_SYNTAX : change_selector(selector, word);
    }
    return error;
}

static enum acl_rule_error add_selector(struct acl_user *user, struct span rule)
{
    struct acl_selector *selector = acl_selector_new(acl_user_root(user)->commands);
    enum acl_rule_error error =
        change_by_words(selector, (struct span){ rule.bytes + 1, rule.len - 2 });

    if (error == ACL_RULE_FINE) {
        acl_user_add_selector(user, &selector);
    }
    acl_selector_free(selector);
    return error;
}

/* --- a user's rules --- */

static void turn_on(struct acl_user *user)
{
    user->enabled = true;
}

static void turn_off(struct acl_user *user)
{
    user->enabled = false;
}

static void reset_passwords(struct acl_user *user)
{
    words_fini(&user->passwords);
    user->nopass = false;
}

static void no_password(struct acl_user *user)
{
    words_fini(&user->passwords);
    user->nopass = true;
}

static void sanitize(struct acl_user *user)
{
    user->sanitize_payload = true;
    user->skip_sanitize_payload = false;
}

static void skip_sanitize(struct acl_user *user)
{
    user->sanitize_payload = false;
    user->skip_sanitize_payload = true;
}

static const struct {
    const char *word;
    void (*run)(struct acl_user *user);
} user_words[] = {
    { "on", turn_on },
    { "off", turn_off },
    { "nopass", no_password },
    { "resetpass", reset_passwords },
    { "sanitize-payload", sanitize },
    { "skip-sanitize-payload", skip_sanitize },
    { "clearselectors", acl_user_clear_selectors },
};

static void reset(struct acl_user *user, bool listens)
{
    reset_passwords(user);
    turn_off(user);
    sanitize(user);
    acl_user_clear_selectors(user);
    reset_keys(acl_user_root(user));
    acl_selector_reset_channels(acl_user_root(user), listens);
    no_commands(acl_user_root(user));
}

static bool is_hash(struct span text)
{
    bool is = text.len == SHA256_TEXT_LEN;
    for (size_t i = 0; i < text.len && is; i++) {
        is = text.bytes[i] != '\0' && strchr("0123456789abcdef", text.bytes[i]) != NULL;
    }
    return is;
}

/* > and < with a password, # and ! with its hash. */
static enum acl_rule_error change_passwords(struct acl_user *user, struct span rule)
{
    bool add = rule.bytes[0] == '>' || rule.bytes[0] == '#';
    bool hashed = rule.bytes[0] == '#' || rule.bytes[0] == '!';
    struct span text = span_skip(rule, 1);
    char hash[SHA256_TEXT_LEN + 1];

    if (hashed && !is_hash(text)) {
        return ACL_RULE_BAD_HASH;
    }
    if (!hashed) {
        sha256_text(text, hash);
        text = (struct span){ hash, SHA256_TEXT_LEN };
    }
    if (add) {
        acl_user_add_password(user, text);
        return ACL_RULE_FINE;
    }
    return acl_user_remove_password(user, text) ? ACL_RULE_FINE : ACL_RULE_NO_SUCH_PASSWORD;
}

enum acl_rule_error acl_rule_apply(struct acl_user *user, struct span rule, bool listens)
{
    if (rule.len == 0) {
        return ACL_RULE_FINE;
    }
    if (strchr("><#!", rule.bytes[0]) != NULL && rule.bytes[0] != '\0') {
        return change_passwords(user, rule);
    }
    if (rule.bytes[0] == '(' && rule.bytes[rule.len - 1] == ')') {
        return add_selector(user, rule);
    }
    if (span_is(rule, "reset")) {
        reset(user, listens);
        return ACL_RULE_FINE;
    }
    for (size_t i = 0; i < COUNT(user_words); i++) {
        if (span_is(rule, user_words[i].word)) {
            user_words[i].run(user);
            return ACL_RULE_FINE;
        }
    }
    return change_selector(acl_user_root(user), rule);
}
