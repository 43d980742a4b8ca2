/* The RDB file: when it is saved, what became of it, and how it is loaded.
 *
 * A change is counted as saved when the snapshot that holds it is on disk. Changes since then are
 * those of the store less those at the beginning of the last good snapshot. */

#include "cache/persist/persistence.h"

#include "cache/base/memory.h"
#include "cache/persist/file_sink.h"
#include "cache/persist/insert.h"
#include "cache/persist/rdb_file.h"
#include "cache/persist/saving.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    RETRY_MS = 5000,
    BACKLOG_MIN = 4 * 1024 * 1024,
    BACKLOG_MAX = 32 * 1024 * 1024,
    BACKLOG_SHARE = 20, /* One part in so many of the memory in use. */
};

struct persistence {
    struct persistence_parts parts;
    struct persistence_options options;
    char path[FILE_PATH_MAX];
    char directory[FILE_PATH_MAX / 2];

    struct saving *saving; /* NULL: none. */
    struct file_sink *file;
    uint64_t began_at_ms, began_with; /* Changes at the beginning. */
    bool scheduled;
    bool last_failed;
    uint64_t tried_at_ms; /* 0: never. */
    uint64_t last_save_ms, last_save_with;
    int64_t last_took_ms; /* -1: none yet. */
    uint64_t saved;
    uint64_t last_backlog;
    uint64_t emptied; /* How often the store was, when last looked at. */
    bool of_nothing;  /* What is being saved is what a FLUSHALL left. */

    struct rdb_file *loading; /* NULL: none. */
    uint64_t load_began_ms;
    struct rdb_report report;

    void (*tell_place)(void *context, struct rdb_facts *facts);
    void *place_context;
};

/* --- life --- */

void persistence_set_place(struct persistence *persistence,
                           void (*tell)(void *context, struct rdb_facts *facts), void *context)
{
    persistence->tell_place = tell;
    persistence->place_context = context;
}

void persistence_configure(struct persistence *persistence,
                           const struct persistence_options *options)
{
    persistence->options = *options;
    persistence->options.directory = NULL;
    persistence->options.file_name = NULL;
    snprintf(persistence->path, sizeof(persistence->path), "%s/%s", options->directory,
             options->file_name);
    snprintf(persistence->directory, sizeof(persistence->directory), "%s", options->directory);
}

struct persistence *persistence_new(const struct persistence_parts *parts,
                                    const struct persistence_options *options, uint64_t now_ms)
{
    struct persistence *persistence = memory_zero(sizeof(*persistence));

    persistence->parts = *parts;
    persistence->last_took_ms = -1;
    persistence->last_save_ms = now_ms;
    persistence_configure(persistence, options);
    return persistence;
}

void persistence_stop(struct persistence *persistence)
{
    if (persistence->saving != NULL) {
        saving_cancel(persistence->saving, "podis stops");
    }
}

void persistence_free(struct persistence *persistence)
{
    if (persistence == NULL) {
        return;
    }
    saving_free(persistence->saving);
    memory_free(persistence->file);
    rdb_file_close(persistence->loading);
    memory_free(persistence);
}

/* --- saving --- */

static uint64_t changes_now(const struct persistence *persistence)
{
    return cache_stats(persistence->parts.cache).changes;
}

static size_t backlog_max(void)
{
    size_t share = memory_refresh().used / BACKLOG_SHARE;
    return share < BACKLOG_MIN ? BACKLOG_MIN : share > BACKLOG_MAX ? BACKLOG_MAX : share;
}

/* SAVE and BGSAVE may be at work at the same time: each has a temporary name of its own. */
static struct saving_parts parts_of(struct persistence *persistence, struct file_sink *file,
                                    const char *name, uint64_t now_ms)
{
    char temporary[FILE_PATH_MAX];
    struct rdb_facts facts = { .now_ms = now_ms, .used_memory = memory_refresh().used };

    snprintf(temporary, sizeof(temporary), "%s/temp-%s-%d.rdb", persistence->directory, name,
             persistence->parts.process_id);
    file_sink_init(file, persistence->parts.files, persistence->path, temporary);
    if (persistence->tell_place != NULL) {
        persistence->tell_place(persistence->place_context, &facts);
    }
    return (struct saving_parts){
        .cache = persistence->parts.cache,
        .jobs = persistence->parts.jobs,
        .sink = file_sink(file),
        .form = SAVING_RDB,
        .facts = facts,
        .access = persistence->options.access,
        .compress = persistence->options.compress,
        .sum = persistence->options.sum,
        .backlog_max = backlog_max(),
    };
}

