#ifndef PODIS_CACHE_BASE_ARENA_H
#define PODIS_CACHE_BASE_ARENA_H

/* A request's memory: taken piece by piece, given back all at once.
 *
 * The first block stays from one request to the next, so that most requests
 * allocate nothing. */

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* Newest first; the last one is kept by a reset. */
    size_t used;                /* Of the newest block. */
};

/* Zeroed storage is a valid, empty arena. */
void arena_fini(struct arena *arena);

/* Aligned for any type, not zeroed, never NULL. Dies with arena_reset(). */
void *arena_alloc(struct arena *arena, size_t len);

void arena_reset(struct arena *arena);

/* What is taken after the one dies with the other. */
struct arena_mark {
    struct arena_block *block;
    size_t used;
};
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

#endif
