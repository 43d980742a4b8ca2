/* The payload of FUNCTION DUMP.
 *
 * Its version is Redis 7.0's: the format has not changed since, and 7.0 refuses later ones. */

#include "cache/script/function_dump.h"

#include "cache/base/check.h"
#include "cache/base/crc64.h"
#include "cache/ds/saved.h"
#include "cache/persist/dump.h"
#include "cache/persist/rdb_code.h"

enum { VERSION = 10, VERSION_BYTES = 2, SUM_BYTES = 8 };
static_assert(VERSION_BYTES + SUM_BYTES == DUMP_FOOTER, "the footer is that of DUMP");

bool function_dump_add(struct buf *out, struct span code)
{
    struct saver saver = { .out = out, .compress = true };

    save_byte(&saver, RDB_FUNCTION);
    save_string(&saver, code);
    return !saver.full;
}

static void save_little(struct saver *saver, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        save_byte(saver, (uint8_t)(number >> 8 * i));
    }
}

bool function_dump_end(struct buf *out)
{
    struct saver saver = { .out = out };

    save_little(&saver, VERSION, VERSION_BYTES);
    save_little(&saver, crc64(0, buf_span(out)), SUM_BYTES);
    return !saver.full;
}

static const char *read_one(struct loader *loader,
                            const char *(*take)(void *context, struct span code), void *context)
{
    uint8_t type;
    struct span code;

    if (!load_byte(loader, &type)) {
        return "can not read data type";
    }
    if (type == RDB_FUNCTION_OLD) {
        return "Pre-release function format not supported.";
    }
    if (type != RDB_FUNCTION) {
        return "given type is not a function";
    }
    if (!load_string(loader, &code)) {
        return "Failed loading library data";
    }
    return take(context, code);
}

const char *function_dump_read(struct span payload,
                               const char *(*take)(void *context, struct span code), void *context)
{
    struct loader loader;
    const char *why = NULL;

    assert(payload.len >= DUMP_FOOTER);
    loader_init(&loader, (struct span){ payload.bytes, payload.len - DUMP_FOOTER });
    while (loader.in.len > 0 && why == NULL) {
        why = read_one(&loader, take, context);
    }
    loader_fini(&loader);
    return why;
}