static void note_success(struct persistence *persistence, uint64_t with, uint64_t now_ms)
{
    persistence->last_failed = false;
    persistence->last_save_ms = now_ms;
    persistence->last_save_with = with;
    persistence->saved++;
}

static void log_failure(const struct persistence *persistence, const struct file_sink *file,
                        int error)
{
    log_warning(persistence->parts.log, "Error %s the RDB file %s: %s",
                file->failed == NULL ? "saving" : file->failed, persistence->path,
                strerror(-error));
}

static void begin(struct persistence *persistence, uint64_t now_ms)
{
    persistence->file = memory_alloc(sizeof(*persistence->file));
    struct saving_parts parts = parts_of(persistence, persistence->file, "bgsave", now_ms);

    persistence->scheduled = persistence->of_nothing = false;
    persistence->began_at_ms = now_ms;
    persistence->tried_at_ms = now_ms;
    persistence->began_with = changes_now(persistence);
    persistence->saving = saving_new(&parts, now_ms);
    log_notice(persistence->parts.log, "Background saving started");
}

static void end(struct persistence *persistence, enum saving_state state, uint64_t now_ms)
{
    const struct log *log = persistence->parts.log;

    persistence->last_backlog = saving_backlog_peak(persistence->saving);
    persistence->last_took_ms = (int64_t)(now_ms - persistence->began_at_ms);
    if (state == SAVING_DONE) {
        note_success(persistence, persistence->began_with, now_ms);
        log_notice(log, "DB saved on disk");
        log_notice(log, "Background saving terminated with success");
    } else if (state == SAVING_FAILED) {
        persistence->last_failed = true;
        log_failure(persistence, persistence->file, saving_error(persistence->saving));
        log_warning(log, "Background saving error");
    } else {
        log_warning(log, "Background saving called off: %s", saving_why(persistence->saving));
    }
    saving_free(persistence->saving);
    memory_free(persistence->file);
    persistence->saving = NULL;
    persistence->file = NULL;
}

/* Nothing is visited ahead of its time. */
static bool is_early(const struct persistence *persistence, uint64_t now_ms)
{
    uint64_t delay_us = persistence->options.key_delay_us;
    uint64_t elapsed_us = (now_ms - persistence->began_at_ms) * 1000;

    return delay_us > 0 && saving_progress(persistence->saving).visited > elapsed_us / delay_us;
}

static bool may_try(const struct persistence *persistence, uint64_t now_ms)
{
    return !persistence->last_failed || now_ms - persistence->tried_at_ms > RETRY_MS;
}

/* Whether a snapshot may begin now. */
static bool is_free(const struct persistence *persistence, uint64_t now_ms)
{
    return persistence->saving == NULL && persistence->loading == NULL &&
           !snapshot_is_running(persistence->parts.cache) && may_try(persistence, now_ms);
}

/* As Redis: after FLUSHALL what is on disk soon is nothing, too, if it is saved at all. */
static bool look_at_flushes(struct persistence *persistence)
{
    uint64_t emptied = cache_times_emptied(persistence->parts.cache);
    bool flushed = emptied != persistence->emptied && persistence->options.point_count > 0;

    persistence->scheduled |= flushed;
    persistence->emptied = emptied;
    return flushed;
}

bool persistence_wants_turn(const struct persistence *persistence)
{
    return persistence->saving != NULL || persistence->scheduled ||
           cache_times_emptied(persistence->parts.cache) != persistence->emptied;
}

bool persistence_turn(struct persistence *persistence, uint64_t now_ms, size_t buckets)
{
    bool flushed = look_at_flushes(persistence);
    if (persistence->scheduled && is_free(persistence, now_ms)) {
        begin(persistence, now_ms);
        persistence->of_nothing = flushed;
    }
    if (persistence->saving == NULL) {
        return false;
    }
    bool early = is_early(persistence, now_ms);
    enum saving_state state = saving_turn(persistence->saving, early ? 0 : buckets);
    if (state != SAVING_RUNS) {
        end(persistence, state, now_ms);
        return false;
    }
    return !early && saving_is_busy(persistence->saving);
}

