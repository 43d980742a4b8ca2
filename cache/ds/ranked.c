/* The tree of ranked.h.
 *
 * Every question is one walk down from the root, by rank or by a bound: a place between two
 * members, which all others are before or behind. On the way it adds up how many are before,
 * and writes down which children it took. Changes are made in the leaf; then the way is gone
 * back up to bring what each inner node says of its child up to date.
 *
 * Adding splits full nodes on the way down, so that there is room for one more child wherever
 * one is needed. A leaf at either end that overflows outwards is left full and a fresh one begun,
 * so members that come in order (time stamps; loading) fill leaves wholly. Removing joins a node
 * that is a quarter full with a neighbour, or takes from it, on the way up. */

#include "cache/ds/ranked.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/ranked_node.h"

#include <math.h>

enum {
    DEPTH_MAX = 24, /* Of inner nodes, half of them full: far more than memory holds. */
    LONG_TEXT = UINT8_MAX,
};

struct ranked {
    struct ranked_node *root;
    size_t leaves;
    size_t inners;
};

/* The way from the root to a place in a leaf. */
struct path {
    struct ranked *ranked;
    struct ranked_inner *inners[DEPTH_MAX];
    uint32_t indexes[DEPTH_MAX]; /* The child that was taken. */
    uint32_t depth;
    struct ranked_leaf *leaf;
    uint32_t at;
};

/* --- members --- */

struct ranked_member *ranked_member_new(struct span text, double score)
{
    bool is_long = text.len >= LONG_TEXT;
    size_t front = 1 + (is_long ? sizeof(uint32_t) : 0);
    struct ranked_member *member = memory_alloc(sizeof(*member) + front + text.len);
    uint32_t len = (uint32_t)text.len;
    assert(text.len <= UINT32_MAX);

    member->score = score;
    member->rest[0] = is_long ? LONG_TEXT : (uint8_t)len;
    if (is_long) {
        memcpy(member->rest + 1, &len, sizeof(len));
    }
    if (len > 0) {
        memcpy(member->rest + front, text.bytes, len);
    }
    return member;
}

struct span ranked_member_text(const struct ranked_member *member)
{
    uint32_t len = member->rest[0];
    const char *text = (const char *)member->rest + 1;

    if (len == LONG_TEXT) {
        memcpy(&len, text, sizeof(len));
        text += sizeof(len);
    }
    return (struct span){ .bytes = text, .len = len };
}

/* --- nodes --- */

static struct ranked_node *add_node(struct ranked *ranked, uint32_t height)
{
    if (height == 0) {
        ranked->leaves++;
    } else {
        ranked->inners++;
    }
    return ranked_node_new(height);
}

static void drop_node(struct ranked *ranked, struct ranked_node *node)
{
    if (node->height == 0) {
        ranked->leaves--;
    } else {
        ranked->inners--;
    }
    ranked_node_free(node);
}

/* --- walks --- */

static void step_down(struct path *path, struct ranked_inner *inner, uint32_t index)
{
    assert(path->depth < DEPTH_MAX);
    path->inners[path->depth] = inner;
    path->indexes[path->depth] = index;
    path->depth++;
}

static struct path find_bound(struct ranked *ranked, const struct ranked_bound *bound)
{
    struct path path = { .ranked = ranked };
    struct ranked_node *node = ranked->root;

    while (node->height > 0) {
        struct ranked_inner *inner = ranked_inner_of(node);
        uint32_t index = ranked_inner_search(inner, bound);
        step_down(&path, inner, index);
        node = inner->branches[index].child;
    }
    path.leaf = ranked_leaf_of(node);
    path.at = ranked_leaf_search(path.leaf, bound);
    return path;
}

/* The place of a member that is there. */
static struct path find_member(struct ranked *ranked, const struct ranked_member *member)
{
    struct ranked_bound bound = ranked_bound_at(member, true);
    struct path path = find_bound(ranked, &bound);

    assert(path.at > 0);
    path.at--;
    assert(path.leaf->members[path.at] == member);
    return path;
}

static struct path find_rank(struct ranked *ranked, uint64_t rank)
{
    struct path path = { .ranked = ranked };
    struct ranked_node *node = ranked->root;
    assert(rank < node->total);

    while (node->height > 0) {
        struct ranked_inner *inner = ranked_inner_of(node);
        uint32_t index = 0;
        for (; rank >= inner->branches[index].below; index++) {
            rank -= inner->branches[index].below;
        }
        step_down(&path, inner, index);
        node = inner->branches[index].child;
    }
    path.leaf = ranked_leaf_of(node);
    path.at = (uint32_t)rank;
    return path;
}

