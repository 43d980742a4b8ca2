/* DUMP payloads. All about a type is behind `struct type`; here are the first byte and the last
 * ten. Trailing bytes between body and footer are refused: nobody's DUMP made them. */

#include "cache/persist/dump.h"

#include "cache/base/check.h"
#include "cache/base/crc64.h"
#include "cache/ds/saved.h"

enum { VERSION_BYTES = 2, SUM_BYTES = 8 };
static_assert(VERSION_BYTES + SUM_BYTES == DUMP_FOOTER, "the footer is these two");

/* --- little endian, whatever the machine --- */

static void write_little(char *bytes, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (char)(number >> 8 * i);
    }
}

static uint64_t read_little(const char *bytes, size_t width)
{
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        number |= (uint64_t)(uint8_t)bytes[i] << 8 * i;
    }
    return number;
}

/* --- */

bool dump_write(struct buf *out, const struct type *type, const void *value)
{
    struct saver saver = { .out = out, .compress = true };
    size_t start = out->len;
    char footer[DUMP_FOOTER];

    type->save(value, &saver);
    write_little(footer, DUMP_VERSION, VERSION_BYTES);
    save_raw(&saver, (struct span){ footer, VERSION_BYTES });
    if (saver.full) {
        return false;
    }
    uint64_t sum = crc64(0, span_skip(buf_span(out), start));
    write_little(footer, sum, SUM_BYTES);
    save_raw(&saver, (struct span){ footer, SUM_BYTES });
    return !saver.full;
}

bool dump_is_intact(struct span payload, bool sum)
{
    if (payload.len < DUMP_FOOTER) {
        return false;
    }
    struct span summed = { payload.bytes, payload.len - SUM_BYTES };
    uint64_t version = read_little(summed.bytes + summed.len - VERSION_BYTES, VERSION_BYTES);
    if (version > DUMP_VERSION_MAX) {
        return false;
    }
    return !sum || crc64(0, summed) == read_little(summed.bytes + summed.len, SUM_BYTES);
}

/* Reads the type byte and the body; NULL with loader.why set. */
static void *read_value(struct loader *loader, const struct type_limits *limits,
                        const struct type **type)
{
    uint8_t code;

    if (!load_byte(loader, &code)) {
        return NULL;
    }
    *type = type_by_code(code);
    if (*type == NULL) {
        load_failed(loader, "its type is not known");
        return NULL;
    }
    void *value = (*type)->load(code, loader, limits);
    assert((value == NULL) == (loader->why != NULL));
    if (value != NULL && loader->in.len > 0) {
        load_failed(loader, "something follows the value");
        (*type)->free(value);
        return NULL;
    }
    return value;
}

void *dump_read(struct span payload, const struct type_limits *limits, const struct type **type,
                const char **why)
{
    struct loader loader;
    assert(payload.len >= DUMP_FOOTER);

    loader_init(&loader, (struct span){ payload.bytes, payload.len - DUMP_FOOTER });
    void *value = read_value(&loader, limits, type);
    *why = loader.why;
    loader_fini(&loader);
    return value;
}
