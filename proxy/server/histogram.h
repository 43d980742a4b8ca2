#ifndef PODIS_PROXY_SERVER_HISTOGRAM_H
#define PODIS_PROXY_SERVER_HISTOGRAM_H

/* How often which time was taken: nanoseconds up to a second, to two digits. */

#include "cache/base/check.h"

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_CELLS = 128, /* Of a row: each doubling of the time is cut into so many. */
    HISTOGRAM_ROWS = 24,
    HISTOGRAM_MAX_NS = 1000000000, /* What took longer is counted here. */
};

struct histogram {
    uint64_t count;
    uint64_t *rows[HISTOGRAM_ROWS]; /* NULL: nothing was that long. */
};

/* All zeroes is an empty one. */
void histogram_fini(struct histogram *histogram);

/* Which row, and how many bits of the time its cells do not tell apart. */
static inline unsigned histogram_row(uint64_t ns)
{
    return 57 - (unsigned)__builtin_clzll(ns | (HISTOGRAM_CELLS - 1));
}
static inline unsigned histogram_shift(unsigned row)
{
    return row == 0 ? 0 : row - 1;
}

void histogram_add_row(struct histogram *histogram, unsigned row);

static inline void histogram_add(struct histogram *histogram, uint64_t ns)
{
    ns = ns < HISTOGRAM_MAX_NS ? ns : HISTOGRAM_MAX_NS;
    unsigned row = histogram_row(ns);

    if (__builtin_expect(histogram->rows[row] == NULL, 0)) {
        histogram_add_row(histogram, row);
    }
    histogram->rows[row][(ns >> histogram_shift(row)) % HISTOGRAM_CELLS]++;
    histogram->count++;
}

/* The time that `percent` of all did not exceed: the longest of its cell. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

/* How many were at most as long as the cell of 2^exponent, and the longest of that cell. */
uint64_t histogram_up_to(const struct histogram *histogram, unsigned exponent, uint64_t *longest);

#endif
