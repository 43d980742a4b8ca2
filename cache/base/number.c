/* Numbers to text and back. */

#include "cache/base/number.h"

#include "cache/base/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- integers --- */

enum { DIGITS_MAX = 20 }; /* Of a uint64. */

bool number_parse_unsigned(struct span text, uint64_t *number)
{
    if (text.len == 0 || text.len > DIGITS_MAX || (text.bytes[0] == '0' && text.len > 1)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned char)text.bytes[i] - (unsigned)'0';
        if (digit > 9) {
            return false;
        }
        /* Only the last of twenty digits can overflow. */
        if (i == DIGITS_MAX - 1 && (__builtin_mul_overflow(value, 10u, &value) ||
                                    __builtin_add_overflow(value, digit, &value))) {
            return false;
        }
        if (i < DIGITS_MAX - 1) {
            value = value * 10 + digit;
        }
    }
    *number = value;
    return true;
}

bool number_parse(struct span text, int64_t *number)
{
    bool negative = text.len > 0 && text.bytes[0] == '-';
    uint64_t magnitude;
    if (!number_parse_unsigned(negative ? span_skip(text, 1) : text, &magnitude)) {
        return false;
    }
    if (!negative) {
        *number = (int64_t)magnitude;
        return magnitude <= INT64_MAX;
    }
    if (magnitude == 0 || magnitude > (uint64_t)INT64_MAX + 1) {
        return false;
    }
    *number = (int64_t)(0 - magnitude);
    return true;
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

static size_t digits_of(uint64_t number)
{
    size_t digits = 1;
    for (uint64_t above = 10; number >= above; above *= 10) {
        digits++;
        if (digits == DIGITS_MAX) {
            break;
        }
    }
    return digits;
}

static size_t write_digits(char *text, uint64_t number)
{
    size_t len = digits_of(number);
    size_t at = len;
    while (number >= 100) {
        at -= 2;
        memcpy(text + at, pairs + number % 100 * 2, 2);
        number /= 100;
    }
    if (number >= 10) {
        memcpy(text, pairs + number * 2, 2);
    } else {
        text[0] = (char)('0' + number);
    }
    return len;
}

size_t number_format_unsigned(char text[NUMBER_TEXT_MAX], uint64_t number)
{
    return write_digits(text, number);
}

size_t number_format(char text[NUMBER_TEXT_MAX], int64_t number)
{
    if (number >= 0) {
        return write_digits(text, (uint64_t)number);
    }
    text[0] = '-';
    return 1 + write_digits(text + 1, 0 - (uint64_t)number);
}

/* --- floating point --- */

/* A NUL-terminated copy for strtod; false if the text cannot be a number for it. */
static bool copy_number(struct span text, char *copy, size_t room)
{
    if (text.len == 0 || text.len >= room) {
        return false;
    }
    unsigned char first = (unsigned char)text.bytes[0];
    if (first == ' ' || (first >= '\t' && first <= '\r') ||
        memchr(text.bytes, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.bytes, text.len);
    copy[text.len] = '\0';
    return true;
}

bool number_parse_double(struct span text, double *number)
{
    char copy[NUMBER_FLOAT_TEXT_MAX];
    char *end;
    if (!copy_number(text, copy, sizeof(copy))) {
        return false;
    }
    errno = 0;
    double value = strtod(copy, &end);
    if (*end != '\0' || isnan(value) ||
        (errno == ERANGE && (isinf(value) || fpclassify(value) == FP_ZERO))) {
        return false;
    }
    *number = value;
    return true;
}

bool number_parse_long_double(struct span text, long double *number)
{
    char copy[NUMBER_FLOAT_TEXT_MAX];
    char *end;
    if (!copy_number(text, copy, sizeof(copy))) {
        return false;
    }
    errno = 0;
    long double value = strtold(copy, &end);
    if (*end != '\0' || isnan(value) ||
        (errno == ERANGE && (isinf(value) || fpclassify(value) == FP_ZERO))) {
        return false;
    }
    *number = value;
    return true;
}

static size_t copy_word(char *text, const char *word)
{
    size_t len = strlen(word);
    memcpy(text, word, len);
    return len;
}

size_t number_format_double(char *text, size_t room, double number)
{
    assert(room >= NUMBER_TEXT_MAX + 8);
    if (isnan(number)) {
        return copy_word(text, "nan");
    }
    if (isinf(number)) {
        return copy_word(text, number > 0 ? "inf" : "-inf");
    }
    /* Whole numbers up to 2^52 are exact, and common. */
    const double whole = 4503599627370496.0;
    if (number >= -whole && number <= whole && (double)(int64_t)number == number &&
        !(number == 0 && signbit(number))) {
        return number_format(text, (int64_t)number);
    }
    return (size_t)snprintf(text, room, "%.17g", number);
}

size_t number_format_long_double(char *text, size_t room, long double number)
{
    assert(room >= NUMBER_FLOAT_TEXT_MAX);
    if (isnan(number)) {
        return copy_word(text, "nan");
    }
    if (isinf(number)) {
        return copy_word(text, number > 0 ? "inf" : "-inf");
    }
    size_t len = (size_t)snprintf(text, room, "%.17Lf", number);
    assert(len < room);
    while (text[len - 1] == '0') {
        len--;
    }
    if (text[len - 1] == '.') {
        len--;
    }
    if (len == 2 && text[0] == '-' && text[1] == '0') {
        text[0] = '0';
        len = 1;
    }
    return len;
}
