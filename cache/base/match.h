#ifndef PODIS_CACHE_BASE_MATCH_H
#define PODIS_CACHE_BASE_MATCH_H

/* Finds a byte among sixteen at once: one comparison where the machine has SSE2, a few word
 * operations elsewhere. */

#include <stdint.h>
#include <string.h>

/* Bit i says whether byte i of a word, lowest address first, is zero. */
static inline uint32_t match_zero_8(uint64_t word)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
    uint64_t zero = ~(((word & low) + low) | word | low); /* 0x80 in each zero byte */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    zero = __builtin_bswap64(zero);
#endif
    return (uint32_t)(((zero >> 7) * 0x0102040810204080u) >> 56);
}

static inline uint32_t match_16_portable(const uint8_t *bytes, uint8_t wanted)
{
    uint64_t pattern = wanted * 0x0101010101010101u;
    uint64_t first, second;
    memcpy(&first, bytes, 8);
    memcpy(&second, bytes + 8, 8);
    return match_zero_8(first ^ pattern) | match_zero_8(second ^ pattern) << 8;
}

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Bit i says whether bytes[i] == wanted. */
static inline uint32_t match_16(const uint8_t *bytes, uint8_t wanted)
{
#if defined(__SSE2__)
    __m128i all = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    __m128i same = _mm_cmpeq_epi8(all, _mm_set1_epi8((char)wanted));
    return (uint32_t)_mm_movemask_epi8(same);
#else
    return match_16_portable(bytes, wanted);
#endif
}

#endif
