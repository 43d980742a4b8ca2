/* INFO: what is in use, and what the system gave for it. */

#include "proxy/server/commands/info_section.h"

#include "cache/base/memory.h"
#include "cache/script/scripts.h"
#include "proxy/server/process.h"
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

/* `vm` is the interpreter; the rest are the texts that were loaded. */
static void scripts(struct info *info)
{
    struct scripts_stats stats = scripts_stats(server_cache(info->server));

    info_number(info, "used_memory_vm_eval", stats.interpreter_bytes);
    info_number(info, "used_memory_lua", stats.interpreter_bytes);
    info_human(info, "used_memory_lua_human", stats.interpreter_bytes);
    info_number(info, "used_memory_scripts_eval", stats.text_bytes);
    info_number(info, "number_of_cached_scripts", stats.count);
    info_number(info, "used_memory_vm_total", stats.interpreter_bytes);
    info_human(info, "used_memory_vm_total_human", stats.interpreter_bytes);
    info_number(info, "used_memory_scripts", stats.text_bytes);
    info_human(info, "used_memory_scripts_human", stats.text_bytes);
}

void info_memory(struct info *info)
{
    const struct options *options = &server_config(info->server)->options;
    struct memory_stats memory = memory_refresh();
    struct cache_stats stats = cache_stats(server_cache(info->server));
    uint64_t resident = process_resident_bytes();
    uint64_t system = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t seen = server_memory_peak(info->server);
    uint64_t peak = memory.used > seen ? memory.used : seen;
    double ratio = memory.used == 0 ? 0. : (double)resident / (double)memory.used;

    info_number(info, "used_memory", memory.used);
    info_human(info, "used_memory_human", memory.used);
    info_number(info, "used_memory_peak", peak);
    info_human(info, "used_memory_peak_human", peak);
    info_number(info, "used_memory_rss", resident);
    info_human(info, "used_memory_rss_human", resident);
    info_number(info, "allocator_allocated", memory.used);
    info_number(info, "allocator_active", memory.active);
    info_number(info, "allocator_resident", memory.resident);
    info_number(info, "total_system_memory", system);
    info_human(info, "total_system_memory_human", system);
    scripts(info);
    info_number(info, "used_memory_near_copies", peer_metrics.near_memory_bytes);
    info_number(info, "maxmemory", options->maxmemory);
    info_human(info, "maxmemory_human", options->maxmemory);
    info_line(info, "maxmemory_policy:%s", policy_name(options->maxmemory_policy));
    info_line(info, "mem_fragmentation_ratio:%.2f", ratio);
    info_line(info, "mem_fragmentation_bytes:%" PRId64, (int64_t)resident - (int64_t)memory.used);
    info_line(info, "mem_allocator:%s", memory_allocator());
    info_line(info, "active_defrag_running:0");
    info_number(info, "lazyfree_pending_objects", stats.lazy_pending);
    info_number(info, "lazyfreed_objects", stats.lazy_freed);
}
