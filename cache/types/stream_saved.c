/* Streams in RDB's form:
 *
 *     block count, { id: 16 bytes as a string, listpack as a string }
 *     length, last id, [2] first id, max deleted id, entries added
 *     group count, {
 *         name, last id, [2] entries read
 *         pending count, { id: 16 bytes, delivered at: 8 bytes, deliveries }
 *         consumer count, {
 *             name, seen at: 8 bytes, [3] active at: 8 bytes
 *             pending count, { id: 16 bytes } } }
 *
 * An id is two lengths where nothing else is said. [2] is in type 19 and later (Redis 7.0), [3] in
 * type 21 (7.2). What a loader is given may be anything: blocks are looked at element by element,
 * counts are compared with what is there, every pending entry must have one consumer. */

#include "cache/types/stream_saved.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/stream_group.h"

enum {
    CODE_FIRST = 15,
    CODE_WITH_COUNTS = 19,
    CODE_WITH_ACTIVE = 21,
    /* The fewest bytes that one can take: with all the lengths in front of them. */
    BLOCK_LEAST = 1 + STREAM_ID_BYTES + 1 + LISTPACK_EMPTY_BYTES,
    GROUP_LEAST = 5,
    PENDING_LEAST = STREAM_ID_BYTES + 8 + 1,
    CONSUMER_LEAST = 1 + 8 + 1,
};

const uint8_t stream_codes[] = { CODE_FIRST, CODE_WITH_COUNTS, CODE_WITH_ACTIVE, TYPE_NO_CODE };

/* --- saving --- */

static void save_id(struct saver *out, struct stream_id id)
{
    save_len(out, id.ms);
    save_len(out, id.seq);
}

static void save_blocks(struct saver *out, const struct stream *stream)
{
    const struct stream_block *block = radix_first(&stream->blocks);

    save_len(out, stream->blocks.count);
    while (block != NULL) {
        struct span key = stream_block_key(block);
        save_block(out, key);
        save_block(out, (struct span){ (const char *)block->pack, listpack_bytes(block->pack) });
        block = radix_after(&stream->blocks, key);
    }
}

static void save_pending(struct saver *out, const struct radix *tree, bool whole)
{
    const struct stream_pending *pending = radix_first(tree);

    save_len(out, tree->count);
    while (pending != NULL) {
        save_raw(out, (struct span){ (const char *)pending->id, STREAM_ID_BYTES });
        if (whole) {
            save_ms(out, pending->delivered_at_ms);
            save_len(out, pending->deliveries);
        }
        pending = stream_pending_next(tree, stream_pending_id(pending));
    }
}

