/* Loading takes whole turns of the loop, a few milliseconds each, for as long as nobody is served
 * anyway. */

#include "sidecar/disk.h"

#include "cache/base/check.h"
#include "cache/base/number.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double slice_seconds = 0.005;
static const double tell_seconds = 5.0;

enum { RECORDS = 64 };

/* --- the configuration --- */

static uint64_t number_of(const char *text)
{
    uint64_t number = 0;
    bool good = number_parse_unsigned(span_from(text), &number);
    assert(good); /* The configuration was checked. */
    return number;
}

static void add_points(const struct option_list *save, struct persistence_options *to)
{
    for (size_t i = 0; i + 1 < save->count && to->point_count < SAVE_POINTS_MAX; i += 2) {
        to->points[to->point_count++] =
            (struct save_point){ .seconds = number_of(save->items[i]),
                                 .changes = number_of(save->items[i + 1]) };
    }
}

static enum rdb_access access_of(int policy)
{
    switch ((enum maxmemory_policy)policy) {
    case POLICY_VOLATILE_LRU:
    case POLICY_ALLKEYS_LRU:
        return RDB_ACCESS_IDLE;
    case POLICY_VOLATILE_LFU:
    case POLICY_ALLKEYS_LFU:
        return RDB_ACCESS_FREQUENCY;
    default:
        return RDB_ACCESS_NONE;
    }
}

void disk_options(const struct options *options, struct persistence_options *to,
                  char directory[DISK_DIRECTORY_MAX])
{
    if (getcwd(directory, DISK_DIRECTORY_MAX) == NULL) {
        snprintf(directory, DISK_DIRECTORY_MAX, ".");
    }
    *to = (struct persistence_options){
        .directory = directory,
        .file_name = options->dbfilename,
        .compress = options->rdbcompression,
        .sum = options->rdbchecksum,
        .stop_writes = options->stop_writes_on_bgsave_error,
        .access = access_of(options->maxmemory_policy),
        .key_delay_us = options->rdb_key_save_delay > 0 ? (uint64_t)options->rdb_key_save_delay : 0,
    };
    add_points(&options->save, to);
}

struct server_shutdown disk_shutdown(const struct option_list *words)
{
    struct server_shutdown wish = { 0 };

    for (size_t i = 0; i < words->count; i++) {
        wish.save |= strcasecmp(words->items[i], "save") == 0;
        wish.nosave |= strcasecmp(words->items[i], "nosave") == 0;
        wish.now |= strcasecmp(words->items[i], "now") == 0;
        wish.force |= strcasecmp(words->items[i], "force") == 0;
    }
    return wish;
}

/* --- loading --- */

static void tell_progress(struct disk_loading *loading, double now)
{
    struct persistence_figures figures = persistence_figures(loading->persistence, 0);
    double total = figures.load_total == 0 ? 1 : (double)figures.load_total;

    if (now - loading->told_at >= tell_seconds) {
        loading->told_at = now;
        log_notice(loading->log, "Loading: %.0f %% of the file, %llu keys",
                   100.0 * (double)figures.load_done / total,
                   (unsigned long long)figures.load_keys);
    }
}

static bool is_early(const struct disk_loading *loading)
{
    int64_t delay_us = loading->options->key_load_delay;

    if (delay_us <= 0) {
        return false;
    }
    double keys = (double)persistence_figures(loading->persistence, 0).load_keys;
    return keys * (double)delay_us > (ev_time() - loading->began_at) * 1e6;
}

static void on_idle(struct ev_loop *loop, struct ev_idle *idle, int events)
{
    struct disk_loading *loading = idle->data;
    double until = ev_time() + slice_seconds;
    enum load_state state;

    (void)loop;
    (void)events;
    do {
        state =
            is_early(loading) ? LOAD_RUNS : persistence_load_turn(loading->persistence, RECORDS);
    } while (state == LOAD_RUNS && ev_time() < until);
    if (state == LOAD_RUNS) {
        tell_progress(loading, ev_time());
        return;
    }
    disk_stop_loading(loading);
    if (state == LOAD_DONE) {
        log_notice(loading->log, "DB loaded from disk: %.3f seconds",
                   ev_time() - loading->began_at);
    }
    loading->done(loading->context, state == LOAD_DONE);
}

bool disk_load(struct disk_loading *loading, bool *good)
{
    const struct persistence_loading parts = { 0 };
    double now = ev_time();
    enum load_state state =
        persistence_load(loading->persistence, &parts, (uint64_t)(now * 1000.0));

    *good = state != LOAD_FAILED;
    if (state == LOAD_FAILED) {
        log_warning(loading->log, "Fatal error loading the DB, check server logs. Exiting.");
    }
    if (state != LOAD_RUNS) {
        return false;
    }
    loading->began_at = now;
    loading->told_at = now;
    ev_idle_init(&loading->idle, on_idle);
    loading->idle.data = loading;
    ev_idle_start(loading->loop, &loading->idle);
    return true;
}

void disk_stop_loading(struct disk_loading *loading)
{
    if (loading->loop != NULL) {
        ev_idle_stop(loading->loop, &loading->idle);
    }
}
