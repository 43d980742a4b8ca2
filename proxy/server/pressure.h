#ifndef PODIS_PROXY_SERVER_PRESSURE_H
#define PODIS_PROXY_SERVER_PRESSURE_H

/* maxmemory: how much is in use, and what is done about too much of it.
 *
 *     relieved  -- over the limit -->  evicting  -- nothing may be evicted -->  refusing
 *         ^                            |  ^  |                                     |
 *         +------ below the limit -----+  +--+ out of time: goes on next turn      |
 *         ^                                                                        |
 *         +---------------------------- below the limit ---------------------------+
 *
 * Commands that may take memory are run in all of them but the last. */

#include <stdbool.h>
#include <stdint.h>

struct server;

struct pressure {
    uint64_t used;         /* Bytes, when last looked at, … */
    int64_t balance;       /* … memory_balance() then, … */
    uint64_t bytes_in;     /* … statistics.bytes_in then, … */
    uint64_t lazy_pending; /* … and values that still had to be freed. */
    uint64_t peak;         /* The most that was seen. */
    bool evicting;         /* To be gone on with in the next turn. */
    double exceeded_at;    /* Since when it is over the limit; 0: it is not. */
    double exceeded_s;     /* How long it was, all in all. */
};

/* Finds out how much is in use: some microseconds. */
void pressure_look(struct server *server);

/* The policy or the limit may have changed. */
void pressure_configure(struct server *server);

/* At the end of each turn: goes on with what was begun, or looks if much has come in. */
void pressure_turn(struct server *server);

/* Goes on with what was begun: each turn while `evicting`, and each tick after pressure_look(). */
void pressure_relieve(struct server *server);

/* maxmemory-eviction-tenacity, in seconds that one round of eviction may take; infinite at 100. */
double pressure_patience_s(int64_t tenacity);

/* For INFO, in milliseconds: with the time that it is over the limit now, and only that. */
struct pressure_times {
    uint64_t total_ms, current_ms;
};
struct pressure_times pressure_times(const struct server *server);
void pressure_reset_times(struct server *server);

#endif
