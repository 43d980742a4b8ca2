#ifndef PODIS_CONFIG_FORM_OPTIONS_H
#define PODIS_CONFIG_FORM_OPTIONS_H

/* Rows of config/options.h: where values change their form. */

/* clang-format off */
#define FORM_OPTIONS(X)                                                                            \
    X(hash_max_listpack_entries, "hash-max-listpack-entries", INTEGER(0, INT64_MAX), "512",        \
      RELOAD, "Fields of a hash that is kept in one block")                                        \
    X(hash_max_listpack_value, "hash-max-listpack-value", BYTES(0, INT64_MAX), "64", RELOAD,       \
      "Longest field or value in such a hash")                                                     \
    X(set_max_intset_entries, "set-max-intset-entries", INTEGER(0, INT64_MAX), "512", RELOAD,      \
      "Members of a set of integers that is kept in one sorted array")                             \
    X(set_max_listpack_entries, "set-max-listpack-entries", INTEGER(0, INT64_MAX), "128", RELOAD,  \
      "Members of another set that is kept in one block")                                          \
    X(set_max_listpack_value, "set-max-listpack-value", BYTES(0, INT64_MAX), "64", RELOAD,         \
      "Longest member in such a set")                                                              \
    X(zset_max_listpack_entries, "zset-max-listpack-entries", INTEGER(0, INT64_MAX), "128",        \
      RELOAD, "Members of a sorted set that is kept in one block")                                 \
    X(zset_max_listpack_value, "zset-max-listpack-value", BYTES(0, INT64_MAX), "64", RELOAD,       \
      "Longest member in such a sorted set")                                                       \
    X(list_max_listpack_size, "list-max-listpack-size", INTEGER(INT32_MIN, INT32_MAX), "-2",       \
      RELOAD, "Elements of a list's node; -1 to -5: 4, 8, 16, 32, 64 kB of them")                  \
    X(list_compress_depth, "list-compress-depth", INTEGER(0, INT32_MAX), "0", RELOAD,              \
      "Nodes at a list's ends that are not compressed; 0: none are")                               \
    X(stream_node_max_bytes, "stream-node-max-bytes", BYTES(0, INT64_MAX), "4096", RELOAD,         \
      "Bytes of a stream's node; 0 for no limit")                                                  \
    X(stream_node_max_entries, "stream-node-max-entries", INTEGER(0, INT64_MAX), "100", RELOAD,    \
      "Entries of a stream's node; 0 for no limit")                                                \
    X(hll_sparse_max_bytes, "hll-sparse-max-bytes", BYTES(0, INT64_MAX), "3000", RELOAD,           \
      "Longest sparse HyperLogLog")
/* clang-format on */

#endif
