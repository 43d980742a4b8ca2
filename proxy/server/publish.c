/* What other members are told they take as a client's PUBLISH at the peer port, which they run
 * themselves and pass on to nobody: so a message comes once. */

#include "proxy/server/publish.h"

#include "cache/base/check.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/state.h"

static void tell_others(struct server *server, bool shard, struct span channel, struct span message)
{
    const struct view *view = ring_view(peers_ring(server->parts.peers));
    struct span argv[] = { shard ? SPAN("SPUBLISH") : SPAN("PUBLISH"), channel, message };
    struct peers_request request = {
        .command = command_named(server->parts.commands, argv[0]),
        .argv = argv,
        .argc = COUNT(argv),
        .now_ms = server->now_ms,
        .route = { .kind = ROUTE_PEER },
    };

    for (uint16_t member = 0; member < view->count; member++) {
        request.route.member = member;
        if (member != view->self) {
            peers_tell(server->parts.peers, &request);
        }
    }
}

uint64_t publish_message(void *context, bool shard, struct span channel, struct span message)
{
    struct server *server = context;

    if (server->parts.peers != NULL && cache_unit_is_open(server->parts.cache)) {
        tell_others(server, shard, channel, message);
    }
    replication_publish(server, shard, channel, message);
    return pubsub_publish(server->pubsub, shard, channel, message);
}

bool publish_is_for_all(const struct command *command)
{
    return command->across >= ACROSS_ALL_SUM && command->flags & CMD_PUBSUB;
}
