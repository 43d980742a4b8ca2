/* Owned bytes that grow up to a maximum. */

#include "cache/base/buf.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { SMALLEST = 512 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){ .max = max };
}

void buf_fini(struct buf *buf)
{
    memory_free(buf->bytes);
    *buf = (struct buf){ .max = buf->max };
}

/* A block of at least `capacity` bytes, with the readable ones at its start. */
static void grow(struct buf *buf, size_t capacity)
{
    capacity = memory_rounded(capacity < SMALLEST ? SMALLEST : capacity);
    if (buf->start == 0) {
        buf->bytes = memory_resize(buf->bytes, capacity);
    } else {
        char *fresh = memory_alloc(capacity);
        memcpy(fresh, buf->bytes + buf->start, buf->len);
        memory_free(buf->bytes);
        buf->bytes = fresh;
        buf->start = 0;
    }
    buf->capacity = capacity;
}

/* Bytes are moved to the front only if at least as many were consumed since they were last moved:
 * a long queue that is written at one end and read at the other is not moved for each write. */
char *buf_reserve_slow(struct buf *buf, size_t len)
{
    if (buf->len > buf->max || len > buf->max - buf->len) {
        return NULL;
    }
    if (buf->capacity - buf->start - buf->len < len) {
        if (buf->start >= buf->len && buf->capacity - buf->len >= len) {
            memmove(buf->bytes, buf->bytes + buf->start, buf->len);
            buf->start = 0;
        } else {
            size_t twice = 2 * (buf->start == 0 ? buf->capacity : buf->len);
            grow(buf, twice > buf->len + len ? twice : buf->len + len);
        }
    }
    assert(buf->capacity - buf->start - buf->len >= len);
    return buf->bytes + buf->start + buf->len;
}

char *buf_reserve_exactly(struct buf *buf, size_t len)
{
    if (buf->len > buf->max || len > buf->max - buf->len) {
        return NULL;
    }
    if (buf->capacity - buf->start - buf->len < len) {
        grow(buf, buf->len + len);
    }
    return buf->bytes + buf->start + buf->len;
}

bool buf_addf(struct buf *buf, const char *format, ...)
{
    char few[512];
    char *text = few;
    va_list args;

    va_start(args, format);
    size_t len = (size_t)vsnprintf(few, sizeof(few), format, args);
    va_end(args);
    if (len >= sizeof(few)) {
        text = memory_alloc(len + 1);
        va_start(args, format);
        vsnprintf(text, len + 1, format, args);
        va_end(args);
    }
    bool added = buf_add(buf, (struct span){ .bytes = text, .len = len });
    if (text != few) {
        memory_free(text);
    }
    return added;
}

void buf_trim(struct buf *buf, size_t keep)
{
    if (buf->len == 0 && buf->capacity > keep) {
        buf_fini(buf);
    }
}
