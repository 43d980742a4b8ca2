/* XGROUP: groups and consumers of a stream. */

#include "cache/commands/describe.h"
#include "cache/commands/rows.h"
#include "cache/commands/stream_part.h"

/* What may stand behind the arguments that CREATE and SETID must have. */
struct options {
    bool mkstream;
    int64_t entries_read;
};

static bool unknown(struct call *c)
{
    call_subcommand_error(c);
    return false;
}

static bool take_options(struct call *c, bool create, struct options *options)
{
    *options = (struct options){ .entries_read = STREAM_READ_UNKNOWN };
    for (size_t at = 5; at < c->argc; at++) {
        if (create && arg_is(c, at, "MKSTREAM")) {
            options->mkstream = true;
        } else if (at + 1 < c->argc && arg_is(c, at, "ENTRIESREAD")) {
            if (!arg_integer(c, ++at, &options->entries_read)) {
                return false;
            }
            if (options->entries_read < STREAM_READ_UNKNOWN) {
                return stream_refuse(c, "ERR value for ENTRIESREAD must be positive or -1");
            }
        } else {
            return unknown(c);
        }
    }
    return true;
}

/* The stream argv[2], which must be there. */
static bool find_stream(struct call *c, struct stream **stream)
{
    void *value;

    if (!key_edit(c, 2, &type_stream, &value)) {
        return false;
    }
    *stream = value;
    return value != NULL ||
           stream_refuse(c, "ERR The XGROUP subcommand requires the key to exist. Note that for "
                            "CREATE you may want to use the MKSTREAM option to create an empty "
                            "stream automatically.");
}

/* The group argv[3] of the stream argv[2]; both must be there. */
static bool find_group(struct call *c, struct stream **stream, struct stream_group **group)
{
    if (!find_stream(c, stream)) {
        return false;
    }
    *group = stream_group_find(*stream, c->argv[3]);
    if (*group == NULL) {
        reply_errorf(c->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                     span_shown(c->argv[3]), c->argv[3].bytes, span_shown(c->argv[2]),
                     c->argv[2].bytes);
    }
    return *group != NULL;
}

/* Something was done to argv[2]. */
static void done(struct call *c, const char *event)
{
    key_changed(c, 2);
    key_event(c, 2, EVENT_STREAM, event);
}

/* argv[4]: an id, or "$" for the end of the stream. */
static bool take_position(struct call *c, const struct stream *stream, struct stream_id *id)
{
    if (span_equal(c->argv[4], SPAN("$"))) {
        *id = stream == NULL ? STREAM_ID_MIN : stream->last_id;
        return true;
    }
    return arg_stream_id(c, 4, 0, id);
}

static void create(struct call *c)
{
    struct options options;
    struct stream_id id;
    void *value;

    if (!take_options(c, true, &options) || !key_edit(c, 2, &type_stream, &value)) {
        return;
    }
    struct stream *stream = value;
    if (stream == NULL && !options.mkstream) {
        find_stream(c, &stream); /* Replies. */
        return;
    }
    if (c->argc > 8) {
        unknown(c);
        return;
    }
    if (!take_position(c, stream, &id)) {
        return;
    }
    if (stream == NULL) {
        stream = stream_new();
        value = stream;
        key_put_heap(c, 2, &type_stream, &value, EXPIRY_NONE);
    } else if (stream_group_find(stream, c->argv[3]) != NULL) {
        reply_error(c->reply, SPAN("BUSYGROUP Consumer Group name already exists"));
        return;
    }
    stream_group_add(stream, c->argv[3], id, options.entries_read);
    done(c, "xgroup-create");
    reply_ok(c->reply);
}

/* Redis takes "-" and "+" here, and only here. */
static bool take_any_position(struct call *c, const struct stream *stream, struct stream_id *id)
{
    if (span_equal(c->argv[4], SPAN("-"))) {
        *id = STREAM_ID_MIN;
        return true;
    }
    if (span_equal(c->argv[4], SPAN("+"))) {
        *id = STREAM_ID_MAX;
        return true;
    }
    return take_position(c, stream, id);
}