static uint64_t count_before(const struct ranked *ranked, const struct ranked_bound *bound)
{
    const struct ranked_node *node = ranked->root;
    uint64_t before = 0;

    while (node->height > 0) {
        const struct ranked_inner *inner = ranked_inner_of(node);
        uint32_t index = ranked_inner_search(inner, bound);
        for (uint32_t i = 0; i < index; i++) {
            before += inner->branches[i].below;
        }
        node = inner->branches[index].child;
    }
    return before + ranked_leaf_search(ranked_leaf_of(node), bound);
}

/* --- adding --- */

/* Puts all but the first `keep` elements of a child into a fresh one behind it. */
static void split(struct ranked *ranked, struct ranked_inner *parent, uint32_t index, uint32_t keep)
{
    struct ranked_node *left = parent->branches[index].child;
    struct ranked_node *right = add_node(ranked, left->height);

    ranked_node_open(&parent->node, index + 1, 1);
    parent->branches[index + 1].child = right;
    ranked_node_move(left, keep, left->count - keep, right, 0);
    if (left->height == 0) {
        struct ranked_leaf *first = ranked_leaf_of(left);
        struct ranked_leaf *second = ranked_leaf_of(right);
        second->previous = first;
        second->next = first->next;
        if (first->next != NULL) {
            first->next->previous = second;
        }
        first->next = second;
    }
}

/* Where a full leaf is to be cut when one more comes at `at`. */
static uint32_t leaf_cut(const struct ranked_leaf *leaf, uint32_t at)
{
    if (leaf->next == NULL && at == RANKED_LEAF_MAX) {
        return RANKED_LEAF_MAX;
    }
    return leaf->previous == NULL && at == 0 ? 0 : RANKED_LEAF_MAX / 2;
}

/* The root is full: a fresh one above it. */
static void grow_root(struct ranked *ranked)
{
    struct ranked_inner *root = ranked_inner_of(add_node(ranked, ranked->root->height + 1));

    root->node.count = 1;
    root->node.total = ranked->root->total;
    root->branches[0].child = ranked->root;
    ranked_node_refresh(root, 0);
    ranked->root = &root->node;
}

/* The way to where a member goes, whose last inner node has room for one more child. */
static struct path find_room(struct ranked *ranked, const struct ranked_bound *bound)
{
    struct path path = { .ranked = ranked };

    if (ranked->root->count == ranked_node_room(ranked->root)) {
        grow_root(ranked);
    }
    struct ranked_node *node = ranked->root;
    while (node->height > 0) {
        struct ranked_inner *inner = ranked_inner_of(node);
        uint32_t index = ranked_inner_search(inner, bound);
        if (node->height > 1 && inner->branches[index].child->count == RANKED_INNER_MAX) {
            split(ranked, inner, index, RANKED_INNER_MAX / 2);
            ranked_node_refresh(inner, index);
            ranked_node_refresh(inner, index + 1);
            index = ranked_inner_search(inner, bound);
        }
        step_down(&path, inner, index);
        node = inner->branches[index].child;
    }
    path.leaf = ranked_leaf_of(node);
    path.at = ranked_leaf_search(path.leaf, bound);
    return path;
}

void ranked_add(struct ranked *ranked, struct ranked_member **take_member)
{
    struct ranked_member *member = *take_member;
    struct ranked_bound bound = ranked_bound_at(member, false);
    assert(!isnan(member->score));
    struct path path = find_room(ranked, &bound);
    struct ranked_inner *cut = NULL; /* The parent of a leaf that was cut in two. */

    if (path.leaf->node.count == RANKED_LEAF_MAX) {
        uint32_t index = path.indexes[path.depth - 1];
        uint32_t keep = leaf_cut(path.leaf, path.at);
        cut = path.inners[path.depth - 1];
        split(ranked, cut, index, keep);
        if (path.at > keep || keep == RANKED_LEAF_MAX) {
            path.leaf = path.leaf->next;
            path.at -= keep;
        }
    }
    struct ranked_leaf *leaf = path.leaf;
    ranked_node_open(&leaf->node, path.at, 1);
    leaf->members[path.at] = member;
    leaf->node.total++;
    *take_member = NULL;
    for (uint32_t level = path.depth; level-- > 0;) {
        struct ranked_inner *inner = path.inners[level];
        inner->node.total++;
        ranked_node_refresh(inner, path.indexes[level]);
        if (inner == cut) {
            ranked_node_refresh(inner, path.indexes[level] + 1);
        }
    }
}

/* --- removing --- */

