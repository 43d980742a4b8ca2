/* INFO: how many keys there are. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/server.h"

#include <inttypes.h>

void info_keyspace(struct info *info)
{
    struct cache *cache = server_cache(info->server);

    for (int db = 0; db < cache_databases(cache); db++) {
        struct cache_db_stats stats = cache_db_stats(cache, db);
        if (stats.keys > 0) {
            info_line(info, "db%d:keys=%" PRIu64 ",expires=%" PRIu64 ",avg_ttl=%" PRIu64, db,
                      stats.keys, stats.expiring, stats.avg_ttl_ms);
        }
    }
}
