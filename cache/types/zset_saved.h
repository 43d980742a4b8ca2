#ifndef PODIS_CACHE_TYPES_ZSET_SAVED_H
#define PODIS_CACHE_TYPES_ZSET_SAVED_H

/* Sorted sets outside memory: RDB, the log, DEBUG DIGEST. Parts of type_zset. */

#include "cache/ds/listpack.h"
#include "cache/ds/saved.h"
#include "cache/types/zset.h"

/* RDB's type bytes. */
enum {
    ZSET_SAVED_TEXTS = 3, /* Scores as text: RDB 1–7. */
    ZSET_SAVED_MEMBERS = 5,
    ZSET_SAVED_ZIPLIST = 12, /* RDB 2–9 */
    ZSET_SAVED_PACK = 17,
};
extern const uint8_t zset_codes[];

void zset_save_pack(const struct listpack *pack, struct saver *out);
void zset_save_members(const struct zset *zset, struct saver *out);
/* Any code but ZSET_SAVED_PACK. NULL with loader.why set. */
void *zset_load_members(uint8_t code, struct loader *in, const struct type_limits *limits);
/* False with loader.why set. */
bool zset_load_pack(struct loader *in, uint64_t seed, struct listpack **pack);

void zset_rewrite(struct span key, const void *value, rewrite_fn emit, void *context);
void zset_digest(const void *value, struct digest *sum);

#endif
