/* Channels and their listeners.
 *
 *     pubsub                         session
 *     topics[kind]: name -> channel  subscriptions: kind and name -> subscription
 *                            |                                          |
 *                            +-- first <-> subscription <-> … last <----+
 *
 * A channel is there as long as somebody listens. Its subscriptions hang in a list in the order
 * in which they were made, which is the order in which a message is sent; each is found from its
 * session in constant time too, so that neither a crowded channel nor a session with many
 * channels makes leaving slow. Patterns are tried one after the other. */

#include "proxy/server/pubsub.h"

#include "cache/base/check.h"
#include "cache/base/glob.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/table.h"
#include "proxy/server/session.h"

struct channel {
    struct subscription *first, *last;
    size_t count;
    struct channel *next, *previous; /* Of the same kind: patterns are walked. */
    struct span name;
    char bytes[];
};

struct subscription {
    struct channel *channel;
    struct session *session;
    struct subscription *next, *previous;           /* Of the channel. */
    struct subscription *next_mine, *previous_mine; /* Of the session, and of one kind. */
};

struct topic_names {
    struct table *table; /* Of struct channel. */
    struct channel *first, *last;
};

struct pubsub {
    struct topic_names topics[TOPICS];
    uint64_t seed;
};

/* What one session listens to. */
struct subscriptions {
    struct pubsub *pubsub;
    struct table *of[TOPICS]; /* Of struct subscription; NULL: none yet. */
    struct subscription *first[TOPICS];
    size_t bytes; /* Of the subscriptions, and of what they are to. */
};

struct pubsub_metrics pubsub_metrics;
const struct metric pubsub_metrics_rows[] = {
#define X(name, kind, help) { #name, METRIC_##kind, help, &pubsub_metrics.name },
    PUBSUB_METRICS(X)
#undef X
        { 0 },
};

static struct span name_of_channel(const void *channel)
{
    return ((const struct channel *)channel)->name;
}

static struct span name_of_subscription(const void *subscription)
{
    return ((const struct subscription *)subscription)->channel->name;
}

static const struct table_type channels = { .key = name_of_channel };
static const struct table_type subscriptions = { .key = name_of_subscription };

struct pubsub *pubsub_new(uint64_t seed)
{
    struct pubsub *pubsub = memory_zero(sizeof(*pubsub));

    pubsub->seed = seed;
    for (int topic = 0; topic < TOPICS; topic++) {
        pubsub->topics[topic].table = table_new(&channels, seed);
    }
    return pubsub;
}

void pubsub_free(struct pubsub *pubsub)
{
    if (pubsub == NULL) {
        return;
    }
    for (int topic = 0; topic < TOPICS; topic++) {
        assert(table_count(pubsub->topics[topic].table) == 0);
        table_free(pubsub->topics[topic].table);
    }
    memory_free(pubsub);
}

/* --- channels --- */

static struct channel *channel_find(const struct pubsub *pubsub, enum topic topic, struct span name)
{
    struct table_slot *slot =
        table_find(pubsub->topics[topic].table, name, table_hash(name, pubsub->seed));
    return slot == NULL ? NULL : table_slot_get(slot);
}

static struct channel *channel_add(struct pubsub *pubsub, enum topic topic, struct span name)
{
    struct topic_names *names = &pubsub->topics[topic];
    struct channel *channel = memory_alloc(sizeof(*channel) + name.len);

    *channel = (struct channel){ .previous = names->last };
    if (name.len > 0) {
        memcpy(channel->bytes, name.bytes, name.len);
    }
    channel->name = (struct span){ channel->bytes, name.len };
    if (names->last == NULL) {
        names->first = channel;
    } else {
        names->last->next = channel;
    }
    names->last = channel;
    table_add(names->table, channel, table_hash(name, pubsub->seed));
    return channel;
}

