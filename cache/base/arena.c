/* A request's memory: taken piece by piece, given back all at once. */

#include "cache/base/arena.h"

#include "cache/base/memory.h"

#include <stdalign.h>

enum { BLOCK = 4096 };

struct arena_block {
    struct arena_block *next;
    size_t capacity;
    alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *arena, size_t len)
{
    size_t aligned = (len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct arena_block *block = arena->blocks;

    if (block == NULL || block->capacity - arena->used < aligned) {
        size_t capacity = aligned > BLOCK ? aligned : BLOCK;
        struct arena_block *fresh = memory_alloc(sizeof(*fresh) + capacity);
        fresh->next = block;
        fresh->capacity = capacity;
        arena->blocks = block = fresh;
        arena->used = 0;
    }
    void *piece = block->bytes + arena->used;
    arena->used += aligned;
    return piece;
}

void arena_reset(struct arena *arena)
{
    while (arena->blocks != NULL && arena->blocks->next != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        memory_free(block);
    }
    if (arena->blocks != NULL && arena->blocks->capacity > BLOCK) {
        memory_free(arena->blocks);
        arena->blocks = NULL;
    }
    arena->used = 0;
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){ .block = arena->blocks, .used = arena->used };
}

/* The first block stays even if the mark is older than it. */
void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->blocks != NULL && arena->blocks != mark.block && arena->blocks->next != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        memory_free(block);
    }
    arena->used = mark.used;
}

void arena_fini(struct arena *arena)
{
    arena_reset(arena);
    memory_free(arena->blocks);
    arena->blocks = NULL;
}
