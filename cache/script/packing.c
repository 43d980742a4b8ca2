/* The formats of the struct library, and the bytes that its numbers become.
 *
 * Integers may have any size up to 32 bytes although they are made of 64 bits: the bytes beyond
 * are zero when written, and push the first ones out when read. The sign of such a number is
 * looked for in the bit that a shift modulo 64 finds, which is what Redis's code does on the
 * machines it runs on. */

#include "cache/script/packing.h"

#include "cache/base/check.h"

#include <limits.h>
#include <string.h>

enum { ALIGN_DEFAULT = 8 };

#define TWO_63 9223372036854775808.0

static bool machine_is_big(void)
{
    const uint16_t one = 1;
    char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

void packing_begin(struct packing *packing, const char *format)
{
    *packing = (struct packing){ .format = format, .big = machine_is_big(), .align = 1 };
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* A number in the format, or what it is when left out. False: over INT_MAX. */
static bool take_number(struct packing *packing, int otherwise, int *number)
{
    *number = is_digit(*packing->format) ? 0 : otherwise;
    for (; is_digit(*packing->format); packing->format++) {
        int digit = *packing->format - '0';
        if (*number > (INT_MAX - digit) / 10) {
            return false;
        }
        *number = *number * 10 + digit;
    }
    return true;
}

static enum packing_result take_size(struct packing *packing, struct packing_option *option,
                                     int otherwise)
{
    if (!take_number(packing, otherwise, &option->number)) {
        return PACKING_OVERFLOW;
    }
    option->size = (size_t)option->number;
    return PACKING_OK;
}

static size_t size_of(char letter)
{
    switch (letter) {
    case 'b':
    case 'B':
    case 'x':
        return 1;
    case 'h':
    case 'H':
        return sizeof(short);
    case 'l':
    case 'L':
        return sizeof(long);
    case 'T':
        return sizeof(size_t);
    case 'f':
        return sizeof(float);
    case 'd':
        return sizeof(double);
    default:
        return 0;
    }
}

enum packing_result packing_next(struct packing *packing, struct packing_option *option)
{
    assert(*packing->format != '\0');
    *option = (struct packing_option){ .letter = *packing->format };
    packing->format++;
    option->size = size_of(option->letter);
    if (option->letter == 'c') {
        return take_size(packing, option, 1);
    }
    if (option->letter != 'i' && option->letter != 'I') {
        return PACKING_OK;
    }
    enum packing_result result = take_size(packing, option, sizeof(int));
    if (result == PACKING_OK && option->size > PACKING_INTEGER_MAX) {
        result = PACKING_TOO_LONG;
    }
    return result;
}

static enum packing_result set_align(struct packing *packing, struct packing_option *option)
{
    if (!take_number(packing, ALIGN_DEFAULT, &option->number)) {
        return PACKING_OVERFLOW;
    }
    if (option->number <= 0 || (option->number & (option->number - 1)) != 0) {
        return PACKING_ALIGNMENT;
    }
    packing->align = (size_t)option->number;
    return PACKING_OK;
}

enum packing_result packing_control(struct packing *packing, struct packing_option *option)
{
    switch (option->letter) {
    case ' ':
        return PACKING_OK;
    case '<':
    case '>':
        packing->big = option->letter == '>';
        return PACKING_OK;
    case '!':
        return set_align(packing, option);
    default:
        return PACKING_UNKNOWN;
    }
}

size_t packing_gap(const struct packing *packing, const struct packing_option *option, size_t at)
{
    size_t size = option->size < packing->align ? option->size : packing->align;

    if (option->size == 0 || option->letter == 'c') {
        return 0;
    }
    return (size - (at & (size - 1))) & (size - 1);
}

bool packing_is_integer(char letter)
{
    return letter != '\0' && strchr("bBhHlLTiI", letter) != NULL;
}

uint64_t packing_bits(double number)
{
    const uint64_t top = UINT64_C(1) << 63;

    if (number < 0) {
        return number < -TWO_63 ? top : (uint64_t)(int64_t)number;
    }
    if (number >= 2 * TWO_63) {
        return 0;
    }
    return number >= 0 ? (uint64_t)number : top; /* The last for what is no number. */
}

void packing_put_integer(const struct packing *packing, size_t size, double number,
                         char bytes[PACKING_INTEGER_MAX])
{
    uint64_t bits = packing_bits(number);

    assert(size <= PACKING_INTEGER_MAX);
    for (size_t i = 0; i < size; i++) {
        bytes[packing->big ? size - 1 - i : i] = (char)bits;
        bits >>= 8;
    }
}

double packing_integer(const struct packing *packing, const struct packing_option *option,
                       const char *bytes)
{
    bool has_sign = option->letter >= 'a';
    uint64_t sign = UINT64_MAX << ((option->size * 8 - 1) % 64);
    uint64_t bits = 0;

    for (size_t i = 0; i < option->size; i++) {
        size_t at = packing->big ? i : option->size - 1 - i;
        bits = bits << 8 | (unsigned char)bytes[at];
    }
    if (!has_sign) {
        return (double)bits;
    }
    return (double)(int64_t)((bits & sign) != 0 ? bits | sign : bits);
}

static void copy(const struct packing *packing, char *to, const char *from, size_t size)
{
    bool turn = packing->big != machine_is_big();

    for (size_t i = 0; i < size; i++) {
        to[i] = from[turn ? size - 1 - i : i];
    }
}

void packing_put_real(const struct packing *packing, size_t size, double number, char bytes[8])
{
    float shorter = (float)number;
    char raw[sizeof(number)];

    memcpy(raw, size == sizeof(shorter) ? (const void *)&shorter : &number, size);
    copy(packing, bytes, raw, size);
}

double packing_real(const struct packing *packing, size_t size, const char *bytes)
{
    char raw[sizeof(double)];
    float shorter;
    double number;

    copy(packing, raw, bytes, size);
    if (size == sizeof(number)) {
        memcpy(&number, raw, sizeof(number));
        return number;
    }
    memcpy(&shorter, raw, sizeof(shorter));
    return (double)shorter;
}
