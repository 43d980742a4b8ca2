/* Zipmaps, read from the front: what is left is all that is known. */

#include "cache/ds/zipmap.h"

#include <stdint.h>

enum { LONG_LEN = 254, END = 255 };

/* Takes `len` bytes off the front. */
static bool take(struct span *left, size_t len, struct span *taken)
{
    if (len > left->len) {
        return false;
    }
    *taken = (struct span){ left->bytes, len };
    *left = span_skip(*left, len);
    return true;
}

static bool take_byte(struct span *left, uint8_t *byte)
{
    struct span taken;
    if (!take(left, 1, &taken)) {
        return false;
    }
    *byte = (uint8_t)taken.bytes[0];
    return true;
}

static bool take_len(struct span *left, size_t *len)
{
    struct span taken;
    uint32_t long_len;
    uint8_t byte;

    if (!take_byte(left, &byte) || byte == END) {
        return false;
    }
    *len = byte;
    if (byte < LONG_LEN) {
        return true;
    }
    if (!take(left, sizeof(long_len), &taken)) {
        return false;
    }
    memcpy(&long_len, taken.bytes, sizeof(long_len));
    *len = long_len;
    return true;
}

static bool take_pair(struct span *left, struct span *field, struct span *value)
{
    struct span spare;
    uint8_t spare_len;
    size_t len;

    if (!take_len(left, &len) || !take(left, len, field)) {
        return false;
    }
    return take_len(left, &len) && take_byte(left, &spare_len) && take(left, len, value) &&
           take(left, spare_len, &spare);
}

static bool is_end(struct span left)
{
    return left.len > 0 && (uint8_t)left.bytes[0] == END;
}

bool zipmap_read(struct span bytes,
                 bool (*each)(void *context, struct span field, struct span value), void *context)
{
    struct span left = bytes;
    size_t pairs = 0;
    uint8_t count;

    if (!take_byte(&left, &count)) {
        return false;
    }
    while (!is_end(left)) {
        struct span field, value;
        if (!take_pair(&left, &field, &value) || !each(context, field, value)) {
            return false;
        }
        pairs++;
    }
    /* From 254 pairs on the count says only that there are so many. */
    return left.len == 1 && (count >= LONG_LEN || count == pairs);
}
