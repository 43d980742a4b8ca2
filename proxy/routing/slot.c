/* CRC16-XMODEM (polynomial 0x1021, start 0) of a key, as Redis Cluster places keys:
 * https://redis.io/docs/reference/cluster-spec/#key-distribution-model
 *
 * Two nibbles a byte from a table of 16 rows: it stays in two cache lines. */

#include "proxy/routing/ring.h"

static uint16_t crc16(struct span bytes)
{
    static const uint16_t rows[16] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
    };
    uint32_t crc = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        uint32_t byte = (unsigned char)bytes.bytes[i];
        crc = (crc << 4) ^ rows[((crc >> 12) ^ (byte >> 4)) & 15];
        crc = (crc << 4) ^ rows[((crc >> 12) ^ byte) & 15];
    }
    return (uint16_t)crc;
}

uint16_t slot_of_whole(struct span bytes)
{
    return crc16(bytes) & (SLOTS - 1);
}

uint16_t slot_of(struct span key)
{
    const char *open = key.len == 0 ? NULL : memchr(key.bytes, '{', key.len);
    if (open == NULL) {
        return slot_of_whole(key);
    }
    struct span tag = span_skip(key, (size_t)(open - key.bytes) + 1);
    const char *close = tag.len == 0 ? NULL : memchr(tag.bytes, '}', tag.len);
    if (close == NULL || close == tag.bytes) {
        return slot_of_whole(key);
    }
    tag.len = (size_t)(close - tag.bytes);
    return slot_of_whole(tag);
}
