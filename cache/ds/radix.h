#ifndef PODIS_CACHE_DS_RADIX_H
#define PODIS_CACHE_DS_RADIX_H

/* Things in the order of their keys, found by key and by "the next one from here".
 *
 * A thing, an item, is any block of memory that contains its key; the tree holds its address, and
 * one item may be in several trees. It must lie at an even address, and its key must not change
 * while it is in a tree. Keys are bytes of any length, ordered as memcmp does, the shorter one
 * first; a tree has no two of the same key.
 *
 * All of these take time in proportion to the length of the key, at most, and most of the time
 * to the logarithm of the number of items. There are no cursors: to go on from an item, ask for
 * what comes after its key, which may be gone by then. */

#include "cache/base/span.h"

#include <stdint.h>

struct radix {
    struct span (*key_of)(const void *item);
    void *root; /* An item, a node, or NULL. */
    size_t count;
    size_t nodes;
    size_t bytes; /* Of the nodes. */
};

void radix_init(struct radix *tree, struct span (*key_of)(const void *item));
/* Gives each item to `free_item`, in no special order; NULL: they are somebody else's. */
void radix_fini(struct radix *tree, void (*free_item)(void *item));

/* NULL if there is none of this key. */
void *radix_find(const struct radix *tree, struct span key);

/* There is none of this key yet. */
void radix_add(struct radix *tree, void *item);

/* Returns what was taken out, or NULL. */
void *radix_remove(struct radix *tree, struct span key);

/* Each returns NULL if there is no such item. The key need not be in the tree. */
void *radix_first(const struct radix *tree);
void *radix_last(const struct radix *tree);
void *radix_at_or_after(const struct radix *tree, struct span key);
void *radix_at_or_before(const struct radix *tree, struct span key);
void *radix_after(const struct radix *tree, struct span key);
void *radix_before(const struct radix *tree, struct span key);

#endif
