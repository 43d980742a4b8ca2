#ifndef PODIS_PROXY_SERVER_WITHHOLD_H
#define PODIS_PROXY_SERVER_WITHHOLD_H

/* Which part of a client's output may leave, while what it wrote is on its way to the disk.
 *
 *     out   | open | of commits up to `first` | of those up to `last` | not asked yet |
 *             ^ may leave now
 *
 * A client that made a change is answered when the log says that the change is safe (cache/persist/
 * aof_log.h). One commit is on its way and another gathers, so two marks are enough: when the first
 * is safe its bytes are open, and a client that never stops writing is answered all the same.
 *
 * Only the writer's own output waits. Others may see what it wrote, in answers and messages, before
 * it is safe: Redis's promise for appendfsync is about the acknowledgement, and to hold up readers
 * for an fsync is what podis avoids. An invalidation is no later than the acknowledgement then, so
 * no near copy is used after it that is older than the write. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: nothing is withheld. */
struct withheld {
    uint64_t first, last; /* Positions of the log; 0: no mark. */
    size_t open;
    size_t first_len, last_len; /* Bytes of `out` ahead of each mark's end. */
};

static inline bool withheld_is_on(const struct withheld *withheld)
{
    return withheld->first != 0;
}

/* How much of `len` bytes may leave. */
static inline size_t withheld_open(const struct withheld *withheld, size_t len)
{
    return withheld->first == 0 || len < withheld->open ? len : withheld->open;
}

/* The `len` bytes of output that there are, and what is still to be added to them, are the answers
 * of changes up to `position`. */
void withheld_until(struct withheld *withheld, uint64_t position, size_t len);

/* Bytes have left, of which `len` others are there still. */
void withheld_left(struct withheld *withheld, size_t count, size_t len);

/* All up to `safe` is safe. True: more may leave than before. */
bool withheld_release(struct withheld *withheld, uint64_t safe);

#endif
