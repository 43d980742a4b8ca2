#ifndef PODIS_CONFIG_REPLICATION_OPTIONS_H
#define PODIS_CONFIG_REPLICATION_OPTIONS_H

/* The directives of replication: rows of config/options.h. */

/* clang-format off */
#define REPLICATION_OPTIONS(X)                                                                     \
    X(replicaof, "replicaof", LIST, "", RESTART,                                                   \
      "HOST PORT of a Redis, Valkey or podis to follow from the start; not in a mesh")             \
    X(masteruser, "masteruser", TEXT, "", SECRET,                                                  \
      "User to follow as; unset: the default user")                                                \
    X(masterauth, "masterauth", TEXT, "", SECRET,                                                  \
      "Password to follow with")                                                                   \
    X(replica_read_only, "replica-read-only", BOOLEAN, "yes", RELOAD,                              \
      "As a replica, refuse writes")                                                               \
    X(replica_serve_stale_data, "replica-serve-stale-data", BOOLEAN, "yes", RELOAD,                \
      "As a replica, answer reads while the primary cannot be reached")                            \
    X(replica_ignore_maxmemory, "replica-ignore-maxmemory", BOOLEAN, "yes", RELOAD,                \
      "As a replica, leave eviction to the primary")                                               \
    X(replica_announce_ip, "replica-announce-ip", TEXT, "", RELOAD,                                \
      "Address to tell the primary; unset: it sees for itself")                                    \
    X(replica_announce_port, "replica-announce-port", PORT, "0", RELOAD,                           \
      "Port to tell the primary; 0: the one we listen on")                                         \
    X(replica_announced, "replica-announced", BOOLEAN, "yes", RELOAD,                              \
      "Whether Sentinel may tell of this replica: shown by INFO")                                  \
    X(replica_priority, "replica-priority", INTEGER(0, INT32_MAX), "100", RELOAD,                  \
      "Sentinel promotes the lowest, 0 never: shown by INFO")                                      \
    X(bind_source_addr, "bind-source-addr", TEXT, "", RELOAD,                                      \
      "Address to connect to the primary from")                                                    \
    X(repl_timeout, "repl-timeout", INTEGER(1, INT32_MAX), "60", RELOAD,                           \
      "Seconds of silence after which a primary or a replica is given up")                         \
    X(repl_ping_replica_period, "repl-ping-replica-period", INTEGER(1, INT32_MAX), "10", RELOAD,   \
      "Seconds between signs of life to replicas")                                                 \
    X(repl_backlog_size, "repl-backlog-size", BYTES(1, INT64_MAX), "1mb", RELOAD,                  \
      "How much of the stream is kept for replicas that were away")                                \
    X(repl_backlog_ttl, "repl-backlog-ttl", INTEGER(0, INT64_MAX), "3600", RELOAD,                 \
      "Seconds it is kept without any replica; 0: for ever")                                       \
    X(repl_diskless_sync, "repl-diskless-sync", BOOLEAN, "yes", RELOAD,                            \
      "Send snapshots to replicas as they are made, not from a file")                              \
    X(repl_diskless_sync_delay, "repl-diskless-sync-delay", INTEGER(0, INT32_MAX), "5", RELOAD,    \
      "Seconds to wait for more replicas before such a snapshot")                                  \
    X(repl_diskless_sync_max_replicas, "repl-diskless-sync-max-replicas", INTEGER(0, INT32_MAX),   \
      "0", RELOAD,                                                                                 \
      "So many need not wait for more; 0: any number does")                                        \
    X(repl_disable_tcp_nodelay, "repl-disable-tcp-nodelay", BOOLEAN, "no", RELOAD,                 \
      "Send to replicas in fewer, larger packets, later")                                          \
    X(min_replicas_to_write, "min-replicas-to-write", INTEGER(0, INT32_MAX), "0", RELOAD,          \
      "Refuse writes with fewer good replicas; 0: never")                                          \
    X(min_replicas_max_lag, "min-replicas-max-lag", INTEGER(0, INT32_MAX), "10", RELOAD,           \
      "A good replica was heard of so many seconds ago at most")
/* clang-format on */

#endif
