#ifndef PODIS_CACHE_TYPES_STREAM_SAVED_H
#define PODIS_CACHE_TYPES_STREAM_SAVED_H

/* Streams in RDB files and DUMP payloads; see struct type. */

#include "cache/ds/saved.h"
#include "cache/types/stream.h"

extern const uint8_t stream_codes[];

void stream_save(const void *stream, struct saver *out);
void *stream_load(uint8_t code, struct loader *in, const struct type_limits *limits);

#endif
