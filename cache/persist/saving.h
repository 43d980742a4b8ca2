#ifndef PODIS_CACHE_PERSIST_SAVING_H
#define PODIS_CACHE_PERSIST_SAVING_H

/* One snapshot on its way into a sink, as an RDB file or as commands.
 *
 *      the loop                          the job queue                 the sink
 *
 *     snapshot_step() ──> block ────────> compress, checksum ────────> write … finish
 *     frozen_keep()  ──>   of 64 kB                  │
 *          ^                                         │ done, wake
 *          └──── saving_turn() frees the block <─────┘
 *
 *     SAVING_RUNS ──┬──> SAVING_DONE        the sink has finished
 *                   ├──> SAVING_FAILED      it could not; saving_error() says why
 *                   └──> SAVING_CANCELLED   by saving_cancel(), or the store was emptied
 *
 * Memory: what was visited and is not in the sink yet. saving_turn() visits nothing while that is
 * over half of `backlog_max`, but writes visit too, since what they are about to change must be
 * saved first: while saving_is_behind(), whoever can should hold them. One value that is larger
 * than all this is still one block. */

#include "cache/persist/rdb_write.h"
#include "cache/persist/sink.h"

#include <stddef.h>
#include <stdint.h>

struct saving;

enum saving_form { SAVING_RDB, SAVING_COMMANDS };
enum saving_state { SAVING_RUNS, SAVING_DONE, SAVING_FAILED, SAVING_CANCELLED };

struct saving_parts {
    struct cache *cache;
    const struct cache_jobs *jobs; /* .add may be NULL: all is done on the loop. */
    struct sink sink;              /* Its context outlives the saving. */
    enum saving_form form;
    struct rdb_facts facts; /* Texts are borrowed for the call of saving_new() alone. */
    enum rdb_access access;
    bool compress; /* rdbcompression */
    bool sum;      /* rdbchecksum */
    size_t backlog_max;
    bool no_keys; /* The functions alone. */
};

/* Begins a snapshot: none is running. */
struct saving *saving_new(const struct saving_parts *parts, uint64_t now_ms);
/* It has ended, or its jobs have, as after jobs_free(). Accepts NULL. */
void saving_free(struct saving *saving);

/* Visits up to `buckets` of the table, or none, if the backlog allows it, and looks what the jobs
 * did. From the end on it always answers the same. */
enum saving_state saving_turn(struct saving *saving, size_t buckets);

/* Whether saving_turn() has something to do at once: if not, a job or a sink wakes the loop. */
bool saving_is_busy(const struct saving *saving);
bool saving_is_behind(const struct saving *saving);

/* Begins to end it; the end comes with a saving_turn(). `why` is a constant. */
void saving_cancel(struct saving *saving, const char *why);

/* All at once, and without jobs: SAVE. A snapshot may be running. 0, or a negative errno. */
must_check int saving_at_once(const struct saving_parts *parts, uint64_t now_ms);

int saving_error(const struct saving *saving);       /* A negative errno; 0: none. */
const char *saving_why(const struct saving *saving); /* Why it was cancelled; NULL: it was not. */
size_t saving_backlog(const struct saving *saving);  /* Bytes. */
struct snapshot_progress saving_progress(const struct saving *saving);
size_t saving_backlog_peak(const struct saving *saving);

#endif
