#ifndef PODIS_PROXY_SERVER_TIMING_H
#define PODIS_PROXY_SERVER_TIMING_H

/* How long requests take, and who is told: INFO commandstats and latencystats, the slow log,
 * LATENCY. */

#include "proxy/server/batch.h"
#include "proxy/server/histogram.h"
#include "proxy/server/slowlog.h"

struct server;
struct session;

struct timing {
    struct histogram *histograms; /* By command_id(). */
    size_t command_count;
    struct slowlog slowlog;
    uint64_t tell_from_us; /* What takes as long as that is for the slow log or LATENCY. */
};

uint64_t timing_clock_ns(void);

/* The processor's own count, at a speed that is nobody's business. */
static inline uint64_t timing_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return timing_clock_ns();
#endif
}

void timing_init(struct timing *timing, size_t command_count);
void timing_fini(struct timing *timing);
/* The limits may have changed. */
void timing_configure(struct server *server);
/* Starts the histograms anew; the slow log stays. */
void timing_reset(struct timing *timing);

/* The time of requests that are run one after the other: a lap for each, and at the end of a run
 * of equal commands what the run took is told of all its laps. */
struct stopwatch {
    uint64_t ns, ticks;       /* When the run began. */
    uint64_t lap_ticks;       /* When the lap began. */
    uint64_t laps[BATCH_MAX]; /* Of the run, in ticks; LAP_NOT_RUN. */
    size_t count;
};

#define LAP_NOT_RUN UINT64_MAX /* Refused, queued or waiting: not a time to be told. */

void stopwatch_start(struct stopwatch *watch);
/* `requests` are those of the run, one per lap. The next run begins. */
void stopwatch_end_run(struct stopwatch *watch, struct server *server,
                       const struct session *session, const struct request *requests);

/* At most BATCH_MAX times a run. */
static inline void stopwatch_lap(struct stopwatch *watch, bool ran)
{
    uint64_t now = timing_ticks();

    watch->laps[watch->count++] = ran ? now - watch->lap_ticks : LAP_NOT_RUN;
    watch->lap_ticks = now;
}

/* For a single request: what the clock says, and what it took since. */
void timing_tell(struct server *server, const struct session *session,
                 const struct request *request, uint64_t ns);

#endif
