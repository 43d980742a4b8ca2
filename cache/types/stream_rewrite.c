/* The commands that make a stream again: XADD, XGROUP CREATE and XCLAIM, and at the end XSETID for
 * the counters.
 *
 * A pending entry may be of an entry that is gone, and XCLAIM makes none of those. So such an entry
 * is added too, with its place in the order, and goes as it went: one before the first that is left
 * by XTRIM, which says nothing of it in max_deleted_id, any other by XDEL. */

#include "cache/types/stream_rewrite.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/stream_group.h"

struct rewriting {
    struct span key;
    rewrite_fn emit;
    void *context;
    const struct stream *stream;
    struct radix gone; /* Of struct gone: pending somewhere, and not in the stream. */
};

struct gone {
    uint8_t id[STREAM_ID_BYTES];
};

/* An id or a number as a word. */
struct word {
    char text[STREAM_ID_TEXT_MAX];
};

static struct span id_word(struct word *word, struct stream_id id)
{
    return (struct span){ word->text, stream_id_format(word->text, id) };
}

static struct span number_word(struct word *word, int64_t number)
{
    return (struct span){ word->text, number_format(word->text, number) };
}

/* Fields are put aside whole, since each has room for its own numbers. */
static void rewrite_entry(const struct rewriting *to, const struct stream_walk *walk)
{
    size_t count = walk->place.field_count;
    struct stream_field *fields = memory_alloc(count * sizeof(*fields));
    struct span *argv = memory_alloc((3 + 2 * count) * sizeof(*argv));
    struct word id;

    argv[0] = SPAN("XADD");
    argv[1] = to->key;
    argv[2] = id_word(&id, walk->place.id);
    stream_field_first(&fields[0], walk->block, &walk->place);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            fields[i].name_at = fields[i - 1].name_at;
            fields[i].value_at = fields[i - 1].value_at;
            stream_field_next(&fields[i], walk->block, &walk->place);
        }
        argv[3 + 2 * i] = fields[i].name;
        argv[4 + 2 * i] = fields[i].value;
    }
    to->emit(to->context, argv, 3 + 2 * count);
    memory_free(argv);
    memory_free(fields);
}

static void rewrite_pending(const struct rewriting *to, const struct stream_group *group,
                            const struct stream_pending *pending)
{
    struct word id, time, count;
    struct span argv[] = { SPAN("XCLAIM"),
                           to->key,
                           stream_group_name(group),
                           stream_consumer_name(pending->consumer),
                           SPAN("0"),
                           id_word(&id, stream_pending_id(pending)),
                           SPAN("TIME"),
                           number_word(&time, pending->delivered_at_ms),
                           SPAN("RETRYCOUNT"),
                           number_word(&count, (int64_t)pending->deliveries),
                           SPAN("JUSTID"),
                           SPAN("FORCE") };
    to->emit(to->context, argv, COUNT(argv));
}

static void rewrite_consumer(const struct rewriting *to, const struct stream_group *group,
                             const struct stream_consumer *consumer)
{
    const struct stream_pending *pending = radix_first(&consumer->pending);

    if (pending == NULL) {
        struct span argv[] = { SPAN("XGROUP"), SPAN("CREATECONSUMER"), to->key,
                               stream_group_name(group), stream_consumer_name(consumer) };
        to->emit(to->context, argv, COUNT(argv));
    }
    while (pending != NULL) {
        rewrite_pending(to, group, pending);
        pending = stream_pending_next(&consumer->pending, stream_pending_id(pending));
    }
}

