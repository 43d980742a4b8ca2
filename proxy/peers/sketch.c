/* A count-min sketch that forgets. */

#include "proxy/peers/sketch.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { ROWS = 4 };

struct sketch {
    size_t width;
    size_t added; /* Since the last ageing. */
    uint8_t counts[];
};

struct sketch *sketch_new(size_t width)
{
    assert(width > 0);
    assert((width & (width - 1)) == 0);
    struct sketch *sketch = memory_zero(sizeof(*sketch) + ROWS * width);

    sketch->width = width;
    return sketch;
}

void sketch_free(struct sketch *sketch)
{
    memory_free(sketch);
}

/* Each row reads other bits of the hash: double hashing (Kirsch & Mitzenmacher, 2006). */
static size_t place(const struct sketch *sketch, uint64_t hash, unsigned row)
{
    uint64_t step = (hash >> 32) | 1;
    return row * sketch->width + (size_t)((hash + row * step) & (sketch->width - 1));
}

unsigned sketch_estimate(const struct sketch *sketch, uint64_t hash)
{
    unsigned least = SKETCH_MAX;

    for (unsigned row = 0; row < ROWS; row++) {
        uint8_t count = sketch->counts[place(sketch, hash, row)];
        least = count < least ? count : least;
    }
    return least;
}

static void age(struct sketch *sketch)
{
    for (size_t i = 0; i < ROWS * sketch->width; i++) {
        sketch->counts[i] /= 2;
    }
    sketch->added = 0;
}

/* Only the smallest counts grow: what they count beyond the key's own they count for others. */
unsigned sketch_add(struct sketch *sketch, uint64_t hash)
{
    unsigned least = sketch_estimate(sketch, hash);

    if (least < SKETCH_MAX) {
        for (unsigned row = 0; row < ROWS; row++) {
            uint8_t *count = &sketch->counts[place(sketch, hash, row)];
            *count = *count == least ? (uint8_t)(least + 1) : *count;
        }
        least++;
    }
    if (++sketch->added == sketch->width) {
        age(sketch);
    }
    return least;
}

void sketch_lower(struct sketch *sketch, uint64_t hash, uint8_t most)
{
    for (unsigned row = 0; row < ROWS; row++) {
        uint8_t *count = &sketch->counts[place(sketch, hash, row)];
        *count = *count > most ? most : *count;
    }
}
