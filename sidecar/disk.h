#ifndef PODIS_SIDECAR_DISK_H
#define PODIS_SIDECAR_DISK_H

/* What is kept on disk, as the program sees it: what the configuration says about it, and the
 * loading at start, in slices between which clients hear that it is not over. */

#include "cache/base/log.h"
#include "cache/persist/persistence.h"
#include "config/config.h"
#include "proxy/server/server.h"

#include <ev.h>

enum { DISK_DIRECTORY_MAX = FILE_PATH_MAX / 2 };

/* `directory` is where options->directory points to: the working directory, which is `dir`. */
void disk_options(const struct options *options, struct persistence_options *to,
                  char directory[DISK_DIRECTORY_MAX]);

/* What a signal means: shutdown-on-sigterm, shutdown-on-sigint. */
struct server_shutdown disk_shutdown(const struct option_list *words);

struct disk_loading {
    struct ev_loop *loop;
    struct persistence *persistence;
    const struct log *log;
    const struct options *options; /* key-load-delay */
    void *context;
    void (*done)(void *context, bool good);

    struct ev_idle idle;
    double began_at, told_at;
};

/* The fields above `idle` are set. False: there is nothing to load, or it cannot be (*good is
 * false); `done` is not called. */
must_check bool disk_load(struct disk_loading *loading, bool *good);
void disk_stop_loading(struct disk_loading *loading);

#endif
