/* PUBLISH and SPUBLISH. Who listens is not the store's affair, but that a message goes to every
 * member of a mesh, and how many heard it there in all, follows from their rows. */

#include "cache/commands/rows.h"

#include "cache/call.h"

static void publish(struct call *c)
{
    reply_integer(c->reply, (int64_t)call_publish(c, false, c->argv[1], c->argv[2]));
}

static void spublish(struct call *c)
{
    reply_integer(c->reply, (int64_t)call_publish(c, true, c->argv[1], c->argv[2]));
}

#define COMMON CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_MAY_REPLICATE

const struct command publish_commands[] = {
    { .name = "publish",
      .run = publish,
      .arity = 3,
      .flags = COMMON,
      .across = ACROSS_ALL_SUM,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity =
          "O(N+M), N being the listeners of the channel, M the patterns anybody listens to.",
      .synopsis = "channel:string message:string",
      .summary = "Sends a message to all who listen to a channel." },
    { .name = "spublish",
      .run = spublish,
      .arity = 3,
      .flags = COMMON,
      .keys = { KEYS(1, 1, 1, KEY_NOT_KEY) },
      .across = ACROSS_ALL_SUM,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N), N being the listeners of the channel.",
      .synopsis = "shardchannel:string message:string",
      .summary = "Sends a message to all who listen to a shard channel." },
    { .name = NULL },
};
