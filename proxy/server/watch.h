#ifndef PODIS_PROXY_SERVER_WATCH_H
#define PODIS_PROXY_SERVER_WATCH_H

/* Who watches which keys, and for whom one of them changed.
 *
 * A watcher is a transaction that is to come: of a session of ours, or of another pod, which
 * watches under a token (token.h). It is void once a key that it watches was changed, expired,
 * was flushed, or may have been changed elsewhere because there is another map of owners.
 * (https://redis.io/docs/manual/transactions/) */

#include "cache/change.h"

#include <stdbool.h>
#include <stdint.h>

struct cache;

/* All watched keys of a server. */
struct watches;

struct watches *watches_new(struct cache *cache, uint64_t seed);
/* After all watchers are gone. */
void watches_free(struct watches *watches);

/* A change_fn; the context is the struct watches. */
void watches_change(void *context, const struct change *change);

uint64_t watches_keys(const struct watches *watches);

/* There is another map of owners: all that is watched may have changed. */
void watches_new_map(struct watches *watches);
/* How many there were. */
uint64_t watches_maps(const struct watches *watches);

/* Zeroed storage watches nothing. */
struct watcher {
    struct watches *watches; /* NULL: nothing was watched yet. */
    struct watch *first;
    size_t bytes; /* Of its watches, and of their keys. */
    bool touched; /* A watched key changed. */
};

/* Watches a key. `exists`: it is there. */
void watcher_add(struct watcher *watcher, struct watches *watches, int db, struct span key,
                 bool exists);
static inline bool watcher_is_idle(const struct watcher *watcher)
{
    return watcher->first == NULL;
}

/* Whether a watched key changed, or is not there any more because its time is over. */
bool watcher_is_void(const struct watcher *watcher, uint64_t now_ms);

/* Watches nothing, as at first. */
void watcher_forget(struct watcher *watcher);

#endif