bool persistence_is_saving(const struct persistence *persistence)
{
    return persistence->saving != NULL;
}

enum persistence_answer persistence_begin(struct persistence *persistence, bool schedule,
                                          uint64_t now_ms)
{
    if (persistence->saving != NULL && persistence->of_nothing) {
        persistence->scheduled = true; /* It is over at once, and nobody asked for it. */
        return PERSISTENCE_OK;
    }
    if (persistence->saving != NULL) {
        return PERSISTENCE_SAVES;
    }
    if (!snapshot_is_running(persistence->parts.cache)) {
        begin(persistence, now_ms);
        return PERSISTENCE_OK;
    }
    if (!schedule) {
        return PERSISTENCE_IS_BUSY;
    }
    persistence->scheduled = true;
    return PERSISTENCE_SCHEDULED;
}

static enum persistence_answer save_at_once(struct persistence *persistence, uint64_t now_ms)
{
    struct file_sink file;
    struct saving_parts parts = parts_of(persistence, &file, "save", now_ms);

    int error = saving_at_once(&parts, now_ms);
    if (error < 0) {
        log_failure(persistence, &file, error);
        return PERSISTENCE_CANNOT;
    }
    note_success(persistence, changes_now(persistence), now_ms);
    log_notice(persistence->parts.log, "DB saved on disk");
    return PERSISTENCE_OK;
}

enum persistence_answer persistence_save(struct persistence *persistence, uint64_t now_ms)
{
    return persistence->saving != NULL ? PERSISTENCE_SAVES : save_at_once(persistence, now_ms);
}

enum persistence_answer persistence_save_last(struct persistence *persistence, uint64_t now_ms)
{
    return save_at_once(persistence, now_ms);
}

static void look_at_points(struct persistence *persistence, uint64_t now_ms)
{
    uint64_t changes = changes_now(persistence) - persistence->last_save_with;
    uint64_t seconds = (now_ms - persistence->last_save_ms) / 1000;

    for (size_t i = 0; i < persistence->options.point_count; i++) {
        const struct save_point *point = &persistence->options.points[i];
        if (changes >= point->changes && seconds > point->seconds) {
            log_notice(persistence->parts.log,
                       "%" PRIu64 " changes in %" PRIu64 " seconds. Saving...", point->changes,
                       point->seconds);
            begin(persistence, now_ms);
            return;
        }
    }
}

void persistence_tick(struct persistence *persistence, uint64_t now_ms)
{
    if (!persistence->scheduled && is_free(persistence, now_ms)) {
        look_at_points(persistence, now_ms);
    }
}

bool persistence_saves_at_exit(const struct persistence *persistence)
{
    return persistence->options.point_count > 0;
}

bool persistence_refuses_writes(const struct persistence *persistence)
{
    return persistence->last_failed && persistence->options.stop_writes &&
           persistence->options.point_count > 0;
}

bool persistence_is_behind(const struct persistence *persistence)
{
    return persistence->saving != NULL && saving_is_behind(persistence->saving);
}

/* --- loading --- */

static void load_fails(const struct persistence *persistence, const char *why)
{
    log_warning(persistence->parts.log, "Cannot load the RDB file %s: %s", persistence->path, why);
}

enum load_state persistence_load(struct persistence *persistence,
                                 const struct persistence_loading *loading, uint64_t now_ms)
{
    const struct rdb_reading reading = {
        .cache = persistence->parts.cache,
        .log = persistence->parts.log,
        .now_ms = now_ms,
        .check_sum = persistence->options.sum,
        .keep_expired = loading->keep_expired,
        .replace = loading->replace,
        .context = loading->context,
        .function = loading->function,
        .wanted = loading->wanted,
    };
    assert(persistence->loading == NULL);

    int error =
        rdb_file_open(persistence->parts.files, persistence->path, &reading, &persistence->loading);
    if (error == -ENOENT) {
        return LOAD_NO_FILE;
    }
    if (error < 0) {
        load_fails(persistence, strerror(-error));
        return LOAD_FAILED;
    }
    snapshot_cancel(persistence->parts.cache, "a file is loaded");
    persistence->load_began_ms = now_ms;
    return LOAD_RUNS;
}

