/* Loading: all parts that the manifest names, in order, into a store that is empty.
 *
 *     read the manifest, adopt a file of old ──> a part: [RDB] [requests] ──> the next … ──> done
 *
 * A part is mapped, so that requests are run from where they lie. Only the last part may end in the
 * middle of a request, since a process may have ended in the middle of writing it: it is cut there
 * if aof-load-truncated allows it. Whatever else is wrong stops the start, with where it is. */

#include "cache/persist/aof_state.h"

#include "cache/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum {
    FORGET_BYTES = 8 * 1024 * 1024,
    RECORD_BYTES = 64, /* Of an RDB part, about: a budget of bytes as one of records. */
};

/* --- the manifest --- */

static void log_fault(const struct aof *aof, const struct aof_fault *fault)
{
    const struct log *log = aof->parts.log;

    log_warning(log, "*** FATAL AOF MANIFEST FILE ERROR ***");
    if (fault->line > 0) {
        log_warning(log, "Reading the manifest file, at line %zu", fault->line);
        log_warning(log, ">>> '%.*s'", (int)fault->text.len, fault->text.bytes);
    }
    log_warning(log, "%s", fault->why);
}

static bool read_manifest(struct aof *aof)
{
    char path[FILE_PATH_MAX];
    struct aof_fault fault;
    struct buf text;

    aof_manifest_fini(&aof->manifest);
    aof_manifest_path(&aof->place, path);
    buf_init(&text, 0);
    int done = aof_manifest_read(&aof->place, &text);
    bool good = done >= 0 || done == -ENOENT;
    if (!good) {
        log_warning(aof->parts.log,
                    "Fatal error: can't open the AOF manifest file %s for reading: %s", path,
                    strerror(-done));
    } else if (done >= 0 && !aof_manifest_parse(&aof->manifest, buf_span(&text), &fault)) {
        log_fault(aof, &fault);
        good = false;
    }
    buf_fini(&text);
    return good;
}

/* --- a file from before Redis 7 --- */

/* 1 or 0, or a negative errno: to guess is to lose data. */
static int is_there(const struct aof *aof, const char *path)
{
    uint64_t size;
    int done = aof_part_size(&aof->place, path, &size);

    return done == -ENOENT ? 0 : done < 0 ? done : 1;
}

static int is_old(const struct aof *aof)
{
    const struct aof_manifest *manifest = &aof->manifest;
    char old[FILE_PATH_MAX], adopted[FILE_PATH_MAX];

    aof_old_path(&aof->place, old);
    int there = is_there(aof, old);
    if (there <= 0 || aof_manifest_is_empty(manifest)) {
        return there;
    }
    if (manifest->base == NULL || manifest->incr != NULL ||
        strcmp(manifest->base->name, aof->place.filename) != 0) {
        return 0;
    }
    /* It was adopted, but perhaps not moved yet. */
    aof_path(&aof->place, aof->place.filename, adopted);
    there = is_there(aof, adopted);
    return there < 0 ? there : !there;
}

static int move_old(struct aof *aof)
{
    const struct file_ops *files = aof->parts.files;
    char old[FILE_PATH_MAX], adopted[FILE_PATH_MAX];

    int done = aof_folder_make(&aof->place);
    if (done >= 0 && aof_manifest_is_empty(&aof->manifest)) {
        aof_manifest_adopt(&aof->manifest, aof->place.filename);
        done = aof_manifest_replace(&aof->place, &aof->manifest);
    }
    if (done < 0) {
        return done;
    }
    aof_old_path(&aof->place, old);
    aof_path(&aof->place, aof->place.filename, adopted);
    done = files->rename(files->context, old, adopted);
    if (done >= 0) {
        done = file_sync_directory(files, adopted);
    }
    return done < 0 ? done : file_sync_directory(files, old);
}

