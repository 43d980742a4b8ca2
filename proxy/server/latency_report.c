/* LATENCY DOCTOR.
 *
 * A line for each event that was seen (how often, how long on average, how much the times differ,
 * how long apart, the worst), and below them advice: each piece once, whatever asks for it. Which
 * event asks for which is a table. */

#include "proxy/server/latency_report.h"

#include "cache/base/check.h"

#include <inttypes.h>

enum advice {
    ADVICE_SLOWLOG_ON = 1 << 0,
    ADVICE_SLOWLOG = 1 << 1,
    ADVICE_FAST = 1 << 2,
    ADVICE_EXPIRY = 1 << 3,
    ADVICE_MEMORY = 1 << 4,
    ADVICE_SCRIPTS = 1 << 5,
    ADVICE_DISK = 1 << 6,
    ADVICE_FSYNC = 1 << 7,
    ADVICE_UNLINK = 1 << 8,
};

static const char *const advices[] = {
    "The slow log is off, so nobody can tell which commands they were: CONFIG SET "
    "slowlog-log-slower-than.",
    "SLOWLOG GET shows the slowest commands. Those that look at many elements (KEYS, SMEMBERS, "
    "SORT, big ranges) hold up all clients: SCAN and its kin do the same bit by bit.",
    "Commands that do next to nothing were slow, which speaks of the machine: too few processors, "
    "a CPU limit that throttles this container (cpu.stat tells), or swapping.",
    "Very many keys expire at the same moment: add a random part to their times to live.",
    "Memory is at maxmemory, and writes wait until other keys have been evicted: raise it, or let "
    "keys expire.",
    "Scripts ran for so long that the loop was served from within: make them shorter.",
    "Writing to the append-only file had to wait for the disk: look for other programs that use "
    "it, or take a faster one.",
    "Each write waits for the disk as appendfsync is `always`: `everysec` risks the last second "
    "and does not wait.",
    "Removing a file took long: a file system that frees large files at once is slow here.",
};

static const uint32_t advice_for[LATENCY_EVENTS] = {
    [LATENCY_COMMAND] = ADVICE_SLOWLOG,
    [LATENCY_FAST_COMMAND] = ADVICE_SLOWLOG | ADVICE_FAST,
    [LATENCY_EXPIRE_CYCLE] = ADVICE_EXPIRY,
    [LATENCY_EVICTION_CYCLE] = ADVICE_MEMORY,
    [LATENCY_EVICTION_DEL] = ADVICE_MEMORY,
    [LATENCY_WHILE_BLOCKED] = ADVICE_SCRIPTS,
    [LATENCY_AOF_WRITE] = ADVICE_DISK,
    [LATENCY_AOF_WRITE_ALONE] = ADVICE_DISK,
    [LATENCY_AOF_WRITE_PENDING_FSYNC] = ADVICE_DISK,
    [LATENCY_AOF_WRITE_ACTIVE_CHILD] = ADVICE_DISK,
    [LATENCY_AOF_FSYNC_ALWAYS] = ADVICE_DISK | ADVICE_FSYNC,
    [LATENCY_AOF_RENAME] = ADVICE_DISK,
    [LATENCY_AOF_FSTAT] = ADVICE_DISK,
    [LATENCY_RDB_UNLINK] = ADVICE_UNLINK,
};

struct figures {
    double mean_ms;
    double deviation_ms; /* Mean of the distances from the mean. */
    double apart_s;      /* From one sample to the next, up to now. */
};

static struct figures figures_of(const struct latency_series *series, uint64_t now_s)
{
    struct figures figures = { 0 };
    double count = (double)series->count;
    uint64_t first_s = latency_series_at(series, 0)->at_s;

    for (size_t i = 0; i < series->count; i++) {
        figures.mean_ms += (double)latency_series_at(series, i)->ms / count;
    }
    for (size_t i = 0; i < series->count; i++) {
        double distance = (double)latency_series_at(series, i)->ms - figures.mean_ms;
        figures.deviation_ms += (distance < 0 ? -distance : distance) / count;
    }
    figures.apart_s = now_s > first_s ? (double)(now_s - first_s) / count : 0;
    return figures;
}

static void tell_event(struct buf *text, const char *name, const struct latency_series *series,
                       uint64_t now_s)
{
    struct figures figures = figures_of(series, now_s);

    buf_addf(text,
             "%s: %zu spikes, %.0f ms on average (mean deviation %.0f ms), one in %.1f s; the "
             "worst ever took %" PRIu64 " ms.\n",
             name, series->count, figures.mean_ms, figures.deviation_ms, figures.apart_s,
             series->max_ms);
}

static void advise(struct buf *text, uint32_t wanted)
{
    buf_add(text, SPAN("\nWhat may help:\n"));
    for (size_t i = 0; i < COUNT(advices); i++) {
        if (wanted & BIT(i)) {
            buf_addf(text, "- %s\n", advices[i]);
        }
    }
}

void latency_report(struct buf *text, const struct latency *latency, bool slowlog, uint64_t now_s)
{
    uint32_t wanted = 0;

    for (int event = 0; event < LATENCY_EVENTS; event++) {
        const struct latency_series *series = latency->series[event];
        if (series != NULL) {
            tell_event(text, latency_event_name((enum latency_event)event), series, now_s);
            wanted |= advice_for[event];
        }
    }
    if (wanted & ADVICE_SLOWLOG && !slowlog) {
        wanted = (wanted & ~(uint32_t)ADVICE_SLOWLOG) | ADVICE_SLOWLOG_ON;
    }
    if (wanted != 0) {
        advise(text, wanted);
    } else if (latency->threshold_ms == 0) {
        buf_add(text, SPAN("Latency is not monitored: CONFIG SET latency-monitor-threshold to the "
                           "milliseconds that are too long.\n"));
    } else {
        buf_addf(text, "Nothing took %" PRIu64 " ms or longer since monitoring began.\n",
                 latency->threshold_ms);
    }
}
