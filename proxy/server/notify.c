/* Events of the store become messages. */

#include "proxy/server/notify.h"

#include "cache/base/buf.h"
#include "cache/call.h"
#include "config/events.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/state.h"

static_assert(EVENT_GENERIC == 1 << 2 && EVENT_NEW == 1 << 14, "the bits of config/events.h");

static void publish(struct server *server, const char *kind, int db, struct span about,
                    struct span message)
{
    struct buf channel;

    buf_init(&channel, SIZE_MAX / 2);
    buf_addf(&channel, "__%s@%d__:", kind, db);
    buf_add(&channel, about);
    pubsub_publish(server->pubsub, false, buf_span(&channel), message);
    buf_fini(&channel);
}

static void hear(void *context, unsigned class, const char *name, struct span key, int db)
{
    struct server *server = context;
    uint32_t wanted = server->options->notify_keyspace_events;

    (void)class;
    if (wanted & EVENTS_KEYSPACE) {
        publish(server, "keyspace", db, key, span_from(name));
    }
    if (wanted & EVENTS_KEYEVENT) {
        publish(server, "keyevent", db, span_from(name), key);
    }
}

void notify_configure(struct server *server)
{
    uint32_t wanted = server->options->notify_keyspace_events;
    bool somewhere = wanted & (EVENTS_KEYSPACE | EVENTS_KEYEVENT);

    cache_set_events(server->parts.cache, somewhere ? wanted & (uint32_t)EVENTS_CLASSES : 0, hear,
                     server);
}