static bool adopt_old(struct aof *aof)
{
    int done = is_old(aof);

    if (done == 0) {
        return true;
    }
    done = done < 0 ? done : move_old(aof);
    if (done < 0) {
        log_warning(aof->parts.log, "Error trying to move the old AOF file %s into dir %s: %s",
                    aof->place.filename, aof->place.folder, strerror(-done));
        return false;
    }
    log_notice(aof->parts.log,
               "Successfully migrated an old-style AOF file (%s) into the AOF directory (%s).",
               aof->place.filename, aof->place.folder);
    return true;
}

/* --- parts --- */

static const struct aof_part *part_at(const struct aof *aof, size_t at)
{
    const struct aof_manifest *manifest = &aof->manifest;
    const struct aof_part *part = manifest->base != NULL ? manifest->base : manifest->incr;

    while (at-- > 0) {
        part = part->kind == AOF_BASE ? manifest->incr : part->next;
    }
    return part;
}

static const struct aof_part *current(const struct aof *aof)
{
    return part_at(aof, aof->loading.at);
}

static bool measure(struct aof *aof)
{
    struct aof_loading *loading = &aof->loading;
    char path[FILE_PATH_MAX];

    loading->count = aof_manifest_count(&aof->manifest);
    for (size_t i = 0; i < loading->count; i++) {
        const struct aof_part *part = part_at(aof, i);
        uint64_t size;
        aof_path(&aof->place, part->name, path);
        int done = aof_part_size(&aof->place, path, &size);
        if (done < 0) {
            log_warning(aof->parts.log, "Unable to obtain the AOF file %s length. stat: %s",
                        part->name, strerror(-done));
            return false;
        }
        loading->total += size;
    }
    return true;
}

static void close_part(struct aof *aof)
{
    struct aof_loading *loading = &aof->loading;
    const struct file_ops *files = aof->parts.files;

    rdb_reader_free(loading->rdb);
    loading->rdb = NULL;
    aof_replay_fini(&loading->replay);
    if (loading->bytes.len > 0) {
        (void)files->unmap(files->context, loading->bytes.bytes, loading->bytes.len);
    }
    loading->bytes = (struct span){ "", 0 };
    loading->open = false;
}

static int map_part(struct aof *aof, const char *path)
{
    struct aof_loading *loading = &aof->loading;
    const struct file_ops *files = aof->parts.files;
    int file = files->open(files->context, path, O_RDONLY);

    loading->bytes = (struct span){ "", 0 };
    if (file < 0) {
        return file;
    }
    int64_t len = files->size(files->context, file);
    int done = len < 0 ? (int)len : 0;
    if (len > 0) {
        done = files->map(files->context, file, (size_t)len, &loading->bytes.bytes);
        loading->bytes.len = done < 0 ? 0 : (size_t)len;
    }
    (void)files->close(files->context, file);
    return done < 0 ? done : 0;
}

static void begin_replay(struct aof *aof, size_t at)
{
    struct aof_replay_parts parts = { .cache = aof->parts.cache,
                                      .run = aof->parts.run,
                                      .context = aof->parts.context };
    aof_replay_init(&aof->loading.replay, &parts, aof->loading.bytes, at);
}

static void begin_rdb(struct aof *aof, uint64_t now_ms)
{
    struct rdb_reading reading = {
        .cache = aof->parts.cache,
        .in = aof->loading.bytes,
        .log = aof->parts.log,
        .now_ms = now_ms,
        .check_sum = aof->options.sum,
        .keep_expired = true,
        .may_go_on = true,
        .context = aof->parts.context,
        .function = aof->parts.function,
    };

    log_notice(aof->parts.log, current(aof)->kind == AOF_BASE
                                   ? "Reading RDB base file on AOF loading..."
                                   : "Reading RDB preamble from AOF file...");
    aof->loading.rdb = rdb_reader_new(&reading);
}

