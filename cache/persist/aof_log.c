/* One commit at a time: a run of bytes, an fsync, or both, in a job or on the spot. The job has the
 * commit for itself until it sets `done`; after that the loop looks at what came of it.
 *
 * A write may end early, when the disk is full. What it left is cut off, so that the file ends with
 * a whole unit and can be read at any time; if not even that can be done the rest is written behind
 * it later, and the unit is whole again then. */

#include "cache/persist/aof_log.h"

#include "cache/base/memory.h"
#include "cache/persist/change_text.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum {
    LOOP_WRITE_MAX = 64 * 1024, /* More is written by a job. */
    KEPT_BYTES = 1024 * 1024,   /* Of an empty buffer. */
    FSYNC_EVERY_MS = 1000,
    FSYNC_PATIENCE_MS = 2000,        /* Writes go on for so long while an fsync does not end. */
    FILLING_MAX = 256 * 1024 * 1024, /* With more, writers wait in any case. */
    RETRY_MS = 1000,
    SAY_EVERY_MS = 30000,
    WRITERS_FIRST = 64,
};

struct commit {
    struct aof_log *log;
    struct buf bytes;
    int file;
    uint64_t file_at; /* Where they go. */
    bool sync, close;
    uint64_t sleep_us;
    uint64_t began_at_ms;
    uint64_t seq; /* Of the last change. */

    int write_error, sync_error, cut_error; /* Negative errnos. */
    size_t written;
    _Atomic bool done;
};

struct aof_log {
    struct aof_log_parts parts;
    struct aof_log_policy policy;
    uint64_t now_ms;

    int file; /* -1: nothing is logged. */
    uint64_t size;
    struct buf filling;
    struct change_text text;
    uint64_t stamped_s; /* The last note of the time. */
    uint64_t seq;

    struct commit commit;
    bool on_its_way;
    bool held;             /* It was cut: what comes gathers. */
    bool unsynced;         /* Bytes were written since the last fsync. */
    uint64_t synced_at_ms; /* When that began. */
    uint64_t postponed_ms; /* Since when bytes wait for an fsync; 0: none do. */
    uint64_t position, safe;
    uint64_t synced_seq;

    int write_error, sync_error;
    uint64_t retry_at_ms, said_at_ms;
    bool must_rewrite;
    uint64_t delayed;
    uint64_t sleep_us;

    uint64_t *writers;
    size_t writer_count, writer_room;
};

/* --- life --- */

struct aof_log *aof_log_new(const struct aof_log_parts *parts)
{
    struct aof_log *log = memory_zero(sizeof(*log));

    log->parts = *parts;
    log->policy.fsync = AOF_FSYNC_EVERYSEC;
    log->file = -1;
    log->commit.log = log;
    buf_init(&log->filling, SIZE_MAX / 2);
    buf_init(&log->commit.bytes, SIZE_MAX / 2);
    change_text_init(&log->text);
    return log;
}

void aof_log_free(struct aof_log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->file >= 0) {
        (void)log->parts.files->close(log->parts.files->context, log->file);
    }
    buf_fini(&log->filling);
    buf_fini(&log->commit.bytes);
    memory_free(log->writers);
    memory_free(log);
}

void aof_log_set_policy(struct aof_log *log, const struct aof_log_policy *policy)
{
    log->policy = *policy;
}

/* --- changes --- */

static void note_writer(struct aof_log *log, uint64_t id)
{
    if (id == 0 || (log->writer_count > 0 && log->writers[log->writer_count - 1] == id)) {
        return;
    }
    if (log->writer_count == log->writer_room) {
        log->writer_room = log->writer_room == 0 ? WRITERS_FIRST : log->writer_room * 2;
        log->writers = memory_resize(log->writers, log->writer_room * sizeof(*log->writers));
    }
    log->writers[log->writer_count++] = id;
}

static void stamp(struct aof_log *log)
{
    uint64_t now_s = log->now_ms / 1000;

    if (now_s > log->stamped_s) {
        log->stamped_s = now_s;
        change_text_end(&log->text, &log->filling);
        buf_addf(&log->filling, "#TS:%llu\r\n", (unsigned long long)now_s);
    }
}

void aof_log_change(void *context, const struct change *change)
{
    struct aof_log *log = context;

    if (log->file < 0) {
        return;
    }
    if (log->policy.timestamps && !change->joined) {
        stamp(log);
    }
    change_text_add(&log->text, &log->filling, change);
    log->seq = change->seq;
    note_writer(log, change->origin);
}

