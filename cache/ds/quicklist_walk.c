/* A walk stands on an element or, after a removal, in front of one: then it is_new. A node that a
 * walk has changed is left open until the walk leaves it. */

#include "cache/ds/quicklist_walk.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

/* --- steps --- */

/* Where `within` says. */
static void look_into(struct quicklist_walk *walk, struct quicklist_node *node)
{
    walk->node = node;
    walk->data = quicklist_node_read(node, &walk->scratch);
    walk->at = node->is_plain ? 0 : listpack_at(walk->data, (int64_t)walk->within);
    walk->is_new = true;
}

static void leave(struct quicklist_walk *walk)
{
    if (walk->was_changed) {
        quicklist_settle(walk->list, walk->node, walk->limits);
        walk->was_changed = false;
    }
    walk->node = NULL;
}

/* Stands in front of the first element of a node, seen from where the walk comes. */
static void enter(struct quicklist_walk *walk, struct quicklist_node *node)
{
    leave(walk);
    if (node != NULL) {
        walk->within = walk->towards == QUICKLIST_TAIL ? 0 : node->count - 1u;
        look_into(walk, node);
    }
}

static struct quicklist_node *beyond(const struct quicklist_walk *walk)
{
    return walk->towards == QUICKLIST_TAIL ? walk->node->next : walk->node->previous;
}

static void step(struct quicklist_walk *walk)
{
    bool forwards = walk->towards == QUICKLIST_TAIL;
    if (walk->within == (forwards ? walk->node->count - 1u : 0)) {
        enter(walk, beyond(walk));
        return;
    }
    walk->within = forwards ? walk->within + 1 : walk->within - 1;
    walk->at =
        forwards ? listpack_next(walk->data, walk->at) : listpack_previous(walk->data, walk->at);
}

/* Stands on the next element; false at the end. */
static bool advance(struct quicklist_walk *walk)
{
    if (walk->node != NULL && !walk->is_new) {
        step(walk);
    }
    walk->is_new = false;
    return walk->node != NULL;
}

/* --- reading --- */

void quicklist_walk_start(struct quicklist_walk *walk, const struct quicklist *list, size_t index,
                          enum quicklist_end towards)
{
    walk->towards = towards;
    walk->scratch = NULL;
    walk->list = NULL;
    walk->limits = NULL;
    walk->was_changed = false;
    walk->is_new = true;
    walk->node = NULL;
    struct quicklist_node *node = quicklist_find(list, index, &walk->within);
    if (node != NULL) {
        look_into(walk, node);
    }
}

void quicklist_walk_edit(struct quicklist_walk *walk, struct quicklist *list,
                         const struct quicklist_limits *limits)
{
    walk->list = list;
    walk->limits = limits;
}

void quicklist_walk_end(struct quicklist_walk *walk)
{
    leave(walk);
    memory_free(walk->scratch);
}

bool quicklist_walk_next(struct quicklist_walk *walk, struct span *text)
{
    if (!advance(walk)) {
        return false;
    }
    *text = walk->node->is_plain ? (struct span){ walk->data, walk->node->bytes }
                                 : listpack_text(walk->data, walk->at, walk->room);
    return true;
}

/* Forwards through a listpack, from where the walk stands; false behind its last element. */
static bool find_forwards(struct quicklist_walk *walk, struct span text, size_t *passed)
{
    size_t found = listpack_find(walk->data, walk->at, text, 0);
    size_t before = walk->within;

    if (found == 0) {
        walk->within = walk->node->count - 1u;
        *passed += walk->within - before + 1;
        return false;
    }
    for (; walk->at != found; walk->at = listpack_next(walk->data, walk->at)) {
        walk->within++;
    }
    *passed += walk->within - before;
    return true;
}

