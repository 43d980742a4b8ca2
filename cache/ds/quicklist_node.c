/* Nodes of quicklists. A compressed one holds the length of its LZF in front of it. */

#include "cache/ds/quicklist_node.h"

#include "cache/base/check.h"
#include "cache/base/compress.h"
#include "cache/base/memory.h"

enum {
    COMPRESSED_MIN = 48, /* Shorter ones are left alone, */
    GAIN_MIN = 8,        /* and those that would hardly become shorter. */
};

struct compressed {
    uint32_t len;
    char bytes[];
};

static_assert(sizeof(struct quicklist_node) == 32, "a size class of the allocator");

static struct quicklist_node *node_new(void *data, size_t bytes, size_t count)
{
    struct quicklist_node *node = memory_zero(sizeof(*node));
    assert(bytes <= UINT32_MAX);
    assert(count <= QUICKLIST_NODE_COUNT_MAX);
    node->data = data;
    node->bytes = (uint32_t)bytes;
    node->count = count & QUICKLIST_NODE_COUNT_MAX;
    return node;
}

struct quicklist_node *quicklist_node_plain(struct span text)
{
    struct quicklist_node *node = node_new(memory_alloc(text.len), text.len, 1);
    if (text.len > 0) {
        memcpy(node->data, text.bytes, text.len);
    }
    node->is_plain = true;
    return node;
}

struct quicklist_node *quicklist_node_packed(struct listpack **take_pack)
{
    struct listpack *pack = *take_pack;
    *take_pack = NULL;
    return node_new(pack, listpack_bytes(pack), listpack_count(pack));
}

static size_t stored_bytes(const struct quicklist_node *node)
{
    const struct compressed *compressed = node->data;
    return node->is_compressed ? sizeof(*compressed) + compressed->len : node->bytes;
}

struct span quicklist_node_stored(const struct quicklist_node *node)
{
    size_t head = node->is_compressed ? sizeof(struct compressed) : 0;
    return (struct span){ (const char *)node->data + head, stored_bytes(node) - head };
}

struct quicklist_node *quicklist_node_copy(const struct quicklist_node *node)
{
    struct quicklist_node *copy = memory_alloc(sizeof(*copy));
    size_t len = stored_bytes(node);
    *copy = *node;
    copy->previous = NULL;
    copy->next = NULL;
    copy->data = memory_alloc(len);
    memcpy(copy->data, node->data, len);
    return copy;
}

void quicklist_node_free(struct quicklist_node *node)
{
    memory_free(node->data);
    memory_free(node);
}

void quicklist_node_compress(struct quicklist_node *node)
{
    if (node->is_compressed || node->bytes < COMPRESSED_MIN) {
        return;
    }
    struct span raw = { node->data, node->bytes };
    struct compressed *compressed = memory_alloc(sizeof(*compressed) + raw.len);
    size_t len = compress_lzf(raw, compressed->bytes, raw.len - GAIN_MIN);
    if (len == 0) {
        memory_free(compressed);
        return;
    }
    compressed->len = (uint32_t)len;
    memory_free(node->data);
    node->data = memory_resize(compressed, sizeof(*compressed) + len);
    node->is_compressed = true;
}

static void decompress(const struct quicklist_node *node, void *room)
{
    bool whole = decompress_lzf(quicklist_node_stored(node), room, node->bytes);
    assert(whole);
}

void quicklist_node_open(struct quicklist_node *node)
{
    if (!node->is_compressed) {
        return;
    }
    void *raw = memory_alloc(node->bytes);
    decompress(node, raw);
    memory_free(node->data);
    node->data = raw;
    node->is_compressed = false;
}

const void *quicklist_node_read(const struct quicklist_node *node, void **scratch)
{
    if (!node->is_compressed) {
        return node->data;
    }
    *scratch = memory_resize(*scratch, node->bytes);
    decompress(node, *scratch);
    return *scratch;
}

void quicklist_node_repacked(struct quicklist_node *node, struct listpack *pack, int64_t added)
{
    assert(!node->is_plain);
    assert(!node->is_compressed);
    int64_t count = (int64_t)node->count + added;
    assert(count > 0);
    assert(count <= QUICKLIST_NODE_COUNT_MAX);
    node->data = pack;
    node->bytes = (uint32_t)listpack_bytes(pack);
    node->count = (uint64_t)count & QUICKLIST_NODE_COUNT_MAX;
}
