#ifndef PODIS_CACHE_DS_QUICKLIST_H
#define PODIS_CACHE_DS_QUICKLIST_H

/* A long sequence of texts: a doubly linked list of nodes, each with a listpack of a few kB, so
 * that an element costs little more than its bytes, both ends are cheap to push to and to pop from,
 * and nothing in the middle costs more than one step for each node and a walk through one.
 * quicklist_walk.h reads and edits it.
 *
 * Of a long list mostly the ends are used; limits.compress_depth says how many nodes at each end
 * are never compressed. Zero: no node ever is. */

#include "cache/ds/quicklist_node.h"

struct quicklist {
    struct quicklist_node *head; /* NULL: empty. */
    struct quicklist_node *tail;
    size_t count; /* Elements. */
    size_t nodes;
};

/* How nodes are cut. Lists that were cut otherwise are as good. */
struct quicklist_limits {
    int64_t node_size; /* Elements (and at most 8 kB), or with -1 … -5: 4, 8, 16, 32, 64 kB. */
    int64_t compress_depth;
    uint64_t plain_from; /* A text of this length has its own node; 0: one over a node's bytes. */
};

enum quicklist_end { QUICKLIST_HEAD, QUICKLIST_TAIL };

/* In place; zeroes are an empty list. */
void quicklist_fini(struct quicklist *list);
/* `copy` is empty. */
void quicklist_copy(struct quicklist *copy, const struct quicklist *list);
/* Heap bytes: exact for few nodes, else estimated from some. */
size_t quicklist_memory(const struct quicklist *list);

/* Adds a text to one end. No text that is given to the list may lie in it. */
void quicklist_push(struct quicklist *list, enum quicklist_end end, struct span text,
                    const struct quicklist_limits *limits);

/* The element at one end; the list is not empty. A number is written to `room`, a compressed node
 * is opened for good. */
struct span quicklist_peek(struct quicklist *list, enum quicklist_end end,
                           char room[NUMBER_TEXT_MAX]);

/* Removes `count` elements, which are there, from place `start` on. */
void quicklist_remove(struct quicklist *list, size_t start, size_t count,
                      const struct quicklist_limits *limits);

/* --- nodes --- */

/* How long a node with a listpack may become. */
size_t quicklist_node_max(const struct quicklist_limits *limits);
bool quicklist_is_plain(struct span text, const struct quicklist_limits *limits);

/* The node with the element at `index`, and which of its elements that is; NULL if there is none.
 * One step for each node from the nearer end. */
struct quicklist_node *quicklist_find(const struct quicklist *list, size_t index, size_t *within);

/* Adds an open node to the tail. */
void quicklist_add(struct quicklist *list, struct quicklist_node **take_node);

/* Puts a text in front of the element `within` of a node, or with its count behind the last. The
 * node may be split, or merged with others. */
void quicklist_insert(struct quicklist *list, struct quicklist_node *node, size_t within,
                      struct span text, const struct quicklist_limits *limits);

/* Removes a node and its elements. */
void quicklist_drop(struct quicklist *list, struct quicklist_node *node);

/* Nodes were added, removed or opened: compresses what is to be compressed among `node` (may be
 * NULL) and those that are now just beyond the depth, and opens those within. */
void quicklist_settle(struct quicklist *list, struct quicklist_node *node,
                      const struct quicklist_limits *limits);

/* Whether all holds that must; slow. */
bool quicklist_is_sound(const struct quicklist *list);

#endif
