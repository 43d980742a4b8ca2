#ifndef PODIS_CACHE_BASE_BITS_H
#define PODIS_CACHE_BASE_BITS_H

/* A text as a row of bits, numbered as Redis does: bit 0 is the highest of the first byte. */

#include "cache/base/span.h"

#include <stdint.h>

static inline bool bits_is_set(struct span text, uint64_t at)
{
    return (unsigned char)text.bytes[at / 8] >> (7 - at % 8) & 1;
}

/* Of the bits from `first` to before `end`, which lie in the text: how many are set. */
uint64_t bits_count(struct span text, uint64_t first, uint64_t end);

/* Of the same: the first that is set, or with false the first that is not; `end` if none is. */
uint64_t bits_find(struct span text, uint64_t first, uint64_t end, bool set);

/* The number of `width` bits (1 … 64) at bit `at`, highest first. Bits behind the text are 0. */
uint64_t bits_read(struct span text, uint64_t at, unsigned width);
/* Writes the low `width` bits of a number there, which is in the text. */
void bits_write(char *text, uint64_t at, unsigned width, uint64_t number);

#endif
