#ifndef PODIS_CACHE_BASE_NUMBER_H
#define PODIS_CACHE_BASE_NUMBER_H

/* Numbers as Redis reads and writes them. Reading is strict: no spaces, no plus
 * sign, no leading zeros, nothing left over. */

#include "cache/base/span.h"

#include <stdint.h>

enum { NUMBER_TEXT_MAX = 24, NUMBER_FLOAT_TEXT_MAX = 5 * 1024 };

/* False if the text is not exactly the decimal form of an int64. */
bool number_parse(struct span text, int64_t *number);
bool number_parse_unsigned(struct span text, uint64_t *number);

/* Writes the decimal form; returns its length (no NUL). */
size_t number_format(char text[NUMBER_TEXT_MAX], int64_t number);
size_t number_format_unsigned(char text[NUMBER_TEXT_MAX], uint64_t number);

/* As Redis's string2d / string2ld: inf and -inf allowed, NaN and spaces refused. */
bool number_parse_double(struct span text, double *number);
bool number_parse_long_double(struct span text, long double *number);

/* RESP3 form of a double: shortest that reads back equal (%.17g, as Redis 7.0: integers
 * without a point), inf, -inf, nan. Returns the length. */
size_t number_format_double(char *text, size_t room, double number);

/* INCRBYFLOAT's form: 17 significant digits after the point, trailing zeros removed. */
size_t number_format_long_double(char *text, size_t room, long double number);

#endif
