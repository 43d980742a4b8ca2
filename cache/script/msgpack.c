/* MessagePack: heads of values, to bytes and back.
 *
 *     00-7f  integer        c0     nil               ca cb  float, double
 *     80-8f  map            c2 c3  false, true       d9-db  text,  length of 1, 2, 4 bytes
 *     90-9f  array          cc-cf  unsigned integer  dc dd  array, count of 2, 4 bytes
 *     a0-bf  text           d0-d3  signed integer    de df  map,   count of 2, 4 bytes
 *     e0-ff  integer < 0           of 1, 2, 4, 8 bytes
 *
 * All numbers have their most significant byte first. Nothing that is written needs the 64th bit of
 * an unsigned integer; when it is read it is a sign, as in Redis. */

#include "cache/script/msgpack.h"

#include "cache/base/check.h"

/* Twice 2^62: where 64 bits with a sign end. */
#define INTEGERS_END 9223372036854775808.0

/* --- writing --- */

static size_t put(char *head, unsigned first, uint64_t number, size_t width)
{
    head[0] = (char)first;
    for (size_t i = 0; i < width; i++) {
        head[1 + i] = (char)(number >> 8 * (width - 1 - i));
    }
    return 1 + width;
}

size_t msgpack_put_nil(char head[MSGPACK_HEAD_MAX])
{
    return put(head, 0xc0, 0, 0);
}

size_t msgpack_put_boolean(char head[MSGPACK_HEAD_MAX], bool is)
{
    return put(head, is ? 0xc3 : 0xc2, 0, 0);
}

static size_t put_unsigned(char *head, uint64_t number)
{
    if (number <= 0x7f) {
        return put(head, (unsigned)number, 0, 0);
    }
    if (number <= UINT8_MAX) {
        return put(head, 0xcc, number, 1);
    }
    if (number <= UINT16_MAX) {
        return put(head, 0xcd, number, 2);
    }
    return number <= UINT32_MAX ? put(head, 0xce, number, 4) : put(head, 0xcf, number, 8);
}

static size_t put_negative(char *head, int64_t number)
{
    if (number >= -32) {
        return put(head, (unsigned)number & 0xff, 0, 0);
    }
    if (number >= INT8_MIN) {
        return put(head, 0xd0, (uint64_t)number, 1);
    }
    if (number >= INT16_MIN) {
        return put(head, 0xd1, (uint64_t)number, 2);
    }
    return number >= INT32_MIN ? put(head, 0xd2, (uint64_t)number, 4)
                               : put(head, 0xd3, (uint64_t)number, 8);
}

static size_t put_float(char *head, double number)
{
    float shorter = (float)number;
    uint32_t short_bits;
    uint64_t bits;

    if ((double)shorter == number) {
        memcpy(&short_bits, &shorter, sizeof(short_bits));
        return put(head, 0xca, short_bits, 4);
    }
    memcpy(&bits, &number, sizeof(bits));
    return put(head, 0xcb, bits, 8);
}

size_t msgpack_put_number(char head[MSGPACK_HEAD_MAX], double number)
{
    bool in_range = number >= -INTEGERS_END && number < INTEGERS_END;

    if (!in_range || (double)(int64_t)number != number) {
        return put_float(head, number);
    }
    return number < 0 ? put_negative(head, (int64_t)number) : put_unsigned(head, (uint64_t)number);
}

size_t msgpack_put_text(char head[MSGPACK_HEAD_MAX], size_t len)
{
    if (len < 32) {
        return put(head, 0xa0 | (unsigned)len, 0, 0);
    }
    if (len <= UINT8_MAX) {
        return put(head, 0xd9, len, 1);
    }
    return len <= UINT16_MAX ? put(head, 0xda, len, 2) : put(head, 0xdb, len, 4);
}

size_t msgpack_put_array(char head[MSGPACK_HEAD_MAX], size_t count)
{
    if (count < 16) {
        return put(head, 0x90 | (unsigned)count, 0, 0);
    }
    return count <= UINT16_MAX ? put(head, 0xdc, count, 2) : put(head, 0xdd, count, 4);
}

size_t msgpack_put_map(char head[MSGPACK_HEAD_MAX], size_t count)
{
    if (count < 16) {
        return put(head, 0x80 | (unsigned)count, 0, 0);
    }
    return count <= UINT16_MAX ? put(head, 0xde, count, 2) : put(head, 0xdf, count, 4);
}

/* --- reading --- */

enum meaning {
    IS_BAD,
    IS_NIL,
    IS_FALSE,
    IS_TRUE,
    IS_UNSIGNED,
    IS_SIGNED,
    IS_FLOAT,
    IS_DOUBLE,
    IS_TEXT,
    IS_ARRAY,
    IS_MAP,
};