bool quicklist_walk_find(struct quicklist_walk *walk, struct span text, size_t most, size_t *passed)
{
    while (*passed <= most && advance(walk)) {
        if (!walk->node->is_plain && walk->towards == QUICKLIST_TAIL) {
            if (find_forwards(walk, text, passed)) {
                return *passed <= most;
            }
            continue;
        }
        struct span plain = { walk->data, walk->node->bytes };
        if (walk->node->is_plain ? span_equal(plain, text)
                                 : listpack_is(walk->data, walk->at, text)) {
            return true;
        }
        *passed += 1;
    }
    return false;
}

/* --- changing --- */

/* Opens the node that the walk stands in. */
static struct listpack *open_pack(struct quicklist_walk *walk)
{
    assert(walk->list != NULL);
    assert(!walk->node->is_plain);
    quicklist_node_open(walk->node);
    walk->was_changed = true;
    return quicklist_node_pack(walk->node);
}

/* Takes the element out of its listpack, where others stay; returns the offset of the one behind
 * it, or 0. */
static size_t take_out(struct quicklist_walk *walk)
{
    struct listpack *pack = open_pack(walk);
    size_t next = listpack_remove(&pack, walk->at, 1);

    quicklist_node_repacked(walk->node, pack, -1);
    walk->list->count--;
    walk->data = pack;
    return next;
}

void quicklist_walk_remove(struct quicklist_walk *walk)
{
    struct quicklist_node *node = walk->node;

    assert(node != NULL);
    assert(!walk->is_new);
    if (node->count == 1) {
        struct quicklist_node *next = beyond(walk);
        walk->was_changed = false;
        quicklist_drop(walk->list, node);
        quicklist_settle(walk->list, NULL, walk->limits);
        enter(walk, next);
        return;
    }
    size_t next = take_out(walk);
    bool forwards = walk->towards == QUICKLIST_TAIL;
    if (walk->within == (forwards ? node->count : 0)) {
        enter(walk, beyond(walk));
        return;
    }
    walk->is_new = true;
    walk->at = next;
    if (!forwards) {
        walk->within--;
        walk->at = next == 0 ? listpack_last(walk->data) : listpack_previous(walk->data, next);
    }
}

/* Whether the listpack may hold this text in place of the element. */
static bool fits_in_place(const struct quicklist_walk *walk, struct span text)
{
    char room[NUMBER_TEXT_MAX];
    const struct quicklist_node *node = walk->node;
    size_t old = listpack_element_bytes(listpack_text(walk->data, walk->at, room));
    size_t bytes = node->bytes - old + listpack_element_bytes(text);
    return node->count == 1 || bytes <= node->bytes || bytes <= quicklist_node_max(walk->limits);
}

void quicklist_walk_replace(struct quicklist_walk *walk, struct span text)
{
    struct quicklist_node *node = walk->node;

    assert(walk->list != NULL);
    assert(!walk->is_new);
    if (!node->is_plain && !quicklist_is_plain(text, walk->limits) && fits_in_place(walk, text)) {
        struct listpack *pack = open_pack(walk);
        listpack_replace(&pack, walk->at, text);
        quicklist_node_repacked(node, pack, 0);
        leave(walk);
        return;
    }
    walk->was_changed = false;
    if (node->count > 1) {
        (void)take_out(walk);
        walk->was_changed = false;
        quicklist_insert(walk->list, node, walk->within, text, walk->limits);
    } else {
        quicklist_insert(walk->list, node, 1, text, walk->limits);
        quicklist_drop(walk->list, node);
        quicklist_settle(walk->list, NULL, walk->limits);
    }
    walk->node = NULL;
}

void quicklist_walk_insert(struct quicklist_walk *walk, enum quicklist_end side, struct span text)
{
    size_t within = walk->within + (side == QUICKLIST_TAIL);

    assert(walk->list != NULL);
    assert(!walk->is_new);
    walk->was_changed = false;
    quicklist_insert(walk->list, walk->node, within, text, walk->limits);
    walk->node = NULL;
}
