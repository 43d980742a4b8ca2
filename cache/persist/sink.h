#ifndef PODIS_CACHE_PERSIST_SINK_H
#define PODIS_CACHE_PERSIST_SINK_H

/* Where the bytes of a snapshot go: a file, the sockets of replicas.
 *
 *     write write … write finish      or at any place before `finish` succeeds: abandon
 *
 * A result is not negative, or an errno with a minus in front; after one of those only `abandon`
 * is called. All calls are made by the job queue's thread, one after the other, unless `on_loop` is
 * set: then they are made by saving_turn(). */

#include "cache/base/span.h"

#include <stdbool.h>

struct sink {
    void *context;
    int (*write)(void *context, struct span bytes);
    int (*finish)(void *context);
    void (*abandon)(void *context);
    bool on_loop;
    /* NULL, or how many bytes it holds that are not on their way yet: asked on the loop. */
    size_t (*backlog)(void *context);
};

#endif
