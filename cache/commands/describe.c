/* Rows as Redis describes its commands.
 *
 * Field names, their order and the kind of every aggregate are Redis 7.0's, since
 * clients are built on them: cluster clients route by the key specifications and
 * command line tools complete by the arguments. */

#include "cache/commands/describe.h"

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/commands/synopsis.h"

#include <ctype.h>

struct bit_name {
    uint32_t bit;
    const char *name;
};

static const struct bit_name flag_names[] = {
    { CMD_WRITE, "write" },
    { CMD_READ, "readonly" },
    { CMD_DENYOOM, "denyoom" },
    { CMD_ADMIN, "admin" },
    { CMD_PUBSUB, "pubsub" },
    { CMD_NOSCRIPT, "noscript" },
    { CMD_BLOCKING, "blocking" },
    { CMD_LOADING, "loading" },
    { CMD_STALE, "stale" },
    { CMD_SKIP_MONITOR, "skip_monitor" },
    { CMD_SKIP_SLOWLOG, "skip_slowlog" },
    { CMD_FAST, "fast" },
    { CMD_NO_AUTH, "no_auth" },
    { CMD_NO_MANDATORY_KEYS, "no_mandatory_keys" },
    { CMD_NO_ASYNC_LOADING, "no_async_loading" },
    { CMD_NO_MULTI, "no_multi" },
    { CMD_MOVABLE_KEYS, "movablekeys" },
    { CMD_ALLOW_BUSY, "allow_busy" },
};

static const struct bit_name key_flag_names[] = {
    { KEY_RO, "RO" },
    { KEY_RW, "RW" },
    { KEY_OW, "OW" },
    { KEY_RM, "RM" },
    { KEY_ACCESS, "access" },
    { KEY_UPDATE, "update" },
    { KEY_INSERT, "insert" },
    { KEY_DELETE, "delete" },
    { KEY_NOT_KEY, "not_key" },
    { KEY_INCOMPLETE, "incomplete" },
    { KEY_VARIABLE, "variable_flags" },
};

static void reply_bits(struct reply *reply, uint32_t bits, const struct bit_name *names,
                       size_t name_count)
{
    size_t count = 0;
    for (size_t i = 0; i < name_count; i++) {
        count += (bits & names[i].bit) != 0;
    }
    reply_set(reply, count);
    for (size_t i = 0; i < name_count; i++) {
        if ((bits & names[i].bit) != 0) {
            reply_status(reply, span_from(names[i].name));
        }
    }
}

void describe_key_flags(struct reply *reply, uint16_t flags)
{
    reply_bits(reply, flags, key_flag_names, COUNT(key_flag_names));
}

static void reply_categories(struct reply *reply, const struct command *command)
{
    uint32_t categories = command_categories(command);
    size_t count = 0;
    for (size_t i = 0; i < ACL_CATEGORIES; i++) {
        count += (categories & BIT(i)) != 0;
    }
    reply_set(reply, count);
    for (size_t i = 0; i < ACL_CATEGORIES; i++) {
        char text[32] = "@";
        if ((categories & BIT(i)) == 0) {
            continue;
        }
        struct span name = span_from(acl_category_name(i));
        assert(name.len < sizeof(text) - 1);
        memcpy(text + 1, name.bytes, name.len);
        reply_status(reply, (struct span){ text, name.len + 1 });
    }
}

/* The next piece of *rest up to `end`, which is dropped. False when nothing is left. */
static bool next_piece(struct span *rest, char end, struct span *piece)
{
    if (rest->len == 0) {
        return false;
    }
    const char *found = memchr(rest->bytes, end, rest->len);
    size_t len = found == NULL ? rest->len : (size_t)(found - rest->bytes);
    *piece = (struct span){ rest->bytes, len };
    *rest = span_skip(*rest, found == NULL ? len : len + 1);
    return true;
}

static size_t count_pieces(struct span text, char end)
{
    struct span piece;
    size_t count = 0;
    while (next_piece(&text, end, &piece)) {
        count++;
    }
    return count;
}

static void reply_tips(struct reply *reply, const struct command *command)
{
    struct span rest = span_from(command->tips == NULL ? "" : command->tips);
    struct span tip;
    reply_set(reply, count_pieces(rest, ' '));
    while (next_piece(&rest, ' ', &tip)) {
        reply_bulk(reply, tip);
    }
}

static void reply_field_integer(struct reply *reply, const char *name, int64_t number)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, number);
}

static void reply_field_text(struct reply *reply, const char *name, const char *text)
{
    reply_bulk_text(reply, name);
    reply_bulk_text(reply, text);
}

/* Kinds without anything to say about them. */
static void reply_unknown(struct reply *reply)
{
    reply_field_text(reply, "type", "unknown");
    reply_bulk_text(reply, "spec");
    reply_map(reply, 0);
}

static int last_key(const struct key_spec *spec)
{
    bool is_relative = spec->last < 0 || spec->kind == KEYS_KEYWORD;
    return is_relative ? spec->last : spec->last - spec->first;
}

