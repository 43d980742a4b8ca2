#ifndef PODIS_PROXY_SERVER_DEADLINES_H
#define PODIS_PROXY_SERVER_DEADLINES_H

/* Times at which something is due, the earliest first: a binary heap of nodes that lie in their
 * owner's structure. Adding, moving and removing cost O(log n), and the earliest is at hand, so
 * that one timer serves them all. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadline {
    uint64_t at_ms;
    size_t place; /* In the heap, from 1; 0: it is not there. */
};

/* Zeroed storage is empty. */
struct deadlines {
    struct deadline **nodes;
    size_t count, room;
};

void deadlines_fini(struct deadlines *deadlines);

/* Adds a node, or moves it to another time. It must not move in memory until it is removed. */
void deadlines_set(struct deadlines *deadlines, struct deadline *node, uint64_t at_ms);
/* Accepts one that is not there. */
void deadlines_remove(struct deadlines *deadlines, struct deadline *node);

/* NULL if there is none. */
struct deadline *deadlines_first(const struct deadlines *deadlines);

#endif
