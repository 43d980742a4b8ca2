/* CRC-64/Jones, eight bytes at a time.
 *
 * The register after eight more bytes is a linear function of the 64 bits that are the register
 * xor those bytes: each bit that is set contributes a constant of its own. Those 64 constants are
 * below, four to a row, and each row makes the table of all sixteen sums of its four, so that a
 * nibble is one look-up. All tables are 2 kB, which stay in the first cache beside the data;
 * the usual ones for whole bytes are 16 kB.
 *
 * A single byte goes the same way: it takes eight steps, which are the last eight of the 64 that
 * the topmost byte of a word goes through. */

#include "cache/base/crc64.h"

enum { NIBBLES = 16, TOP_LOW = 14, TOP_HIGH = 15 };

#define NIBBLE(a, b, c, d)                                                                         \
    {                                                                                              \
        0, a, b, (a) ^ (b), c, (a) ^ (c), (b) ^ (c), (a) ^ (b) ^ (c), d, (a) ^ (d), (b) ^ (d),     \
            (a) ^ (b) ^ (d), (c) ^ (d), (a) ^ (c) ^ (d), (b) ^ (c) ^ (d), (a) ^ (b) ^ (c) ^ (d),   \
    }

/* What a register in which only bit 4 n + i is set has become after 64 steps. */
/* clang-format off */
static const uint64_t sums[NIBBLES][16] = {
    NIBBLE(0x381d0015c96f4444, 0x703a002b92de8888, 0xe074005725bd1110, 0xebb126fd13edb14b),
    NIBBLE(0xfc3b6ba97f4cf1fd, 0xd32ff101a60e7091, 0x8d06c450148b7249, 0x3154aef3718177f9),
    NIBBLE(0x62a95de6e302eff2, 0xc552bbcdc605dfe4, 0xa1fc51c8d49c2ca3, 0x68a185c2f1afca2d),
    NIBBLE(0xd1430b85e35f945a, 0x89df31589e28bbdf, 0x38e744e264c6e4d5, 0x71ce89c4c98dc9aa),
    NIBBLE(0xe39d1389931b9354, 0xec6301407ea0b5c3, 0xf39f24d3a5d6f8ed, 0xcc676ff4133a62b1),
    NIBBLE(0xb397f9bb7ee35609, 0x4c76d525a5513f79, 0x98edaa4b4aa27ef2, 0x1a8272c5cdd36e8f),
    NIBBLE(0x3504e58b9ba6dd1e, 0x6a09cb17374dba3c, 0xd413962e6e9b7478, 0x837e0a0f85a17b9b),
    NIBBLE(0x2da5324c53d5645d, 0x5b4a6498a7aac8ba, 0xb694c9314f559174, 0x4670b431c63cb183),
    NIBBLE(0x8ce168638c796306, 0x329bf69440655567, 0x6537ed2880caaace, 0xca6fda510195559c),
    NIBBLE(0xbf8692f15bbd3853, 0x545403b1efede3cd, 0xa8a80763dfdbc79a, 0x7a092894e7201c5f),
    NIBBLE(0xf4125129ce4038be, 0xc37d8400c417e217, 0xada22e52d0b85745, 0x701d7af6f9e73de1),
    NIBBLE(0xe03af5edf3ce7bc2, 0xeb2ccd88bf0b64ef, 0xfd00bd4226815ab5, 0xd1585cd715952601),
    NIBBLE(0x89e99ffd73bddf69, 0x388a19a9bfec2db9, 0x711433537fd85b72, 0xe22866a6ffb0b6e4),
    NIBBLE(0xef09eb1ea7f6fea3, 0xf54af06e177a6e2d, 0xc1ccc68f76634f31, 0xa8c0ab4db4510d09),
    NIBBLE(0x7ad870c830358979, 0xf5b0e190606b12f2, 0xc038e5739841b68f, 0xab28ecb46814fe75),
    NIBBLE(0x7d08ff3b88be6f81, 0xfa11fe77117cdf02, 0xdf7adabd7a6e2d6f, 0x95ac9329ac4bc9b5),
};
/* clang-format on */

static uint64_t after_byte(uint64_t crc, uint8_t byte)
{
    unsigned low = (unsigned)(crc ^ byte) & 0xff;
    return crc >> 8 ^ sums[TOP_LOW][low & 15] ^ sums[TOP_HIGH][low >> 4];
}

static uint64_t after_word(uint64_t word)
{
    uint64_t crc = 0;
    for (unsigned i = 0; i < NIBBLES; i++) {
        crc ^= sums[i][word >> 4 * i & 15];
    }
    return crc;
}

uint64_t crc64(uint64_t before, struct span bytes)
{
    uint64_t crc = before;
    size_t at = 0;

    for (; bytes.len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes.bytes + at, sizeof(word));
        crc = after_word(crc ^ word);
    }
    for (; at < bytes.len; at++) {
        crc = after_byte(crc, (uint8_t)bytes.bytes[at]);
    }
    return crc;
}
