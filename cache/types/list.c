/* Where the elements of a list lie. */

#include "cache/types/list.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum kind { FLAT = 1, ON_HEAP = 2 };

bool list_is_flat(const void *value)
{
    return *(const uint8_t *)value == FLAT;
}

static const struct listpack *flat_pack(const void *value)
{
    assert(list_is_flat(value));
    return (const struct listpack *)((const uint8_t *)value + 1);
}

const struct quicklist *list_items(const void *value, struct list_room *room)
{
    if (!list_is_flat(value)) {
        return &((const struct list *)value)->items;
    }
    const struct listpack *pack = flat_pack(value);
    size_t count = listpack_count(pack);
    room->node = (struct quicklist_node){
        .data = (void *)(uintptr_t)pack, /* Only to be read. */
        .bytes = (uint32_t)listpack_bytes(pack),
        .count = count & QUICKLIST_NODE_COUNT_MAX,
    };
    room->items = (struct quicklist){
        .head = &room->node,
        .tail = &room->node,
        .count = count,
        .nodes = 1,
    };
    return &room->items;
}

bool list_part(const struct quicklist *items, int64_t start, int64_t stop, size_t *first,
               size_t *count)
{
    int64_t len = (int64_t)items->count;

    start = start < 0 ? start + len : start;
    stop = stop < 0 ? stop + len : stop;
    start = start < 0 ? 0 : start;
    stop = stop >= len ? len - 1 : stop;
    if (start > stop) {
        return false;
    }
    *first = (size_t)start;
    *count = (size_t)(stop - start) + 1;
    return true;
}

struct quicklist_limits list_limits(const struct type_limits *limits)
{
    return (struct quicklist_limits){
        .node_size = limits->list_max_listpack_size,
        .compress_depth = limits->list_compress_depth,
        .plain_from = limits->list_packed_threshold,
    };
}

void list_open(struct quicklist *items, const void *flat)
{
    struct listpack *pack = listpack_copy(flat_pack(flat));
    struct quicklist_node *node = quicklist_node_packed(&pack);
    quicklist_add(items, &node);
}

size_t list_flat_size(const struct quicklist *items)
{
    const struct quicklist_node *node = items->head;
    if (items->nodes != 1 || node->is_plain || node->is_compressed ||
        1u + node->bytes > LIST_FLAT_MAX) {
        return 0;
    }
    return 1u + node->bytes;
}

void list_write_flat(const struct quicklist *items, void *room)
{
    uint8_t *flat = room;
    assert(list_flat_size(items) > 0);
    flat[0] = FLAT;
    memcpy(flat + 1, items->head->data, items->head->bytes);
}

struct list *list_move_to_heap(struct quicklist *take_items)
{
    struct list *list = memory_alloc(sizeof(*list));
    *list = (struct list){ .kind = ON_HEAP, .items = *take_items };
    *take_items = (struct quicklist){ .count = 0 };
    return list;
}
