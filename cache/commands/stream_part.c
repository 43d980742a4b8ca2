/* Ids, entries and claims of stream commands. */

#include "cache/commands/stream_part.h"

#include "cache/base/check.h"

/* --- arguments --- */

bool stream_refuse(struct call *c, const char *error)
{
    reply_error(c->reply, span_from(error));
    return false;
}

static bool invalid_id(struct call *c)
{
    return stream_refuse(c, "ERR Invalid stream ID specified as stream command argument");
}

bool arg_stream_id(struct call *c, size_t at, uint64_t missing_seq, struct stream_id *id)
{
    return stream_id_parse(c->argv[at], missing_seq, id, NULL) || invalid_id(c);
}

struct stream_id *arg_stream_ids(struct call *c, size_t first)
{
    struct stream_id *ids = arena_alloc(c->arena, (c->argc - first) * sizeof(*ids));

    for (size_t at = first; at < c->argc; at++) {
        if (!arg_stream_id(c, at, 0, &ids[at - first])) {
            return NULL;
        }
    }
    return ids;
}

/* *exclusive says whether the id itself is not meant. */
static bool arg_bound(struct call *c, size_t at, uint64_t missing_seq, struct stream_id *id,
                      bool *exclusive)
{
    struct span text = c->argv[at];

    *exclusive = text.len > 1 && text.bytes[0] == '(';
    if (span_equal(text, SPAN("-"))) {
        *id = STREAM_ID_MIN;
        return true;
    }
    if (span_equal(text, SPAN("+"))) {
        *id = STREAM_ID_MAX;
        return true;
    }
    text = *exclusive ? span_skip(text, 1) : text;
    return stream_id_parse(text, missing_seq, id, NULL) || invalid_id(c);
}

bool arg_stream_start(struct call *c, size_t at, struct stream_id *id)
{
    bool exclusive;

    if (!arg_bound(c, at, 0, id, &exclusive)) {
        return false;
    }
    if (exclusive && !stream_id_increment(id)) {
        return stream_refuse(c, "ERR invalid start ID for the interval");
    }
    return true;
}

bool arg_stream_end(struct call *c, size_t at, struct stream_id *id)
{
    bool exclusive;

    if (!arg_bound(c, at, UINT64_MAX, id, &exclusive)) {
        return false;
    }
    if (exclusive && !stream_id_decrement(id)) {
        return stream_refuse(c, "ERR invalid end ID for the interval");
    }
    return true;
}

/* --- values --- */

bool stream_edit(struct call *c, size_t at, struct stream **stream)
{
    struct key_view view;
    void *value;

    key_look(c, at, LOOK_COUNT, &view);
    if (!key_edit(c, at, &type_stream, &value)) {
        return false;
    }
    *stream = value;
    return true;
}

void reply_no_group(struct call *c, struct span key, struct span group, const char *where)
{
    reply_errorf(c->reply, "NOGROUP No such key '%.*s' or consumer group '%.*s'%s", (int)key.len,
                 key.bytes, (int)group.len, group.bytes, where);
}

struct stream_group *stream_edit_group(struct call *c, size_t key_at, size_t group_at,
                                       struct stream **stream)
{
    struct stream_group *group = NULL;

    if (!stream_edit(c, key_at, stream)) {
        return NULL;
    }
    if (*stream != NULL) {
        group = stream_group_find(*stream, c->argv[group_at]);
    }
    if (group == NULL) {
        reply_no_group(c, c->argv[key_at], c->argv[group_at], "");
    }
    return group;
}

struct stream_consumer *stream_join(struct call *c, size_t key_at, struct stream_group *group,
                                    struct span name, bool *is_new)
{
    struct stream_consumer *consumer = stream_consumer_find(group, name);

    *is_new = consumer == NULL;
    if (*is_new) {
        consumer = stream_consumer_add(group, name, (int64_t)c->now_ms);
        key_changed(c, key_at);
        key_event(c, key_at, EVENT_STREAM, "xgroup-createconsumer");
    }
    return consumer;
}

int64_t stream_elapsed_ms(const struct call *c, int64_t then_ms)
{
    int64_t elapsed;

    if (__builtin_sub_overflow((int64_t)c->now_ms, then_ms, &elapsed)) {
        return INT64_MAX; /* Only a time before 1970 can do that. */
    }
    return elapsed < 0 ? 0 : elapsed;
}

/* --- replies --- */

void reply_stream_id(struct reply *reply, struct stream_id id)
{
    char text[STREAM_ID_TEXT_MAX];
    size_t len = stream_id_format(text, id);
    reply_bulk(reply, (struct span){ text, len });
}

void reply_stream_entry(struct reply *reply, const struct stream_walk *walk)
{
    const struct stream_place *place = &walk->place;
    struct stream_field field;

    reply_array(reply, 2);
    reply_stream_id(reply, place->id);
    reply_array(reply, 2 * place->field_count);
    for (size_t i = 0; i < place->field_count; i++) {
        if (i == 0) {
            stream_field_first(&field, walk->block, place);
        } else {
            stream_field_next(&field, walk->block, place);
        }
        reply_bulk(reply, field.name);
        reply_bulk(reply, field.value);
    }
}

bool reply_stream_entry_of(struct reply *reply, const struct stream *stream, struct stream_id id)
{
    struct stream_walk walk;

    stream_walk_start(&walk, stream, id, id, false);
    if (!stream_walk_next(&walk)) {
        return false;
    }
    reply_stream_entry(reply, &walk);
    return true;
}

void reply_stream_entries(struct reply *reply, struct stream_walk *walk, uint64_t count)
{
    struct reply_later later = reply_array_later(reply);
    size_t replied = 0;

    while ((count == 0 || replied < count) && !reply->full && stream_walk_next(walk)) {
        reply_stream_entry(reply, walk);
        replied++;
    }
    reply_later_end(reply, later, replied);
}

/* --- changes --- */

struct span call_stream_id(struct call *c, struct stream_id id)
{
    char *text = arena_alloc(c->arena, STREAM_ID_TEXT_MAX);
    return (struct span){ .bytes = text, .len = stream_id_format(text, id) };
}

void call_adds_claim(struct call *c, struct span key, const struct stream_group *group,
                     const struct stream_pending *pending)
{
    call_adds_change_words(c, 14, SPAN("XCLAIM"), key, stream_group_name(group),
                           stream_consumer_name(pending->consumer), SPAN("0"),
                           call_stream_id(c, stream_pending_id(pending)), SPAN("TIME"),
                           call_number(c, pending->delivered_at_ms), SPAN("RETRYCOUNT"),
                           call_number(c, (int64_t)pending->deliveries), SPAN("FORCE"),
                           SPAN("JUSTID"), SPAN("LASTID"), call_stream_id(c, group->last_id));
}

void call_adds_position(struct call *c, struct span key, const struct stream_group *group)
{
    call_adds_change_words(c, 7, SPAN("XGROUP"), SPAN("SETID"), key, stream_group_name(group),
                           call_stream_id(c, group->last_id), SPAN("ENTRIESREAD"),
                           call_number(c, group->entries_read));
}
