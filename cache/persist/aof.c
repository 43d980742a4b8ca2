/* The append-only file as a whole: whether it is on, its figures, and what others ask of it. */

#include "cache/persist/aof.h"

#include "cache/base/memory.h"
#include "cache/persist/aof_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BACKLOG_MIN = 4 * 1024 * 1024,
    BACKLOG_MAX = 32 * 1024 * 1024,
    BACKLOG_SHARE = 20, /* One part in so many of the memory in use. */
};

/* --- life --- */

static void lost(void *context)
{
    struct aof *aof = context;
    aof->parts.lost(aof->parts.context);
}

static void took(void *context, const char *event, uint64_t ms)
{
    const struct aof *aof = context;
    if (aof->parts.took != NULL) {
        aof->parts.took(aof->parts.context, event, ms);
    }
}

static void nap(void *context, uint64_t us)
{
    const struct aof *aof = context;
    aof->parts.sleep(aof->parts.context, us);
}

void aof_set_sleep(struct aof *aof, uint64_t us)
{
    aof_log_set_sleep(aof->log, us);
}

static void set_policy(struct aof *aof)
{
    const struct aof_options *options = &aof->options;
    bool busy = options->no_fsync_on_rewrite && snapshot_is_running(aof->parts.cache);

    aof_log_set_policy(aof->log, &(struct aof_log_policy){ .fsync = options->fsync,
                                                           .no_fsync = busy,
                                                           .timestamps = options->timestamps });
}

static void take_options(struct aof *aof, const struct aof_options *options)
{
    aof->options = *options;
    aof->options.directory = aof->options.folder = aof->options.filename = NULL;
    aof_place_fini(&aof->place);
    aof_place_init(&aof->place, aof->parts.files, options->directory, options->folder,
                   options->filename);
    set_policy(aof);
}

struct aof *aof_new(const struct aof_parts *parts, const struct aof_options *options)
{
    struct aof *aof = memory_zero(sizeof(*aof));
    struct aof_log_parts log = {
        .files = parts->files,
        .jobs = parts->log_jobs,
        .log = parts->log,
        .context = aof,
        .lost = lost,
        .took = took,
        .sleep = nap,
    };

    aof->parts = *parts;
    aof->log = aof_log_new(&log);
    aof->rewriting.file = -1;
    aof->rewriting.last_took_ms = -1;
    take_options(aof, options);
    return aof;
}

void aof_stop(struct aof *aof)
{
    rewrite_call_off(aof, false);
}

void aof_free(struct aof *aof)
{
    if (aof == NULL) {
        return;
    }
    aof_loading_fini(aof);
    rewrite_fini(aof);
    aof_log_free(aof->log);
    aof_manifest_fini(&aof->manifest);
    aof_place_fini(&aof->place);
    memory_free(aof);
}

/* --- on and off --- */

static void begin_or_schedule(struct aof *aof, uint64_t now_ms)
{
    bool free = aof->rewriting.state == REWRITE_NONE && !snapshot_is_running(aof->parts.cache);

    if (free && aof->rewriting.job == NULL) {
        rewrite_begin(aof, now_ms);
    } else if (free) {
        aof->rewriting.begun = true;
    } else {
        aof->rewriting.scheduled = true;
    }
}

static void turn_on(struct aof *aof, uint64_t now_ms)
{
    aof->state = AOF_WAITS;
    if (aof->rewriting.state != REWRITE_NONE) {
        log_warning(aof->parts.log,
                    "AOF was enabled but there is already an AOF rewriting in "
                    "background. Stopping background AOF and starting a rewrite now.");
        rewrite_call_off(aof, true);
        return;
    }
    begin_or_schedule(aof, now_ms);
    if (aof->rewriting.scheduled) {
        log_warning(aof->parts.log,
                    "AOF was enabled but there is already another background operation. An AOF "
                    "background was scheduled to start when possible.");
    }
}

/* The log is ended when nothing of it is on its way any more: end_log(). */
static void turn_off(struct aof *aof)
{
    aof->state = AOF_OFF;
    aof->ending = aof_log_is_on(aof->log);
    if (aof->rewriting.state != REWRITE_NONE) {
        log_notice(aof->parts.log, "Killing running AOF rewrite child: a snapshot, called off");
    }
    aof->rewriting.scheduled = aof->rewriting.begun = false;
    rewrite_call_off(aof, false);
}