static void channel_remove(struct pubsub *pubsub, enum topic topic, struct channel *channel)
{
    struct topic_names *names = &pubsub->topics[topic];
    uint64_t hash = table_hash(channel->name, pubsub->seed);

    table_remove(names->table, table_find(names->table, channel->name, hash), hash);
    if (channel->previous == NULL) {
        names->first = channel->next;
    } else {
        channel->previous->next = channel->next;
    }
    if (channel->next == NULL) {
        names->last = channel->previous;
    } else {
        channel->next->previous = channel->previous;
    }
    memory_free(channel);
}

/* --- subscribing --- */

static struct table *table_for(struct pubsub *pubsub, struct session *session, enum topic topic)
{
    if (session->subscriptions == NULL) {
        session->subscriptions = memory_zero(sizeof(*session->subscriptions));
        session->subscriptions->pubsub = pubsub;
    }
    struct table **table = &session->subscriptions->of[topic];
    if (*table == NULL) {
        *table = table_new(&subscriptions, pubsub->seed);
    }
    return *table;
}

static void enlist(struct subscriptions *mine, enum topic topic, struct subscription *subscription)
{
    struct subscription *first = mine->first[topic];

    subscription->next_mine = first;
    if (first != NULL) {
        first->previous_mine = subscription;
    }
    mine->first[topic] = subscription;
}

static void delist(struct subscriptions *mine, enum topic topic, struct subscription *subscription)
{
    if (subscription->previous_mine == NULL) {
        mine->first[topic] = subscription->next_mine;
    } else {
        subscription->previous_mine->next_mine = subscription->next_mine;
    }
    if (subscription->next_mine != NULL) {
        subscription->next_mine->previous_mine = subscription->previous_mine;
    }
}

/* Each pays for the channel as if nobody else listened. */
static size_t bytes_of(const struct subscription *subscription)
{
    return sizeof(*subscription) + sizeof(*subscription->channel) + subscription->channel->name.len;
}

size_t pubsub_bytes(const struct session *session)
{
    return session->subscriptions == NULL ? 0 : session->subscriptions->bytes;
}

bool pubsub_subscribe(struct pubsub *pubsub, struct session *session, enum topic topic,
                      struct span name)
{
    struct table *mine = table_for(pubsub, session, topic);
    uint64_t hash = table_hash(name, pubsub->seed);

    if (table_find(mine, name, hash) != NULL) {
        return false;
    }
    struct channel *channel = channel_find(pubsub, topic, name);
    if (channel == NULL) {
        channel = channel_add(pubsub, topic, name);
    }
    struct subscription *subscription = memory_alloc(sizeof(*subscription));
    *subscription =
        (struct subscription){ .channel = channel, .session = session, .previous = channel->last };
    if (channel->last == NULL) {
        channel->first = subscription;
    } else {
        channel->last->next = subscription;
    }
    channel->last = subscription;
    channel->count++;
    table_add(mine, subscription, hash);
    enlist(session->subscriptions, topic, subscription);
    session->subscriptions->bytes += bytes_of(subscription);
    return true;
}

/* It is out of its session's table and list already. */
static void leave(struct pubsub *pubsub, enum topic topic, struct subscription *subscription)
{
    struct channel *channel = subscription->channel;

    if (subscription->previous == NULL) {
        channel->first = subscription->next;
    } else {
        subscription->previous->next = subscription->next;
    }
    if (subscription->next == NULL) {
        channel->last = subscription->previous;
    } else {
        subscription->next->previous = subscription->previous;
    }
    channel->count--;
    if (channel->count == 0) {
        channel_remove(pubsub, topic, channel);
    }
    memory_free(subscription);
}

bool pubsub_unsubscribe(struct session *session, enum topic topic, struct span name)
{
    struct subscriptions *mine = session->subscriptions;

    if (mine == NULL || mine->of[topic] == NULL) {
        return false;
    }
    uint64_t hash = table_hash(name, mine->pubsub->seed);
    struct table_slot *slot = table_find(mine->of[topic], name, hash);
    if (slot == NULL) {
        return false;
    }
    struct subscription *subscription = table_slot_get(slot);
    table_remove(mine->of[topic], slot, hash);
    delist(mine, topic, subscription);
    mine->bytes -= bytes_of(subscription);
    leave(mine->pubsub, topic, subscription);
    return true;
}

