/* INFO: who is connected. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/invalidate.h"
#include "proxy/server/pause.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/state.h"
#include "proxy/server/watch.h"

#include <inttypes.h>

struct seen {
    size_t listening;
    size_t input_max, output_max;
};

static struct seen look(const struct server *server)
{
    struct seen seen = { 0 };

    for (const struct session *at = server->first; at != NULL; at = at->next) {
        size_t output = answers_bytes(&at->answers);
        seen.listening += pubsub_is_listening(at);
        seen.input_max = at->input_bytes > seen.input_max ? at->input_bytes : seen.input_max;
        seen.output_max = output > seen.output_max ? output : seen.output_max;
    }
    return seen;
}

/* As Valkey tells it. */
static void tell_pause(struct info *info)
{
    static const char *const extents[] = {
        [PAUSE_NOTHING] = "none",
        [PAUSE_WRITES] = "write",
        [PAUSE_ALL] = "all",
    };
    uint64_t left_ms;
    const char *reason = pause_longest(info->server, &left_ms);

    info_line(info, "paused_reason:%s", reason == NULL ? "none" : reason);
    info_line(info, "paused_actions:%s", extents[info->server->pause.extent]);
    info_number(info, "paused_timeout_milliseconds", left_ms);
}

void info_clients(struct info *info)
{
    const struct server *server = info->server;
    struct invalidate *invalidate = invalidate_of(server);
    struct seen seen = look(server);

    info_number(info, "connected_clients", server_connections(server));
    info_number(info, "cluster_connections", peer_metrics.peer_links_ready);
    info_line(info, "maxclients:%" PRId64, server_config(server)->options.maxclients);
    info_number(info, "client_recent_max_input_buffer", seen.input_max);
    info_number(info, "client_recent_max_output_buffer", seen.output_max);
    info_number(info, "blocked_clients", server_blocked(server));
    info_number(info, "tracking_clients", invalidate_clients(invalidate));
    info_number(info, "pubsub_clients", seen.listening);
    info_number(info, "clients_in_timeout_table", server_timeouts(server));
    info_number(info, "total_watched_keys", watches_keys(server->watches));
    info_number(info, "total_blocking_keys", server_blocking_keys(server, false));
    info_number(info, "total_blocking_keys_on_nokey", server_blocking_keys(server, true));
    info_number(info, "clients_waiting_for_peers", server_waiting(server));
    tell_pause(info);
}