/* --- the far side: a job, mostly --- */

static void write_bytes(struct commit *commit)
{
    const struct file_ops *files = commit->log->parts.files;

    while (commit->written < commit->bytes.len && commit->write_error == 0) {
        struct span rest = span_skip(buf_span(&commit->bytes), commit->written);
        int64_t put = files->write(files->context, commit->file, rest.bytes, rest.len);
        if (put < 0) {
            commit->write_error = (int)put;
        } else if (put == 0) {
            commit->write_error = -ENOSPC;
        } else {
            commit->written += (size_t)put;
        }
    }
    if (commit->write_error != 0 && commit->written > 0) {
        commit->cut_error = files->truncate(files->context, commit->file, commit->file_at);
        commit->written = commit->cut_error == 0 ? 0 : commit->written;
    }
}

static void carry_out(struct commit *commit)
{
    const struct file_ops *files = commit->log->parts.files;

    if (commit->sleep_us > 0) {
        commit->log->parts.sleep(commit->log->parts.context, commit->sleep_us);
    }
    write_bytes(commit);
    if (commit->sync && commit->write_error == 0) {
        int done = files->sync(files->context, commit->file, true);
        commit->sync_error = done < 0 ? done : 0;
    }
    if (commit->close && commit->write_error == 0) {
        (void)files->close(files->context, commit->file);
    }
}

static void run_commit(void *job)
{
    struct commit *commit = job;
    const struct cache_jobs *jobs = commit->log->parts.jobs;
    void (*wake)(void *) = jobs->wake;
    void *context = jobs->context;

    carry_out(commit);
    atomic_store_explicit(&commit->done, true, memory_order_release);
    if (wake != NULL) {
        wake(context);
    }
}

/* --- what came of it --- */

static void say_write_failed(struct aof_log *log)
{
    const struct commit *commit = &log->commit;

    if (log->said_at_ms != 0 && log->now_ms < log->said_at_ms + SAY_EVERY_MS) {
        return;
    }
    log->said_at_ms = log->now_ms;
    log_warning(log->parts.log, "Error writing to the AOF file: %s",
                strerror(-commit->write_error));
    if (commit->cut_error < 0) {
        log_warning(log->parts.log,
                    "Could not remove short write from the append-only file.  Redis may refuse to "
                    "load the AOF the next time it starts.  ftruncate: %s",
                    strerror(-commit->cut_error));
    }
}

/* Nothing is logged any more, and what was said last cannot be. */
static void give_up(struct aof_log *log)
{
    struct commit *commit = &log->commit;

    (void)log->parts.files->close(log->parts.files->context, commit->file);
    log->safe += commit->bytes.len;
    buf_consume(&commit->bytes, commit->bytes.len);
    log->write_error = 0;
}

static void write_failed(struct aof_log *log)
{
    struct commit *commit = &log->commit;

    say_write_failed(log);
    log->write_error = commit->write_error;
    log->retry_at_ms = log->now_ms + RETRY_MS;
    log->safe += commit->written;
    commit->file_at += commit->written;
    buf_consume(&commit->bytes, commit->written);
    if (log->policy.fsync == AOF_FSYNC_ALWAYS) {
        log_warning(log->parts.log, "Can't recover from AOF write error when the AOF fsync policy "
                                    "is 'always'. Exiting...");
        log->parts.lost(log->parts.context);
    } else if (log->file < 0) {
        give_up(log);
    }
}

static void sync_ended(struct aof_log *log)
{
    const struct commit *commit = &log->commit;

    log->sync_error = commit->sync_error;
    if (commit->sync_error == 0) {
        log->synced_seq = commit->seq;
        return;
    }
    log->must_rewrite = true;
    log->unsynced = true;
    if (log->policy.fsync == AOF_FSYNC_ALWAYS) {
        log_warning(log->parts.log,
                    "Can't persist AOF for fsync error when the AOF fsync policy is 'always': %s. "
                    "Exiting...",
                    strerror(-commit->sync_error));
        log->parts.lost(log->parts.context);
    } else {
        log_warning(log->parts.log, "Fail to fsync the AOF file: %s",
                    strerror(-commit->sync_error));
    }
}

