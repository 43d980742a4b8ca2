#ifndef PODIS_PROXY_REPLICATION_PAYLOAD_H
#define PODIS_PROXY_REPLICATION_PAYLOAD_H

/* Takes a snapshot out of what a primary sends after +FULLRESYNC. Does no input or output.
 *
 *     \n \n \n                         it is busy making one, and alive
 *     $5321\r\n <5321 bytes>           from a file, its length known
 *     $EOF:<40 bytes>\r\n <bytes> <the same 40 bytes>     as it is made
 *
 *     LINE ----- "$n" ----> COUNTED --+--> DONE
 *       |                             |
 *       +------- "$EOF:" --> MARKED --+       an error, "-…" or nonsense: FAILED
 *
 * Of MARKED bytes the last 40 are held back until it is clear that they are not the mark. */

#include "cache/base/err.h"
#include "cache/base/span.h"

#include <stdint.h>

enum { PAYLOAD_MARK_LEN = 40, PAYLOAD_LINE_MAX = 256 };

enum payload_state {
    PAYLOAD_LINE,
    PAYLOAD_COUNTED,
    PAYLOAD_MARKED,
    PAYLOAD_DONE,
    PAYLOAD_FAILED,
};

struct payload {
    enum payload_state state;
    char line[PAYLOAD_LINE_MAX]; /* So far; in FAILED what it was, NUL. */
    size_t line_len;
    uint64_t total; /* COUNTED */
    uint64_t len;   /* Bytes of the snapshot that were given out. */
    char mark[PAYLOAD_MARK_LEN];
    char tail[PAYLOAD_MARK_LEN];
    size_t tail_len;
};

void payload_init(struct payload *payload);

/* Takes from the front of `in`; returns how much, which is all unless it is DONE or FAILED. Bytes
 * of the snapshot go to `take`. */
size_t payload_feed(struct payload *payload, struct span in,
                    void (*take)(void *context, struct span bytes), void *context);

#endif
