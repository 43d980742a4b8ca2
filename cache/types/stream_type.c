/* Streams as the rest of podis sees them. */

#include "cache/types/stream.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/stream_group.h"
#include "cache/types/stream_rewrite.h"
#include "cache/types/stream_saved.h"

enum { SAMPLES = 5 };

static void *copy(const void *value)
{
    const struct stream *stream = value;
    struct stream *fresh = stream_new();
    const struct stream_block *block = radix_first(&stream->blocks);
    const struct stream_group *group = radix_first(&stream->groups);

    while (block != NULL) {
        radix_add(&fresh->blocks, stream_block_copy(block));
        block = radix_after(&stream->blocks, stream_block_key(block));
    }
    while (group != NULL) {
        stream_group_copy(fresh, group);
        group = radix_after(&stream->groups, stream_group_name(group));
    }
    fresh->length = stream->length;
    fresh->first_id = stream->first_id;
    fresh->last_id = stream->last_id;
    fresh->max_deleted_id = stream->max_deleted_id;
    fresh->entries_added = stream->entries_added;
    return fresh;
}

/* --- how big it is --- */

/* Of `count` things, when some of them were looked at. */
static size_t extrapolate(size_t bytes, size_t seen, size_t count)
{
    return seen == 0 ? 0 : bytes / seen * count;
}

static size_t blocks_memory(const struct radix *blocks)
{
    const struct stream_block *block = radix_first(blocks);
    size_t bytes = 0;
    size_t seen = 0;

    while (block != NULL && seen < SAMPLES) {
        bytes += memory_usable(block) + memory_usable(block->pack);
        seen++;
        block = radix_after(blocks, stream_block_key(block));
    }
    return blocks->bytes + extrapolate(bytes, seen, blocks->count);
}

static size_t group_memory(const struct stream_group *group)
{
    const struct stream_consumer *consumer = radix_first(&group->consumers);
    size_t bytes = 0;
    size_t seen = 0;

    while (consumer != NULL && seen < SAMPLES) {
        bytes += memory_usable(consumer) + consumer->pending.bytes;
        seen++;
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
    return memory_usable(group) + group->consumers.bytes + group->pending.bytes +
           group->pending.count * memory_rounded(sizeof(struct stream_pending)) +
           extrapolate(bytes, seen, group->consumers.count);
}

static size_t groups_memory(const struct radix *groups)
{
    const struct stream_group *group = radix_first(groups);
    size_t bytes = 0;
    size_t seen = 0;

    while (group != NULL && seen < SAMPLES) {
        bytes += group_memory(group);
        seen++;
        group = radix_after(groups, stream_group_name(group));
    }
    return groups->bytes + extrapolate(bytes, seen, groups->count);
}

static size_t memory(const void *value)
{
    const struct stream *stream = value;
    return memory_usable(stream) + blocks_memory(&stream->blocks) + groups_memory(&stream->groups);
}

/* One group stands for all. */
static size_t effort(const void *value)
{
    const struct stream *stream = value;
    const struct stream_group *group = radix_first(&stream->groups);
    size_t each = group == NULL ? 0 : 1 + group->consumers.count + group->pending.count;

    return 1 + stream->blocks.count + stream->groups.count * each;
}

static const char *encoding(const void *value)
{
    (void)value;
    return "stream";
}

/* --- digest --- */

static void mix_id(struct digest *sum, struct stream_id id)
{
    char text[STREAM_ID_TEXT_MAX];
    size_t len = stream_id_format(text, id);
    char *dash = memchr(text, '-', len);

    assert(dash != NULL);
    *dash = '.';
    digest_mix(sum, (struct span){ text, len });
}

static void digest(const void *value, struct digest *sum)
{
    struct stream_walk walk;

    stream_walk_start(&walk, value, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (stream_walk_next(&walk)) {
        struct stream_field field;
        mix_id(sum, walk.place.id);
        for (size_t i = 0; i < walk.place.field_count; i++) {
            if (i == 0) {
                stream_field_first(&field, walk.block, &walk.place);
            } else {
                stream_field_next(&field, walk.block, &walk.place);
            }
            digest_mix(sum, field.name);
            digest_mix(sum, field.value);
        }
    }
}

const struct type type_stream = {
    .name = "stream",
    .tag = TAG_STREAM,
    .free = stream_free,
    .copy = copy,
    .memory = memory,
    .effort = effort,
    .encoding = encoding,
    .digest = digest,
    .rewrite = stream_rewrite,
    .save = stream_save,
    .load = stream_load,
    .codes = stream_codes,
};
