/* Replication's commands: whom to follow, the talk with replicas, and who has what. */

#include "proxy/server/commands/rows.h"

#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/persist/aof.h"
#include "cache/wait.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

static struct session *session_of(const struct call *c)
{
    return c->caller;
}

static struct replication *replication_in(const struct call *c)
{
    return session_of(c)->server->replication;
}

/* --- whom to follow --- */

static void follow_nobody(struct call *c)
{
    struct replication *replication = replication_in(c);
    char address[SESSION_ADDRESS_MAX];

    if (following_is_on(&replication->following)) {
        following_end(replication);
        session_address(session_of(c), false, address);
        log_notice(replication->server->parts.log, "MASTER MODE enabled (user request from '%s')",
                   address);
    }
    reply_ok(c->reply);
}

static bool is_followed(const struct following *following, struct span host, int64_t port)
{
    return following_is_on(following) && span_is(host, following->host) && following->port == port;
}

static void replicaof(struct call *c)
{
    struct replication *replication = replication_in(c);
    struct server *server = replication->server;
    char address[SESSION_ADDRESS_MAX];
    int64_t port;

    if (server->parts.peers != NULL) {
        reply_error(c->reply, SPAN("ERR REPLICAOF is not possible in a mesh: its members share the "
                                   "keys, and follow nobody"));
        return;
    }
    if (arg_is(c, 1, "no") && arg_is(c, 2, "one")) {
        follow_nobody(c);
        return;
    }
    if (replica_is_counted(session_of(c)->replica)) {
        reply_error(c->reply, SPAN("ERR Command is not valid when client is a replica."));
        return;
    }
    if (!arg_integer_in(c, 2, 0, UINT16_MAX, &port, "ERR Invalid master port")) {
        return;
    }
    if (is_followed(&replication->following, c->argv[1], port)) {
        log_notice(server->parts.log,
                   "REPLICAOF would result into synchronization with the master we are already "
                   "connected with. No operation performed.");
        reply_status(c->reply, SPAN("OK Already connected to specified master"));
        return;
    }
    waiting_end_all(server,
                    SPAN("UNBLOCKED force unblock from blocking operation, instance state changed "
                         "(master -> replica?)"));
    following_begin(replication, c->argv[1], (uint16_t)port, true);
    session_address(session_of(c), false, address);
    log_notice(server->parts.log, "REPLICAOF %s:%lld enabled (user request from '%s')",
               replication->following.host, (long long)port, address);
    reply_ok(c->reply);
}

/* --- ROLE --- */

static void role_of_replica(struct call *c)
{
    struct replication *replication = replication_in(c);
    const struct following *following = &replication->following;

    reply_array(c->reply, 5);
    reply_bulk_text(c->reply, "slave");
    reply_bulk_text(c->reply, following->host);
    reply_integer(c->reply, following->port);
    reply_bulk_text(c->reply, following_word(following));
    reply_integer(c->reply, following->state == FOLLOWING_ONLINE
                                ? (int64_t)replication_offset(replication)
                                : -1);
}

static void role_of_primary(struct call *c)
{
    struct replication *replication = replication_in(c);
    size_t count = 0;

    reply_array(c->reply, 3);
    reply_bulk_text(c->reply, "master");
    reply_integer(c->reply, (int64_t)replication_offset(replication));
    struct reply_later later = reply_array_later(c->reply);
    for (const struct replica *at = replication->first; at != NULL; at = at->next) {
        char ip[SESSION_ADDRESS_MAX];
        if (at->state != REPLICA_ONLINE) {
            continue;
        }
        replica_address(at, ip, sizeof(ip));
        reply_array(c->reply, 3);
        reply_bulk_text(c->reply, ip);
        reply_bulk_integer(c->reply, at->port);
        reply_bulk_integer(c->reply, (int64_t)at->acked);
        count++;
    }
    reply_later_end(c->reply, later, count);
}

static void role(struct call *c)
{
    if (following_is_on(&replication_in(c)->following)) {
        role_of_replica(c);
    } else {
        role_of_primary(c);
    }
}

/* --- the talk with a replica --- */

