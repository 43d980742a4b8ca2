#ifndef PODIS_CACHE_DS_POOL_H
#define PODIS_CACHE_DS_POOL_H

/* Very many small blocks that belong to one container, in pages of their own.
 *
 * The heap rounds 17 bytes up to 32, and 33 to 48: with a million members that is what most of
 * them waste. Here sizes are rounded to eight bytes. Only sizes that gain by it are taken. */

#include <stdbool.h>
#include <stddef.h>

struct pool_page;

enum { POOL_CLASSES = 3 };

/* In place; zeroes are an empty pool. Freeing its last block leaves it empty again. */
struct pool {
    struct pool_page *open[POOL_CLASSES]; /* Pages with room; by the size of their blocks. */
    size_t pages;
};

/* Whether blocks of this length are better off here than on the heap. */
bool pool_takes(size_t len);
/* A block of a length that it takes; not zeroed, aligned to eight bytes. */
void *pool_alloc(struct pool *pool, size_t len);
void pool_free(struct pool *pool, void *block);

size_t pool_bytes(const struct pool *pool);

#endif
