#ifndef PODIS_PROXY_PEERS_SKETCH_H
#define PODIS_PROXY_PEERS_SKETCH_H

/* How often things were seen of late, about, in a fixed amount of memory: a count-min sketch
 * (Cormode & Muthukrishnan, 2005) with the ageing of TinyLFU (Einziger, Friedman & Manes, 2017).
 * It never says less than the truth since the last ageing, and seldom more; but lowering the
 * count of one thing may lower that of others. */

#include <stddef.h>
#include <stdint.h>

enum { SKETCH_MAX = 255 };

struct sketch;

/* `width` is a power of two; ages after `width` additions. */
struct sketch *sketch_new(size_t width);
void sketch_free(struct sketch *sketch);

/* Counts one and returns the new estimate, at most SKETCH_MAX. */
unsigned sketch_add(struct sketch *sketch, uint64_t hash);

/* Makes the estimate at most this. */
void sketch_lower(struct sketch *sketch, uint64_t hash, uint8_t most);

unsigned sketch_estimate(const struct sketch *sketch, uint64_t hash);

#endif