static void rewrite_group(const struct rewriting *to, const struct stream_group *group)
{
    struct word id, read;
    struct span argv[] = { SPAN("XGROUP"),
                           SPAN("CREATE"),
                           to->key,
                           stream_group_name(group),
                           id_word(&id, group->last_id),
                           SPAN("ENTRIESREAD"),
                           number_word(&read, group->entries_read) };
    const struct stream_consumer *consumer = radix_first(&group->consumers);

    to->emit(to->context, argv, COUNT(argv));
    while (consumer != NULL) {
        rewrite_consumer(to, group, consumer);
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
}

/* --- entries that are gone --- */

static struct span gone_key(const void *gone)
{
    const struct gone *it = gone;
    return (struct span){ (const char *)it->id, STREAM_ID_BYTES };
}

static void find_gone_in(struct rewriting *to, const struct stream_group *group)
{
    const struct stream_pending *pending = radix_first(&group->pending);

    while (pending != NULL) {
        struct stream_id id = stream_pending_id(pending);
        struct gone gone;
        stream_id_write(gone.id, id);
        if (!stream_has(to->stream, id) && radix_find(&to->gone, gone_key(&gone)) == NULL) {
            struct gone *fresh = memory_alloc(sizeof(*fresh));
            *fresh = gone;
            radix_add(&to->gone, fresh);
        }
        pending = stream_pending_next(&group->pending, id);
    }
}

static void find_gone(struct rewriting *to)
{
    const struct stream_group *group = radix_first(&to->stream->groups);

    radix_init(&to->gone, gone_key);
    while (group != NULL) {
        find_gone_in(to, group);
        group = radix_after(&to->stream->groups, stream_group_name(group));
    }
}

static void add_gone(const struct rewriting *to, const struct gone *gone)
{
    struct word id;
    struct span argv[] = { SPAN("XADD"), to->key, id_word(&id, stream_id_read(gone->id)), SPAN("x"),
                           SPAN("y") };
    to->emit(to->context, argv, COUNT(argv));
}

static void remove_gone(const struct rewriting *to)
{
    const struct stream *stream = to->stream;
    const struct gone *gone = radix_first(&to->gone);
    struct word word;

    while (gone != NULL) {
        struct stream_id id = stream_id_read(gone->id);
        if (stream->length > 0 && stream_id_compare(id, stream->first_id) > 0) {
            struct span argv[] = { SPAN("XDEL"), to->key, id_word(&word, id) };
            to->emit(to->context, argv, COUNT(argv));
        }
        gone = radix_after(&to->gone, gone_key(gone));
    }
    struct span argv[] = { SPAN("XTRIM"), to->key, SPAN("MAXLEN"),
                           number_word(&word, (int64_t)stream->length) };
    to->emit(to->context, argv, COUNT(argv));
}

/* --- all of it --- */

static void rewrite_entries(const struct rewriting *to)
{
    const struct gone *gone = radix_first(&to->gone);
    struct stream_walk walk;

    stream_walk_start(&walk, to->stream, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (stream_walk_next(&walk)) {
        while (gone != NULL && stream_id_compare(stream_id_read(gone->id), walk.place.id) < 0) {
            add_gone(to, gone);
            gone = radix_after(&to->gone, gone_key(gone));
        }
        rewrite_entry(to, &walk);
    }
    while (gone != NULL) {
        add_gone(to, gone);
        gone = radix_after(&to->gone, gone_key(gone));
    }
    if (to->stream->length == 0 && to->gone.count == 0) {
        /* An entry that is trimmed at once: that makes an empty stream. */
        struct span argv[] = { SPAN("XADD"), to->key,   SPAN("MAXLEN"), SPAN("0"),
                               SPAN("0-1"),  SPAN("x"), SPAN("y") };
        to->emit(to->context, argv, COUNT(argv));
    }
}

static void rewrite_figures(const struct rewriting *to)
{
    struct word last, added, deleted;
    struct span argv[] = { SPAN("XSETID"),
                           to->key,
                           id_word(&last, to->stream->last_id),
                           SPAN("ENTRIESADDED"),
                           number_word(&added, (int64_t)to->stream->entries_added),
                           SPAN("MAXDELETEDID"),
                           id_word(&deleted, to->stream->max_deleted_id) };
    to->emit(to->context, argv, COUNT(argv));
}

void stream_rewrite(struct span key, const void *value, rewrite_fn emit, void *context)
{
    struct rewriting to = { .key = key, .emit = emit, .context = context, .stream = value };
    const struct stream_group *group = radix_first(&to.stream->groups);

    find_gone(&to);
    rewrite_entries(&to);
    while (group != NULL) {
        rewrite_group(&to, group);
        group = radix_after(&to.stream->groups, stream_group_name(group));
    }
    if (to.gone.count > 0) {
        remove_gone(&to);
    }
    rewrite_figures(&to);
    radix_fini(&to.gone, memory_free);
}
