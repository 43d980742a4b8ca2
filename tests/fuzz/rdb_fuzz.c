/* RDB files of any bytes: whatever they are, the reader ends, says where it stopped, and what it
 * took can be saved again as a file that gives the same keys. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/persist/rdb_read.h"
#include "cache/persist/saving.h"

#include <stdlib.h>

enum { NOW_MS = 1000000000, DATABASES = 4, STEP = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *take_function(void *context, struct span code)
{
    (void)context;
    return code.len > 0 && code.bytes[0] == '#' ? NULL : "it is no library";
}

static enum rdb_progress load(struct cache *cache, struct span bytes, bool check_sum, bool replace,
                              struct rdb_report *report)
{
    const struct rdb_reading reading = { .cache = cache,
                                         .in = bytes,
                                         .now_ms = NOW_MS,
                                         .check_sum = check_sum,
                                         .replace = replace,
                                         .function = take_function };
    struct rdb_reader *reader = rdb_reader_new(&reading);
    enum rdb_progress progress;
    uint64_t before = 0;

    do {
        progress = rdb_reader_step(reader, STEP);
        *report = *rdb_reader_report(reader);
        assert(report->offset >= before);
        assert(report->offset <= bytes.len);
        before = report->offset;
    } while (progress == RDB_MORE);
    assert((progress == RDB_FAILED) == (report->why[0] != '\0'));
    rdb_reader_free(reader);
    return progress;
}

static int write_bytes(void *context, struct span bytes)
{
    return buf_add(context, bytes) ? 0 : -1;
}

static int finish(void *context)
{
    (void)context;
    return 0;
}

static void abandon(void *context)
{
    (void)context;
    unreachable("nothing fails in memory");
}

static void save(struct cache *cache, struct buf *file)
{
    const struct saving_parts parts = {
        .cache = cache,
        .sink = { .context = file, .write = write_bytes, .finish = finish, .abandon = abandon },
        .compress = true,
        .sum = true,
    };
    int error = saving_at_once(&parts, NOW_MS);
    assert(error == 0);
}

static uint64_t count_keys(const struct cache *cache)
{
    uint64_t keys = 0;
    for (int db = 0; db < cache_databases(cache); db++) {
        keys += cache_db_stats(cache, db).keys;
    }
    return keys;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cache_options options = { .databases = DATABASES, .seed = 3 };
    struct cache *cache = cache_new(&options), *again = cache_new(&options);
    struct rdb_report report;
    struct buf file;

    buf_init(&file, SIZE_MAX);
    (void)load(cache, (struct span){ (const char *)data, size }, false, true, &report);
    save(cache, &file);
    enum rdb_progress progress = load(again, buf_span(&file), true, false, &report);
    assert(progress == RDB_DONE);
    assert(report.offset == file.len);
    assert(count_keys(again) == count_keys(cache));
    buf_fini(&file);
    cache_free(cache);
    cache_free(again);
    return 0;
}
