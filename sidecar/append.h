#ifndef PODIS_SIDECAR_APPEND_H
#define PODIS_SIDECAR_APPEND_H

/* The append-only file as the program sees it: what the configuration says about it, and the
 * loading at start, in slices between which clients hear that it is not over. */

#include "cache/persist/aof.h"
#include "config/config.h"
#include "sidecar/disk.h"

#include <ev.h>

/* `directory` as in disk_options(). */
void append_options(const struct options *options, struct aof_options *to,
                    char directory[DISK_DIRECTORY_MAX]);

struct append_loading {
    struct ev_loop *loop;
    struct aof *aof;
    const struct log *log;
    void *context;
    void (*done)(void *context, bool good);

    struct ev_idle idle;
    double told_at;
};

/* The fields above `idle` are set. False: there is nothing to load, or it cannot be (*good is
 * false); `done` is not called. */
must_check bool append_load(struct append_loading *loading, bool *good);
void append_stop_loading(struct append_loading *loading);

#endif
