/* Access times and counts. The counter is Morris's: from n it goes to n + 1 with probability
 * 1 / (f (n - 5) + 1), so that with a factor f of 10, 255 stands for about a million accesses. */

#include "cache/access.h"

#include "cache/base/hash.h"

enum {
    SECONDS_MASK = (1 << 24) - 1,
    MINUTES_MASK = (1 << 16) - 1,
    COUNTER_NEW = 5,
    COUNTER_MAX = 255,
};

static uint32_t seconds(uint64_t now_ms)
{
    return (uint32_t)(now_ms / 1000) & SECONDS_MASK;
}

static uint32_t minutes(uint64_t now_ms)
{
    return (uint32_t)(now_ms / 60000) & MINUTES_MASK;
}

uint32_t access_new(const struct access_clock *clock, uint64_t now_ms)
{
    return clock->counts ? minutes(now_ms) << 8 | COUNTER_NEW : seconds(now_ms);
}

uint32_t access_after_idle(const struct access_clock *clock, uint32_t access, uint64_t idle_s,
                           uint64_t now_ms)
{
    if (clock->counts) {
        return access;
    }
    uint32_t idle = idle_s < SECONDS_MASK ? (uint32_t)idle_s : SECONDS_MASK;
    return (seconds(now_ms) - idle) & SECONDS_MASK;
}

uint32_t access_with_frequency(const struct access_clock *clock, uint32_t access, uint8_t frequency,
                               uint64_t now_ms)
{
    return clock->counts ? minutes(now_ms) << 8 | frequency : access;
}

uint8_t access_frequency(const struct access_clock *clock, uint32_t access, uint64_t now_ms)
{
    uint32_t counter = access & COUNTER_MAX;
    if (clock->decay_minutes == 0) {
        return (uint8_t)counter;
    }
    uint32_t passed = ((minutes(now_ms) - (access >> 8)) & MINUTES_MASK) / clock->decay_minutes;
    return (uint8_t)(passed > counter ? 0 : counter - passed);
}

uint32_t access_counted(struct access_clock *clock, uint32_t access, uint64_t now_ms)
{
    uint32_t counter = access_frequency(clock, access, now_ms);
    uint32_t above = counter > COUNTER_NEW ? counter - COUNTER_NEW : 0;
    if (counter < COUNTER_MAX &&
        random_below(&clock->random_state, (uint64_t)above * clock->log_factor + 1) == 0) {
        counter++;
    }
    return minutes(now_ms) << 8 | counter;
}

uint64_t access_idle_ms(uint32_t access, uint64_t now_ms)
{
    return (uint64_t)((seconds(now_ms) - access) & SECONDS_MASK) * 1000;
}
