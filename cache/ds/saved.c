/* RDB's primitives.
 *
 * A length says by its first two bits how it is written:
 *
 *     | 00 len: 6 |
 *     | 01 len: 14               |
 *     | 10 000000 | len: 32, big endian |
 *     | 10 000001 | len: 64, big endian |
 *     | 11 kind   |                      where a string is expected: no length, but
 *                   0, 1, 2: an integer of 1, 2, 4 bytes, little endian, whose decimal form it is
 *                   3: | length compressed | length | LZF |
 *
 * Before a compressed string is given memory its length is compared with what LZF could at most
 * make of the bytes that are there, so that a small payload cannot ask for much. */

#include "cache/ds/saved.h"

#include "cache/base/check.h"
#include "cache/base/compress.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"

#include <math.h>

enum {
    LEN_6 = 0,
    LEN_14 = 1,
    LEN_WIDE = 2,
    ENCODED = 3,
    LEN_32 = 0x80,
    LEN_64 = 0x81,
};

enum { AS_INT8, AS_INT16, AS_INT32, AS_LZF };

enum {
    INTEGER_TEXT_MAX = 11, /* -2147483648 */
    COMPRESS_FROM = 21,    /* Nothing shorter gains. */
    COMPRESS_GAIN = 4,     /* What it must save to be worth it. */
    FEW_BYTES = 1024,      /* Compressed without asking for memory. */
    LZF_RATIO_MAX = 88,    /* Three bytes can stand for 264. */
    TEXT_DOUBLE_NAN = 253,
    TEXT_DOUBLE_INF = 254,
    TEXT_DOUBLE_MINUS_INF = 255,
};

/* --- saving --- */

void save_raw(struct saver *saver, struct span bytes)
{
    if (!saver->full && !buf_add(saver->out, bytes)) {
        saver->full = true;
    }
}

void save_byte(struct saver *saver, uint8_t byte)
{
    save_raw(saver, (struct span){ (const char *)&byte, 1 });
}

void save_type(struct saver *saver, uint8_t code)
{
    save_byte(saver, code);
    if (saver->key.bytes != NULL) {
        save_string(saver, saver->key);
    }
}

/* The low `width` bytes of a number, in one of two orders. */

static void save_little(struct saver *saver, uint64_t number, size_t width)
{
    char bytes[sizeof(number)];
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (char)(number >> 8 * i);
    }
    save_raw(saver, (struct span){ bytes, width });
}

static void save_big(struct saver *saver, uint64_t number, size_t width)
{
    char bytes[sizeof(number)];
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (char)(number >> 8 * (width - 1 - i));
    }
    save_raw(saver, (struct span){ bytes, width });
}

void save_len(struct saver *saver, uint64_t len)
{
    if (len < 1u << 6) {
        save_byte(saver, (uint8_t)len);
    } else if (len < 1u << 14) {
        save_big(saver, len | LEN_14 << 14, 2);
    } else if (len <= UINT32_MAX) {
        save_byte(saver, LEN_32);
        save_big(saver, len, 4);
    } else {
        save_byte(saver, LEN_64);
        save_big(saver, len, 8);
    }
}

static void save_encoded(struct saver *saver, uint8_t as)
{
    save_byte(saver, (uint8_t)(ENCODED << 6 | as));
}

static bool save_integer(struct saver *saver, struct span text)
{
    int64_t number;
    if (text.len > INTEGER_TEXT_MAX || !number_parse(text, &number) || number < INT32_MIN ||
        number > INT32_MAX) {
        return false;
    }
    if (number >= INT8_MIN && number <= INT8_MAX) {
        save_encoded(saver, AS_INT8);
        save_little(saver, (uint64_t)number, 1);
    } else if (number >= INT16_MIN && number <= INT16_MAX) {
        save_encoded(saver, AS_INT16);
        save_little(saver, (uint64_t)number, 2);
    } else {
        save_encoded(saver, AS_INT32);
        save_little(saver, (uint64_t)number, 4);
    }
    return true;
}

