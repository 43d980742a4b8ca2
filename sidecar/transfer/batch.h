#ifndef PODIS_SIDECAR_TRANSFER_BATCH_H
#define PODIS_SIDECAR_TRANSFER_BATCH_H

/* Some keys with all that is theirs, on their way from a source to a target. A value travels as
 * DUMP gives it (cache/persist/dump.h). */

#include "cache/base/span.h"

#include <stddef.h>
#include <stdint.h>

struct record {
    int db;
    struct span key, payload; /* Into the batch. */
    int64_t expires_at_ms;    /* -1: never. */
};

/* Zeroed storage is empty. */
struct batch {
    struct record *records;
    size_t count, room;
};

/* Adds copies. */
void batch_add(struct batch *batch, const struct record *record);
/* Empties it. */
void batch_clear(struct batch *batch);
void batch_fini(struct batch *batch);

#endif
