/* The states of a link: table, and the one function that moves. */

#include "proxy/peers/link_life.h"

#include "cache/base/check.h"

static const struct {
    const char *name;
    uint32_t next; /* States that may follow. */
} states[] = {
    [LINK_DOWN] = { "down", BIT(LINK_CONNECTING) },
    [LINK_CONNECTING] = { "connecting", BIT(LINK_GREETING) | BIT(LINK_DOWN) },
    [LINK_GREETING] = { "greeting", BIT(LINK_READY) | BIT(LINK_DOWN) },
    [LINK_READY] = { "ready", BIT(LINK_DRAINING) | BIT(LINK_DOWN) },
    [LINK_DRAINING] = { "draining", BIT(LINK_DOWN) },
};

const char *link_state_name(enum link_state state)
{
    assert((unsigned)state < COUNT(states));
    return states[state].name;
}

static void move(struct link_life *life, enum link_state next, uint64_t now_ms)
{
    assert(states[life->state].next & BIT(next));
    life->state = next;
    life->since_ms = now_ms;
}

/* The wait doubles with each failure in a row; a link that was ready starts small again. */
static struct link_todo fall(struct link_life *life, uint64_t now_ms, uint64_t random)
{
    bool was_ready = life->state == LINK_READY || life->state == LINK_DRAINING;

    if (was_ready || life->delay_ms == 0) {
        life->delay_ms = LINK_DELAY_MIN_MS;
    } else {
        life->delay_ms *= 2;
        if (life->delay_ms > LINK_DELAY_MAX_MS) {
            life->delay_ms = LINK_DELAY_MAX_MS;
        }
    }
    life->retry_at_ms = now_ms + life->delay_ms + random % (life->delay_ms / 4 + 1);
    move(life, LINK_DOWN, now_ms);
    return (struct link_todo){ .close = true, .lost = was_ready };
}

static struct link_todo start(struct link_life *life, uint64_t now_ms)
{
    if (life->leaving || now_ms < life->retry_at_ms) {
        return (struct link_todo){ 0 };
    }
    move(life, LINK_CONNECTING, now_ms);
    return (struct link_todo){ .connect = true };
}

/* Silence is measured from the last byte; asking for a sign of life keeps an idle link loud. */
static struct link_todo watch(struct link_life *life, const struct link_times *times,
                              uint64_t now_ms, uint64_t random)
{
    if (life->quiet) {
        return (struct link_todo){ 0 };
    }
    if (now_ms - life->heard_at_ms >= times->node_timeout_ms) {
        return fall(life, now_ms, random);
    }
    if (now_ms - life->pinged_at_ms >= times->ping_every_ms) {
        life->pinged_at_ms = now_ms;
        return (struct link_todo){ .ping = true };
    }
    return (struct link_todo){ 0 };
}

static struct link_todo tick(struct link_life *life, const struct link_times *times,
                             uint64_t now_ms, uint64_t random)
{
    switch (life->state) {
    case LINK_DOWN:
        return start(life, now_ms);
    case LINK_CONNECTING:
    case LINK_GREETING:
        if (now_ms - life->since_ms >= times->node_timeout_ms) {
            return fall(life, now_ms, random);
        }
        return (struct link_todo){ 0 };
    case LINK_READY:
    case LINK_DRAINING:
        return watch(life, times, now_ms, random);
    }
    unreachable("a link is always in a state");
}

/* Without a ping in flight a ready link has no lease, so the first goes out at once. */
static struct link_todo ready(struct link_life *life, uint64_t now_ms)
{
    move(life, LINK_READY, now_ms);
    life->delay_ms = 0;
    life->retry_at_ms = 0;
    life->heard_at_ms = now_ms;
    life->pinged_at_ms = now_ms;
    return (struct link_todo){ .ready = true, .ping = !life->quiet };
}

static struct link_todo drain(struct link_life *life, uint64_t now_ms, uint64_t random)
{
    life->leaving = true;
    if (life->state == LINK_READY) {
        move(life, LINK_DRAINING, now_ms);
        return (struct link_todo){ 0 };
    }
    if (life->state == LINK_CONNECTING || life->state == LINK_GREETING) {
        return fall(life, now_ms, random);
    }
    return (struct link_todo){ 0 };
}

struct link_todo link_step(struct link_life *life, enum link_event event,
                           const struct link_times *times, uint64_t now_ms, uint64_t random)
{
    struct link_todo nothing = { 0 };

    switch (event) {
    case LINK_TICK:
        return tick(life, times, now_ms, random);
    case LINK_CONNECTED:
        move(life, LINK_GREETING, now_ms);
        return (struct link_todo){ .greet = true };
    case LINK_GREETED:
        return ready(life, now_ms);
    case LINK_HEARD:
        life->heard_at_ms = now_ms;
        return nothing;
    case LINK_FAILED:
        return life->state == LINK_DOWN ? nothing : fall(life, now_ms, random);
    case LINK_DRAIN:
        return drain(life, now_ms, random);
    case LINK_IDLE:
        return life->state == LINK_DRAINING ? fall(life, now_ms, random) : nothing;
    }
    unreachable("every event is handled");
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t link_wake_at(const struct link_life *life, const struct link_times *times)
{
    switch (life->state) {
    case LINK_DOWN:
        return life->leaving ? UINT64_MAX : life->retry_at_ms;
    case LINK_CONNECTING:
    case LINK_GREETING:
        return life->since_ms + times->node_timeout_ms;
    case LINK_READY:
    case LINK_DRAINING:
        if (life->quiet) {
            return UINT64_MAX;
        }
        return sooner(life->heard_at_ms + times->node_timeout_ms,
                      life->pinged_at_ms + times->ping_every_ms);
    }
    unreachable("a link is always in a state");
}

uint64_t link_ping_every(uint64_t near_lease_ms, uint64_t node_timeout_ms)
{
    uint64_t every = near_lease_ms / 3 < 50 ? 50 : near_lease_ms / 3;

    every = sooner(every, node_timeout_ms / 3);
    return every == 0 ? 1 : every;
}
