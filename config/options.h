#ifndef PODIS_CONFIG_OPTIONS_H
#define PODIS_CONFIG_OPTIONS_H

/* Every directive podis acts on, one row each; those Redis knows and podis has no use for are
 * in config/unused.h, and config/NAME_options.h has those of one concern. A row is the only place
 * that knows a directive's name.
 *
 *     X(field, directive, type, default as it would be written, when it may change, help)
 *
 *     type                    field                        written as
 *     BOOLEAN                 bool                         yes, no
 *     INTEGER(min, max)       int64_t                      -12
 *     PORT                    uint16_t                     6379; 0 means off
 *     OCTAL                   uint32_t                     700
 *     BYTES(min, max)         uint64_t                     1048576, 1k (1000), 1mb (1048576), 1gb
 *     SHARE                   int64_t                      1gb, or 50%: then it is -50
 *     MILLISECONDS(min, max)  uint64_t                     1500, 1500ms, 5s, 2m
 *     TEXT                    char *, never NULL           anything, "" for none
 *     ENUM(kind)              int, a value of enum kind    a word
 *     LIST                    struct option_list           words; the last line written counts
 *     SAVE                    struct option_list           pairs of numbers; lines add up
 *     LINES                   struct option_list           one item per line; lines add up
 *     RULES                   struct option_list           as LINES, each a valid rule
 *     LIMITS                  struct option_limits         class hard soft seconds …
 *     PEERS                   char *                       dns:NAME, srv:NAME, static:HOST:PORT,…
 *     HOST_PORT               char *                       10.0.0.1:53, [fd00::1]:53
 *     EVENTS                  uint32_t                     letters: KEA, Kg$
 *     NOT_YET                 char *, always ""            "" alone: the rest is still to come
 *
 *     RELOAD      by CONFIG SET and by a reload of the file
 *     SECRET      the same, and never shown in a log
 *     PROTECTED   as RELOAD; CONFIG SET only if enable-protected-configs allows it
 *     RESTART     by a restart alone
 *     HIDDEN      the same, and neither a log nor CONFIG knows it
 */

