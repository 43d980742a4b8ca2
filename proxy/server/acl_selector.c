/* One set of permissions.
 *
 * Commands are bits, one for each row, so that the check of a request is one look. How they came to
 * be set is kept beside them as rules, in order, since that is what people wrote and want to
 * read again: a rule replaces an earlier one for the same command or category, with those for its
 * subcommands, and one for a command that changes no bit is not kept. What +@all or -@all said is
 * the rules' beginning. Reading the rules again gives the same bits. */

#include "proxy/server/acl_selector.h"

#include "cache/base/check.h"
#include "cache/base/glob.h"
#include "cache/base/memory.h"

#include <ctype.h>
#include <stdio.h>

enum { WORD_BITS = 64 };

static size_t words_of(const struct command_table *commands)
{
    return (command_ids(commands) + WORD_BITS - 1) / WORD_BITS;
}

struct acl_selector *acl_selector_new(const struct command_table *commands)
{
    struct acl_selector *selector = memory_zero(sizeof(*selector));

    selector->commands = commands;
    selector->allowed = memory_zero(words_of(commands) * sizeof(*selector->allowed));
    return selector;
}

static void forget_keys(struct acl_selector *selector)
{
    for (size_t i = 0; i < selector->key_count; i++) {
        memory_free(selector->keys[i].pattern);
    }
    memory_free(selector->keys);
    selector->keys = NULL;
    selector->key_count = 0;
}

static void forget_first_args(struct acl_selector *selector)
{
    for (size_t i = 0; i < selector->first_args_count; i++) {
        words_fini(&selector->first_args[i].words);
    }
    memory_free(selector->first_args);
    selector->first_args = NULL;
    selector->first_args_count = 0;
}

void acl_selector_free(struct acl_selector *selector)
{
    if (selector == NULL) {
        return;
    }
    forget_keys(selector);
    forget_first_args(selector);
    words_fini(&selector->channels);
    words_fini(&selector->rules);
    memory_free(selector->allowed);
    memory_free(selector);
}

static void copy_keys(struct acl_selector *copy, const struct acl_selector *selector)
{
    copy->keys = memory_alloc((selector->key_count + 1) * sizeof(*copy->keys));
    for (size_t i = 0; i < selector->key_count; i++) {
        const struct acl_key *key = &selector->keys[i];
        copy->keys[i] = (struct acl_key){
            .pattern = memory_copy_text(key->pattern, strlen(key->pattern)),
            .permits = key->permits,
        };
    }
}

static void copy_first_args(struct acl_selector *copy, const struct acl_selector *selector)
{
    copy->first_args = memory_alloc((selector->first_args_count + 1) * sizeof(*copy->first_args));
    for (size_t i = 0; i < selector->first_args_count; i++) {
        copy->first_args[i].id = selector->first_args[i].id;
        words_copy(&copy->first_args[i].words, &selector->first_args[i].words);
    }
}

struct acl_selector *acl_selector_copy(const struct acl_selector *selector)
{
    struct acl_selector *copy = memory_alloc(sizeof(*copy));
    size_t bytes = words_of(selector->commands) * sizeof(*copy->allowed);

    *copy = *selector;
    copy->allowed = memory_alloc(bytes);
    memcpy(copy->allowed, selector->allowed, bytes);
    words_copy(&copy->rules, &selector->rules);
    words_copy(&copy->channels, &selector->channels);
    copy_keys(copy, selector);
    copy_first_args(copy, selector);
    return copy;
}

/* --- rules --- */

/* Whether it is a rule for this command or category, or for a part of the command. */
static bool is_about(const char *rule, struct span name)
{
    struct span rest = span_from(rule + 1);

    return rest.len >= name.len && memcmp(rest.bytes, name.bytes, name.len) == 0 &&
           (rest.len == name.len || rest.bytes[name.len] == '|');
}

static void forget_rules(struct acl_selector *selector, struct span name)
{
    struct option_list *rules = &selector->rules;
    size_t kept = 0;

    for (size_t i = 0; i < rules->count; i++) {
        if (is_about(rules->items[i], name)) {
            memory_free(rules->items[i]);
        } else {
            rules->items[kept++] = rules->items[i];
        }
    }
    rules->count = kept;
}

/* The name is in lower case. */
static void add_rule(struct acl_selector *selector, bool allow, struct span name)
{
    struct buf rule;

    forget_rules(selector, name);
    buf_init(&rule, SIZE_MAX / 2);
    buf_add(&rule, allow ? SPAN("+") : SPAN("-"));
    buf_add(&rule, name);
    words_add(&selector->rules, buf_span(&rule));
    buf_fini(&rule);
}

