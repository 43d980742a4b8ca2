#ifndef PODIS_CACHE_BASE_FILE_H
#define PODIS_CACHE_BASE_FILE_H

/* The only door to files for cache/persist: a table of operations, so that a test can make any of
 * them fail, write less than it was given, or find the disk full.
 *
 * An operation's result is not negative, or an errno with a minus in front. Each may block: after
 * start-up they are for jobs. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/span.h"

#include <stdint.h>

struct file_ops {
    void *context;
    int (*open)(void *context, const char *path, int flags); /* O_*; a descriptor. */
    int (*close)(void *context, int file);
    int64_t (*read)(void *context, int file, void *bytes, size_t len);
    int64_t (*write)(void *context, int file, const void *bytes, size_t len); /* Maybe a part. */
    int (*sync)(void *context, int file, bool data_only); /* fdatasync() if data_only. */
    int (*truncate)(void *context, int file, uint64_t len);
    int64_t (*seek)(void *context, int file, uint64_t at);
    int64_t (*size)(void *context, int file);
    /* All of a file as memory that is only read; its `len` is over 0. */
    int (*map)(void *context, int file, size_t len, const char **bytes);
    int (*unmap)(void *context, const char *bytes, size_t len);
    /* Part of such memory was read and will not be again. */
    int (*forget)(void *context, const char *bytes, size_t len);
    int (*rename)(void *context, const char *from, const char *to);
    int (*unlink)(void *context, const char *path);
    int (*mkdir)(void *context, const char *path); /* 0 as well if it is there. */
};

/* The operating system's. */
extern const struct file_ops file_system;

enum { FILE_PATH_MAX = 4096 };

/* All of the bytes, however many calls that takes. 0, or what went wrong first. */
must_check int file_write(const struct file_ops *ops, int file, struct span bytes);

/* What was renamed, made or removed in the directory of `path` stays so after a loss of power. */
must_check int file_sync_directory(const struct file_ops *ops, const char *path);

/* The file `path` holds these bytes, for good, or still what it held. They are written to the file
 * `temporary` of the same directory first. */
must_check int file_replace(const struct file_ops *ops, const char *path, const char *temporary,
                            struct span bytes);

/* Adds a whole file; -EFBIG if that would pass the buffer's maximum. */
must_check int file_read_all(const struct file_ops *ops, const char *path, struct buf *to);

/* Whether there is such a file; also where nobody can tell. */
bool file_is_there(const struct file_ops *ops, const char *path);

#endif
