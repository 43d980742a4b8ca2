/* Rewriting: a new base instead of all that was logged.
 *
 * The order makes it safe. First there is a new part, empty and not in the manifest. Then, between
 * two turns, the log is cut: what was said before goes to the old part, what is said from now on
 * gathers, and the snapshot begins. When the old part has its end on the disk the manifest names
 * the new one behind it, and only then is that written to: a part that is torn by the end of the
 * process is always the last. When all of the snapshot is a file the manifest is replaced: the
 * new base, the new part, the rest is history. Only what the manifest calls history is deleted.
 * A process that is killed between any two of these steps leaves files that make up all that was
 * acknowledged, and Redis would load them.
 *
 * FLUSHALL ends a snapshot; the rewrite is then begun anew, behind it. */

#include "cache/persist/aof_state.h"

#include "cache/base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    FAILURES_MAX = 3, /* In a row, before those by growth are held back. */
    DELAY_MINUTES_MAX = 60,
    MINUTE_MS = 60 * 1000,
};

/* --- jobs --- */

static void run_job(void *context)
{
    struct aof_job *job = context;
    const struct cache_jobs *jobs = job->aof->parts.log_jobs;
    void (*wake)(void *) = jobs->wake;
    void *waker = jobs->context;

    job->work(job);
    atomic_store_explicit(&job->done, true, memory_order_release);
    if (wake != NULL) {
        wake(waker);
    }
}

/* Gives it to the queue, and owns it; job_take() looks what came of it. */
static void start_job(struct aof *aof, void (*work)(struct aof_job *job))
{
    struct aof_job *job = memory_zero(sizeof(*job));
    const struct cache_jobs *jobs = aof->parts.log_jobs;
    assert(aof->rewriting.job == NULL);

    job->aof = aof;
    job->work = work;
    job->state = aof->state;
    job->keep_history = aof->options.keep_history;
    job->rdb = aof->rewriting.rdb;
    snprintf(job->path, sizeof(job->path), "%s", aof->rewriting.path);
    job->file = -1;
    aof_place_copy(&job->place, &aof->place);
    aof_manifest_copy(&job->manifest, &aof->manifest);
    aof_manifest_copy(&job->before, &aof->manifest);
    aof->rewriting.job = job;
    if (jobs->add != NULL) {
        jobs->add(jobs->context, run_job, job);
    } else {
        run_job(job);
    }
}

static void job_free(struct aof_job *job)
{
    aof_place_fini(&job->place);
    aof_manifest_fini(&job->manifest);
    aof_manifest_fini(&job->before);
    memory_free(job);
}

static void job_failed(struct aof_job *job, const char *what, int error)
{
    job->what = what;
    job->error = error;
}

/* The job that is done, to be freed; NULL while there is none. Its manifest is ours, if it did not
 * fail. */
static struct aof_job *job_take(struct aof *aof)
{
    struct aof_job *job = aof->rewriting.job;

    if (job == NULL || !atomic_load_explicit(&job->done, memory_order_acquire)) {
        return NULL;
    }
    aof->rewriting.job = NULL;
    if (job->minor != NULL) {
        log_warning(aof->parts.log, "Error %s: %s", job->minor, strerror(-job->minor_error));
    }
    if (job->what == NULL) {
        struct aof_manifest old = aof->manifest;
        aof->manifest = job->manifest;
        job->manifest = old;
    } else if (job->doubtful) {
        /* Their names may be in use. */
        aof->manifest.base_seq = job->manifest.base_seq;
        aof->manifest.incr_seq = job->manifest.incr_seq;
    }
    return job;
}

/* One that only deletes. */
static void drop_job(struct aof *aof)
{
    struct aof_job *job = job_take(aof);

    if (job != NULL) {
        job_free(job);
    }
}

/* --- deleting --- */

static void delete_history(struct aof_job *job)
{
    aof_history_delete(&job->place, &job->manifest, &job->minor, &job->minor_error);
}

void aof_collect_history(struct aof *aof)
{
    if (!aof->options.keep_history && aof->manifest.history != NULL && aof->rewriting.job == NULL) {
        start_job(aof, delete_history);
    }
}

/* A part that came to nothing. */
static void delete_part(struct aof_job *job)
{
    (void)job->place.files->unlink(job->place.files->context, job->path);
}

/* --- opening --- */

