#ifndef PODIS_CACHE_TYPES_HASH_SAVED_H
#define PODIS_CACHE_TYPES_HASH_SAVED_H

/* Hashes in RDB files and DUMP payloads; see save and load of struct type. */

#include "cache/ds/saved.h"
#include "cache/types/limits.h"

/* Valkey 9's hashes with fields that expire are of a type whose number Redis 7.4 drafts had. Who
 * reads a file of Valkey's says this instead. */
enum { HASH_SAVED_VALKEY_FILE = 22, HASH_SAVED_VALKEY = 0x96 };

extern const uint8_t hash_saved_codes[];

void hash_save(const void *hash, struct saver *out);
void *hash_load(uint8_t code, struct loader *in, const struct type_limits *limits);

#endif
