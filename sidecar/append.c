/* Loading takes whole turns of the loop, a few milliseconds each, for as long as nobody is served
 * anyway. */

#include "sidecar/append.h"

static const double slice_seconds = 0.005;
static const double tell_seconds = 5.0;

enum { STEP_BYTES = 4096 };

/* --- the configuration --- */

static enum aof_fsync fsync_of(int word)
{
    switch ((enum appendfsync)word) {
    case APPENDFSYNC_ALWAYS:
        return AOF_FSYNC_ALWAYS;
    case APPENDFSYNC_NO:
        return AOF_FSYNC_NO;
    default:
        return AOF_FSYNC_EVERYSEC;
    }
}

void append_options(const struct options *options, struct aof_options *to,
                    char directory[DISK_DIRECTORY_MAX])
{
    struct persistence_options snapshot;

    disk_options(options, &snapshot, directory);
    *to = (struct aof_options){
        .directory = directory,
        .folder = options->appenddirname,
        .filename = options->appendfilename,
        .on = options->appendonly,
        .fsync = fsync_of(options->appendfsync),
        .no_fsync_on_rewrite = options->no_appendfsync_on_rewrite,
        .timestamps = options->aof_timestamp_enabled,
        .load_truncated = options->aof_load_truncated,
        .preamble = options->aof_use_rdb_preamble,
        .keep_history = options->aof_disable_auto_gc,
        .rewrite_min_size = options->auto_aof_rewrite_min_size,
        .rewrite_percentage = (uint64_t)options->auto_aof_rewrite_percentage,
        .compress = snapshot.compress,
        .sum = snapshot.sum,
        .access = snapshot.access,
    };
}

/* --- loading --- */

static uint64_t now_ms(void)
{
    return (uint64_t)(ev_time() * 1000.0);
}

static void tell_progress(struct append_loading *loading, double now)
{
    struct aof_figures figures = aof_figures(loading->aof, now_ms());
    double total = figures.load_total == 0 ? 1 : (double)figures.load_total;

    if (now - loading->told_at >= tell_seconds) {
        loading->told_at = now;
        log_notice(loading->log, "Loading: %.0f %% of the append-only file",
                   100.0 * (double)figures.load_done / total);
    }
}

static void on_idle(struct ev_loop *loop, struct ev_idle *idle, int events)
{
    struct append_loading *loading = idle->data;
    double until = ev_time() + slice_seconds;
    enum aof_load state;

    (void)loop;
    (void)events;
    do {
        state = aof_load_turn(loading->aof, now_ms(), STEP_BYTES);
    } while (state == AOF_LOAD_RUNS && ev_time() < until);
    if (state == AOF_LOAD_RUNS) {
        tell_progress(loading, ev_time());
        return;
    }
    append_stop_loading(loading);
    loading->done(loading->context, state == AOF_LOAD_DONE);
}

bool append_load(struct append_loading *loading, bool *good)
{
    enum aof_load state = aof_load(loading->aof, now_ms());

    *good = state != AOF_LOAD_FAILED;
    if (state != AOF_LOAD_RUNS) {
        return false;
    }
    loading->told_at = ev_time();
    ev_idle_init(&loading->idle, on_idle);
    loading->idle.data = loading;
    ev_idle_start(loading->loop, &loading->idle);
    return true;
}

void append_stop_loading(struct append_loading *loading)
{
    if (loading->loop != NULL) {
        ev_idle_stop(loading->loop, &loading->idle);
    }
}
