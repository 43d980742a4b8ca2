/* What stopped the loop for longer than latency-monitor-threshold.
 *
 * Commands are told of by timing.c, which knows their times anyway. Others measure themselves, but
 * only while somebody wants to know: latency_begin() and latency_end().
 *
 * A series is a ring of seconds in which something took too long, each with the worst of it. A
 * series takes 2.5 kB, so it is made when its event is first seen. */

#include "proxy/server/latency.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/server/state.h"

static const char *const names[] = {
#define X(value, name) [value] = name,
    LATENCY_EVENT_NAMES(X)
#undef X
};

const char *latency_event_name(enum latency_event event)
{
    assert((unsigned)event < LATENCY_EVENTS);
    return names[event];
}

enum latency_event latency_event_named(struct span name)
{
    for (int event = 0; event < LATENCY_EVENTS; event++) {
        if (span_equal(name, span_from(names[event]))) {
            return (enum latency_event)event;
        }
    }
    return LATENCY_EVENTS;
}

bool latency_forget(struct latency *latency, enum latency_event event)
{
    bool had = latency->series[event] != NULL;

    memory_free(latency->series[event]);
    latency->series[event] = NULL;
    return had;
}

void latency_fini(struct latency *latency)
{
    for (int event = 0; event < LATENCY_EVENTS; event++) {
        latency_forget(latency, (enum latency_event)event);
    }
}

const struct latency_sample *latency_series_at(const struct latency_series *series, size_t index)
{
    assert(index < series->count);
    return &series->samples[(series->first + index) % LATENCY_SAMPLES];
}

/* The place of a second that is not there yet; the oldest makes room. */
static struct latency_sample *add_second(struct latency_series *series, uint64_t at_s)
{
    struct latency_sample *sample =
        &series->samples[(series->first + series->count) % LATENCY_SAMPLES];

    if (series->count == LATENCY_SAMPLES) {
        series->first = (series->first + 1) % LATENCY_SAMPLES;
    } else {
        series->count++;
    }
    *sample = (struct latency_sample){ .at_s = at_s };
    return sample;
}

void latency_series_add(struct latency_series *series, uint64_t at_s, uint64_t ms)
{
    size_t newest = (series->first + series->count + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES;
    struct latency_sample *sample = &series->samples[newest];

    if (series->count == 0 || sample->at_s != at_s) {
        sample = add_second(series, at_s);
    }
    if (ms > sample->ms) {
        sample->ms = ms;
    }
    if (ms > series->max_ms) {
        series->max_ms = ms;
    }
}

void latency_sample(struct server *server, enum latency_event event, uint64_t ms)
{
    struct latency *latency = &server->latency;

    if (latency->threshold_ms == 0 || ms < latency->threshold_ms) {
        return;
    }
    if (latency->series[event] == NULL) {
        latency->series[event] = memory_zero(sizeof(*latency->series[event]));
    }
    latency_series_add(latency->series[event], (uint64_t)ev_time(), ms);
}

uint64_t latency_begin(const struct server *server)
{
    return server->latency.threshold_ms == 0 ? 0 : timing_clock_ns();
}

void latency_end(struct server *server, enum latency_event event, uint64_t begun_ns)
{
    if (begun_ns != 0) {
        latency_sample(server, event, (timing_clock_ns() - begun_ns) / 1000000);
    }
}
