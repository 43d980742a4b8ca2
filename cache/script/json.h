#ifndef PODIS_CACHE_SCRIPT_JSON_H
#define PODIS_CACHE_SCRIPT_JSON_H

/* JSON as the cjson library of Redis reads and writes it: words and numbers, no Lua here. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>

/* How a byte is written within quotes; NULL: as it is. */
const char *json_escape(unsigned char byte);

enum { JSON_NUMBER_MAX = 32, JSON_PRECISION_MAX = 14 };
/* Returns the length. */
size_t json_format_number(char text[JSON_NUMBER_MAX], double number, int precision);

enum json_kind {
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_STRING,
    JSON_NUMBER,
    JSON_BOOLEAN,
    JSON_NULL,
    JSON_COLON,
    JSON_COMMA,
    JSON_END, /* Of the text, or a zero byte in it. */
    JSON_ERROR,
};

struct json_token {
    enum json_kind kind;
    size_t at; /* Place in the text. */
    bool is;
    double number;
    struct span string; /* In the reader's `room`, until the next token. */
    const char *error;  /* JSON_ERROR: what is found instead. */
};

struct json_reader {
    const char *text; /* A zero byte ends it. */
    const char *at;
    char *room;         /* As many bytes as the text has. */
    bool takes_invalid; /* Infinities, NaN and hexadecimal numbers, too. */
};

struct json_token json_next(struct json_reader *reader);

/* What was found, in words: "T_COMMA". */
const char *json_found(const struct json_token *token);

#endif
