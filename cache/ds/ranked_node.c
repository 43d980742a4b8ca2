/* Leaves and inner nodes of ranked.h's tree. */

#include "cache/ds/ranked_node.h"

#include "cache/base/memory.h"

/* --- searching --- */

struct ranked_bound ranked_bound_at(const struct ranked_member *member, bool or_equal)
{
    return (struct ranked_bound){ RANKED_BY_BOTH, or_equal, member->score,
                                  ranked_member_text(member) };
}

bool ranked_is_before(double score, const struct ranked_member *member,
                      const struct ranked_bound *bound)
{
    if (bound->by != RANKED_BY_TEXT && score != bound->score) {
        return score < bound->score;
    }
    int order =
        bound->by == RANKED_BY_SCORE ? 0 : span_compare(ranked_member_text(member), bound->text);
    return order < 0 || (order == 0 && bound->or_equal);
}

uint32_t ranked_leaf_search(const struct ranked_leaf *leaf, const struct ranked_bound *bound)
{
    uint32_t low = 0;
    uint32_t high = leaf->node.count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct ranked_member *member = leaf->members[middle];
        if (ranked_is_before(member->score, member, bound)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t ranked_inner_search(const struct ranked_inner *inner, const struct ranked_bound *bound)
{
    uint32_t low = 1;
    uint32_t high = inner->node.count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (ranked_is_before(inner->branches[middle].score, inner->branches[middle].first, bound)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* --- life --- */

struct ranked_node *ranked_node_new(uint32_t height)
{
    if (height > 0) {
        struct ranked_inner *inner = memory_alloc(sizeof(*inner));
        inner->node = (struct ranked_node){ .height = height };
        return &inner->node;
    }
    struct ranked_leaf *leaf = memory_alloc(sizeof(*leaf));
    leaf->node = (struct ranked_node){ 0 };
    leaf->previous = NULL;
    leaf->next = NULL;
    return &leaf->node;
}

void ranked_node_free(struct ranked_node *node)
{
    if (node->height == 0) {
        struct ranked_leaf *leaf = ranked_leaf_of(node);
        if (leaf->previous != NULL) {
            leaf->previous->next = leaf->next;
        }
        if (leaf->next != NULL) {
            leaf->next->previous = leaf->previous;
        }
    }
    memory_free(node);
}

/* --- elements --- */

void ranked_node_refresh(struct ranked_inner *parent, uint32_t index)
{
    struct ranked_branch *branch = &parent->branches[index];
    const struct ranked_node *child = branch->child;
    assert(child->count > 0);

    branch->below = child->total;
    if (child->height == 0) {
        branch->first = ranked_leaf_of(child)->members[0];
        branch->score = branch->first->score;
    } else {
        branch->first = ranked_inner_of(child)->branches[0].first;
        branch->score = ranked_inner_of(child)->branches[0].score;
    }
}

/* The element of a node, and how large it is. */
static char *element(const struct ranked_node *node, uint32_t index, size_t *size)
{
    if (node->height == 0) {
        *size = sizeof(struct ranked_member *);
        return (char *)&ranked_leaf_of(node)->members[index];
    }
    *size = sizeof(struct ranked_branch);
    return (char *)&ranked_inner_of(node)->branches[index];
}

void ranked_node_open(struct ranked_node *node, uint32_t at, uint32_t count)
{
    size_t size;
    char *from = element(node, at, &size);
    assert(node->count + count <= ranked_node_room(node));

    memmove(from + count * size, from, (node->count - at) * size);
    node->count += count;
}

void ranked_node_close(struct ranked_node *node, uint32_t at, uint32_t count)
{
    size_t size;
    char *to = element(node, at, &size);
    assert(at + count <= node->count);

    memmove(to, to + count * size, (node->count - at - count) * size);
    node->count -= count;
}

void ranked_node_move(struct ranked_node *from, uint32_t first, uint32_t count,
                      struct ranked_node *to, uint32_t at)
{
    uint64_t members = count;
    size_t size;

    for (uint32_t i = 0; from->height > 0 && i < count; i++) {
        members += ranked_inner_of(from)->branches[first + i].below - 1;
    }
    ranked_node_open(to, at, count);
    char *source = element(from, first, &size);
    memcpy(element(to, at, &size), source, count * size);
    ranked_node_close(from, first, count);
    from->total -= members;
    to->total += members;
}
