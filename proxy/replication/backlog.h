#ifndef PODIS_PROXY_REPLICATION_BACKLOG_H
#define PODIS_PROXY_REPLICATION_BACKLOG_H

/* The last bytes of the replication stream, for replicas that were away for a moment.
 *
 *     first                               last
 *     [ block ] -> [ block ] -> ... -> [ block    ]
 *          ^                                  ^
 *          end - len: the first kept          end: the next byte will be there
 *
 * Bytes are known by their offset in the stream, which counts from 1. What is kept is the last
 * `max` bytes, exactly; memory is taken block by block as they come, so a large maximum costs
 * nothing while little is written, and nothing is ever moved. */

#include "cache/base/span.h"

#include <stdint.h>

struct backlog_block;

struct backlog {
    struct backlog_block *first, *last;
    size_t skipped; /* Bytes at the start of the first block that are not kept any more. */
    uint64_t max;
    uint64_t len;
    uint64_t end; /* Offset of the byte that comes next. */
    bool is_open;
};

/* Empty and open: the next byte is the one after `offset`. */
void backlog_open(struct backlog *backlog, uint64_t max, uint64_t offset);
/* Forgets everything. Accepts a closed one. */
void backlog_close(struct backlog *backlog);

void backlog_add(struct backlog *backlog, struct span bytes);
void backlog_set_max(struct backlog *backlog, uint64_t max);

/* Offset of the first byte that is kept, or would be. */
static inline uint64_t backlog_begin(const struct backlog *backlog)
{
    return backlog->end - backlog->len;
}

/* Whether everything from this offset on is there. So it is, trivially, for the next byte. */
bool backlog_reaches(const struct backlog *backlog, uint64_t offset);

/* Visits all from an offset that it reaches. */
void backlog_read(const struct backlog *backlog, uint64_t offset,
                  void (*visit)(void *context, struct span bytes), void *context);

/* The memory it occupies. */
uint64_t backlog_memory(const struct backlog *backlog);

#endif
