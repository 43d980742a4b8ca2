/* The life of the process, as a pure step. */

#include "sidecar/lifecycle.h"

#include "cache/base/check.h"

#include <stddef.h>

static const struct {
    const char *name;
    uint32_t next; /* States that may follow. */
} states[] = {
    [LIFE_STARTING] = { "starting", BIT(LIFE_READY) | BIT(LIFE_STOPPED) },
    [LIFE_READY] = { "ready", BIT(LIFE_DRAINING) },
    [LIFE_DRAINING] = { "draining", BIT(LIFE_STOPPED) },
    [LIFE_STOPPED] = { "stopped", 0 },
};

static void move(struct lifecycle *lifecycle, enum lifecycle_state next)
{
    assert(states[lifecycle->state].next & BIT(next));
    lifecycle->state = next;
}

static struct lifecycle_todo stop(struct lifecycle *lifecycle, bool too_late)
{
    move(lifecycle, LIFE_STOPPED);
    return (struct lifecycle_todo){ .stop = true, .too_late = too_late };
}

static struct lifecycle_todo while_draining(struct lifecycle *lifecycle, enum lifecycle_event event,
                                            uint64_t now_ms)
{
    switch (event) {
    case LIFE_IS_EMPTY:
        return stop(lifecycle, false);
    case LIFE_TOLD:
        return stop(lifecycle, true);
    case LIFE_TICKS:
        if (now_ms >= lifecycle->stop_at_ms) {
            return stop(lifecycle, true);
        }
        break;
    case LIFE_LISTENS:
        break;
    }
    return (struct lifecycle_todo){ 0 };
}

struct lifecycle_todo lifecycle_step(struct lifecycle *lifecycle, enum lifecycle_event event,
                                     uint64_t now_ms, uint64_t drain_ms)
{
    switch (lifecycle->state) {
    case LIFE_STARTING:
        if (event == LIFE_LISTENS) {
            move(lifecycle, LIFE_READY);
        } else if (event == LIFE_TOLD) {
            return stop(lifecycle, false);
        }
        break;
    case LIFE_READY:
        if (event == LIFE_TOLD) {
            move(lifecycle, LIFE_DRAINING);
            lifecycle->stop_at_ms = now_ms + drain_ms;
            return (struct lifecycle_todo){ .drain = true };
        }
        break;
    case LIFE_DRAINING:
        return while_draining(lifecycle, event, now_ms);
    case LIFE_STOPPED:
        break;
    }
    return (struct lifecycle_todo){ 0 };
}

const char *lifecycle_name(enum lifecycle_state state)
{
    assert((size_t)state < COUNT(states));
    return states[state].name;
}
