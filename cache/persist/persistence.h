#ifndef PODIS_CACHE_PERSIST_PERSISTENCE_H
#define PODIS_CACHE_PERSIST_PERSISTENCE_H

/* What of the data is on disk: the part that the program makes one of.
 *
 * It has no clock and no thread: the server tells it the time, once in a turn of the loop and once
 * in a tick, and long work goes to the job queue. The RDB file, as Redis has it:
 *
 *     IDLE ── save point passed, BGSAVE ──> SAVING ── all is on disk ──> IDLE
 *      │                                       │
 *      │ BGSAVE SCHEDULE while another         ├── failed: writes are refused until one succeeds
 *      │ snapshot is taken: `scheduled`        │   (stop-writes-on-bgsave-error), next try in 5 s
 *      └───────────────────────────────────────┴── FLUSHALL, SHUTDOWN: called off
 *
 * After FLUSHALL, and if there are save points, nothing is saved in the old file's place soon. */

#include "cache/base/file.h"
#include "cache/base/log.h"
#include "cache/persist/rdb_read.h"
#include "cache/persist/rdb_write.h"

struct persistence;

struct persistence_parts {
    struct cache *cache;
    const struct cache_jobs *jobs; /* Outlives it. */
    const struct file_ops *files;
    const struct log *log;
    int process_id; /* Of temporary names. */
};

/* So many changes in so many seconds, and the data is saved. */
struct save_point {
    uint64_t seconds, changes;
};

enum { SAVE_POINTS_MAX = 64 };

struct persistence_options {
    const char *directory; /* Absolute. Copied, as is the name. */
    const char *file_name; /* dbfilename */
    struct save_point points[SAVE_POINTS_MAX];
    size_t point_count;
    bool compress, sum, stop_writes;
    enum rdb_access access;
    uint64_t key_delay_us; /* For tests: each key of BGSAVE takes so long at least. */
};

struct persistence *persistence_new(const struct persistence_parts *parts,
                                    const struct persistence_options *options, uint64_t now_ms);
/* Who knows where the data is in a stream of replication: asked at the beginning of each save, and
 * may set the facts that tell of it. At start only. */
void persistence_set_place(struct persistence *persistence,
                           void (*tell)(void *context, struct rdb_facts *facts), void *context);
void persistence_configure(struct persistence *persistence,
                           const struct persistence_options *options);
/* Calls off what is under way; afterwards the job queue may be ended, then this freed. */
void persistence_stop(struct persistence *persistence);
/* Accepts NULL. */
void persistence_free(struct persistence *persistence);

/* --- saving --- */

/* Once in each turn of the loop, or more often: a slice of what is under way. True if there is more
 * to do at once. */
bool persistence_turn(struct persistence *persistence, uint64_t now_ms, size_t buckets);
/* Whether it is: something is under way, scheduled, or to be scheduled after a FLUSHALL. */
bool persistence_wants_turn(const struct persistence *persistence);
/* Some times a second: save points. */
void persistence_tick(struct persistence *persistence, uint64_t now_ms);

enum persistence_answer {
    PERSISTENCE_OK,
    PERSISTENCE_SCHEDULED,
    PERSISTENCE_SAVES,   /* An RDB file is being saved already. */
    PERSISTENCE_IS_BUSY, /* Another snapshot is being taken. */
    PERSISTENCE_CANNOT,
};
bool persistence_is_saving(const struct persistence *persistence);
/* BGSAVE, with or without SCHEDULE. */
enum persistence_answer persistence_begin(struct persistence *persistence, bool schedule,
                                          uint64_t now_ms);
/* SAVE: all at once. PERSISTENCE_OK, PERSISTENCE_SAVES or PERSISTENCE_CANNOT. */
enum persistence_answer persistence_save(struct persistence *persistence, uint64_t now_ms);

/* The same whatever is under way: the last thing before an exit. */
enum persistence_answer persistence_save_last(struct persistence *persistence, uint64_t now_ms);

/* Whether an exit saves unless it is told not to: there are save points. */
bool persistence_saves_at_exit(const struct persistence *persistence);
/* Writes are to be refused: MISCONF. */
bool persistence_refuses_writes(const struct persistence *persistence);
/* Writes should wait: the snapshot does not get rid of its bytes as fast as they come. */
bool persistence_is_behind(const struct persistence *persistence);
/* FLUSHALL was run: as Redis, what is on disk becomes nothing too, if there are save points. */
/* --- loading --- */

struct persistence_loading {
    bool keep_expired;
    bool replace; /* DEBUG RELOAD MERGE */
    void *context;
    const char *(*function)(void *context, struct span code); /* See rdb_read.h … */
    bool (*wanted)(void *context, int db, struct span key);   /* … for both. */
};

enum load_state { LOAD_NO_FILE, LOAD_RUNS, LOAD_DONE, LOAD_FAILED };

/* Begins to load the RDB file into what is there. LOAD_RUNS, LOAD_NO_FILE or LOAD_FAILED. */
enum load_state persistence_load(struct persistence *persistence,
                                 const struct persistence_loading *loading, uint64_t now_ms);
/* Up to so many records more, after LOAD_RUNS. What fails was logged, with its offset. */
enum load_state persistence_load_turn(struct persistence *persistence, size_t records);

struct persistence_reload {
    bool save, flush, merge;
};
/* DEBUG RELOAD, all at once. LOAD_DONE; LOAD_RUNS if it could not be saved, and nothing was done;
 * or LOAD_NO_FILE, LOAD_FAILED. */
enum load_state persistence_reload(struct persistence *persistence,
                                   const struct persistence_reload *reload, uint64_t now_ms);

/* --- figures --- */

struct persistence_figures {
    bool saves, scheduled, last_failed;
    uint64_t changes; /* Since the last save. */
    uint64_t last_save_s;
    int64_t last_took_s, took_s;      /* -1: none yet, or none under way. */
    uint64_t saved;                   /* How many. */
    uint64_t keys_done, keys_total;   /* Of the save under way. */
    uint64_t backlog_peak, backlog;   /* Its bytes in memory. */
    uint64_t last_backlog;            /* The most of the last one. */
    uint64_t load_expired, load_keys; /* Of the last load. */
    uint64_t load_began_s, load_total, load_done, load_used_memory; /* Of that under way. */
};
struct persistence_figures persistence_figures(const struct persistence *persistence,
                                               uint64_t now_ms);
/* Of the file that was loaded last. */
const struct rdb_report *persistence_report(const struct persistence *persistence);
/* Where the RDB file is, and what may be written beside it. */
const char *persistence_path(const struct persistence *persistence);

#endif
