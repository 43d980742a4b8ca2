/* INFO: what of the data is on disk. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/state.h"

void info_persistence(struct info *info)
{
    struct cache_stats stats = cache_stats(server_cache(info->server));

    info_line(info, "loading:%d", server_is_loading(info->server));
    info_line(info, "async_loading:0");
    info_number(info, "rdb_changes_since_last_save", stats.changes);
    info_line(info, "rdb_bgsave_in_progress:0");
    info_number(info, "rdb_last_save_time", server_started_at_ms(info->server) / 1000);
    info_line(info, "rdb_last_bgsave_status:ok");
    info_line(info, "aof_enabled:0");
    info_line(info, "aof_rewrite_in_progress:0");
    info_line(info, "aof_rewrite_scheduled:0");
    info_line(info, "aof_last_bgrewrite_status:ok");
    info_line(info, "aof_last_write_status:ok");
}
