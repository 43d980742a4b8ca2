/* Lists of words, and how a line of a configuration file is cut into them. */

#include "config/words.h"

#include "cache/base/check.h"
#include "cache/base/inline_words.h"
#include "cache/base/memory.h"

#include <ctype.h>

void words_fini(struct option_list *words)
{
    for (size_t i = 0; i < words->count; i++) {
        memory_free(words->items[i]);
    }
    memory_free(words->items);
    *words = (struct option_list){ 0 };
}

void words_add(struct option_list *words, struct span word)
{
    words->items = memory_resize(words->items, (words->count + 1) * sizeof(*words->items));
    words->items[words->count++] = memory_copy_text(word.bytes, word.len);
}

void words_copy(struct option_list *to, const struct option_list *from)
{
    *to = (struct option_list){ 0 };
    for (size_t i = 0; i < from->count; i++) {
        words_add(to, span_from(from->items[i]));
    }
}

bool words_equal(const struct option_list *a, const struct option_list *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0) {
            return false;
        }
    }
    return true;
}

static int hex_digit(char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, tolower((unsigned char)letter));
    return letter == '\0' || found == NULL ? -1 : (int)(found - digits);
}

static char unescaped(char letter)
{
    switch (letter) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return letter;
    }
}

/* One character of a double-quoted word, behind its backslash; returns how many bytes it took. */
static size_t escape(struct buf *word, struct span rest)
{
    if (rest.len >= 3 && rest.bytes[0] == 'x' && hex_digit(rest.bytes[1]) >= 0 &&
        hex_digit(rest.bytes[2]) >= 0) {
        char byte = (char)(hex_digit(rest.bytes[1]) * 16 + hex_digit(rest.bytes[2]));
        buf_add(word, (struct span){ &byte, 1 });
        return 3;
    }
    char letter = unescaped(rest.bytes[0]);
    buf_add(word, (struct span){ &letter, 1 });
    return 1;
}

/* What stands between two quotes. `rest` begins behind the first; returns how many bytes were
 * taken, the closing quote included, or 0 if there is none or it is not the word's end. */
static size_t quoted(struct buf *word, struct span rest, char quote)
{
    size_t at = 0;
    while (at < rest.len && rest.bytes[at] != quote) {
        bool escapes = rest.bytes[at] == '\\' && at + 1 < rest.len;
        if (escapes && quote == '"') {
            at += 1 + escape(word, span_skip(rest, at + 1));
        } else if (escapes && rest.bytes[at + 1] == '\'') {
            buf_add(word, SPAN("'"));
            at += 2;
        } else {
            buf_add(word, (struct span){ rest.bytes + at, 1 });
            at++;
        }
    }
    if (at >= rest.len || (at + 1 < rest.len && !isspace((unsigned char)rest.bytes[at + 1]))) {
        return 0;
    }
    return at + 1;
}

/* One word; returns how many bytes it took, 0 if it is wrong. */
static size_t next_word(struct buf *word, struct span rest)
{
    size_t at = 0;
    while (at < rest.len && !isspace((unsigned char)rest.bytes[at])) {
        char letter = rest.bytes[at];
        if (letter == '"' || letter == '\'') {
            size_t took = quoted(word, span_skip(rest, at + 1), letter);
            return took == 0 ? 0 : at + 1 + took;
        }
        buf_add(word, (struct span){ &letter, 1 });
        at++;
    }
    return at;
}

static bool split_into(struct option_list *words, struct buf *word, struct span line)
{
    size_t at = 0;
    while (true) {
        while (at < line.len && isspace((unsigned char)line.bytes[at])) {
            at++;
        }
        if (at == line.len) {
            return true;
        }
        buf_cut(word, 0);
        size_t took = next_word(word, span_skip(line, at));
        struct span text = buf_span(word);
        if (took == 0 || memchr(text.bytes, '\0', text.len) != NULL) {
            return false;
        }
        words_add(words, text);
        at += took;
    }
}

bool words_split(struct option_list *words, struct span line)
{
    struct buf word;
    struct option_list found = { 0 };

    buf_init(&word, line.len + 1);
    bool good = split_into(&found, &word, line);
    for (size_t i = 0; good && i < found.count; i++) {
        words_add(words, span_from(found.items[i]));
    }
    words_fini(&found);
    buf_fini(&word);
    return good;
}

void words_join(struct buf *out, const struct option_list *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0) {
            buf_add(out, SPAN(" "));
        }
        inline_quote(out, span_from(words->items[i]));
    }
}
