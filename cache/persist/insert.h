#ifndef PODIS_CACHE_PERSIST_INSERT_H
#define PODIS_CACHE_PERSIST_INSERT_H

/* Keys that come from a file into the store. No change is announced: what is loaded is what was. */

#include "cache/cache.h"

#include <stdint.h>

struct insertion {
    int db;
    struct span key;
    const struct type *type;
    int64_t expires_at_ms; /* -1: never. */
    int64_t idle_s;        /* -1: not known. Of use if accesses are timed … */
    int frequency;         /* -1: not known. … and if they are counted. */
    bool replace;          /* What the key holds already goes. */
};

/* Takes the value, unless the key is there and is not to be replaced: then false. No snapshot is
 * running. */
must_check bool insert_key(struct cache *cache, const struct insertion *insertion,
                           void **take_value, uint64_t now_ms);

/* All databases are empty, and there are no functions; the memory of the former is given back by
 * cache_tick(). Ends a snapshot. */
void insert_into_nothing(struct cache *cache);

#endif
