#ifndef PODIS_PROXY_SERVER_SERVER_H
#define PODIS_PROXY_SERVER_SERVER_H

/* The server: listeners, connections and the path of a request (dispatch.c).
 *
 * It runs by itself on the loop it is given: accepts, reads, runs what was read in
 * batches, writes once per connection and turn, ticks. The program makes one, tells
 * it about a new configuration, and asks it to drain. */

#include "cache/base/log.h"
#include "cache/cache.h"
#include "config/config.h"
#include "proxy/peers/peers.h"

struct aof;
struct ev_loop;
struct persistence;
struct server;
struct session;
struct tls;
struct watches;

/* How to exit. By default data is saved if there are save points. */
struct server_shutdown {
    bool save, nosave; /* One of them at most. */
    bool now;          /* Replicas are not waited for. */
    bool force;        /* Whatever goes wrong. */
};

/* What only the program can do, for the commands that ask for it. Any may be NULL: the
 * command then answers that it is not possible. */
struct server_program {
    void *context;
    /* CONFIG SET: all pairs or none; `why` without a leading "ERR ". Ends in server_configure(). */
    enum err (*set_config)(void *context, const struct span *pairs, size_t count, char *why,
                           size_t why_size);
    /* CONFIG REWRITE. */
    enum err (*rewrite_config)(void *context, char *why, size_t why_size);
    /* SHUTDOWN: saves, if that is wished for, and begins an orderly exit. False: the data could
     * not be saved, so podis goes on. */
    bool (*shutdown)(void *context, const struct server_shutdown *wish);
};

struct server_parts {
    struct ev_loop *loop;
    struct cache *cache;
    const struct command_table *commands; /* Complete: command_table_add_server() was called. */
    const struct config *config;          /* Borrowed; replaced by server_configure(). */
    const struct log *log;
    struct peers *peers;             /* NULL: always alone. */
    struct persistence *persistence; /* NULL: nothing is kept on disk. */
    struct aof *aof;                 /* NULL: nothing is logged. */
    struct tls *tls;                 /* NULL: no access point speaks it. */
    struct server_program program;
    char run_id[41]; /* 40 hex digits, NUL: INFO's run_id. */
    uint64_t seed;
};

/* The rows of this layer: connection, client, podis, info, config, debug, cluster, tracking,
 * shutdown. */
void command_table_add_server(struct command_table *table);

struct server *server_new(const struct server_parts *parts);

/* Closes everything at once; answers not yet written are lost. */
void server_free(struct server *server);

/* Users of aclfile or of the configuration's user lines. ERR_INVALID: `why` says what is wrong. */
must_check enum err server_load_users(struct server *server, char *why, size_t why_size);

/* Whom this process follows; NULL: nobody. */
const char *server_primary(const struct server *server, uint16_t *port);

/* The lines that would give all users again, for a configuration; none where aclfile has them. */
void server_add_user_lines(const struct server *server, struct option_list *lines);

/* Opens the access points of the configuration: port, tls-port, unixsocket, peer-port (if `peers`
 * is set). ERR_SYSTEM: none stays open, and `why` says which failed ("Failed listening on port 6379
 * (tcp), 127.0.0.1: Address already in use"). */
must_check enum err server_listen(struct server *server, char *why, size_t why_size);

/* Makes the access points those of a configuration that is about to be taken into use. ERR_SYSTEM:
 * it cannot be, and they are as they were. */
must_check enum err server_listen_as(struct server *server, const struct options *options,
                                     char *why, size_t why_size);

/* Takes a new configuration into use, from the next request on. */
void server_configure(struct server *server, const struct config *config);

/* NULL: nothing is kept on disk. */
struct persistence *server_persistence(const struct server *server);

/* While loading, only commands whose row says so are run: the others answer LOADING. */
void server_set_loading(struct server *server, bool loading);

/* An orderly exit: closes the access points, then each connection once its answers have left.
 * Drained when server_connections() is 0. */
void server_drain(struct server *server);