/* Makes two neighbours one, or equally full. */
static void even_out(struct ranked *ranked, struct ranked_inner *parent, uint32_t left_index)
{
    struct ranked_node *left = parent->branches[left_index].child;
    struct ranked_node *right = parent->branches[left_index + 1].child;
    uint32_t sum = left->count + right->count;

    if (sum <= ranked_node_room(left) * 3 / 4) {
        ranked_node_move(right, 0, right->count, left, left->count);
        ranked_node_close(&parent->node, left_index + 1, 1);
        drop_node(ranked, right);
    } else if (left->count < sum / 2) {
        ranked_node_move(right, 0, sum / 2 - left->count, left, left->count);
        ranked_node_refresh(parent, left_index + 1);
    } else {
        uint32_t surplus = left->count - sum / 2;
        ranked_node_move(left, left->count - surplus, surplus, right, 0);
        ranked_node_refresh(parent, left_index + 1);
    }
    ranked_node_refresh(parent, left_index);
}

/* A child has lost elements. */
static void settle_child(struct ranked *ranked, struct ranked_inner *parent, uint32_t index)
{
    struct ranked_node *child = parent->branches[index].child;

    if (child->count == 0) {
        ranked_node_close(&parent->node, index, 1);
        drop_node(ranked, child);
    } else if (child->count < ranked_node_room(child) / 4 && parent->node.count > 1) {
        even_out(ranked, parent, index == 0 ? 0 : index - 1);
    } else {
        ranked_node_refresh(parent, index);
    }
}

/* Roots with one child are no use, with none they are a leaf. */
static void settle_root(struct ranked *ranked)
{
    struct ranked_node *root = ranked->root;

    while (root->height > 0 && root->count == 1) {
        ranked->root = ranked_inner_of(root)->branches[0].child;
        drop_node(ranked, root);
        root = ranked->root;
    }
    if (root->count == 0 && root->height > 0) {
        drop_node(ranked, root);
        ranked->root = add_node(ranked, 0);
    }
}

/* Takes `count` members from a place on out of its leaf. */
static void take_out(struct path *path, uint32_t count)
{
    struct ranked_leaf *leaf = path->leaf;

    ranked_node_close(&leaf->node, path->at, count);
    leaf->node.total -= count;
    for (uint32_t level = path->depth; level-- > 0;) {
        path->inners[level]->node.total -= count;
        settle_child(path->ranked, path->inners[level], path->indexes[level]);
    }
    settle_root(path->ranked);
}

void ranked_remove(struct ranked *ranked, struct ranked_member *member)
{
    struct path path = find_member(ranked, member);
    take_out(&path, 1);
}

void ranked_cut(struct ranked *ranked, uint64_t from, uint64_t to,
                void (*drop)(void *context, struct ranked_member *member), void *context)
{
    assert(from <= to);
    assert(to <= ranked_count(ranked));

    for (uint64_t left = to - from; left > 0;) {
        struct ranked_member *out[RANKED_LEAF_MAX];
        struct path path = find_rank(ranked, from);
        uint32_t count = path.leaf->node.count - path.at;
        count = count < left ? count : (uint32_t)left;
        memcpy(out, &path.leaf->members[path.at], count * sizeof(*out));
        take_out(&path, count);
        for (uint32_t i = 0; i < count; i++) {
            drop(context, out[i]);
        }
        left -= count;
    }
}

/* --- another score --- */

static bool has_place_at(const struct path *path, const struct ranked_bound *bound)
{
    struct ranked_place before = { path->leaf, path->at };
    struct ranked_place behind = before;

    ranked_previous(&before);
    ranked_next(&behind);
    const struct ranked_member *low = before.leaf == NULL ? NULL : ranked_at(&before);
    const struct ranked_member *high = behind.leaf == NULL ? NULL : ranked_at(&behind);
    return (low == NULL || ranked_is_before(low->score, low, bound)) &&
           (high == NULL || !ranked_is_before(high->score, high, bound));
}

void ranked_rescore(struct ranked *ranked, struct ranked_member *member, double score)
{
    struct path path = find_member(ranked, member);
    struct ranked_bound bound = { RANKED_BY_BOTH, false, score, ranked_member_text(member) };
    assert(!isnan(score));

    if (has_place_at(&path, &bound)) {
        member->score = score;
        for (uint32_t level = path.depth; path.at == 0 && level-- > 0;) {
            ranked_node_refresh(path.inners[level], path.indexes[level]);
        }
        return;
    }
    take_out(&path, 1);
    member->score = score;
    ranked_add(ranked, &member);
}

/* --- asking --- */

uint64_t ranked_count(const struct ranked *ranked)
{
    return ranked->root->total;
}

size_t ranked_bytes(const struct ranked *ranked)
{
    return sizeof(*ranked) + ranked->leaves * sizeof(struct ranked_leaf) +
           ranked->inners * memory_rounded(sizeof(struct ranked_inner));
}

uint64_t ranked_rank(const struct ranked *ranked, const struct ranked_member *member)
{
    struct ranked_bound bound = ranked_bound_at(member, false);
    return count_before(ranked, &bound);
}

