/* CLUSTER: https://redis.io/commands/cluster-slots/ and its kin.
 *
 * Each answer is printed from the ring and from what peers_each() says of the
 * members. A member that has not greeted us yet has no node id of its own; until
 * then one is made from its address, so that ids are always there and stable. */

#include "proxy/server/commands/cluster.h"

#include "cache/base/hash.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "proxy/server/session.h"

#include <inttypes.h>
#include <stdio.h>

enum { TEXT_MAX = 16 << 20, ID_LEN = 40 };

struct member {
    struct address address;
    char id[ID_LEN + 1];
    bool self, ready;
    size_t slots;
};

struct mesh {
    const struct ring *ring;
    struct member *members; /* By index in the ring's view. In the arena. */
    size_t count;
};

static void make_id(char id[ID_LEN + 1], const struct address *address)
{
    uint64_t state = hash_bytes(span_from(address->host), (uint64_t)address->port);
    for (size_t i = 0; i < ID_LEN; i += 8) {
        snprintf(id + i, 9, "%08" PRIx32, (uint32_t)random_next(&state));
    }
}

static void add_member(void *context, const struct peer_info *info)
{
    struct mesh *mesh = context;
    assert(info->member < mesh->count);
    struct member *member = &mesh->members[info->member];

    member->address = *info->address;
    member->self = info->self;
    member->ready = info->self || strcmp(info->state, "ready") == 0;
    member->slots = info->slots;
    if (strlen(info->node_id) == ID_LEN) {
        memcpy(member->id, info->node_id, ID_LEN + 1);
    } else {
        make_id(member->id, info->address);
    }
}

/* False after the reply, if this session does not see a cluster. */
static bool mesh_look(struct call *call, struct mesh *mesh)
{
    const struct session *session = call->caller;
    struct peers *peers = server_peers(session->server);
    const struct ring *ring = peers == NULL ? NULL : peers_ring(peers);

    if (!session->from_peer || ring == NULL) {
        reply_error(call->reply, SPAN("ERR This instance has cluster support disabled"));
        return false;
    }
    mesh->ring = ring;
    mesh->count = ring_view(ring)->count;
    mesh->members = arena_alloc(call->arena, (mesh->count + 1) * sizeof(*mesh->members));
    memset(mesh->members, 0, (mesh->count + 1) * sizeof(*mesh->members));
    peers_each(peers, add_member, mesh);
    return true;
}

/* The run of slots of one owner that begins at *first; false at the end. */
struct run {
    uint16_t first, last, owner;
};
static bool next_run(const struct ring *ring, uint32_t *from, struct run *run)
{
    if (*from >= SLOTS) {
        return false;
    }
    uint32_t last = *from;
    uint16_t owner = ring_owner(ring, (uint16_t)*from);
    while (last + 1 < SLOTS && ring_owner(ring, (uint16_t)(last + 1)) == owner) {
        last++;
    }
    *run = (struct run){ .first = (uint16_t)*from, .last = (uint16_t)last, .owner = owner };
    *from = last + 1;
    return true;
}

static void cluster_slots_run(struct call *call)
{
    struct mesh mesh;
    struct run run;
    uint32_t from = 0;
    size_t count = 0;

    if (!mesh_look(call, &mesh)) {
        return;
    }
    struct reply_later later = reply_array_later(call->reply);
    while (next_run(mesh.ring, &from, &run)) {
        if (run.owner == RING_NOBODY) {
            continue;
        }
        const struct member *member = &mesh.members[run.owner];
        reply_array(call->reply, 3);
        reply_integer(call->reply, run.first);
        reply_integer(call->reply, run.last);
        reply_array(call->reply, 4);
        reply_bulk_text(call->reply, member->address.host);
        reply_integer(call->reply, member->address.port);
        reply_bulk_text(call->reply, member->id);
        reply_array(call->reply, 0);
        count++;
    }
    reply_later_end(call->reply, later, count);
}

