/* SUBSCRIBE and its kin, and PUBSUB.
 *
 * Each name that is subscribed or unsubscribed is answered by a message of its own: a push, or in
 * RESP2 an array. With nothing to unsubscribe from there is one message without a name. */

#include "proxy/server/commands/rows.h"

#include "cache/base/glob.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

/* Not the caller's: PUBSUB may be asked by another member. */
static struct pubsub *pubsub_of(const struct call *c)
{
    const struct server *server = cache_publisher(c->cache);
    return server->pubsub;
}

/* Channels and patterns are counted together. */
static int64_t count_of(const struct session *session, enum topic topic)
{
    if (topic == TOPIC_SHARD) {
        return (int64_t)pubsub_count(session, TOPIC_SHARD);
    }
    return (int64_t)(pubsub_count(session, TOPIC_CHANNEL) + pubsub_count(session, TOPIC_PATTERN));
}

/* name NULL: there was none. It is a message, which CLIENT REPLY OFF does not silence. */
static void confirm(struct call *c, const char *what, enum topic topic, const struct span *name)
{
    bool silent = c->reply->silent;

    c->reply->silent = false;
    reply_push(c->reply, 3);
    reply_bulk_text(c->reply, what);
    if (name == NULL) {
        reply_null(c->reply);
    } else {
        reply_bulk(c->reply, *name);
    }
    reply_integer(c->reply, count_of(c->caller, topic));
    c->reply->silent = silent;
}

static void subscribe_to(struct call *c, enum topic topic, const char *what)
{
    for (size_t at = 1; at < c->argc; at++) {
        pubsub_subscribe(pubsub_of(c), c->caller, topic, c->argv[at]);
        confirm(c, what, topic, &c->argv[at]);
    }
    session_set_limit(c->caller);
}

static void unsubscribe_all(struct call *c, enum topic topic, const char *what)
{
    struct span name;

    if (pubsub_count(c->caller, topic) == 0) {
        confirm(c, what, topic, NULL);
        return;
    }
    while (pubsub_any(c->caller, topic, &name)) {
        name = call_keep(c, name);
        pubsub_unsubscribe(c->caller, topic, name);
        confirm(c, what, topic, &name);
    }
    session_set_limit(c->caller);
}

static void unsubscribe_from(struct call *c, enum topic topic, const char *what)
{
    if (c->argc == 1) {
        unsubscribe_all(c, topic, what);
        return;
    }
    for (size_t at = 1; at < c->argc; at++) {
        pubsub_unsubscribe(c->caller, topic, c->argv[at]);
        confirm(c, what, topic, &c->argv[at]);
    }
    session_set_limit(c->caller);
}

static void subscribe(struct call *c)
{
    subscribe_to(c, TOPIC_CHANNEL, "subscribe");
}

static void psubscribe(struct call *c)
{
    subscribe_to(c, TOPIC_PATTERN, "psubscribe");
}

static void ssubscribe(struct call *c)
{
    subscribe_to(c, TOPIC_SHARD, "ssubscribe");
}

static void unsubscribe(struct call *c)
{
    unsubscribe_from(c, TOPIC_CHANNEL, "unsubscribe");
}

static void punsubscribe(struct call *c)
{
    unsubscribe_from(c, TOPIC_PATTERN, "punsubscribe");
}

static void sunsubscribe(struct call *c)
{
    unsubscribe_from(c, TOPIC_SHARD, "sunsubscribe");
}

/* --- PUBSUB --- */

struct listing {
    struct reply *reply;
    const struct span *pattern; /* NULL: all. */
    size_t count;
};

static void list_name(void *context, struct span name)
{
    struct listing *listing = context;

    if (listing->pattern == NULL || glob_match(*listing->pattern, name, false)) {
        reply_bulk(listing->reply, name);
        listing->count++;
    }
}

static void list_names(struct call *c, enum topic topic)
{
    struct listing listing = { .reply = c->reply, .pattern = c->argc > 2 ? &c->argv[2] : NULL };

    if (c->argc > 3) {
        call_subcommand_error(c);
        return;
    }
    struct reply_later later = reply_array_later(c->reply);
    pubsub_each_name(pubsub_of(c), topic, list_name, &listing);
    reply_later_end(c->reply, later, listing.count);
}

static void pubsub_channels(struct call *c)
{
    list_names(c, TOPIC_CHANNEL);
}

static void pubsub_shardchannels(struct call *c)
{
    list_names(c, TOPIC_SHARD);
}

