/* INFO: what was counted since the start, or CONFIG RESETSTAT. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/invalidate.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/state.h"

void info_stats(struct info *info)
{
    const struct server_stats *server = server_stats(info->server);
    struct cache_stats cache = cache_stats(server_cache(info->server));
    struct pressure_times pressure = pressure_times(info->server);
    struct invalidate *invalidate = invalidate_of(info->server);
    const struct replication *replication = replication_of(info->server);
    const uint64_t *denied = info->server->acl_log.denied;

    info_number(info, "total_connections_received", server->connections);
    info_number(info, "total_commands_processed", server->commands);
    info_number(info, "instantaneous_ops_per_sec", server->ops_per_second);
    info_number(info, "total_net_input_bytes", server->bytes_in);
    info_number(info, "total_net_output_bytes", server->bytes_out);
    info_line(info, "instantaneous_input_kbps:%.2f", (double)server->bytes_in_per_second / 1024.);
    info_line(info, "instantaneous_output_kbps:%.2f", (double)server->bytes_out_per_second / 1024.);
    info_number(info, "rejected_connections", server->rejected_connections);
    info_number(info, "sync_full", replication->full_syncs);
    info_number(info, "sync_partial_ok", replication->partial_syncs);
    info_number(info, "sync_partial_err", replication->refused_partial_syncs);
    info_number(info, "expired_keys", cache.expired);
    info_number(info, "expired_subkeys", cache.expired_parts);
    info_number(info, "evicted_keys", cache.evicted);
    info_number(info, "evicted_clients", server->evicted_clients);
    info_number(info, "total_eviction_exceeded_time", pressure.total_ms);
    info_number(info, "current_eviction_exceeded_time", pressure.current_ms);
    info_number(info, "keyspace_hits", cache.hits);
    info_number(info, "keyspace_misses", cache.misses);
    info_number(info, "pubsub_channels", pubsub_names(info->server->pubsub, TOPIC_CHANNEL));
    info_number(info, "pubsub_patterns", pubsub_names(info->server->pubsub, TOPIC_PATTERN));
    info_number(info, "pubsubshard_channels", pubsub_names(info->server->pubsub, TOPIC_SHARD));
    info_line(info, "latest_fork_usec:0");
    info_line(info, "total_forks:0");
    info_line(info, "active_defrag_hits:0");
    info_line(info, "active_defrag_misses:0");
    info_line(info, "active_defrag_key_hits:0");
    info_line(info, "active_defrag_key_misses:0");
    info_line(info, "total_active_defrag_time:0");
    info_line(info, "current_active_defrag_time:0");
    info_number(info, "tracking_total_keys", invalidate_keys(invalidate));
    info_number(info, "tracking_total_items", invalidate_items(invalidate));
    info_number(info, "tracking_total_prefixes", invalidate_prefixes(invalidate));
    info_line(info, "unexpected_error_replies:0");
    info_number(info, "total_error_replies", server->errors);
    info_number(info, "total_reads_processed", server->reads);
    info_number(info, "total_writes_processed", server->writes);
    info_line(info, "io_threaded_reads_processed:0");
    info_line(info, "io_threaded_writes_processed:0");
    info_number(info, "acl_access_denied_auth", denied[ACL_DENIED_AUTH]);
    info_number(info, "acl_access_denied_cmd", denied[ACL_DENIED_COMMAND]);
    info_number(info, "acl_access_denied_key", denied[ACL_DENIED_KEY]);
    info_number(info, "acl_access_denied_channel", denied[ACL_DENIED_CHANNEL]);
    info_number(info, "client_protocol_errors", server->protocol_errors);
    info_number(info, "client_query_buffer_limit_disconnections", server->query_limit_closes);
    info_number(info, "client_output_buffer_limit_disconnections", server->output_limit_closes);
}