static void open_part(struct aof_job *job)
{
    int done = aof_folder_make(&job->place);

    if (done < 0) {
        job_failed(job, "making the folder of the AOF", done);
        return;
    }
    if (job->path[0] == '\0') {
        return;
    }
    job->file = aof_part_create(&job->place, job->path);
    if (job->file < 0) {
        job_failed(job, "opening the next part of the AOF", job->file);
    }
}

/* The manifest on the disk becomes the job's. If it cannot be synced nobody knows which of the two
 * is there: the one before is put back, so that what only the new one names may be deleted. */
static int replace_manifest(struct aof_job *job)
{
    int done = aof_manifest_replace(&job->place, &job->manifest);

    if (done < 0) {
        job->doubtful = aof_manifest_restore(&job->place, &job->before) < 0;
        job_failed(job, "replacing the AOF manifest", done);
    }
    return done;
}

static void list_part(struct aof_job *job)
{
    aof_manifest_new_incr(&job->manifest, job->place.filename);
    (void)replace_manifest(job);
}

/* --- installing --- */

/* The temporary part gets the name that the manifest is about to have for it. */
static int name_part(struct aof_job *job, char path[FILE_PATH_MAX])
{
    const struct file_ops *files = job->place.files;
    char temporary[FILE_PATH_MAX];

    aof_temp_incr_path(&job->place, temporary);
    aof_path(&job->place, aof_manifest_new_incr(&job->manifest, job->place.filename), path);
    int done = files->rename(files->context, temporary, path);
    return done < 0 ? done : file_sync_directory(files, path);
}

static void install(struct aof_job *job)
{
    const struct file_ops *files = job->place.files;
    char base[FILE_PATH_MAX], part[FILE_PATH_MAX] = "";
    const struct aof_part *last = aof_manifest_last(&job->manifest);
    uint64_t retired = last == NULL ? 0 : job->state == AOF_ON ? last->seq - 1 : last->seq;

    const char *name = aof_manifest_new_base(&job->manifest, job->place.filename, job->rdb);
    aof_path(&job->place, name, base);
    aof_manifest_retire(&job->manifest, retired);
    int done = job->state == AOF_WAITS ? name_part(job, part) : 0;
    if (done < 0) {
        job_failed(job, "renaming the first part of the AOF", done);
    } else {
        done = replace_manifest(job);
    }
    if (done < 0 && !job->doubtful) {
        (void)files->unlink(files->context, base);
        if (part[0] != '\0') {
            (void)files->unlink(files->context, part);
        }
    } else if (done == 0 && !job->keep_history) {
        aof_history_delete(&job->place, &job->manifest, &job->minor, &job->minor_error);
    }
}

/* --- the end of it --- */

static void note_end(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    rewriting->last_took_ms = (int64_t)(now_ms - rewriting->began_at_ms);
    rewriting->state = REWRITE_NONE;
    if (rewriting->saving != NULL) {
        rewriting->last_backlog = saving_backlog_peak(rewriting->saving);
        saving_free(rewriting->saving);
        rewriting->saving = NULL;
    }
}

/* The new part is not the last one of the manifest, and will not be. */
static void drop_part(struct aof *aof, bool doubtful)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    if (rewriting->file >= 0) {
        (void)aof->parts.files->close(aof->parts.files->context, rewriting->file);
        rewriting->file = -1;
        if (!doubtful) {
            start_job(aof, delete_part);
        }
    }
}

/* Changes go on to the parts there are. Where there are none yet it is tried again. */
static void fail(struct aof *aof, const char *what, int error, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    note_end(aof, now_ms);
    rewriting->last_failed = true;
    rewriting->failures_in_a_row++;
    log_warning(aof->parts.log, "Background AOF rewrite terminated with error: %s: %s", what,
                strerror(-error));
    if (aof->state == AOF_WAITS) {
        log_notice(aof->parts.log, "Removing the temp incr aof file %s in the background",
                   rewriting->path);
        rewriting->scheduled = true;
        if (rewriting->job == NULL) {
            start_job(aof, delete_part);
        }
    }
}

static void end_called_off(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    note_end(aof, now_ms);
    rewriting->scheduled |= rewriting->again;
    log_notice(aof->parts.log, "Background AOF rewrite called off%s",
               rewriting->again ? ", and begun anew" : "");
}

static void succeed(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    note_end(aof, now_ms);
    rewriting->last_failed = false;
    rewriting->failures_in_a_row = 0;
    rewriting->done++;
    if (aof->state == AOF_WAITS && !rewriting->called_off) {
        aof->state = AOF_ON;
    }
    aof->closed_size = rewriting->sink.file.bytes;
    aof->base_size = aof->closed_size + aof_log_figures(aof->log).size;
    log_notice(aof->parts.log, "Background AOF rewrite finished successfully");
}