#include "config/append_options.h"
#include "config/disk_options.h"
#include "config/form_options.h"
#include "config/replication_options.h"
#include "config/tls_options.h"
#include "config/unused.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define OPTIONS(X)                                                                                 \
    /* The app's side. */                                                                          \
    X(port, "port", PORT, "6379", RELOAD, "TCP port for the app; 0 for none")                      \
    X(bind, "bind", LIST, "127.0.0.1 -::1", RELOAD,                                                \
      "Addresses to listen on; one that begins with - may be missing")                             \
    X(unixsocket, "unixsocket", TEXT, "", RESTART, "Path of a Unix socket for the app")            \
    X(unixsocketperm, "unixsocketperm", OCTAL, "0", RESTART,                                       \
      "Permissions of the Unix socket; 0 leaves them to the umask")                                \
    X(tcp_backlog, "tcp-backlog", INTEGER(0, INT32_MAX), "511", RESTART,                           \
      "Connections waiting to be accepted")                                                        \
    X(timeout_seconds, "timeout", INTEGER(0, INT32_MAX), "0", RELOAD,                              \
      "Close a client that is idle for this many seconds; 0 for never")                            \
    X(tcp_keepalive_seconds, "tcp-keepalive", INTEGER(0, INT32_MAX), "300", RELOAD,                \
      "Probe silent connections after this many seconds; 0 for never")                             \
    X(maxclients, "maxclients", INTEGER(1, UINT32_MAX), "10000", RELOAD,                           \
      "Connections at the same time")                                                              \
    X(protected_mode, "protected-mode", BOOLEAN, "yes", RELOAD,                                    \
      "Without a password, refuse clients from other machines")                                    \
    X(requirepass, "requirepass", TEXT, "", SECRET, "Password of the default user")                \
    X(user, "user", LINES, "", HIDDEN,                                                             \
      "A user and its rules, as for ACL SETUSER; not together with aclfile")                       \
    X(aclfile, "aclfile", TEXT, "", RESTART, "File of users: read at start and by ACL LOAD")       \
    X(acl_pubsub_default, "acl-pubsub-default", ENUM(acl_pubsub), "resetchannels", RELOAD,         \
      "What new users may listen to: allchannels or resetchannels")                                \
    X(acllog_max_len, "acllog-max-len", INTEGER(0, INT64_MAX), "128", RELOAD,                      \
      "Entries of ACL LOG")                                                                        \
    X(busy_reply_threshold, "busy-reply-threshold", INTEGER(0, INT64_MAX), "5000", RELOAD,         \
      "Milliseconds after which others hear BUSY while a script runs; 0 for never")                \
    X(client_query_buffer_limit, "client-query-buffer-limit", BYTES(1048576, INT64_MAX),           \
      "1gb", RELOAD, "Most a client may send before it is answered")                               \
    X(client_output_buffer_limit, "client-output-buffer-limit", LIMITS,                            \
      "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60", RELOAD,                               \
      "Close a client whose unread answers pass: class, hard limit, soft limit, its seconds")      \
    X(maxmemory_clients, "maxmemory-clients", SHARE, "0", RELOAD,                                  \
      "Memory of all clients, in bytes or as a share of maxmemory; the heaviest go if it is more") \
    X(proto_max_bulk_len, "proto-max-bulk-len", BYTES(1048576, INT64_MAX), "512mb", RELOAD,        \
      "Longest single argument")                                                                   \
    X(notify_keyspace_events, "notify-keyspace-events", EVENTS, "", RELOAD,                        \
      "Events told in channels: K and E for where, A or some of g$lshzxetdmn for what")            \
    X(tracking_table_max_keys, "tracking-table-max-keys", INTEGER(0, INT64_MAX), "1000000",        \
      RELOAD, "Keys remembered for clients that track them; 0 for no limit")                       \
    X(enable_debug_command, "enable-debug-command", ENUM(allow), "no", RESTART,                    \
      "Who may use DEBUG: no, yes, or local for this machine's clients")                           \
    X(enable_protected_configs, "enable-protected-configs", ENUM(allow), "no", RESTART,            \
      "Who may change protected directives with CONFIG SET")                                       \
    TLS_OPTIONS(X)                                                                                 \
    REPLICATION_OPTIONS(X)                                                                         \
    /* The store. */                                                                               \
    X(databases, "databases", INTEGER(1, INT32_MAX), "16", RESTART, "Number of databases")         \
    X(maxmemory, "maxmemory", BYTES(0, INT64_MAX), "0", RELOAD,                                    \
      "Memory for data; 0 is no limit. Unset: 75 % of the container's limit, if it has one")       \
    X(maxmemory_policy, "maxmemory-policy", ENUM(maxmemory_policy), "noeviction", RELOAD,          \
      "What to evict when maxmemory is reached; writes are refused if it is nothing")              \
    X(maxmemory_samples, "maxmemory-samples", INTEGER(1, INT32_MAX), "5", RELOAD,                  \
      "Keys looked at for each that is evicted: more is nearer to the best choice, and slower")    \
    X(maxmemory_eviction_tenacity, "maxmemory-eviction-tenacity", INTEGER(0, 100), "10", RELOAD,   \
      "How long clients may wait for eviction: 10 is 0.5 ms at a time, 100 is until it is done")   \
    X(lfu_log_factor, "lfu-log-factor", INTEGER(0, INT32_MAX), "10", RELOAD,                       \
      "How many accesses each step of a key's counter stands for, with *-lfu")                     \
    X(lfu_decay_time, "lfu-decay-time", INTEGER(0, INT32_MAX), "1", RELOAD,                        \
      "Minutes without an access that lower the counter by one; 0 for never")                      \
    X(active_expire_effort, "active-expire-effort", INTEGER(1, 10), "1", RELOAD,                   \
      "How hard to look for expired keys")                                                         \
    X(hz, "hz", INTEGER(0, INT32_MAX), "10", RELOAD, "Background turns per second, 1 to 500")      \
    /* The mesh. */                                                                                \
    X(peers, "peers", PEERS, "", RESTART,                                                          \
      "The other pods: dns:NAME, srv:_podis-peer._tcp.NAME or static:HOST:PORT,HOST:PORT")         \
    X(engine, "engine", NOT_YET, "", RESTART, "A Valkey or Redis that owns the data")              \
    X(peer_port, "peer-port", PORT, "6380", RESTART, "Where other podis connect, if peers is set") \
    X(peer_bind, "peer-bind", TEXT, "", RESTART, "Address of peer-port: unset, $POD_IP or 0.0.0.0")\
    X(mesh_name, "mesh-name", TEXT, "default", RESTART, "Peers of another name are refused")       \
    X(mesh_secret, "mesh-secret", TEXT, "", SECRET, "Peers of another secret are refused")         \
    X(mesh_settle_ms, "mesh-settle", MILLISECONDS(0, 3600000), "1000", RESTART,                    \
      "How long nobody must be listed at the start before podis is alone")                         \
    X(dns_server, "dns-server", HOST_PORT, "", RESTART, "HOST:PORT to ask, not resolv.conf's")     \
    X(dns_interval_ms, "dns-interval", MILLISECONDS(10, 3600000), "2000", RELOAD,                  \
      "Ask DNS at least this often, jittered, whatever the TTL")                                   \
    X(node_timeout_ms, "node-timeout", MILLISECONDS(50, 3600000), "3000", RELOAD,                  \
      "Silence before a peer is suspect")                                                          \
    X(forward_timeout_ms, "forward-timeout", MILLISECONDS(1, 3600000), "5000", RELOAD,             \
      "The longest an app waits for a peer")                                                       \
    X(acks, "acks", ENUM(acks), "owner", RELOAD, "Who has a write when the app is told so")        \
    X(near_lease_ms, "near-lease", MILLISECONDS(10, 3600000), "1000", RELOAD,                      \
      "How long a near copy is served without a sign of life of its owner")                        \
    X(near_max_value, "near-max-value", BYTES(0, INT64_MAX), "1mb", RELOAD,                        \
      "Longer values are not kept as near copies")                                                 \
    X(near_memory, "near-memory", SHARE, "50%", RELOAD,                                            \
      "Memory for near copies, in bytes or as a share of maxmemory")                               \
    X(rule, "rule", RULES, "", RELOAD,                                                             \
      "REGEX NAME=VALUE …: class=strong|ryw|local near=no shard=$1; the first match wins")         \
    FORM_OPTIONS(X)                                                                                \
    APPEND_OPTIONS(X)                                                                              \
    DISK_OPTIONS(X)                                                                                \
    /* The process. */                                                                             \
    X(admin_port, "admin-port", PORT, "9121", RESTART, "Probes and metrics over HTTP; 0 for none") \
    X(admin_bind, "admin-bind", TEXT, "", RESTART,                                                 \
      "Address of admin-port: unset, $POD_IP or 0.0.0.0")                                          \
    X(drain_timeout_ms, "drain-timeout", MILLISECONDS(0, 3600000), "5000", RELOAD,                 \
      "The longest an orderly exit may take")                                                      \
    X(loglevel, "loglevel", ENUM(loglevel), "notice", RELOAD, "Least important messages to log")   \
    X(log_format, "log-format", ENUM(log_format), "text", RELOAD, "text or json")                  \
    X(slowlog_log_slower_than, "slowlog-log-slower-than", INTEGER(-1, INT64_MAX), "10000", RELOAD, \
      "Requests that take so many microseconds are kept for SLOWLOG; -1: none are")                \
    X(slowlog_max_len, "slowlog-max-len", INTEGER(0, INT64_MAX), "128", RELOAD,                    \
      "How many of them are kept")                                                                 \
    X(latency_monitor_threshold, "latency-monitor-threshold", INTEGER(0, INT64_MAX), "0", RELOAD,  \
      "What stops all clients for so many milliseconds is kept for LATENCY; 0: nothing is")        \
    X(latency_tracking, "latency-tracking", BOOLEAN, "yes", RELOAD,                                \
      "Count how often each command took how long")                                                \
    X(latency_tracking_info_percentiles, "latency-tracking-info-percentiles", PERCENTS,            \
      "50 99 99.9", RELOAD, "Which percentiles of that INFO latencystats shows")                   \
    X(logfile, "logfile", TEXT, "", RESTART, "File to log to; standard output if empty")           \
    X(pidfile, "pidfile", TEXT, "", RESTART, "File to write the process id to")                    \
    X(daemonize, "daemonize", BOOLEAN, "no", RESTART, "Run in the background")                     \
    X(dir, "dir", TEXT, ".", PROTECTED, "Working directory")
