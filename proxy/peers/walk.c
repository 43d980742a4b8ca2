/* Walks over RESP values that lie complete in memory. */

#include "proxy/peers/walk.h"

#include "cache/base/number.h"

/* The rest of the first line, without its end; *rest is moved behind it. */
static bool line(struct span *rest, struct span *text)
{
    const char *end = rest->len < 2 ? NULL : memchr(rest->bytes, '\r', rest->len - 1);

    if (end == NULL || end[1] != '\n') {
        return false;
    }
    *text = (struct span){ .bytes = rest->bytes, .len = (size_t)(end - rest->bytes) };
    *rest = span_skip(*rest, text->len + 2);
    return true;
}

static bool bulk(struct span *rest, int64_t len, struct span *text)
{
    if (len < 0 || (uint64_t)len > rest->len || rest->len - (size_t)len < 2) {
        return false;
    }
    *text = (struct span){ .bytes = rest->bytes, .len = (size_t)len };
    if (memcmp(text->bytes + text->len, "\r\n", 2) != 0) {
        return false;
    }
    *rest = span_skip(*rest, text->len + 2);
    return true;
}

/* The kinds whose line is a length. */
static bool sized(struct span *rest, struct element *element)
{
    int64_t number;

    if (!number_parse(element->text, &number)) {
        return false;
    }
    element->text = (struct span){ .bytes = "", .len = 0 };
    if (number == -1) {
        element->null = true;
        return true;
    }
    switch (element->kind) {
    case '$':
    case '=':
    case '!':
        return bulk(rest, number, &element->text);
    default:
        if (number < 0 || (uint64_t)number > SIZE_MAX / 4) {
            return false;
        }
        element->count = (size_t)number;
        if (element->kind == '%' || element->kind == '|') {
            element->count *= 2;
        }
        return true;
    }
}

static bool among(char kind, const char *kinds)
{
    return kind != '\0' && strchr(kinds, kind) != NULL;
}

bool walk_head(struct span *rest, struct element *element)
{
    struct span ahead = *rest;

    if (ahead.len == 0) {
        return false;
    }
    *element = (struct element){ .kind = ahead.bytes[0] };
    ahead = span_skip(ahead, 1);
    if (!line(&ahead, &element->text)) {
        return false;
    }
    if (among(element->kind, "$=!*%~>|")) {
        if (!sized(&ahead, element)) {
            return false;
        }
    } else if (!among(element->kind, "+-:,#(")) {
        if (element->kind != '_') {
            return false;
        }
        element->null = true;
    }
    *rest = ahead;
    return true;
}

bool walk_value(struct span *rest, struct span *whole)
{
    struct span ahead = *rest;
    struct element element;

    for (size_t left = 1; left > 0; left--) {
        if (!walk_head(&ahead, &element) || element.count > SIZE_MAX / 2 - left) {
            return false;
        }
        left += element.count;
        if (element.kind == '|') {
            left++; /* An attribute goes with the value behind it. */
        }
    }
    *whole = (struct span){ .bytes = rest->bytes, .len = rest->len - ahead.len };
    *rest = ahead;
    return true;
}
