/* The disk of the tests. A descriptor is the number of its file. */

#include "tests/unit/cache/persist/disk.h"

#include "cache/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static bool fails(struct disk *disk)
{
    disk->calls++;
    return disk->calls == disk->fail_at;
}

static int find(const struct disk *disk, const char *path)
{
    for (int i = 0; i < DISK_FILES; i++) {
        if (strcmp(disk->files[i].path, path) == 0) {
            return i;
        }
    }
    return -ENOENT;
}

static int make(struct disk *disk, const char *path)
{
    int at = find(disk, "");
    assert(at >= 0);
    struct disk_file *file = &disk->files[at];
    snprintf(file->path, sizeof(file->path), "%s", path);
    buf_init(&file->bytes, SIZE_MAX);
    file->is_directory = false;
    return at;
}

static void drop(struct disk_file *file)
{
    buf_fini(&file->bytes);
    file->path[0] = '\0';
}

static int disk_open(void *context, const char *path, int flags)
{
    struct disk *disk = context;
    int at = find(disk, path);

    if (fails(disk)) {
        return -disk->error;
    }
    if (at < 0 && flags & O_CREAT) {
        at = make(disk, path);
    }
    if (at >= 0) {
        disk->open++;
        disk->position[at] = 0;
        if (flags & O_TRUNC) {
            buf_cut(&disk->files[at].bytes, 0);
        }
    }
    return at;
}

static int disk_close(void *context, int file)
{
    struct disk *disk = context;
    (void)file;
    disk->open--;
    assert(disk->open >= 0);
    return fails(disk) ? -disk->error : 0;
}

static int64_t disk_get(void *context, int file, void *bytes, size_t len)
{
    struct disk *disk = context;
    struct span rest = buf_span(&disk->files[file].bytes);

    if (fails(disk)) {
        return -disk->error;
    }
    rest = span_skip(rest, (size_t)disk->position[file]);
    len = len < rest.len ? len : rest.len;
    memcpy(bytes, rest.bytes, len);
    disk->position[file] += (int)len;
    return (int64_t)len;
}

static int64_t disk_put(void *context, int file, const void *bytes, size_t len)
{
    struct disk *disk = context;

    if (fails(disk)) {
        return -disk->error;
    }
    len = len < disk->write_max ? len : disk->write_max;
    len = len < disk->room ? len : disk->room;
    if (len == 0) {
        return -ENOSPC;
    }
    disk->room -= len;
    bool added = buf_add(&disk->files[file].bytes, (struct span){ bytes, len });
    assert(added);
    return (int64_t)len;
}

static int disk_sync(void *context, int file, bool data_only)
{
    struct disk *disk = context;
    (void)data_only;
    disk->syncs++;
    disk->directory_syncs += disk->files[file].is_directory;
    return fails(disk) ? -disk->error : 0;
}

static int disk_truncate(void *context, int file, uint64_t len)
{
    struct disk *disk = context;
    if (fails(disk)) {
        return -disk->error;
    }
    assert(len <= disk->files[file].bytes.len);
    buf_cut(&disk->files[file].bytes, (size_t)len);
    return 0;
}

static int64_t disk_seek(void *context, int file, uint64_t at)
{
    struct disk *disk = context;
    disk->position[file] = (int)at;
    return fails(disk) ? -disk->error : (int64_t)at;
}

static int64_t disk_size(void *context, int file)
{
    struct disk *disk = context;
    return fails(disk) ? -disk->error : (int64_t)disk->files[file].bytes.len;
}

static int disk_map(void *context, int file, size_t len, const char **bytes)
{
    struct disk *disk = context;
    assert(len == disk->files[file].bytes.len);
    *bytes = buf_span(&disk->files[file].bytes).bytes;
    return fails(disk) ? -disk->error : 0;
}

static int disk_unmap(void *context, const char *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    (void)len;
    return 0;
}

static int disk_rename(void *context, const char *from, const char *to)
{
    struct disk *disk = context;
    int at = find(disk, from), over = find(disk, to);

    if (fails(disk)) {
        return -disk->error;
    }
    if (at < 0) {
        return at;
    }
    if (over >= 0) {
        drop(&disk->files[over]);
    }
    snprintf(disk->files[at].path, sizeof(disk->files[at].path), "%s", to);
    return 0;
}

static int disk_unlink(void *context, const char *path)
{
    struct disk *disk = context;
    int at = find(disk, path);

    if (fails(disk)) {
        return -disk->error;
    }
    if (at >= 0) {
        drop(&disk->files[at]);
    }
    return at < 0 ? at : 0;
}

static int disk_mkdir(void *context, const char *path)
{
    struct disk *disk = context;
    if (fails(disk)) {
        return -disk->error;
    }
    if (find(disk, path) < 0) {
        disk->files[make(disk, path)].is_directory = true;
    }
    return 0;
}

void disk_init(struct disk *disk)
{
    *disk = (struct disk){
        .ops = { .context = disk,
                 .open = disk_open,
                 .close = disk_close,
                 .read = disk_get,
                 .write = disk_put,
                 .sync = disk_sync,
                 .truncate = disk_truncate,
                 .seek = disk_seek,
                 .size = disk_size,
                 .map = disk_map,
                 .unmap = disk_unmap,
                 .forget = disk_unmap,
                 .rename = disk_rename,
                 .unlink = disk_unlink,
                 .mkdir = disk_mkdir },
        .error = EIO,
        .room = UINT64_MAX,
        .write_max = SIZE_MAX,
    };
    int made = disk_mkdir(disk, "/data");
    assert(made == 0);
    disk->calls = 0;
}

void disk_fini(struct disk *disk)
{
    for (size_t i = 0; i < DISK_FILES; i++) {
        if (disk->files[i].path[0] != '\0') {
            drop(&disk->files[i]);
        }
    }
}

struct span disk_read(const struct disk *disk, const char *path)
{
    int at = find(disk, path);
    return at < 0 ? (struct span){ 0 } : buf_span(&disk->files[at].bytes);
}

void disk_write(struct disk *disk, const char *path, struct span bytes)
{
    int at = find(disk, path);
    if (at < 0) {
        at = make(disk, path);
    }
    buf_cut(&disk->files[at].bytes, 0);
    bool added = buf_add(&disk->files[at].bytes, bytes);
    assert(added);
}

size_t disk_count(const struct disk *disk)
{
    size_t count = 0;
    for (size_t i = 0; i < DISK_FILES; i++) {
        count += disk->files[i].path[0] != '\0' && !disk->files[i].is_directory;
    }
    return count;
}
