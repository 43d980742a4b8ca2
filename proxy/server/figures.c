/* What the memory in use is for.
 *
 *     in use = at the start + tables of keys + connections + scripts + data
 *                             \_______________________________/
 *                                  with the start: overhead
 *
 * The allocator knows the sum, and each part but the last is known to whoever keeps it; what
 * remains is data. */

#include "proxy/server/figures.h"

#include "proxy/server/process.h"
#include "proxy/server/state.h"

double figures_ratio(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (double)part / (double)whole;
}

static uint64_t less(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

struct figures figures_look(const struct server *server)
{
    const struct cache *cache = server->parts.cache;
    struct figures figures = {
        .memory = memory_refresh(),
        .peak = server_memory_peak(server),
        .start = server_memory_start(server),
        .resident = process_resident_bytes(),
        .scripts = scripts_stats(cache),
        .functions = functions_stats(cache),
    };

    for (int db = 0; db < cache_databases(cache); db++) {
        struct cache_db_stats stats = cache_db_stats(cache, db);
        figures.tables += stats.keys == 0 ? 0 : stats.table_bytes;
        figures.keys += stats.keys;
    }
    for (const struct session *at = server->first; at != NULL; at = at->next) {
        figures.clients += weight_of(at);
    }
    if (figures.peak < figures.memory.used) {
        figures.peak = figures.memory.used;
    }
    figures.overhead = figures.start + figures.tables + figures.clients +
                       figures.scripts.text_bytes + figures.scripts.interpreter_bytes +
                       figures.functions.text_bytes + figures.functions.interpreter_bytes;
    figures.data = less(figures.memory.used, figures.overhead);
    figures.since_start = less(figures.memory.used, figures.start);
    return figures;
}
