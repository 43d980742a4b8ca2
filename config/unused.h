#ifndef PODIS_CONFIG_UNUSED_H
#define PODIS_CONFIG_UNUSED_H

/* Directives that are accepted and have no effect: Redis 7's that podis has no use for, and
 * podis's own whose part is still to come. Each is checked, kept and shown by CONFIG GET with
 * Redis's default; in a file or on the command line it is worth one warning, with the reason.
 *
 *     X(field, directive, type, default, when it may change, reason)
 *
 * A directive that gets a use moves to OPTIONS in config/options.h; its field stays. */

/*    reason        what the warning says after the directive's name       */
#define UNUSED_REASONS(X)                                                                          \
    X(PERSISTENCE, "nothing is saved to disk yet")                                                 \
    X(SYNCED, "files are synced as they are written, always")                                      \
    X(SLICES, "loading is cut into slices of time")                                                \
    X(SANITIZED, "what is loaded is always checked whole")                                         \
    X(REPLICAS, "replication goes without it")                                                     \
    X(CLUSTER, "peers are found through the directive 'peers'")                                    \
    X(REHASH, "tables grow a step at a time, always")                                              \
    X(LAZYFREE, "memory is given back in the background when it is large")                         \
    X(DEFRAG, "podis does not move memory")                                                        \
    X(THREADS, "podis serves from one thread")                                                     \
    X(SCRIPTS, "there are no modules")                                                             \
    X(RENAMING, "commands keep their names; ACL rules say who may use them")                       \
    X(PROCESS, "the process is left as the container runtime set it up")                           \
    X(CLIENTS, "clients are not limited in this way")                                              \
    X(LATER, "not built yet")

