/* JSON as the cjson library of Redis reads and writes it.
 *
 * More is read than RFC 8259 allows: numbers are what strtod() takes, and control characters in
 * strings stand for themselves. Numbers are read where they lie, so the text must end in a zero
 * byte, as Lua's strings do. */

#include "cache/script/json.h"

#include "cache/base/check.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* --- writing --- */

/* Control characters, and DEL behind them. */
static const char *const controls[] = {
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
    "\\b",     "\\t",     "\\n",     "\\u000b", "\\f",     "\\r",     "\\u000e", "\\u000f",
    "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
    "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
};

const char *json_escape(unsigned char byte)
{
    if (byte < COUNT(controls)) {
        return controls[byte];
    }
    switch (byte) {
    case '"':
        return "\\\"";
    case '/':
        return "\\/";
    case '\\':
        return "\\\\";
    case 0x7f:
        return "\\u007f";
    default:
        return NULL;
    }
}

size_t json_format_number(char text[JSON_NUMBER_MAX], double number, int precision)
{
    assert(precision >= 1);
    assert(precision <= JSON_PRECISION_MAX);
    /* What is no number has a sign, too, which printf would show. */
    int len = snprintf(text, JSON_NUMBER_MAX, "%.*g", precision, isnan(number) ? NAN : number);
    assert(len > 0);
    assert(len < JSON_NUMBER_MAX);
    return (size_t)len;
}

/* --- reading --- */

static const char *const names[] = {
    [JSON_OBJECT_BEGIN] = "T_OBJ_BEGIN",
    [JSON_OBJECT_END] = "T_OBJ_END",
    [JSON_ARRAY_BEGIN] = "T_ARR_BEGIN",
    [JSON_ARRAY_END] = "T_ARR_END",
    [JSON_STRING] = "T_STRING",
    [JSON_NUMBER] = "T_NUMBER",
    [JSON_BOOLEAN] = "T_BOOLEAN",
    [JSON_NULL] = "T_NULL",
    [JSON_COLON] = "T_COLON",
    [JSON_COMMA] = "T_COMMA",
    [JSON_END] = "T_END",
};

