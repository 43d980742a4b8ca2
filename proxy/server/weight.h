#ifndef PODIS_PROXY_SERVER_WEIGHT_H
#define PODIS_PROXY_SERVER_WEIGHT_H

/* maxmemory-clients: how much memory clients hold, each and together, and which of them go when it
 * is too much.
 *
 *     buckets:   … | 32 kB … | 64 kB … | 128 kB … | … | 8 GB … |
 *                                                     <------- the heaviest go first
 *
 * Clients of app ports are weighed, also those that CLIENT NO-EVICT ON has taken out of the
 * buckets; peers and replicas are not. Nothing is weighed while there is no limit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;
struct session;

enum { WEIGHT_BUCKETS = 19, WEIGHT_FIRST_BITS = 15 };

struct weights {
    struct session *buckets[WEIGHT_BUCKETS];
    uint64_t total;
    uint64_t max; /* 0: no limit. */
};

/* Lies in each session. */
struct weight {
    size_t bytes; /* Of this session in the total. */
    struct session *next, *previous;
    uint8_t bucket; /* From 1; 0: in none. */
};

/* What a session holds, as CLIENT LIST shows it. */
size_t weight_of(const struct session *session);

/* The limit may be another. */
void weights_configure(struct server *server);

/* The session holds more or less than before. To be called only while there is a limit. */
void weight_update(struct session *session);
/* It is gone. */
void weight_forget(struct session *session);

/* Ends as many sessions as are too many, the heaviest first; says whether there were any. */
bool weights_evict(struct server *server);

#endif
