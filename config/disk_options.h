#ifndef PODIS_CONFIG_DISK_OPTIONS_H
#define PODIS_CONFIG_DISK_OPTIONS_H

/* Rows of config/options.h, for cache/persist. */

/* clang-format off */
#define DISK_OPTIONS(X)                                                                            \
    X(save, "save", SAVE, "3600 1 300 100 60 10000", RELOAD,                                       \
      "Save the data after so many seconds if there were so many changes; \"\" for never. "        \
      "Unset, and with peers or without a configuration file: never")                              \
    X(dbfilename, "dbfilename", TEXT, "dump.rdb", PROTECTED,                                       \
      "The file in dir that the data is saved to, and loaded from at start")                       \
    X(rdbcompression, "rdbcompression", BOOLEAN, "yes", RELOAD, "Compress strings in that file")   \
    X(rdbchecksum, "rdbchecksum", BOOLEAN, "yes", RESTART, "Write and check its checksum")         \
    X(stop_writes_on_bgsave_error, "stop-writes-on-bgsave-error", BOOLEAN, "yes", RELOAD,          \
      "Refuse writes while the data cannot be saved")                                              \
    X(shutdown_on_sigterm, "shutdown-on-sigterm", LIST, "default", RELOAD,                         \
      "What SIGTERM means: default, save, nosave, now, force; default saves if save is set")       \
    X(shutdown_on_sigint, "shutdown-on-sigint", LIST, "default", RELOAD, "The same for SIGINT")    \
    X(rdb_key_save_delay, "rdb-key-save-delay", INTEGER(INT32_MIN, INT32_MAX), "0", RELOAD,        \
      "For tests: microseconds for each key that BGSAVE saves")                                    \
    X(key_load_delay, "key-load-delay", INTEGER(INT32_MIN, INT32_MAX), "0", RELOAD,                \
      "For tests: microseconds for each key that is loaded")
/* clang-format on */

#endif
