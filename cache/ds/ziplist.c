/* Ziplists:
 *
 *     | total bytes: 4 | offset of the last element: 4 | count: 2 | element … | 0xff |
 *
 * An element begins with the length of the one before it, in one byte or, from 254 bytes on, as
 * 0xfe and four bytes; the long form may also hold a short length. Then comes the encoding:
 *
 *     00llllll  text                      up to 63 bytes
 *     01llllll llllllll  text             14 bits, big endian
 *     10000000 4 bytes  text              big endian
 *     11000000  11010000  11100000        2, 4, 8 bytes, signed, little endian
 *     11110000  11111110                  3 bytes, 1 byte
 *     1111xxxx                            xxxx - 1, from 0 to 12
 *
 * All lengths are checked against what is left before they are used. */

#include "cache/ds/ziplist.h"

#include "cache/base/number.h"

enum {
    HEADER = 10,
    COUNT_UNKNOWN = UINT16_MAX,
    LONG_BEFORE = 0xfe,
    END = 0xff,
};

static uint64_t little(const uint8_t *from, size_t width)
{
    uint64_t number = 0;
    for (size_t i = width; i-- > 0;) {
        number = number << 8 | from[i];
    }
    return number;
}

static uint64_t big(const uint8_t *from, size_t width)
{
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        number = number << 8 | from[i];
    }
    return number;
}

/* What is left of the elements. */
struct rest {
    const uint8_t *bytes;
    size_t len;
};

static bool take(struct rest *rest, size_t len, const uint8_t **bytes)
{
    if (rest->len < len) {
        return false;
    }
    *bytes = rest->bytes;
    rest->bytes += len;
    rest->len -= len;
    return true;
}

/* The length of the element before; it must be the one we know. */
static bool take_before(struct rest *rest, size_t before)
{
    const uint8_t *bytes;
    if (!take(rest, 1, &bytes) || bytes[0] == END) {
        return false;
    }
    if (bytes[0] < LONG_BEFORE) {
        return bytes[0] == before;
    }
    return take(rest, 4, &bytes) && little(bytes, 4) == before;
}

static bool take_text(struct rest *rest, uint8_t first, struct span *text)
{
    const uint8_t *bytes;
    size_t len = first & 0x3f;

    if (first >= 0x80) {
        if (!take(rest, 4, &bytes)) {
            return false;
        }
        len = (size_t)big(bytes, 4);
    } else if (first >= 0x40) {
        if (!take(rest, 1, &bytes)) {
            return false;
        }
        len = len << 8 | bytes[0];
    }
    if (!take(rest, len, &bytes)) {
        return false;
    }
    *text = (struct span){ (const char *)bytes, len };
    return true;
}

/* 0 for what is no encoding. */
static size_t integer_width(uint8_t first)
{
    switch (first) {
    case 0xc0:
        return 2;
    case 0xd0:
        return 4;
    case 0xe0:
        return 8;
    case 0xf0:
        return 3;
    case 0xfe:
        return 1;
    default:
        return 0;
    }
}

static bool take_integer(struct rest *rest, uint8_t first, int64_t *number)
{
    const uint8_t *bytes;
    size_t width = integer_width(first);

    if (first >= 0xf1 && first <= 0xfd) {
        *number = (first & 0x0f) - 1;
        return true;
    }
    if (width == 0 || !take(rest, width, &bytes)) {
        return false;
    }
    unsigned unused_bits = 64 - (unsigned)width * 8;
    *number = (int64_t)(little(bytes, width) << unused_bits) >> unused_bits;
    return true;
}

/* One element without the length in front of it. */
static bool take_element(struct rest *rest, char room[NUMBER_TEXT_MAX], struct span *text)
{
    const uint8_t *first;
    int64_t number;

    if (!take(rest, 1, &first)) {
        return false;
    }
    if (*first <= 0x80) {
        return take_text(rest, *first, text);
    }
    if (!take_integer(rest, *first, &number)) {
        return false;
    }
    *text = (struct span){ room, number_format(room, number) };
    return true;
}

bool ziplist_read(struct span bytes, bool (*each)(void *context, struct span text), void *context)
{
    const uint8_t *start = (const uint8_t *)bytes.bytes;
    if (bytes.len < HEADER + 1 || little(start, 4) != bytes.len || start[bytes.len - 1] != END) {
        return false;
    }
    struct rest rest = { start + HEADER, bytes.len - HEADER - 1 };
    const uint8_t *last = rest.bytes;
    size_t before = 0;
    size_t count = 0;
    while (rest.len > 0) {
        char room[NUMBER_TEXT_MAX];
        struct span text;
        last = rest.bytes;
        if (!take_before(&rest, before) || !take_element(&rest, room, &text) ||
            !each(context, text)) {
            return false;
        }
        before = (size_t)(rest.bytes - last);
        count++;
    }
    uint64_t noted = little(start + 8, 2);
    return little(start + 4, 4) == (uint64_t)(last - start) &&
           (noted == COUNT_UNKNOWN || noted == count);
}