static bool open_part(struct aof *aof, uint64_t now_ms)
{
    struct aof_loading *loading = &aof->loading;
    char path[FILE_PATH_MAX];

    aof_path(&aof->place, current(aof)->name, path);
    int done = map_part(aof, path);
    if (done < 0) {
        log_warning(aof->parts.log,
                    "Fatal error: can't open the append log file %s for reading: %s",
                    current(aof)->name, strerror(-done));
        return false;
    }
    loading->open = true;
    loading->forgotten = 0;
    loading->part_at_ms = now_ms;
    loading->with_rdb = rdb_is_begun(loading->bytes);
    if (loading->with_rdb) {
        begin_rdb(aof, now_ms);
    } else {
        begin_replay(aof, 0);
    }
    return true;
}

/* --- what is found in them --- */

static bool truncate_part(struct aof *aof, size_t len)
{
    const struct file_ops *files = aof->parts.files;
    char path[FILE_PATH_MAX];

    aof_path(&aof->place, current(aof)->name, path);
    int file = files->open(files->context, path, O_WRONLY);
    int done = file < 0 ? file : files->truncate(files->context, file, len);
    if (done >= 0) {
        done = files->sync(files->context, file, false);
    }
    if (file >= 0) {
        (void)files->close(files->context, file);
    }
    if (done < 0) {
        log_warning(aof->parts.log, "Error truncating the AOF file %s: %s", current(aof)->name,
                    strerror(-done));
    }
    return done >= 0;
}

/* Nothing is behind it: it is the last, or the others are empty. A process may have ended after it
 * named a new part and before it wrote there. */
static bool is_last(struct aof *aof)
{
    char path[FILE_PATH_MAX];
    uint64_t size = 0;

    for (size_t i = aof->loading.at + 1; i < aof->loading.count && size == 0; i++) {
        aof_path(&aof->place, part_at(aof, i)->name, path);
        if (aof_part_size(&aof->place, path, &size) < 0) {
            return false;
        }
    }
    return size == 0;
}

static bool was_cut(struct aof *aof)
{
    const struct aof_replay *replay = &aof->loading.replay;
    const struct log *log = aof->parts.log;
    const char *name = current(aof)->name;
    bool last = is_last(aof);

    if (replay->cut_in_multi) {
        log_warning(log, "Revert incomplete MULTI/EXEC transaction in AOF file %s", name);
    }
    if (!last || !aof->options.load_truncated) {
        log_warning(log,
                    "%s at offset %zu: Unexpected end of file reading the append only file %s. You "
                    "can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix "
                    "<filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' "
                    "configuration option to yes and restart the server.",
                    last ? "The last part" : "A part that is not the last", replay->good, name);
        return false;
    }
    log_warning(log, "!!! Warning: short read while loading the AOF file %s!!!", name);
    log_warning(log, "!!! Truncating the AOF %s at offset %zu !!!", name, replay->good);
    if (!truncate_part(aof, replay->good)) {
        return false;
    }
    log_warning(log, "AOF %s loaded anyway because aof-load-truncated is enabled", name);
    return true;
}

static bool replayed(struct aof *aof, enum aof_replay_end end)
{
    const struct aof_replay *replay = &aof->loading.replay;
    const char *name = current(aof)->name;

    if (replay->failed > 0) {
        log_warning(aof->parts.log,
                    "%" PRIu64 " of %" PRIu64 " commands of the append only file %s failed",
                    replay->failed, replay->ran, name);
    }
    switch (end) {
    case AOF_REPLAY_CUT:
        return was_cut(aof);
    case AOF_REPLAY_BROKEN:
        log_warning(aof->parts.log,
                    "At offset %zu: Bad file format reading the append only file %s: make a backup "
                    "of your AOF file, then use ./redis-check-aof --fix <filename.manifest>",
                    replay->good, name);
        return false;
    case AOF_REPLAY_UNKNOWN:
        log_warning(aof->parts.log,
                    "At offset %zu: Unknown command '%.*s' reading the append only file %s",
                    replay->good, span_shown(replay->unknown), replay->unknown.bytes, name);
        return false;
    case AOF_REPLAY_MORE:
    case AOF_REPLAY_DONE:
        return true;
    }
    unreachable("a replay has no other end");
}

