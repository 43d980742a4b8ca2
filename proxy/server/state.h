#ifndef PODIS_PROXY_SERVER_STATE_H
#define PODIS_PROXY_SERVER_STATE_H

/* The server's own structure, for the files of this folder. Others use server.h. */

#include "cache/wait.h"
#include "proxy/server/acl_log.h"
#include "proxy/server/acl_users.h"
#include "proxy/server/batch.h"
#include "proxy/server/latency.h"
#include "proxy/server/monitor.h"
#include "proxy/server/pause.h"
#include "proxy/server/pressure.h"
#include "proxy/server/replication.h"
#include "proxy/server/scripting.h"
#include "proxy/server/server.h"
#include "proxy/server/session.h"
#include "proxy/server/statistics.h"
#include "proxy/server/timing.h"
#include "proxy/server/waiting.h"
#include "proxy/server/weight.h"

#include <ev.h>

struct connection;
struct listener;

enum {
    READ_BYTES = 64 * 1024, /* Of the buffer all connections read into. */
    POOL_BLOCKS = 256,      /* Output blocks kept for the next turn … */
    POOL_BLOCK = 16 * 1024, /* … and the size of each. */
};

/* What keeps requests from the straight way through dispatch(), which looks for nothing else. */
enum special {
    SPECIAL_MESH = 1 << 0,        /* Others own keys: `ring` is set. */
    SPECIAL_MONITORED = 1 << 1,   /* Somebody is shown each request. */
    SPECIAL_PAUSED = 1 << 2,      /* Some or all requests are held. */
    SPECIAL_UNSAVED = 1 << 3,     /* Writes are refused, since the data could not be saved. */
    SPECIAL_BUSY = 1 << 4,        /* A script takes long: others hear of it. */
    SPECIAL_REPLICATION = 1 << 5, /* We are a replica, or lack some: some are refused. */
};

struct server {
    struct server_parts parts;
    const struct options *options; /* Of the configuration in use. */
    struct session_hooks hooks;
    uint64_t now_ms;
    uint64_t started_at_ms;

    /* All sessions: in order of age, and by id. */
    struct session *first, *last;
    struct session **buckets; /* bucket_count is a power of two. */
    size_t bucket_count;
    size_t count;
    uint64_t last_id;

    /* The command that is running. */
    unsigned special;        /* enum special */
    const struct ring *ring; /* Of this batch; NULL while alone. */
    const struct ring *map;  /* That the last turn saw. */
    struct session *running; /* Whose answer is being written; NULL between commands. */
    struct buf held;         /* Pushes for `running`, until its answer is complete. */
    struct reply push;       /* Writes to `held`. */
    struct reply *pushing;   /* Between session_push_begin() and session_push_end(). */
    struct call_wait asked;  /* What it said to call_wait(). */
    struct waiting waiting;  /* Those that wait. */

    /* Why a request may not be run, other than for its session's sake. */
    bool loading;
    struct pressure pressure;
    struct weights weights;
    uint64_t memory_start; /* In use when the server was made. */

    struct acl_users users;
    struct acl_log acl_log;
    struct replication *replication;
    struct watches *watches;
    struct tokens *tokens;
    uint64_t last_token;
    struct pubsub *pubsub;
    struct monitors monitors;
    struct pause pause;
    bool snapshot_is_behind; /* It is why writes are paused. */
    bool snapshot_is_busy;
    struct scripting scripting;
    const struct command *exec_row, *bundle_row; /* EXEC, and PODIS.MESH EXEC. */
    const struct command *ping_row;
    const struct command *watch_row, *watch_elsewhere_row, *unwatch_row; /* The like. */
    struct statistics statistics;
    struct timing timing;
    struct latency latency;
    struct batch batch;
    struct answer_pool answers;
    char *read_buffer;
    char *pool[POOL_BLOCKS];
    size_t pool_count;

    /* Sockets. */
    struct listener *listeners;
    struct connection *ready;      /* Have sent something, or can be written to again. */
    struct connection *touched;    /* Have something to write, or end. */
    struct connection *unfinished; /* Have whole requests left to run. */
    struct connection *lingering;
    struct connection *withheld; /* Have output that waits for the disk. */
    struct {
        uint64_t seq;
        bool waits;
    } synced;            /* Of aof_figures(), when those that wait for it were last asked again. */
    char misconf[512];   /* Why writes are refused: persisting.c. */
    unsigned handshakes; /* Gone on with in this turn. */
    bool draining;
    bool cache_is_busy; /* cache_tick() wants to be called again soon. */

    struct ev_check check;
    struct ev_prepare prepare;
    struct ev_idle idle;
    struct ev_timer timer;
};

/* Before a command that may use more memory: makes room for it. True: it is to be refused, since
 * maxmemory is passed and nothing may be evicted. */
bool server_is_over_memory(struct server *server);

#endif
