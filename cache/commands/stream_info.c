/* XINFO: what a stream, its groups and their consumers are like. */

#include "cache/commands/describe.h"
#include "cache/commands/rows.h"
#include "cache/commands/stream_part.h"

static void unknown(struct call *c)
{
    call_subcommand_error(c);
}

/* The stream argv[2]; NULL after a reply. */
static const struct stream *find_stream(struct call *c)
{
    const void *value;

    if (!key_read(c, 2, &type_stream, &value)) {
        return NULL;
    }
    if (value == NULL) {
        reply_error(c->reply, SPAN("ERR no such key"));
    }
    return value;
}

static void reply_name_id(struct reply *reply, const char *name, struct stream_id id)
{
    reply_bulk_text(reply, name);
    reply_stream_id(reply, id);
}

static void reply_name_number(struct reply *reply, const char *name, int64_t number)
{
    reply_bulk_text(reply, name);
    reply_integer(reply, number);
}

/* Null if it is not known. */
static void reply_name_maybe(struct reply *reply, const char *name, bool known, int64_t number)
{
    reply_bulk_text(reply, name);
    if (known) {
        reply_integer(reply, number);
    } else {
        reply_null(reply);
    }
}

static void reply_progress(struct reply *reply, const struct stream *stream,
                           const struct stream_group *group)
{
    int64_t lag;
    bool known = stream_group_lag(stream, group, &lag);

    reply_name_id(reply, "last-delivered-id", group->last_id);
    reply_name_maybe(reply, "entries-read", group->entries_read != STREAM_READ_UNKNOWN,
                     group->entries_read);
    reply_name_maybe(reply, "lag", known, lag);
}

