/* INFO: sections of name:value lines.
 *
 * A section is a function that writes its lines and a row of `sections`, which says
 * whether it belongs to the default answer. Names and meanings are Redis's, so that
 * exporters and client libraries find what they look for; a number about something
 * podis does not have is left out, or 0 where 0 is the truth. */

#include "proxy/server/commands/info.h"

#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/call.h"
#include "proxy/server/invalidate.h"
#include "proxy/server/process.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { INFO_MAX = 4 << 20 };

struct info {
    struct buf *text;
    const struct session *session;
    const struct server *server;
    uint64_t now_ms;
};

static void line(struct info *info, const char *format, ...) printf_like(2, 3);

static void line(struct info *info, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert(len >= 0);
    size_t used = (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    if (buf_add(info->text, (struct span){ text, used })) {
        buf_add(info->text, SPAN("\r\n"));
    }
}

static void line_number(struct info *info, const char *name, uint64_t number)
{
    line(info, "%s:%" PRIu64, name, number);
}

/* 1536 is "1.50K", as in Redis. */
static void line_human(struct info *info, const char *name, uint64_t bytes)
{
    static const char units[] = "BKMGTP";
    double scaled = (double)bytes;
    size_t unit = 0;

    while (scaled >= 1024. && unit < sizeof(units) - 2) {
        scaled /= 1024.;
        unit++;
    }
    if (unit == 0) {
        line(info, "%s:%" PRIu64 "B", name, bytes);
    } else {
        line(info, "%s:%.2f%c", name, scaled, units[unit]);
    }
}

static void section_server(struct info *info)
{
    const struct server *server = info->server;
    const struct options *options = &server_config(server)->options;
    const char *file = server_config(server)->file;
    uint64_t up_seconds = (info->now_ms - server_started_at_ms(server)) / 1000;
    struct utsname name;

    if (uname(&name) != 0) {
        name = (struct utsname){ 0 };
    }
    line(info, "redis_version:" REDIS_VERSION);
    line(info, "podis_version:" PODIS_VERSION);
    line(info, "redis_git_sha1:00000000");
    line(info, "redis_git_dirty:0");
    line(info, "redis_mode:%s", info->session->from_peer ? "cluster" : "standalone");
    line(info, "os:%s %s %s", name.sysname, name.release, name.machine);
    line(info, "arch_bits:%zu", sizeof(void *) * 8);
    line(info, "multiplexing_api:libev");
    line(info, "gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
    line(info, "process_id:%ld", (long)getpid());
    line(info, "run_id:%s", server_run_id(server));
    line(info, "tcp_port:%u", options->port);
    line(info, "server_time_usec:%" PRIu64, info->now_ms * 1000);
    line_number(info, "uptime_in_seconds", up_seconds);
    line_number(info, "uptime_in_days", up_seconds / 86400);
    line(info, "hz:%" PRId64, options->hz);
    line(info, "configured_hz:%" PRId64, options->hz);
    line(info, "lru_clock:%" PRIu64, (info->now_ms / 1000) & 0xffffff);
    line(info, "config_file:%s", file == NULL ? "" : file);
}

static void section_clients(struct info *info)
{
    const struct server *server = info->server;
    struct invalidate *invalidate = invalidate_of(server);

    line_number(info, "connected_clients", server_connections(server));
    line_number(info, "cluster_connections", peer_metrics.peer_links_ready);
    line(info, "maxclients:%" PRId64, server_config(server)->options.maxclients);
    line_number(info, "blocked_clients", server_blocked(server));
    line_number(info, "tracking_clients", invalidate_clients(invalidate));
    line_number(info, "clients_in_timeout_table", server_timeouts(server));
    line_number(info, "total_blocking_keys", server_blocking_keys(server, false));
    line_number(info, "total_blocking_keys_on_nokey", server_blocking_keys(server, true));
    line_number(info, "clients_waiting_for_peers", server_waiting(server));
}

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

static void section_memory(struct info *info)
{
    const struct options *options = &server_config(info->server)->options;
    struct memory_stats memory = memory_refresh();
    struct cache_stats stats = cache_stats(server_cache(info->server));
    uint64_t resident = process_resident_bytes();
    uint64_t system = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t seen = server_memory_peak(info->server);
    uint64_t peak = memory.used > seen ? memory.used : seen;
    double ratio = memory.used == 0 ? 0. : (double)resident / (double)memory.used;

    line_number(info, "used_memory", memory.used);
    line_human(info, "used_memory_human", memory.used);
    line_number(info, "used_memory_peak", peak);
    line_human(info, "used_memory_peak_human", peak);
    line_number(info, "used_memory_rss", resident);
    line_human(info, "used_memory_rss_human", resident);
    line_number(info, "allocator_allocated", memory.used);
    line_number(info, "allocator_active", memory.active);
    line_number(info, "allocator_resident", memory.resident);
    line_number(info, "total_system_memory", system);
    line_human(info, "total_system_memory_human", system);
    line_number(info, "used_memory_lua", 0);
    line_number(info, "used_memory_near_copies", peer_metrics.near_memory_bytes);
    line_number(info, "maxmemory", options->maxmemory);
    line_human(info, "maxmemory_human", options->maxmemory);
    line(info, "maxmemory_policy:%s", policy_name(options->maxmemory_policy));
    line(info, "mem_fragmentation_ratio:%.2f", ratio);
    line(info, "mem_fragmentation_bytes:%" PRId64, (int64_t)resident - (int64_t)memory.used);
    line(info, "mem_allocator:%s", memory_allocator());
    line(info, "active_defrag_running:0");
    line_number(info, "lazyfree_pending_objects", stats.lazy_pending);
    line_number(info, "lazyfreed_objects", stats.lazy_freed);
}

static void section_persistence(struct info *info)
{
    struct cache_stats stats = cache_stats(server_cache(info->server));

    line(info, "loading:%d", server_is_loading(info->server));
    line(info, "async_loading:0");
    line_number(info, "rdb_changes_since_last_save", stats.changes);
    line(info, "rdb_bgsave_in_progress:0");
    line_number(info, "rdb_last_save_time", server_started_at_ms(info->server) / 1000);
    line(info, "rdb_last_bgsave_status:ok");
    line(info, "aof_enabled:0");
    line(info, "aof_rewrite_in_progress:0");
    line(info, "aof_rewrite_scheduled:0");
    line(info, "aof_last_bgrewrite_status:ok");
    line(info, "aof_last_write_status:ok");
}

static void section_stats(struct info *info)
{
    const struct server_stats *server = server_stats(info->server);
    struct cache_stats cache = cache_stats(server_cache(info->server));
    struct pressure_times pressure = pressure_times(info->server);
    struct invalidate *invalidate = invalidate_of(info->server);

    line_number(info, "total_connections_received", server->connections);
    line_number(info, "total_commands_processed", server->commands);
    line_number(info, "instantaneous_ops_per_sec", server->ops_per_second);
    line_number(info, "total_net_input_bytes", server->bytes_in);
    line_number(info, "total_net_output_bytes", server->bytes_out);
    line(info, "instantaneous_input_kbps:%.2f", (double)server->bytes_in_per_second / 1024.);
    line(info, "instantaneous_output_kbps:%.2f", (double)server->bytes_out_per_second / 1024.);
    line_number(info, "rejected_connections", server->rejected_connections);
    line(info, "sync_full:0");
    line(info, "sync_partial_ok:0");
    line(info, "sync_partial_err:0");
    line_number(info, "expired_keys", cache.expired);
    line_number(info, "expired_subkeys", cache.expired_parts);
    line_number(info, "evicted_keys", cache.evicted);
    line(info, "evicted_clients:0");
    line_number(info, "total_eviction_exceeded_time", pressure.total_ms);
    line_number(info, "current_eviction_exceeded_time", pressure.current_ms);
    line_number(info, "keyspace_hits", cache.hits);
    line_number(info, "keyspace_misses", cache.misses);
    line_number(info, "pubsub_channels", pubsub_names(info->server->pubsub, TOPIC_CHANNEL));
    line_number(info, "pubsub_patterns", pubsub_names(info->server->pubsub, TOPIC_PATTERN));
    line_number(info, "pubsubshard_channels", pubsub_names(info->server->pubsub, TOPIC_SHARD));
    line(info, "latest_fork_usec:0");
    line(info, "total_forks:0");
    line_number(info, "tracking_total_keys", invalidate_keys(invalidate));
    line_number(info, "tracking_total_prefixes", invalidate_prefixes(invalidate));
    line(info, "unexpected_error_replies:0");
    line_number(info, "total_error_replies", server->errors);
    line_number(info, "total_reads_processed", server->reads);
    line_number(info, "total_writes_processed", server->writes);
    line_number(info, "client_protocol_errors", server->protocol_errors);
    line_number(info, "client_query_buffer_limit_disconnections", server->query_limit_closes);
    line_number(info, "client_output_buffer_limit_disconnections", server->output_limit_closes);
}

static void section_replication(struct info *info)
{
    line(info, "role:master");
    line(info, "connected_slaves:0");
    line(info, "master_failover_state:no-failover");
    line(info, "master_replid:%s", server_run_id(info->server));
    line(info, "master_replid2:0000000000000000000000000000000000000000");
    line(info, "master_repl_offset:0");
    line(info, "second_repl_offset:-1");
    line(info, "repl_backlog_active:0");
    line(info, "repl_backlog_size:0");
    line(info, "repl_backlog_first_byte_offset:0");
    line(info, "repl_backlog_histlen:0");
}

static void line_time(struct info *info, const char *name, struct timeval time)
{
    line(info, "%s:%lld.%06lld", name, (long long)time.tv_sec, (long long)time.tv_usec);
}

static void section_cpu(struct info *info)
{
    struct rusage own = { 0 };
    struct rusage children = { 0 };

    if (getrusage(RUSAGE_SELF, &own) != 0 || getrusage(RUSAGE_CHILDREN, &children) != 0) {
        return;
    }
    line_time(info, "used_cpu_sys", own.ru_stime);
    line_time(info, "used_cpu_user", own.ru_utime);
    line_time(info, "used_cpu_sys_children", children.ru_stime);
    line_time(info, "used_cpu_user_children", children.ru_utime);
}

static void section_modules(struct info *info)
{
    (void)info;
}

static void line_command(struct info *info, const struct command *command)
{
    const struct command_table *table = server_commands(info->server);
    struct command_stats stats = server_command_stats(info->server, command_id(table, command));

    if (stats.calls == 0 && stats.rejected == 0) {
        return;
    }
    double us = (double)stats.nanoseconds / 1000.;
    double per_call = stats.calls == 0 ? 0. : us / (double)stats.calls;
    line(info,
         "cmdstat_%s:calls=%" PRIu64 ",usec=%.0f,usec_per_call=%.2f,rejected_calls=%" PRIu64
         ",failed_calls=%" PRIu64,
         command->name, stats.calls, us, per_call, stats.rejected, stats.failed);
}

static void section_commandstats(struct info *info)
{
    const struct command_table *table = server_commands(info->server);

    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *command = command_at(table, i);
        line_command(info, command);
        const struct command *sub = command->subcommands;
        for (; sub != NULL && sub->name != NULL; sub++) {
            line_command(info, sub);
        }
    }
}

static void line_error(void *context, struct span code, uint64_t count)
{
    line(context, "errorstat_%.*s:count=%" PRIu64, (int)code.len, code.bytes, count);
}

static void section_errorstats(struct info *info)
{
    server_errors_each(info->server, line_error, info);
}

static void line_percentiles(struct info *info, const struct command *command)
{
    const struct server *server = info->server;
    const struct option_list *percents = &server->options->latency_tracking_info_percentiles;
    const struct histogram *histogram =
        &server->timing.histograms[command_id(server->parts.commands, command)];
    char text[512] = "";
    size_t len = 0;

    if (histogram->count == 0) {
        return;
    }
    for (size_t i = 0; i < percents->count && len < sizeof(text); i++) {
        double percent;
        if (!number_parse_double(span_from(percents->items[i]), &percent)) {
            continue;
        }
        double us = (double)histogram_percentile(histogram, percent) / 1000.;
        int more = snprintf(text + len, sizeof(text) - len, "%sp%.6g=%.3f", len > 0 ? "," : "",
                            percent, us);
        assert(more > 0);
        len += (size_t)more;
    }
    line(info, "latency_percentiles_usec_%s:%s", command->name, text);
}

static void section_latencystats(struct info *info)
{
    const struct command_table *table = server_commands(info->server);

    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *command = command_at(table, i);
        const struct command *sub = command->subcommands;
        line_percentiles(info, command);
        for (; sub != NULL && sub->name != NULL; sub++) {
            line_percentiles(info, sub);
        }
    }
}

