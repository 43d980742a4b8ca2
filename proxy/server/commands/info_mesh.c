/* INFO: the mesh as this process sees it. Redis has no such section. */

#include "proxy/server/commands/info_section.h"

#include "proxy/peers/peers.h"
#include "proxy/server/server.h"

#include <inttypes.h>

static void line_peer(void *context, const struct peer_info *peer)
{
    struct info *info = context;
    info_line(info,
              "peer%u:host=%s,port=%u,state=%s,node_id=%s,slots=%zu,near_keys=%" PRIu64
              ",waiting=%" PRIu64,
              peer->member, peer->address->host, peer->address->port, peer->state, peer->node_id,
              peer->slots, peer->near_keys, peer->waiting);
}

void info_mesh(struct info *info)
{
    struct peers *peers = server_peers(info->server);
    const struct ring *ring = peers == NULL ? NULL : peers_ring(peers);

    info_line(info, "mesh_enabled:%d", ring != NULL);
    if (ring == NULL) {
        return;
    }
    info_line(info, "mesh_members:%u", ring_view(ring)->count);
    info_number(info, "near_hits", peer_metrics.near_hits_total);
    info_number(info, "near_misses", peer_metrics.near_misses_total);
    info_number(info, "forwards", peer_metrics.peer_forwards_total);
    info_number(info, "forward_errors", peer_metrics.peer_forward_errors_total);
    info_number(info, "handover_pending", peer_metrics.handover_pending);
    peers_each(peers, line_peer, info);
}
