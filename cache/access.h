#ifndef PODIS_CACHE_ACCESS_H
#define PODIS_CACHE_ACCESS_H

/* When, or how often, a key was used: 24 bits in its entry, as Redis has them.
 *
 *   timed     seconds of Unix time, modulo 2^24 (194 days)
 *   counted   16 bits: minutes of the last access; 8 bits: a logarithmic counter that
 *             is lowered by one for each decay_minutes without an access */

#include <stdbool.h>
#include <stdint.h>

/* How accesses are noted, and all that is needed for it. */
struct access_clock {
    bool counts;            /* Counted instead of timed. */
    uint32_t log_factor;    /* How much harder each step of the counter is than the last. */
    uint32_t decay_minutes; /* 0: it is never lowered. */
    uint64_t random_state;  /* For the logarithmic counter. */
};

/* Of a new key. */
uint32_t access_new(const struct access_clock *clock, uint64_t now_ms);

/* After one more access. */
static inline uint32_t access_again(struct access_clock *clock, uint32_t access, uint64_t now_ms);

/* As if it had been used so long ago for the last time, or so often. Each is of its own mode: it is
 * `access` itself in the other. */
uint32_t access_after_idle(const struct access_clock *clock, uint32_t access, uint64_t idle_s,
                           uint64_t now_ms);
uint32_t access_with_frequency(const struct access_clock *clock, uint32_t access, uint8_t frequency,
                               uint64_t now_ms);

/* Both answer whatever the mode; each means something in its own. */
uint64_t access_idle_ms(uint32_t access, uint64_t now_ms);
uint8_t access_frequency(const struct access_clock *clock, uint32_t access, uint64_t now_ms);

uint32_t access_counted(struct access_clock *clock, uint32_t access, uint64_t now_ms);

static inline uint32_t access_again(struct access_clock *clock, uint32_t access, uint64_t now_ms)
{
    return clock->counts ? access_counted(clock, access, now_ms)
                         : (uint32_t)(now_ms / 1000) & 0xffffff;
}

#endif
