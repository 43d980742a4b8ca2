/* Each record's bytes are a block of their own, which does not move while others are added. */

#include "sidecar/transfer/batch.h"

#include "cache/base/memory.h"

enum { FIRST_ROOM = 64 };

void batch_add(struct batch *batch, const struct record *record)
{
    if (batch->count == batch->room) {
        batch->room = batch->room == 0 ? FIRST_ROOM : 2 * batch->room;
        batch->records = memory_resize(batch->records, batch->room * sizeof(*batch->records));
    }
    size_t len = record->key.len + record->payload.len;
    char *bytes = memory_alloc(len + 1);
    if (record->key.len > 0) {
        memcpy(bytes, record->key.bytes, record->key.len);
    }
    memcpy(bytes + record->key.len, record->payload.bytes, record->payload.len);

    struct record *added = &batch->records[batch->count++];
    *added = *record;
    added->key.bytes = bytes;
    added->payload.bytes = bytes + record->key.len;
}

void batch_clear(struct batch *batch)
{
    while (batch->count > 0) {
        memory_free((char *)(uintptr_t)batch->records[--batch->count].key.bytes);
    }
}

void batch_fini(struct batch *batch)
{
    batch_clear(batch);
    memory_free(batch->records);
    *batch = (struct batch){ 0 };
}
