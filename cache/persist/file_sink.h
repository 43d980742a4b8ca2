#ifndef PODIS_CACHE_PERSIST_FILE_SINK_H
#define PODIS_CACHE_PERSIST_FILE_SINK_H

/* A file that appears under its name when all of it is on the disk, and not before.
 *
 *     open temporary, write …, fsync, close, rename to `path`, fsync of the directory
 *
 * Whatever fails, the file that had the name is still there as it was. */

#include "cache/base/file.h"
#include "cache/persist/sink.h"

struct file_sink {
    const struct file_ops *ops;
    char path[FILE_PATH_MAX];
    char temporary[FILE_PATH_MAX]; /* In the same directory. */
    int file;                      /* -1: not open. */
    uint64_t unsynced;             /* Bytes since the last fdatasync(). */
    uint64_t bytes;                /* Written in all. */
    const char *failed;            /* What could not be done: "opening", "writing" …; or NULL. */
};

void file_sink_init(struct file_sink *file, const struct file_ops *ops, const char *path,
                    const char *temporary);

/* What saving_new() wants; `file` outlives it. */
struct sink file_sink(struct file_sink *file);

#endif