static void section_cluster(struct info *info)
{
    line(info, "cluster_enabled:%d", info->session->from_peer);
}

static void section_keyspace(struct info *info)
{
    struct cache *cache = server_cache(info->server);

    for (int db = 0; db < cache_databases(cache); db++) {
        struct cache_db_stats stats = cache_db_stats(cache, db);
        if (stats.keys > 0) {
            line(info, "db%d:keys=%" PRIu64 ",expires=%" PRIu64 ",avg_ttl=%" PRIu64, db, stats.keys,
                 stats.expiring, stats.avg_ttl_ms);
        }
    }
}

static void line_peer(void *context, const struct peer_info *peer)
{
    struct info *info = context;
    line(info,
         "peer%u:host=%s,port=%u,state=%s,node_id=%s,slots=%zu,near_keys=%" PRIu64
         ",waiting=%" PRIu64,
         peer->member, peer->address->host, peer->address->port, peer->state, peer->node_id,
         peer->slots, peer->near_keys, peer->waiting);
}

/* podis's own: the mesh as this process sees it. */
static void section_mesh(struct info *info)
{
    struct peers *peers = server_peers(info->server);
    const struct ring *ring = peers == NULL ? NULL : peers_ring(peers);

    line(info, "mesh_enabled:%d", ring != NULL);
    if (ring == NULL) {
        return;
    }
    line(info, "mesh_members:%u", ring_view(ring)->count);
    line_number(info, "near_hits", peer_metrics.near_hits_total);
    line_number(info, "near_misses", peer_metrics.near_misses_total);
    line_number(info, "forwards", peer_metrics.peer_forwards_total);
    line_number(info, "forward_errors", peer_metrics.peer_forward_errors_total);
    line_number(info, "handover_pending", peer_metrics.handover_pending);
    peers_each(peers, line_peer, info);
}