/* --- its steps --- */

bool rewrite_is_limited(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    if (rewriting->failures_in_a_row < FAILURES_MAX) {
        rewriting->delay_minutes = rewriting->next_at_ms = 0;
        return false;
    }
    if (rewriting->next_at_ms != 0) {
        bool limited = now_ms < rewriting->next_at_ms;
        rewriting->next_at_ms = limited ? rewriting->next_at_ms : 0;
        return limited;
    }
    uint64_t minutes = rewriting->delay_minutes == 0 ? 1 : rewriting->delay_minutes * 2;
    rewriting->delay_minutes = minutes < DELAY_MINUTES_MAX ? minutes : DELAY_MINUTES_MAX;
    rewriting->next_at_ms = now_ms + rewriting->delay_minutes * MINUTE_MS;
    log_warning(aof->parts.log,
                "Background AOF rewrite has repeatedly failed and triggered the limit, will retry "
                "in %d minutes",
                (int)rewriting->delay_minutes);
    return true;
}

static void name_next(const struct aof *aof, char path[FILE_PATH_MAX])
{
    struct aof_manifest next;

    path[0] = '\0';
    if (aof->state == AOF_WAITS) {
        aof_temp_incr_path(&aof->place, path);
    } else if (aof->state == AOF_ON) {
        aof_manifest_copy(&next, &aof->manifest);
        aof_path(&aof->place, aof_manifest_new_incr(&next, aof->place.filename), path);
        aof_manifest_fini(&next);
    }
}

void rewrite_begin(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;
    assert(rewriting->state == REWRITE_NONE);
    assert(rewriting->job == NULL);

    rewriting->state = REWRITE_OPENING;
    rewriting->scheduled = rewriting->called_off = rewriting->again = false;
    rewriting->began_at_ms = now_ms;
    rewriting->rdb = aof->options.preamble;
    rewriting->file = -1;
    rewriting->what = NULL;
    name_next(aof, rewriting->path);
    log_notice(aof->parts.log, "Background append only file rewriting started");
    start_job(aof, open_part);
}

void rewrite_call_off(struct aof *aof, bool again)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    if (rewriting->state == REWRITE_NONE) {
        return;
    }
    rewriting->called_off = true;
    rewriting->again = again;
    if (rewriting->state == REWRITE_SAVING) {
        saving_cancel(rewriting->saving, "it is called off");
    }
}

static void begin_saving(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;
    char base[FILE_PATH_MAX];
    struct aof_manifest next;

    aof_manifest_copy(&next, &aof->manifest);
    aof_path(&aof->place, aof_manifest_new_base(&next, aof->place.filename, rewriting->rdb), base);
    aof_manifest_fini(&next);
    struct saving_parts parts = aof_saving_parts(aof, base, now_ms);
    rewriting->saving = saving_new(&parts, now_ms);
    rewriting->state = REWRITE_SAVING;
}

/* Between two turns, so that no change is on the wrong side. */
static void change_over(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    if (!aof_log_is_idle(aof->log, now_ms) || snapshot_is_running(aof->parts.cache)) {
        return;
    }
    if (aof->state == AOF_WAITS && aof_log_is_on(aof->log)) {
        aof_log_end(aof->log, now_ms); /* To the part of a rewrite that failed. */
        return;
    }
    if (aof->state == AOF_ON) {
        aof_log_cut(aof->log, now_ms);
        rewriting->switching = SWITCH_CUTTING;
    } else if (rewriting->file >= 0) {
        aof_log_begin(aof->log, rewriting->file, 0);
        rewriting->file = -1;
    }
    begin_saving(aof, now_ms);
}

static void opened(struct aof *aof, uint64_t now_ms)
{
    struct aof_rewriting *rewriting = &aof->rewriting;
    struct aof_job *job = job_take(aof);

    if (job == NULL) {
        return;
    }
    if (job->what != NULL) {
        fail(aof, job->what, job->error, now_ms);
    } else {
        rewriting->file = job->file;
        rewriting->state = REWRITE_OPENED;
    }
    job_free(job);
}

