/* Reads the little language in which rows state their arguments. */

#include "cache/commands/synopsis.h"

#include "cache/base/check.h"

static bool at(struct span text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && memcmp(text.bytes, word, len) == 0;
}

static bool take(struct span *text, const char *word)
{
    if (!at(*text, word)) {
        return false;
    }
    *text = span_skip(*text, strlen(word));
    return true;
}

/* Up to one of the bytes of `ends`, or to the end of the text. */
static struct span take_until(struct span *text, const char *ends)
{
    size_t len = 0;
    while (len < text->len && strchr(ends, text->bytes[len]) == NULL) {
        len++;
    }
    struct span taken = { text->bytes, len };
    *text = span_skip(*text, len);
    return taken;
}

/* What is between a bracket, already taken, and the one that closes it. */
static struct span take_inside(struct span *text)
{
    size_t depth = 1;
    size_t len = 0;
    while (true) {
        assert(len < text->len);
        char byte = text->bytes[len];
        if (byte == '(' || byte == '{') {
            depth++;
        } else if (byte == ')' || byte == '}') {
            depth--;
        }
        if (depth == 0) {
            break;
        }
        len++;
    }
    struct span inside = { text->bytes, len };
    *text = span_skip(*text, len + 1);
    return inside;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_type(struct span word)
{
    static const char *const types[] = { "key",    "string",  "integer",
                                         "double", "pattern", "unix-time" };
    for (size_t i = 0; i < COUNT(types); i++) {
        if (span_equal(word, span_from(types[i]))) {
            return true;
        }
    }
    return false;
}

/* A word ends where the next mark of the grammar begins; one that begins with a
 * mark, like XADD's "=", is that mark alone. */
static struct span take_word(struct span *rest)
{
    static const char ends[] = " ])}|=#@+.";
    struct span word = take_until(rest, ends);
    if (word.len == 0) {
        assert(rest->len > 0);
        word = (struct span){ rest->bytes, 1 };
        *rest = span_skip(*rest, 1);
    }
    return word;
}

/* Digits with single dots between them: in "7.0.0..." the repeat mark is left. */
static struct span take_version(struct span *rest)
{
    size_t len = 0;
    while (len < rest->len && is_digit(rest->bytes[len])) {
        len++;
        if (len + 1 < rest->len && rest->bytes[len] == '.' && is_digit(rest->bytes[len + 1])) {
            len++;
        }
    }
    struct span version = { rest->bytes, len };
    *rest = span_skip(*rest, len);
    return version;
}

static void take_kind(struct span *rest, struct argument *argument)
{
    if (take(rest, "(")) {
        argument->kind = ARGUMENT_ONEOF;
        argument->type = SPAN("oneof");
        argument->inside = take_inside(rest);
        return;
    }
    if (take(rest, "{")) {
        argument->kind = ARGUMENT_BLOCK;
        argument->type = SPAN("block");
        argument->inside = take_inside(rest);
        return;
    }
    struct span word = take_word(rest);
    if (is_type(word)) {
        argument->kind = ARGUMENT_TYPED;
        argument->type = word;
        return;
    }
    argument->kind = ARGUMENT_TOKEN;
    argument->type = SPAN("pure-token");
    argument->token = word;
}

bool synopsis_next(struct span *rest, struct argument *argument)
{
    while (take(rest, " ") || take(rest, "| ")) {
    }
    if (rest->len == 0) {
        return false;
    }
    *argument = (struct argument){ .key_spec = -1 };
    argument->optional = take(rest, "[");
    argument->name = take_until(rest, ":");
    bool colon = take(rest, ":");
    assert(colon);
    take_kind(rest, argument);

    if (take(rest, "=")) {
        argument->token = take_word(rest);
    }
    if (take(rest, "#")) {
        assert(rest->len > 0);
        argument->key_spec = rest->bytes[0] - '0';
        *rest = span_skip(*rest, 1);
    }
    if (take(rest, "@")) {
        argument->since = take_version(rest);
    }
    argument->multiple_token = take(rest, "+");
    argument->multiple = take(rest, "...");
    assert(!argument->multiple_token || argument->multiple);
    if (argument->optional) {
        bool closed = take(rest, "]");
        assert(closed);
    }
    assert(rest->len == 0 || rest->bytes[0] == ' ');
    return true;
}

size_t synopsis_count(struct span text)
{
    struct argument argument;
    size_t count = 0;
    while (synopsis_next(&text, &argument)) {
        count++;
    }
    return count;
}

static void print_items(struct span text, struct span between, struct buf *out);

static void print_once(const struct argument *argument, bool with_token, struct buf *out)
{
    if (with_token && argument->token.len > 0) {
        buf_add(out, argument->token);
        if (argument->kind == ARGUMENT_TOKEN) {
            return;
        }
        buf_add(out, SPAN(" "));
    }
    switch (argument->kind) {
    case ARGUMENT_TYPED:
        buf_add(out, argument->name);
        return;
    case ARGUMENT_TOKEN:
        return;
    case ARGUMENT_ONEOF:
        print_items(argument->inside, SPAN(" | "), out);
        return;
    case ARGUMENT_BLOCK:
        print_items(argument->inside, SPAN(" "), out);
        return;
    }
}

static void print_argument(const struct argument *argument, struct span between, struct buf *out)
{
    /* A choice that stands in a row of arguments needs marks of where it ends. */
    bool marked = argument->kind == ARGUMENT_ONEOF && !argument->optional && between.len == 1;
    buf_add(out, argument->optional ? SPAN("[") : marked ? SPAN("<") : SPAN(""));
    print_once(argument, true, out);
    if (argument->multiple) {
        buf_add(out, SPAN(" ["));
        print_once(argument, argument->multiple_token, out);
        buf_add(out, SPAN(" ...]"));
    }
    buf_add(out, argument->optional ? SPAN("]") : marked ? SPAN(">") : SPAN(""));
}

static void print_items(struct span text, struct span between, struct buf *out)
{
    struct argument argument;
    bool first = true;
    while (synopsis_next(&text, &argument)) {
        if (!first) {
            buf_add(out, between);
        }
        print_argument(&argument, between, out);
        first = false;
    }
}

void synopsis_print(struct span text, struct buf *out)
{
    print_items(text, SPAN(" "), out);
}