/* clang-format on */

enum maxmemory_policy {
    POLICY_VOLATILE_LRU,
    POLICY_VOLATILE_LFU,
    POLICY_VOLATILE_RANDOM,
    POLICY_VOLATILE_TTL,
    POLICY_ALLKEYS_LRU,
    POLICY_ALLKEYS_LFU,
    POLICY_ALLKEYS_RANDOM,
    POLICY_NOEVICTION,
};

enum allow { ALLOW_NO, ALLOW_YES, ALLOW_LOCAL };

enum acks { ACKS_OWNER };

enum appendfsync { APPENDFSYNC_EVERYSEC, APPENDFSYNC_ALWAYS, APPENDFSYNC_NO };

enum acl_pubsub { ACL_PUBSUB_ALL, ACL_PUBSUB_NONE };

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct option_list {
    char **items; /* Owned, NUL-terminated. */
    size_t count;
};

enum client_class {
    CLIENT_CLASS_NORMAL,
    CLIENT_CLASS_REPLICA,
    CLIENT_CLASS_PUBSUB,
    CLIENT_CLASSES,
};

/* One per enum client_class; 0 is no limit. */
struct option_limits {
    struct {
        uint64_t hard;
        uint64_t soft;
        int64_t soft_seconds; /* The soft limit may be passed for this long. */
    } classes[CLIENT_CLASSES];
};

