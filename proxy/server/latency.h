#ifndef PODIS_PROXY_SERVER_LATENCY_H
#define PODIS_PROXY_SERVER_LATENCY_H

/* What stopped the loop for longer than latency-monitor-threshold, and when: for LATENCY. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;

/* X(enum value, name as Redis has it). */
#define LATENCY_EVENT_NAMES(X)                                                                     \
    X(LATENCY_COMMAND, "command")                                                                  \
    X(LATENCY_FAST_COMMAND, "fast-command")                                                        \
    X(LATENCY_EXPIRE_CYCLE, "expire-cycle")                                                        \
    X(LATENCY_EVICTION_CYCLE, "eviction-cycle")                                                    \
    X(LATENCY_EVICTION_DEL, "eviction-del")                                                        \
    X(LATENCY_WHILE_BLOCKED, "while-blocked-cron")                                                 \
    X(LATENCY_AOF_WRITE, "aof-write")                                                              \
    X(LATENCY_AOF_WRITE_ALONE, "aof-write-alone")                                                  \
    X(LATENCY_AOF_WRITE_PENDING_FSYNC, "aof-write-pending-fsync")                                  \
    X(LATENCY_AOF_WRITE_ACTIVE_CHILD, "aof-write-active-child")                                    \
    X(LATENCY_AOF_FSYNC_ALWAYS, "aof-fsync-always")                                                \
    X(LATENCY_AOF_RENAME, "aof-rename")                                                            \
    X(LATENCY_AOF_FSTAT, "aof-fstat")                                                              \
    X(LATENCY_RDB_UNLINK, "rdb-unlink-temp-file")

enum latency_event {
#define X(value, name) value,
    LATENCY_EVENT_NAMES(X)
#undef X
        LATENCY_EVENTS,
};

enum { LATENCY_SAMPLES = 160 };

struct latency_sample {
    uint64_t at_s; /* Unix time. */
    uint64_t ms;
};

/* The latest samples of an event, at most one for a second. */
struct latency_series {
    struct latency_sample samples[LATENCY_SAMPLES];
    size_t first, count; /* The oldest is samples[first]. */
    uint64_t max_ms;     /* Of all that there ever were. */
};

/* Zeroed storage has seen nothing, and looks for nothing. */
struct latency {
    uint64_t threshold_ms;                         /* 0: nobody wants to know. */
    struct latency_series *series[LATENCY_EVENTS]; /* NULL: none yet. */
};

void latency_fini(struct latency *latency);

/* Something took so long. It is kept if that is enough. */
void latency_sample(struct server *server, enum latency_event event, uint64_t ms);

/* Around what may take long: where nobody wants to know, begin returns 0 without a look at the
 * clock. */
uint64_t latency_begin(const struct server *server);
void latency_end(struct server *server, enum latency_event event, uint64_t begun_ns);

const char *latency_event_name(enum latency_event event);
/* LATENCY_EVENTS if there is none of that name. */
enum latency_event latency_event_named(struct span name);

void latency_series_add(struct latency_series *series, uint64_t at_s, uint64_t ms);
/* From the oldest, 0, to the newest, count - 1. */
const struct latency_sample *latency_series_at(const struct latency_series *series, size_t index);

/* Forgets an event. False if there was nothing to forget. */
bool latency_forget(struct latency *latency, enum latency_event event);

#endif