static void consumers(struct call *c)
{
    const struct stream *stream = find_stream(c);

    if (stream == NULL) {
        return;
    }
    const struct stream_group *group = stream_group_find(stream, c->argv[3]);
    if (group == NULL) {
        reply_errorf(c->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                     span_shown(c->argv[3]), c->argv[3].bytes, span_shown(c->argv[2]),
                     c->argv[2].bytes);
        return;
    }
    reply_array(c->reply, group->consumers.count);
    const struct stream_consumer *consumer = radix_first(&group->consumers);
    while (consumer != NULL) {
        int64_t active_at_ms = consumer->active_at_ms;
        reply_map(c->reply, 4);
        reply_bulk_text(c->reply, "name");
        reply_bulk(c->reply, stream_consumer_name(consumer));
        reply_name_number(c->reply, "pending", (int64_t)consumer->pending.count);
        reply_name_number(c->reply, "idle", stream_elapsed_ms(c, consumer->seen_at_ms));
        reply_name_number(c->reply, "inactive",
                          active_at_ms == -1 ? -1 : stream_elapsed_ms(c, active_at_ms));
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
}

static void groups(struct call *c)
{
    const struct stream *stream = find_stream(c);

    if (stream == NULL) {
        return;
    }
    reply_array(c->reply, stream->groups.count);
    const struct stream_group *group = radix_first(&stream->groups);
    while (group != NULL) {
        reply_map(c->reply, 6);
        reply_bulk_text(c->reply, "name");
        reply_bulk(c->reply, stream_group_name(group));
        reply_name_number(c->reply, "consumers", (int64_t)group->consumers.count);
        reply_name_number(c->reply, "pending", (int64_t)group->pending.count);
        reply_progress(c->reply, stream, group);
        group = radix_after(&stream->groups, stream_group_name(group));
    }
}

/* --- XINFO STREAM --- */

/* What both forms begin with: seven pairs. */
static void reply_figures(struct reply *reply, const struct stream *stream)
{
    /* Redis counts the place of each key and a root; ours are the items and the nodes. */
    size_t nodes = stream->blocks.count + stream->blocks.nodes + 1;

    reply_name_number(reply, "length", (int64_t)stream->length);
    reply_name_number(reply, "radix-tree-keys", (int64_t)stream->blocks.count);
    reply_name_number(reply, "radix-tree-nodes", (int64_t)nodes);
    reply_name_id(reply, "last-generated-id", stream->last_id);
    reply_name_id(reply, "max-deleted-entry-id", stream->max_deleted_id);
    reply_name_number(reply, "entries-added", (int64_t)stream->entries_added);
    reply_name_id(reply, "recorded-first-entry-id", stream->first_id);
}

static void reply_edge(struct reply *reply, const struct stream *stream, bool last)
{
    struct stream_walk walk;

    stream_walk_start(&walk, stream, STREAM_ID_MIN, STREAM_ID_MAX, last);
    if (stream_walk_next(&walk)) {
        reply_stream_entry(reply, &walk);
    } else {
        reply_null(reply);
    }
}

static void reply_short(struct reply *reply, const struct stream *stream)
{
    reply_map(reply, 10);
    reply_figures(reply, stream);
    reply_name_number(reply, "groups", (int64_t)stream->groups.count);
    reply_bulk_text(reply, "first-entry");
    reply_edge(reply, stream, false);
    reply_bulk_text(reply, "last-entry");
    reply_edge(reply, stream, true);
}

/* Pending entries, of a group with their consumers; `count` at most, 0: all. */
static void reply_pending(struct reply *reply, const struct radix *tree, bool of_group,
                          uint64_t count)
{
    struct reply_later later = reply_array_later(reply);
    const struct stream_pending *pending = radix_first(tree);
    size_t replied = 0;

    while (pending != NULL && (count == 0 || replied < count)) {
        struct stream_id id = stream_pending_id(pending);
        reply_array(reply, of_group ? 4 : 3);
        reply_stream_id(reply, id);
        if (of_group) {
            reply_bulk(reply, stream_consumer_name(pending->consumer));
        }
        reply_integer(reply, pending->delivered_at_ms);
        reply_integer(reply, (int64_t)pending->deliveries);
        replied++;
        pending = stream_pending_next(tree, id);
    }
    reply_later_end(reply, later, replied);
}

static void reply_consumer(struct reply *reply, const struct stream_consumer *consumer,
                           uint64_t count)
{
    reply_map(reply, 5);
    reply_bulk_text(reply, "name");
    reply_bulk(reply, stream_consumer_name(consumer));
    reply_name_number(reply, "seen-time", consumer->seen_at_ms);
    reply_name_number(reply, "active-time", consumer->active_at_ms);
    reply_name_number(reply, "pel-count", (int64_t)consumer->pending.count);
    reply_bulk_text(reply, "pending");
    reply_pending(reply, &consumer->pending, false, count);
}

static void reply_group(struct reply *reply, const struct stream *stream,
                        const struct stream_group *group, uint64_t count)
{
    const struct stream_consumer *consumer = radix_first(&group->consumers);

    reply_map(reply, 7);
    reply_bulk_text(reply, "name");
    reply_bulk(reply, stream_group_name(group));
    reply_progress(reply, stream, group);
    reply_name_number(reply, "pel-count", (int64_t)group->pending.count);
    reply_bulk_text(reply, "pending");
    reply_pending(reply, &group->pending, true, count);
    reply_bulk_text(reply, "consumers");
    reply_array(reply, group->consumers.count);
    while (consumer != NULL) {
        reply_consumer(reply, consumer, count);
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
}

static void reply_full(struct reply *reply, const struct stream *stream, uint64_t count)
{
    const struct stream_group *group = radix_first(&stream->groups);
    struct stream_walk walk;

    reply_map(reply, 9);
    reply_figures(reply, stream);
    reply_bulk_text(reply, "entries");
    stream_walk_start(&walk, stream, STREAM_ID_MIN, STREAM_ID_MAX, false);
    reply_stream_entries(reply, &walk, count);
    reply_bulk_text(reply, "groups");
    reply_array(reply, stream->groups.count);
    while (group != NULL) {
        reply_group(reply, stream, group, count);
        group = radix_after(&stream->groups, stream_group_name(group));
    }
}

/* XINFO STREAM key [FULL [COUNT count]] */
static void stream_itself(struct call *c)
{
    enum { COUNT_DEFAULT = 10 };
    const struct stream *stream = find_stream(c);
    int64_t count = COUNT_DEFAULT;

    if (stream == NULL) {
        return;
    }
    if (c->argc == 3) {
        reply_short(c->reply, stream);
        return;
    }
    if ((c->argc != 4 && c->argc != 6) || !arg_is(c, 3, "FULL") ||
        (c->argc == 6 && !arg_is(c, 4, "COUNT"))) {
        unknown(c);
        return;
    }
    if (c->argc == 6 && !arg_integer(c, 5, &count)) {
        return;
    }
    reply_full(c->reply, stream, count < 0 ? COUNT_DEFAULT : (uint64_t)count);
}

static void help(struct call *c)
{
    describe_help(c->reply, command_named(cache_commands(c->cache), SPAN("xinfo")));
}

#define INFO_KEYS                                                                                  \
    {                                                                                              \
        KEYS(2, 2, 1, KEY_RO | KEY_ACCESS)                                                         \
    }

static const struct command subcommands[] = {
    { .name = "xinfo|consumers",
      .run = consumers,
      .arity = 4,
      .flags = CMD_READ,
      .keys = INFO_KEYS,
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key groupname:string",
      .summary = "Returns the consumers of a group.",
      .tips = "nondeterministic_output",
      .history = "7.2.0 `inactive`." },
    { .name = "xinfo|groups",
      .run = groups,
      .arity = 3,
      .flags = CMD_READ,
      .keys = INFO_KEYS,
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns the groups of a stream.",
      .history = "7.0.0 `entries-read` and `lag`." },
    { .name = "xinfo|help",
      .run = help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "xinfo|stream",
      .run = stream_itself,
      .arity = -3,
      .flags = CMD_READ,
      .keys = INFO_KEYS,
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key [full:{[count:integer=COUNT]}=FULL]",
      .summary = "Returns what a stream is like.",
      .history = "6.0.0 `FULL`.\n"
                 "7.0.0 `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, "
                 "`entries-read` and `lag`.\n"
                 "7.2.0 `active-time`, and `seen-time` is also that of tries in vain." },
    { .name = NULL },
};

const struct command stream_info_commands[] = {
    { .name = "xinfo",
      .arity = -2,
      .subcommands = subcommands,
      .group = "stream",
      .since = "5.0.0",
      .complexity = "That of the subcommand.",
      .summary = "Tells what streams are like." },
    { .name = NULL },
};
