#ifndef PODIS_CACHE_PERSIST_RDB_WRITE_H
#define PODIS_CACHE_PERSIST_RDB_WRITE_H

/* RDB files, record by record.
 *
 *     | REDIS0010 | facts | functions | select, sizes | entry | entry | … | end | CRC-64 of all |
 *
 * The version is 10, and values are in the forms that Redis 7.0 knows (saver.for_7_0), so that
 * whatever reads RDB today reads this: a version says how new a reader must be, and nothing
 * here needs a newer one. Only hashes with fields that expire have no such form: a reader that
 * does not know them refuses their type. */

#include "cache/ds/saved.h"
#include "cache/snapshot.h"

#include <stdint.h>

enum { RDB_VERSION = 10, RDB_SUM_BYTES = 8 };

/* What is told about the data as a whole. */
struct rdb_facts {
    uint64_t now_ms;
    uint64_t used_memory;
    const char *replication_id; /* NULL: nothing is told of replication. */
    int64_t replication_offset;
    int replication_db; /* Selected in the stream; -1: none. */
    bool is_base;       /* Of an append-only file. */
};

/* Redis saves how long a key was idle, or how often it is used, if it evicts by that. */
enum rdb_access { RDB_ACCESS_NONE, RDB_ACCESS_IDLE, RDB_ACCESS_FREQUENCY };

void rdb_write_begin(struct saver *to, const struct rdb_facts *facts);
void rdb_write_function(struct saver *to, struct span code);
void rdb_write_select(struct saver *to, int db);
/* How many keys the selected database has, and how many of them expire: a hint. */
void rdb_write_sizes(struct saver *to, uint64_t keys, uint64_t expiring);
void rdb_write_entry(struct saver *to, const struct snapshot_entry *entry, enum rdb_access access);
/* The checksum of all up to here follows, or zeros. */
void rdb_write_end(struct saver *to);
void rdb_write_sum(struct saver *to, uint64_t sum);

#endif
