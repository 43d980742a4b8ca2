#ifndef PODIS_CACHE_PERSIST_AOF_H
#define PODIS_CACHE_PERSIST_AOF_H

/* The append-only file: the part that the program makes one of.
 *
 *          appendonly yes                    the first rewrite is done
 *     OFF ----------------> WAITS: logs to a -------------------------> ON: logs to the last part
 *      ^                    temporary file                               |    of the manifest
 *      |                        |                                        |
 *      +------------------------+------ appendonly no -------------------+
 *
 * It has no clock and no thread, as cache/persist/persistence.h. It is told of every change
 * (aof_change) and of the end of every turn (aof_turn), and of each write says when it may be
 * acknowledged (aof_log.h). Files: aof_files.h; loading: aof_load.c; rewriting: aof_rewrite.c.
 *
 * What was logged before a rewrite began is in the parts before the new one; what is logged after
 * is in the new one; the snapshot is of the very moment between. So whatever of it fails, the files
 * that the manifest names are all of the data. */

#include "cache/persist/aof_log.h"
#include "cache/persist/aof_replay.h"
#include "cache/persist/rdb_read.h"
#include "cache/persist/rdb_write.h"

struct aof;

struct aof_parts {
    struct cache *cache;
    const struct cache_jobs *jobs;     /* Of the snapshot. */
    const struct cache_jobs *log_jobs; /* Its own, so that no fsync waits behind other work. */
    const struct file_ops *files;
    const struct log *log;
    int process_id; /* Of temporary names. */

    void *context; /* Of all below. */
    void (*lost)(void *context);
    void (*took)(void *context, const char *event, uint64_t ms);
    void (*sleep)(void *context, uint64_t us);
    /* Blocks until all of log_jobs that were given are done. NULL if they are done at once. */
    void (*wait)(void *context);
    /* As aof_replay_parts.run and rdb_reading.function; may be NULL. */
    void (*run)(void *context, const struct cache_request *request);
    const char *(*function)(void *context, struct span code);
};

struct aof_options {
    const char *directory; /* Absolute. Copied, as are the names. */
    const char *folder;    /* appenddirname */
    const char *filename;  /* appendfilename */
    bool on;               /* appendonly */
    enum aof_fsync fsync;
    bool no_fsync_on_rewrite;
    bool timestamps;
    bool load_truncated;
    bool preamble;     /* aof-use-rdb-preamble: the base is an RDB file. */
    bool keep_history; /* aof-disable-auto-gc */
    uint64_t rewrite_min_size;
    uint64_t rewrite_percentage; /* 0: never by itself. */
    bool compress, sum;          /* Of an RDB base. */
    enum rdb_access access;
};

/* Does nothing yet: aof_load() or aof_start() does. */
struct aof *aof_new(const struct aof_parts *parts, const struct aof_options *options);
/* After aof_start(): what `on` says begins or ends. */
void aof_configure(struct aof *aof, const struct aof_options *options, uint64_t now_ms);
/* Calls off a rewrite. Afterwards aof_settle(), then the job queues may be ended, then free. */
void aof_stop(struct aof *aof);
/* Accepts NULL. */
void aof_free(struct aof *aof);

/* --- loading: blocks, but in slices --- */

enum aof_load { AOF_LOAD_NOTHING, AOF_LOAD_RUNS, AOF_LOAD_DONE, AOF_LOAD_FAILED };

/* Reads the manifest, and moves a file from before Redis 7 into the folder. What fails was
 * logged; nothing was changed then. */
enum aof_load aof_load(struct aof *aof, uint64_t now_ms);
/* After AOF_LOAD_RUNS: about `budget` bytes more. */
enum aof_load aof_load_turn(struct aof *aof, uint64_t now_ms, size_t budget);

/* Opens the last part, after loading. Where there is none a base of what is in the store is made.
 * False: the reason was logged. */
must_check bool aof_start(struct aof *aof, uint64_t now_ms);

/* --- running --- */

/* A change_fn; the context is the struct aof. */
void aof_change(void *aof, const struct change *change);

/* At the end of a turn, ahead of its answers. True if there is more to do at once. */
bool aof_turn(struct aof *aof, uint64_t now_ms, size_t buckets);
/* Some times a second: a rewrite by growth, or one that is scheduled. */
void aof_tick(struct aof *aof, uint64_t now_ms);

/* Who wrote since this was last asked, and until when their answers are withheld. */
struct aof_writers aof_writers(struct aof *aof);
uint64_t aof_safe(const struct aof *aof);
/* NULL, or why writes are refused: the text of an errno. */
const char *aof_refuses_writes(const struct aof *aof);
/* A snapshot is being taken for it. */
bool aof_is_saving(const struct aof *aof);
/* Writes should wait: the snapshot does not get rid of its bytes as fast as they come. */
bool aof_is_behind(const struct aof *aof);

enum aof_answer { AOF_STARTED, AOF_SCHEDULED, AOF_RUNS_ALREADY };
/* BGREWRITEAOF */
enum aof_answer aof_rewrite(struct aof *aof, uint64_t now_ms);

/* Waits until all that was said is on the disk: at the end, and ahead of DEBUG LOADAOF's
 * aof_load(). 0, or what went wrong. */
must_check int aof_settle(struct aof *aof, uint64_t now_ms);

/* DEBUG AOF-FLUSH-SLEEP: each write takes so long. */
void aof_set_sleep(struct aof *aof, uint64_t us);

struct aof_figures {
    bool on;    /* It is not OFF. */
    bool waits; /* WAITS */
    bool rewrites, scheduled, last_rewrite_failed;
    int64_t last_took_s, took_s; /* -1: none yet, or none under way. */
    uint64_t rewrites_done, failures_in_a_row;
    bool last_write_failed;
    uint64_t size, base_size, buffer;
    bool syncing;
    uint64_t delayed;
    uint64_t said_seq, synced_seq;                /* Last changes logged, and on the disk. */
    uint64_t keys_done, keys_total, last_backlog; /* Of the rewrite's snapshot. */
    uint64_t load_began_s, load_total, load_done; /* Of a load under way; else 0. */
};
struct aof_figures aof_figures(const struct aof *aof, uint64_t now_ms);

#endif