/* Whether it may have the stream now; else it was answered, or needs no answer. */
static bool may_sync(struct call *c)
{
    struct session *session = session_of(c);
    const struct following *following = &replication_in(c)->following;

    if (replica_is_counted(session->replica)) {
        return false;
    }
    if (following_is_on(following) && following->state != FOLLOWING_ONLINE) {
        reply_error(c->reply, SPAN("NOMASTERLINK Can't SYNC while not connected with my master"));
        return false;
    }
    if (answers_bytes(&session->answers) > 0 || session->answers.first != NULL) {
        reply_error(c->reply, SPAN("ERR SYNC and PSYNC are invalid with pending output"));
        return false;
    }
    return true;
}

static void psync(struct call *c)
{
    struct session *session = session_of(c);
    int64_t offset;

    if (!may_sync(c)) {
        return;
    }
    if (c->argc > 3) {
        reply_error(c->reply,
                    SPAN("ERR PSYNC FAILOVER replid must match my replid: there is no FAILOVER"));
        return;
    }
    if (!arg_integer(c, 2, &offset)) {
        log_warning(server_log(session->server),
                    "A replica asks for synchronization but with a wrong offset");
        return;
    }
    replica_psync(session, c->argv[1], offset < 0 ? 0 : (uint64_t)offset, c->reply);
}

static void sync_(struct call *c)
{
    if (may_sync(c)) {
        replica_sync(session_of(c));
    }
}

static bool take_address(struct call *c, struct replica *replica, struct span address)
{
    enum { ADDRESS_MAX = 128 };

    if (address.len >= ADDRESS_MAX) {
        reply_errorf(c->reply,
                     "ERR REPLCONF ip-address provided by replica instance is too long: %zu bytes",
                     address.len);
        return false;
    }
    memory_free(replica->announced_ip);
    replica->announced_ip = memory_copy_text(address.bytes, address.len);
    return true;
}

static void take_capability(struct replica *replica, struct span capability)
{
    replica->takes_marks |= span_is(capability, "eof");
    replica->takes_names |= span_is(capability, "psync2");
}

static void acknowledge(struct call *c, size_t at)
{
    int64_t offset, synced;
    bool has_synced = at + 3 < c->argc && arg_is(c, at + 2, "fack") &&
                      number_parse(c->argv[at + 3], &synced) && synced >= 0;

    if (number_parse(c->argv[at + 1], &offset) && offset >= 0) {
        uint64_t on_disk = has_synced ? (uint64_t)synced : 0;
        replica_acknowledge(session_of(c), (uint64_t)offset, has_synced ? &on_disk : NULL);
    }
}

enum detail { DETAIL_TAKEN, DETAIL_UNANSWERED, DETAIL_REFUSED };

/* What of the data it wants instead of all. */
static enum detail take_filter(struct call *c, size_t at, struct replica *replica)
{
    if (!span_is(c->argv[at], "functions")) {
        reply_errorf(c->reply, "ERR Unsupported rdb-filter-only option: %.*s",
                     span_shown(c->argv[at]), c->argv[at].bytes);
        return DETAIL_REFUSED;
    }
    replica->no_keys = true;
    return DETAIL_TAKEN;
}

/* One of the pairs. */
static enum detail take_detail(struct call *c, size_t at)
{
    struct replica *replica = replica_of_session(session_of(c));
    int64_t number;

    if (arg_is(c, at, "listening-port")) {
        if (!arg_integer_in(c, at + 1, 0, UINT16_MAX, &number, NULL)) {
            return DETAIL_REFUSED;
        }
        replica->port = (uint16_t)number;
    } else if (arg_is(c, at, "ip-address")) {
        return take_address(c, replica, c->argv[at + 1]) ? DETAIL_TAKEN : DETAIL_REFUSED;
    } else if (arg_is(c, at, "capa")) {
        take_capability(replica, c->argv[at + 1]);
    } else if (arg_is(c, at, "ack")) {
        acknowledge(c, at);
        return DETAIL_UNANSWERED;
    } else if (arg_is(c, at, "getack")) {
        return DETAIL_UNANSWERED; /* Only a primary may ask, and it does so in its stream. */
    } else if (arg_is(c, at, "rdb-only")) {
        if (!arg_integer_in(c, at + 1, 0, 1, &number, NULL)) {
            return DETAIL_REFUSED;
        }
        replica->rdb_only = number == 1;
    } else if (arg_is(c, at, "rdb-filter-only")) {
        return take_filter(c, at + 1, replica);
    } else if (!arg_is(c, at, "version")) {
        reply_errorf(c->reply, "ERR Unrecognized REPLCONF option: %.*s", span_shown(c->argv[at]),
                     c->argv[at].bytes);
        return DETAIL_REFUSED;
    }
    return DETAIL_TAKEN;
}

