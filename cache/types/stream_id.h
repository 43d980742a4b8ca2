#ifndef PODIS_CACHE_TYPES_STREAM_ID_H
#define PODIS_CACHE_TYPES_STREAM_ID_H

/* The id of a stream's entry: milliseconds, and a number among those of the same millisecond. */

#include "cache/base/span.h"

#include <stdint.h>

struct stream_id {
    uint64_t ms;
    uint64_t seq;
};

enum { STREAM_ID_BYTES = 16, STREAM_ID_TEXT_MAX = 48 };

#define STREAM_ID_MIN ((struct stream_id){ 0, 0 })
#define STREAM_ID_MAX ((struct stream_id){ UINT64_MAX, UINT64_MAX })

static inline int stream_id_compare(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms) {
        return a.ms > b.ms ? 1 : -1;
    }
    return (a.seq > b.seq) - (a.seq < b.seq);
}

static inline bool stream_id_equal(struct stream_id a, struct stream_id b)
{
    return a.ms == b.ms && a.seq == b.seq;
}

static inline bool stream_id_is_zero(struct stream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

/* The id right behind or right before; false, and *id as it was, if there is none. */
bool stream_id_increment(struct stream_id *id);
bool stream_id_decrement(struct stream_id *id);

/* Sixteen bytes, the most significant first: their order is that of the ids. */
void stream_id_write(uint8_t bytes[STREAM_ID_BYTES], struct stream_id id);
struct stream_id stream_id_read(const uint8_t bytes[STREAM_ID_BYTES]);

/* "ms-seq"; returns its length. */
size_t stream_id_format(char text[STREAM_ID_TEXT_MAX], struct stream_id id);

/* As Redis reads one: "ms-seq", or "ms" with `missing_seq`. With `any_seq` also "ms-*": then
 * *any_seq is set and seq is 0. False if it is no id. */
bool stream_id_parse(struct span text, uint64_t missing_seq, struct stream_id *id, bool *any_seq);

#endif