static void setid(struct call *c)
{
    struct options options;
    struct stream *stream;
    struct stream_group *group;
    struct stream_id id;

    if (!take_options(c, false, &options) || !find_group(c, &stream, &group)) {
        return;
    }
    if (c->argc != 5 && c->argc != 7) {
        unknown(c);
        return;
    }
    if (!take_any_position(c, stream, &id)) {
        return;
    }
    group->last_id = id;
    group->entries_read = options.entries_read;
    done(c, "xgroup-setid");
    reply_ok(c->reply);
}

static void destroy(struct call *c)
{
    struct stream *stream;

    if (!find_stream(c, &stream)) {
        return;
    }
    struct stream_group *group = stream_group_find(stream, c->argv[3]);
    if (group != NULL) {
        stream_group_remove(stream, group);
        done(c, "xgroup-destroy");
    }
    reply_integer(c->reply, group != NULL);
}

static void createconsumer(struct call *c)
{
    struct stream *stream;
    struct stream_group *group;
    bool is_new;

    if (find_group(c, &stream, &group)) {
        stream_join(c, 2, group, c->argv[4], &is_new);
        reply_integer(c->reply, is_new);
    }
}

static void delconsumer(struct call *c)
{
    struct stream *stream;
    struct stream_group *group;
    size_t pending = 0;

    if (!find_group(c, &stream, &group)) {
        return;
    }
    struct stream_consumer *consumer = stream_consumer_find(group, c->argv[4]);
    if (consumer != NULL) {
        pending = consumer->pending.count;
        stream_consumer_remove(group, consumer);
        done(c, "xgroup-delconsumer");
    }
    reply_integer(c->reply, (int64_t)pending);
}

static void help(struct call *c)
{
    describe_help(c->reply, command_named(cache_commands(c->cache), SPAN("xgroup")));
}

#define GROUP_KEYS(flags_)                                                                         \
    {                                                                                              \
        KEYS(2, 2, 1, (flags_))                                                                    \
    }

static const struct command subcommands[] = {
    { .name = "xgroup|create",
      .run = create,
      .arity = -5,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = GROUP_KEYS(KEY_RW | KEY_INSERT),
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key groupname:string id:(id:string | new_id:$) [mkstream:MKSTREAM] "
                  "[entries_read:integer=ENTRIESREAD]",
      .summary = "Makes a group of consumers.",
      .history = "7.0.0 `ENTRIESREAD`." },
    { .name = "xgroup|createconsumer",
      .run = createconsumer,
      .arity = 5,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = GROUP_KEYS(KEY_RW | KEY_INSERT),
      .group = "stream",
      .since = "6.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key groupname:string consumername:string",
      .summary = "Makes a consumer of a group." },
    { .name = "xgroup|delconsumer",
      .run = delconsumer,
      .arity = 5,
      .flags = CMD_WRITE,
      .keys = GROUP_KEYS(KEY_RW | KEY_DELETE),
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(N), N being the number of entries that are pending for the consumer.",
      .synopsis = "key:key groupname:string consumername:string",
      .summary = "Removes a consumer and what is pending for it." },
    { .name = "xgroup|destroy",
      .run = destroy,
      .arity = 4,
      .flags = CMD_WRITE,
      .keys = GROUP_KEYS(KEY_RW | KEY_DELETE),
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(N), N being the number of entries that are pending in the group.",
      .synopsis = "key:key groupname:string",
      .summary = "Removes a group of consumers." },
    { .name = "xgroup|help",
      .run = help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "xgroup|setid",
      .run = setid,
      .arity = -5,
      .flags = CMD_WRITE,
      .keys = GROUP_KEYS(KEY_RW | KEY_UPDATE),
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key groupname:string id:(id:string | new_id:$) "
                  "[entries_read:integer=ENTRIESREAD]",
      .summary = "Sets the id behind which a group goes on.",
      .history = "7.0.0 `ENTRIESREAD`." },
    { .name = NULL },
};

const struct command stream_group_commands[] = {
    { .name = "xgroup",
      .arity = -2,
      .subcommands = subcommands,
      .group = "stream",
      .since = "5.0.0",
      .complexity = "That of the subcommand.",
      .summary = "Makes and removes groups of consumers." },
    { .name = NULL },
};
