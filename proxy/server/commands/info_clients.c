/* INFO: who is connected. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/invalidate.h"
#include "proxy/server/state.h"

#include <inttypes.h>

void info_clients(struct info *info)
{
    const struct server *server = info->server;
    struct invalidate *invalidate = invalidate_of(server);

    info_number(info, "connected_clients", server_connections(server));
    info_number(info, "cluster_connections", peer_metrics.peer_links_ready);
    info_line(info, "maxclients:%" PRId64, server_config(server)->options.maxclients);
    info_number(info, "blocked_clients", server_blocked(server));
    info_number(info, "tracking_clients", invalidate_clients(invalidate));
    info_number(info, "clients_in_timeout_table", server_timeouts(server));
    info_number(info, "total_blocking_keys", server_blocking_keys(server, false));
    info_number(info, "total_blocking_keys_on_nokey", server_blocking_keys(server, true));
    info_number(info, "clients_waiting_for_peers", server_waiting(server));
}
