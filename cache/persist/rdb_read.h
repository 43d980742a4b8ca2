#ifndef PODIS_CACHE_PERSIST_RDB_READ_H
#define PODIS_CACHE_PERSIST_RDB_READ_H

/* An RDB file into the store, some keys at a time, so that a loop can go on turning.
 *
 *     rdb_reader_step():    RDB_MORE --> RDB_MORE --> … --> RDB_DONE, or RDB_FAILED
 *
 * Read is what Redis 1 to 8 and Valkey up to 9 wrote. Nothing in it is trusted: of whatever cannot
 * be, report.why says what it is, and report.offset where. Keys that came before it are in the
 * store by then. What podis has no use for is passed over: facts it does not know, sizes, slots,
 * and with a warning the data of modules that is not keys. */

#include "cache/base/log.h"
#include "cache/cache.h"

#include <stdint.h>

struct rdb_reader;

struct rdb_reading {
    struct cache *cache;
    struct span in; /* All of it, and maybe more behind it. Borrowed until rdb_reader_free(). */
    const struct log *log;
    uint64_t now_ms;
    bool check_sum;    /* rdbchecksum */
    bool keep_expired; /* Keys whose time is over: on replicas, and where a log goes on. */
    bool replace;      /* A key that is there already is replaced; else it is an error. */
    bool may_go_on;    /* Bytes may follow the end: an append-only file. */
    /* A library of functions: NULL, or a text that says what is wrong with it. */
    void *context;
    const char *(*function)(void *context, struct span code); /* NULL: they are loaded. */
    /* Whether a key is to be kept; NULL: all are. */
    bool (*wanted)(void *context, int db, struct span key);
};

enum rdb_progress { RDB_MORE, RDB_DONE, RDB_FAILED };

struct rdb_report {
    uint64_t offset; /* How much was read; of what is wrong: of the record that it is in. */
    char why[256];   /* RDB_FAILED: what is wrong. */
    uint64_t keys, expired, empty, unwanted; /* Loaded, and passed over for what reason. */
    char replication_id[41];                 /* "": nothing is told of replication. */
    int64_t replication_offset;
    int replication_db;
    bool is_base;          /* Of an append-only file. */
    uint64_t used_memory;  /* When it was saved; 0: not told. */
    uint64_t saved_at_s;   /* The same. */
    unsigned file_version; /* 0: not known yet. */
};

struct rdb_reader *rdb_reader_new(const struct rdb_reading *reading);
/* Accepts NULL. */
void rdb_reader_free(struct rdb_reader *reader);

/* Reads up to `records` more, at least one; after RDB_MORE only. */
must_check enum rdb_progress rdb_reader_step(struct rdb_reader *reader, size_t records);

const struct rdb_report *rdb_reader_report(const struct rdb_reader *reader);

/* Whether bytes begin as an RDB file does: of an append-only file, that it has a preamble. */
bool rdb_is_begun(struct span bytes);

#endif
