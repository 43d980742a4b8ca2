#ifndef PODIS_CACHE_PERSIST_AOF_STATE_H
#define PODIS_CACHE_PERSIST_AOF_STATE_H

/* The inside of struct aof, for cache/persist/aof.c, aof_load.c and aof_rewrite.c. */

#include "cache/persist/aof.h"
#include "cache/persist/aof_files.h"
#include "cache/persist/file_sink.h"
#include "cache/persist/saving.h"

#include <stdatomic.h>

enum aof_state { AOF_OFF, AOF_WAITS, AOF_ON };

/*            rewrite_begin()            the job is done         the log is idle
 *     NONE ------------------> OPENING ----------------> OPENED ---------------> SAVING
 *      ^                                                                            |
 *      +---------------------------- INSTALLING <-----------------------------------+
 *            the job is done                    the base is on the disk, and STAYS */
enum rewrite_state {
    REWRITE_NONE,
    REWRITE_OPENING, /* A job makes the next part. */
    REWRITE_OPENED,  /* It is there; what is on its way to the old one must arrive first. */
    REWRITE_SAVING,
    REWRITE_INSTALLING, /* A job makes the base and the new part those of the manifest. */
};

/* While SAVING, what is logged gathers until it is sure where it goes:
 *
 *     CUTTING: the old part gets its end ---> LISTING: the manifest gets the new part ---> STAYS */
enum rewrite_switch { SWITCH_STAYS, SWITCH_CUTTING, SWITCH_LISTING };

/* Work on the files. The job has it for itself until it sets `done`. */
struct aof_job {
    struct aof *aof;
    void (*work)(struct aof_job *job);
    struct aof_place place;
    struct aof_manifest before, manifest; /* As it is, and as it is to be when it is done. */
    enum aof_state state;                 /* When it began. */
    bool keep_history, rdb;
    char path[FILE_PATH_MAX]; /* Of the new part; "": none. */
    int file;                 /* OPENING: the same, open; -1: none. */
    const char *what;         /* NULL, or what could not be done … */
    int error;                /* … and why: a negative errno. */
    bool doubtful;            /* Nobody knows which manifest is on the disk. */
    const char *minor;        /* The same of what does no harm. */
    int minor_error;
    _Atomic bool done;
};

/* The file of a base. One of commands may begin with a note of the time. */
struct base_sink {
    struct file_sink file;
    struct sink into;
    uint64_t stamp_s; /* 0: none, or it was written. */
};

struct aof_rewriting {
    enum rewrite_state state;
    enum rewrite_switch switching;
    bool called_off;          /* It ends at the next opportunity, and nobody is told. */
    bool again;               /* And is begun anew. */
    struct aof_job *job;      /* Under way; also one that only deletes history. */
    int file;                 /* OPENED, CUTTING, LISTING: the new part, -1 for none … */
    char path[FILE_PATH_MAX]; /* … and where it is. */
    const char *what; /* Why the saving was cancelled: what could not be done; NULL: not so. */
    int error;
    bool rdb; /* The form of the new base. */
    struct saving *saving;
    struct base_sink sink;
    uint64_t began_at_ms;
    bool scheduled;
    bool begun; /* Nothing but an old part that is being deleted is ahead of it. */
    bool last_failed;
    int64_t last_took_ms; /* -1: none yet. */
    uint64_t done, failures_in_a_row;
    uint64_t last_backlog;
    uint64_t delay_minutes, next_at_ms; /* Of those that fail again and again. */
};

struct aof_loading {
    uint64_t began_at_ms; /* 0: nothing is being loaded. */
    uint64_t total, done;
    size_t at, count; /* Which part, of how many. */
    uint64_t part_at_ms;
    struct span bytes; /* Of the part; mapped. */
    bool open, with_rdb;
    struct rdb_reader *rdb; /* NULL: not at it, or past it. */
    struct aof_replay replay;
    size_t forgotten;
};

struct aof {
    struct aof_parts parts;
    struct aof_options options; /* Its texts are in `place`. */
    struct aof_place place;
    struct aof_manifest manifest;
    enum aof_state state;
    bool started;
    bool ending; /* It was turned off, and the log is to be ended. */
    struct aof_log *log;
    uint64_t closed_size; /* Of all parts but the one that grows. */
    uint64_t base_size;   /* Of all, after the last rewrite or at the start. */
    struct aof_rewriting rewriting;
    struct aof_loading loading;
};

/* How the base is saved. */
struct saving_parts aof_saving_parts(struct aof *aof, const char *base, uint64_t now_ms);
/* Deletes what is history, if that is wanted and nothing else is under way. */
void aof_collect_history(struct aof *aof);

void rewrite_begin(struct aof *aof, uint64_t now_ms);
void rewrite_call_off(struct aof *aof, bool again);
/* True: there is more to do at once. */
bool rewrite_turn(struct aof *aof, uint64_t now_ms, size_t buckets);
/* Whether those that fail are held back for now. */
bool rewrite_is_limited(struct aof *aof, uint64_t now_ms);
/* The jobs have ended. */
void rewrite_fini(struct aof *aof);

void aof_loading_fini(struct aof *aof);

#endif