static void replconf(struct call *c)
{
    if (c->argc % 2 == 0) {
        call_syntax_error(c);
        return;
    }
    for (size_t at = 1; at < c->argc; at += 2) {
        if (take_detail(c, at) != DETAIL_TAKEN) {
            return;
        }
    }
    reply_ok(c->reply);
}

/* --- who has what --- */

/* Waits, the first time with the offset of now. False: it must not, or not any more. */
static bool may_wait_for(struct call *c, uint64_t timeout_ms)
{
    const struct call_wait wait = { .until_told = true, .timeout_ms = timeout_ms };

    if (!call_may_wait(c)) {
        return false;
    }
    if (!c->wait->again) {
        replicas_ask(session_of(c)->server);
    }
    call_wait(c, &wait);
    return true;
}

static uint64_t awaited_offset(struct call *c)
{
    struct session *session = session_of(c);

    if (call_may_wait(c) && !c->wait->again) {
        session->awaited_offset = replication_offset(replication_in(c));
    }
    return call_may_wait(c) || session->wait != NULL ? session->awaited_offset
                                                     : replication_offset(replication_in(c));
}

static bool take_timeout(struct call *c, size_t at, int64_t *timeout_ms)
{
    if (!arg_integer_in(c, at, INT64_MIN, INT64_MAX, timeout_ms,
                        "ERR timeout is not an integer or out of range")) {
        return false;
    }
    if (*timeout_ms < 0) {
        reply_error(c->reply, SPAN("ERR timeout is negative"));
        return false;
    }
    return true;
}

static void wait_(struct call *c)
{
    int64_t wanted, timeout_ms;

    if (following_is_on(&replication_in(c)->following)) {
        reply_error(c->reply,
                    SPAN("ERR WAIT cannot be used with replica instances. Please also note that "
                         "since Redis 4.0 if a replica is configured to be writable (which is not "
                         "the default) writes to replicas are just local and are not propagated."));
        return;
    }
    if (!arg_integer(c, 1, &wanted) || !take_timeout(c, 2, &timeout_ms)) {
        return;
    }
    size_t have = replicas_with(session_of(c)->server, awaited_offset(c));
    if (wanted > 0 && have < (uint64_t)wanted && may_wait_for(c, (uint64_t)timeout_ms)) {
        return;
    }
    reply_integer(c->reply, (int64_t)have);
}

/* Whether the append-only file has on the disk what was logged when the wait began. */
static bool is_synced_here(struct call *c)
{
    struct session *session = session_of(c);
    const struct aof *aof = session->server->parts.aof;

    if (aof == NULL) {
        return false;
    }
    struct aof_figures figures = aof_figures(aof, c->now_ms);
    if (session->wait == NULL) {
        session->awaited_seq = figures.said_seq;
    }
    return figures.on && !figures.waits && figures.synced_seq >= session->awaited_seq;
}

static bool may_wait_for_file(struct call *c, int64_t local)
{
    const struct server *server = session_of(c)->server;

    if (following_is_on(&replication_in(c)->following)) {
        reply_error(c->reply,
                    SPAN("ERR WAITAOF cannot be used with replica instances. Please also note that "
                         "writes to replicas are just local and are not propagated."));
        return false;
    }
    if (local > 0 && (server->parts.aof == NULL || !aof_figures(server->parts.aof, c->now_ms).on)) {
        reply_error(c->reply, SPAN("ERR WAITAOF cannot be used when numlocal is set but appendonly "
                                   "is disabled."));
        return false;
    }
    return true;
}