static void count_listeners(struct call *c, enum topic topic)
{
    reply_array(c->reply, (c->argc - 2) * 2);
    for (size_t at = 2; at < c->argc; at++) {
        reply_bulk(c->reply, c->argv[at]);
        reply_integer(c->reply, (int64_t)pubsub_listeners(pubsub_of(c), topic, c->argv[at]));
    }
}

static void pubsub_numsub(struct call *c)
{
    count_listeners(c, TOPIC_CHANNEL);
}

static void pubsub_shardnumsub(struct call *c)
{
    count_listeners(c, TOPIC_SHARD);
}

static void pubsub_numpat(struct call *c)
{
    reply_integer(c->reply, (int64_t)pubsub_names(pubsub_of(c), TOPIC_PATTERN));
}

static void pubsub_help(struct call *c);

#define LISTENING CMD_LISTENER | CMD_SESSION | CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE
#define ASKING    CMD_PUBSUB | CMD_LOADING | CMD_STALE

static const struct command pubsub_subcommands[] = {
    { .name = "pubsub|channels",
      .run = pubsub_channels,
      .arity = -2,
      .flags = ASKING,
      .across = ACROSS_ALL_UNION,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "O(N), N being the number of active channels.",
      .synopsis = "[pattern:pattern]",
      .summary = "Lists the channels that somebody listens to." },
    { .name = "pubsub|numpat",
      .run = pubsub_numpat,
      .arity = 2,
      .flags = ASKING,
      .across = ACROSS_ALL_SUM,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "O(1)",
      .summary = "Counts the patterns that somebody listens to." },
    { .name = "pubsub|numsub",
      .run = pubsub_numsub,
      .arity = -2,
      .flags = ASKING,
      .across = ACROSS_ALL_COUNTS,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "O(N), N being the number of channels asked for.",
      .synopsis = "[channel:string...]",
      .summary = "Counts who listens to each of these channels." },
    { .name = "pubsub|shardchannels",
      .run = pubsub_shardchannels,
      .arity = -2,
      .flags = ASKING,
      .across = ACROSS_ALL_UNION,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N), N being the number of active shard channels.",
      .synopsis = "[pattern:pattern]",
      .summary = "Lists the shard channels that somebody listens to." },
    { .name = "pubsub|shardnumsub",
      .run = pubsub_shardnumsub,
      .arity = -2,
      .flags = ASKING,
      .across = ACROSS_ALL_COUNTS,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N), N being the number of shard channels asked for.",
      .synopsis = "[shardchannel:string...]",
      .summary = "Counts who listens to each of these shard channels." },
    { .name = "pubsub|help",
      .run = pubsub_help,
      .arity = 2,
      .flags = CMD_SESSION | CMD_LOADING | CMD_STALE,
      .group = "pubsub",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = NULL },
};

const struct command pubsub_commands[] = {
    { .name = "pubsub",
      .arity = -2,
      .subcommands = pubsub_subcommands,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "Depends on subcommand.",
      .summary = "Tells about channels and who listens to them." },
    { .name = "subscribe",
      .run = subscribe,
      .arity = -2,
      .flags = LISTENING,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of channels.",
      .synopsis = "channel:string...",
      .summary = "Listens to channels." },
    { .name = "psubscribe",
      .run = psubscribe,
      .arity = -2,
      .flags = LISTENING,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of patterns.",
      .synopsis = "pattern:{pattern:pattern}...",
      .summary = "Listens to all channels that match a pattern." },
    { .name = "ssubscribe",
      .run = ssubscribe,
      .arity = -2,
      .flags = LISTENING,
      .keys = { KEYS(1, -1, 1, KEY_NOT_KEY) },
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N), N being the number of shard channels.",
      .synopsis = "shardchannel:string...",
      .summary = "Listens to shard channels." },
    { .name = "unsubscribe",
      .run = unsubscribe,
      .arity = -1,
      .flags = LISTENING,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of channels.",
      .synopsis = "[channel:string...]",
      .summary = "Listens no more to these channels, or to any." },
    { .name = "punsubscribe",
      .run = punsubscribe,
      .arity = -1,
      .flags = LISTENING,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of patterns.",
      .synopsis = "[pattern:pattern...]",
      .summary = "Listens no more by these patterns, or by any." },
    { .name = "sunsubscribe",
      .run = sunsubscribe,
      .arity = -1,
      .flags = LISTENING,
      .keys = { KEYS(1, -1, 1, KEY_NOT_KEY) },
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N), N being the number of shard channels.",
      .synopsis = "[shardchannel:string...]",
      .summary = "Listens no more to these shard channels, or to any." },
    { .name = NULL },
};

static void pubsub_help(struct call *c)
{
    describe_help(c->reply, &pubsub_commands[0]);
}
