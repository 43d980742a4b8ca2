/* Quicklists: everything but walking.
 *
 *     head                                                  tail
 *     [ listpack ] <-> [ LZF ] <-> [ LZF ] <-> [ plain ] <-> [ listpack ]
 *      depth 1: open      compressed, if that gains something      open
 *
 * A node is full by Redis's rule, so that both cut a list into the same nodes. Nodes that become
 * small by removals stay small until an insertion splits one beside them: whoever takes elements
 * out of the middle usually is about to take more.
 *
 * A list of one node grows exactly, since there are many short lists. In a longer one the node at
 * the end doubles up to its full size, which spares most of the copying, and is cut to what it has
 * when the next is begun. */

#include "cache/ds/quicklist.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum {
    COUNTED_NODE_MAX = 8192, /* Bytes, if the limit is a number of elements. */
    SHARED_MAX = 1 << 28,    /* A longer text is plain, whatever the limits say. */
    ELEMENT_OVERHEAD = 8,    /* Of an element: what Redis assumes. */
    JOINED_OVERHEAD = 11,    /* What it assumes two nodes to save when they become one. */
};

/* --- limits --- */

size_t quicklist_node_max(const struct quicklist_limits *limits)
{
    enum { SMALLEST = 4096, LEVELS = 5 };
    int64_t level = -limits->node_size;

    if (level <= 0) {
        return COUNTED_NODE_MAX;
    }
    return (size_t)SMALLEST << ((level < LEVELS ? level : LEVELS) - 1);
}

bool quicklist_is_plain(struct span text, const struct quicklist_limits *limits)
{
    if (limits->plain_from > 0) {
        return text.len >= limits->plain_from || text.len > SHARED_MAX;
    }
    return text.len > quicklist_node_max(limits);
}

static bool may_hold(size_t bytes, size_t count, const struct quicklist_limits *limits)
{
    return bytes <= quicklist_node_max(limits) &&
           (limits->node_size < 0 || (uint64_t)limits->node_size >= count);
}

static bool has_room(const struct quicklist_node *node, struct span text,
                     const struct quicklist_limits *limits)
{
    return node != NULL && !node->is_plain &&
           may_hold(node->bytes + text.len + ELEMENT_OVERHEAD, node->count + 1u, limits);
}

/* --- links --- */

/* Puts a node behind another, or with NULL at the head. */
static void link_behind(struct quicklist *list, struct quicklist_node *before,
                        struct quicklist_node *node)
{
    struct quicklist_node *next = before == NULL ? list->head : before->next;

    node->previous = before;
    node->next = next;
    *(before == NULL ? &list->head : &before->next) = node;
    *(next == NULL ? &list->tail : &next->previous) = node;
    list->nodes++;
    list->count += node->count;
}

void quicklist_add(struct quicklist *list, struct quicklist_node **take_node)
{
    link_behind(list, list->tail, *take_node);
    *take_node = NULL;
}

void quicklist_drop(struct quicklist *list, struct quicklist_node *node)
{
    *(node->previous == NULL ? &list->head : &node->previous->next) = node->next;
    *(node->next == NULL ? &list->tail : &node->next->previous) = node->previous;
    list->nodes--;
    list->count -= node->count;
    quicklist_node_free(node);
}

/* --- whole lists --- */

void quicklist_fini(struct quicklist *list)
{
    if (list == NULL) {
        return;
    }
    for (struct quicklist_node *node = list->head, *next; node != NULL; node = next) {
        next = node->next;
        quicklist_node_free(node);
    }
    *list = (struct quicklist){ .head = NULL };
}

void quicklist_copy(struct quicklist *copy, const struct quicklist *list)
{
    assert(copy->head == NULL);
    for (const struct quicklist_node *node = list->head; node != NULL; node = node->next) {
        struct quicklist_node *same = quicklist_node_copy(node);
        quicklist_add(copy, &same);
    }
}

size_t quicklist_memory(const struct quicklist *list)
{
    enum { SAMPLES = 8 };
    size_t bytes = 0;
    size_t looked_at = 0;

    for (const struct quicklist_node *node = list->head; node != NULL && looked_at < SAMPLES;
         node = node->next) {
        bytes += memory_usable(node) + memory_usable(node->data);
        looked_at++;
    }
    return looked_at == 0 ? 0 : (size_t)((double)bytes / (double)looked_at * (double)list->nodes);
}

/* --- compression --- */