static void reply_find_keys(struct reply *reply, const struct key_spec *spec)
{
    reply_bulk_text(reply, "find_keys");
    reply_map(reply, 2);
    if (spec->kind == KEYS_UNKNOWN) {
        reply_unknown(reply);
        return;
    }
    if (spec->kind == KEYS_COUNTED) {
        reply_field_text(reply, "type", "keynum");
        reply_bulk_text(reply, "spec");
        reply_map(reply, 3);
        reply_field_integer(reply, "keynumidx", 0);
        reply_field_integer(reply, "firstkey", 1);
        reply_field_integer(reply, "keystep", spec->step);
        return;
    }
    reply_field_text(reply, "type", "range");
    reply_bulk_text(reply, "spec");
    reply_map(reply, 3);
    reply_field_integer(reply, "lastkey", last_key(spec));
    reply_field_integer(reply, "keystep", spec->step);
    reply_field_integer(reply, "limit", spec->limit);
}

static void reply_begin_search(struct reply *reply, const struct key_spec *spec)
{
    reply_bulk_text(reply, "begin_search");
    reply_map(reply, 2);
    if (spec->kind == KEYS_UNKNOWN) {
        reply_unknown(reply);
        return;
    }
    bool by_word = spec->kind == KEYS_KEYWORD;
    reply_field_text(reply, "type", by_word ? "keyword" : "index");
    reply_bulk_text(reply, "spec");
    reply_map(reply, by_word ? 2 : 1);
    if (by_word) {
        reply_field_text(reply, "keyword", spec->keyword);
        reply_field_integer(reply, "startfrom", spec->first);
    } else {
        reply_field_integer(reply, "index", spec->first);
    }
}

static void reply_key_spec(struct reply *reply, const struct key_spec *spec, const char *notes)
{
    reply_map(reply, notes == NULL ? 3 : 4);
    if (notes != NULL) {
        reply_field_text(reply, "notes", notes);
    }
    reply_bulk_text(reply, "flags");
    describe_key_flags(reply, spec->flags);
    reply_begin_search(reply, spec);
    reply_find_keys(reply, spec);
}

static void reply_key_specs(struct reply *reply, const struct command *command)
{
    size_t count = 0;
    while (count < COMMAND_KEY_SPECS && command->keys[count].kind != KEYS_NONE) {
        count++;
    }
    reply_set(reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_key_spec(reply, &command->keys[i], i == 0 ? command->key_notes : NULL);
    }
}

/* What clients older than key specifications look at: one range over all keys, as far
 * as there is one. Keys that are counted are not in it. */
static void reply_legacy_range(struct reply *reply, const struct command *command)
{
    int first = 0;
    int last = 0;
    int step = 0;
    for (size_t i = 0; i < COMMAND_KEY_SPECS && command->keys[i].kind == KEYS_RANGE; i++) {
        if (i > 0 && command->keys[i].first != last + 1) {
            break;
        }
        first = i == 0 ? command->keys[i].first : first;
        last = command->keys[i].last;
        step = i == 0 ? command->keys[i].step : 1;
    }
    reply_integer(reply, first);
    reply_integer(reply, last);
    reply_integer(reply, step);
}

static size_t count_rows(const struct command *rows)
{
    size_t count = 0;
    while (rows != NULL && rows[count].name != NULL) {
        count++;
    }
    return count;
}

void describe_info(struct reply *reply, const struct command *command)
{
    reply_array(reply, 10);
    reply_bulk_text(reply, command->name);
    reply_integer(reply, command->arity);
    reply_bits(reply, command->flags, flag_names, COUNT(flag_names));
    reply_legacy_range(reply, command);
    reply_categories(reply, command);
    reply_tips(reply, command);
    reply_key_specs(reply, command);

    size_t below = count_rows(command->subcommands);
    if (below == 0) {
        reply_set(reply, 0);
        return;
    }
    reply_array(reply, below);
    for (size_t i = 0; i < below; i++) {
        describe_info(reply, &command->subcommands[i]);
    }
}

static void reply_arguments(struct reply *reply, struct span text, int *keys_seen, int key_specs);

static void reply_argument(struct reply *reply, const struct argument *argument, int *keys_seen,
                           int key_specs)
{
    int key_spec = argument->key_spec;
    if (span_equal(argument->type, SPAN("key")) && key_spec < 0) {
        key_spec = *keys_seen < key_specs ? *keys_seen : key_specs - 1;
        (*keys_seen)++;
    }
    bool nested = argument->kind == ARGUMENT_ONEOF || argument->kind == ARGUMENT_BLOCK;
    size_t flags = (size_t)argument->optional + argument->multiple + argument->multiple_token;

    reply_map(reply, 2u + (key_spec >= 0) + (argument->token.len > 0) + (argument->since.len > 0) +
                         (flags > 0) + nested);
    reply_bulk_text(reply, "name");
    reply_bulk(reply, argument->name);
    reply_bulk_text(reply, "type");
    reply_bulk(reply, argument->type);
    if (key_spec >= 0) {
        reply_field_integer(reply, "key_spec_index", key_spec);
    }
    if (argument->token.len > 0) {
        reply_bulk_text(reply, "token");
        reply_bulk(reply, argument->token);
    }
    if (argument->since.len > 0) {
        reply_bulk_text(reply, "since");
        reply_bulk(reply, argument->since);
    }
    if (flags > 0) {
        static const struct bit_name names[] = {
            { 1, "optional" },
            { 2, "multiple" },
            { 4, "multiple_token" },
        };
        uint32_t bits = (argument->optional ? 1u : 0) | (argument->multiple ? 2u : 0) |
                        (argument->multiple_token ? 4u : 0);
        reply_bulk_text(reply, "flags");
        reply_bits(reply, bits, names, COUNT(names));
    }
    if (nested) {
        reply_bulk_text(reply, "arguments");
        reply_arguments(reply, argument->inside, keys_seen, key_specs);
    }
}