static void note_loaded(struct persistence *persistence)
{
    const struct rdb_report *report = &persistence->report;

    log_notice(persistence->parts.log,
               "Done loading RDB, keys loaded: %" PRIu64 ", keys expired: %" PRIu64
               ", empty keys skipped: %" PRIu64 ".",
               report->keys, report->expired, report->empty);
    if (report->unwanted > 0) {
        log_notice(persistence->parts.log, "%" PRIu64 " keys belong to others now",
                   report->unwanted);
    }
    persistence->last_save_with = changes_now(persistence);
}

enum load_state persistence_load_turn(struct persistence *persistence, size_t records)
{
    assert(persistence->loading != NULL);
    enum rdb_progress progress = rdb_file_step(persistence->loading, records);

    persistence->report = *rdb_file_report(persistence->loading);
    if (progress == RDB_MORE) {
        return LOAD_RUNS;
    }
    rdb_file_close(persistence->loading);
    persistence->loading = NULL;
    if (progress == RDB_FAILED) {
        char why[384];
        snprintf(why, sizeof(why), "at offset %" PRIu64 ": %s", persistence->report.offset,
                 persistence->report.why);
        load_fails(persistence, why);
        return LOAD_FAILED;
    }
    note_loaded(persistence);
    return LOAD_DONE;
}

enum load_state persistence_reload(struct persistence *persistence,
                                   const struct persistence_reload *reload, uint64_t now_ms)
{
    const struct persistence_loading loading = { .replace = reload->merge };

    if (reload->save && save_at_once(persistence, now_ms) != PERSISTENCE_OK) {
        return LOAD_RUNS;
    }
    if (reload->flush) {
        insert_into_nothing(persistence->parts.cache);
    }
    enum load_state state = persistence_load(persistence, &loading, now_ms);
    while (state == LOAD_RUNS) {
        state = persistence_load_turn(persistence, SIZE_MAX);
    }
    return state;
}

/* --- figures --- */

static void add_saving(const struct persistence *persistence, uint64_t now_ms,
                       struct persistence_figures *figures)
{
    if (persistence->saving == NULL) {
        return;
    }
    struct snapshot_progress progress = saving_progress(persistence->saving);
    figures->keys_done = progress.visited;
    figures->keys_total = progress.total;
    figures->backlog = saving_backlog(persistence->saving);
    figures->backlog_peak = saving_backlog_peak(persistence->saving);
    figures->took_s = (int64_t)(now_ms - persistence->began_at_ms) / 1000;
}

static void add_loading(const struct persistence *persistence, struct persistence_figures *figures)
{
    if (persistence->loading == NULL) {
        return;
    }
    figures->load_began_s = persistence->load_began_ms / 1000;
    figures->load_total = rdb_file_size(persistence->loading);
    figures->load_done = persistence->report.offset;
    figures->load_used_memory = persistence->report.used_memory;
}

struct persistence_figures persistence_figures(const struct persistence *persistence,
                                               uint64_t now_ms)
{
    struct persistence_figures figures = {
        .saves = persistence->saving != NULL,
        .scheduled = persistence->scheduled,
        .last_failed = persistence->last_failed,
        .changes = changes_now(persistence) - persistence->last_save_with,
        .last_save_s = persistence->last_save_ms / 1000,
        .last_took_s = persistence->last_took_ms < 0 ? -1 : persistence->last_took_ms / 1000,
        .took_s = -1,
        .saved = persistence->saved,
        .last_backlog = persistence->last_backlog,
        .load_expired = persistence->report.expired,
        .load_keys = persistence->report.keys,
    };
    add_saving(persistence, now_ms, &figures);
    add_loading(persistence, &figures);
    return figures;
}

const struct rdb_report *persistence_report(const struct persistence *persistence)
{
    return &persistence->report;
}

const char *persistence_path(const struct persistence *persistence)
{
    return persistence->path;
}
