#ifndef PODIS_CACHE_TYPES_STREAM_REWRITE_H
#define PODIS_CACHE_TYPES_STREAM_REWRITE_H

/* The rewrite() of streams; see struct type. */

#include "cache/types/type.h"

void stream_rewrite(struct span key, const void *stream, rewrite_fn emit, void *context);

#endif
