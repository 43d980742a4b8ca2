/* A file as a span. The descriptor is closed at once: the mapping needs none. */

#include "cache/persist/rdb_file.h"

#include "cache/base/memory.h"

#include <fcntl.h>

enum { FORGET_BYTES = 8 * 1024 * 1024 };

struct rdb_file {
    const struct file_ops *ops;
    struct span bytes;
    size_t forgotten;
    struct rdb_reader *reader;
};

static int map(const struct file_ops *ops, int descriptor, struct span *bytes)
{
    int64_t size = ops->size(ops->context, descriptor);

    if (size <= 0) {
        return (int)size;
    }
    bytes->len = (size_t)size;
    return ops->map(ops->context, descriptor, bytes->len, &bytes->bytes);
}

int rdb_file_open(const struct file_ops *ops, const char *path, const struct rdb_reading *reading,
                  struct rdb_file **file)
{
    struct span bytes = { .bytes = "", .len = 0 };
    int descriptor = ops->open(ops->context, path, O_RDONLY);

    if (descriptor < 0) {
        return descriptor;
    }
    int mapped = map(ops, descriptor, &bytes);
    (void)ops->close(ops->context, descriptor);
    if (mapped < 0) {
        return mapped;
    }
    struct rdb_reading own = *reading;
    own.in = bytes;
    *file = memory_zero(sizeof(**file));
    **file = (struct rdb_file){ .ops = ops, .bytes = bytes, .reader = rdb_reader_new(&own) };
    return 0;
}

void rdb_file_close(struct rdb_file *file)
{
    if (file == NULL) {
        return;
    }
    rdb_reader_free(file->reader);
    if (file->bytes.len > 0) {
        (void)file->ops->unmap(file->ops->context, file->bytes.bytes, file->bytes.len);
    }
    memory_free(file);
}

enum rdb_progress rdb_file_step(struct rdb_file *file, size_t records)
{
    enum rdb_progress progress = rdb_reader_step(file->reader, records);
    uint64_t offset = rdb_reader_report(file->reader)->offset;

    if (offset - file->forgotten >= FORGET_BYTES) {
        (void)file->ops->forget(file->ops->context, file->bytes.bytes + file->forgotten,
                                offset - file->forgotten);
        file->forgotten = offset;
    }
    return progress;
}

const struct rdb_report *rdb_file_report(const struct rdb_file *file)
{
    return rdb_reader_report(file->reader);
}

uint64_t rdb_file_size(const struct rdb_file *file)
{
    return file->bytes.len;
}
