/* INFO: what of the data is on disk. */

#include "proxy/server/commands/info_section.h"

#include "cache/persist/aof.h"
#include "cache/persist/persistence.h"
#include "proxy/server/state.h"

#include <inttypes.h>

static void add_loading(struct info *info, const struct persistence_figures *figures)
{
    uint64_t total = figures->load_total == 0 ? 1 : figures->load_total;
    uint64_t elapsed_s = info->server->now_ms / 1000 - figures->load_began_s;
    uint64_t left = figures->load_total - figures->load_done;

    info_number(info, "loading_start_time", figures->load_began_s);
    info_number(info, "loading_total_bytes", figures->load_total);
    info_number(info, "loading_rdb_used_mem", figures->load_used_memory);
    info_number(info, "loading_loaded_bytes", figures->load_done);
    info_line(info, "loading_loaded_perc:%.2f", 100.0 * (double)figures->load_done / (double)total);
    info_number(info, "loading_eta_seconds",
                figures->load_done == 0 ? 1 : elapsed_s * left / figures->load_done);
}

/* Redis's child would copy memory; what takes memory here is the backlog. */
static void add_snapshot(struct info *info, const struct persistence_figures *figures)
{
    double total = figures->keys_total == 0 ? 1 : (double)figures->keys_total;
    double done = figures->saves ? (double)figures->keys_done : 0;

    info_number(info, "current_cow_peak", figures->backlog_peak);
    info_number(info, "current_cow_size", figures->backlog);
    info_line(info, "current_cow_size_age:0");
    info_line(info, "current_fork_perc:%.2f", 100.0 * done / total);
    info_number(info, "current_save_keys_processed", figures->keys_done);
    info_number(info, "current_save_keys_total", figures->keys_total);
}

static void add_rewrites(struct info *info, const struct aof_figures *log)
{
    info_line(info, "aof_enabled:%d", log->on);
    info_line(info, "aof_rewrite_in_progress:%d", log->rewrites);
    info_line(info, "aof_rewrite_scheduled:%d", log->scheduled);
    info_line(info, "aof_last_rewrite_time_sec:%" PRId64, log->last_took_s);
    info_line(info, "aof_current_rewrite_time_sec:%" PRId64, log->took_s);
    info_line(info, "aof_last_bgrewrite_status:%s", log->last_rewrite_failed ? "err" : "ok");
    info_number(info, "aof_rewrites", log->rewrites_done);
    info_number(info, "aof_rewrites_consecutive_failures", log->failures_in_a_row);
    info_line(info, "aof_last_write_status:%s", log->last_write_failed ? "err" : "ok");
    info_number(info, "aof_last_cow_size", log->last_backlog);
}

static void add_log(struct info *info, const struct aof_figures *log)
{
    info_number(info, "aof_current_size", log->size);
    info_number(info, "aof_base_size", log->base_size);
    info_line(info, "aof_pending_rewrite:0");
    info_number(info, "aof_buffer_length", log->buffer);
    info_line(info, "aof_pending_bio_fsync:%d", log->syncing);
    info_number(info, "aof_delayed_fsync", log->delayed);
}

/* What is under way for the log is shown in the place of what could be for the RDB file. */
static void take_log(struct persistence_figures *figures, const struct aof_figures *log)
{
    if (log->rewrites) {
        figures->keys_done = log->keys_done;
        figures->keys_total = log->keys_total;
    }
    if (log->load_began_s != 0) {
        figures->load_began_s = log->load_began_s;
        figures->load_total = log->load_total;
        figures->load_done = log->load_done;
        figures->load_used_memory = 0;
    }
}

void info_persistence(struct info *info)
{
    const struct server *server = info->server;
    struct persistence_figures figures = { .last_took_s = -1, .took_s = -1 };
    struct aof_figures log = { .last_took_s = -1, .took_s = -1 };

    figures.changes = cache_stats(server_cache(server)).changes;
    figures.last_save_s = server_started_at_ms(server) / 1000;
    if (server->parts.persistence != NULL) {
        figures = persistence_figures(server->parts.persistence, server->now_ms);
    }
    if (server->parts.aof != NULL) {
        log = aof_figures(server->parts.aof, server->now_ms);
        take_log(&figures, &log);
    }
    info_line(info, "loading:%d", server_is_loading(server));
    info_line(info, "async_loading:0");
    add_snapshot(info, &figures);
    info_number(info, "rdb_changes_since_last_save", figures.changes);
    info_line(info, "rdb_bgsave_in_progress:%d", figures.saves);
    info_number(info, "rdb_last_save_time", figures.last_save_s);
    info_line(info, "rdb_last_bgsave_status:%s", figures.last_failed ? "err" : "ok");
    info_line(info, "rdb_last_bgsave_time_sec:%" PRId64, figures.last_took_s);
    info_line(info, "rdb_current_bgsave_time_sec:%" PRId64, figures.took_s);
    info_number(info, "rdb_saves", figures.saved);
    info_number(info, "rdb_last_cow_size", figures.last_backlog);
    info_number(info, "rdb_last_load_keys_expired", figures.load_expired);
    info_number(info, "rdb_last_load_keys_loaded", figures.load_keys);
    add_rewrites(info, &log);
    info_line(info, "module_fork_in_progress:0");
    info_line(info, "module_fork_last_cow_size:0");
    if (log.on) {
        add_log(info, &log);
    }
    if (server_is_loading(server)) {
        add_loading(info, &figures);
    }
}
