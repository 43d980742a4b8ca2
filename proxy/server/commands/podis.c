/* Commands of podis's own. */

#include "proxy/server/commands/rows.h"

#include "cache/base/memory.h"
#include "cache/call.h"
#include "proxy/server/acl.h"
#include "proxy/server/dispatch.h"
#include "proxy/server/invalidate.h"
#include "proxy/server/session.h"

#include <inttypes.h>

static void reply_text(struct call *c, struct buf *text)
{
    reply_verbatim(c->reply, buf_span(text), "txt");
    buf_fini(text);
}

/* --- PODIS.EXPLAIN --- */

static void explain_route(struct call *c, const struct request *asked, struct buf *text)
{
    struct session *session = c->caller;
    struct server *server = session->server;
    struct route route = dispatch_route(server, session, asked);

    buf_addf(text, "%s: ", route_kind_name(route.kind));
    if (asked->command->flags & CMD_SESSION) {
        buf_addf(text, "%s is about this connection or this process\n", asked->command->name);
        return;
    }
    if (server_peers(server) == NULL || peers_ring(server_peers(server)) == NULL) {
        buf_addf(text, "podis is alone: peers is not set\n");
        return;
    }
    const struct peers_request request = {
        .command = asked->command,
        .argv = asked->argv,
        .argc = asked->argc,
        .db = session->db,
        .now_ms = c->now_ms,
        .client_id = session->id,
        .route = route,
        .no_touch = session->no_touch,
    };
    peers_explain(server_peers(server), &request, text);
}

static void explain(struct call *c)
{
    struct session *session = c->caller;
    struct familiar familiar[FAMILIAR_COUNT] = { 0 };
    struct request asked = { .argv = c->argv + 1, .argc = c->argc - 1 };
    struct buf text;

    request_find(&asked, server_commands(session->server), familiar);
    if (!request_fits(&asked, c->reply)) {
        return;
    }
    buf_init(&text, SIZE_MAX / 2);
    explain_route(c, &asked, &text);
    reply_text(c, &text);
}

/* --- PODIS.MESH --- */

/* The log says what the peer was told, without the code and the line's end. */
static void log_refusal(const struct session *session, struct span answer)
{
    char address[SESSION_ADDRESS_MAX];
    size_t begin = 0, end = answer.len;

    while (begin < end && answer.bytes[begin] != ' ') {
        begin++;
    }
    while (end > begin && (answer.bytes[end - 1] == '\r' || answer.bytes[end - 1] == '\n')) {
        end--;
    }
    session_address(session, false, address);
    log_warning(server_log(session->server), "Refused a peer at %s:%.*s", address,
                (int)(end - begin), answer.bytes + begin);
}

/* Whoever is refused may try again on a new connection only. */
static void mesh_hello(struct call *c)
{
    struct session *session = c->caller;
    struct peers *peers = server_peers(session->server);
    size_t begin = c->reply->out->len;

    if (!session->from_peer || peers == NULL) {
        reply_error(c->reply, SPAN("ERR PODIS.MESH is spoken on the peer port only"));
        return;
    }
    if (peers_greet(peers, c->argv, c->argc, c->reply)) {
        session->greeted = true;
        acl_trust(session);
        session->answers.relayed = session->answers.direct.relayed = true;
        return;
    }
    log_refusal(session, span_skip(buf_span(c->reply->out), begin));
    session_close(session, SESSION_ENDS_AFTER_ANSWERS);
}

static void mesh_follow(struct call *c)
{
    struct session *session = c->caller;

    if (!session->greeted) {
        reply_error(c->reply, SPAN("ERR PODIS.MESH FOLLOW is spoken between members only"));
    } else if (!tracking_follow(session, c->argv[2])) {
        reply_error(c->reply, SPAN("ERR this link does not track, or follows too many prefixes"));
    } else {
        reply_ok(c->reply);
    }
}

/* --- PODIS.STATUS --- */

struct status {
    bool json;
    bool first; /* No member was written yet. */
    struct buf text;
};

static double hit_ratio(const struct cache_stats *stats)
{
    uint64_t reads = stats->hits + stats->misses;
    return reads == 0 ? 0.0 : (double)stats->hits / (double)reads;
}

static void add_member(void *context, const struct peer_info *info)
{
    struct status *status = context;

    if (status->json) {
        buf_addf(&status->text,
                 "%s{\"host\":\"%s\",\"port\":%u,\"self\":%s,\"state\":\"%s\",\"node\":\"%s\","
                 "\"slots\":%zu,\"near_keys\":%" PRIu64 ",\"waiting\":%" PRIu64 "}",
                 status->first ? "" : ",", info->address->host, info->address->port,
                 info->self ? "true" : "false", info->state, info->node_id, info->slots,
                 info->near_keys, info->waiting);
    } else {
        buf_addf(&status->text,
                 "  %s%s:%u  %s, %zu slots, %" PRIu64 " near copies, %" PRIu64 " waiting%s%s\n",
                 info->self ? "* " : "  ", info->address->host, info->address->port, info->state,
                 info->slots, info->near_keys, info->waiting,
                 info->node_id[0] == '\0' ? "" : ", node ", info->node_id);
    }
    status->first = false;
}

static uint64_t count_keys(const struct cache *cache)
{
    uint64_t keys = 0;
    for (int db = 0; db < cache_databases(cache); db++) {
        keys += cache_db_stats(cache, db).keys;
    }
    return keys;
}

static void add_members(struct status *status, const struct server *server)
{
    if (server_peers(server) != NULL && peers_ring(server_peers(server)) != NULL) {
        peers_each(server_peers(server), add_member, status);
    }
}

