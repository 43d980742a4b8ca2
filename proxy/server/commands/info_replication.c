/* INFO: whose copy this is, and who copies it. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/replication_inside.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

#include <inttypes.h>

static uint64_t seconds_since(const struct info *info, uint64_t at_ms)
{
    return info->now_ms < at_ms ? 0 : (info->now_ms - at_ms) / 1000;
}

static void info_transfer(struct info *info, const struct following *following)
{
    const struct payload *payload = &following->payload;
    bool is_counted = payload->total > 0;

    info_line(info, "master_sync_total_bytes:%" PRIu64, payload->total);
    info_line(info, "master_sync_read_bytes:%" PRIu64, payload->len);
    info_line(info, "master_sync_left_bytes:%" PRId64,
              is_counted ? (int64_t)(payload->total - payload->len) : -(int64_t)payload->len);
    info_line(info, "master_sync_perc:%.2f",
              is_counted ? 100.0 * (double)payload->len / (double)payload->total : 0.0);
    info_line(info, "master_sync_last_io_seconds_ago:%" PRIu64,
              seconds_since(info, following->heard_at_ms));
}

static void info_primary(struct info *info, const struct replication *replication)
{
    const struct following *following = &replication->following;
    const struct options *options = info->server->options;
    bool online = following->state == FOLLOWING_ONLINE;
    bool syncs = following->state == FOLLOWING_RECEIVES || following->state == FOLLOWING_LOADS;

    info_line(info, "master_host:%s", following->host);
    info_line(info, "master_port:%u", following->port);
    info_line(info, "master_link_status:%s", online ? "up" : "down");
    info_line(info, "master_last_io_seconds_ago:%" PRId64,
              online ? (int64_t)seconds_since(info, following->heard_at_ms) : -1);
    info_line(info, "master_sync_in_progress:%d", syncs);
    info_number(info, "slave_read_repl_offset",
                replication->stream.history.offset + following->unit.len);
    info_number(info, "slave_repl_offset", replication->stream.history.offset);
    if (syncs) {
        info_transfer(info, following);
    }
    if (!online) {
        info_line(info, "master_link_down_since_seconds:%" PRId64,
                  following->apart_since_ms == 0
                      ? -1
                      : (int64_t)seconds_since(info, following->apart_since_ms));
    }
    info_line(info, "slave_priority:%" PRId64, options->replica_priority);
    info_line(info, "slave_read_only:%d", options->replica_read_only);
    info_line(info, "replica_announced:%d", options->replica_announced);
}

static const char *state_word(const struct replication *replication, const struct replica *replica)
{
    switch (replica->state) {
    case REPLICA_TALKS:
    case REPLICA_WAITS:
        return "wait_bgsave";
    case REPLICA_RECEIVES:
        return replication->resync.state == RESYNC_WRITES ? "wait_bgsave" : "send_bulk";
    case REPLICA_LOADS:
    case REPLICA_ONLINE:
        return "online";
    }
    unreachable("no such state");
}

static void info_replicas(struct info *info, const struct replication *replication)
{
    size_t number = 0;

    for (const struct replica *at = replication->first; at != NULL; at = at->next) {
        char ip[SESSION_ADDRESS_MAX];
        replica_address(at, ip, sizeof(ip));
        info_line(info, "slave%zu:ip=%s,port=%u,state=%s,offset=%" PRIu64 ",lag=%" PRIu64, number++,
                  ip, at->port, state_word(replication, at), at->acked,
                  at->state == REPLICA_ONLINE ? seconds_since(info, at->heard_at_ms) : 0);
    }
}

static void info_backlog(struct info *info, const struct replication *replication)
{
    const struct backlog *backlog = &replication->stream.backlog;

    info_line(info, "repl_backlog_active:%d", backlog->is_open);
    info_number(info, "repl_backlog_size", info->server->options->repl_backlog_size);
    info_number(info, "repl_backlog_first_byte_offset",
                backlog->is_open ? backlog_begin(backlog) : 0);
    info_number(info, "repl_backlog_histlen", backlog->len);
}

void info_replication(struct info *info)
{
    struct replication *replication = replication_of(info->server);
    const struct history *history = &replication->stream.history;
    bool follows = following_is_on(&replication->following);
    uint64_t offset = replication_offset(replication);

    info_line(info, "role:%s", follows ? "slave" : "master");
    if (follows) {
        info_primary(info, replication);
    }
    info_number(info, "connected_slaves", replication->count);
    if (info->server->options->min_replicas_to_write > 0 &&
        info->server->options->min_replicas_max_lag > 0) {
        info_number(info, "min_slaves_good_slaves", replicas_good(info->server));
    }
    info_replicas(info, replication);
    info_line(info, "master_failover_state:no-failover");
    info_line(info, "master_replid:%s", history->id);
    info_line(info, "master_replid2:%s", history->id2);
    info_number(info, "master_repl_offset", offset);
    info_line(info, "second_repl_offset:%" PRId64, history->second_offset);
    info_backlog(info, replication);
}