static void forget_topic(struct session *session, enum topic topic)
{
    struct span name;

    while (pubsub_any(session, topic, &name)) {
        bool was = pubsub_unsubscribe(session, topic, name);
        assert(was);
    }
    table_free(session->subscriptions->of[topic]);
}

void pubsub_forget(struct session *session)
{
    if (session->subscriptions == NULL) {
        return;
    }
    for (int topic = 0; topic < TOPICS; topic++) {
        forget_topic(session, (enum topic)topic);
    }
    memory_free(session->subscriptions);
    session->subscriptions = NULL;
}

size_t pubsub_count(const struct session *session, enum topic topic)
{
    const struct subscriptions *mine = session->subscriptions;
    return mine == NULL || mine->of[topic] == NULL ? 0 : table_count(mine->of[topic]);
}

bool pubsub_is_listening(const struct session *session)
{
    bool is = false;
    for (int topic = 0; session->subscriptions != NULL && topic < TOPICS; topic++) {
        is |= session->subscriptions->first[topic] != NULL;
    }
    return is;
}

bool pubsub_any(const struct session *session, enum topic topic, struct span *name)
{
    if (pubsub_count(session, topic) == 0) {
        return false;
    }
    *name = session->subscriptions->first[topic]->channel->name;
    return true;
}

void pubsub_each_of(const struct session *session, enum topic topic,
                    void (*visit)(void *context, struct span name), void *context)
{
    const struct subscriptions *mine = session->subscriptions;
    const struct subscription *at = mine == NULL ? NULL : mine->first[topic];

    for (; at != NULL; at = at->next_mine) {
        visit(context, at->channel->name);
    }
}

/* --- publishing --- */

static void send_message(struct session *session, const char *kind, const struct span *parts,
                         size_t count)
{
    struct reply *reply = session_push_begin(session);

    reply_push(reply, count + 1);
    reply_bulk_text(reply, kind);
    for (size_t i = 0; i < count; i++) {
        reply_bulk(reply, parts[i]);
    }
    session_push_end(session);
    pubsub_metrics.pubsub_messages_total++;
}

/* Sending changes no list: a session that is to be closed for it is so at the turn's end. */
static uint64_t send_to_all(const struct channel *channel, const char *kind,
                            const struct span *parts, size_t count)
{
    for (const struct subscription *at = channel->first; at != NULL; at = at->next) {
        send_message(at->session, kind, parts, count);
    }
    return channel->count;
}

uint64_t pubsub_publish(const struct pubsub *pubsub, bool shard, struct span channel,
                        struct span message)
{
    const struct channel *found =
        channel_find(pubsub, shard ? TOPIC_SHARD : TOPIC_CHANNEL, channel);
    const struct span plain[] = { channel, message };
    uint64_t sent = 0;

    if (found != NULL) {
        sent += send_to_all(found, shard ? "smessage" : "message", plain, COUNT(plain));
    }
    const struct channel *at = shard ? NULL : pubsub->topics[TOPIC_PATTERN].first;
    for (; at != NULL; at = at->next) {
        const struct span matched[] = { at->name, channel, message };
        if (glob_match(at->name, channel, false)) {
            sent += send_to_all(at, "pmessage", matched, COUNT(matched));
        }
    }
    return sent;
}

/* --- who is there --- */

size_t pubsub_listeners(const struct pubsub *pubsub, enum topic topic, struct span name)
{
    const struct channel *channel = channel_find(pubsub, topic, name);
    return channel == NULL ? 0 : channel->count;
}

size_t pubsub_names(const struct pubsub *pubsub, enum topic topic)
{
    return table_count(pubsub->topics[topic].table);
}

void pubsub_each_name(const struct pubsub *pubsub, enum topic topic,
                      void (*visit)(void *context, struct span name), void *context)
{
    for (const struct channel *at = pubsub->topics[topic].first; at != NULL; at = at->next) {
        visit(context, at->name);
    }
}
