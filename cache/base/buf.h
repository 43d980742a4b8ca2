#ifndef PODIS_CACHE_BASE_BUF_H
#define PODIS_CACHE_BASE_BUF_H

/* Owned bytes that grow up to a maximum.
 *
 *   0        start           start + len      capacity
 *   | consumed |  readable bytes  |   free space  |
 */

#include "cache/base/check.h"
#include "cache/base/span.h"

#include <stdint.h>

struct buf {
    char *bytes;
    size_t start;
    size_t len;
    size_t capacity;
    size_t max; /* Readable bytes never exceed it. */
};

/* No memory is taken until bytes are added. */
void buf_init(struct buf *buf, size_t max);
void buf_fini(struct buf *buf);

/* Room for `len` more bytes after the readable ones; NULL if that would pass the
 * maximum. The bytes written there count once buf_commit() says so. */
char *buf_reserve_slow(struct buf *buf, size_t len);

/* The same, and if it has to grow then only as far as that needs: for a size that is known. */
char *buf_reserve_exactly(struct buf *buf, size_t len);

static inline char *buf_reserve(struct buf *buf, size_t len)
{
    if (buf->capacity - buf->start - buf->len >= len && buf->max - buf->len >= len) {
        return buf->bytes + buf->start + buf->len;
    }
    return buf_reserve_slow(buf, len);
}

static inline void buf_commit(struct buf *buf, size_t len)
{
    buf->len += len;
}

/* False, and nothing added, if the maximum would be passed. */
static inline bool buf_add(struct buf *buf, struct span span)
{
    if (span.len == 0) {
        return true; /* There may be no memory yet to point into. */
    }
    char *room = buf_reserve(buf, span.len);
    if (room == NULL) {
        return false;
    }
    memcpy(room, span.bytes, span.len);
    buf->len += span.len;
    return true;
}

/* The same for a text made as printf makes it. */
bool buf_addf(struct buf *buf, const char *format, ...) printf_like(2, 3);

static inline struct span buf_span(const struct buf *buf)
{
    return (struct span){ .bytes = buf->bytes == NULL ? "" : buf->bytes + buf->start,
                          .len = buf->len };
}

/* Drops bytes from the front. */
static inline void buf_consume(struct buf *buf, size_t len)
{
    buf->start += len;
    buf->len -= len;
    if (buf->len == 0) {
        buf->start = 0;
    }
}

/* Cuts the readable bytes to `len`. */
static inline void buf_cut(struct buf *buf, size_t len)
{
    buf->len = len;
}

/* Gives memory back when empty and holding more than `keep` bytes. */
void buf_trim(struct buf *buf, size_t keep);

#endif