static const struct {
    const char *name;
    const char *title;
    void (*print)(struct info *info);
    bool in_default;
} sections[] = {
    { "server", "Server", section_server, true },
    { "clients", "Clients", section_clients, true },
    { "memory", "Memory", section_memory, true },
    { "persistence", "Persistence", section_persistence, true },
    { "stats", "Stats", section_stats, true },
    { "replication", "Replication", section_replication, true },
    { "cpu", "CPU", section_cpu, true },
    { "modules", "Modules", section_modules, true },
    { "commandstats", "Commandstats", section_commandstats, false },
    { "errorstats", "Errorstats", section_errorstats, true },
    { "latencystats", "Latencystats", section_latencystats, false },
    { "cluster", "Cluster", section_cluster, true },
    { "keyspace", "Keyspace", section_keyspace, true },
    { "mesh", "Mesh", section_mesh, true },
};

static_assert(COUNT(sections) <= 32, "a set of sections is a bit mask");

/* The sections a word asks for, as a bit mask. */
static uint32_t sections_of(struct span word)
{
    bool everything = span_is(word, "all") || span_is(word, "everything");
    bool standard = span_is(word, "default");
    uint32_t wanted = 0;

    for (size_t i = 0; i < COUNT(sections); i++) {
        if (everything || (standard && sections[i].in_default) || span_is(word, sections[i].name)) {
            wanted |= BIT(i);
        }
    }
    return wanted;
}

static void info_run(struct call *call)
{
    struct session *session = call->caller;
    struct buf text;
    uint32_t wanted = call->argc == 1 ? sections_of(SPAN("default")) : 0;

    for (size_t i = 1; i < call->argc; i++) {
        wanted |= sections_of(call->argv[i]);
    }
    buf_init(&text, INFO_MAX);
    struct info info = {
        .text = &text, .session = session, .server = session->server, .now_ms = call->now_ms
    };
    for (size_t i = 0; i < COUNT(sections); i++) {
        if (wanted & BIT(i)) {
            line(&info, "%s# %s", text.len > 0 ? "\r\n" : "", sections[i].title);
            sections[i].print(&info);
        }
    }
    reply_verbatim(call->reply, buf_span(&text), "txt");
    buf_fini(&text);
}

const struct command info_commands[] = {
    { .name = "info",
      .run = info_run,
      .arity = -1,
      .flags = CMD_LOADING | CMD_STALE | CMD_SESSION,
      .categories = ACL_DANGEROUS,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "[section:string...]",
      .summary = "Tells about this process: memory, clients, keys, peers.",
      .tips = "nondeterministic_output request_policy:all_shards response_policy:special" },
    { .name = NULL },
};
