/* The server: one turn of the loop, the tick, and what others may ask.
 *
 * A turn, as libev orders it:
 *
 *     check      what time is it; peers_turn()
 *     io         links of peers answer; clients are noted
 *     prepare    clients are read and run in order of arrival, those with more to run go on; the
 *                store does a little of its background work if it has some; all is written
 *
 * While somebody has more to do, an idle watcher keeps the loop from waiting. */

#include "proxy/server/server.h"

#include "cache/base/memory.h"
#include "cache/types/limits.h"
#include "proxy/server/acl.h"
#include "proxy/server/acl_file.h"
#include "proxy/server/connection.h"
#include "proxy/server/durable.h"
#include "proxy/server/listener.h"
#include "proxy/server/notify.h"
#include "proxy/server/persisting.h"
#include "proxy/server/publish.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/state.h"
#include "proxy/server/token.h"
#include "proxy/server/transaction.h"
#include "proxy/tls/tls.h"

enum {
    TICK_BUCKETS = 4096, /* Of the table, looked at per tick … */
    TURN_BUCKETS = 256,  /* … and per turn while more is waiting. */
    HZ_MAX = 500,
};

struct server_metrics server_metrics;
const struct metric server_metrics_rows[] = {
#define X(name, kind, help) { #name, METRIC_##kind, help, &server_metrics.name },
    SERVER_METRICS(X)
#undef X
        { 0 },
};

static void look_at_clock(struct server *server)
{
    server->now_ms = (uint64_t)(ev_now(server->parts.loop) * 1000.0);
}

/* --- the turn --- */

/* Whoever waits counts on being asked at this member. What is watched was told with the view. */
static void look_at_map(struct server *server)
{
    const struct ring *map = peers_ring(server->parts.peers);

    if (map != server->map) {
        server->map = map;
        waiting_new_map(server);
    }
}

static void on_check(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct server *server = check->data;
    (void)loop;
    (void)events;

    look_at_clock(server);
    if (server->special & SPECIAL_PAUSED) {
        pause_turn(server);
    }
    if (server->parts.peers != NULL) {
        peers_turn(server->parts.peers, server->now_ms);
        look_at_map(server);
    }
}

static void tick_store(struct server *server, size_t buckets)
{
    uint64_t begun_ns = latency_begin(server);

    server->cache_is_busy = cache_tick(server->parts.cache, server->now_ms, buckets);
    latency_end(server, LATENCY_EXPIRE_CYCLE, begun_ns);
}

static void on_prepare(struct ev_loop *loop, struct ev_prepare *prepare, int events)
{
    struct server *server = prepare->data;
    (void)events;

    connections_run(server);
    connections_continue(server);
    if (server->cache_is_busy) {
        tick_store(server, TURN_BUCKETS);
    }
    pressure_turn(server);
    if (waiting_has_ready(&server->waiting)) {
        waiting_serve_ready(server);
    }
    bool rewrite_is_busy = durable_turn(server);
    server->snapshot_is_busy = persisting_turn(server) || rewrite_is_busy;
    replication_turn(server);
    if (server->hooks.turn != NULL) {
        server->hooks.turn(server->hooks.context);
    }
    connections_flush(server);
    if (server->snapshot_is_busy || server->unfinished != NULL || server->cache_is_busy ||
        server->pressure.evicting || replication_is_busy(server)) {
        ev_idle_start(loop, &server->idle);
    } else {
        ev_idle_stop(loop, &server->idle);
    }
}

static void on_idle(struct ev_loop *loop, struct ev_idle *idle, int events)
{
    (void)loop;
    (void)idle;
    (void)events;
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct server *server = timer->data;
    (void)loop;
    (void)events;

    server_tick(server, server->now_ms);
}

/* --- the tick --- */

static void publish(struct server *server)
{
    const struct server_stats *totals = &server->statistics.totals;

    server_metrics = (struct server_metrics){
        .redis_connected_clients = server->count,
        .redis_connections_received_total = totals->connections,
        .redis_rejected_connections_total = totals->rejected_connections,
        .redis_commands_processed_total = totals->commands,
        .redis_net_input_bytes_total = totals->bytes_in,
        .redis_net_output_bytes_total = totals->bytes_out,
        .redis_total_error_replies = totals->errors,
        .client_protocol_errors_total = totals->protocol_errors,
        .client_limit_closes_total =
            totals->query_limit_closes + totals->output_limit_closes + totals->idle_closes,
        .client_answers_waiting = server_waiting(server),
    };
}

void server_tick(struct server *server, uint64_t now_ms)
{
    server->now_ms = now_ms;
    tick_store(server, TICK_BUCKETS);
    pressure_look(server);
    pressure_relieve(server);
    statistics_sample(&server->statistics, now_ms);
    persisting_tick(server);
    replication_tick(server);
    durable_tick(server);
    connections_tick(server);
    listeners_tick(server);
    if (server->parts.tls != NULL) {
        tls_tick(server->parts.tls, now_ms);
    }
    publish(server);
}