static void forget_read(struct aof *aof, size_t up_to)
{
    struct aof_loading *loading = &aof->loading;
    const struct file_ops *files = aof->parts.files;

    if (up_to - loading->forgotten >= FORGET_BYTES) {
        (void)files->forget(files->context, loading->bytes.bytes + loading->forgotten,
                            up_to - loading->forgotten);
        loading->forgotten = up_to;
    }
}

static enum aof_load read_rdb(struct aof *aof, size_t budget)
{
    struct aof_loading *loading = &aof->loading;
    size_t records = budget / RECORD_BYTES > 0 ? budget / RECORD_BYTES : 1;
    enum rdb_progress progress = rdb_reader_step(loading->rdb, records);
    const struct rdb_report *report = rdb_reader_report(loading->rdb);

    if (progress == RDB_FAILED) {
        log_warning(aof->parts.log, "At offset %" PRIu64 ": %s", report->offset, report->why);
        log_warning(aof->parts.log, "Error reading the RDB %s file %s, AOF loading aborted",
                    current(aof)->kind == AOF_BASE ? "base" : "preamble of the AOF",
                    current(aof)->name);
        return AOF_LOAD_FAILED;
    }
    if (progress == RDB_DONE) {
        size_t at = (size_t)report->offset;
        rdb_reader_free(loading->rdb);
        loading->rdb = NULL;
        begin_replay(aof, at);
    } else {
        forget_read(aof, (size_t)report->offset);
    }
    return AOF_LOAD_RUNS;
}

/* A transaction is looked through before it is run: what is behind its begin is still needed. */
static enum aof_load replay(struct aof *aof, uint64_t now_ms, size_t budget)
{
    struct aof_loading *loading = &aof->loading;
    enum aof_replay_end end = aof_replay_step(&loading->replay, budget, now_ms);

    if (end == AOF_REPLAY_MORE) {
        if (loading->replay.good > loading->forgotten) {
            forget_read(aof, loading->replay.good);
        }
        return AOF_LOAD_RUNS;
    }
    return replayed(aof, end) ? AOF_LOAD_DONE : AOF_LOAD_FAILED;
}

/* --- all of it --- */

void aof_loading_fini(struct aof *aof)
{
    if (aof->loading.open) {
        close_part(aof);
    }
    aof->loading = (struct aof_loading){ 0 };
}

static enum aof_load fails(struct aof *aof)
{
    aof_loading_fini(aof);
    return AOF_LOAD_FAILED;
}

enum aof_load aof_load(struct aof *aof, uint64_t now_ms)
{
    assert(aof->loading.began_at_ms == 0);
    if (!read_manifest(aof) || !adopt_old(aof)) {
        return AOF_LOAD_FAILED;
    }
    if (aof_manifest_is_empty(&aof->manifest)) {
        return AOF_LOAD_NOTHING;
    }
    if (!measure(aof)) {
        return fails(aof);
    }
    aof->loading.began_at_ms = now_ms;
    return open_part(aof, now_ms) ? AOF_LOAD_RUNS : fails(aof);
}

static enum aof_load next_part(struct aof *aof, uint64_t now_ms)
{
    struct aof_loading *loading = &aof->loading;

    log_notice(aof->parts.log, "DB loaded from %s file %s: %.3f seconds",
               current(aof)->kind == AOF_BASE ? "base" : "incr", current(aof)->name,
               (double)(now_ms - loading->part_at_ms) / 1000.0);
    loading->done += loading->bytes.len;
    close_part(aof);
    if (++loading->at < loading->count) {
        return open_part(aof, now_ms) ? AOF_LOAD_RUNS : fails(aof);
    }
    log_notice(aof->parts.log, "DB loaded from append only file: %.3f seconds",
               (double)(now_ms - loading->began_at_ms) / 1000.0);
    aof_loading_fini(aof);
    return AOF_LOAD_DONE;
}

