#ifndef PODIS_CACHE_DS_QUICKLIST_NODE_H
#define PODIS_CACHE_DS_QUICKLIST_NODE_H

/* A node of a quicklist: a listpack with some elements, or the plain bytes of one that is too long
 * to share; either may be compressed. */

#include "cache/base/span.h"
#include "cache/ds/listpack.h"

#include <stdint.h>

struct quicklist_node {
    struct quicklist_node *previous;
    struct quicklist_node *next;
    void *data;     /* A listpack, plain bytes, or what they were compressed to. */
    uint32_t bytes; /* Before they were compressed. */
    uint32_t count : 24;
    uint32_t is_plain : 1;
    uint32_t is_compressed : 1;
};

enum { QUICKLIST_NODE_COUNT_MAX = (1 << 24) - 1 };

/* `text` is copied. */
struct quicklist_node *quicklist_node_plain(struct span text);
struct quicklist_node *quicklist_node_packed(struct listpack **take_pack);
struct quicklist_node *quicklist_node_copy(const struct quicklist_node *node);
void quicklist_node_free(struct quicklist_node *node);

/* Compresses it if that gains something. */
void quicklist_node_compress(struct quicklist_node *node);
/* Undoes that for good. */
void quicklist_node_open(struct quicklist_node *node);
/* The bytes for a reader, which changes nothing: those of the node, or if it is compressed a block
 * at *scratch, which is made or resized for it. */
const void *quicklist_node_read(const struct quicklist_node *node, void **scratch);

/* The bytes as they are in memory now, LZF or not. */
struct span quicklist_node_stored(const struct quicklist_node *node);

/* --- of nodes with a listpack that are open --- */

static inline struct listpack *quicklist_node_pack(const struct quicklist_node *node)
{
    return node->data;
}

/* The pack was changed, or moved, by adding so many elements. */
void quicklist_node_repacked(struct quicklist_node *node, struct listpack *pack, int64_t added);

#endif
