#ifndef PODIS_SIDECAR_RELOAD_H
#define PODIS_SIDECAR_RELOAD_H

/* A new configuration while running: on SIGHUP, or when the file has changed.
 *
 * Kubernetes changes a mounted ConfigMap by turning a link to another folder, so what is
 * watched is the file the path leads to, not the path. */

#include "cache/base/check.h"
#include "cache/base/err.h"
#include "cache/base/log.h"
#include "config/config.h"

struct ev_loop;
struct reload;

struct reload_parts {
    struct ev_loop *loop;
    const struct config_sources *sources; /* Borrowed: read again by each reload. */
    struct config *config;                /* Changed in place. */
    const struct log *log;
    /* What the next one needs of the world is to be made ready; not ERR_OK: it cannot be, and why.
     * NULL: there is nothing to make ready. */
    enum err (*prepare)(void *context, const struct config *next, char *why, size_t why_size);
    /* The configuration has changed: everyone is to be told. */
    void (*changed)(void *context);
    void *context;
};

struct reload *reload_new(const struct reload_parts *parts);
void reload_free(struct reload *reload);

/* Reads everything again, and takes it whole or not at all; says in the log what became of it,
 * field by field. ERR_OK also if nothing differs. */
must_check enum err reload_now(struct reload *reload);

/* Looks whether the file has changed since it was read; reads it again if so. Done by itself once a
 * second. */
void reload_look(struct reload *reload);

#endif
