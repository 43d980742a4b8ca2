#ifndef PODIS_PROXY_SERVER_PUBSUB_H
#define PODIS_PROXY_SERVER_PUBSUB_H

/* Who listens to which channel, and messages on their way to them
 * (https://redis.io/docs/manual/pubsub/).
 *
 * Three kinds of names, which never meet: channels, patterns of channels, shard channels. A
 * message that is published here reaches those who listen here; publish.h sees to the others. */

#include "cache/base/metric.h"
#include "cache/base/span.h"

#include <stddef.h>
#include <stdint.h>

struct session;
struct pubsub;

enum topic { TOPIC_CHANNEL, TOPIC_PATTERN, TOPIC_SHARD };
enum { TOPICS = 3 };

struct pubsub *pubsub_new(uint64_t seed);
/* After all sessions are gone. */
void pubsub_free(struct pubsub *pubsub);

/* Sends a message to all who listen here; returns how many times it was sent. */
uint64_t pubsub_publish(const struct pubsub *pubsub, bool shard, struct span channel,
                        struct span message);

/* False if it listens already, or did not. */
bool pubsub_subscribe(struct pubsub *pubsub, struct session *session, enum topic topic,
                      struct span name);
bool pubsub_unsubscribe(struct session *session, enum topic topic, struct span name);
/* All of this session. */
void pubsub_forget(struct session *session);

/* Whether it listens to anything. */
bool pubsub_is_listening(const struct session *session);
/* How many names of this kind a session listens to. */
size_t pubsub_count(const struct session *session, enum topic topic);
/* The bytes of all it listens to. */
size_t pubsub_bytes(const struct session *session);
/* Any of them, borrowed until it is unsubscribed; false if there is none. */
bool pubsub_any(const struct session *session, enum topic topic, struct span *name);
/* All names of this kind that a session listens to. */
void pubsub_each_of(const struct session *session, enum topic topic,
                    void (*visit)(void *context, struct span name), void *context);

/* How many listen to it. */
size_t pubsub_listeners(const struct pubsub *pubsub, enum topic topic, struct span name);
/* How many names of this kind are listened to by somebody. */
size_t pubsub_names(const struct pubsub *pubsub, enum topic topic);
void pubsub_each_name(const struct pubsub *pubsub, enum topic topic,
                      void (*visit)(void *context, struct span name), void *context);

/*    name                            kind     help                                            */
#define PUBSUB_METRICS(X) X(pubsub_messages_total, COUNTER, "Messages sent to subscribers")
METRIC_STRUCT(pubsub_metrics, PUBSUB_METRICS);

#endif
