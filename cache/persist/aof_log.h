#ifndef PODIS_CACHE_PERSIST_AOF_LOG_H
#define PODIS_CACHE_PERSIST_AOF_LOG_H

/* The growing end of the append-only file: changes as text, on their way to the disk.
 *
 *     aof_log_change() ──> filling ──aof_log_turn()──> committing ──a job──> file
 *                             |                             |
 *                          position                    written, synced
 *
 * What the changes of a turn make is one run of bytes that is written at once. While one is on its
 * way the next gathers, so that under load one fsync is for the writes of many turns. Positions
 * count bytes since the log was made, over all its files.
 *
 *     appendfsync   a write is acknowledged when its bytes …         synced
 *     always        are on the disk                                  with each write
 *     everysec      were given to the kernel, or wait for an fsync   once a second
 *                   that began less than two seconds ago
 *     no            were given to the kernel                         when the kernel likes
 *
 * Few bytes that nothing else is ahead of are written by the loop itself: to copy them to the
 * kernel takes less time than to hand them to another thread. Never while an fsync of the file
 * is under way, which would hold up the write.
 *
 * A failed write is cut off again and repeated each second, and meanwhile whoever writes is told
 * why he cannot. With `always` there is no going on: what was changed in memory could not be made
 * to last, and the caller is told to stop the process, as Redis stops. */

#include "cache/base/buf.h"
#include "cache/base/file.h"
#include "cache/base/log.h"
#include "cache/cache.h"
#include "cache/change.h"

enum aof_fsync { AOF_FSYNC_ALWAYS, AOF_FSYNC_EVERYSEC, AOF_FSYNC_NO };

struct aof_log_parts {
    const struct file_ops *files;
    const struct cache_jobs *jobs; /* .add is NULL: all is done at once. */
    const struct log *log;
    void *context;
    /* Nothing that was not acknowledged may be from now on. */
    void (*lost)(void *context);
    /* Waits, in the job. For DEBUG AOF-FLUSH-SLEEP. */
    void (*sleep)(void *context, uint64_t us);
    /* How long something took that others may have waited for: an event of LATENCY. */
    void (*took)(void *context, const char *event, uint64_t ms);
};

struct aof_log_policy {
    enum aof_fsync fsync;
    bool no_fsync;   /* For now: no-appendfsync-on-rewrite. */
    bool timestamps; /* aof-timestamp-enabled */
};

struct aof_log;

struct aof_log *aof_log_new(const struct aof_log_parts *parts);
/* Its jobs have ended. */
void aof_log_free(struct aof_log *log);
void aof_log_set_policy(struct aof_log *log, const struct aof_log_policy *policy);

/* Changes go to the file, whose length is `size`, from now on. One that was logged to before is
 * closed: it was cut. */
void aof_log_begin(struct aof_log *log, int file, uint64_t size);
/* What was said so far is written and synced, and then nothing more until aof_log_begin() names
 * another file, or aof_log_go_on(). It is idle. */
void aof_log_cut(struct aof_log *log, uint64_t now_ms);
enum aof_cut { AOF_CUT_RUNS, AOF_CUT_DONE, AOF_CUT_FAILED };
enum aof_cut aof_log_cut_state(const struct aof_log *log);
void aof_log_go_on(struct aof_log *log);
/* What was said is written, synced, and the file closed: nothing is logged any more. It is idle. */
void aof_log_end(struct aof_log *log, uint64_t now_ms);
bool aof_log_is_on(const struct aof_log *log);
/* Each write takes so long: for tests. 0: as long as it takes. */
void aof_log_set_sleep(struct aof_log *log, uint64_t us);
/* Looks what became of what was on its way; nothing is left of it. */
bool aof_log_is_idle(struct aof_log *log, uint64_t now_ms);

/* A change_fn. */
void aof_log_change(void *log, const struct change *change);

/* The end of a turn: no transaction or script runs. Begins to write if there is something to
 * write and nothing on its way. */
void aof_log_turn(struct aof_log *log, uint64_t now_ms);
/* Writes and syncs all there is, on the spot. What was on its way has arrived: the jobs have ended,
 * or were waited for. 0, or what went wrong. */
must_check int aof_log_finish(struct aof_log *log, uint64_t now_ms);

/* Who made changes in this turn; borrowed until the next change. Then they are forgotten. */
struct aof_writers {
    const uint64_t *ids;
    size_t count;
    uint64_t position; /* Behind what they wrote. */
    bool wait;         /* They are to be answered when that is safe, and not before. */
};
struct aof_writers aof_log_writers(struct aof_log *log);
/* Everything up to here may be acknowledged. */
uint64_t aof_log_safe(const struct aof_log *log);

struct aof_log_figures {
    uint64_t size;       /* Of the file, with what is on its way. */
    uint64_t filling;    /* Bytes that gather. */
    uint64_t delayed;    /* aof_delayed_fsync */
    uint64_t said_seq;   /* The last change that was logged: change.seq; 0: none was. */
    uint64_t synced_seq; /* The last that is on the disk. */
    bool syncing;        /* An fsync is under way. */
    int error;           /* Of the last write or fsync: a negative errno; 0: it went well. */
    bool write_failed;   /* It was of a write. */
};
struct aof_log_figures aof_log_figures(const struct aof_log *log);

/* An fsync failed since this was last asked: what it was for may not be on the disk and never be
 * tried again by the kernel, so only a rewrite makes the files whole. */
bool aof_log_must_rewrite(struct aof_log *log);

#endif