static bool save_for_later(struct saver *saver, struct span text)
{
    struct save_mark mark = { .at = saver->out->len, .len = text.len };

    if (!buf_add(saver->later, (struct span){ (const char *)&mark, sizeof(mark) })) {
        saver->full = true;
    }
    save_raw(saver, text);
    return true;
}

static bool save_compressed(struct saver *saver, struct span text)
{
    if (!saver->compress || text.len < COMPRESS_FROM) {
        return false;
    }
    if (saver->later != NULL) {
        return save_for_later(saver, text);
    }
    char few[FEW_BYTES];
    size_t room = text.len - COMPRESS_GAIN;
    char *packed = room <= sizeof(few) ? few : memory_alloc(room);
    size_t len = compress_lzf(text, packed, room);
    if (len > 0) {
        save_encoded(saver, AS_LZF);
        save_len(saver, len);
        save_len(saver, text.len);
        save_raw(saver, (struct span){ packed, len });
    }
    if (packed != few) {
        memory_free(packed);
    }
    return len > 0;
}

void save_block(struct saver *saver, struct span bytes)
{
    if (!save_compressed(saver, bytes)) {
        save_len(saver, bytes.len);
        save_raw(saver, bytes);
    }
}

void save_marked(struct saver *saver, struct span bytes, const struct save_mark *marks,
                 size_t count)
{
    size_t done = 0;

    for (size_t i = 0; i < count; i++) {
        assert(marks[i].at >= done);
        assert(marks[i].at + marks[i].len <= bytes.len);
        save_raw(saver, (struct span){ bytes.bytes + done, marks[i].at - done });
        save_block(saver, (struct span){ bytes.bytes + marks[i].at, marks[i].len });
        done = marks[i].at + marks[i].len;
    }
    save_raw(saver, span_skip(bytes, done));
}

void save_string(struct saver *saver, struct span text)
{
    if (!save_integer(saver, text)) {
        save_block(saver, text);
    }
}

void save_double(struct saver *saver, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    save_little(saver, bits, sizeof(bits));
}

void save_ms(struct saver *saver, int64_t ms)
{
    save_little(saver, (uint64_t)ms, sizeof(ms));
}

/* --- loading --- */

void loader_init(struct loader *loader, struct span in)
{
    *loader = (struct loader){ .in = in };
    buf_init(&loader->text, UINT32_MAX);
}

void loader_fini(struct loader *loader)
{
    buf_fini(&loader->text);
}

bool load_failed(struct loader *loader, const char *why)
{
    if (loader->why == NULL) {
        loader->why = why;
    }
    return false;
}

bool load_is_empty(struct loader *loader, const char *why)
{
    loader->nothing = loader->why == NULL;
    return load_failed(loader, why);
}

bool load_raw(struct loader *loader, size_t len, struct span *bytes)
{
    if (loader->why != NULL || len > loader->in.len) {
        return load_failed(loader, "it ends too early");
    }
    *bytes = (struct span){ loader->in.bytes, len };
    loader->in = span_skip(loader->in, len);
    return true;
}

bool load_byte(struct loader *loader, uint8_t *byte)
{
    struct span bytes;
    if (!load_raw(loader, 1, &bytes)) {
        return false;
    }
    *byte = (uint8_t)bytes.bytes[0];
    return true;
}

static bool load_little(struct loader *loader, size_t width, uint64_t *number)
{
    struct span bytes;
    if (!load_raw(loader, width, &bytes)) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < width; i++) {
        *number |= (uint64_t)(uint8_t)bytes.bytes[i] << 8 * i;
    }
    return true;
}

static bool load_big(struct loader *loader, size_t width, uint64_t *number)
{
    struct span bytes;
    if (!load_raw(loader, width, &bytes)) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < width; i++) {
        *number = *number << 8 | (uint8_t)bytes.bytes[i];
    }
    return true;
}