static void tell_time(struct aof_log *log)
{
    const struct commit *commit = &log->commit;

    if (log->parts.took != NULL) {
        const char *event = !commit->sync                           ? "aof-write"
                            : log->policy.fsync == AOF_FSYNC_ALWAYS ? "aof-fsync-always"
                                                                    : "aof-write-pending-fsync";
        log->parts.took(log->parts.context, event, log->now_ms - commit->began_at_ms);
    }
}

/* The loop has the commit again. */
static void collect(struct aof_log *log)
{
    struct commit *commit = &log->commit;

    log->on_its_way = false;
    tell_time(log);
    if (commit->write_error != 0) {
        write_failed(log);
        return;
    }
    if (log->write_error != 0) {
        log->write_error = 0;
        log->said_at_ms = 0;
        log_warning(log->parts.log, "AOF write error looks solved, Redis can write again.");
    }
    log->safe += commit->bytes.len;
    if (commit->sync) {
        sync_ended(log);
    } else {
        log->unsynced = true;
    }
    buf_consume(&commit->bytes, commit->bytes.len);
    buf_trim(&commit->bytes, KEPT_BYTES);
}

static void look(struct aof_log *log)
{
    if (log->on_its_way && atomic_load_explicit(&log->commit.done, memory_order_acquire)) {
        collect(log);
    }
}

/* --- what is begun --- */

static void start(struct aof_log *log, bool sync, bool on_the_spot)
{
    struct commit *commit = &log->commit;

    assert(!log->on_its_way);
    commit->sync = sync;
    commit->began_at_ms = log->now_ms;
    commit->sleep_us = log->sleep_us;
    commit->write_error = commit->sync_error = commit->cut_error = 0;
    commit->written = 0;
    atomic_store_explicit(&commit->done, false, memory_order_relaxed);
    log->on_its_way = true;
    if (sync) {
        log->synced_at_ms = log->now_ms;
        log->unsynced = false;
    }
    if (on_the_spot || log->parts.jobs->add == NULL) {
        carry_out(commit);
        collect(log);
    } else {
        log->parts.jobs->add(log->parts.jobs->context, run_commit, commit);
    }
}

/* What gathered becomes the commit; the empty buffer of that gathers what comes. */
static void take_filling(struct aof_log *log)
{
    struct commit *commit = &log->commit;
    struct buf empty = commit->bytes;

    assert(empty.len == 0);
    change_text_end(&log->text, &log->filling);
    commit->bytes = log->filling;
    log->filling = empty;
    commit->file = log->file;
    commit->file_at = log->size;
    commit->close = false;
    commit->seq = log->seq;
    log->size += commit->bytes.len;
}

static bool syncs_always(const struct aof_log *log)
{
    return log->policy.fsync == AOF_FSYNC_ALWAYS && !log->policy.no_fsync;
}

static bool sync_is_due(const struct aof_log *log)
{
    return log->policy.fsync == AOF_FSYNC_EVERYSEC && !log->policy.no_fsync && log->unsynced &&
           log->now_ms >= log->synced_at_ms + FSYNC_EVERY_MS;
}

/* Writers wait for an fsync that takes too long. */
static void be_patient(struct aof_log *log)
{
    if (log->filling.len == 0) {
        return;
    }
    if (log->postponed_ms == 0) {
        log->postponed_ms = log->now_ms;
    } else if (log->postponed_ms != UINT64_MAX &&
               log->now_ms >= log->postponed_ms + FSYNC_PATIENCE_MS) {
        log->postponed_ms = UINT64_MAX;
        log->delayed++;
        log_notice(log->parts.log, "Asynchronous AOF fsync is taking too long (disk is busy?). "
                                   "Writes are answered when it has ended.");
    }
}

static void begin_next(struct aof_log *log)
{
    if (log->commit.bytes.len > 0) { /* A write that failed. */
        if (log->now_ms >= log->retry_at_ms) {
            start(log, syncs_always(log) || log->commit.close || log->held, false);
        }
        return;
    }
    if (log->held) {
        return;
    }
    log->postponed_ms = 0;
    if (log->filling.len > 0) {
        bool few = log->filling.len <= LOOP_WRITE_MAX && !syncs_always(log) && log->sleep_us == 0;
        take_filling(log);
        start(log, syncs_always(log), few);
    }
    if (!log->on_its_way && log->commit.bytes.len == 0 && sync_is_due(log)) {
        take_filling(log);
        start(log, true, false);
    }
}

