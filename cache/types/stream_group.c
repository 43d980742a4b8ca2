/* Groups, consumers, and what they have not acknowledged. */

#include "cache/types/stream_group.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

struct span stream_group_key(const void *group)
{
    return stream_group_name(group);
}

static struct span consumer_key(const void *consumer)
{
    return stream_consumer_name(consumer);
}

static struct span pending_key(const void *pending)
{
    const struct stream_pending *it = pending;
    return (struct span){ (const char *)it->id, STREAM_ID_BYTES };
}

static void consumer_free(void *consumer)
{
    struct stream_consumer *it = consumer;

    radix_fini(&it->pending, NULL); /* They are freed with the group's tree. */
    memory_free(it);
}

void stream_group_free(void *group)
{
    struct stream_group *it = group;

    radix_fini(&it->consumers, consumer_free);
    radix_fini(&it->pending, memory_free);
    memory_free(it);
}

/* --- groups --- */

struct stream_group *stream_group_find(const struct stream *stream, struct span name)
{
    return radix_find(&stream->groups, name);
}

struct stream_group *stream_group_add(struct stream *stream, struct span name,
                                      struct stream_id last_id, int64_t entries_read)
{
    struct stream_group *group = memory_zero(sizeof(*group) + name.len);

    assert(name.len <= UINT32_MAX);
    group->last_id = last_id;
    group->entries_read = entries_read;
    group->name_len = (uint32_t)name.len;
    if (name.len > 0) {
        memcpy(group->name, name.bytes, name.len);
    }
    radix_init(&group->pending, pending_key);
    radix_init(&group->consumers, consumer_key);
    radix_add(&stream->groups, group);
    return group;
}

void stream_group_remove(struct stream *stream, struct stream_group *group)
{
    void *removed = radix_remove(&stream->groups, stream_group_name(group));

    assert(removed == group);
    stream_group_free(group);
}

static void copy_consumer(struct stream_group *group, const struct stream_consumer *consumer)
{
    struct stream_consumer *copy =
        stream_consumer_add(group, stream_consumer_name(consumer), consumer->seen_at_ms);
    const struct stream_pending *pending = radix_first(&consumer->pending);

    copy->active_at_ms = consumer->active_at_ms;
    while (pending != NULL) {
        struct stream_id id = stream_pending_id(pending);
        stream_pending_add(group, copy, id, pending->delivered_at_ms)->deliveries =
            pending->deliveries;
        pending = stream_pending_next(&consumer->pending, id);
    }
}

void stream_group_copy(struct stream *stream, const struct stream_group *group)
{
    struct stream_group *copy =
        stream_group_add(stream, stream_group_name(group), group->last_id, group->entries_read);
    const struct stream_consumer *consumer = radix_first(&group->consumers);

    while (consumer != NULL) {
        copy_consumer(copy, consumer);
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
}

bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag)
{
    int64_t read = group->entries_read;

    if (stream->entries_added == 0) {
        *lag = 0;
        return true;
    }
    if (read == STREAM_READ_UNKNOWN || stream_has_gap_from(stream, group->last_id)) {
        read = stream_count_up_to(stream, group->last_id);
    }
    *lag = (int64_t)(stream->entries_added - (uint64_t)read);
    return read != STREAM_READ_UNKNOWN;
}

void stream_group_read(struct stream_group *group, const struct stream *stream, struct stream_id id)
{
    assert(stream_id_compare(id, group->last_id) > 0);
    if (group->entries_read != STREAM_READ_UNKNOWN && !stream_has_gap_from(stream, id)) {
        group->entries_read =
            (int64_t)((uint64_t)group->entries_read + 1); /* XSETID may wrap it. */
    } else if (stream->entries_added > 0) {
        group->entries_read = stream_count_up_to(stream, id);
    }
    group->last_id = id;
}

/* --- consumers --- */

struct stream_consumer *stream_consumer_find(const struct stream_group *group, struct span name)
{
    return radix_find(&group->consumers, name);
}

