/* XREAD and XREADGROUP: what is new in streams, or waiting until there is something.
 *
 * A read of a group is a write: the group has got further, and what was delivered is pending until
 * it is acknowledged. Its change is not the command, since that would deliver on another server
 * whatever is new there: it is an XCLAIM for each entry and the place where the group is now.
 *
 * "$" means the end of the stream when the command came, and "+" its last entry. A command that is
 * run again must not see another end, so it waits with the id in its place. */

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/stream_part.h"
#include "cache/wait.h"

struct reading {
    bool of_group; /* XREADGROUP */
    size_t group_at;
    size_t consumer_at;
    bool noack;
    int64_t count; /* 0: no limit. */
    bool waits;
    uint64_t timeout_ms;
    size_t keys_at;
    size_t keys; /* As many ids are behind them. */
    struct part *parts;
};

/* One stream that is read. */
struct part {
    size_t key_at;
    struct stream *stream;      /* NULL: there is none, which only XREAD accepts. */
    struct stream_group *group; /* Of XREADGROUP. */
    bool only_new;              /* ">" */
    bool from_end;              /* "$" or "+" */
    struct stream_id after;
};

/* --- arguments --- */

static bool take_timeout(struct call *c, size_t at, struct reading *reading)
{
    int64_t timeout;

    if (!arg_integer_in(c, at, INT64_MIN, INT64_MAX, &timeout,
                        "ERR timeout is not an integer or out of range")) {
        return false;
    }
    if (timeout < 0) {
        return stream_refuse(c, "ERR timeout is negative");
    }
    if (timeout > INT64_MAX - (int64_t)c->now_ms) {
        return stream_refuse(c, "ERR timeout is out of range");
    }
    reading->waits = true;
    reading->timeout_ms = (uint64_t)timeout;
    return true;
}

static bool take_streams(struct call *c, size_t at, struct reading *reading)
{
    size_t rest = c->argc - at;

    if (rest % 2 != 0) {
        reply_errorf(c->reply,
                     "ERR Unbalanced '%s' list of streams: for each stream key an ID or '%c' must "
                     "be specified.",
                     c->command->name, reading->of_group ? '>' : '$');
        return false;
    }
    reading->keys_at = at;
    reading->keys = rest / 2;
    return true;
}

static bool take_group(struct call *c, size_t at, struct reading *reading)
{
    reading->group_at = at;
    reading->consumer_at = at + 1;
    return reading->of_group ||
           stream_refuse(c, "ERR The GROUP option is only supported by XREADGROUP. "
                            "You called XREAD instead.");
}

static bool take_noack(struct call *c, struct reading *reading)
{
    reading->noack = true;
    return reading->of_group ||
           stream_refuse(c, "ERR The NOACK option is only supported by XREADGROUP. "
                            "You called XREAD instead.");
}

static bool take_block(struct call *c, size_t at, struct reading *reading)
{
    if (call_is_in_script(c)) {
        reply_errorf(c->reply, "ERR %.*s command is not allowed with BLOCK option from scripts",
                     span_shown(c->argv[0]), c->argv[0].bytes);
        return false;
    }
    return take_timeout(c, at, reading);
}

/* One option at *at; moves to its last argument. */
static bool take_option(struct call *c, size_t *at, struct reading *reading)
{
    size_t more = c->argc - *at - 1;

    if (more >= 1 && arg_is(c, *at, "BLOCK")) {
        return take_block(c, ++*at, reading);
    }
    if (more >= 1 && arg_is(c, *at, "COUNT")) {
        if (!arg_integer(c, ++*at, &reading->count)) {
            return false;
        }
        reading->count = reading->count < 0 ? 0 : reading->count;
        return true;
    }
    if (more >= 2 && arg_is(c, *at, "GROUP")) {
        *at += 2;
        return take_group(c, *at - 1, reading);
    }
    if (arg_is(c, *at, "NOACK")) {
        return take_noack(c, reading);
    }
    call_syntax_error(c);
    return false;
}