uint64_t ranked_below_score(const struct ranked *ranked, double score, bool or_equal)
{
    struct ranked_bound bound = { .by = RANKED_BY_SCORE, .or_equal = or_equal, .score = score };
    return count_before(ranked, &bound);
}

uint64_t ranked_below_text(const struct ranked *ranked, struct span text, bool or_equal)
{
    struct ranked_bound bound = { .by = RANKED_BY_TEXT, .or_equal = or_equal, .text = text };
    return count_before(ranked, &bound);
}

struct ranked_place ranked_seek(const struct ranked *ranked, uint64_t rank)
{
    struct path path = find_rank((struct ranked *)(uintptr_t)ranked, rank);
    return (struct ranked_place){ .leaf = path.leaf, .at = path.at };
}

struct ranked_member *ranked_at(const struct ranked_place *place)
{
    assert(place->leaf != NULL);
    return place->leaf->members[place->at];
}

void ranked_next(struct ranked_place *place)
{
    place->at++;
    if (place->at == place->leaf->node.count) {
        *place = (struct ranked_place){ .leaf = place->leaf->next };
    }
}

void ranked_previous(struct ranked_place *place)
{
    if (place->at > 0) {
        place->at--;
        return;
    }
    const struct ranked_leaf *leaf = place->leaf->previous;
    *place = (struct ranked_place){ .leaf = leaf, .at = leaf == NULL ? 0 : leaf->node.count - 1 };
}

/* --- life --- */

struct ranked *ranked_new(void)
{
    struct ranked *ranked = memory_zero(sizeof(*ranked));
    ranked->root = add_node(ranked, 0);
    return ranked;
}

static void free_members(struct ranked_leaf *leaf)
{
    for (uint32_t i = 0; i < leaf->node.count; i++) {
        memory_free(leaf->members[i]);
    }
}

void ranked_free(struct ranked *ranked)
{
    struct path path = { .ranked = ranked };
    struct ranked_node *node = ranked == NULL ? NULL : ranked->root;

    while (node != NULL) {
        if (node->height > 0) {
            step_down(&path, ranked_inner_of(node), 0);
            node = ranked_inner_of(node)->branches[0].child;
            continue;
        }
        free_members(ranked_leaf_of(node));
        memory_free(node);
        node = NULL;
        while (path.depth > 0 && node == NULL) {
            struct ranked_inner *inner = path.inners[path.depth - 1];
            uint32_t index = ++path.indexes[path.depth - 1];
            if (index < inner->node.count) {
                node = inner->branches[index].child;
            } else {
                memory_free(inner);
                path.depth--;
            }
        }
    }
    memory_free(ranked);
}

/* --- for tests --- */

static void check_leaf(const struct ranked_leaf *leaf, const struct ranked_member **before)
{
    assert(leaf->node.total == leaf->node.count);
    for (uint32_t i = 0; i < leaf->node.count; i++) {
        const struct ranked_member *member = leaf->members[i];
        if (*before != NULL) {
            struct ranked_bound bound = ranked_bound_at(member, false);
            assert(ranked_is_before((*before)->score, *before, &bound));
        }
        *before = member;
    }
}

static void check_inner(const struct ranked_inner *inner)
{
    uint64_t members = 0;
    assert(inner->node.count > 0);
    assert(inner->node.count <= RANKED_INNER_MAX);
    for (uint32_t i = 0; i < inner->node.count; i++) {
        const struct ranked_node *child = inner->branches[i].child;
        struct ranked_inner said = *inner;
        ranked_node_refresh(&said, i);
        assert(said.branches[i].first == inner->branches[i].first);
        assert(said.branches[i].score == inner->branches[i].score);
        assert(said.branches[i].below == inner->branches[i].below);
        assert(child->height + 1 == inner->node.height);
        members += child->total;
    }
    assert(members == inner->node.total);
}

void ranked_check(const struct ranked *ranked)
{
    const struct ranked_member *before = NULL;
    const struct ranked_leaf *previous = NULL;
    uint64_t members = ranked_count(ranked);
    size_t leaves = 0;

    for (uint64_t rank = 0; rank < members || leaves == 0;) {
        struct path path = { 0 };
        if (members > 0) {
            path = find_rank((struct ranked *)(uintptr_t)ranked, rank);
        } else {
            path.leaf = ranked_leaf_of(ranked->root);
        }
        assert(path.at == 0);
        assert(path.leaf->previous == previous);
        for (uint32_t level = 0; level < path.depth; level++) {
            check_inner(path.inners[level]);
        }
        check_leaf(path.leaf, &before);
        previous = path.leaf;
        rank += path.leaf->node.count;
        leaves++;
    }
    assert(previous->next == NULL);
    assert(leaves == ranked->leaves);
}
