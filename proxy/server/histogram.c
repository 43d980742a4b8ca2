/* How often which time was taken.
 *
 * The cells are those of HdrHistogram at two significant digits, which is what Redis counts with,
 * so that LATENCY HISTOGRAM and INFO latencystats say the same of the same times:
 *
 *     row 0     0 … 127 ns        128 cells of 1 ns
 *     row 1     128 … 255 ns      128 cells of 1 ns
 *     row 2     256 … 511 ns      128 cells of 2 ns
 *     row r     2^(r+6) … ×2      128 cells of 2^(r-1) ns
 *
 * A command's times lie within few doublings, so a row, 1 kB, is made when its first time comes:
 * a command costs a few kilobytes once it is used, and nothing before. */

#include "proxy/server/histogram.h"

#include "cache/base/memory.h"

enum { CELL_BITS = 7 };
static_assert(1 << CELL_BITS == HISTOGRAM_CELLS, "a cell's number is the bits below the first");
static_assert(HISTOGRAM_MAX_NS < 1ull << (HISTOGRAM_ROWS + CELL_BITS - 1), "has a row");

static unsigned cell_of(unsigned row, uint64_t ns)
{
    return (unsigned)(ns >> histogram_shift(row)) % HISTOGRAM_CELLS;
}

/* The longest time that is counted in this cell. */
static uint64_t longest_of(unsigned row, unsigned cell)
{
    uint64_t first = row == 0 ? cell : (uint64_t)(HISTOGRAM_CELLS + cell) << histogram_shift(row);
    return first + (1ull << histogram_shift(row)) - 1;
}

void histogram_fini(struct histogram *histogram)
{
    for (unsigned row = 0; row < HISTOGRAM_ROWS; row++) {
        memory_free(histogram->rows[row]);
    }
    *histogram = (struct histogram){ 0 };
}

void histogram_add_row(struct histogram *histogram, unsigned row)
{
    assert(histogram->rows[row] == NULL);
    histogram->rows[row] = memory_zero(HISTOGRAM_CELLS * sizeof(*histogram->rows[row]));
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    uint64_t wanted = (uint64_t)(percent / 100. * (double)histogram->count + 0.5);
    uint64_t seen = 0;

    wanted = wanted == 0 ? 1 : wanted;
    for (unsigned row = 0; row < HISTOGRAM_ROWS; row++) {
        for (unsigned cell = 0; histogram->rows[row] != NULL && cell < HISTOGRAM_CELLS; cell++) {
            seen += histogram->rows[row][cell];
            if (seen >= wanted) {
                return longest_of(row, cell);
            }
        }
    }
    return 0;
}

uint64_t histogram_up_to(const struct histogram *histogram, unsigned exponent, uint64_t *longest)
{
    unsigned last_row = histogram_row(1ull << exponent);
    unsigned last_cell = cell_of(last_row, 1ull << exponent);
    uint64_t seen = 0;

    for (unsigned row = 0; row <= last_row && row < HISTOGRAM_ROWS; row++) {
        unsigned end = row == last_row ? last_cell + 1 : HISTOGRAM_CELLS;
        for (unsigned cell = 0; histogram->rows[row] != NULL && cell < end; cell++) {
            seen += histogram->rows[row][cell];
        }
    }
    *longest = longest_of(last_row, last_cell);
    return seen;
}
