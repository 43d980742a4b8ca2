#ifndef PODIS_CACHE_TYPES_HYPERLOGLOG_H
#define PODIS_CACHE_TYPES_HYPERLOGLOG_H

/* HyperLogLogs: strings that estimate how many different elements they were given, byte for byte
 * as Redis's, since clients read and write them as strings.
 *
 *     | HYLL | encoding: 1 | 3 unused | cardinality: 8 | registers …
 *
 * The cardinality is a cache, no good while its highest bit is set. There are 16,384 registers
 * of six bits; how they are written is in the .c file. What a client wrote there is not trusted:
 * no function here reads or writes outside the bytes it is given. */

#include "cache/base/buf.h"
#include "cache/base/span.h"

#include <stdint.h>

enum {
    HLL_REGISTERS = 16384,
    HLL_HEADER = 16,
    HLL_DENSE_BYTES = HLL_HEADER + HLL_REGISTERS * 6 / 8,
    /* No sparse one needs more: two bytes for each register. */
    HLL_ROOM = HLL_HEADER + 2 * HLL_REGISTERS,
};

/* Whether a text begins as one, and is as long as it has to be. */
bool hll_is_one(struct span text);
bool hll_is_dense(struct span text);

/* One that is worked on. If it is sparse its bytes lie in a room of HLL_ROOM. */
struct hll {
    char *bytes;
    size_t len;
};

/* Makes an empty one, sparse. */
void hll_init(struct hll *hll, char room[HLL_ROOM]);
/* A copy of one that is no longer than HLL_ROOM: false if it is. */
must_check bool hll_copy(struct hll *hll, char room[HLL_ROOM], struct span text);

enum hll_result {
    HLL_SAME,
    HLL_CHANGED,
    HLL_BROKEN, /* The registers are not what they should be. It may be half changed. */
};

/* A sparse one becomes dense when it would pass `sparse_max` bytes. */
enum hll_result hll_add(struct hll *hll, struct span element, uint64_t sparse_max);
/* Raises a register to `count`. */
enum hll_result hll_raise(struct hll *hll, size_t index, unsigned count, uint64_t sparse_max);
/* False if it is broken. */
must_check bool hll_make_dense(struct hll *hll);

/* The cached cardinality; false if it is not good. */
bool hll_cached(struct span text, uint64_t *cardinality);
void hll_set_cached(struct hll *hll, uint64_t cardinality);
void hll_forget_cached(struct hll *hll);

/* Raises each of the registers to what it is in `text`; false if that is broken. */
must_check bool hll_join(uint8_t registers[HLL_REGISTERS], struct span text);
/* How many different elements there were, about. */
uint64_t hll_estimate(const uint8_t registers[HLL_REGISTERS]);

/* The runs of a sparse one in words, "z:10 v:3,2 …". What cannot be read is left out. */
void hll_tell_runs(struct span text, struct buf *out);

#endif