static double tick_seconds(const struct server *server)
{
    int64_t hz = server->options->hz;
    hz = hz < 1 ? 1 : hz > HZ_MAX ? HZ_MAX : hz;
    return 1.0 / (double)hz;
}

/* --- life --- */

static void start_watchers(struct server *server)
{
    struct ev_loop *loop = server->parts.loop;

    ev_check_init(&server->check, on_check);
    ev_set_priority(&server->check, EV_MAXPRI);
    server->check.data = server;
    ev_check_start(loop, &server->check);
    ev_prepare_init(&server->prepare, on_prepare);
    server->prepare.data = server;
    ev_prepare_start(loop, &server->prepare);
    ev_idle_init(&server->idle, on_idle);
    ev_init(&server->timer, on_timer);
    server->timer.data = server;
    server->timer.repeat = tick_seconds(server);
    ev_timer_again(loop, &server->timer);
}

/* What the store is to know of the configuration. */
static void configure_store(struct server *server)
{
    const struct options *options = server->options;
    struct cache *cache = server->parts.cache;
    const struct type_limits limits = {
        .hash_max_listpack_entries = (uint64_t)options->hash_max_listpack_entries,
        .hash_max_listpack_value = options->hash_max_listpack_value,
        .set_max_intset_entries = (uint64_t)options->set_max_intset_entries,
        .set_max_listpack_entries = (uint64_t)options->set_max_listpack_entries,
        .set_max_listpack_value = options->set_max_listpack_value,
        .zset_max_listpack_entries = (uint64_t)options->zset_max_listpack_entries,
        .zset_max_listpack_value = options->zset_max_listpack_value,
        .list_max_listpack_size = options->list_max_listpack_size,
        .list_compress_depth = options->list_compress_depth,
        .stream_node_max_bytes = options->stream_node_max_bytes,
        .stream_node_max_entries = (uint64_t)options->stream_node_max_entries,
        .hll_sparse_max_bytes = options->hll_sparse_max_bytes,
        .list_packed_threshold = cache_limits(cache)->list_packed_threshold,
    };

    cache_set_limits(cache, &limits);
    notify_configure(server);
    cache_set_string_max(cache, options->proto_max_bulk_len);
    pressure_configure(server);
    timing_configure(server);
}

struct server *server_new(const struct server_parts *parts)
{
    struct server *server = memory_zero(sizeof(*server));

    server->parts = *parts;
    server->options = &parts->config->options;
    server->read_buffer = memory_alloc(READ_BYTES);
    buf_init(&server->held, SIZE_MAX / 2);
    statistics_init(&server->statistics, command_ids(parts->commands));
    timing_init(&server->timing, command_ids(parts->commands));
    look_at_clock(server);
    server->started_at_ms = server->now_ms;
    server->memory_start = memory_refresh().used;
    server->ping_row = command_named(parts->commands, SPAN("ping"));
    server->exec_row = command_named(parts->commands, SPAN("exec"));
    server->bundle_row = command_named(parts->commands, SPAN("podis.mesh|exec"));
    server->watch_row = command_named(parts->commands, SPAN("watch"));
    server->watch_elsewhere_row = command_named(parts->commands, SPAN("podis.mesh|watch"));
    server->unwatch_row = command_named(parts->commands, SPAN("podis.mesh|unwatch"));
    acl_users_init(&server->users, parts->commands);
    acl_configure(server);
    server->watches = watches_new(parts->cache, parts->seed);
    server->tokens = tokens_new(parts->seed);
    server->pubsub = pubsub_new(parts->seed);
    server->replication = replication_new(server);
    cache_listen(parts->cache, replication_change, server->replication);
    cache_set_publisher(parts->cache, publish_message, server);
    scripting_init(server);
    configure_store(server);
    waiting_init(server);
    weights_configure(server);
    start_watchers(server);
    return server;
}

void server_free(struct server *server)
{
    if (server == NULL) {
        return;
    }
    struct ev_loop *loop = server->parts.loop;

    listeners_close(server);
    connections_free(server);
    waiting_fini(server);
    replication_free(server->replication);
    ev_check_stop(loop, &server->check);
    ev_prepare_stop(loop, &server->prepare);
    ev_idle_stop(loop, &server->idle);
    ev_timer_stop(loop, &server->timer);
    while (server->pool_count > 0) {
        memory_free(server->pool[--server->pool_count]);
    }
    answer_pool_fini(&server->answers);
    resp_args_fini(&server->batch.args);
    statistics_fini(&server->statistics);
    timing_fini(&server->timing);
    latency_fini(&server->latency);
    buf_fini(&server->held);
    tokens_free(server->tokens);
    acl_users_fini(&server->users);
    acl_log_fini(&server->acl_log);
    watches_free(server->watches);
    pubsub_free(server->pubsub);
    memory_free(server->read_buffer);
    memory_free(server->buckets);
    memory_free(server);
}