struct stream_consumer *stream_consumer_add(struct stream_group *group, struct span name,
                                            int64_t now_ms)
{
    struct stream_consumer *consumer = memory_zero(sizeof(*consumer) + name.len);

    assert(name.len <= UINT32_MAX);
    consumer->seen_at_ms = now_ms;
    consumer->active_at_ms = -1;
    consumer->name_len = (uint32_t)name.len;
    if (name.len > 0) {
        memcpy(consumer->name, name.bytes, name.len);
    }
    radix_init(&consumer->pending, pending_key);
    radix_add(&group->consumers, consumer);
    return consumer;
}

void stream_consumer_remove(struct stream_group *group, struct stream_consumer *consumer)
{
    struct stream_pending *pending;

    while ((pending = radix_first(&consumer->pending)) != NULL) {
        stream_pending_remove(group, pending);
    }
    void *removed = radix_remove(&group->consumers, stream_consumer_name(consumer));
    assert(removed == consumer);
    consumer_free(consumer);
}

/* --- pending entries --- */

static struct span id_span(uint8_t bytes[STREAM_ID_BYTES], struct stream_id id)
{
    stream_id_write(bytes, id);
    return (struct span){ (const char *)bytes, STREAM_ID_BYTES };
}

struct stream_pending *stream_pending_find(const struct stream_group *group, struct stream_id id)
{
    uint8_t bytes[STREAM_ID_BYTES];
    return radix_find(&group->pending, id_span(bytes, id));
}

struct stream_pending *stream_pending_from(const struct radix *tree, struct stream_id id)
{
    uint8_t bytes[STREAM_ID_BYTES];
    return radix_at_or_after(tree, id_span(bytes, id));
}

struct stream_pending *stream_pending_next(const struct radix *tree, struct stream_id id)
{
    uint8_t bytes[STREAM_ID_BYTES];
    return radix_after(tree, id_span(bytes, id));
}

struct stream_pending *stream_pending_add(struct stream_group *group,
                                          struct stream_consumer *consumer, struct stream_id id,
                                          int64_t now_ms)
{
    struct stream_pending *pending = memory_alloc(sizeof(*pending));

    *pending = (struct stream_pending){ .delivered_at_ms = now_ms, .deliveries = 1 };
    stream_id_write(pending->id, id);
    radix_add(&group->pending, pending);
    if (consumer != NULL) {
        stream_pending_give(pending, consumer);
    }
    return pending;
}

void stream_pending_give(struct stream_pending *pending, struct stream_consumer *consumer)
{
    if (pending->consumer == consumer) {
        return;
    }
    if (pending->consumer != NULL) {
        radix_remove(&pending->consumer->pending, pending_key(pending));
    }
    radix_add(&consumer->pending, pending);
    pending->consumer = consumer;
}

void stream_pending_remove(struct stream_group *group, struct stream_pending *pending)
{
    if (pending->consumer != NULL) {
        radix_remove(&pending->consumer->pending, pending_key(pending));
    }
    void *removed = radix_remove(&group->pending, pending_key(pending));
    assert(removed == pending);
    memory_free(pending);
}

bool stream_is_wanted(const struct stream *stream, struct stream_id id)
{
    const struct stream_group *group = radix_first(&stream->groups);

    while (group != NULL) {
        if (stream_id_compare(id, group->last_id) > 0 || stream_pending_find(group, id) != NULL) {
            return true;
        }
        group = radix_after(&stream->groups, stream_group_name(group));
    }
    return false;
}

bool stream_release(struct stream *stream, struct stream_id id)
{
    struct stream_group *group = radix_first(&stream->groups);
    bool released = false;

    while (group != NULL) {
        struct stream_pending *pending = stream_pending_find(group, id);
        if (pending != NULL) {
            stream_pending_remove(group, pending);
            released = true;
        }
        group = radix_after(&stream->groups, stream_group_name(group));
    }
    return released;
}