/* --- commands --- */

static bool has_bit(const struct acl_selector *selector, size_t id)
{
    return (selector->allowed[id / WORD_BITS] >> id % WORD_BITS & 1) != 0;
}

static void set_bit(struct acl_selector *selector, size_t id, bool allow)
{
    uint64_t bit = UINT64_C(1) << id % WORD_BITS;

    if (allow) {
        selector->allowed[id / WORD_BITS] |= bit;
    } else {
        selector->allowed[id / WORD_BITS] &= ~bit;
        selector->all_commands = false;
    }
}

static struct acl_first_args *first_args_of(const struct acl_selector *selector, size_t id)
{
    for (size_t i = 0; i < selector->first_args_count; i++) {
        if (selector->first_args[i].id == id) {
            return &selector->first_args[i];
        }
    }
    return NULL;
}

static void forget_first_args_of(struct acl_selector *selector, struct acl_first_args *args)
{
    words_fini(&args->words);
    *args = selector->first_args[--selector->first_args_count];
}

/* Returns whether anything is different now. */
static bool change_one(struct acl_selector *selector, const struct command *command, bool allow)
{
    size_t id = command_id(selector->commands, command);
    struct acl_first_args *args = first_args_of(selector, id);
    bool changes = has_bit(selector, id) != allow || args != NULL;

    set_bit(selector, id, allow);
    if (args != NULL) {
        forget_first_args_of(selector, args);
    }
    return changes;
}

static bool change(struct acl_selector *selector, const struct command *command, bool allow)
{
    bool changes = change_one(selector, command, allow);

    for (const struct command *below = command->subcommands; below != NULL && below->name != NULL;
         below++) {
        changes = change_one(selector, below, allow) || changes;
    }
    return changes;
}

void acl_selector_set_all(struct acl_selector *selector, bool allow)
{
    memset(selector->allowed, allow ? 0xff : 0,
           words_of(selector->commands) * sizeof(*selector->allowed));
    selector->all_commands = selector->future_commands = allow;
    forget_first_args(selector);
    words_fini(&selector->rules);
}

void acl_selector_set_command(struct acl_selector *selector, const struct command *command,
                              bool allow)
{
    if (change(selector, command, allow)) {
        add_rule(selector, allow, span_from(command->name));
    }
}

void acl_selector_set_category(struct acl_selector *selector, uint32_t category, bool allow)
{
    char name[64];

    for (size_t i = 0; i < command_count(selector->commands); i++) {
        const struct command *row = command_at(selector->commands, i);
        if (command_categories(row) & category) {
            change(selector, row, allow);
        }
        for (const struct command *below = row->subcommands; below != NULL && below->name != NULL;
             below++) {
            if (command_categories(below) & category) {
                change(selector, below, allow);
            }
        }
    }
    snprintf(name, sizeof(name), "@%s", acl_category_name((size_t)__builtin_ctz(category)));
    add_rule(selector, allow, span_from(name));
}

static bool has_word(const struct option_list *words, struct span word)
{
    size_t at = 0;
    while (at < words->count && !span_is(word, words->items[at])) {
        at++;
    }
    return at < words->count;
}

static void add_first_arg_rule(struct acl_selector *selector, const struct command *command,
                               struct span arg)
{
    struct buf name;

    buf_init(&name, SIZE_MAX / 2);
    buf_addf(&name, "%s|", command->name);
    for (size_t i = 0; i < arg.len; i++) {
        char letter = (char)tolower((unsigned char)arg.bytes[i]);
        buf_add(&name, (struct span){ &letter, 1 });
    }
    add_rule(selector, true, buf_span(&name));
    buf_fini(&name);
}

void acl_selector_add_first_arg(struct acl_selector *selector, const struct command *command,
                                struct span arg)
{
    size_t id = command_id(selector->commands, command);
    struct acl_first_args *args = first_args_of(selector, id);

    if (has_bit(selector, id) || (args != NULL && has_word(&args->words, arg))) {
        return;
    }
    if (args == NULL) {
        size_t count = selector->first_args_count + 1;
        selector->first_args =
            memory_resize(selector->first_args, count * sizeof(*selector->first_args));
        args = &selector->first_args[selector->first_args_count++];
        *args = (struct acl_first_args){ .id = id };
    }
    words_add(&args->words, arg);
    add_first_arg_rule(selector, command, arg);
}