static bool take_arguments(struct call *c, struct reading *reading)
{
    for (size_t at = 1; reading->keys_at == 0 && at < c->argc; at++) {
        if (at + 1 < c->argc && arg_is(c, at, "STREAMS")) {
            if (!take_streams(c, at + 1, reading)) {
                return false;
            }
        } else if (!take_option(c, &at, reading)) {
            return false;
        }
    }
    if (reading->keys_at == 0) {
        call_syntax_error(c);
        return false;
    }
    return !reading->of_group || reading->group_at > 0 ||
           stream_refuse(c, "ERR Missing GROUP option for XREADGROUP");
}

/* --- the streams --- */

/* Whether this is not the first time that the command is run: it has waited. */
static bool runs_again(const struct call *c)
{
    return call_may_wait(c) && c->wait->again;
}

/* What somebody who waits is told when there is nothing to wait for any more. */
static bool refuse_lost(struct call *c, struct span key, struct span group, bool lost_key)
{
    if (!runs_again(c)) {
        reply_no_group(c, key, group, " in XREADGROUP with GROUP option");
        return false;
    }
    return stream_refuse(c, lost_key
                                ? "UNBLOCKED the stream key no longer exists"
                                : "NOGROUP the consumer group this client was blocked on no longer "
                                  "exists");
}

static bool find_group(struct call *c, const struct reading *reading, struct part *part)
{
    struct span name = c->argv[reading->group_at];

    if (part->stream != NULL) {
        part->group = stream_group_find(part->stream, name);
    }
    return part->group != NULL || refuse_lost(c, c->argv[part->key_at], name, part->stream == NULL);
}

/* The last entry is to be the only news; without one, the next. */
static void find_before_last(struct part *part)
{
    part->from_end = true;
    part->after = part->stream == NULL ? STREAM_ID_MIN : stream_last_entry(part->stream);
    stream_id_decrement(&part->after);
}

static bool find_after(struct call *c, const struct reading *reading, size_t id_at,
                       struct part *part)
{
    if (span_equal(c->argv[id_at], SPAN("$"))) {
        if (reading->of_group) {
            return stream_refuse(
                c, "ERR The $ ID is meaningless in the context of XREADGROUP: you want "
                   "to read the history of this consumer by specifying a proper ID, or "
                   "use the > ID to get new messages. The $ ID would just return an "
                   "empty result set.");
        }
        part->from_end = true;
        part->after = part->stream == NULL ? STREAM_ID_MIN : part->stream->last_id;
        return true;
    }
    if (span_equal(c->argv[id_at], SPAN("+"))) {
        if (reading->of_group) {
            return stream_refuse(c, "ERR The + ID is meaningless in the context of XREADGROUP: you "
                                    "want to read the history of this consumer by specifying a "
                                    "proper ID, or use the > ID to get new messages. The + ID "
                                    "would just return an empty result set.");
        }
        find_before_last(part);
        return true;
    }
    if (span_equal(c->argv[id_at], SPAN(">"))) {
        part->only_new = true;
        return reading->of_group ||
               stream_refuse(c,
                             "ERR The > ID can be specified only when calling XREADGROUP using the "
                             "GROUP <group> <consumer> option.");
    }
    if (!arg_stream_id(c, id_at, 0, &part->after)) {
        return false;
    }
    /* As Redis, where this id is how ">" is said inside. */
    part->only_new = reading->of_group && stream_id_equal(part->after, STREAM_ID_MAX);
    return true;
}

static bool is_of_other_type(struct call *c, size_t at)
{
    struct key_view view;
    return key_look(c, at, 0, &view) && view.type != &type_stream;
}

static bool find_part(struct call *c, const struct reading *reading, size_t number)
{
    struct part *part = &reading->parts[number];

    *part = (struct part){ .key_at = reading->keys_at + number };
    if (reading->of_group && runs_again(c) && is_of_other_type(c, part->key_at)) {
        return refuse_lost(c, c->argv[part->key_at], c->argv[reading->group_at], true);
    }
    if (!stream_edit(c, part->key_at, &part->stream)) {
        return false;
    }
    if (reading->of_group && !find_group(c, reading, part)) {
        return false;
    }
    return find_after(c, reading, part->key_at + reading->keys, part);
}

static bool find_parts(struct call *c, struct reading *reading)
{
    reading->parts = arena_alloc(c->arena, reading->keys * sizeof(*reading->parts));
    for (size_t i = 0; i < reading->keys; i++) {
        if (!find_part(c, reading, i)) {
            return false;
        }
    }
    return true;
}

/* --- answering --- */

