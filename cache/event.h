#ifndef PODIS_CACHE_EVENT_H
#define PODIS_CACHE_EVENT_H

/* What a command tells those who listen: events of its keys, and messages. Part of call.h. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct call;

enum event_class {
    EVENT_GENERIC = 1 << 2, /* g */
    EVENT_STRING = 1 << 3,  /* $ */
    EVENT_LIST = 1 << 4,    /* l */
    EVENT_SET = 1 << 5,     /* s */
    EVENT_HASH = 1 << 6,    /* h */
    EVENT_ZSET = 1 << 7,    /* z */
    EVENT_EXPIRED = 1 << 8, /* x */
    EVENT_EVICTED = 1 << 9, /* e */
    EVENT_STREAM = 1 << 10, /* t */
    EVENT_KEY_MISS = 1 << 11,
    EVENT_NEW = 1 << 14, /* n */
};

/* Something happened to argv[at]: "lpush", "del". Told after the change is announced, in this
 * order; free if nobody listens (cache_set_events()). `name` is a constant. "new", "keymiss" and
 * "expired" come by themselves. */
void key_event(struct call *c, size_t at, enum event_class class, const char *name);
/* The same in another database. */
void key_event_in(struct call *c, size_t at, int db, enum event_class class, const char *name);

/* Sends a message to those who listen to the channel; returns how many they are. */
uint64_t call_publish(struct call *c, bool shard, struct span channel, struct span message);

#endif
