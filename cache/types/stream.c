/* Streams: appending, deleting, trimming, walking. What a single block does is in
 * stream_block.c, groups are in stream_group.c, and the type's table is in stream_type.c. */

#include "cache/types/stream.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/stream_group.h"

enum {
    FIRST_ROOM = 128, /* Many streams hold one small entry and never more. */
    BLOCK_ROOM_MAX = 4096,
    ELEMENT_MORE = 10, /* What a listpack adds to an element, at most, … */
    ENTRY_MORE = 256,  /* … and to a block: numbers, when they grow, too. */
};

/* An id as a key of the tree. */
struct id_key {
    uint8_t bytes[STREAM_ID_BYTES];
};

static struct span id_span(struct id_key *key, struct stream_id id)
{
    stream_id_write(key->bytes, id);
    return (struct span){ (const char *)key->bytes, STREAM_ID_BYTES };
}

struct stream *stream_new(void)
{
    struct stream *stream = memory_zero(sizeof(*stream));

    radix_init(&stream->blocks, stream_block_key);
    radix_init(&stream->groups, stream_group_key);
    return stream;
}

void stream_free(void *stream)
{
    struct stream *it = stream;

    radix_fini(&it->blocks, stream_block_free);
    radix_fini(&it->groups, stream_group_free);
    memory_free(it);
}

/* --- appending --- */

static uint64_t fields_bytes(const struct span *fields, size_t field_count)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < 2 * field_count; i++) {
        bytes += fields[i].len;
    }
    return bytes;
}

/* Whether so many bytes of fields can be added to a listpack that has some already. */
static bool pack_can_hold(uint64_t present, uint64_t bytes, size_t field_count)
{
    return present + bytes + 2 * (uint64_t)field_count * ELEMENT_MORE + ENTRY_MORE <=
           LISTPACK_BYTES_MAX;
}

bool stream_can_hold(const struct span *fields, size_t field_count)
{
    return pack_can_hold(0, fields_bytes(fields, field_count), field_count);
}

/* Whether the entry is for a new block. Deleted entries count, they are still there. */
static bool is_full(const struct stream_block *block, uint64_t bytes, size_t field_count,
                    const struct type_limits *limits)
{
    uint64_t present = listpack_bytes(block->pack);

    if (!pack_can_hold(present, bytes, field_count) ||
        (limits->stream_node_max_bytes > 0 && present + bytes >= limits->stream_node_max_bytes)) {
        return true;
    }
    return limits->stream_node_max_entries > 0 &&
           (uint64_t)stream_block_entries(block) >= limits->stream_node_max_entries;
}

/* A stream of several blocks will fill the next one too. */
static size_t room_for_block(const struct stream *stream, const struct type_limits *limits)
{
    uint64_t max = limits->stream_node_max_bytes;

    if (stream->blocks.count == 0) {
        return FIRST_ROOM;
    }
    return max > 0 && max < BLOCK_ROOM_MAX ? (size_t)max : BLOCK_ROOM_MAX;
}

void stream_append(struct stream *stream, struct stream_id id, const struct span *fields,
                   size_t field_count, const struct type_limits *limits)
{
    struct stream_block *block = radix_last(&stream->blocks);
    uint64_t bytes = fields_bytes(fields, field_count);

    assert(stream_id_compare(id, stream->last_id) > 0);
    assert(pack_can_hold(0, bytes, field_count));
    if (block != NULL && is_full(block, bytes, field_count, limits)) {
        listpack_shrink(&block->pack);
        block = NULL;
    }
    if (block == NULL) {
        block = stream_block_new(id, fields, field_count, room_for_block(stream, limits));
        radix_add(&stream->blocks, block);
    } else {
        stream_block_append(block, id, fields, field_count);
    }
    stream->length++;
    stream->entries_added++;
    stream->last_id = id;
    if (stream->length == 1) {
        stream->first_id = id;
    }
}

/* --- deleting --- */

/* Sets first_id after something at the front has gone. */
static void find_first(struct stream *stream)
{
    struct stream_walk walk;

    stream->first_id = STREAM_ID_MIN;
    stream_walk_start(&walk, stream, STREAM_ID_MIN, STREAM_ID_MAX, false);
    if (stream_walk_next(&walk)) {
        stream->first_id = walk.place.id;
    }
}

static void drop_block(struct stream *stream, struct stream_block *block)
{
    void *removed = radix_remove(&stream->blocks, stream_block_key(block));

    assert(removed == block);
    stream_block_free(block);
}

bool stream_delete(struct stream *stream, struct stream_id id)
{
    struct stream_walk walk;

    stream_walk_start(&walk, stream, id, id, false);
    if (!stream_walk_next(&walk)) {
        return false;
    }
    struct stream_block *block = radix_find(&stream->blocks, stream_block_key(walk.block));
    assert(block == walk.block);
    if (stream_block_live(block) == 1) {
        drop_block(stream, block);
    } else {
        stream_block_delete(block, &walk.place);
    }
    stream->length--;
    if (stream_id_compare(id, stream->max_deleted_id) > 0) {
        stream->max_deleted_id = id;
    }
    if (stream_id_equal(id, stream->first_id)) {
        find_first(stream);
    }
    return true;
}

bool stream_has(const struct stream *stream, struct stream_id id)
{
    struct stream_walk walk;

    stream_walk_start(&walk, stream, id, id, false);
    return stream_walk_next(&walk);
}

