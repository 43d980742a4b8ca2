/* A compressed radix tree over bytes.
 *
 * A node stands where keys part: it says at which byte (`depth`), and has a child for each value
 * that this byte has, in order. What the keys have in common before it is written nowhere but in
 * the items, so a node of two children is 48 bytes, however long the keys are:
 *
 *     | depth 4 | count 2 | room 2 | ends 8 | children: room × 8 | edges: room × 1 |
 *
 * `ends` is the item whose key is over at this depth. A child is a node or, with its lowest bit
 * set, an item.
 *
 * 1. Below a node all keys agree in their first `depth` bytes.
 * 2. A node has at least two of: children, `ends`. Depth grows on the way down.
 * 3. edges[0 … count) are ascending; edges[i] leads to children[i].
 *
 * On the way down only the byte at `depth` is looked at (Morrison's PATRICIA, JACM 15, 1968, on
 * bytes instead of bits), so a search ends at an item that may have another key; where the two
 * first differ says the rest. Nothing here recurses: the depth is the length of a key. */

#include "cache/ds/radix.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { EDGES_MAX = 256, CHILD_BYTES = sizeof(void *) + 1 };

struct node {
    uint32_t depth;
    uint16_t count;
    uint16_t room;
    void *ends; /* While the tree is freed: the parent. */
    void *children[];
};

static uint8_t *edges(const struct node *node)
{
    return (uint8_t *)(uintptr_t)(node->children + node->room);
}

/* --- children: an item or a node --- */

static bool is_item(const void *child)
{
    return ((uintptr_t)child & 1) != 0;
}

static void *from_item(void *item)
{
    assert(((uintptr_t)item & 1) == 0);
    return item == NULL ? NULL : (char *)item + 1;
}

static void *to_item(void *child)
{
    return (char *)child - 1;
}

/* --- nodes --- */

static size_t node_bytes(size_t room)
{
    return sizeof(struct node) + room * CHILD_BYTES;
}

/* How many children fit in what the allocator gives for so many. */
static size_t room_for(size_t count)
{
    size_t room = (memory_rounded(node_bytes(count)) - sizeof(struct node)) / CHILD_BYTES;
    return room < EDGES_MAX ? room : EDGES_MAX;
}

static struct node *node_new(struct radix *tree, size_t depth)
{
    size_t room = room_for(2);
    struct node *node = memory_alloc(node_bytes(room));

    assert(depth <= UINT32_MAX);
    *node = (struct node){ .depth = (uint32_t)depth, .room = (uint16_t)room };
    tree->nodes++;
    tree->bytes += node_bytes(room);
    return node;
}

static void node_free(struct radix *tree, struct node *node)
{
    tree->nodes--;
    tree->bytes -= node_bytes(node->room);
    memory_free(node);
}

/* The same node with room for another number of children; may move it. */
static struct node *node_resize(struct radix *tree, struct node *node, size_t room)
{
    struct node *fresh = memory_alloc(node_bytes(room));

    assert(node->count <= room);
    *fresh = *node;
    fresh->room = (uint16_t)room;
    memcpy(fresh->children, node->children, node->count * sizeof(void *));
    memcpy(edges(fresh), edges(node), node->count);
    tree->bytes += node_bytes(room) - node_bytes(node->room);
    memory_free(node);
    return fresh;
}

