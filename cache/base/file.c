/* Files, as they are needed for data that must survive: written whole, synced, renamed, and the
 * directory synced too, since a name is data of its directory. Interrupted calls are repeated
 * here, so that nobody else needs to know of signals. */

#include "cache/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the operating system's --- */

static int result(int64_t outcome)
{
    return outcome < 0 ? -errno : (int)outcome;
}

static int system_open(void *context, const char *path, int flags)
{
    (void)context;
    return result(open(path, flags | O_CLOEXEC, 0644));
}

static int system_close(void *context, int file)
{
    (void)context;
    return result(close(file));
}

static int64_t system_read(void *context, int file, void *bytes, size_t len)
{
    ssize_t got;

    (void)context;
    do {
        got = read(file, bytes, len);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int64_t system_write(void *context, int file, const void *bytes, size_t len)
{
    ssize_t put;

    (void)context;
    do {
        put = write(file, bytes, len);
    } while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : put;
}

static int system_sync(void *context, int file, bool data_only)
{
    (void)context;
    return result(data_only ? fdatasync(file) : fsync(file));
}

static int system_truncate(void *context, int file, uint64_t len)
{
    (void)context;
    return result(ftruncate(file, (off_t)len));
}

static int64_t system_seek(void *context, int file, uint64_t at)
{
    (void)context;
    off_t now = lseek(file, (off_t)at, SEEK_SET);
    return now < 0 ? -errno : now;
}

static int64_t system_size(void *context, int file)
{
    struct stat stat;

    (void)context;
    if (fstat(file, &stat) != 0) {
        return -errno;
    }
    return S_ISDIR(stat.st_mode) ? -EISDIR : stat.st_size;
}

static int system_map(void *context, int file, size_t len, const char **bytes)
{
    (void)context;
    void *at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, file, 0);
    if (at == MAP_FAILED) {
        return -errno;
    }
    madvise(at, len, MADV_SEQUENTIAL);
    *bytes = at;
    return 0;
}

static void *address(const char *bytes)
{
    return (void *)(uintptr_t)bytes;
}

static int system_unmap(void *context, const char *bytes, size_t len)
{
    (void)context;
    return result(munmap(address(bytes), len));
}

/* Whole pages only: those at the ends may still be needed. */
static int system_forget(void *context, const char *bytes, size_t len)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)bytes + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)bytes + len) / page * page;

    (void)context;
    if (start >= end) {
        return 0;
    }
    return result(madvise((void *)start, end - start, MADV_DONTNEED));
}

static int system_rename(void *context, const char *from, const char *to)
{
    (void)context;
    return result(rename(from, to));
}

static int system_unlink(void *context, const char *path)
{
    (void)context;
    return result(unlink(path));
}

static int system_mkdir(void *context, const char *path)
{
    (void)context;
    return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

const struct file_ops file_system = {
    .open = system_open,
    .close = system_close,
    .read = system_read,
    .write = system_write,
    .sync = system_sync,
    .truncate = system_truncate,
    .seek = system_seek,
    .size = system_size,
    .map = system_map,
    .unmap = system_unmap,
    .forget = system_forget,
    .rename = system_rename,
    .unlink = system_unlink,
    .mkdir = system_mkdir,
};

/* --- by means of any --- */

int file_write(const struct file_ops *ops, int file, struct span bytes)
{
    while (bytes.len > 0) {
        int64_t put = ops->write(ops->context, file, bytes.bytes, bytes.len);
        if (put < 0) {
            return (int)put;
        }
        if (put == 0) {
            return -EIO;
        }
        bytes = span_skip(bytes, (size_t)put);
    }
    return 0;
}

/* The first of two things that went wrong. */
static int first_of(int before, int after)
{
    return before < 0 ? before : after;
}

int file_sync_directory(const struct file_ops *ops, const char *path)
{
    char directory[FILE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (len >= sizeof(directory)) {
        return -ENAMETOOLONG;
    }
    memcpy(directory, path, len);
    directory[len] = '\0';
    if (len == 0) {
        snprintf(directory, sizeof(directory), "%s", slash == NULL ? "." : "/");
    }
    int file = ops->open(ops->context, directory, O_RDONLY | O_DIRECTORY);
    if (file < 0) {
        return file;
    }
    int done = ops->sync(ops->context, file, false);
    if (done == -EINVAL || done == -EBADF) {
        done = 0; /* A file system whose directories cannot be synced. */
    }
    return first_of(done, ops->close(ops->context, file));
}

static int write_whole(const struct file_ops *ops, const char *path, struct span bytes)
{
    int file = ops->open(ops->context, path, O_WRONLY | O_CREAT | O_TRUNC);
    if (file < 0) {
        return file;
    }
    int done = file_write(ops, file, bytes);
    if (done == 0) {
        done = ops->sync(ops->context, file, false);
    }
    return first_of(done, ops->close(ops->context, file));
}

int file_replace(const struct file_ops *ops, const char *path, const char *temporary,
                 struct span bytes)
{
    int done = write_whole(ops, temporary, bytes);
    if (done == 0) {
        done = ops->rename(ops->context, temporary, path);
    }
    if (done < 0) {
        (void)ops->unlink(ops->context, temporary);
        return done;
    }
    return file_sync_directory(ops, path);
}

static int read_rest(const struct file_ops *ops, int file, struct buf *to)
{
    enum { PIECE = 16 * 1024 };

    while (true) {
        char *room = buf_reserve(to, PIECE);
        if (room == NULL) {
            return -EFBIG;
        }
        int64_t got = ops->read(ops->context, file, room, PIECE);
        if (got <= 0) {
            return (int)got;
        }
        buf_commit(to, (size_t)got);
    }
}

int file_read_all(const struct file_ops *ops, const char *path, struct buf *to)
{
    int file = ops->open(ops->context, path, O_RDONLY);
    if (file < 0) {
        return file;
    }
    int done = read_rest(ops, file, to);
    return first_of(done, ops->close(ops->context, file));
}

bool file_is_there(const struct file_ops *ops, const char *path)
{
    int file = ops->open(ops->context, path, O_RDONLY);

    if (file >= 0) {
        (void)ops->close(ops->context, file);
    }
    return file != -ENOENT && file != -ENOTDIR;
}