void quicklist_settle(struct quicklist *list, struct quicklist_node *node,
                      const struct quicklist_limits *limits)
{
    uint64_t depth = limits->compress_depth < 0 ? 0 : (uint64_t)limits->compress_depth;
    struct quicklist_node *front = list->head;
    struct quicklist_node *back = list->tail;

    if (depth == 0 || list->nodes / 2 < depth) {
        return;
    }
    for (uint64_t i = 0; i < depth; i++) {
        quicklist_node_open(front);
        quicklist_node_open(back);
        if (front == node || back == node) {
            node = NULL;
        }
        front = front->next;
        back = back->previous;
    }
    if (list->nodes == 2 * depth) {
        return; /* Front and back have passed each other. */
    }
    quicklist_node_compress(front);
    quicklist_node_compress(back);
    if (node != NULL) {
        quicklist_node_compress(node);
    }
}

/* --- the ends --- */

static struct quicklist_node *new_node(struct span text, const struct quicklist_limits *limits)
{
    if (quicklist_is_plain(text, limits)) {
        return quicklist_node_plain(text);
    }
    struct listpack *pack = listpack_new(0);
    listpack_append(&pack, text);
    return quicklist_node_packed(&pack);
}

/* Room for one more at the end of a list of several nodes: more are likely to follow. */
static void grow(struct listpack **pack, struct span text, size_t node_max)
{
    size_t room = memory_usable(*pack);
    size_t needed = listpack_bytes(*pack) + text.len + ELEMENT_OVERHEAD;

    if (room < needed && needed <= node_max) {
        listpack_reserve(pack, 2 * room < node_max ? 2 * room : node_max);
    }
}

static void push_to(struct quicklist *list, struct quicklist_node *node, enum quicklist_end end,
                    struct span text, const struct quicklist_limits *limits)
{
    quicklist_node_open(node);
    struct listpack *pack = quicklist_node_pack(node);
    if (list->nodes > 1) {
        grow(&pack, text, quicklist_node_max(limits));
    }
    if (end == QUICKLIST_HEAD) {
        listpack_prepend(&pack, text);
    } else {
        listpack_append(&pack, text);
    }
    quicklist_node_repacked(node, pack, 1);
    list->count++;
}

static void shrink(struct quicklist_node *node)
{
    if (node != NULL && !node->is_plain && !node->is_compressed) {
        struct listpack *pack = quicklist_node_pack(node);
        listpack_shrink(&pack);
        node->data = pack;
    }
}

void quicklist_push(struct quicklist *list, enum quicklist_end end, struct span text,
                    const struct quicklist_limits *limits)
{
    struct quicklist_node *node = end == QUICKLIST_HEAD ? list->head : list->tail;

    if (!quicklist_is_plain(text, limits) && has_room(node, text, limits)) {
        push_to(list, node, end, text, limits);
        return;
    }
    shrink(node);
    link_behind(list, end == QUICKLIST_HEAD ? NULL : node, new_node(text, limits));
    quicklist_settle(list, NULL, limits);
}

struct span quicklist_peek(struct quicklist *list, enum quicklist_end end,
                           char room[NUMBER_TEXT_MAX])
{
    struct quicklist_node *node = end == QUICKLIST_HEAD ? list->head : list->tail;

    assert(node != NULL);
    quicklist_node_open(node);
    if (node->is_plain) {
        return (struct span){ node->data, node->bytes };
    }
    const struct listpack *pack = quicklist_node_pack(node);
    return listpack_text(pack, end == QUICKLIST_HEAD ? listpack_first(pack) : listpack_last(pack),
                         room);
}

/* --- places --- */

struct quicklist_node *quicklist_find(const struct quicklist *list, size_t index, size_t *within)
{
    struct quicklist_node *node;

    if (index >= list->count) {
        return NULL;
    }
    if (index <= list->count / 2) {
        size_t first = 0;
        for (node = list->head; index - first >= node->count; node = node->next) {
            first += node->count;
        }
        *within = index - first;
        return node;
    }
    size_t end = list->count;
    for (node = list->tail; end - index > node->count; node = node->previous) {
        end -= node->count;
    }
    *within = index + node->count - end;
    return node;
}

/* Removes `count` elements of one node, but not all. */
static void remove_some(struct quicklist *list, struct quicklist_node *node, size_t within,
                        size_t count)
{
    assert(count < node->count);
    quicklist_node_open(node);
    struct listpack *pack = quicklist_node_pack(node);
    listpack_remove(&pack, listpack_at(pack, (int64_t)within), count);
    quicklist_node_repacked(node, pack, -(int64_t)count);
    list->count -= count;
}

void quicklist_remove(struct quicklist *list, size_t start, size_t count,
                      const struct quicklist_limits *limits)
{
    size_t within = 0;
    struct quicklist_node *node = quicklist_find(list, start, &within);
    struct quicklist_node *cut_first = NULL;
    struct quicklist_node *cut_last = NULL;

    assert(start <= list->count);
    assert(count <= list->count - start);
    for (size_t here; count > 0; count -= here, within = 0) {
        struct quicklist_node *next = node->next;
        here = node->count - within < count ? node->count - within : count;
        if (here == node->count) {
            quicklist_drop(list, node);
        } else {
            remove_some(list, node, within, here);
            cut_first = cut_first == NULL ? node : cut_first;
            cut_last = node;
        }
        node = next;
    }
    quicklist_settle(list, cut_first, limits);
    quicklist_settle(list, cut_last, limits);
}