static void status_json(struct status *status, const struct server *server, bool alone)
{
    struct cache_stats stats = cache_stats(server_cache(server));
    struct memory_stats memory = memory_refresh();

    buf_addf(&status->text,
             "{\"version\":\"%s\",\"topology\":\"%s\",\"uptime_seconds\":%" PRIu64
             ",\"clients\":%zu,\"keys\":%" PRIu64 ",\"hit_ratio\":%.4f,\"memory_used\":%zu,"
             "\"memory_max\":%" PRIu64 ",\"members\":[",
             PODIS_VERSION, alone ? "alone" : "mesh",
             (server_now_ms(server) - server_started_at_ms(server)) / 1000,
             server_connections(server), count_keys(server_cache(server)), hit_ratio(&stats),
             memory.used, server_config(server)->options.maxmemory);
    add_members(status, server);
    buf_addf(&status->text, "]}\n");
}

static void status_text(struct status *status, const struct server *server, bool alone)
{
    struct cache_stats stats = cache_stats(server_cache(server));
    struct memory_stats memory = memory_refresh();
    uint64_t max = server_config(server)->options.maxmemory;

    buf_addf(&status->text, "podis %s, %s, up %" PRIu64 " s, %zu clients\n", PODIS_VERSION,
             alone ? "alone" : "in a mesh",
             (server_now_ms(server) - server_started_at_ms(server)) / 1000,
             server_connections(server));
    buf_addf(&status->text, "keys: %" PRIu64 ", %.1f %% of reads found theirs\n",
             count_keys(server_cache(server)), hit_ratio(&stats) * 100.0);
    buf_addf(&status->text, "memory: %zu bytes used", memory.used);
    if (max != 0) {
        buf_addf(&status->text, ", at most %" PRIu64, max);
    }
    buf_addf(&status->text, "\n");
    if (!alone) {
        buf_addf(&status->text, "members:\n");
        add_members(status, server);
    }
}

static void tell_status(struct call *c)
{
    const struct session *session = c->caller;
    const struct server *server = session->server;
    struct status status = { .json = arg_is(c, 1, "json"), .first = true };
    bool alone = server_peers(server) == NULL || peers_ring(server_peers(server)) == NULL;

    if (c->argc > 2 || (c->argc == 2 && !status.json)) {
        call_syntax_error(c);
        return;
    }
    buf_init(&status.text, SIZE_MAX / 2);
    if (status.json) {
        status_json(&status, server, alone);
    } else {
        status_text(&status, server, alone);
    }
    reply_text(c, &status.text);
}

static const struct command mesh_subcommands[] = {
    { .name = "podis.mesh|hello",
      .run = mesh_hello,
      .arity = -3,
      .flags =
          CMD_SESSION | CMD_NO_AUTH | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SKIP_MONITOR,
      .group = "connection",
      .since = "0.1.0",
      .complexity = "O(1)",
      .summary = "Introduces one podis to another." },
    { .name = "podis.mesh|exec",
      .run = transaction_of_peer,
      .arity = -4,
      .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_NO_MULTI | CMD_SKIP_MONITOR,
      .keys = { KEYS_NUMBERED(2, KEY_RW | KEY_UPDATE) },
      .group = "connection",
      .since = "0.2.0",
      .complexity = "Depends on commands in the transaction",
      .summary = "Runs a transaction of another podis, whose keys are all owned here." },
    { .name = "podis.mesh|follow",
      .run = mesh_follow,
      .arity = 3,
      .flags = CMD_SESSION | CMD_FAST | CMD_NOSCRIPT | CMD_NO_MULTI | CMD_LOADING | CMD_STALE,
      .group = "connection",
      .since = "0.2.0",
      .complexity = "O(1)",
      .summary = "Tells another podis of every change of a key with this prefix." },
    { .name = "podis.mesh|watch",
      .run = watch_of_peer,
      .arity = -4,
      .flags = CMD_READ | CMD_FAST | CMD_NOSCRIPT | CMD_NO_MULTI | CMD_SKIP_MONITOR,
      .keys = { KEYS(3, -1, 1, KEY_RO) },
      .group = "connection",
      .since = "0.2.0",
      .complexity = "O(1) for every key.",
      .summary = "Watches keys that are owned here for a session of another podis." },
    { .name = "podis.mesh|unwatch",
      .run = unwatch_of_peer,
      .arity = 4,
      .flags = CMD_READ | CMD_FAST | CMD_NOSCRIPT | CMD_NO_MULTI | CMD_SKIP_MONITOR,
      .keys = { KEYS(3, 3, 1, KEY_RO) },
      .group = "connection",
      .since = "0.2.0",
      .complexity = "O(N), N being the number of keys watched.",
      .summary = "Forgets what a session of another podis watches." },
    { .name = NULL },
};

const struct command podis_commands[] = {
    { .name = "podis.mesh",
      .arity = -2,
      .subcommands = mesh_subcommands,
      .group = "connection",
      .since = "0.1.0",
      .complexity = "That of the subcommand.",
      .summary = "What members of a mesh say to each other." },
    { .name = "podis.explain",
      .run = explain,
      .arity = -2,
      .flags = CMD_SESSION | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
      .group = "server",
      .since = "0.1.0",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "command:string [arg:string...]",
      .summary = "Tells where a command would be answered, and why." },
    { .name = "podis.status",
      .run = tell_status,
      .arity = -1,
      .flags = CMD_SESSION | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
      .group = "server",
      .since = "0.1.0",
      .complexity = "O(N), N being the number of members.",
      .synopsis = "[json:JSON]",
      .summary = "Tells how this podis and its mesh are." },
    { .name = NULL },
};
