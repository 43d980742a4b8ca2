#ifndef PODIS_CACHE_SNAPSHOT_H
#define PODIS_CACHE_SNAPSHOT_H

/* All databases as they were at one moment, without fork() and without stopping: what BGSAVE, the
 * rewriting of the log and a new replica are made of.
 *
 *            snapshot_begin              the last entry was visited
 *     (none) --------------> running --------------------------------> (none)
 *                               |
 *                               | snapshot_cancel, FLUSHALL and FLUSHDB, DEBUG RELOAD
 *                               +--------------------------------------> (none), `cancelled`
 *
 * While it runs, entries are visited by snapshot_step(), and by any command just before it changes
 * one that was not visited yet (cache/frozen.h). There is one at a time. SWAPDB changes nothing
 * for it: an entry belongs to the database in which it was. */

#include "cache/cache.h"

#include <stddef.h>
#include <stdint.h>

/* Borrowed during the visit. */
struct snapshot_entry {
    int db;
    struct span key;
    const struct type *type;
    const void *value;
    int64_t expires_at_ms; /* -1: never. It may be over. */
    uint64_t idle_s;       /* At the beginning; of use if cache_counts_frequency() is not … */
    uint8_t frequency;     /* … and if it is. */
};

struct snapshot_visitor {
    void *context;
    /* Neither may call the cache. Entries of several databases may alternate. */
    void (*entry)(void *context, const struct snapshot_entry *entry);
    /* It is over before its end. `why` is a constant. */
    void (*cancelled)(void *context, const char *why);
};

/* None is running. The visitor is copied. */
void snapshot_begin(struct cache *cache, const struct snapshot_visitor *visitor, uint64_t now_ms);

/* Visits the entries of about `budget` hash-table buckets. True: all were visited, it is over. */
must_check bool snapshot_step(struct cache *cache, size_t budget);

/* Visits every entry now; a snapshot that runs is not disturbed. `cancelled` is not called. */
void snapshot_visit_all(struct cache *cache, const struct snapshot_visitor *visitor,
                        uint64_t now_ms);

/* Tells the visitor. Nothing happens if none is running. */
void snapshot_cancel(struct cache *cache, const char *why);

bool snapshot_is_running(const struct cache *cache);

/* How many entries were visited, and about how many there were: for a progress bar. */
struct snapshot_progress {
    uint64_t visited, total;
};
struct snapshot_progress snapshot_progress(const struct cache *cache);

#endif
