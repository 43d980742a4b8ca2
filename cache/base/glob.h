#ifndef PODIS_CACHE_BASE_GLOB_H
#define PODIS_CACHE_BASE_GLOB_H

/* Glob patterns as in KEYS (https://redis.io/commands/keys): * ? [a-z] [^a] \x. */

#include "cache/base/span.h"

/* Whether all of `text` matches; an empty text matches the empty pattern only. Time is bounded
 * by |pattern| × |text| steps. */
bool glob_match(struct span pattern, struct span text, bool ignore_case);

#endif