/* Whether there is something to answer; for a group also if it is empty: a consumer's history. */
static bool has_news(const struct part *part)
{
    if (part->group != NULL && !part->only_new) {
        return true;
    }
    if (part->stream == NULL || part->stream->length == 0) {
        return false;
    }
    struct stream_id after = part->group != NULL ? part->group->last_id : part->after;
    return stream_id_compare(stream_last_entry(part->stream), after) > 0;
}

static void start_after(struct stream_walk *walk, const struct stream *stream,
                        struct stream_id after)
{
    bool more = stream_id_increment(&after);

    assert(more); /* Else there were no news. */
    stream_walk_start(walk, stream, after, STREAM_ID_MAX, false);
}

static void reply_news(struct call *c, const struct reading *reading, const struct part *part)
{
    struct stream_walk walk;

    start_after(&walk, part->stream, part->after);
    reply_stream_entries(c->reply, &walk, (uint64_t)reading->count);
}

/* The entry is the consumer's from now on, whoever's it was: an administrator may have set the
 * group back. */
static void deliver(struct call *c, const struct part *part, struct stream_consumer *consumer,
                    struct stream_id id)
{
    struct stream_pending *pending = stream_pending_find(part->group, id);

    if (pending == NULL) {
        pending = stream_pending_add(part->group, consumer, id, (int64_t)c->now_ms);
    } else {
        stream_pending_give(pending, consumer);
        pending->delivered_at_ms = (int64_t)c->now_ms;
        pending->deliveries = 1;
    }
    consumer->active_at_ms = (int64_t)c->now_ms;
    call_adds_claim(c, c->argv[part->key_at], part->group, pending);
}

static void reply_deliveries(struct call *c, const struct reading *reading, const struct part *part,
                             struct stream_consumer *consumer)
{
    struct reply_later later = reply_array_later(c->reply);
    size_t delivered = 0;
    struct stream_walk walk;

    start_after(&walk, part->stream, part->group->last_id);
    while ((reading->count == 0 || delivered < (uint64_t)reading->count) &&
           stream_walk_next(&walk)) {
        stream_group_read(part->group, part->stream, walk.place.id);
        reply_stream_entry(c->reply, &walk);
        if (!reading->noack) {
            deliver(c, part, consumer, walk.place.id);
        }
        delivered++;
    }
    reply_later_end(c->reply, later, delivered);
    call_adds_position(c, c->argv[part->key_at], part->group);
    key_changed(c, part->key_at);
}

/* What was delivered to the consumer before; again, if it is still there. */
static void reply_history(struct call *c, const struct reading *reading, const struct part *part,
                          struct stream_consumer *consumer)
{
    struct reply_later later = reply_array_later(c->reply);
    struct stream_pending *pending = stream_pending_next(&consumer->pending, part->after);
    size_t replied = 0;

    while (pending != NULL && (reading->count == 0 || replied < (uint64_t)reading->count)) {
        struct stream_id id = stream_pending_id(pending);
        if (reply_stream_entry_of(c->reply, part->stream, id)) {
            pending->delivered_at_ms = (int64_t)c->now_ms;
            pending->deliveries++;
            call_adds_claim(c, c->argv[part->key_at], part->group, pending);
            key_changed(c, part->key_at);
        } else {
            reply_array(c->reply, 2);
            reply_stream_id(c->reply, id);
            reply_null_array(c->reply);
        }
        replied++;
        pending = stream_pending_next(&consumer->pending, id);
    }
    reply_later_end(c->reply, later, replied);
}

/* Whether the consumer is about to be given something, and must acknowledge it. */
static bool will_claim(const struct reading *reading, const struct part *part)
{
    return part->only_new && !reading->noack && has_news(part);
}

/* The consumers of all parts exist from now on, whether there is something for them or not. An
 * XCLAIM makes one by itself. */
static void join(struct call *c, const struct reading *reading, const struct part *part)
{
    struct span name = c->argv[reading->consumer_at];
    bool is_new;
    struct stream_consumer *consumer = stream_join(c, part->key_at, part->group, name, &is_new);

    consumer->seen_at_ms = (int64_t)c->now_ms;
    if (is_new && !will_claim(reading, part)) {
        call_adds_change_words(c, 5, SPAN("XGROUP"), SPAN("CREATECONSUMER"), c->argv[part->key_at],
                               c->argv[reading->group_at], name);
    }
}

