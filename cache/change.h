#ifndef PODIS_CACHE_CHANGE_H
#define PODIS_CACHE_CHANGE_H

/* A write, after it happened: the command that would repeat it exactly.
 *
 * Most commands are their own change. The ones that are not repeatable say so
 * while they run: EXPIRE becomes PEXPIREAT, INCRBYFLOAT becomes SET, a key that
 * expired or was evicted becomes DEL. A write that takes several commands to repeat is as
 * many changes, of which all but the first say `again`; they are to be kept together.
 *
 * A change is handed to the listeners in the order they were added, and podis
 * adds them in this order, once, in sidecar/main.c:
 *
 *     log          the append-only file       cache/persist/log.c
 *     backups      the other full copies      proxy/peers/replicate.c
 *     near copies  clients that hold the key  proxy/server/invalidate.c
 *
 * Nothing flows back: a listener must not call the cache. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct change {
    uint64_t seq;            /* 1 for the first change of this process. */
    uint64_t origin;         /* Client that made it; 0 for the store itself (expiry, eviction). */
    bool again;              /* Goes on with the change before it: one write, several commands. */
    bool joined;             /* So it does, or both are of one transaction or script: to be kept
                                together, all or nothing. */
    int db;                  /* -1: all databases (FLUSHALL, SWAPDB). */
    bool everything;         /* FLUSHALL, FLUSHDB, SWAPDB: no key is named, all of db changed. */
    const struct span *keys; /* Keys whose value is now different. */
    size_t key_count;
    const struct span *argv; /* The repeatable command. */
    size_t argc;
};

typedef void (*change_fn)(void *context, const struct change *change);

#endif
