/* INFO: what of the data is on disk. */

#include "proxy/server/commands/info_section.h"

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

void info_persistence(struct info *info)
{
    const struct server *server = info->server;
    struct persistence_figures figures = { .last_took_s = -1, .took_s = -1 };

    figures.changes = cache_stats(server_cache(server)).changes;
    figures.last_save_s = server_started_at_ms(server) / 1000;
    if (server->parts.persistence != NULL) {
        figures = persistence_figures(server->parts.persistence, server->now_ms);
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
    info_line(info, "aof_enabled:0");
    info_line(info, "aof_rewrite_in_progress:0");
    info_line(info, "aof_rewrite_scheduled:0");
    info_line(info, "aof_last_rewrite_time_sec:-1");
    info_line(info, "aof_current_rewrite_time_sec:-1");
    info_line(info, "aof_last_bgrewrite_status:ok");
    info_line(info, "aof_rewrites:0");
    info_line(info, "aof_rewrites_consecutive_failures:0");
    info_line(info, "aof_last_write_status:ok");
    info_line(info, "aof_last_cow_size:0");
    info_line(info, "module_fork_in_progress:0");
    info_line(info, "module_fork_last_cow_size:0");
    if (server_is_loading(server)) {
        add_loading(info, &figures);
    }
}
