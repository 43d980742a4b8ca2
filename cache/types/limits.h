#ifndef PODIS_CACHE_TYPES_LIMITS_H
#define PODIS_CACHE_TYPES_LIMITS_H

/* Up to where values keep their compact encodings, and how nodes are cut: the directives of the
 * same names. */

#include <stdint.h>

struct type_limits {
    uint64_t hash_max_listpack_entries;
    uint64_t hash_max_listpack_value; /* bytes */
    uint64_t set_max_intset_entries;
    uint64_t set_max_listpack_entries;
    uint64_t set_max_listpack_value;
    uint64_t zset_max_listpack_entries;
    uint64_t zset_max_listpack_value;
    int64_t list_max_listpack_size; /* Elements, or with -1 … -5: 4, 8, 16, 32, 64 kB. */
    int64_t list_compress_depth;    /* Nodes at each end that are never compressed; 0: none are. */
    uint64_t stream_node_max_bytes; /* 0: no limit */
    uint64_t stream_node_max_entries; /* 0: no limit */
    uint64_t hll_sparse_max_bytes;
    uint64_t list_packed_threshold; /* DEBUG QUICKLIST-PACKED-THRESHOLD: from here on an element
                                     * has a node of its own. 0: 1 GB, as Redis. */
    uint64_t table_seed; /* No directive: of the tables that values hash into. The store's own
                          * secret, so that members cannot be chosen to collide. */
};

/* The defaults of Redis 7.2. */
extern const struct type_limits type_limits_default;

#endif