/* Whether all of a block is to go. */
static bool takes_block(const struct stream *stream, const struct stream_trim *trim,
                        const struct stream_block *block)
{
    if (trim->by_id) {
        return stream_id_compare(stream_block_last(block).id, trim->min_id) < 0;
    }
    return stream->length - (uint64_t)stream_block_live(block) >= trim->length_max;
}

/* The first entries of a block that has others which stay. */
static uint64_t trim_inside(struct stream *stream, const struct stream_trim *trim,
                            struct stream_block *block)
{
    uint64_t count = trim->by_id ? UINT64_MAX : stream->length - trim->length_max;
    struct stream_id before = trim->by_id ? trim->min_id : STREAM_ID_MAX;
    uint64_t trimmed = (uint64_t)stream_block_trim(block, count, before);

    if (stream_block_live(block) == 0) {
        drop_block(stream, block); /* Those that stay were deleted before. */
    }
    return trimmed;
}

uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim)
{
    uint64_t trimmed = 0;
    struct stream_block *block;

    while ((block = radix_first(&stream->blocks)) != NULL) {
        uint64_t live = (uint64_t)stream_block_live(block);
        if (!trim->by_id && stream->length <= trim->length_max) {
            break;
        }
        if (trim->limit > 0 && trimmed + live > trim->limit) {
            break;
        }
        if (!takes_block(stream, trim, block)) {
            if (!trim->approximate) {
                uint64_t few = trim_inside(stream, trim, block);
                stream->length -= few;
                trimmed += few;
            }
            break;
        }
        drop_block(stream, block);
        stream->length -= live;
        trimmed += live;
    }
    if (trimmed > 0) {
        find_first(stream);
    }
    return trimmed;
}

struct stream_id stream_last_entry(const struct stream *stream)
{
    struct stream_walk walk;

    stream_walk_start(&walk, stream, STREAM_ID_MIN, STREAM_ID_MAX, true);
    return stream_walk_next(&walk) ? walk.place.id : STREAM_ID_MIN;
}

/* --- walking --- */

void stream_walk_start(struct stream_walk *walk, const struct stream *stream,
                       struct stream_id first, struct stream_id last, bool backwards)
{
    struct id_key key;

    *walk = (struct stream_walk){
        .stream = stream, .first = first, .last = last, .backwards = backwards
    };
    walk->block = radix_at_or_before(&stream->blocks, id_span(&key, backwards ? last : first));
    if (walk->block == NULL && !backwards) {
        walk->block = radix_first(&stream->blocks);
    }
}

static struct stream_place step_in_block(const struct stream_walk *walk)
{
    bool inside = walk->place.at != 0;

    if (walk->backwards) {
        return inside ? stream_block_previous(walk->block, &walk->place)
                      : stream_block_last(walk->block);
    }
    return inside ? stream_block_next(walk->block, &walk->place) : stream_block_first(walk->block);
}

/* One entry on, whatever it is; false at the end. */
static bool step(struct stream_walk *walk)
{
    const struct radix *blocks = &walk->stream->blocks;

    while (walk->block != NULL) {
        walk->place = step_in_block(walk);
        if (walk->place.at != 0) {
            return true;
        }
        struct span key = stream_block_key(walk->block);
        walk->block = walk->backwards ? radix_before(blocks, key) : radix_after(blocks, key);
    }
    return false;
}

bool stream_walk_next(struct stream_walk *walk)
{
    while (step(walk)) {
        if (walk->place.deleted) {
            continue; /* Whatever its id is: XSETID may have gone back behind it. */
        }
        bool early = stream_id_compare(walk->place.id, walk->first) < 0;
        bool late = stream_id_compare(walk->place.id, walk->last) > 0;
        if (walk->backwards ? early : late) {
            walk->block = NULL;
            return false;
        }
        if (!early && !late) {
            return true;
        }
    }
    return false;
}

/* --- how far a reader is --- */

int64_t stream_count_up_to(const struct stream *stream, struct stream_id id)
{
    int to_last = stream_id_compare(id, stream->last_id);
    int to_first = stream_id_compare(id, stream->first_id);
    uint64_t gone = stream->entries_added - stream->length;

    if (stream->entries_added == 0) {
        return 0;
    }
    if (to_last == 0 || (stream->length == 0 && to_last < 0)) {
        return (int64_t)stream->entries_added;
    }
    if (to_last > 0) {
        return STREAM_READ_UNKNOWN; /* Of the future. */
    }
    /* While nothing is deleted but what is before the first entry, that one's number is known. */
    if (!stream_id_is_zero(stream->max_deleted_id) &&
        stream_id_compare(stream->max_deleted_id, stream->first_id) >= 0) {
        return STREAM_READ_UNKNOWN;
    }
    if (to_first <= 0) {
        return (int64_t)(gone + (to_first == 0));
    }
    return STREAM_READ_UNKNOWN;
}

bool stream_has_gap_from(const struct stream *stream, struct stream_id id)
{
    if (stream->length == 0 || stream_id_is_zero(stream->max_deleted_id)) {
        return false;
    }
    return stream_id_compare(stream->first_id, stream->max_deleted_id) <= 0 &&
           stream_id_compare(id, stream->max_deleted_id) <= 0;
}
