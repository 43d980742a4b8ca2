#ifndef PODIS_CACHE_EVICT_H
#define PODIS_CACHE_EVICT_H

/* Which key is to go when there is not enough memory. Whether there is, and how much time may be
 * spent on it, is the caller's to know: it takes one key after the other until it is content.
 *
 * A key that goes is announced as DEL, told as the event "evicted" and counted, unless its
 * time was over anyway: then it has expired. */

#include "cache/cache.h"

#include <stddef.h>
#include <stdint.h>

enum evict_among {
    EVICT_AMONG_NONE,     /* Nothing is evicted. */
    EVICT_AMONG_EXPIRING, /* Keys with a time to live. */
    EVICT_AMONG_ALL,
};

enum evict_first {
    EVICT_FIRST_IDLE, /* Not used for longest; accesses must be timed. */
    EVICT_FIRST_RARE, /* Used least often; accesses must be counted, see cache_set_frequency(). */
    EVICT_FIRST_ANY,  /* Left to chance. */
    EVICT_FIRST_EXPIRES, /* Whose time is over next. */
};

struct evict_settings {
    enum evict_among among;
    enum evict_first first;
    uint64_t samples; /* Keys looked at for each that goes, in each database; 1 or more. */
};
void evict_configure(struct cache *cache, const struct evict_settings *settings);

enum evict_result {
    EVICT_REMOVED,  /* One key is gone; if it was large, its memory comes back a little later. */
    EVICT_SEARCHED, /* None was found in the time that one call may take: call again. */
    EVICT_NOTHING,  /* There is none that may go. */
};
/* Adds to *freed the bytes that are free on return, if the allocator tells; what those who heard
 * of it have allocated for that is not subtracted. */
enum evict_result evict_one(struct cache *cache, uint64_t now_ms, uint64_t *freed);

/* The rest is for cache/state.h. */

enum { EVICT_POOL = 16 };

/* A key that may go, as it was when it was seen. */
struct evict_candidate {
    uint64_t rank; /* The highest goes first. */
    char *key;
    size_t len;
    int64_t expires_at_ms;
    uint32_t access;
    int db;
};

struct evict {
    struct evict_settings settings;
    struct evict_candidate pool[EVICT_POOL]; /* By rank, the highest last. */
    size_t count;
};

/* Frees what it holds. */
void evict_fini(struct evict *evict);

#endif
