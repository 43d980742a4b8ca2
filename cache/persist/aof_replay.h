#ifndef PODIS_CACHE_PERSIST_AOF_REPLAY_H
#define PODIS_CACHE_PERSIST_AOF_REPLAY_H

/* Runs the requests of one file on the store, a slice at a time.
 *
 *              MULTI                      EXEC is there
 *     RUNNING -------> LOOKING for EXEC ----------------> RUNNING what lies between
 *                          |
 *                          | the file ends
 *                          v
 *                        CUT, at MULTI
 *
 * A transaction is run only if all of it is there: it is looked through first, and nothing of it
 * is copied. What the requests answer is of no interest, but those that fail are counted: changes
 * that were announced once do not fail when they are repeated. */

#include "cache/cache.h"
#include "cache/persist/aof_text.h"

struct aof_replay_parts {
    struct cache *cache;
    /* Runs a request whose row is CMD_SESSION, which needs whoever asks; its caller is not set.
     * NULL: there are none. */
    void (*run)(void *context, const struct cache_request *request);
    void *context;
};

enum aof_replay_end {
    AOF_REPLAY_MORE,   /* Call again. */
    AOF_REPLAY_DONE,   /* All of it was run. */
    AOF_REPLAY_CUT,    /* It ends within a request or a transaction: `good` is where that begins. */
    AOF_REPLAY_BROKEN, /* What lies at `good` is no request that could have been written. */
    AOF_REPLAY_UNKNOWN, /* There is no such command: `unknown`. */
};

struct aof_replay {
    struct aof_replay_parts parts;
    struct aof_text text;
    int db;
    size_t good;      /* Up to here it was run. */
    size_t multi_at;  /* Where the transaction that is looked through begins … */
    size_t inside_at; /* … and its first request. */
    bool looking;
    bool cut_in_multi;   /* With AOF_REPLAY_CUT: it was a transaction that is not whole. */
    struct span unknown; /* Borrowed from the file. */
    uint64_t ran, failed;
};

/* `bytes` stay until the end; from `at` on they are requests. */
void aof_replay_init(struct aof_replay *replay, const struct aof_replay_parts *parts,
                     struct span bytes, size_t at);
void aof_replay_fini(struct aof_replay *replay);

/* Takes about `budget` bytes of it. */
enum aof_replay_end aof_replay_step(struct aof_replay *replay, size_t budget, uint64_t now_ms);

#endif