static void waitaof(struct call *c)
{
    int64_t local, wanted, timeout_ms;

    if (!arg_integer_in(c, 1, 0, 1, &local, NULL) ||
        !arg_integer_in(c, 2, 0, INT64_MAX, &wanted, NULL) || !take_timeout(c, 3, &timeout_ms) ||
        !may_wait_for_file(c, local)) {
        return;
    }
    bool here = is_synced_here(c);
    size_t have = replicas_synced(session_of(c)->server, awaited_offset(c));
    if ((local > (int64_t)here || have < (uint64_t)wanted) &&
        may_wait_for(c, (uint64_t)timeout_ms)) {
        return;
    }
    reply_array(c->reply, 2);
    reply_integer(c->reply, here);
    reply_integer(c->reply, (int64_t)have);
}

static void failover(struct call *c)
{
    reply_error(c->reply,
                SPAN("ERR FAILOVER is not offered: promote a replica with REPLICAOF NO ONE"));
}

const struct command replication_commands[] = {
    { .name = "replicaof",
      .run = replicaof,
      .arity = 3,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE | CMD_NO_ASYNC_LOADING,
      .group = "server",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "args:(host-port:{host:string port:integer} | no-one:{no:NO one:ONE})",
      .summary = "Follows another server and becomes its replica, or nobody's." },
    { .name = "slaveof",
      .run = replicaof,
      .arity = 3,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE | CMD_NO_ASYNC_LOADING,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "args:(host-port:{host:string port:integer} | no-one:{no:NO one:ONE})",
      .summary = "Follows another server and becomes its replica, or nobody's.",
      .deprecated_since = "5.0.0",
      .replaced_by = "`REPLICAOF`" },
    { .name = "role",
      .run = role,
      .arity = 1,
      .flags = CMD_SESSION | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST,
      .categories = ACL_ADMIN | ACL_DANGEROUS,
      .group = "server",
      .since = "2.8.12",
      .complexity = "O(1)",
      .summary = "Tells whether this is a primary or a replica, and of whom." },
    { .name = "psync",
      .run = psync,
      .arity = -3,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
      .group = "server",
      .since = "2.8.0",
      .synopsis = "replicationid:string offset:integer",
      .summary = "A replica asks for the stream, from where it was." },
    { .name = "sync",
      .run = sync_,
      .arity = 1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
      .group = "server",
      .since = "1.0.0",
      .summary = "A replica of old asks for a snapshot and the stream." },
    { .name = "replconf",
      .run = replconf,
      .arity = -1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_ALLOW_BUSY,
      .group = "server",
      .since = "3.0.0",
      .complexity = "O(1)",
      .summary = "What a replica tells of itself.",
      .is_internal = true },
    { .name = "wait",
      .run = wait_,
      .arity = 3,
      .flags = CMD_SESSION | CMD_NOSCRIPT,
      .categories = ACL_CONNECTION,
      .group = "generic",
      .since = "3.0.0",
      .complexity = "O(1)",
      .synopsis = "numreplicas:integer timeout:integer",
      .summary = "Waits until so many replicas have applied what was written.",
      .tips = "request_policy:all_shards response_policy:agg_min" },
    { .name = "waitaof",
      .run = waitaof,
      .arity = 4,
      .flags = CMD_SESSION | CMD_NOSCRIPT,
      .categories = ACL_CONNECTION,
      .group = "generic",
      .since = "7.2.0",
      .complexity = "O(1)",
      .synopsis = "numlocal:integer numreplicas:integer timeout:integer",
      .summary = "Waits until what was written is in the append-only file, here and at replicas.",
      .tips = "request_policy:all_shards response_policy:agg_min" },
    { .name = "failover",
      .run = failover,
      .arity = -1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_STALE,
      .group = "server",
      .since = "6.2.0",
      .complexity = "O(1)",
      .synopsis = "[target:{host:string port:integer [force:FORCE]}=TO] [abort:ABORT] "
                  "[milliseconds:integer=TIMEOUT]",
      .summary = "Refused: podis does not hand over to a replica by itself." },
    { .name = NULL },
};
