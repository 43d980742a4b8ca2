#ifndef PODIS_TESTS_BENCH_HISTOGRAM_H
#define PODIS_TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

/* Latencies, counted in buckets that grow with the value, so that a percentile is within 1.6 %
 * of the truth whatever its size (the idea of HdrHistogram). A histogram is all zeroes at first
 * and needs no fini. */
enum {
    HISTOGRAM_STEPS = 64,  /* Buckets per power of two. */
    HISTOGRAM_POWERS = 36, /* The last bucket begins at about 2^41 ns, half an hour. */
    HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * HISTOGRAM_POWERS,
};

struct histogram {
    uint64_t total;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

/* Counts `count` observations of `ns` nanoseconds. */
void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t count);

/* The value that `share` (0 to 1) of the observations do not exceed; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