struct format {
    enum meaning meaning;
    size_t width; /* Of the number in the head. */
};

/* 0xc0 … 0xdf */
static const struct format formats[32] = {
    [0x00] = { IS_NIL, 0 },      [0x02] = { IS_FALSE, 0 },    [0x03] = { IS_TRUE, 0 },
    [0x0a] = { IS_FLOAT, 4 },    [0x0b] = { IS_DOUBLE, 8 },   [0x0c] = { IS_UNSIGNED, 1 },
    [0x0d] = { IS_UNSIGNED, 2 }, [0x0e] = { IS_UNSIGNED, 4 }, [0x0f] = { IS_SIGNED, 8 },
    [0x10] = { IS_SIGNED, 1 },   [0x11] = { IS_SIGNED, 2 },   [0x12] = { IS_SIGNED, 4 },
    [0x13] = { IS_SIGNED, 8 },   [0x19] = { IS_TEXT, 1 },     [0x1a] = { IS_TEXT, 2 },
    [0x1b] = { IS_TEXT, 4 },     [0x1c] = { IS_ARRAY, 2 },    [0x1d] = { IS_ARRAY, 4 },
    [0x1e] = { IS_MAP, 2 },      [0x1f] = { IS_MAP, 4 },
};

/* The format of a first byte; *number is what the byte itself says. */
static struct format format_of(unsigned first, uint64_t *number)
{
    *number = first;
    if (first < 0x80) {
        return (struct format){ IS_UNSIGNED, 0 };
    }
    if (first >= 0xe0) {
        *number = (uint64_t)((int64_t)first - 0x100);
        return (struct format){ IS_SIGNED, 0 };
    }
    if (first >= 0xc0) {
        return formats[first - 0xc0];
    }
    *number = first >= 0xa0 ? first & 0x1f : first & 0x0f;
    return (struct format){ first >= 0xa0 ? IS_TEXT : first >= 0x90 ? IS_ARRAY : IS_MAP, 0 };
}

static uint64_t number_at(const char *bytes, size_t width)
{
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        number = number << 8 | (unsigned char)bytes[i];
    }
    return number;
}

static double with_sign(uint64_t number, size_t width)
{
    unsigned unused = width == 0 ? 0 : (unsigned)(64 - 8 * width);
    return (double)((int64_t)(number << unused) / (INT64_C(1) << unused));
}

static double float_of(uint64_t number)
{
    uint32_t bits = (uint32_t)number;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return (double)value;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static struct msgpack_item item_of(struct format format, uint64_t number)
{
    switch (format.meaning) {
    case IS_NIL:
        return (struct msgpack_item){ .kind = MSGPACK_NIL };
    case IS_FALSE:
    case IS_TRUE:
        return (struct msgpack_item){ .kind = MSGPACK_BOOLEAN, .is = format.meaning == IS_TRUE };
    case IS_UNSIGNED:
        return (struct msgpack_item){ .kind = MSGPACK_NUMBER, .number = (double)number };
    case IS_SIGNED:
        return (struct msgpack_item){ .kind = MSGPACK_NUMBER,
                                      .number = with_sign(number, format.width) };
    case IS_FLOAT:
        return (struct msgpack_item){ .kind = MSGPACK_NUMBER, .number = float_of(number) };
    case IS_DOUBLE:
        return (struct msgpack_item){ .kind = MSGPACK_NUMBER, .number = double_of(number) };
    case IS_TEXT:
        return (struct msgpack_item){ .kind = MSGPACK_TEXT, .text.len = (size_t)number };
    case IS_ARRAY:
        return (struct msgpack_item){ .kind = MSGPACK_ARRAY, .count = (uint32_t)number };
    case IS_MAP:
        return (struct msgpack_item){ .kind = MSGPACK_MAP, .count = (uint32_t)number };
    case IS_BAD:
        break;
    }
    return (struct msgpack_item){ .kind = MSGPACK_BAD };
}

struct msgpack_item msgpack_take(struct span *bytes)
{
    const struct msgpack_item too_short = { .kind = MSGPACK_SHORT };
    uint64_t number;

    if (bytes->len == 0) {
        return too_short;
    }
    struct format format = format_of((unsigned char)bytes->bytes[0], &number);
    size_t head = 1 + format.width;
    if (bytes->len < head) {
        return too_short;
    }
    if (format.width > 0) {
        number = number_at(bytes->bytes + 1, format.width);
    }
    struct msgpack_item item = item_of(format, number);
    if (item.kind == MSGPACK_TEXT && item.text.len > bytes->len - head) {
        return too_short;
    }
    item.text.bytes = bytes->bytes + head;
    if (item.kind != MSGPACK_BAD) {
        *bytes = span_skip(*bytes, head + item.text.len);
    }
    return item;
}
