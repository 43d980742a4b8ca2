#ifndef PODIS_CONFIG_APPEND_OPTIONS_H
#define PODIS_CONFIG_APPEND_OPTIONS_H

/* Rows of config/options.h, for the append-only file. */

/* clang-format off */
#define APPEND_OPTIONS(X)                                                                          \
    X(appendonly, "appendonly", BOOLEAN, "no", RELOAD,                                             \
      "Log every change to files, and load those at start instead of dbfilename")                  \
    X(appendfilename, "appendfilename", TEXT, "appendonly.aof", RESTART,                           \
      "What the names of these files begin with")                                                  \
    X(appenddirname, "appenddirname", TEXT, "appendonlydir", RESTART,                              \
      "The folder in dir that they are in")                                                        \
    X(appendfsync, "appendfsync", ENUM(appendfsync), "everysec", RELOAD,                           \
      "When changes are on the disk: everysec, no, or always: before the client is answered")      \
    X(no_appendfsync_on_rewrite, "no-appendfsync-on-rewrite", BOOLEAN, "no", RELOAD,               \
      "Leave that to the kernel while a snapshot is written")                                      \
    X(auto_aof_rewrite_percentage, "auto-aof-rewrite-percentage", INTEGER(0, INT32_MAX), "100",    \
      RELOAD, "Rewrite the files once they have grown by so much; 0 for never")                    \
    X(auto_aof_rewrite_min_size, "auto-aof-rewrite-min-size", BYTES(0, INT64_MAX), "64mb", RELOAD, \
      "But not while they are smaller than this")                                                  \
    X(aof_use_rdb_preamble, "aof-use-rdb-preamble", BOOLEAN, "yes", RELOAD,                        \
      "What was rewritten is an RDB file, and not commands")                                       \
    X(aof_load_truncated, "aof-load-truncated", BOOLEAN, "yes", RELOAD,                            \
      "Start although the last file ends in the middle of a change, which is cut off")             \
    X(aof_timestamp_enabled, "aof-timestamp-enabled", BOOLEAN, "no", RELOAD,                       \
      "Note the time between changes, so that redis-check-aof can go back to it")                  \
    X(aof_disable_auto_gc, "aof-disable-auto-gc", BOOLEAN, "no", RELOAD,                           \
      "Keep the files that a rewrite made needless")
/* clang-format on */

#endif
