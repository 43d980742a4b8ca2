/* A log-linear histogram.
 *
 *     value     0 .. 63    64 .. 127    128 .. 255    256 .. 511   ...
 *     width        1           1             2             4       ...
 *     buckets     64          64            64            64       ...
 *
 * The six bits below a value's highest bit choose its bucket, so finding one is a shift and an
 * addition, and no bucket is wider than a 64th of the values in it. */

#include "tests/bench/histogram.h"

#include <stddef.h>

static size_t bucket_of(uint64_t ns)
{
    if (ns < HISTOGRAM_STEPS) {
        return (size_t)ns;
    }
    unsigned shift = 63U - (unsigned)__builtin_clzll(ns) - 6U;
    size_t bucket = (size_t)shift * HISTOGRAM_STEPS + (size_t)(ns >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t value_of(size_t bucket)
{
    if (bucket < HISTOGRAM_STEPS) {
        return bucket;
    }
    size_t shift = bucket / HISTOGRAM_STEPS - 1;
    uint64_t low = (uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift;
    return low + ((1ULL << shift) >> 1);
}

void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t count)
{
    histogram->counts[bucket_of(ns)] += count;
    histogram->total += count;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
    double wanted = share * (double)histogram->total;
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted) {
            return value_of(i);
        }
    }
    return 0;
}