static void reply_shard_node(struct reply *reply, const struct member *member)
{
    reply_map(reply, 7);
    reply_bulk_text(reply, "id");
    reply_bulk_text(reply, member->id);
    reply_bulk_text(reply, "port");
    reply_integer(reply, member->address.port);
    reply_bulk_text(reply, "ip");
    reply_bulk_text(reply, member->address.host);
    reply_bulk_text(reply, "endpoint");
    reply_bulk_text(reply, member->address.host);
    reply_bulk_text(reply, "role");
    reply_bulk_text(reply, "master");
    reply_bulk_text(reply, "replication-offset");
    reply_integer(reply, 0);
    reply_bulk_text(reply, "health");
    reply_bulk_text(reply, member->ready ? "online" : "fail");
}

static void reply_shard_slots(struct reply *reply, const struct ring *ring, size_t owner)
{
    struct reply_later later = reply_array_later(reply);
    struct run run;
    uint32_t from = 0;
    size_t count = 0;

    while (next_run(ring, &from, &run)) {
        if (run.owner == owner) {
            reply_integer(reply, run.first);
            reply_integer(reply, run.last);
            count += 2;
        }
    }
    reply_later_end(reply, later, count);
}

static void cluster_shards_run(struct call *call)
{
    struct mesh mesh;

    if (!mesh_look(call, &mesh)) {
        return;
    }
    reply_array(call->reply, mesh.count);
    for (size_t i = 0; i < mesh.count; i++) {
        reply_map(call->reply, 2);
        reply_bulk_text(call->reply, "slots");
        reply_shard_slots(call->reply, mesh.ring, i);
        reply_bulk_text(call->reply, "nodes");
        reply_array(call->reply, 1);
        reply_shard_node(call->reply, &mesh.members[i]);
    }
}

static void add_slots(struct buf *text, const struct ring *ring, size_t owner)
{
    struct run run;
    uint32_t from = 0;

    while (next_run(ring, &from, &run)) {
        if (run.owner != owner) {
            continue;
        }
        if (run.first == run.last) {
            buf_addf(text, " %u", run.first);
        } else {
            buf_addf(text, " %u-%u", run.first, run.last);
        }
    }
}

static void cluster_nodes_run(struct call *call)
{
    struct mesh mesh;
    struct buf text;

    if (!mesh_look(call, &mesh)) {
        return;
    }
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < mesh.count; i++) {
        const struct member *member = &mesh.members[i];
        buf_addf(&text, "%s %s:%u@%u %smaster%s - 0 0 0 %s", member->id, member->address.host,
                 member->address.port, member->address.port, member->self ? "myself," : "",
                 member->ready ? "" : ",fail?", member->ready ? "connected" : "disconnected");
        add_slots(&text, mesh.ring, i);
        buf_addf(&text, "\n");
    }
    reply_verbatim(call->reply, buf_span(&text), "txt");
    buf_fini(&text);
}

/* The state is that of a Redis cluster that does not ask for full coverage: a member that is down
 * costs its own slots, and a client that took "fail" to heart would give up the others too. */
static void cluster_info_run(struct call *call)
{
    struct mesh mesh;
    struct buf text;
    size_t ready_slots = 0;

    if (!mesh_look(call, &mesh)) {
        return;
    }
    for (size_t i = 0; i < mesh.count; i++) {
        ready_slots += mesh.members[i].ready ? mesh.members[i].slots : 0;
    }
    size_t assigned = mesh.count == 0 ? 0 : SLOTS;
    buf_init(&text, TEXT_MAX);
    buf_addf(&text, "cluster_enabled:1\r\ncluster_state:%s\r\n", assigned == SLOTS ? "ok" : "fail");
    buf_addf(&text, "cluster_slots_assigned:%zu\r\ncluster_slots_ok:%zu\r\n", assigned,
             ready_slots);
    buf_addf(&text, "cluster_slots_pfail:%zu\r\ncluster_slots_fail:0\r\n", assigned - ready_slots);
    buf_addf(&text, "cluster_known_nodes:%zu\r\ncluster_size:%zu\r\n", mesh.count, mesh.count);
    buf_addf(&text, "cluster_current_epoch:0\r\ncluster_my_epoch:0\r\n");
    reply_verbatim(call->reply, buf_span(&text), "txt");
    buf_fini(&text);
}