const char *json_found(const struct json_token *token)
{
    return token->kind == JSON_ERROR ? token->error : names[token->kind];
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static void fail(const struct json_reader *reader, struct json_token *token, const char *error)
{
    token->kind = JSON_ERROR;
    token->at = (size_t)(reader->at - reader->text);
    token->error = error;
}

/* Four hexadecimal digits; -1 if they are not. */
static int32_t hex_of(const char *digits)
{
    int32_t number = 0;

    for (int i = 0; i < 4; i++) {
        char byte = digits[i];
        int letter = (byte | 0x20) - 'a';
        if (is_digit(byte)) {
            number = number * 16 + (byte - '0');
        } else if (letter >= 0 && letter < 6) {
            number = number * 16 + letter + 10;
        } else {
            return -1;
        }
    }
    return number;
}

static size_t put_utf8(char *to, int32_t point)
{
    static const struct {
        int32_t end;
        unsigned char first;
    } lengths[] = { { 0x80, 0 }, { 0x800, 0xc0 }, { 0x10000, 0xe0 }, { 0x110000, 0xf0 } };
    size_t more = 0;

    while (point >= lengths[more].end) {
        more++;
        assert(more < COUNT(lengths));
    }
    to[0] = (char)(lengths[more].first | point >> 6 * more);
    for (size_t i = 1; i <= more; i++) {
        to[i] = (char)(0x80 | (point >> 6 * (more - i) & 0x3f));
    }
    return more + 1;
}

/* The code point that a \u at `at` begins, two of them for those beyond 16 bits; -1 if it is none.
 * *len is moved behind it. */
static int32_t point_of(const char *at, size_t *len)
{
    enum { ESCAPE = 6 };
    int32_t point = hex_of(at + 2);

    *len = ESCAPE;
    if (point < 0 || (point & 0xf800) != 0xd800) {
        return point;
    }
    if ((point & 0x400) != 0 || at[ESCAPE] != '\\' || at[ESCAPE + 1] != 'u') {
        return -1;
    }
    int32_t low = hex_of(at + ESCAPE + 2);
    if (low < 0 || (low & 0xfc00) != 0xdc00) {
        return -1;
    }
    *len = (size_t)2 * ESCAPE;
    return ((point & 0x3ff) << 10 | (low & 0x3ff)) + 0x10000;
}

/* What a letter behind a backslash stands for; 0: nothing. */
static char unescaped(char letter)
{
    static const char pairs[] = "\"\"\\\\//b\bt\tn\nf\fr\r";

    for (size_t i = 0; i + 1 < sizeof(pairs); i += 2) {
        if (pairs[i] == letter) {
            return pairs[i + 1];
        }
    }
    return '\0';
}

/* One character or escape of a string. False after an error. */
static bool take_character(struct json_reader *reader, struct json_token *token, char *room)
{
    char byte = *reader->at;
    size_t len = 1;

    if (byte == '\0') {
        fail(reader, token, "unexpected end of string");
        return false;
    }
    if (byte == '\\' && reader->at[1] == 'u') {
        int32_t point = point_of(reader->at, &len);
        if (point < 0) {
            fail(reader, token, "invalid unicode escape code");
            return false;
        }
        token->string.len += put_utf8(room + token->string.len, point);
        reader->at += len;
        return true;
    }
    if (byte == '\\') {
        byte = unescaped(reader->at[1]);
        len = 2;
        if (byte == '\0') {
            fail(reader, token, "invalid escape code");
            return false;
        }
    }
    room[token->string.len] = byte;
    token->string.len++;
    reader->at += len;
    return true;
}

static void take_string(struct json_reader *reader, struct json_token *token)
{
    token->kind = JSON_STRING;
    token->string = (struct span){ reader->room, 0 };
    reader->at++;
    while (*reader->at != '"') {
        if (!take_character(reader, token, reader->room)) {
            return;
        }
    }
    reader->at++;
}

/* A number that strtod() takes, and JSON does not know. */
static bool is_invalid(const char *at)
{
    if (*at == '+') {
        return true;
    }
    if (*at == '-') {
        at++;
    }
    if (*at == '0') {
        return (at[1] | 0x20) == 'x' || is_digit(at[1]);
    }
    return (unsigned char)*at > '9' &&
           (strncasecmp(at, "inf", 3) == 0 || strncasecmp(at, "nan", 3) == 0);
}

static void take_number(struct json_reader *reader, struct json_token *token)
{
    char *end;

    token->kind = JSON_NUMBER;
    token->number = strtod(reader->at, &end);
    if (end == reader->at) {
        fail(reader, token, "invalid number");
    } else {
        reader->at = end;
    }
}

static bool take_word(struct json_reader *reader, struct json_token *token)
{
    static const struct {
        struct span word;
        enum json_kind kind;
        bool is;
    } words[] = {
        { { "true", 4 }, JSON_BOOLEAN, true },
        { { "false", 5 }, JSON_BOOLEAN, false },
        { { "null", 4 }, JSON_NULL, false },
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (strncmp(reader->at, words[i].word.bytes, words[i].word.len) == 0) {
            token->kind = words[i].kind;
            token->is = words[i].is;
            reader->at += words[i].word.len;
            return true;
        }
    }
    return false;
}

static bool take_mark(struct json_reader *reader, struct json_token *token)
{
    static const char marks[] = "{}[]:,";
    static const enum json_kind kinds[] = { JSON_OBJECT_BEGIN, JSON_OBJECT_END, JSON_ARRAY_BEGIN,
                                            JSON_ARRAY_END,    JSON_COLON,      JSON_COMMA };
    const char *mark = strchr(marks, *reader->at);

    assert(mark == NULL || *mark != '\0');
    if (mark != NULL) {
        token->kind = kinds[mark - marks];
        reader->at++;
    }
    return mark != NULL;
}

static void take(struct json_reader *reader, struct json_token *token)
{
    char byte = *reader->at;

    if (byte == '\0') {
        token->kind = JSON_END;
    } else if (byte == '"') {
        take_string(reader, token);
    } else if (byte == '-' || is_digit(byte)) {
        if (!reader->takes_invalid && is_invalid(reader->at)) {
            fail(reader, token, "invalid number");
        } else {
            take_number(reader, token);
        }
    } else if (!take_mark(reader, token) && !take_word(reader, token)) {
        /* Of those that begin in another way only what is known to be a number is tried. */
        if (reader->takes_invalid && strchr("+iInN", byte) != NULL && is_invalid(reader->at)) {
            take_number(reader, token);
        } else {
            fail(reader, token, "invalid token");
        }
    }
}

struct json_token json_next(struct json_reader *reader)
{
    struct json_token token = { .kind = JSON_END };

    while (*reader->at != '\0' && strchr(" \t\n\r", *reader->at) != NULL) {
        reader->at++;
    }
    token.at = (size_t)(reader->at - reader->text);
    take(reader, &token);
    return token;
}
