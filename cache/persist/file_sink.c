/* Every few megabytes are synced as they are written, so that the last fsync() does not find all of
 * a large file in memory and hold up whoever else writes to the disk. */

#include "cache/persist/file_sink.h"

#include "cache/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { SYNC_BYTES = 4 * 1024 * 1024 };

void file_sink_init(struct file_sink *file, const struct file_ops *ops, const char *path,
                    const char *temporary)
{
    assert(strlen(path) < sizeof(file->path));
    assert(strlen(temporary) < sizeof(file->temporary));

    *file = (struct file_sink){ .ops = ops, .file = -1 };
    snprintf(file->path, sizeof(file->path), "%s", path);
    snprintf(file->temporary, sizeof(file->temporary), "%s", temporary);
}

/* Notes what it was that failed first. */
static int outcome(struct file_sink *file, int result, const char *what)
{
    if (result < 0 && file->failed == NULL) {
        file->failed = what;
    }
    return result;
}

static int sync_now(struct file_sink *file, bool data_only)
{
    file->unsynced = 0;
    return outcome(file, file->ops->sync(file->ops->context, file->file, data_only), "syncing");
}

static int open_temporary(struct file_sink *file)
{
    const struct file_ops *ops = file->ops;

    file->file = outcome(
        file, ops->open(ops->context, file->temporary, O_WRONLY | O_CREAT | O_TRUNC), "opening");
    return file->file;
}

static int write_bytes(void *context, struct span bytes)
{
    struct file_sink *file = context;

    if (file->file < 0 && open_temporary(file) < 0) {
        return file->file;
    }
    int done = outcome(file, file_write(file->ops, file->file, bytes), "writing");
    if (done < 0) {
        return done;
    }
    file->bytes += bytes.len;
    file->unsynced += bytes.len;
    return file->unsynced < SYNC_BYTES ? 0 : sync_now(file, true);
}

static int close_file(struct file_sink *file)
{
    int descriptor = file->file;

    file->file = -1;
    return outcome(file, file->ops->close(file->ops->context, descriptor), "closing");
}

static int finish(void *context)
{
    struct file_sink *file = context;
    const struct file_ops *ops = file->ops;
    assert(file->file >= 0);

    int done = sync_now(file, false);
    if (done < 0) {
        return done;
    }
    done = close_file(file);
    if (done < 0) {
        return done;
    }
    done = outcome(file, ops->rename(ops->context, file->temporary, file->path), "renaming");
    if (done < 0) {
        return done;
    }
    return outcome(file, file_sync_directory(ops, file->path), "syncing the directory of");
}

static void abandon(void *context)
{
    struct file_sink *file = context;

    if (file->file >= 0) {
        (void)close_file(file);
    }
    (void)file->ops->unlink(file->ops->context, file->temporary);
}

struct sink file_sink(struct file_sink *file)
{
    return (
        struct sink){ .context = file, .write = write_bytes, .finish = finish, .abandon = abandon };
}
