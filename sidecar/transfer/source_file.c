/* An RDB file: read into a store of its own a few keys at a time, and taken out of that at once,
 * so that it needs no more memory than its largest keys, and trusts nothing that it has not
 * read whole. */

#include "sidecar/transfer/source_kinds.h"

#include "cache/base/log.h"
#include "cache/base/file.h"
#include "cache/base/memory.h"
#include "cache/persist/dump.h"
#include "cache/persist/insert.h"
#include "cache/persist/rdb_read.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DATABASES = 64, RECORDS_EACH = 128, BUCKETS_EACH = 4096 };

struct file_source {
    int file;
    const char *bytes; /* Mapped. */
    size_t len;
    struct cache *cache; /* What was read, and not yet taken. */
    struct rdb_reader *reader;
    struct log log;
    struct buf payload, functions; /* Codes behind each other, each behind its length. */
    struct batch *batch;
    struct source *source;
    int db;
};

static bool fail(struct source *source, const char *what, const char *detail)
{
    snprintf(source->why, sizeof(source->why), "%s: %s", what, detail);
    return false;
}

static void warn(void *context, enum log_level level, const char *text)
{
    (void)context;
    if (level >= LOG_WARNING) {
        fprintf(stderr, "podis: %s\n", text);
    }
}

static const char *keep_function(void *context, struct span code)
{
    struct file_source *file = context;
    struct span len = { (const char *)&code.len, sizeof(code.len) };

    return buf_add(&file->functions, len) && buf_add(&file->functions, code)
               ? NULL
               : "the libraries of functions are too large";
}

static uint64_t now_ms(void)
{
    return (uint64_t)time(NULL) * 1000;
}

static bool map(struct source *source, struct file_source *file, const char *path)
{
    file->file = file_system.open(NULL, path, O_RDONLY | O_CLOEXEC);
    if (file->file < 0) {
        return fail(source, path, strerror(-file->file));
    }
    int64_t size = file_system.size(NULL, file->file);
    if (size <= 0) {
        return fail(source, path, size == 0 ? "it is empty" : strerror((int)-size));
    }
    file->len = (size_t)size;
    int failed = file_system.map(NULL, file->file, file->len, &file->bytes);
    return failed == 0 || fail(source, path, strerror(-failed));
}

static bool open_file(struct source *source, const char *path)
{
    struct file_source *file = memory_zero(sizeof(*file));

    source->state = file;
    file->file = -1;
    file->source = source;
    file->log = (struct log){ .write = warn };
    buf_init(&file->payload, UINT32_MAX);
    buf_init(&file->functions, UINT32_MAX);
    if (!map(source, file, path)) {
        return false;
    }
    struct span in = { file->bytes, file->len };
    if (!rdb_is_begun(in)) {
        return fail(source, path,
                    "it is no RDB file (an append-only file is loaded by starting podis with it)");
    }
    source->position.total = file->len;
    file->cache = cache_new(&(struct cache_options){ .databases = DATABASES, .seed = now_ms() });
    file->reader = rdb_reader_new(&(struct rdb_reading){ .cache = file->cache,
                                                         .in = in,
                                                         .log = &file->log,
                                                         .now_ms = now_ms(),
                                                         .check_sum = true,
                                                         .may_go_on = true,
                                                         .context = file,
                                                         .function = keep_function });
    return true;
}

static void close_file(struct source *source)
{
    struct file_source *file = source->state;

    rdb_reader_free(file->reader);
    cache_free(file->cache);
    if (file->bytes != NULL) {
        file_system.unmap(NULL, file->bytes, file->len);
    }
    if (file->file >= 0) {
        file_system.close(NULL, file->file);
    }
    buf_fini(&file->payload);
    buf_fini(&file->functions);
    memory_free(file);
}

static void take(void *context, const struct cache_entry *entry)
{
    struct file_source *file = context;

    buf_cut(&file->payload, 0);
    if (!dump_write(&file->payload, entry->type, entry->value)) {
        fail(file->source, "a value is too large", "over 4 GB");
        return;
    }
    batch_add(file->batch, &(struct record){ .db = file->db,
                                             .key = entry->key,
                                             .payload = buf_span(&file->payload),
                                             .expires_at_ms = entry->expires_at_ms });
}

/* Whatever was read goes into the batch. */
static void take_all(struct file_source *file)
{
    bool any = false;

    for (file->db = 0; file->db < DATABASES; file->db++) {
        uint64_t cursor = 0;
        if (cache_db_stats(file->cache, file->db).keys == 0) {
            continue;
        }
        any = true;
        do {
            cursor = cache_scan(file->cache, file->db, cursor, take, file);
        } while (cursor != 0);
    }
    if (any) {
        insert_into_nothing(file->cache);
        while (cache_tick(file->cache, 0, BUCKETS_EACH)) {
        }
    }
}

static enum source_progress next_of_file(struct source *source, struct batch *batch)
{
    struct file_source *file = source->state;
    enum rdb_progress progress = rdb_reader_step(file->reader, RECORDS_EACH);
    const struct rdb_report *report = rdb_reader_report(file->reader);

    file->batch = batch;
    take_all(file);
    source->position.done = report->offset;
    if (progress == RDB_FAILED) {
        snprintf(source->why, sizeof(source->why), "at byte %llu: %s",
                 (unsigned long long)report->offset, report->why);
        return SOURCE_FAILED;
    }
    if (*source->why != '\0') {
        return SOURCE_FAILED;
    }
    return progress == RDB_DONE ? SOURCE_DONE : SOURCE_MORE;
}

static bool functions_of_file(struct source *source, void (*visit)(void *context, struct span code),
                              void *context)
{
    struct file_source *file = source->state;
    struct span rest = buf_span(&file->functions);

    while (rest.len > 0) {
        struct span code;
        memcpy(&code.len, rest.bytes, sizeof(code.len));
        rest = span_skip(rest, sizeof(code.len));
        code.bytes = rest.bytes;
        visit(context, code);
        rest = span_skip(rest, code.len);
    }
    return true;
}

const struct source_kind source_of_file = {
    .open = open_file, .close = close_file, .next = next_of_file, .functions = functions_of_file
};
