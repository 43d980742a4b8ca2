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

#include <math.h>

enum {
    LEAF_MAX = 60,
    INNER_MAX = 31,
    DEPTH_MAX = 24, /* Of inner nodes, half of them full: far more than memory holds. */
    LONG_TEXT = UINT8_MAX,
};

/* What leaves and inner nodes have in common. */
struct node {
    uint32_t count;  /* Members of a leaf, children of an inner node. */
    uint32_t height; /* 0: a leaf. */
    uint64_t members;
};

struct ranked_leaf {
    struct node node;
    struct ranked_leaf *previous;
    struct ranked_leaf *next;
    struct ranked_member *members[LEAF_MAX];
};
static_assert(sizeof(struct ranked_leaf) == 512, "a leaf fills a size class of the allocator");

/* What an inner node says of a child. */
struct branch {
    double score; /* Of the first: most searches look no further. */
    struct ranked_member *first;
    uint64_t below;
    struct node *child;
};

struct inner {
    struct node node;
    struct branch branches[INNER_MAX];
};
static_assert(sizeof(struct inner) <= 1024, "an inner node fits a size class of the allocator");

struct ranked {
    struct node *root;
    size_t leaves;
    size_t inners;
};

/* The way from the root to a place in a leaf. */
struct path {
    struct ranked *ranked;
    struct inner *inners[DEPTH_MAX];
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

/* --- bounds --- */

struct bound {
    enum { BY_BOTH, BY_SCORE, BY_TEXT } by;
    bool or_equal; /* The bound is behind what equals it. */
    double score;
    struct span text;
};

static struct bound bound_at(const struct ranked_member *member, bool or_equal)
{
    return (struct bound){ BY_BOTH, or_equal, member->score, ranked_member_text(member) };
}

static bool is_before(double score, const struct ranked_member *member, const struct bound *bound)
{
    if (bound->by != BY_TEXT && score != bound->score) {
        return score < bound->score;
    }
    int order = bound->by == BY_SCORE ? 0 : span_compare(ranked_member_text(member), bound->text);
    return order < 0 || (order == 0 && bound->or_equal);
}

/* How many members of a leaf are before the bound. */
static uint32_t leaf_search(const struct ranked_leaf *leaf, const struct bound *bound)
{
    uint32_t low = 0;
    uint32_t high = leaf->node.count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct ranked_member *member = leaf->members[middle];
        if (is_before(member->score, member, bound)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The last child that begins before the bound; the first one if none does. */
static uint32_t inner_search(const struct inner *inner, const struct bound *bound)
{
    uint32_t low = 1;
    uint32_t high = inner->node.count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (is_before(inner->branches[middle].score, inner->branches[middle].first, bound)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* --- nodes --- */

static struct ranked_leaf *as_leaf(const struct node *node)
{
    assert(node->height == 0);
    return (struct ranked_leaf *)(uintptr_t)node;
}

static struct inner *as_inner(const struct node *node)
{
    assert(node->height > 0);
    return (struct inner *)(uintptr_t)node;
}

static uint32_t room_of(const struct node *node)
{
    return node->height == 0 ? LEAF_MAX : INNER_MAX;
}

static struct node *node_new(struct ranked *ranked, uint32_t height)
{
    if (height == 0) {
        struct ranked_leaf *leaf = memory_alloc(sizeof(*leaf));
        leaf->node = (struct node){ 0 };
        leaf->previous = NULL;
        leaf->next = NULL;
        ranked->leaves++;
        return &leaf->node;
    }
    struct inner *inner = memory_alloc(sizeof(*inner));
    inner->node = (struct node){ .height = height };
    ranked->inners++;
    return &inner->node;
}

static void node_free(struct ranked *ranked, struct node *node)
{
    if (node->height == 0) {
        struct ranked_leaf *leaf = as_leaf(node);
        if (leaf->previous != NULL) {
            leaf->previous->next = leaf->next;
        }
        if (leaf->next != NULL) {
            leaf->next->previous = leaf->previous;
        }
        ranked->leaves--;
    } else {
        ranked->inners--;
    }
    memory_free(node);
}

/* Says of a child, which is not empty, what is so now. */
static void refresh(struct inner *parent, uint32_t index)
{
    struct branch *branch = &parent->branches[index];
    const struct node *child = branch->child;
    assert(child->count > 0);

    branch->below = child->members;
    if (child->height == 0) {
        branch->first = as_leaf(child)->members[0];
        branch->score = branch->first->score;
    } else {
        branch->first = as_inner(child)->branches[0].first;
        branch->score = as_inner(child)->branches[0].score;
    }
}

/* The element of a node, and how large it is. */
static char *element(const struct node *node, uint32_t index, size_t *size)
{
    if (node->height == 0) {
        *size = sizeof(struct ranked_member *);
        return (char *)&as_leaf(node)->members[index];
    }
    *size = sizeof(struct branch);
    return (char *)&as_inner(node)->branches[index];
}

/* Moves what is from `at` on back by `count` elements, which are to be written. */
static void node_open(struct node *node, uint32_t at, uint32_t count)
{
    size_t size;
    char *from = element(node, at, &size);
    assert(node->count + count <= room_of(node));

    memmove(from + count * size, from, (node->count - at) * size);
    node->count += count;
}

static void node_close(struct node *node, uint32_t at, uint32_t count)
{
    size_t size;
    char *to = element(node, at, &size);
    assert(at + count <= node->count);

    memmove(to, to + count * size, (node->count - at - count) * size);
    node->count -= count;
}

/* Moves `count` elements of a node to another of the same height, in front of its element `at`. */
static void node_move(struct node *from, uint32_t first, uint32_t count, struct node *to,
                      uint32_t at)
{
    uint64_t members = count;
    size_t size;

    for (uint32_t i = 0; from->height > 0 && i < count; i++) {
        members += as_inner(from)->branches[first + i].below - 1;
    }
    node_open(to, at, count);
    char *source = element(from, first, &size);
    memcpy(element(to, at, &size), source, count * size);
    node_close(from, first, count);
    from->members -= members;
    to->members += members;
}

/* --- walks --- */

static void step_down(struct path *path, struct inner *inner, uint32_t index)
{
    assert(path->depth < DEPTH_MAX);
    path->inners[path->depth] = inner;
    path->indexes[path->depth] = index;
    path->depth++;
}

static struct path find_bound(struct ranked *ranked, const struct bound *bound)
{
    struct path path = { .ranked = ranked };
    struct node *node = ranked->root;

    while (node->height > 0) {
        struct inner *inner = as_inner(node);
        uint32_t index = inner_search(inner, bound);
        step_down(&path, inner, index);
        node = inner->branches[index].child;
    }
    path.leaf = as_leaf(node);
    path.at = leaf_search(path.leaf, bound);
    return path;
}

/* The place of a member that is there. */
static struct path find_member(struct ranked *ranked, const struct ranked_member *member)
{
    struct bound bound = bound_at(member, true);
    struct path path = find_bound(ranked, &bound);

    assert(path.at > 0);
    path.at--;
    assert(path.leaf->members[path.at] == member);
    return path;
}

static struct path find_rank(struct ranked *ranked, uint64_t rank)
{
    struct path path = { .ranked = ranked };
    struct node *node = ranked->root;
    assert(rank < node->members);

    while (node->height > 0) {
        struct inner *inner = as_inner(node);
        uint32_t index = 0;
        for (; rank >= inner->branches[index].below; index++) {
            rank -= inner->branches[index].below;
        }
        step_down(&path, inner, index);
        node = inner->branches[index].child;
    }
    path.leaf = as_leaf(node);
    path.at = (uint32_t)rank;
    return path;
}

static uint64_t count_before(const struct ranked *ranked, const struct bound *bound)
{
    const struct node *node = ranked->root;
    uint64_t before = 0;

    while (node->height > 0) {
        const struct inner *inner = as_inner(node);
        uint32_t index = inner_search(inner, bound);
        for (uint32_t i = 0; i < index; i++) {
            before += inner->branches[i].below;
        }
        node = inner->branches[index].child;
    }
    return before + leaf_search(as_leaf(node), bound);
}

/* --- adding --- */

/* Puts all but the first `keep` elements of a child into a fresh one behind it. */
static void split(struct ranked *ranked, struct inner *parent, uint32_t index, uint32_t keep)
{
    struct node *left = parent->branches[index].child;
    struct node *right = node_new(ranked, left->height);

    node_open(&parent->node, index + 1, 1);
    parent->branches[index + 1].child = right;
    node_move(left, keep, left->count - keep, right, 0);
    if (left->height == 0) {
        struct ranked_leaf *first = as_leaf(left);
        struct ranked_leaf *second = as_leaf(right);
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
    if (leaf->next == NULL && at == LEAF_MAX) {
        return LEAF_MAX;
    }
    return leaf->previous == NULL && at == 0 ? 0 : LEAF_MAX / 2;
}

/* The root is full: a fresh one above it. */
static void grow_root(struct ranked *ranked)
{
    struct inner *root = as_inner(node_new(ranked, ranked->root->height + 1));

    root->node.count = 1;
    root->node.members = ranked->root->members;
    root->branches[0].child = ranked->root;
    refresh(root, 0);
    ranked->root = &root->node;
}

/* The way to where a member goes, whose last inner node has room for one more child. */
static struct path find_room(struct ranked *ranked, const struct bound *bound)
{
    struct path path = { .ranked = ranked };

    if (ranked->root->count == room_of(ranked->root)) {
        grow_root(ranked);
    }
    struct node *node = ranked->root;
    while (node->height > 0) {
        struct inner *inner = as_inner(node);
        uint32_t index = inner_search(inner, bound);
        if (node->height > 1 && inner->branches[index].child->count == INNER_MAX) {
            split(ranked, inner, index, INNER_MAX / 2);
            refresh(inner, index);
            refresh(inner, index + 1);
            index = inner_search(inner, bound);
        }
        step_down(&path, inner, index);
        node = inner->branches[index].child;
    }
    path.leaf = as_leaf(node);
    path.at = leaf_search(path.leaf, bound);
    return path;
}

void ranked_add(struct ranked *ranked, struct ranked_member **take_member)
{
    struct ranked_member *member = *take_member;
    struct bound bound = bound_at(member, false);
    assert(!isnan(member->score));
    struct path path = find_room(ranked, &bound);
    struct inner *cut = NULL; /* The parent of a leaf that was cut in two. */

    if (path.leaf->node.count == LEAF_MAX) {
        uint32_t index = path.indexes[path.depth - 1];
        uint32_t keep = leaf_cut(path.leaf, path.at);
        cut = path.inners[path.depth - 1];
        split(ranked, cut, index, keep);
        if (path.at > keep || keep == LEAF_MAX) {
            path.leaf = path.leaf->next;
            path.at -= keep;
        }
    }
    struct ranked_leaf *leaf = path.leaf;
    node_open(&leaf->node, path.at, 1);
    leaf->members[path.at] = member;
    leaf->node.members++;
    *take_member = NULL;
    for (uint32_t level = path.depth; level-- > 0;) {
        struct inner *inner = path.inners[level];
        inner->node.members++;
        refresh(inner, path.indexes[level]);
        if (inner == cut) {
            refresh(inner, path.indexes[level] + 1);
        }
    }
}

/* --- removing --- */

/* Makes two neighbours one, or equally full. */
static void even_out(struct ranked *ranked, struct inner *parent, uint32_t left_index)
{
    struct node *left = parent->branches[left_index].child;
    struct node *right = parent->branches[left_index + 1].child;
    uint32_t sum = left->count + right->count;

    if (sum <= room_of(left) * 3 / 4) {
        node_move(right, 0, right->count, left, left->count);
        node_close(&parent->node, left_index + 1, 1);
        node_free(ranked, right);
    } else if (left->count < sum / 2) {
        node_move(right, 0, sum / 2 - left->count, left, left->count);
        refresh(parent, left_index + 1);
    } else {
        uint32_t surplus = left->count - sum / 2;
        node_move(left, left->count - surplus, surplus, right, 0);
        refresh(parent, left_index + 1);
    }
    refresh(parent, left_index);
}

/* A child has lost elements. */
static void settle_child(struct ranked *ranked, struct inner *parent, uint32_t index)
{
    struct node *child = parent->branches[index].child;

    if (child->count == 0) {
        node_close(&parent->node, index, 1);
        node_free(ranked, child);
    } else if (child->count < room_of(child) / 4 && parent->node.count > 1) {
        even_out(ranked, parent, index == 0 ? 0 : index - 1);
    } else {
        refresh(parent, index);
    }
}

/* Roots with one child are no use, with none they are a leaf. */
static void settle_root(struct ranked *ranked)
{
    struct node *root = ranked->root;

    while (root->height > 0 && root->count == 1) {
        ranked->root = as_inner(root)->branches[0].child;
        node_free(ranked, root);
        root = ranked->root;
    }
    if (root->count == 0 && root->height > 0) {
        node_free(ranked, root);
        ranked->root = node_new(ranked, 0);
    }
}

/* Takes `count` members from a place on out of its leaf. */
static void take_out(struct path *path, uint32_t count)
{
    struct ranked_leaf *leaf = path->leaf;

    node_close(&leaf->node, path->at, count);
    leaf->node.members -= count;
    for (uint32_t level = path->depth; level-- > 0;) {
        path->inners[level]->node.members -= count;
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
        struct ranked_member *out[LEAF_MAX];
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

static bool has_place_at(const struct path *path, const struct bound *bound)
{
    struct ranked_place before = { path->leaf, path->at };
    struct ranked_place behind = before;

    ranked_previous(&before);
    ranked_next(&behind);
    const struct ranked_member *low = before.leaf == NULL ? NULL : ranked_at(&before);
    const struct ranked_member *high = behind.leaf == NULL ? NULL : ranked_at(&behind);
    return (low == NULL || is_before(low->score, low, bound)) &&
           (high == NULL || !is_before(high->score, high, bound));
}

void ranked_rescore(struct ranked *ranked, struct ranked_member *member, double score)
{
    struct path path = find_member(ranked, member);
    struct bound bound = { BY_BOTH, false, score, ranked_member_text(member) };
    assert(!isnan(score));

    if (has_place_at(&path, &bound)) {
        member->score = score;
        for (uint32_t level = path.depth; path.at == 0 && level-- > 0;) {
            refresh(path.inners[level], path.indexes[level]);
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
    return ranked->root->members;
}

size_t ranked_bytes(const struct ranked *ranked)
{
    return sizeof(*ranked) + ranked->leaves * sizeof(struct ranked_leaf) +
           ranked->inners * memory_rounded(sizeof(struct inner));
}

uint64_t ranked_rank(const struct ranked *ranked, const struct ranked_member *member)
{
    struct bound bound = bound_at(member, false);
    return count_before(ranked, &bound);
}

uint64_t ranked_below_score(const struct ranked *ranked, double score, bool or_equal)
{
    struct bound bound = { .by = BY_SCORE, .or_equal = or_equal, .score = score };
    return count_before(ranked, &bound);
}

uint64_t ranked_below_text(const struct ranked *ranked, struct span text, bool or_equal)
{
    struct bound bound = { .by = BY_TEXT, .or_equal = or_equal, .text = text };
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
    ranked->root = node_new(ranked, 0);
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
    struct node *node = ranked == NULL ? NULL : ranked->root;

    while (node != NULL) {
        if (node->height > 0) {
            step_down(&path, as_inner(node), 0);
            node = as_inner(node)->branches[0].child;
            continue;
        }
        free_members(as_leaf(node));
        memory_free(node);
        node = NULL;
        while (path.depth > 0 && node == NULL) {
            struct inner *inner = path.inners[path.depth - 1];
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
    assert(leaf->node.members == leaf->node.count);
    for (uint32_t i = 0; i < leaf->node.count; i++) {
        const struct ranked_member *member = leaf->members[i];
        if (*before != NULL) {
            struct bound bound = bound_at(member, false);
            assert(is_before((*before)->score, *before, &bound));
        }
        *before = member;
    }
}

static void check_inner(const struct inner *inner)
{
    uint64_t members = 0;
    assert(inner->node.count > 0);
    assert(inner->node.count <= INNER_MAX);
    for (uint32_t i = 0; i < inner->node.count; i++) {
        const struct node *child = inner->branches[i].child;
        struct inner said = *inner;
        refresh(&said, i);
        assert(said.branches[i].first == inner->branches[i].first);
        assert(said.branches[i].score == inner->branches[i].score);
        assert(said.branches[i].below == inner->branches[i].below);
        assert(child->height + 1 == inner->node.height);
        members += child->members;
    }
    assert(members == inner->node.members);
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
            path.leaf = as_leaf(ranked->root);
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
