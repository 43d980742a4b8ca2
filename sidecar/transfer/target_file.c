/* An RDB file. What is written goes to a file of another name beside it, which takes its place at
 * the end, once it is on the disk. */

#include "sidecar/transfer/target_kinds.h"

#include "cache/base/crc64.h"
#include "cache/base/file.h"
#include "cache/base/memory.h"
#include "cache/persist/dump.h"
#include "cache/persist/rdb_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_AT = 1 << 20 };

struct file_target {
    char path[FILE_PATH_MAX], temporary[FILE_PATH_MAX + 16];
    int file;
    bool finished;
    struct buf out;
    struct saver saver;
    uint64_t sum;
    int db; /* That was selected last; -1: none. */
    struct type_limits limits;
};

static bool fail(struct target *target, const char *what, const char *detail)
{
    snprintf(target->why, sizeof(target->why), "%.300s: %s", what, detail);
    return false;
}

static bool open_file(struct target *target, const char *place)
{
    struct file_target *file = memory_zero(sizeof(*file));

    target->state = file;
    file->file = -1;
    file->db = -1;
    file->limits = type_limits_default;
    buf_init(&file->out, SIZE_MAX / 2);
    file->saver = (struct saver){ .out = &file->out, .compress = true, .for_7_0 = true };
    if (strlen(place) >= sizeof(file->path)) {
        return fail(target, place, "the name is too long");
    }
    snprintf(file->path, sizeof(file->path), "%s", place);
    snprintf(file->temporary, sizeof(file->temporary), "%s.%d.part", place, (int)getpid());
    if (!target->replace && file_is_there(&file_system, place)) {
        return fail(target, place, "it is there already: --replace yes writes over it");
    }
    file->file = file_system.open(NULL, file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    if (file->file < 0) {
        return fail(target, file->temporary, strerror(-file->file));
    }
    rdb_write_begin(&file->saver, &(struct rdb_facts){ .now_ms = (uint64_t)time(NULL) * 1000,
                                                       .replication_db = -1 });
    return true;
}

static void close_file(struct target *target)
{
    struct file_target *file = target->state;

    if (file->file >= 0) {
        file_system.close(NULL, file->file);
        if (!file->finished) {
            file_system.unlink(NULL, file->temporary);
        }
    }
    buf_fini(&file->out);
    memory_free(file);
}

/* What is gathered goes into the file. */
static bool flush(struct target *target, bool sum)
{
    struct file_target *file = target->state;
    struct span bytes = buf_span(&file->out);

    file->sum = sum ? crc64(file->sum, bytes) : file->sum;
    int failed = file_write(&file_system, file->file, bytes);
    buf_consume(&file->out, bytes.len);
    return failed == 0 || fail(target, file->temporary, strerror(-failed));
}

static bool put_record(struct target *target, const struct record *record)
{
    struct file_target *file = target->state;
    const struct type *type;
    const char *why;

    void *value = dump_read(record->payload, &file->limits, &type, &why);
    if (value == NULL) {
        snprintf(target->why, sizeof(target->why), "the value of '%.*s': %s",
                 span_shown(record->key), record->key.bytes, why);
        return false;
    }
    if (file->db != record->db) {
        rdb_write_select(&file->saver, record->db);
        file->db = record->db;
    }
    rdb_write_entry(&file->saver,
                    &(struct snapshot_entry){ .db = record->db,
                                              .key = record->key,
                                              .type = type,
                                              .value = value,
                                              .expires_at_ms = record->expires_at_ms },
                    RDB_ACCESS_NONE);
    type->free(value);
    return file->out.len < FLUSH_AT || flush(target, true);
}

static bool put_to_file(struct target *target, const struct batch *batch)
{
    bool good = true;

    for (size_t i = 0; good && i < batch->count; i++) {
        good = put_record(target, &batch->records[i]);
    }
    return good;
}

static bool function_to_file(struct target *target, struct span code)
{
    struct file_target *file = target->state;
    rdb_write_function(&file->saver, code);
    return true;
}

static bool finish_file(struct target *target)
{
    struct file_target *file = target->state;

    rdb_write_end(&file->saver);
    if (!flush(target, true)) {
        return false;
    }
    rdb_write_sum(&file->saver, file->sum);
    if (!flush(target, false)) {
        return false;
    }
    int failed = file_system.sync(NULL, file->file, false);
    failed = failed < 0 ? failed : file_system.rename(NULL, file->temporary, file->path);
    if (failed < 0) {
        return fail(target, file->path, strerror(-failed));
    }
    file->finished = true;
    failed = file_sync_directory(&file_system, file->path);
    return failed == 0 || fail(target, file->path, strerror(-failed));
}

const struct target_kind target_of_file = { .open = open_file,
                                            .close = close_file,
                                            .put = put_to_file,
                                            .function = function_to_file,
                                            .finish = finish_file };