enum aof_load aof_load_turn(struct aof *aof, uint64_t now_ms, size_t budget)
{
    assert(aof->loading.open);
    enum aof_load load =
        aof->loading.rdb != NULL ? read_rdb(aof, budget) : replay(aof, now_ms, budget);

    if (load == AOF_LOAD_DONE) {
        return next_part(aof, now_ms);
    }
    return load == AOF_LOAD_FAILED ? fails(aof) : load;
}

/* --- behind it --- */

static bool make_base(struct aof *aof, uint64_t now_ms)
{
    char path[FILE_PATH_MAX];
    const char *name =
        aof_manifest_new_base(&aof->manifest, aof->place.filename, aof->options.preamble);

    aof_path(&aof->place, name, path);
    struct saving_parts parts = aof_saving_parts(aof, path, now_ms);
    int error = saving_at_once(&parts, now_ms);
    if (error < 0) {
        log_warning(aof->parts.log, "Error %s the AOF base file %s: %s",
                    aof->rewriting.sink.file.failed, name, strerror(-error));
        return false;
    }
    log_notice(aof->parts.log, "Creating AOF base file %s on server start", name);
    return true;
}

static bool cannot_start(const struct aof *aof, const char *what, const char *name, int error)
{
    log_warning(aof->parts.log, "Can't %s %s: %s", what, name, strerror(-error));
    return false;
}

static uint64_t sizes_but_last(struct aof *aof)
{
    const struct aof_part *last = aof_manifest_last(&aof->manifest);
    char path[FILE_PATH_MAX];
    uint64_t sum = 0;

    for (size_t i = 0; i < aof_manifest_count(&aof->manifest); i++) {
        const struct aof_part *part = part_at(aof, i);
        uint64_t size;
        aof_path(&aof->place, part->name, path);
        if (part != last && aof_part_size(&aof->place, path, &size) >= 0) {
            sum += size;
        }
    }
    return sum;
}

static bool open_last(struct aof *aof)
{
    const struct aof_part *last = aof_manifest_last(&aof->manifest);
    bool is_new = last == NULL;
    char path[FILE_PATH_MAX];
    uint64_t size;

    const char *name =
        is_new ? aof_manifest_new_incr(&aof->manifest, aof->place.filename) : last->name;
    aof_path(&aof->place, name, path);
    int file = aof_part_open(&aof->place, path, &size);
    if (file < 0) {
        return cannot_start(aof, "open the append-only file", name, file);
    }
    int done = is_new ? aof_manifest_replace(&aof->place, &aof->manifest) : 0;
    if (done < 0) {
        (void)aof->parts.files->close(aof->parts.files->context, file);
        return cannot_start(aof, "replace the AOF manifest of", aof->place.filename, done);
    }
    log_notice(aof->parts.log, "%s AOF incr file %s on server start",
               is_new ? "Creating" : "Opening", name);
    aof_log_begin(aof->log, file, size);
    aof->closed_size = sizes_but_last(aof);
    return true;
}

bool aof_start(struct aof *aof, uint64_t now_ms)
{
    aof->started = true;
    if (!aof->options.on) {
        return true;
    }
    int done = aof_folder_make(&aof->place);
    if (done < 0) {
        return cannot_start(aof, "open or create append-only dir", aof->place.folder, done);
    }
    if (aof_manifest_is_empty(&aof->manifest) && !make_base(aof, now_ms)) {
        return false;
    }
    if (!open_last(aof)) {
        return false;
    }
    aof->state = AOF_ON;
    aof->base_size = aof->closed_size + aof_log_figures(aof->log).size;
    aof_collect_history(aof);
    return true;
}
