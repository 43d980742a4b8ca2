#ifndef PODIS_CACHE_BASE_SPAN_H
#define PODIS_CACHE_BASE_SPAN_H

/* Borrowed bytes. A span dies with the call that received it; nobody stores one. */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
    const char *bytes;
    size_t len;
};

enum { SPAN_SHOWN_MAX = 128 };

#define SPAN(literal) ((struct span){ .bytes = (literal), .len = sizeof(literal) - 1 })

static inline struct span span_from(const char *text)
{
    return (struct span){ .bytes = text, .len = strlen(text) };
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

/* memcmp(a, b, len) == 0 without a call for the lengths that keys mostly have. */
static inline bool span_same_bytes(const char *a, const char *b, size_t len)
{
    unsigned long long a_front, b_front, a_back, b_back, difference = 0;
    const size_t word = sizeof(a_front);

    if (len < word || len > 4 * word) {
        return len == 0 || memcmp(a, b, len) == 0;
    }
    /* Pairs of words from both ends towards the middle, where they may overlap. */
    for (size_t at = 0; at < len - at; at += word) {
        memcpy(&a_front, a + at, word);
        memcpy(&b_front, b + at, word);
        memcpy(&a_back, a + len - word - at, word);
        memcpy(&b_back, b + len - word - at, word);
        difference |= (a_front ^ b_front) | (a_back ^ b_back);
    }
    return difference == 0;
}

/* Compares without regard to the case of ASCII letters. */
static inline bool span_is(struct span a, const char *word)
{
    size_t len = strlen(word);
    return a.len == len && strncasecmp(a.bytes, word, len) == 0;
}

/* Bytes first, then length: the order of memcmp. Negative, zero or positive. */
static inline int span_compare(struct span a, struct span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.bytes, b.bytes, shorter);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* Whether what somebody gave is the secret. Takes as long for one that is nearly right as for one
 * that is all wrong, so that it cannot be guessed byte by byte. Only its length shows. */
static inline bool span_is_secret(struct span given, struct span secret)
{
    unsigned difference = secret.len != given.len;

    for (size_t i = 0; i < given.len; i++) {
        unsigned char expected = (unsigned char)(i < secret.len ? secret.bytes[i] : 0);
        difference |= (unsigned)(expected ^ (unsigned char)given.bytes[i]);
    }
    return difference == 0;
}

/* How much of somebody's words is repeated in a message: the precision of a "%.*s". */
static inline int span_shown(struct span span)
{
    return span.len < SPAN_SHOWN_MAX ? (int)span.len : SPAN_SHOWN_MAX;
}

static inline struct span span_skip(struct span span, size_t count)
{
    return (struct span){ .bytes = span.bytes + count, .len = span.len - count };
}

#endif