/* A length, or with *encoded the kind of what is there instead. */
static bool load_len_or_kind(struct loader *loader, uint64_t *len, bool *encoded)
{
    uint8_t first;
    uint8_t second;

    if (!load_byte(loader, &first)) {
        return false;
    }
    *encoded = first >> 6 == ENCODED;
    *len = first & 0x3f;
    switch (first >> 6) {
    case LEN_14:
        if (!load_byte(loader, &second)) {
            return false;
        }
        *len = *len << 8 | second;
        return true;
    case LEN_WIDE:
        if (first != LEN_32 && first != LEN_64) {
            return load_failed(loader, "a length is of an unknown kind");
        }
        return load_big(loader, first == LEN_32 ? 4 : 8, len);
    default:
        return true;
    }
}

bool load_len(struct loader *loader, uint64_t *len)
{
    bool encoded;
    if (!load_len_or_kind(loader, len, &encoded)) {
        return false;
    }
    return !encoded || load_failed(loader, "a length is missing");
}

bool load_count(struct loader *loader, size_t each, uint64_t *count)
{
    assert(each > 0);
    if (!load_len(loader, count)) {
        return false;
    }
    return *count <= loader->in.len / each ||
           load_failed(loader, "it has fewer parts than it says");
}

/* Room for a string that does not lie in the input. */
static char *text_room(struct loader *loader, size_t len)
{
    buf_cut(&loader->text, 0);
    loader->text.start = 0;
    return buf_reserve(&loader->text, len);
}

static bool load_integer_text(struct loader *loader, uint64_t as, struct span *text)
{
    uint64_t bits;
    int64_t number;

    if (!load_little(loader, (size_t)1 << as, &bits)) {
        return false;
    }
    if (as == AS_INT8) {
        number = (int8_t)bits;
    } else if (as == AS_INT16) {
        number = (int16_t)bits;
    } else {
        number = (int32_t)bits;
    }
    char *room = text_room(loader, NUMBER_TEXT_MAX);
    *text = (struct span){ room, number_format(room, number) };
    return true;
}

static bool load_compressed(struct loader *loader, struct span *text)
{
    uint64_t packed_len;
    uint64_t len;
    struct span packed;

    if (!load_count(loader, 1, &packed_len) || !load_len(loader, &len) ||
        !load_raw(loader, packed_len, &packed)) {
        return false;
    }
    if (len == 0 || len / LZF_RATIO_MAX > packed_len || len > loader->text.max) {
        return load_failed(loader, "a compressed string cannot be that long");
    }
    char *room = text_room(loader, len);
    if (!decompress_lzf(packed, room, len)) {
        return load_failed(loader, "a compressed string is broken");
    }
    *text = (struct span){ room, len };
    return true;
}

bool load_string(struct loader *loader, struct span *text)
{
    uint64_t len;
    bool encoded;

    if (!load_len_or_kind(loader, &len, &encoded)) {
        return false;
    }
    if (!encoded) {
        return load_raw(loader, len, text);
    }
    if (len <= AS_INT32) {
        return load_integer_text(loader, len, text);
    }
    return len == AS_LZF ? load_compressed(loader, text)
                         : load_failed(loader, "a string is of an unknown kind");
}

bool load_double(struct loader *loader, double *number)
{
    uint64_t bits;
    if (!load_little(loader, sizeof(bits), &bits)) {
        return false;
    }
    memcpy(number, &bits, sizeof(bits));
    return true;
}

bool load_text_double(struct loader *loader, double *number)
{
    uint8_t len;
    struct span text;

    if (!load_byte(loader, &len)) {
        return false;
    }
    switch (len) {
    case TEXT_DOUBLE_NAN:
        *number = NAN;
        return true;
    case TEXT_DOUBLE_INF:
        *number = INFINITY;
        return true;
    case TEXT_DOUBLE_MINUS_INF:
        *number = -INFINITY;
        return true;
    default:
        if (!load_raw(loader, len, &text)) {
            return false;
        }
        return number_parse_double(text, number) || load_failed(loader, "a number is none");
    }
}

bool load_ms(struct loader *loader, int64_t *ms)
{
    uint64_t bits;
    if (!load_little(loader, sizeof(bits), &bits)) {
        return false;
    }
    *ms = (int64_t)bits;
    return true;
}
