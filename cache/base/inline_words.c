/* Words of a line, as people type them. */

#include "cache/base/inline_words.h"

#include <ctype.h>
#include <stdio.h>

static bool is_space(char letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

/* A vertical tab or a form feed separates words, but does not end one: Redis's rule. */
static bool ends_word(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

static int hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    if (letter >= 'a' && letter <= 'f') {
        return letter - 'a' + 10;
    }
    if (letter >= 'A' && letter <= 'F') {
        return letter - 'A' + 10;
    }
    return -1;
}

/* What stands after a backslash in double quotes; moves *at past it. */
static char escaped(struct span line, size_t *at)
{
    size_t i = *at;

    if (line.bytes[i] == 'x' && line.len - i > 2 && hex_digit(line.bytes[i + 1]) >= 0 &&
        hex_digit(line.bytes[i + 2]) >= 0) {
        *at = i + 3;
        return (char)(hex_digit(line.bytes[i + 1]) * 16 + hex_digit(line.bytes[i + 2]));
    }
    *at = i + 1;
    switch (line.bytes[i]) {
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
        return line.bytes[i];
    }
}

/* Copies from after an opening quote up to the closing one; *at ends behind it. */
static bool quoted(struct span line, char quote, size_t *at, char *room, size_t *len)
{
    while (*at < line.len) {
        char letter = line.bytes[(*at)++];
        if (letter == quote) {
            return *at == line.len || is_space(line.bytes[*at]);
        }
        if (letter == '\\' && *at < line.len) {
            if (quote == '"') {
                letter = escaped(line, at);
            } else if (line.bytes[*at] == '\'') {
                letter = line.bytes[(*at)++];
            }
        }
        room[(*len)++] = letter;
    }
    return false;
}

/* A word with quotes somewhere in it. */
static bool unquoted(struct span *line, char *room, struct span *word)
{
    size_t at = 0, len = 0;

    while (at < line->len && !ends_word(line->bytes[at])) {
        char letter = line->bytes[at++];
        if (letter != '"' && letter != '\'') {
            room[len++] = letter;
            continue;
        }
        if (!quoted(*line, letter, &at, room, &len)) {
            return false;
        }
        break;
    }
    *word = (struct span){ room, len };
    *line = span_skip(*line, at);
    return true;
}

bool inline_word(struct span *line, char *room, struct span *word, bool *found)
{
    size_t start = 0;
    while (start < line->len && is_space(line->bytes[start])) {
        start++;
    }
    *line = span_skip(*line, start);
    *found = line->len > 0;

    size_t end = 0;
    while (end < line->len && !ends_word(line->bytes[end])) {
        if (line->bytes[end] == '"' || line->bytes[end] == '\'') {
            return unquoted(line, room, word);
        }
        end++;
    }
    *word = (struct span){ line->bytes, end };
    *line = span_skip(*line, end);
    return true;
}

/* --- the other way --- */

static bool is_plain(struct span word)
{
    for (size_t i = 0; i < word.len; i++) {
        unsigned char letter = (unsigned char)word.bytes[i];
        if (!isgraph(letter) || strchr("\"'\\#", letter) != NULL) {
            return false;
        }
    }
    return word.len > 0;
}

static void add_escaped(struct buf *out, char letter)
{
    static const char plain[] = "\n\r\t\b\a\"\\";
    static const char names[] = "nrtba\"\\";
    char text[8];
    const char *found = strchr(plain, letter);

    if (letter != '\0' && found != NULL) {
        snprintf(text, sizeof(text), "\\%c", names[found - plain]);
    } else if (isprint((unsigned char)letter) || (unsigned char)letter >= 0x80) {
        snprintf(text, sizeof(text), "%c", letter);
    } else {
        snprintf(text, sizeof(text), "\\x%02x", (unsigned char)letter);
    }
    buf_add(out, span_from(text));
}

void inline_quote(struct buf *out, struct span word)
{
    if (is_plain(word)) {
        buf_add(out, word);
        return;
    }
    buf_add(out, SPAN("\""));
    for (size_t i = 0; i < word.len; i++) {
        add_escaped(out, word.bytes[i]);
    }
    buf_add(out, SPAN("\""));
}
