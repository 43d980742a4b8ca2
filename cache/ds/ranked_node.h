#ifndef PODIS_CACHE_DS_RANKED_NODE_H
#define PODIS_CACHE_DS_RANKED_NODE_H

/* The nodes of ranked.h's tree, one by one: what is in them, how it is searched and moved. For
 * ranked.c alone, which knows how they hang together. */

#include "cache/base/check.h"
#include "cache/ds/ranked.h"

enum { RANKED_LEAF_MAX = 60, RANKED_INNER_MAX = 31 };

/* What leaves and inner nodes have in common. */
struct ranked_node {
    uint32_t count;  /* Members of a leaf, children of an inner node. */
    uint32_t height; /* 0: a leaf. */
    uint64_t total;  /* Members here and below. */
};

struct ranked_leaf {
    struct ranked_node node;
    struct ranked_leaf *previous;
    struct ranked_leaf *next;
    struct ranked_member *members[RANKED_LEAF_MAX];
};
static_assert(sizeof(struct ranked_leaf) == 512, "a leaf fills a size class of the allocator");

/* What an inner node says of a child. */
struct ranked_branch {
    double score; /* Of the first: most searches look no further. */
    struct ranked_member *first;
    uint64_t below;
    struct ranked_node *child;
};

struct ranked_inner {
    struct ranked_node node;
    struct ranked_branch branches[RANKED_INNER_MAX];
};
static_assert(sizeof(struct ranked_inner) <= 1024,
              "an inner node fits a size class of the allocator");

static inline struct ranked_leaf *ranked_leaf_of(const struct ranked_node *node)
{
    assert(node->height == 0);
    return (struct ranked_leaf *)(uintptr_t)node;
}

static inline struct ranked_inner *ranked_inner_of(const struct ranked_node *node)
{
    assert(node->height > 0);
    return (struct ranked_inner *)(uintptr_t)node;
}

/* Elements that a node has room for: members, or children. */
static inline uint32_t ranked_node_room(const struct ranked_node *node)
{
    return node->height == 0 ? RANKED_LEAF_MAX : RANKED_INNER_MAX;
}

/* An empty one. */
struct ranked_node *ranked_node_new(uint32_t height);
/* A leaf is taken out from between its neighbours. */
void ranked_node_free(struct ranked_node *node);

/* A place between two members: all others are before it or behind it. */
struct ranked_bound {
    enum { RANKED_BY_BOTH, RANKED_BY_SCORE, RANKED_BY_TEXT } by;
    bool or_equal; /* The bound is behind what equals it. */
    double score;
    struct span text;
};
struct ranked_bound ranked_bound_at(const struct ranked_member *member, bool or_equal);
/* Whether a member, which has this score, is before the bound. */
bool ranked_is_before(double score, const struct ranked_member *member,
                      const struct ranked_bound *bound);
/* How many members of a leaf are before the bound. */
uint32_t ranked_leaf_search(const struct ranked_leaf *leaf, const struct ranked_bound *bound);
/* The last child that begins before the bound; the first one if none does. */
uint32_t ranked_inner_search(const struct ranked_inner *inner, const struct ranked_bound *bound);

/* Has a parent say of a child, which is not empty, what is so now. */
void ranked_node_refresh(struct ranked_inner *parent, uint32_t index);

/* Moves what is from `at` on back by `count` elements, which are to be written. The total is
 * the caller's to change. */
void ranked_node_open(struct ranked_node *node, uint32_t at, uint32_t count);
/* Closes the gap of `count` elements from `at` on. The same. */
void ranked_node_close(struct ranked_node *node, uint32_t at, uint32_t count);
/* Moves `count` elements of a node to another of the same height, in front of its element
 * `at`, and the totals. */
void ranked_node_move(struct ranked_node *from, uint32_t first, uint32_t count,
                      struct ranked_node *to, uint32_t at);

#endif