static void cluster_myid_run(struct call *call)
{
    struct mesh mesh;

    if (!mesh_look(call, &mesh)) {
        return;
    }
    for (size_t i = 0; i < mesh.count; i++) {
        if (mesh.members[i].self) {
            reply_bulk_text(call->reply, mesh.members[i].id);
            return;
        }
    }
    reply_error(call->reply, SPAN("CLUSTERDOWN This process is not a member of its mesh"));
}

static void cluster_keyslot_run(struct call *call)
{
    struct mesh mesh;

    if (mesh_look(call, &mesh)) {
        reply_integer(call->reply, slot_of(call->argv[2]));
    }
}

static void cluster_help_run(struct call *call)
{
    describe_help(call->reply, cluster_commands);
}

/* READONLY, READWRITE, ASKING: accepted where there is a cluster; each member has only slots of
 * its own, so none of them changes anything. */
static void accept_run(struct call *call)
{
    struct mesh mesh;

    if (mesh_look(call, &mesh)) {
        reply_ok(call->reply);
    }
}

#define CLUSTER_ROW(name_, run_, arity_, since_, complexity_, synopsis_, tips_, summary_)          \
    {                                                                                              \
        .name = "cluster|" name_, .run = run_, .arity = arity_, .flags = CMD_STALE | CMD_SESSION,  \
        .group = "cluster", .since = since_, .complexity = complexity_, .synopsis = synopsis_,     \
        .tips = tips_, .summary = summary_                                                         \
    }

static const struct command cluster_subcommands[] = {
    CLUSTER_ROW("info", cluster_info_run, 2, "3.0.0", "O(1)", NULL, "nondeterministic_output",
                "Whether all slots have an owner that answers."),
    CLUSTER_ROW("keyslot", cluster_keyslot_run, 3, "3.0.0",
                "O(N) where N is the number of bytes in the key", "key:string", NULL,
                "The slot of a key."),
    CLUSTER_ROW("myid", cluster_myid_run, 2, "3.0.0", "O(1)", NULL, NULL, "The id of this member."),
    CLUSTER_ROW("nodes", cluster_nodes_run, 2, "3.0.0",
                "O(N) where N is the total number of Cluster nodes", NULL,
                "nondeterministic_output", "The members, a line each."),
    CLUSTER_ROW("shards", cluster_shards_run, 2, "7.0.0",
                "O(N) where N is the total number of cluster nodes", NULL,
                "nondeterministic_output", "The members and their slots."),
    CLUSTER_ROW("slots", cluster_slots_run, 2, "3.0.0",
                "O(N) where N is the total number of Cluster nodes", NULL,
                "nondeterministic_output", "The runs of slots and their owners."),
    { .name = "cluster|help",
      .run = cluster_help_run,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_SESSION,
      .group = "cluster",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Lists the subcommands." },
    { .name = NULL },
};
#undef CLUSTER_ROW

const struct command cluster_commands[] = {
    { .name = "cluster",
      .arity = -2,
      .flags = CMD_SESSION,
      .subcommands = cluster_subcommands,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "Depends on subcommand.",
      .summary = "The mesh as a cluster-aware client sees it." },
    { .name = "asking",
      .run = accept_run,
      .arity = 1,
      .flags = CMD_FAST | CMD_SESSION,
      .categories = ACL_CONNECTION,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "O(1)",
      .summary = "Accepted for cluster-aware clients." },
    { .name = "readonly",
      .run = accept_run,
      .arity = 1,
      .flags = CMD_FAST | CMD_LOADING | CMD_STALE | CMD_SESSION,
      .categories = ACL_CONNECTION,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "O(1)",
      .summary = "Accepted for cluster-aware clients." },
    { .name = "readwrite",
      .run = accept_run,
      .arity = 1,
      .flags = CMD_FAST | CMD_LOADING | CMD_STALE | CMD_SESSION,
      .categories = ACL_CONNECTION,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "O(1)",
      .summary = "Accepted for cluster-aware clients." },
    { .name = NULL },
};
