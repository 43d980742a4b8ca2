#ifndef PODIS_CACHE_BASE_HASH_H
#define PODIS_CACHE_BASE_HASH_H

/* Hashes of bytes. hash_bytes is XXH3 with a seed: clients that do not know the
 * seed cannot aim keys at one bucket. */

#include "cache/base/span.h"

#include <stdint.h>

uint64_t hash_bytes(struct span bytes, uint64_t seed);

/* The next number of a splitmix64 sequence; *state is its whole memory. Not for secrets. */
uint64_t random_next(uint64_t *state);

/* Uniform in [0, below); below > 0. */
uint64_t random_below(uint64_t *state, uint64_t below);

#endif
