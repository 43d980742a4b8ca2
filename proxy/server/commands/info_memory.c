/* INFO: what is in use, and what the system gave for it. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/figures.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/state.h"

#include <inttypes.h>
#include <unistd.h>

static const char *policy_name(int policy)
{
    static const char *const names[] = {
        [POLICY_NOEVICTION] = "noeviction",           [POLICY_ALLKEYS_LRU] = "allkeys-lru",
        [POLICY_ALLKEYS_LFU] = "allkeys-lfu",         [POLICY_ALLKEYS_RANDOM] = "allkeys-random",
        [POLICY_VOLATILE_LRU] = "volatile-lru",       [POLICY_VOLATILE_LFU] = "volatile-lfu",
        [POLICY_VOLATILE_RANDOM] = "volatile-random", [POLICY_VOLATILE_TTL] = "volatile-ttl",
    };
    assert((unsigned)policy < COUNT(names));
    return names[policy];
}

static void tell_use(struct info *info, const struct figures *f)
{
    info_number(info, "used_memory", f->memory.used);
    info_human(info, "used_memory_human", f->memory.used);
    info_number(info, "used_memory_rss", f->resident);
    info_human(info, "used_memory_rss_human", f->resident);
    info_number(info, "used_memory_peak", f->peak);
    info_human(info, "used_memory_peak_human", f->peak);
    info_line(info, "used_memory_peak_perc:%.2f%%", 100 * figures_ratio(f->memory.used, f->peak));
    info_number(info, "used_memory_overhead", f->overhead);
    info_number(info, "used_memory_startup", f->start);
    info_number(info, "used_memory_dataset", f->data);
    info_line(info, "used_memory_dataset_perc:%.2f%%",
              100 * figures_ratio(f->data, f->since_start));
    info_number(info, "allocator_allocated", f->memory.used);
    info_number(info, "allocator_active", f->memory.active);
    info_number(info, "allocator_resident", f->memory.resident);
}

static void tell_system(struct info *info)
{
    uint64_t system = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    info_number(info, "total_system_memory", system);
    info_human(info, "total_system_memory_human", system);
}

static void tell_scripts(struct info *info, const struct scripts_stats *scripts,
                         const struct functions_stats *functions)
{
    uint64_t interpreters = scripts->interpreter_bytes + functions->interpreter_bytes;
    uint64_t texts = scripts->text_bytes + functions->text_bytes;

    info_number(info, "used_memory_lua", scripts->interpreter_bytes);
    info_number(info, "used_memory_vm_eval", scripts->interpreter_bytes);
    info_human(info, "used_memory_lua_human", scripts->interpreter_bytes);
    info_number(info, "used_memory_scripts_eval", scripts->text_bytes);
    info_number(info, "number_of_cached_scripts", scripts->count);
    info_number(info, "number_of_functions", functions->functions);
    info_number(info, "number_of_libraries", functions->libraries);
    info_number(info, "used_memory_vm_functions", functions->interpreter_bytes);
    info_number(info, "used_memory_vm_total", interpreters);
    info_human(info, "used_memory_vm_total_human", interpreters);
    info_number(info, "used_memory_functions", functions->text_bytes);
    info_number(info, "used_memory_scripts", texts);
    info_human(info, "used_memory_scripts_human", texts);
}

/* How much larger one is than the other. */
static void tell_excess(struct info *info, const char *name, uint64_t larger, uint64_t smaller)
{
    info_line(info, "%s_ratio:%.2f", name, figures_ratio(larger, smaller));
    info_line(info, "%s_bytes:%" PRId64, name, (int64_t)larger - (int64_t)smaller);
}

void info_memory(struct info *info)
{
    const struct options *options = &server_config(info->server)->options;
    struct cache_stats stats = cache_stats(server_cache(info->server));
    struct figures f = figures_look(info->server);

    tell_use(info, &f);
    tell_system(info);
    tell_scripts(info, &f.scripts, &f.functions);
    info_number(info, "used_memory_near_copies", peer_metrics.near_memory_bytes);
    info_number(info, "maxmemory", options->maxmemory);
    info_human(info, "maxmemory_human", options->maxmemory);
    info_line(info, "maxmemory_policy:%s", policy_name(options->maxmemory_policy));
    tell_excess(info, "allocator_frag", f.memory.active, f.memory.used);
    tell_excess(info, "allocator_rss", f.memory.resident, f.memory.active);
    tell_excess(info, "rss_overhead", f.resident, f.memory.resident);
    tell_excess(info, "mem_fragmentation", f.resident, f.memory.used);
    info_line(info, "mem_not_counted_for_evict:0");
    info_number(info, "mem_replication_backlog",
                backlog_memory(&replication_of(info->server)->stream.backlog));
    info_line(info, "mem_cluster_links:0");
    info_number(info, "mem_clients_normal", f.clients);
    info_line(info, "mem_allocator:%s", memory_allocator());
    info_line(info, "active_defrag_running:0");
    info_number(info, "lazyfree_pending_objects", stats.lazy_pending);
    info_number(info, "lazyfreed_objects", stats.lazy_freed);
}