static void end_log(struct aof *aof, uint64_t now_ms)
{
    if (aof->ending && aof->rewriting.switching == SWITCH_STAYS &&
        aof_log_is_idle(aof->log, now_ms)) {
        aof->ending = false;
        aof_log_end(aof->log, now_ms);
    }
}

void aof_configure(struct aof *aof, const struct aof_options *options, uint64_t now_ms)
{
    take_options(aof, options);
    if (!aof->started) {
        return;
    }
    if (options->on && aof->state == AOF_OFF) {
        turn_on(aof, now_ms);
    } else if (!options->on && aof->state != AOF_OFF) {
        turn_off(aof);
    }
    aof_collect_history(aof);
}

/* --- running --- */

void aof_change(void *context, const struct change *change)
{
    struct aof *aof = context;

    if (aof->state != AOF_OFF && !aof->ending && aof->loading.began_at_ms == 0) {
        aof_log_change(aof->log, change);
    }
}

bool aof_turn(struct aof *aof, uint64_t now_ms, size_t buckets)
{
    if (aof->loading.began_at_ms != 0) {
        return false; /* A script of the log lets the loop turn. */
    }
    set_policy(aof);
    bool busy = rewrite_turn(aof, now_ms, buckets);
    if (aof->rewriting.begun && aof->rewriting.job == NULL) {
        aof->rewriting.begun = false;
        begin_or_schedule(aof, now_ms);
    }
    end_log(aof, now_ms);
    aof_log_turn(aof->log, now_ms);
    if (aof_log_must_rewrite(aof->log) && aof->state == AOF_ON) {
        aof->rewriting.scheduled = true;
    }
    return busy;
}

static uint64_t size_now(const struct aof *aof)
{
    return aof->closed_size + aof_log_figures(aof->log).size;
}

/* How much it has grown since the last rewrite, in percent; 0: not enough. */
static uint64_t growth(const struct aof *aof)
{
    const struct aof_options *options = &aof->options;
    uint64_t size = size_now(aof);
    uint64_t base = aof->base_size == 0 ? 1 : aof->base_size;

    if (aof->state != AOF_ON || options->rewrite_percentage == 0 ||
        size <= options->rewrite_min_size || size <= base) {
        return 0;
    }
    uint64_t percent = (uint64_t)((double)(size - base) * 100.0 / (double)base);
    return percent >= options->rewrite_percentage ? percent : 0;
}

void aof_tick(struct aof *aof, uint64_t now_ms)
{
    bool free = aof->rewriting.state == REWRITE_NONE && aof->rewriting.job == NULL &&
                !aof->rewriting.begun && !snapshot_is_running(aof->parts.cache);

    if (!aof->started || !free || aof->loading.began_at_ms != 0) {
        return;
    }
    if (aof->rewriting.scheduled) {
        if (!rewrite_is_limited(aof, now_ms)) {
            rewrite_begin(aof, now_ms);
        }
        return;
    }
    uint64_t percent = growth(aof);
    if (percent > 0 && !rewrite_is_limited(aof, now_ms)) {
        log_notice(aof->parts.log, "Starting automatic rewriting of AOF on %" PRIu64 "%% growth",
                   percent);
        rewrite_begin(aof, now_ms);
    }
}

struct aof_writers aof_writers(struct aof *aof)
{
    return aof_log_writers(aof->log);
}

uint64_t aof_safe(const struct aof *aof)
{
    return aof_log_safe(aof->log);
}

const char *aof_refuses_writes(const struct aof *aof)
{
    int error = aof_log_figures(aof->log).error;
    return aof->state != AOF_OFF && error != 0 ? strerror(-error) : NULL;
}

bool aof_is_saving(const struct aof *aof)
{
    return aof->rewriting.saving != NULL;
}

bool aof_is_behind(const struct aof *aof)
{
    const struct aof_rewriting *rewriting = &aof->rewriting;
    return rewriting->saving != NULL && saving_is_behind(rewriting->saving);
}

enum aof_answer aof_rewrite(struct aof *aof, uint64_t now_ms)
{
    if (aof->rewriting.state != REWRITE_NONE || aof->rewriting.begun) {
        return AOF_RUNS_ALREADY;
    }
    begin_or_schedule(aof, now_ms);
    return aof->rewriting.scheduled ? AOF_SCHEDULED : AOF_STARTED;
}