/* --- keys and channels --- */

void acl_selector_reset_keys(struct acl_selector *selector, bool all)
{
    forget_keys(selector);
    selector->all_keys = all;
}

void acl_selector_reset_channels(struct acl_selector *selector, bool all)
{
    words_fini(&selector->channels);
    selector->all_channels = all;
}

void acl_selector_add_key(struct acl_selector *selector, struct span pattern, unsigned permits)
{
    for (size_t i = 0; i < selector->key_count; i++) {
        if (span_equal(pattern, span_from(selector->keys[i].pattern))) {
            selector->keys[i].permits |= permits;
            return;
        }
    }
    selector->keys =
        memory_resize(selector->keys, (selector->key_count + 1) * sizeof(*selector->keys));
    selector->keys[selector->key_count++] = (struct acl_key){
        .pattern = memory_copy_text(pattern.bytes, pattern.len),
        .permits = permits,
    };
}

static bool has_channel(const struct acl_selector *selector, struct span name)
{
    size_t at = 0;
    while (at < selector->channels.count &&
           !span_equal(name, span_from(selector->channels.items[at]))) {
        at++;
    }
    return at < selector->channels.count;
}

void acl_selector_add_channel(struct acl_selector *selector, struct span pattern)
{
    if (!has_channel(selector, pattern)) {
        words_add(&selector->channels, pattern);
    }
}

/* --- asking it --- */

bool acl_selector_allows_all(const struct acl_selector *selector)
{
    return selector->all_commands && selector->all_keys && selector->all_channels;
}

bool acl_selector_allows_command(const struct acl_selector *selector, size_t id,
                                 const struct span *argv, size_t argc)
{
    if (has_bit(selector, id)) {
        return true;
    }
    const struct acl_first_args *args = first_args_of(selector, id);
    return args != NULL && argc > 1 && has_word(&args->words, argv[1]);
}

bool acl_selector_allows_key(const struct acl_selector *selector, struct span key, unsigned permits)
{
    bool allows = selector->all_keys;

    for (size_t i = 0; i < selector->key_count && !allows; i++) {
        const struct acl_key *allowed = &selector->keys[i];
        allows = (allowed->permits & permits) == permits &&
                 glob_match(span_from(allowed->pattern), key, false);
    }
    return allows;
}

bool acl_selector_allows_channel(const struct acl_selector *selector, struct span channel,
                                 bool is_pattern)
{
    bool allows = selector->all_channels || (is_pattern && has_channel(selector, channel));

    for (size_t i = 0; i < selector->channels.count && !is_pattern && !allows; i++) {
        allows = glob_match(span_from(selector->channels.items[i]), channel, false);
    }
    return allows;
}

/* --- in words --- */

void acl_selector_add_commands(const struct acl_selector *selector, struct buf *out)
{
    buf_add(out, selector->future_commands ? SPAN("+@all") : SPAN("-@all"));
    for (size_t i = 0; i < selector->rules.count; i++) {
        buf_addf(out, " %s", selector->rules.items[i]);
    }
}

void acl_selector_add_keys(const struct acl_selector *selector, struct buf *out)
{
    static const char *const before[] = { "%", "%R", "%W", "" };

    if (selector->all_keys) {
        buf_add(out, SPAN("~*"));
    }
    for (size_t i = 0; i < selector->key_count; i++) {
        const struct acl_key *key = &selector->keys[i];
        buf_addf(out, "%s%s~%s", i == 0 ? "" : " ", before[key->permits], key->pattern);
    }
}

void acl_selector_add_channels(const struct acl_selector *selector, struct buf *out)
{
    if (selector->all_channels) {
        buf_add(out, SPAN("&*"));
    }
    for (size_t i = 0; i < selector->channels.count; i++) {
        buf_addf(out, "%s&%s", i == 0 ? "" : " ", selector->channels.items[i]);
    }
}

void acl_selector_describe(const struct acl_selector *selector, struct buf *out)
{
    if (selector->all_keys || selector->key_count > 0) {
        acl_selector_add_keys(selector, out);
        buf_add(out, SPAN(" "));
    }
    if (!selector->all_channels) {
        buf_add(out, SPAN("resetchannels "));
    }
    if (selector->all_channels || selector->channels.count > 0) {
        acl_selector_add_channels(selector, out);
        buf_add(out, SPAN(" "));
    }
    acl_selector_add_commands(selector, out);
}
