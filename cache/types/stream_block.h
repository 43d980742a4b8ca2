#ifndef PODIS_CACHE_TYPES_STREAM_BLOCK_H
#define PODIS_CACHE_TYPES_STREAM_BLOCK_H

/* Some entries of a stream that follow each other, in a listpack whose layout is Redis's:
 *
 *     | live | dead | n | name × n | 0 |        the fields of the first entry, and two counts
 *     | flags | ms | seq | value × n | 3 + n |                           an entry with these fields
 *     | flags | ms | seq | m | (name value) × m | 4 + 2 × m |            an entry with others
 *
 * `ms` and `seq` are counted from the block's id, which is that of its first entry. The last
 * element of an entry says how many are before it, for those who read backwards. A deleted entry
 * stays where it is, with a flag; the block is freed when all of its are. */

#include "cache/base/number.h"
#include "cache/ds/listpack.h"
#include "cache/types/stream_id.h"

struct stream_block {
    uint8_t id[STREAM_ID_BYTES]; /* Its key. */
    struct listpack *pack;
};

/* Where an entry is, and what is at its beginning. */
struct stream_place {
    size_t at; /* Of the flags; 0: there is no such entry. */
    struct stream_id id;
    bool deleted;
    bool same_fields; /* As the block. */
    size_t field_count;
    size_t fields_at; /* Of the first value, or with other fields the first name. */
    size_t names_at;  /* Of the first name. */
};

/* The key of a block, for a struct radix. */
struct span stream_block_key(const void *block);

/* A block with one entry; fields are names and values by turns. `room`: bytes for others. */
struct stream_block *stream_block_new(struct stream_id id, const struct span *fields,
                                      size_t field_count, size_t room);
void stream_block_free(void *block);
struct stream_block *stream_block_copy(const struct stream_block *block);

int64_t stream_block_live(const struct stream_block *block);
/* Live and deleted. */
int64_t stream_block_entries(const struct stream_block *block);

void stream_block_append(struct stream_block *block, struct stream_id id, const struct span *fields,
                         size_t field_count);

/* Deleted entries are there too. */
struct stream_place stream_block_first(const struct stream_block *block);
struct stream_place stream_block_last(const struct stream_block *block);
struct stream_place stream_block_next(const struct stream_block *block,
                                      const struct stream_place *place);
struct stream_place stream_block_previous(const struct stream_block *block,
                                          const struct stream_place *place);

/* The first of them; after each, stream_field_next() goes on. */
struct stream_field {
    struct span name;
    struct span value;
    size_t name_at;
    size_t value_at;
    char name_room[NUMBER_TEXT_MAX];
    char value_room[NUMBER_TEXT_MAX];
};
void stream_field_first(struct stream_field *field, const struct stream_block *block,
                        const struct stream_place *place);
void stream_field_next(struct stream_field *field, const struct stream_block *block,
                       const struct stream_place *place);

/* Flags an entry, which is live, as deleted. Places in the block are good no more. */
void stream_block_delete(struct stream_block *block, const struct stream_place *place);

/* The same for the first live ones: up to `count` with ids below `before`. Returns how many. */
int64_t stream_block_trim(struct stream_block *block, uint64_t count, struct stream_id before);

/* Whether the pack, of so many bytes, is as drawn above, and the ids of its live entries ascend
 * and are not below the block's. */
bool stream_block_is_sound(const struct stream_block *block, size_t len);

#endif