static void reply_arguments(struct reply *reply, struct span text, int *keys_seen, int key_specs)
{
    struct argument argument;
    reply_array(reply, synopsis_count(text));
    while (synopsis_next(&text, &argument)) {
        reply_argument(reply, &argument, keys_seen, key_specs);
    }
}

static int count_key_specs(const struct command *command)
{
    int count = 0;
    while (count < COMMAND_KEY_SPECS && command->keys[count].kind != KEYS_NONE) {
        count++;
    }
    return count;
}

static void reply_history(struct reply *reply, const char *history)
{
    struct span rest = span_from(history);
    struct span line;
    reply_bulk_text(reply, "history");
    reply_set(reply, count_pieces(rest, '\n'));
    while (next_piece(&rest, '\n', &line)) {
        struct span version;
        bool found = next_piece(&line, ' ', &version);
        assert(found);
        reply_array(reply, 2);
        reply_bulk(reply, version);
        reply_bulk(reply, line);
    }
}

static void reply_doc_flag(struct reply *reply, struct span flag)
{
    reply_bulk_text(reply, "doc_flags");
    reply_set(reply, 1);
    reply_status(reply, flag);
}

static void reply_deprecation(struct reply *reply, const struct command *command)
{
    reply_doc_flag(reply, SPAN("deprecated"));
    reply_field_text(reply, "deprecated_since", command->deprecated_since);
    reply_field_text(reply, "replaced_by", command->replaced_by);
}

static void reply_docs_below(struct reply *reply, const struct command *rows)
{
    size_t count = count_rows(rows);
    reply_bulk_text(reply, "subcommands");
    reply_map(reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_bulk_text(reply, rows[i].name);
        describe_docs(reply, &rows[i]);
    }
}

void describe_docs(struct reply *reply, const struct command *command)
{
    bool arguments = command->synopsis != NULL && command->synopsis[0] != '\0';
    bool deprecated = command->deprecated_since != NULL;

    reply_map(reply, 3u + (command->complexity != NULL) + command->is_internal +
                         (deprecated ? 3 : 0) + (command->history != NULL) + arguments +
                         (command->subcommands != NULL));
    reply_field_text(reply, "summary", command->summary);
    reply_field_text(reply, "since", command->since);
    reply_field_text(reply, "group", command->group);
    if (command->complexity != NULL) {
        reply_field_text(reply, "complexity", command->complexity);
    }
    if (command->is_internal) {
        reply_doc_flag(reply, SPAN("syscmd"));
    }
    if (deprecated) {
        reply_deprecation(reply, command);
    }
    if (command->history != NULL) {
        reply_history(reply, command->history);
    }
    if (arguments) {
        int keys_seen = 0;
        reply_bulk_text(reply, "arguments");
        reply_arguments(reply, span_from(command->synopsis), &keys_seen, count_key_specs(command));
    }
    if (command->subcommands != NULL) {
        reply_docs_below(reply, command->subcommands);
    }
}

static void upper(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char byte = (char)toupper((unsigned char)*text);
        buf_add(out, (struct span){ &byte, 1 });
    }
}

static void reply_help_row(struct reply *reply, const struct command *row, struct buf *line)
{
    buf_cut(line, 0);
    upper(line, strchr(row->name, '|') + 1);
    if (row->synopsis != NULL && row->synopsis[0] != '\0') {
        buf_add(line, SPAN(" "));
        synopsis_print(span_from(row->synopsis), line);
    }
    reply_status(reply, buf_span(line));

    buf_cut(line, 0);
    buf_add(line, SPAN("    "));
    buf_add(line, span_from(row->summary));
    reply_status(reply, buf_span(line));
}

void describe_help(struct reply *reply, const struct command *container)
{
    enum { LINE_MAX_BYTES = 4096 };
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);

    reply_array(reply, 1 + 2 * count_rows(container->subcommands));
    upper(&line, container->name);
    buf_add(&line, SPAN(" <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    reply_status(reply, buf_span(&line));
    for (const struct command *row = container->subcommands; row->name != NULL; row++) {
        reply_help_row(reply, row, &line);
    }
    buf_fini(&line);
}