/* The C type of each option type. */
#define OPTION_C_BOOLEAN                bool
#define OPTION_C_INTEGER(min, max)      int64_t
#define OPTION_C_PORT                   uint16_t
#define OPTION_C_OCTAL                  uint32_t
#define OPTION_C_BYTES(min, max)        uint64_t
#define OPTION_C_SHARE                  int64_t
#define OPTION_C_MILLISECONDS(min, max) uint64_t
#define OPTION_C_TEXT                   char *
#define OPTION_C_ENUM(kind)             int
#define OPTION_C_LIST                   struct option_list
#define OPTION_C_PERCENTS               struct option_list
#define OPTION_C_SAVE                   struct option_list
#define OPTION_C_LINES                  struct option_list
#define OPTION_C_RULES                  struct option_list
#define OPTION_C_LIMITS                 struct option_limits
#define OPTION_C_EVENTS                 uint32_t
#define OPTION_C_PEERS                  char *
#define OPTION_C_HOST_PORT              char *
#define OPTION_C_NOT_YET                char *

/* How many rows there are. */
enum option_count {
#define X(...) +1
    OPTION_COUNT = 0 OPTIONS(X) UNUSED_OPTIONS(X)
#undef X
};

/* One field per row of OPTIONS and UNUSED_OPTIONS. */
struct options {
#define X(field, name, type, ...) OPTION_C_##type field;
    OPTIONS(X)
    UNUSED_OPTIONS(X)
#undef X
};

#endif