/* The log goes on with the part it has, and the snapshot is of no use. */
static void switch_failed(struct aof *aof, const char *what, int error, bool doubtful)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    rewriting->switching = SWITCH_STAYS;
    rewriting->what = what;
    rewriting->error = error;
    aof_log_go_on(aof->log);
    drop_part(aof, doubtful);
    saving_cancel(rewriting->saving, "there is no part behind it");
}

static void cut(struct aof *aof)
{
    enum aof_cut state = aof_log_cut_state(aof->log);

    if (state == AOF_CUT_FAILED) {
        switch_failed(aof, "writing the end of a part of the AOF", aof_log_figures(aof->log).error,
                      false);
    } else if (state == AOF_CUT_DONE) {
        aof->rewriting.switching = SWITCH_LISTING;
        start_job(aof, list_part);
    }
}

static void listed(struct aof *aof)
{
    struct aof_rewriting *rewriting = &aof->rewriting;
    struct aof_job *job = job_take(aof);

    if (job == NULL) {
        return;
    }
    if (job->what != NULL) {
        switch_failed(aof, job->what, job->error, job->doubtful);
    } else {
        aof->closed_size += aof_log_figures(aof->log).size;
        aof_log_begin(aof->log, rewriting->file, 0);
        rewriting->file = -1;
        rewriting->switching = SWITCH_STAYS;
        log_notice(aof->parts.log, "Creating AOF incr file %s on background rewrite",
                   aof_manifest_last(&aof->manifest)->name);
    }
    job_free(job);
}

static bool saved(struct aof *aof)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    log_notice(aof->parts.log, "Background AOF rewrite terminated with success");
    rewriting->state = REWRITE_INSTALLING;
    start_job(aof, install);
    return aof->parts.log_jobs->add == NULL;
}

static bool save(struct aof *aof, uint64_t now_ms, size_t buckets)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    if (rewriting->switching == SWITCH_CUTTING) {
        (void)aof_log_is_idle(aof->log, now_ms);
        cut(aof);
    } else if (rewriting->switching == SWITCH_LISTING) {
        listed(aof);
    } else {
        drop_job(aof);
    }
    enum saving_state state = saving_turn(rewriting->saving, buckets);
    if (state == SAVING_RUNS) {
        return saving_is_busy(rewriting->saving);
    }
    if (rewriting->switching != SWITCH_STAYS || rewriting->job != NULL) {
        return false; /* A job wakes the loop. */
    }
    if (state == SAVING_DONE) {
        return saved(aof);
    }
    if (rewriting->what != NULL) {
        fail(aof, rewriting->what, rewriting->error, now_ms);
    } else if (state == SAVING_FAILED) {
        fail(aof, rewriting->sink.file.failed, saving_error(rewriting->saving), now_ms);
    } else {
        rewriting->again |= !rewriting->called_off;
        end_called_off(aof, now_ms);
    }
    return false;
}

static void installed(struct aof *aof, uint64_t now_ms)
{
    struct aof_job *job = job_take(aof);

    if (job == NULL) {
        return;
    }
    if (job->what != NULL) {
        fail(aof, job->what, job->error, now_ms);
    } else {
        succeed(aof, now_ms);
    }
    job_free(job);
}

bool rewrite_turn(struct aof *aof, uint64_t now_ms, size_t buckets)
{
    switch (aof->rewriting.state) {
    case REWRITE_NONE:
        drop_job(aof);
        return false;
    case REWRITE_OPENING:
        opened(aof, now_ms);
        return aof->rewriting.state == REWRITE_OPENED;
    case REWRITE_OPENED:
        if (aof->rewriting.called_off) {
            drop_part(aof, false);
            end_called_off(aof, now_ms);
        } else {
            change_over(aof, now_ms);
        }
        return aof->rewriting.state == REWRITE_SAVING;
    case REWRITE_SAVING:
        return save(aof, now_ms, buckets);
    case REWRITE_INSTALLING:
        installed(aof, now_ms);
        return false;
    }
    unreachable("a rewrite has no other state");
}

void rewrite_fini(struct aof *aof)
{
    struct aof_rewriting *rewriting = &aof->rewriting;

    if (rewriting->job != NULL) {
        assert(atomic_load(&rewriting->job->done));
        rewriting->file = rewriting->job->file >= 0 ? rewriting->job->file : rewriting->file;
        job_free(rewriting->job);
        rewriting->job = NULL;
    }
    if (rewriting->file >= 0) {
        (void)aof->parts.files->close(aof->parts.files->context, rewriting->file);
    }
    saving_free(rewriting->saving);
}
