#ifndef PODIS_CACHE_BASE_DIGEST_H
#define PODIS_CACHE_BASE_DIGEST_H

/* The sums of which DEBUG DIGEST is made, as Redis makes them, so that two servers can be
 * compared: SHA-1 of each piece, joined by xor where order means nothing (members of a set,
 * fields of a hash, keys) and by hashing again where it does (elements of a list). */

#include "cache/base/span.h"

#include <stdint.h>

enum { DIGEST_BYTES = 20 };

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

/* sum = sum xor SHA1(bytes). */
void digest_xor(struct digest *sum, struct span bytes);

/* sum = SHA1(sum xor SHA1(bytes)): what came before matters. */
void digest_mix(struct digest *sum, struct span bytes);

/* sum = sum xor other, where both are sums already. */
void digest_join(struct digest *sum, const struct digest *other);

/* 40 hex digits and a NUL. */
void digest_text(const struct digest *sum, char text[2 * DIGEST_BYTES + 1]);

#endif