/* --- inserting --- */

static void insert_into(struct quicklist *list, struct quicklist_node *node, size_t within,
                        struct span text)
{
    quicklist_node_open(node);
    struct listpack *pack = quicklist_node_pack(node);
    if (within == node->count) {
        listpack_append(&pack, text);
    } else {
        listpack_insert(&pack, listpack_at(pack, (int64_t)within), text);
    }
    quicklist_node_repacked(node, pack, 1);
    list->count++;
}

/* The elements of a node from `within` on move to a new one behind it. */
static void split(struct quicklist *list, struct quicklist_node *node, size_t within)
{
    assert(within > 0);
    assert(within < node->count);
    quicklist_node_open(node);
    struct listpack *left = quicklist_node_pack(node);
    struct listpack *right = listpack_copy(left);
    int64_t moved = (int64_t)(node->count - within);

    listpack_remove(&right, listpack_first(right), within);
    listpack_remove(&left, listpack_at(left, (int64_t)within), (size_t)moved);
    quicklist_node_repacked(node, left, -moved);
    list->count -= (size_t)moved;
    link_behind(list, node, quicklist_node_packed(&right));
}

/* The elements of `right` join those of `left`, which is before it, if both are there and one node
 * may hold them. */
static void merge(struct quicklist *list, struct quicklist_node *left, struct quicklist_node *right,
                  const struct quicklist_limits *limits)
{
    if (left == NULL || right == NULL || left->is_plain || right->is_plain ||
        !may_hold((size_t)left->bytes + right->bytes - JOINED_OVERHEAD,
                  (size_t)left->count + right->count, limits)) {
        return;
    }
    quicklist_node_open(left);
    quicklist_node_open(right);
    struct listpack *pack = quicklist_node_pack(left);
    int64_t moved = right->count;
    listpack_join(&pack, quicklist_node_pack(right));
    quicklist_node_repacked(left, pack, moved);
    quicklist_drop(list, right);
    list->count += (size_t)moved;
}

/* Around a node that was split, which itself stays. */
static void merge_around(struct quicklist *list, struct quicklist_node *node,
                         const struct quicklist_limits *limits)
{
    if (node->next != NULL) {
        merge(list, node->next, node->next->next, limits);
    }
    merge(list, node, node->next, limits);
    if (node->previous != NULL) {
        merge(list, node->previous->previous, node->previous, limits);
    }
}

static void settle_around(struct quicklist *list, struct quicklist_node *node,
                          const struct quicklist_limits *limits)
{
    if (limits->compress_depth > 0) {
        quicklist_settle(list, node, limits);
        quicklist_settle(list, node->previous, limits);
        quicklist_settle(list, node->next, limits);
    }
}

void quicklist_insert(struct quicklist *list, struct quicklist_node *node, size_t within,
                      struct span text, const struct quicklist_limits *limits)
{
    bool shared = !quicklist_is_plain(text, limits);
    bool at_start = within == 0;
    bool at_end = within == node->count;

    assert(within <= node->count);
    if (shared && has_room(node, text, limits)) {
        insert_into(list, node, within, text);
    } else if (shared && at_end && has_room(node->next, text, limits)) {
        insert_into(list, node->next, 0, text);
    } else if (shared && at_start && has_room(node->previous, text, limits)) {
        insert_into(list, node->previous, node->previous->count, text);
    } else if (at_end) {
        link_behind(list, node, new_node(text, limits));
    } else if (at_start) {
        link_behind(list, node->previous, new_node(text, limits));
    } else {
        split(list, node, within);
        if (shared && has_room(node, text, limits)) {
            insert_into(list, node, within, text);
        } else {
            link_behind(list, node, new_node(text, limits));
        }
        merge_around(list, node, limits);
    }
    settle_around(list, node, limits);
}

/* --- checking --- */

bool quicklist_is_sound(const struct quicklist *list)
{
    size_t nodes = 0;
    size_t elements = 0;
    const struct quicklist_node *previous = NULL;
    void *scratch = NULL;
    bool sound = true;

    for (const struct quicklist_node *node = list->head; node != NULL; node = node->next) {
        size_t count = 1;
        struct span bytes = { quicklist_node_read(node, &scratch), node->bytes };
        sound = sound && node->previous == previous &&
                (node->is_plain || listpack_is_sound(bytes, &count)) && count == node->count &&
                count > 0;
        nodes++;
        elements += count;
        previous = node;
    }
    memory_free(scratch);
    return sound && list->tail == previous && list->nodes == nodes && list->count == elements;
}