/* clang-format off */
#define UNUSED_OPTIONS(X)                                                                          \
    X(loadmodule, "loadmodule", LINES, "", RESTART, SCRIPTS)                                       \
    X(rename_command, "rename-command", LINES, "", RESTART, RENAMING)                              \
    X(mesh_backups, "mesh-backups", INTEGER(0, 16), "0", RESTART, LATER)                           \
    X(mesh_expect, "mesh-expect", INTEGER(0, 10000), "0", RESTART, LATER)                          \
    X(mesh_two, "mesh-two", TEXT, "dns", RESTART, LATER)                                           \
    X(near_verify, "near-verify", INTEGER(0, INT32_MAX), "0", RELOAD, LATER)                       \
    X(tier_warm_after, "tier-warm-after", TEXT, "", RELOAD, LATER)                                 \
    X(tier_dir, "tier-dir", TEXT, "", RESTART, LATER)                                              \
    X(tier_max, "tier-max", BYTES(0, INT64_MAX), "0", RELOAD, LATER)                               \
    X(activedefrag, "activedefrag", BOOLEAN, "no", RELOAD, DEFRAG)                                 \
    X(active_defrag_cycle_max, "active-defrag-cycle-max", INTEGER(1, 99), "25", RELOAD, DEFRAG)    \
    X(active_defrag_cycle_min, "active-defrag-cycle-min", INTEGER(1, 99), "1", RELOAD, DEFRAG)     \
    X(active_defrag_ignore_bytes, "active-defrag-ignore-bytes", BYTES(1, INT64_MAX), "100mb",      \
      RELOAD, DEFRAG)                                                                              \
    X(active_defrag_max_scan_fields, "active-defrag-max-scan-fields", INTEGER(1, INT64_MAX),       \
      "1000", RELOAD, DEFRAG)                                                                      \
    X(active_defrag_threshold_lower, "active-defrag-threshold-lower", INTEGER(0, 1000), "10",      \
      RELOAD, DEFRAG)                                                                              \
    X(active_defrag_threshold_upper, "active-defrag-threshold-upper", INTEGER(0, 1000), "100",     \
      RELOAD, DEFRAG)                                                                              \
    X(activerehashing, "activerehashing", BOOLEAN, "yes", RELOAD, REHASH)                          \
    X(always_show_logo, "always-show-logo", BOOLEAN, "no", RESTART, PROCESS)                       \
    X(aof_rewrite_cpulist, "aof_rewrite_cpulist", TEXT, "", RESTART, PROCESS)                      \
    X(aof_rewrite_incremental_fsync, "aof-rewrite-incremental-fsync", BOOLEAN, "yes", RELOAD,      \
      SYNCED)                                                                                      \
    X(bgsave_cpulist, "bgsave_cpulist", TEXT, "", RESTART, PROCESS)                                \
    X(bio_cpulist, "bio_cpulist", TEXT, "", RESTART, PROCESS)                                      \
    X(cluster_allow_pubsubshard_when_down, "cluster-allow-pubsubshard-when-down", BOOLEAN, "yes",  \
      RELOAD, CLUSTER)                                                                             \
    X(cluster_allow_reads_when_down, "cluster-allow-reads-when-down", BOOLEAN, "no", RELOAD,       \
      CLUSTER)                                                                                     \
    X(cluster_allow_replica_migration, "cluster-allow-replica-migration", BOOLEAN, "yes", RELOAD,  \
      CLUSTER)                                                                                     \
    X(cluster_announce_bus_port, "cluster-announce-bus-port", PORT, "0", RELOAD, CLUSTER)          \
    X(cluster_announce_hostname, "cluster-announce-hostname", TEXT, "", RELOAD, CLUSTER)           \
    X(cluster_announce_ip, "cluster-announce-ip", TEXT, "", RELOAD, CLUSTER)                       \
    X(cluster_announce_port, "cluster-announce-port", PORT, "0", RELOAD, CLUSTER)                  \
    X(cluster_announce_tls_port, "cluster-announce-tls-port", PORT, "0", RELOAD, CLUSTER)          \
    X(cluster_config_file, "cluster-config-file", TEXT, "nodes.conf", RESTART, CLUSTER)            \
    X(cluster_enabled, "cluster-enabled", BOOLEAN, "no", RESTART, CLUSTER)                         \
    X(cluster_link_sendbuf_limit, "cluster-link-sendbuf-limit", BYTES(0, INT64_MAX), "0", RELOAD,  \
      CLUSTER)                                                                                     \
    X(cluster_migration_barrier, "cluster-migration-barrier", INTEGER(0, INT32_MAX), "1", RELOAD,  \
      CLUSTER)                                                                                     \
    X(cluster_node_timeout, "cluster-node-timeout", INTEGER(0, INT64_MAX), "15000", RELOAD,        \
      CLUSTER)                                                                                     \
    X(cluster_port, "cluster-port", PORT, "0", RESTART, CLUSTER)                                   \
    X(cluster_preferred_endpoint_type, "cluster-preferred-endpoint-type", ENUM(endpoint_type),     \
      "ip", RELOAD, CLUSTER)                                                                       \
    X(cluster_replica_no_failover, "cluster-replica-no-failover", BOOLEAN, "no", RELOAD, CLUSTER)  \
    X(cluster_replica_validity_factor, "cluster-replica-validity-factor", INTEGER(0, INT32_MAX),   \
      "10", RELOAD, CLUSTER)                                                                       \
    X(cluster_require_full_coverage, "cluster-require-full-coverage", BOOLEAN, "yes", RELOAD,      \
      CLUSTER)                                                                                     \
    X(crash_log_enabled, "crash-log-enabled", BOOLEAN, "yes", RELOAD, PROCESS)                     \
    X(crash_memcheck_enabled, "crash-memcheck-enabled", BOOLEAN, "yes", RELOAD, PROCESS)           \
    X(disable_thp, "disable-thp", BOOLEAN, "yes", RESTART, PROCESS)                                \
    X(dynamic_hz, "dynamic-hz", BOOLEAN, "yes", RELOAD, CLIENTS)                                   \
    X(enable_module_command, "enable-module-command", ENUM(allow), "no", RESTART, SCRIPTS)         \
    X(ignore_warnings, "ignore-warnings", TEXT, "", RELOAD, PROCESS)                               \
    X(io_threads, "io-threads", INTEGER(1, 128), "1", RESTART, THREADS)                            \
    X(io_threads_do_reads, "io-threads-do-reads", BOOLEAN, "no", RESTART, THREADS)                 \
    X(jemalloc_bg_thread, "jemalloc-bg-thread", BOOLEAN, "yes", RELOAD, THREADS)                   \
    X(lazyfree_lazy_eviction, "lazyfree-lazy-eviction", BOOLEAN, "no", RELOAD, LAZYFREE)           \
    X(lazyfree_lazy_expire, "lazyfree-lazy-expire", BOOLEAN, "no", RELOAD, LAZYFREE)               \
    X(lazyfree_lazy_server_del, "lazyfree-lazy-server-del", BOOLEAN, "no", RELOAD, LAZYFREE)       \
    X(lazyfree_lazy_user_del, "lazyfree-lazy-user-del", BOOLEAN, "no", RELOAD, LAZYFREE)           \
    X(lazyfree_lazy_user_flush, "lazyfree-lazy-user-flush", BOOLEAN, "no", RELOAD, LAZYFREE)       \
    X(loading_process_events_interval_bytes, "loading-process-events-interval-bytes",              \
      BYTES(1024, INT32_MAX), "2mb", RELOAD, SLICES)                                               \
    X(oom_score_adj, "oom-score-adj", ENUM(oom_score_adj), "no", RELOAD, PROCESS)                  \
    X(oom_score_adj_values, "oom-score-adj-values", LIST, "0 200 800", RELOAD, PROCESS)            \
    X(proc_title_template, "proc-title-template", TEXT, "{title} {listen-addr} {server-mode}",     \
      RELOAD, PROCESS)                                                                             \
    X(propagation_error_behavior, "propagation-error-behavior", ENUM(propagation_error), "ignore", \
      RELOAD, REPLICAS)                                                                            \
    X(rdb_del_sync_files, "rdb-del-sync-files", BOOLEAN, "no", RELOAD, PERSISTENCE)                \
    X(rdb_save_incremental_fsync, "rdb-save-incremental-fsync", BOOLEAN, "yes", RELOAD, SYNCED)    \
    X(repl_diskless_load, "repl-diskless-load", ENUM(diskless_load), "disabled", RELOAD, REPLICAS) \
    X(replica_ignore_disk_write_errors, "replica-ignore-disk-write-errors", BOOLEAN, "no", RELOAD, \
      REPLICAS)                                                                                    \
    X(replica_lazy_flush, "replica-lazy-flush", BOOLEAN, "no", RELOAD, REPLICAS)                   \
    X(sanitize_dump_payload, "sanitize-dump-payload", ENUM(sanitize), "no", RELOAD, SANITIZED)     \
    X(server_cpulist, "server_cpulist", TEXT, "", RESTART, PROCESS)                                \
    X(set_proc_title, "set-proc-title", BOOLEAN, "yes", RESTART, PROCESS)                          \
    X(shutdown_timeout, "shutdown-timeout", INTEGER(0, INT32_MAX), "10", RELOAD, REPLICAS)         \
    X(socket_mark_id, "socket-mark-id", INTEGER(0, UINT32_MAX), "0", RESTART, PROCESS)             \
    X(supervised, "supervised", ENUM(supervised), "no", RESTART, PROCESS)                          \
    X(syslog_enabled, "syslog-enabled", BOOLEAN, "no", RESTART, PROCESS)                           \
    X(syslog_facility, "syslog-facility", TEXT, "local0", RESTART, PROCESS)                        \
    X(syslog_ident, "syslog-ident", TEXT, "redis", RESTART, PROCESS)                               \
    X(use_exit_on_panic, "use-exit-on-panic", BOOLEAN, "no", RELOAD, PROCESS)
/* clang-format on */

#endif
