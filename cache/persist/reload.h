#ifndef PODIS_CACHE_PERSIST_RELOAD_H
#define PODIS_CACHE_PERSIST_RELOAD_H

/* DEBUG RELOAD: every value is saved and loaded again, so that a test sees what a restart would
 * leave of it. */

#include "cache/cache.h"

/* All keys hold what came back of their values, with their expiry and access; expired ones are
 * gone. No change is announced, since there is none. False if a value did not come back, and
 * *why says what was wrong with it: then nothing was done. */
must_check bool reload_all(struct cache *cache, uint64_t now_ms, const char **why);

#endif