enum err server_load_users(struct server *server, char *why, size_t why_size)
{
    return acl_start(server, why, why_size) ? ERR_OK : ERR_INVALID;
}

void server_add_user_lines(const struct server *server, struct option_list *lines)
{
    if (server->options->aclfile[0] == '\0') {
        acl_file_add_lines(&server->users, lines);
    }
}

enum err server_listen(struct server *server, char *why, size_t why_size)
{
    return listeners_open(server, server->options, why, why_size);
}

enum err server_listen_as(struct server *server, const struct options *options, char *why,
                          size_t why_size)
{
    return server->draining ? ERR_OK : listeners_open(server, options, why, why_size);
}

void server_configure(struct server *server, const struct config *config)
{
    server->parts.config = config;
    server->options = &config->options;
    server->timer.repeat = tick_seconds(server);
    ev_timer_again(server->parts.loop, &server->timer);
    configure_store(server);
    acl_configure(server);
    connections_configure(server);
    replication_configure(server);
}

void server_set_loading(struct server *server, bool loading)
{
    server->loading = loading;
}

void server_set_hooks(struct server *server, const struct session_hooks *hooks)
{
    server->hooks = *hooks;
}

const struct session_hooks *server_hooks(const struct server *server)
{
    return &server->hooks;
}

static void end_session(void *context, struct session *session)
{
    (void)context;
    session_close(session, SESSION_ENDS_AFTER_ANSWERS);
}

void server_drain(struct server *server)
{
    server->draining = true;
    listeners_accept_waiting(server);
    listeners_close(server);
    sessions_each(server, end_session, NULL);
}

/* --- what others may ask --- */

size_t server_connections(const struct server *server)
{
    return server->count;
}

size_t server_waiting(const struct server *server)
{
    size_t waiting = 0;
    for (const struct session *session = server->first; session != NULL; session = session->next) {
        waiting += session->answers.waiting;
    }
    return waiting;
}

size_t server_blocked(const struct server *server)
{
    return server->waiting.count + server->pause.held;
}

size_t server_timeouts(const struct server *server)
{
    return server->waiting.deadlines.count;
}

size_t server_blocking_keys(const struct server *server, bool or_gone)
{
    const struct lines *lines = &server->waiting.lines;
    return or_gone ? lines->or_gone_count : lines->count;
}

struct watches *server_watches(const struct server *server)
{
    return server->watches;
}

struct cache *server_cache(const struct server *server)
{
    return server->parts.cache;
}

const struct command_table *server_commands(const struct server *server)
{
    return server->parts.commands;
}

const struct config *server_config(const struct server *server)
{
    return server->parts.config;
}

const struct log *server_log(const struct server *server)
{
    return server->parts.log;
}

struct persistence *server_persistence(const struct server *server)
{
    return server->parts.persistence;
}

struct peers *server_peers(const struct server *server)
{
    return server->parts.peers;
}

const struct server_program *server_program(const struct server *server)
{
    return &server->parts.program;
}

const char *server_run_id(const struct server *server)
{
    return server->parts.run_id;
}

uint64_t server_started_at_ms(const struct server *server)
{
    return server->started_at_ms;
}

uint64_t server_now_ms(const struct server *server)
{
    return server->now_ms;
}

bool server_is_loading(const struct server *server)
{
    return server->loading;
}

uint64_t server_memory_start(const struct server *server)
{
    return server->memory_start;
}

uint64_t server_memory_peak(const struct server *server)
{
    return server->pressure.peak;
}

const struct server_stats *server_stats(const struct server *server)
{
    return &server->statistics.totals;
}

void server_reset_stats(struct server *server)
{
    statistics_reset(&server->statistics);
    timing_reset(&server->timing);
    server->statistics.totals.peak_connections = server->count;
    server->pressure.bytes_in = 0;
    pressure_reset_times(server);
}

struct command_stats server_command_stats(const struct server *server, size_t id)
{
    assert(id < server->statistics.command_count);
    return server->statistics.commands[id];
}

void server_errors_each(const struct server *server,
                        void (*visit)(void *context, struct span code, uint64_t count),
                        void *context)
{
    const struct statistics *statistics = &server->statistics;

    for (size_t i = 0; i < statistics->error_count; i++) {
        const struct error_count *error = &statistics->errors[i];
        visit(context, (struct span){ error->code, error->len }, error->count);
    }
    if (statistics->errors[ERROR_CODES_MAX].count > 0) {
        visit(context, SPAN("ERRORSTATS_OVERFLOW"), statistics->errors[ERROR_CODES_MAX].count);
    }
}
