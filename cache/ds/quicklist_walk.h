#ifndef PODIS_CACHE_DS_QUICKLIST_WALK_H
#define PODIS_CACHE_DS_QUICKLIST_WALK_H

/* Walking through a quicklist, to read it or to change it on the way.
 *
 *     struct quicklist_walk walk;
 *     quicklist_walk_start(&walk, list, index, QUICKLIST_TAIL);
 *     while (quicklist_walk_next(&walk, &text)) {
 *         …
 *     }
 *     quicklist_walk_end(&walk);
 *
 * A reader leaves compressed nodes as they are. Who wants to change something says so by
 * quicklist_walk_edit() after the start. */

#include "cache/ds/quicklist.h"

struct quicklist_walk {
    struct quicklist_node *node; /* NULL: over. */
    enum quicklist_end towards;
    bool is_new;      /* The element at this place was not given yet. */
    size_t within;    /* Which of the node's elements this is. */
    size_t at;        /* Its offset in the listpack. */
    const void *data; /* The node's bytes: a listpack or plain. */
    void *scratch;
    char room[NUMBER_TEXT_MAX];
    struct quicklist *list; /* NULL: for reading. */
    const struct quicklist_limits *limits;
    bool was_changed; /* This node. */
};

/* From the element at `index`, counted from the head, to one end; over at once if there is none. */
void quicklist_walk_start(struct quicklist_walk *walk, const struct quicklist *list, size_t index,
                          enum quicklist_end towards);
void quicklist_walk_edit(struct quicklist_walk *walk, struct quicklist *list,
                         const struct quicklist_limits *limits);
void quicklist_walk_end(struct quicklist_walk *walk);

/* False at the end. The text is good until the next call. */
bool quicklist_walk_next(struct quicklist_walk *walk, struct span *text);

/* Goes on to the next element that is this text. *passed grows by how many others come before it.
 * False if there is none, or *passed would be more than `most`: then no more than a node beyond
 * that is looked at, and the walk is over. */
bool quicklist_walk_find(struct quicklist_walk *walk, struct span text, size_t most,
                         size_t *passed);

/* Removes the element that was given last, and goes on behind it. */
void quicklist_walk_remove(struct quicklist_walk *walk);

/* Puts another text in the place of the element that was given last. The walk is over. */
void quicklist_walk_replace(struct quicklist_walk *walk, struct span text);
/* Adds a text beside the element that was given last, towards that end. The walk is over. */
void quicklist_walk_insert(struct quicklist_walk *walk, enum quicklist_end side, struct span text);

#endif
