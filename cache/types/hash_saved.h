#ifndef PODIS_CACHE_TYPES_HASH_SAVED_H
#define PODIS_CACHE_TYPES_HASH_SAVED_H

/* Hashes in RDB files and DUMP payloads; see save and load of struct type. */

#include "cache/ds/saved.h"
#include "cache/types/limits.h"

extern const uint8_t hash_saved_codes[];

void hash_save(const void *hash, struct saver *out);
void *hash_load(uint8_t code, struct loader *in, const struct type_limits *limits);

#endif
