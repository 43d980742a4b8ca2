#ifndef PODIS_CACHE_TYPES_HASH_PACK_H
#define PODIS_CACHE_TYPES_HASH_PACK_H

/* A small hash in a listpack: field, value, field, value … (HASH_PACK), or with the moment each
 * field expires (HASH_TIMED_PACK):
 *
 *     field, value, time, field, value, time …      0: never
 *
 * in the order of the times and those that never expire last, so that what has expired is in
 * front. RDB files contain both listpacks as they are. */

#include "cache/types/hash.h"

struct listpack;

struct hash_pack {
    uint8_t kind; /* HASH_PACK or HASH_TIMED_PACK */
    struct listpack *pack;
};

/* Owns the listpack from now on. */
struct hash_pack *hash_pack_new(struct listpack **take_pack, bool timed);
struct hash_pack *hash_pack_copy(const struct hash_pack *hash);
void hash_pack_free(struct hash_pack *hash);

size_t hash_pack_count(const struct hash_pack *hash); /* Expired or not. */
bool hash_pack_find(const struct hash_pack *hash, struct span field, struct hash_item *item);
/* The fields one after the other: *at is 0 at first. False when there are no more. */
bool hash_pack_next(const struct hash_pack *hash, size_t *at, struct hash_item *item);

/* Of a HASH_TIMED_PACK: when the first and the last field expire, HASH_NEVER if they do not. */
int64_t hash_pack_first_ms(const struct hash_pack *hash);
int64_t hash_pack_last_ms(const struct hash_pack *hash);

/* As those of hash_table.h. A HASH_PACK is told no times but HASH_NEVER and HASH_AS_IS. */
bool hash_pack_set(struct hash_pack *hash, struct span field, struct span value,
                   int64_t expires_at_ms);
bool hash_pack_expire(struct hash_pack *hash, struct span field, int64_t expires_at_ms);
bool hash_pack_remove(struct hash_pack *hash, struct span field);

#endif