static void reply_part(struct call *c, const struct reading *reading, const struct part *part)
{
    if (c->reply->protocol == 2) {
        reply_array(c->reply, 2);
    }
    reply_bulk(c->reply, c->argv[part->key_at]);
    if (part->group == NULL) {
        reply_news(c, reading, part);
        return;
    }
    struct stream_consumer *consumer =
        stream_consumer_find(part->group, c->argv[reading->consumer_at]);
    assert(consumer != NULL);
    if (part->only_new) {
        reply_deliveries(c, reading, part, consumer);
    } else {
        reply_history(c, reading, part, consumer);
    }
}

/* Returns how many streams had something; if none had, nothing was replied. */
static size_t reply_parts(struct call *c, const struct reading *reading)
{
    struct reply_later later = { 0 };
    size_t replied = 0;

    for (size_t i = 0; i < reading->keys; i++) {
        const struct part *part = &reading->parts[i];
        if (part->group != NULL) {
            join(c, reading, part);
        }
        if (!has_news(part)) {
            continue;
        }
        if (replied == 0) {
            later =
                c->reply->protocol == 2 ? reply_array_later(c->reply) : reply_map_later(c->reply);
        }
        reply_part(c, reading, part);
        replied++;
    }
    if (replied > 0) {
        reply_later_end(c->reply, later, replied);
    }
    return replied;
}

static void wait_for(struct call *c, const struct reading *reading)
{
    struct span *argv = arena_alloc(c->arena, c->argc * sizeof(*argv));
    uint32_t *keys = arena_alloc(c->arena, reading->keys * sizeof(*keys));

    memcpy(argv, c->argv, c->argc * sizeof(*argv));
    for (size_t i = 0; i < reading->keys; i++) {
        const struct part *part = &reading->parts[i];
        keys[i] = (uint32_t)part->key_at;
        if (part->from_end) {
            argv[part->key_at + reading->keys] = call_stream_id(c, part->after);
        }
    }
    call_wait(c, &(struct call_wait){
                     .type = &type_stream,
                     .keys = keys,
                     .key_count = reading->keys,
                     .argv = argv,
                     .argc = c->argc,
                     .timeout_ms = reading->timeout_ms,
                     .null_array = true,
                     .or_gone = reading->of_group,
                 });
}

static void read_as(struct call *c, bool of_group)
{
    struct reading reading = { .of_group = of_group };

    if (!take_arguments(c, &reading) || !find_parts(c, &reading) || reply_parts(c, &reading) > 0) {
        return;
    }
    if (reading.waits && call_may_wait(c)) {
        wait_for(c, &reading);
    } else {
        reply_null_array(c->reply);
    }
}

static void xread(struct call *c)
{
    read_as(c, false);
}

static void xreadgroup(struct call *c)
{
    read_as(c, true);
}

#define STREAMS "streams:{key:key... id:string...}=STREAMS"

const struct command stream_read_commands[] = {
    { .name = "xread",
      .run = xread,
      .arity = -4,
      .flags = CMD_READ | CMD_BLOCKING | CMD_MOVABLE_KEYS,
      .keys = { KEYS_AFTER("STREAMS", 1, -1, 2, KEY_RO | KEY_ACCESS) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(N) for each stream, N being the number of entries returned. Whoever adds an "
                    "entry pays O(M) for M clients that wait for it.",
      .synopsis = "[count:integer=COUNT] [milliseconds:integer=BLOCK] " STREAMS,
      .summary = "Returns the entries of streams behind given ids, or waits for them." },
    { .name = "xreadgroup",
      .run = xreadgroup,
      .arity = -7,
      .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLE_KEYS,
      .keys = { KEYS_AFTER("STREAMS", 4, -1, 2, KEY_RO | KEY_ACCESS) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(N) for each stream, N being the number of entries returned. Whoever adds an "
                    "entry pays O(M) for M clients that wait for it.",
      .synopsis = "group_consumer:{group:string consumer:string}=GROUP [count:integer=COUNT] "
                  "[milliseconds:integer=BLOCK] [noack:NOACK] " STREAMS,
      .summary = "Returns entries that no consumer of a group has got yet, or waits for them." },
    { .name = NULL },
};
