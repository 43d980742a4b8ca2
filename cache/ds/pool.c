/* A page is a kilobyte at a multiple of a kilobyte, so the page of a block is found by its address:
 *
 *     | next open | previous open | used | free | fresh | size | block | block | … |
 *
 * Blocks that were freed are linked by their first two bytes, which hold the place of the next one;
 * those behind `fresh` were never used. A page with room is on the list of its size, and one
 * without any used block goes back to the heap.
 *
 *     size                24   40   56
 *     blocks in a page    41   25   17
 *     bytes for each    25.0 41.0 60.2     on the heap 32, 48, 64 */

#include "cache/ds/pool.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <stdint.h>
#include <string.h>

enum { PAGE = 1024, STEP = 8, FIRST = 24, APART = 16 };

struct pool_page {
    struct pool_page *next;
    struct pool_page *previous;
    uint16_t used;  /* Blocks. */
    uint16_t free;  /* Where the first one is that was freed; 0: none. */
    uint16_t fresh; /* Where those begin that were never used. */
    uint16_t size;
};

static size_t rounded(size_t len)
{
    return (len + STEP - 1) / STEP * STEP;
}

/* Odd multiples of eight bytes, but for the first: the heap has that. */
bool pool_takes(size_t len)
{
    size_t size = rounded(len);
    return size % (2 * STEP) == STEP && size >= FIRST && size <= FIRST + APART * (POOL_CLASSES - 1);
}

static struct pool_page *page_of(const void *block)
{
    return (struct pool_page *)((uintptr_t)block & ~(uintptr_t)(PAGE - 1));
}

static char *bytes_of(struct pool_page *page)
{
    return (char *)page;
}

static struct pool_page **list_of(struct pool *pool, const struct pool_page *page)
{
    return &pool->open[(page->size - FIRST) / APART];
}

static bool is_full(const struct pool_page *page)
{
    return page->free == 0 && page->fresh + page->size > PAGE;
}

static void open_page(struct pool *pool, struct pool_page *page)
{
    struct pool_page **list = list_of(pool, page);
    page->previous = NULL;
    page->next = *list;
    if (*list != NULL) {
        (*list)->previous = page;
    }
    *list = page;
}

static void close_page(struct pool *pool, struct pool_page *page)
{
    if (page->previous == NULL) {
        *list_of(pool, page) = page->next;
    } else {
        page->previous->next = page->next;
    }
    if (page->next != NULL) {
        page->next->previous = page->previous;
    }
}

static struct pool_page *page_new(struct pool *pool, size_t size)
{
    struct pool_page *page = memory_zero_aligned(PAGE, PAGE);
    page->size = (uint16_t)size;
    page->fresh = sizeof(*page);
    pool->pages++;
    open_page(pool, page);
    return page;
}

static void *take_block(struct pool_page *page)
{
    char *block;
    if (page->free != 0) {
        block = bytes_of(page) + page->free;
        memcpy(&page->free, block, sizeof(page->free));
    } else {
        block = bytes_of(page) + page->fresh;
        page->fresh = (uint16_t)(page->fresh + page->size);
    }
    page->used++;
    return block;
}

void *pool_alloc(struct pool *pool, size_t len)
{
    size_t size = rounded(len);
    assert(pool_takes(len));

    struct pool_page *page = pool->open[(size - FIRST) / APART];
    if (page == NULL) {
        page = page_new(pool, size);
    }
    void *block = take_block(page);
    if (is_full(page)) {
        close_page(pool, page);
    }
    return block;
}

void pool_free(struct pool *pool, void *block)
{
    struct pool_page *page = page_of(block);
    bool was_full = is_full(page);
    assert(page->used > 0);

    memcpy(block, &page->free, sizeof(page->free));
    page->free = (uint16_t)((char *)block - bytes_of(page));
    page->used--;
    if (page->used > 0) {
        if (was_full) {
            open_page(pool, page);
        }
        return;
    }
    if (!was_full) {
        close_page(pool, page);
    }
    memory_free(page);
    pool->pages--;
}

size_t pool_bytes(const struct pool *pool)
{
    return pool->pages * PAGE;
}