/* App and peer connections that are open. */
size_t server_connections(const struct server *server);
/* Requests that were forwarded and are not answered yet. */
size_t server_waiting(const struct server *server);
/* Clients that wait for a key; those of them that do not wait for ever; the keys; those of them
 * that somebody waits for who wants to know when the key is gone. */
size_t server_blocked(const struct server *server);
size_t server_timeouts(const struct server *server);
size_t server_blocking_keys(const struct server *server, bool or_gone);

/* One tick, hz times a second: idle time-outs, output limits, background work of the cache,
 * rates. The server calls it itself; exported for tests, which bring their own time. */
void server_tick(struct server *server, uint64_t now_ms);

/* Parts and state, for the commands of this layer and for the program. */
/* The keys that sessions watch: a listener of the cache's changes. */
struct watches *server_watches(const struct server *server);
struct cache *server_cache(const struct server *server);
const struct command_table *server_commands(const struct server *server);
const struct config *server_config(const struct server *server);
const struct log *server_log(const struct server *server);
struct peers *server_peers(const struct server *server);
const struct server_program *server_program(const struct server *server);
const char *server_run_id(const struct server *server);
uint64_t server_started_at_ms(const struct server *server);
/* Unix time of this turn of the loop; the same for all requests of a turn. */
uint64_t server_now_ms(const struct server *server);
bool server_is_loading(const struct server *server);
/* The most bytes that were in use at a tick, and those when the server was made. */
uint64_t server_memory_peak(const struct server *server);
uint64_t server_memory_start(const struct server *server);

/* Counters since start or server_reset_stats(). */
struct server_stats {
    uint64_t connections;          /* Accepted, ever. */
    uint64_t rejected_connections; /* Over maxclients. */
    uint64_t commands;             /* Run or forwarded. */
    uint64_t bytes_in, bytes_out;
    uint64_t reads, writes; /* System calls. */
    uint64_t errors;        /* Error replies. */
    uint64_t protocol_errors;
    uint64_t query_limit_closes;  /* client-query-buffer-limit */
    uint64_t output_limit_closes; /* client-output-buffer-limit */
    uint64_t idle_closes;         /* timeout */
    uint64_t evicted_clients;     /* maxmemory-clients */
    uint64_t peak_connections;
    uint64_t ops_per_second; /* These three: over the last 1.6 seconds. */
    uint64_t bytes_in_per_second, bytes_out_per_second;
};
const struct server_stats *server_stats(const struct server *server);
void server_reset_stats(struct server *server);

/* Per row; `id` is command_id(). */
struct command_stats {
    uint64_t calls;
    uint64_t nanoseconds; /* Time spent in it; of forwarded requests, only the sending. */
    uint64_t rejected;    /* Arity, ACL, memory: not run. */
    uint64_t failed;      /* Run, and answered an error. */
};
struct command_stats server_command_stats(const struct server *server, size_t id);

/* Error replies by code ("ERR", "WRONGTYPE"), in the order first seen. */
void server_errors_each(const struct server *server,
                        void (*visit)(void *context, struct span code, uint64_t count),
                        void *context);

/*    name                      kind     help                                                     */
#define SERVER_METRICS(X)                                                                          \
    X(redis_connected_clients, GAUGE, "Connections of apps and peers that are open")               \
    X(redis_connections_received_total, COUNTER, "Connections accepted")                           \
    X(redis_rejected_connections_total, COUNTER, "Connections refused over maxclients")            \
    X(redis_commands_processed_total, COUNTER, "Requests run or forwarded")                        \
    X(redis_net_input_bytes_total, COUNTER, "Bytes read from clients")                             \
    X(redis_net_output_bytes_total, COUNTER, "Bytes written to clients")                           \
    X(redis_total_error_replies, COUNTER, "Answers that were errors")                              \
    X(client_protocol_errors_total, COUNTER, "Connections closed for breaking the protocol")       \
    X(client_limit_closes_total, COUNTER, "Connections closed at a buffer limit or when idle")     \
    X(client_answers_waiting, GAUGE, "Forwarded requests of clients not answered yet")
METRIC_STRUCT(server_metrics, SERVER_METRICS);

#endif