/* The index of the first edge that is not below `byte`. */
static size_t edge_from(const struct node *node, unsigned byte)
{
    const uint8_t *bytes = edges(node);
    size_t low = 0;
    size_t high = node->count;

    if (high == EDGES_MAX) {
        return byte;
    }
    if (high > 0 && bytes[high - 1] < byte) {
        return high; /* Keys that grow arrive here. */
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bytes[middle] < byte) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Where the child for a byte is, or NULL. */
static void **child_at(struct node *node, unsigned byte)
{
    size_t at = edge_from(node, byte);
    return at < node->count && edges(node)[at] == byte ? &node->children[at] : NULL;
}

/* Where the way of this key goes on from a node, or NULL. */
static void **way_of(struct node *node, struct span key)
{
    if (key.len <= node->depth) {
        return key.len == node->depth && node->ends != NULL ? &node->ends : NULL;
    }
    return child_at(node, (unsigned char)key.bytes[node->depth]);
}

static void node_put(struct radix *tree, void **place, unsigned byte, void *child)
{
    struct node *node = *place;

    if (node->count == node->room) {
        node = *place = node_resize(tree, node, room_for(node->count + node->count / 4u + 1u));
    }
    size_t at = edge_from(node, byte);
    size_t behind = node->count - at;
    memmove(node->children + at + 1, node->children + at, behind * sizeof(void *));
    memmove(edges(node) + at + 1, edges(node) + at, behind);
    node->children[at] = child;
    edges(node)[at] = (uint8_t)byte;
    node->count++;
}

/* A child, or with key.len == depth the end, of a node. */
static void node_attach(struct radix *tree, void **place, struct span key, void *child)
{
    struct node *node = *place;

    if (key.len == node->depth) {
        assert(node->ends == NULL);
        node->ends = child;
    } else {
        node_put(tree, place, (unsigned char)key.bytes[node->depth], child);
    }
}

/* --- finding --- */

/* An item below `child`: the one that a search for the key leads to, or where the key's way ends
 * any other that has in common with it all that was compared so far. */
static void *some_item(const struct radix *tree, struct span key)
{
    void *child = tree->root;

    while (child != NULL && !is_item(child)) {
        struct node *node = child;
        void **way = way_of(node, key);
        child = way != NULL ? *way : node->count > 0 ? node->children[0] : node->ends;
    }
    return child == NULL ? NULL : to_item(child);
}

void *radix_find(const struct radix *tree, struct span key)
{
    void *child = tree->root;

    while (child != NULL && !is_item(child)) {
        void **way = way_of(child, key);
        child = way == NULL ? NULL : *way;
    }
    if (child == NULL || !span_equal(tree->key_of(to_item(child)), key)) {
        return NULL;
    }
    return to_item(child);
}

/* The first byte at which they differ, which may be the end of one of them. */
static size_t difference(struct span a, struct span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    size_t at = 0;

    while (at < shorter && a.bytes[at] == b.bytes[at]) {
        at++;
    }
    return at;
}

/* --- changing --- */

void radix_init(struct radix *tree, struct span (*key_of)(const void *item))
{
    *tree = (struct radix){ .key_of = key_of };
}

void radix_add(struct radix *tree, void *item)
{
    struct span key = tree->key_of(item);
    void *other = some_item(tree, key);
    void **place = &tree->root;

    tree->count++;
    if (other == NULL) {
        tree->root = from_item(item);
        return;
    }
    struct span other_key = tree->key_of(other);
    size_t depth = difference(key, other_key);
    assert(key.len > depth || other_key.len > depth);

    while (!is_item(*place) && ((struct node *)*place)->depth < depth) {
        place = way_of(*place, key);
        assert(place != NULL);
    }
    if (is_item(*place) || ((struct node *)*place)->depth > depth) {
        void *below = *place;
        *place = node_new(tree, depth);
        node_attach(tree, place, other_key, below);
    }
    node_attach(tree, place, key, from_item(item));
}

/* A node may have become needless by losing a child, or too large. */
static void tidy(struct radix *tree, void **place)
{
    struct node *node = *place;

    if (node->count == 0) {
        *place = node->ends;
        node_free(tree, node);
    } else if (node->count == 1 && node->ends == NULL) {
        *place = node->children[0];
        node_free(tree, node);
    } else if (node->room > room_for(2u * node->count)) {
        *place = node_resize(tree, node, room_for(node->count + 1u));
    }
}

static void node_detach(struct node *node, void **way)
{
    if (way == &node->ends) {
        node->ends = NULL;
        return;
    }
    size_t at = (size_t)(way - node->children);
    size_t behind = node->count - at - 1;
    memmove(way, way + 1, behind * sizeof(void *));
    memmove(edges(node) + at, edges(node) + at + 1, behind);
    node->count--;
}

void *radix_remove(struct radix *tree, struct span key)
{
    void **above = NULL;
    void **place = &tree->root;

    if (tree->root == NULL) {
        return NULL;
    }
    while (!is_item(*place)) {
        above = place;
        place = way_of(*place, key);
        if (place == NULL) {
            return NULL;
        }
    }
    void *item = to_item(*place);
    if (!span_equal(tree->key_of(item), key)) {
        return NULL;
    }
    tree->count--;
    if (above == NULL) {
        tree->root = NULL;
    } else {
        node_detach(*above, place);
        tidy(tree, above);
    }
    return item;
}

/* Down to the last child again and again; the way back up is kept where `ends` was. */
void radix_fini(struct radix *tree, void (*free_item)(void *item))
{
    struct node *parent = NULL;
    void *child = tree->root;

    while (child != NULL) {
        if (is_item(child)) {
            if (free_item != NULL) {
                free_item(to_item(child));
            }
        } else {
            struct node *node = child;
            if (node->ends != NULL && free_item != NULL) {
                free_item(to_item(node->ends));
            }
            node->ends = parent;
            parent = node;
        }
        while (parent != NULL && parent->count == 0) {
            struct node *done = parent;
            parent = done->ends;
            node_free(tree, done);
        }
        child = parent == NULL ? NULL : parent->children[--parent->count];
    }
    radix_init(tree, tree->key_of);
}

/* --- order --- */

static void *smallest(void *child)
{
    while (child != NULL && !is_item(child)) {
        struct node *node = child;
        child = node->ends != NULL ? node->ends : node->children[0];
    }
    return child == NULL ? NULL : to_item(child);
}

static void *largest(void *child)
{
    while (child != NULL && !is_item(child)) {
        struct node *node = child;
        child = node->count > 0 ? node->children[node->count - 1] : node->ends;
    }
    return child == NULL ? NULL : to_item(child);
}

void *radix_first(const struct radix *tree)
{
    return smallest(tree->root);
}

void *radix_last(const struct radix *tree)
{
    return largest(tree->root);
}

/* The neighbours of a key that is not in the tree, or is. All items below `below` are on one side
 * of the key: `order` is their sign. `left` and `right` are the subtrees beside the way. */
struct place {
    void *left;
    void *below;
    void *right;
    int order;
};

/* Goes on from a node along the key, remembering what is beside it. False where its way ends. */
static bool follow(struct place *place, struct span key)
{
    struct node *node = place->below;

    if (key.len <= node->depth) {
        place->right = node->count > 0 ? node->children[0] : place->right;
        place->below = node->ends;
        return node->ends != NULL;
    }
    unsigned byte = (unsigned char)key.bytes[node->depth];
    size_t at = edge_from(node, byte);
    bool there = at < node->count && edges(node)[at] == byte;
    if (at > 0) {
        place->left = node->children[at - 1];
    } else if (node->ends != NULL) {
        place->left = node->ends;
    }
    if (at + there < node->count) {
        place->right = node->children[at + there];
    }
    place->below = there ? node->children[at] : NULL;
    return there;
}

static struct place place_of(const struct radix *tree, struct span key)
{
    struct place place = { .below = tree->root };
    const void *near = some_item(tree, key);

    if (near == NULL) {
        return place;
    }
    struct span near_key = tree->key_of(near);
    size_t depth = difference(key, near_key);
    place.order = span_compare(near_key, key);
    /* Above this depth the key agrees with everything; from there on it is beside it. */
    while (!is_item(place.below) &&
           (place.order == 0 || ((struct node *)place.below)->depth <= depth)) {
        if (!follow(&place, key)) {
            break;
        }
    }
    return place;
}

static void *neighbour_after(const struct radix *tree, struct span key, bool or_at)
{
    struct place place = place_of(tree, key);
    bool take = place.order > 0 || (or_at && place.order == 0);

    return smallest(take && place.below != NULL ? place.below : place.right);
}

static void *neighbour_before(const struct radix *tree, struct span key, bool or_at)
{
    struct place place = place_of(tree, key);
    bool take = place.order < 0 || (or_at && place.order == 0);

    return largest(take && place.below != NULL ? place.below : place.left);
}

void *radix_at_or_after(const struct radix *tree, struct span key)
{
    return neighbour_after(tree, key, true);
}

void *radix_at_or_before(const struct radix *tree, struct span key)
{
    return neighbour_before(tree, key, true);
}

void *radix_after(const struct radix *tree, struct span key)
{
    return neighbour_after(tree, key, false);
}

void *radix_before(const struct radix *tree, struct span key)
{
    return neighbour_before(tree, key, false);
}
