#ifndef PODIS_PROXY_REPLICATION_STREAM_H
#define PODIS_PROXY_REPLICATION_STREAM_H

/* The stream that replicas follow: one for the process, whoever reads it.
 *
 *     changes of the store --> change_text --+
 *     PUBLISH, PING, GETACK ----------------->+--> pending --> backlog --> each replica
 *     a primary's own bytes ----------------->+
 *
 * While this process leads, the stream is made of its own changes. While it follows somebody, the
 * stream is that primary's, byte for byte, so that offsets mean the same all along a chain. It is
 * made only while somebody may want it: from the first replica until the backlog is given up.
 *
 * Invariants
 * 1. What has left `pending` ends with a whole unit: replicas see transactions whole.
 * 2. history.offset counts what has left, which is what the backlog ends with. */

#include "cache/base/buf.h"
#include "cache/change.h"
#include "cache/persist/change_text.h"
#include "proxy/replication/backlog.h"
#include "proxy/replication/history.h"

struct stream {
    struct history history;
    struct backlog backlog;
    struct change_text text;
    struct buf pending;
    bool following; /* Changes of the store are not announced: they are the primary's. */
    /* Those who read it. Called with what leaves; NULL: nobody. */
    void (*heard)(void *context, struct span bytes);
    void *context;
};

/* `random`: 40 hex digits, the name of this history. */
void stream_init(struct stream *stream, const char *random);
void stream_fini(struct stream *stream);

/* From now on the stream is made, if it is not yet. */
void stream_open(struct stream *stream, uint64_t backlog_max);
void stream_close(struct stream *stream);
static inline bool stream_is_open(const struct stream *stream)
{
    return stream->backlog.is_open;
}

/* The change_fn of this listener; context is the struct stream. */
void stream_change(void *context, const struct change *change);

/* A request that is no change: of all databases, on its own or, if `joined`, with the change
 * before it. Nothing while following. */
void stream_request(struct stream *stream, const struct span *argv, size_t argc, bool joined);

/* What a primary sent, whole requests. */
void stream_relay(struct stream *stream, struct span bytes);

/* Everything pending leaves. Not during a transaction or a script. */
void stream_flush(struct stream *stream);

/* Somebody begins to read here without knowing the database: the next change says it. */
void stream_forget_db(struct stream *stream);

#endif