void aof_log_turn(struct aof_log *log, uint64_t now_ms)
{
    log->now_ms = now_ms;
    look(log);
    change_text_end(&log->text, &log->filling);
    if (!log->on_its_way) {
        begin_next(log);
    }
    be_patient(log);
    log->position = log->safe + log->commit.bytes.len + log->filling.len;
}

/* --- files --- */

bool aof_log_is_on(const struct aof_log *log)
{
    return log->file >= 0;
}

void aof_log_set_sleep(struct aof_log *log, uint64_t us)
{
    assert(us == 0 || log->parts.sleep != NULL);
    log->sleep_us = us;
}

static bool is_idle(const struct aof_log *log)
{
    return !log->on_its_way && log->commit.bytes.len == 0;
}

bool aof_log_is_idle(struct aof_log *log, uint64_t now_ms)
{
    log->now_ms = now_ms;
    look(log);
    return is_idle(log);
}

void aof_log_begin(struct aof_log *log, int file, uint64_t size)
{
    assert(file >= 0);
    assert(is_idle(log));
    if (log->file >= 0) {
        assert(log->held);
        (void)log->parts.files->close(log->parts.files->context, log->file);
    } else {
        assert(log->filling.len == 0);
    }
    log->file = file;
    log->size = size;
    log->held = log->unsynced = false;
    log->write_error = log->sync_error = 0;
    /* The new file is read from its beginning, or behind what is cut off the old one. */
    log->stamped_s = 0;
}

void aof_log_cut(struct aof_log *log, uint64_t now_ms)
{
    assert(log->file >= 0);
    assert(is_idle(log));
    log->now_ms = now_ms;
    log->held = true;
    take_filling(log);
    start(log, true, false);
    change_text_forget_db(&log->text);
}

enum aof_cut aof_log_cut_state(const struct aof_log *log)
{
    if (log->on_its_way) {
        return AOF_CUT_RUNS;
    }
    return log->commit.bytes.len > 0 || log->sync_error != 0 ? AOF_CUT_FAILED : AOF_CUT_DONE;
}

void aof_log_go_on(struct aof_log *log)
{
    log->held = false;
}

void aof_log_end(struct aof_log *log, uint64_t now_ms)
{
    assert(log->file >= 0);
    assert(is_idle(log));
    log->now_ms = now_ms;
    take_filling(log);
    log->commit.close = true;
    log->file = -1;
    log->held = false;
    start(log, true, false);
    change_text_init(&log->text);
}

int aof_log_finish(struct aof_log *log, uint64_t now_ms)
{
    struct commit *commit = &log->commit;

    log->now_ms = now_ms;
    look(log);
    assert(!log->on_its_way);
    if (commit->bytes.len > 0) {
        start(log, true, true);
    }
    if (log->file >= 0 && is_idle(log)) {
        take_filling(log);
        start(log, true, true);
    }
    log->position = log->safe + commit->bytes.len + log->filling.len;
    return log->write_error != 0 ? log->write_error : log->sync_error;
}

/* --- what others may ask --- */

/* While a write cannot be repeated with success, nobody is kept waiting for it: further writes are
 * refused. */
static bool must_wait(const struct aof_log *log)
{
    if (log->policy.fsync == AOF_FSYNC_ALWAYS) {
        return true;
    }
    return log->write_error == 0 && (log->commit.bytes.len > 0 || log->postponed_ms == UINT64_MAX ||
                                     log->filling.len > FILLING_MAX);
}

struct aof_writers aof_log_writers(struct aof_log *log)
{
    struct aof_writers writers = {
        .ids = log->writers,
        .count = log->writer_count,
        .position = log->position,
        .wait = log->position > log->safe && must_wait(log),
    };
    log->writer_count = 0;
    return writers;
}

uint64_t aof_log_safe(const struct aof_log *log)
{
    return log->safe;
}

struct aof_log_figures aof_log_figures(const struct aof_log *log)
{
    return (struct aof_log_figures){
        .size = log->size,
        .filling = log->filling.len,
        .delayed = log->delayed,
        .said_seq = log->seq,
        .synced_seq = log->synced_seq,
        .syncing = log->on_its_way && log->commit.sync,
        .error = log->write_error != 0 ? log->write_error : log->sync_error,
        .write_failed = log->write_error != 0,
    };
}

bool aof_log_must_rewrite(struct aof_log *log)
{
    bool must = log->must_rewrite;
    log->must_rewrite = false;
    return must;
}
