/* How long requests take.
 *
 * Reading the clock costs as much as a tenth of a GET. So it is read once per run of equal
 * commands, and in between only the processor's own counter, one instruction, which says how the
 * run's time is to be divided among its requests:
 *
 *     clock, counter                                                        clock, counter
 *       |---- GET ----|---- GET ----|-------------- GET --------------|---- GET ----|
 *                 counter       counter                           counter
 *
 *     time of a request = its ticks × (the run's nanoseconds / the run's ticks)
 *
 * That needs no calibration, and nothing of the counter but that it goes at one speed for the
 * length of a batch. Where there is none, the clock takes its place. A client that waits for each
 * answer makes runs of one, which are measured by the clock alone. */

#include "proxy/server/timing.h"

#include "cache/base/memory.h"
#include "proxy/server/latency.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

#include <time.h>

uint64_t timing_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void timing_init(struct timing *timing, size_t command_count)
{
    *timing = (struct timing){ .command_count = command_count };
    timing->histograms = memory_zero((command_count + 1) * sizeof(*timing->histograms));
}

void timing_reset(struct timing *timing)
{
    for (size_t i = 0; i < timing->command_count; i++) {
        histogram_fini(&timing->histograms[i]);
    }
}

void timing_fini(struct timing *timing)
{
    timing_reset(timing);
    slowlog_fini(&timing->slowlog);
    memory_free(timing->histograms);
    *timing = (struct timing){ 0 };
}

void timing_configure(struct server *server)
{
    const struct options *options = server->options;
    uint64_t threshold_ms = (uint64_t)options->latency_monitor_threshold;
    uint64_t from_us = UINT64_MAX;

    if (options->slowlog_log_slower_than >= 0) {
        from_us = (uint64_t)options->slowlog_log_slower_than;
    }
    if (threshold_ms > 0 && threshold_ms < from_us / 1000) {
        from_us = threshold_ms * 1000;
    }
    server->latency.threshold_ms = threshold_ms;
    server->timing.tell_from_us = from_us;
}

static bool is_slow(const struct server *server, uint64_t ns)
{
    return ns / 1000 >= server->timing.tell_from_us;
}

static bool is_for_slowlog(const struct server *server, const struct command *command, uint64_t ns)
{
    int64_t limit_us = server->options->slowlog_log_slower_than;
    return limit_us >= 0 && ns / 1000 >= (uint64_t)limit_us && !(command->flags & CMD_SKIP_SLOWLOG);
}

static void tell_slow(struct server *server, const struct session *session,
                      const struct request *request, uint64_t ns)
{
    bool fast = request->command->flags & CMD_FAST;

    latency_sample(server, fast ? LATENCY_FAST_COMMAND : LATENCY_COMMAND, ns / 1000000);
    if (is_for_slowlog(server, request->command, ns)) {
        slowlog_add(&server->timing.slowlog, session, request, ns / 1000,
                    (size_t)server->options->slowlog_max_len);
    }
}

void timing_tell(struct server *server, const struct session *session,
                 const struct request *request, uint64_t ns)
{
    server->statistics.commands[request->id].nanoseconds += ns;
    if (server->options->latency_tracking) {
        histogram_add(&server->timing.histograms[request->id], ns);
    }
    if (is_slow(server, ns)) {
        tell_slow(server, session, request, ns);
    }
}

void stopwatch_start(struct stopwatch *watch)
{
    watch->ns = timing_clock_ns();
    watch->ticks = watch->lap_ticks = timing_ticks();
    watch->count = 0;
}

/* Of a run's time, by ticks. Of a counter that went back, between two processors, nonsense comes:
 * at most all of it. */
struct share {
    uint64_t run_ns;
    uint64_t ns_per_tick; /* In fractions of 2^SHARE_BITS. */
};
enum { SHARE_BITS = 20 };

static inline uint64_t share_ns(struct share share, uint64_t ticks)
{
    uint64_t ns = ticks * share.ns_per_tick >> SHARE_BITS;
    return ns < share.run_ns ? ns : share.run_ns;
}

static void add_laps(struct histogram *histogram, const struct stopwatch *watch, struct share share)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (__builtin_expect(watch->laps[i] != LAP_NOT_RUN, 1)) {
            histogram_add(histogram, share_ns(share, watch->laps[i]));
        }
    }
}

/* Only of a run that was slow as a whole. */
static inline_never void find_slow(struct server *server, const struct session *session,
                                   const struct stopwatch *watch, const struct request *requests,
                                   struct share share)
{
    for (size_t i = 0; i < watch->count; i++) {
        uint64_t ns = share_ns(share, watch->laps[i]);
        if (watch->laps[i] != LAP_NOT_RUN && is_slow(server, ns)) {
            tell_slow(server, session, &requests[i], ns);
        }
    }
}

void stopwatch_end_run(struct stopwatch *watch, struct server *server,
                       const struct session *session, const struct request *requests)
{
    uint64_t now_ns = timing_clock_ns();
    uint64_t run_ticks = watch->lap_ticks - watch->ticks;
    struct share share = { .run_ns = now_ns - watch->ns };

    share.ns_per_tick = run_ticks == 0 ? 0 : (share.run_ns << SHARE_BITS) / run_ticks;
    if (requests[0].command != NULL) {
        server->statistics.commands[requests[0].id].nanoseconds += share.run_ns;
    }
    if (server->options->latency_tracking) {
        add_laps(&server->timing.histograms[requests[0].id], watch, share);
    }
    if (__builtin_expect(is_slow(server, share.run_ns), 0)) {
        find_slow(server, session, watch, requests, share);
    }
    watch->ns = now_ns;
    watch->ticks = watch->lap_ticks = timing_ticks();
    watch->count = 0;
}