static void save_group(struct saver *out, const struct stream_group *group)
{
    const struct stream_consumer *consumer = radix_first(&group->consumers);

    save_string(out, stream_group_name(group));
    save_id(out, group->last_id);
    save_len(out, (uint64_t)group->entries_read);
    save_pending(out, &group->pending, true);
    save_len(out, group->consumers.count);
    while (consumer != NULL) {
        save_string(out, stream_consumer_name(consumer));
        save_ms(out, consumer->seen_at_ms);
        if (!out->for_7_0) {
            save_ms(out, consumer->active_at_ms);
        }
        save_pending(out, &consumer->pending, false);
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
}

void stream_save(const void *stream, struct saver *out)
{
    const struct stream *it = stream;
    const struct stream_group *group = radix_first(&it->groups);

    save_type(out, out->for_7_0 ? CODE_WITH_COUNTS : CODE_WITH_ACTIVE);
    save_blocks(out, it);
    save_len(out, it->length);
    save_id(out, it->last_id);
    save_id(out, it->first_id);
    save_id(out, it->max_deleted_id);
    save_len(out, it->entries_added);
    save_len(out, it->groups.count);
    while (group != NULL) {
        save_group(out, group);
        group = radix_after(&it->groups, stream_group_name(group));
    }
}

/* --- loading --- */

static bool load_id(struct loader *in, struct stream_id *id)
{
    return load_len(in, &id->ms) && load_len(in, &id->seq);
}

static bool load_block(struct loader *in, struct stream *stream)
{
    struct span key, bytes;
    struct stream_block *block;

    if (!load_string(in, &key)) {
        return false;
    }
    if (key.len != STREAM_ID_BYTES) {
        return load_failed(in, "the id of a stream's block is not of 16 bytes");
    }
    block = memory_zero(sizeof(*block));
    memcpy(block->id, key.bytes, STREAM_ID_BYTES);
    if (!load_string(in, &bytes)) {
        memory_free(block);
        return false;
    }
    block->pack = memory_alloc(bytes.len + 1);
    if (bytes.len > 0) {
        memcpy(block->pack, bytes.bytes, bytes.len);
    }
    bool sound = stream_block_is_sound(block, bytes.len) &&
                 stream_id_compare(stream_id_read(block->id), stream->last_id) > 0;
    if (!sound || stream_block_live(block) == 0) {
        stream_block_free(block);
        return sound || load_failed(in, "a block of a stream is corrupt");
    }
    radix_add(&stream->blocks, block);
    stream->length += (uint64_t)stream_block_live(block);
    stream->last_id = stream_last_entry(stream);
    return true;
}

static bool load_blocks(struct loader *in, struct stream *stream)
{
    uint64_t count;

    if (!load_count(in, BLOCK_LEAST, &count)) {
        return false;
    }
    while (count > 0) {
        if (!load_block(in, stream)) {
            return false;
        }
        count--;
    }
    return true;
}

/* The blocks have said already what most of this must be. */
static bool load_figures(struct loader *in, struct stream *stream, uint8_t code)
{
    struct stream_walk walk;
    struct stream_id first, last;
    uint64_t length;

    if (!load_len(in, &length) || !load_id(in, &last)) {
        return false;
    }
    stream->entries_added = length;
    if (code >= CODE_WITH_COUNTS &&
        (!load_id(in, &first) || !load_id(in, &stream->max_deleted_id) ||
         !load_len(in, &stream->entries_added))) {
        return false;
    }
    if (length != stream->length || stream_id_compare(last, stream->last_id) < 0 ||
        stream->entries_added < length) {
        return load_failed(in, "the figures of a stream do not fit its entries");
    }
    stream->last_id = last;
    stream_walk_start(&walk, stream, STREAM_ID_MIN, STREAM_ID_MAX, false);
    if (stream_walk_next(&walk)) {
        stream->first_id = walk.place.id;
    }
    return true;
}

static bool load_pending(struct loader *in, struct stream_group *group)
{
    struct span bytes;
    int64_t delivered_at_ms;
    uint64_t deliveries;

    if (!load_raw(in, STREAM_ID_BYTES, &bytes)) {
        return false;
    }
    struct stream_id id = stream_id_read((const uint8_t *)bytes.bytes);
    if (!load_ms(in, &delivered_at_ms) || !load_len(in, &deliveries)) {
        return false;
    }
    if (stream_id_is_zero(id) || stream_pending_find(group, id) != NULL || deliveries > INT64_MAX) {
        return load_failed(in, "a pending entry of a stream is corrupt");
    }
    stream_pending_add(group, NULL, id, delivered_at_ms)->deliveries = deliveries;
    return true;
}

static bool load_consumers_pending(struct loader *in, struct stream_group *group,
                                   struct stream_consumer *consumer)
{
    struct span bytes;

    if (!load_raw(in, STREAM_ID_BYTES, &bytes)) {
        return false;
    }
    struct stream_pending *pending =
        stream_pending_find(group, stream_id_read((const uint8_t *)bytes.bytes));
    if (pending == NULL || pending->consumer != NULL) {
        return load_failed(in, "a pending entry of a stream has not one consumer");
    }
    stream_pending_give(pending, consumer);
    return true;
}

/* Returns how many entries are pending for it, or -1. */
static int64_t load_consumer(struct loader *in, struct stream_group *group, uint8_t code)
{
    struct span name;
    int64_t times[2];
    uint64_t count;

    if (!load_string(in, &name)) {
        return -1;
    }
    if (stream_consumer_find(group, name) != NULL) {
        load_failed(in, "a stream has a consumer twice");
        return -1;
    }
    struct stream_consumer *consumer = stream_consumer_add(group, name, 0);
    if (!load_ms(in, &times[0])) {
        return -1;
    }
    times[1] = times[0]; /* Nothing better is known of old ones. */
    if ((code >= CODE_WITH_ACTIVE && !load_ms(in, &times[1])) ||
        !load_count(in, STREAM_ID_BYTES, &count)) {
        return -1;
    }
    consumer->seen_at_ms = times[0];
    consumer->active_at_ms = times[1];
    for (uint64_t i = 0; i < count; i++) {
        if (!load_consumers_pending(in, group, consumer)) {
            return -1;
        }
    }
    return (int64_t)count;
}

static bool load_members(struct loader *in, struct stream_group *group, uint8_t code)
{
    uint64_t count;
    uint64_t given = 0;

    if (!load_count(in, PENDING_LEAST, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!load_pending(in, group)) {
            return false;
        }
    }
    if (!load_count(in, CONSUMER_LEAST, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        int64_t more = load_consumer(in, group, code);
        if (more < 0) {
            return false;
        }
        given += (uint64_t)more;
    }
    return given == group->pending.count ||
           load_failed(in, "a pending entry of a stream has no consumer");
}

static bool load_group(struct loader *in, struct stream *stream, uint8_t code)
{
    struct span name;
    uint64_t read;

    if (!load_string(in, &name)) {
        return false;
    }
    if (stream_group_find(stream, name) != NULL) {
        return load_failed(in, "a stream has a group twice");
    }
    struct stream_group *group = stream_group_add(stream, name, STREAM_ID_MIN, STREAM_READ_UNKNOWN);
    if (!load_id(in, &group->last_id)) {
        return false;
    }
    if (code < CODE_WITH_COUNTS) {
        group->entries_read = stream_count_up_to(stream, group->last_id);
    } else {
        if (!load_len(in, &read)) {
            return false;
        }
        group->entries_read = (int64_t)read;
    }
    return load_members(in, group, code);
}

static bool load_groups(struct loader *in, struct stream *stream, uint8_t code)
{
    uint64_t count;

    if (!load_count(in, GROUP_LEAST, &count)) {
        return false;
    }
    while (count > 0) {
        if (!load_group(in, stream, code)) {
            return false;
        }
        count--;
    }
    return true;
}

void *stream_load(uint8_t code, struct loader *in, const struct type_limits *limits)
{
    struct stream *stream = stream_new();

    (void)limits;
    if (!load_blocks(in, stream) || !load_figures(in, stream, code) ||
        !load_groups(in, stream, code)) {
        stream_free(stream);
        return NULL;
    }
    return stream;
}