static void wait_for_jobs(const struct aof *aof)
{
    if (aof->parts.wait != NULL) {
        aof->parts.wait(aof->parts.context);
    }
}

int aof_settle(struct aof *aof, uint64_t now_ms)
{
    wait_for_jobs(aof);
    while (aof->rewriting.switching != SWITCH_STAYS) {
        (void)rewrite_turn(aof, now_ms, 0);
        wait_for_jobs(aof);
    }
    return aof_log_finish(aof->log, now_ms);
}

/* --- bases --- */

static size_t backlog_max(void)
{
    size_t share = memory_refresh().used / BACKLOG_SHARE;
    return share < BACKLOG_MIN ? BACKLOG_MIN : share > BACKLOG_MAX ? BACKLOG_MAX : share;
}

static int write_base(void *context, struct span bytes)
{
    struct base_sink *sink = context;

    if (sink->stamp_s != 0) {
        char note[64];
        int len = snprintf(note, sizeof(note), "#TS:%" PRIu64 "\r\n", sink->stamp_s);
        sink->stamp_s = 0;
        int done = sink->into.write(sink->into.context, (struct span){ note, (size_t)len });
        if (done < 0) {
            return done;
        }
    }
    return sink->into.write(sink->into.context, bytes);
}

static int finish_base(void *context)
{
    struct base_sink *sink = context;
    return sink->into.finish(sink->into.context);
}

static void abandon_base(void *context)
{
    struct base_sink *sink = context;
    sink->into.abandon(sink->into.context);
}

struct saving_parts aof_saving_parts(struct aof *aof, const char *base, uint64_t now_ms)
{
    struct base_sink *sink = &aof->rewriting.sink;
    bool rdb = aof->options.preamble;
    char temporary[FILE_PATH_MAX], name[64];

    snprintf(name, sizeof(name), "temp-rewriteaof-bg-%d.aof", aof->parts.process_id);
    aof_path(&aof->place, name, temporary);
    file_sink_init(&sink->file, aof->parts.files, base, temporary);
    sink->into = file_sink(&sink->file);
    sink->stamp_s = !rdb && aof->options.timestamps ? now_ms / 1000 : 0;
    return (struct saving_parts){
        .cache = aof->parts.cache,
        .jobs = aof->parts.jobs,
        .sink = { .context = sink,
                  .write = write_base,
                  .finish = finish_base,
                  .abandon = abandon_base },
        .form = rdb ? SAVING_RDB : SAVING_COMMANDS,
        .facts = { .now_ms = now_ms, .used_memory = memory_refresh().used, .is_base = true },
        .access = aof->options.access,
        .compress = aof->options.compress,
        .sum = aof->options.sum,
        .backlog_max = backlog_max(),
    };
}

/* --- figures --- */

struct aof_figures aof_figures(const struct aof *aof, uint64_t now_ms)
{
    const struct aof_rewriting *rewriting = &aof->rewriting;
    struct aof_log_figures log = aof_log_figures(aof->log);
    struct aof_figures figures = {
        .on = aof->state != AOF_OFF,
        .waits = aof->state == AOF_WAITS,
        .rewrites = rewriting->state != REWRITE_NONE || rewriting->begun,
        .scheduled = rewriting->scheduled,
        .last_rewrite_failed = rewriting->last_failed,
        .last_took_s = rewriting->last_took_ms < 0 ? -1 : rewriting->last_took_ms / 1000,
        .took_s = -1,
        .rewrites_done = rewriting->done,
        .failures_in_a_row = rewriting->failures_in_a_row,
        .last_write_failed = log.error != 0,
        .size = size_now(aof),
        .base_size = aof->base_size,
        .buffer = log.filling,
        .syncing = log.syncing,
        .delayed = log.delayed,
        .said_seq = log.said_seq,
        .synced_seq = log.synced_seq,
        .last_backlog = rewriting->last_backlog,
    };

    if (figures.rewrites) {
        figures.took_s = (int64_t)(now_ms - rewriting->began_at_ms) / 1000;
    }
    if (rewriting->saving != NULL) {
        struct snapshot_progress progress = saving_progress(rewriting->saving);
        figures.keys_done = progress.visited;
        figures.keys_total = progress.total;
    }
    if (aof->loading.began_at_ms != 0) {
        figures.load_began_s = aof->loading.began_at_ms / 1000;
        figures.load_total = aof->loading.total;
        figures.load_done = aof->loading.done;
    }
    return figures;
}
