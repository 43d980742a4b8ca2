/* What the rest of podis sees of lists: see type.h.
 *
 * In RDB files there are
 *
 *      1   count, elements                                   since Redis 1.0
 *     10   one string: a ziplist                             2.6
 *     14   count, strings: a ziplist for each node           3.2
 *     18   count, and for each node: 1, one long element     7.0
 *                                or: 2, a listpack
 *
 * Nodes of 18 are kept as they come, if they are of a size that podis could have made itself; of
 * anything else the elements are pushed one by one. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/quicklist_walk.h"
#include "cache/ds/saved.h"
#include "cache/ds/ziplist.h"
#include "cache/types/list.h"

enum saved_as { SAVED_ELEMENTS = 1, SAVED_ZIPLIST = 10, SAVED_ZIPLISTS = 14, SAVED_NODES = 18 };

enum saved_node { NODE_PLAIN = 1, NODE_PACKED = 2 };

enum { KEPT_NODE_MAX = 64 * 1024 };

static void free_value(void *value)
{
    struct list *list = value;
    quicklist_fini(&list->items);
    memory_free(list);
}

static void *copy(const void *value)
{
    const struct list *list = value;
    struct quicklist items = { .count = 0 };
    quicklist_copy(&items, &list->items);
    return list_move_to_heap(&items);
}

static size_t size(const void *value)
{
    struct list_room room;
    return list_flat_size(list_items(value, &room));
}

static size_t memory(const void *value)
{
    const struct list *list = value;
    return list_is_flat(value) ? 0 : memory_usable(list) + quicklist_memory(&list->items);
}

static size_t effort(const void *value)
{
    struct list_room room;
    return list_is_flat(value) ? 1 : 1 + 2 * list_items(value, &room)->nodes;
}

static const char *encoding(const void *value)
{
    (void)value;
    return "quicklist";
}

static void digest(const void *value, struct digest *sum)
{
    struct list_room room;
    struct quicklist_walk walk;
    struct span text;

    quicklist_walk_start(&walk, list_items(value, &room), 0, QUICKLIST_TAIL);
    while (quicklist_walk_next(&walk, &text)) {
        digest_mix(sum, text);
    }
    quicklist_walk_end(&walk);
}

static void details(const void *value, struct buf *text)
{
    struct list_room room;
    const struct quicklist *items = list_items(value, &room);
    size_t bytes = 0;
    bool is_compressed = false;

    for (const struct quicklist_node *node = items->head; node != NULL; node = node->next) {
        bytes += node->bytes;
        is_compressed = is_compressed || node->is_compressed;
    }
    (void)buf_addf(text, " ql_nodes:%zu ql_avg_node:%.2f ql_compressed:%d ql_uncompressed_size:%zu",
                   items->nodes, (double)items->count / (double)items->nodes, is_compressed, bytes);
}

/* --- as commands --- */

enum { REWRITTEN_AT_ONCE = 64 };

static void rewrite(struct span key, const void *value, rewrite_fn emit, void *context)
{
    struct list_room room;
    struct quicklist_walk walk;
    struct span text;
    struct span argv[2 + REWRITTEN_AT_ONCE] = { SPAN("RPUSH"), key };
    size_t argc = 2;
    struct buf texts;

    buf_init(&texts, SIZE_MAX);
    quicklist_walk_start(&walk, list_items(value, &room), 0, QUICKLIST_TAIL);
    for (bool more = quicklist_walk_next(&walk, &text); more;) {
        /* Offsets first: the buffer may move, and the walk forgets a text when it goes on. */
        bool kept = buf_add(&texts, text);
        assert(kept);
        argv[argc++].len = text.len;
        more = quicklist_walk_next(&walk, &text);
        if (!more || argc == COUNT(argv)) {
            const char *start = buf_span(&texts).bytes;
            for (size_t i = 2; i < argc; start += argv[i].len, i++) {
                argv[i].bytes = start;
            }
            emit(context, argv, argc);
            buf_cut(&texts, 0);
            argc = 2;
        }
    }
    quicklist_walk_end(&walk);
    buf_fini(&texts);
}

/* --- saved --- */

static const uint8_t codes[] = { SAVED_ELEMENTS, SAVED_ZIPLIST, SAVED_ZIPLISTS, SAVED_NODES,
                                 TYPE_NO_CODE };

static void save(const void *value, struct saver *out)
{
    struct list_room room;
    const struct quicklist *items = list_items(value, &room);
    void *scratch = NULL;

    save_type(out, SAVED_NODES);
    save_len(out, items->nodes);
    for (const struct quicklist_node *node = items->head; node != NULL; node = node->next) {
        struct span bytes = { quicklist_node_read(node, &scratch), node->bytes };
        save_len(out, node->is_plain ? NODE_PLAIN : NODE_PACKED);
        if (node->is_plain) {
            save_string(out, bytes);
        } else {
            save_block(out, bytes);
        }
    }
    memory_free(scratch);
}

struct loading {
    struct quicklist items;
    struct quicklist_limits limits;
    struct loader *in;
};

static bool push(void *context, struct span text)
{
    struct loading *to = context;
    if (text.len > UINT32_MAX) {
        return load_failed(to->in, "an element of a list is over 4 GB");
    }
    quicklist_push(&to->items, QUICKLIST_TAIL, text, &to->limits);
    return true;
}

static bool load_elements(struct loading *to)
{
    uint64_t count;
    struct span text;

    if (!load_count(to->in, 1, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!load_string(to->in, &text) || !push(to, text)) {
            return false;
        }
    }
    return true;
}

static bool load_ziplists(struct loading *to, uint64_t count)
{
    struct span bytes;

    for (uint64_t i = 0; i < count; i++) {
        if (!load_string(to->in, &bytes)) {
            return false;
        }
        if (!ziplist_read(bytes, push, to)) {
            return load_failed(to->in, "a ziplist is corrupt");
        }
    }
    return true;
}

static void keep_node(struct loading *to, const struct listpack *from)
{
    struct listpack *pack = listpack_copy(from);
    struct quicklist_node *node = quicklist_node_packed(&pack);
    quicklist_add(&to->items, &node);
}

static void push_all(struct loading *to, const struct listpack *pack)
{
    char room[NUMBER_TEXT_MAX];
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at)) {
        (void)push(to, listpack_text(pack, at, room));
    }
}

static bool load_packed(struct loading *to, struct span bytes)
{
    const struct listpack *pack = (const struct listpack *)(const void *)bytes.bytes;
    size_t count;

    if (!listpack_is_sound(bytes, &count)) {
        return load_failed(to->in, "a listpack is corrupt");
    }
    if (count > 0 && bytes.len <= KEPT_NODE_MAX) {
        keep_node(to, pack);
    } else {
        push_all(to, pack);
    }
    return true;
}

static bool load_plain(struct loading *to, struct span bytes)
{
    if (bytes.len > UINT32_MAX) {
        return load_failed(to->in, "an element of a list is over 4 GB");
    }
    struct quicklist_node *node = quicklist_node_plain(bytes);
    quicklist_add(&to->items, &node);
    return true;
}

static bool load_nodes(struct loading *to)
{
    uint64_t count;
    uint64_t container;
    struct span bytes;

    if (!load_count(to->in, 2, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!load_len(to->in, &container) || !load_string(to->in, &bytes)) {
            return false;
        }
        if (container != NODE_PLAIN && container != NODE_PACKED) {
            return load_failed(to->in, "a node of a list is of no known kind");
        }
        if (bytes.len == 0) {
            /* Redis refuses these, though an element of no bytes would be a plain node of none:
             * it never saves one. */
            return load_failed(to->in, "a node of a list has no bytes");
        }
        if (!(container == NODE_PLAIN ? load_plain : load_packed)(to, bytes)) {
            return false;
        }
    }
    for (struct quicklist_node *node = to->items.head; node != NULL; node = node->next) {
        quicklist_settle(&to->items, node, &to->limits);
    }
    return true;
}

static bool load_by_code(uint8_t code, struct loading *to)
{
    uint64_t count;

    switch (code) {
    case SAVED_ELEMENTS:
        return load_elements(to);
    case SAVED_ZIPLIST:
        return load_ziplists(to, 1);
    case SAVED_ZIPLISTS:
        return load_count(to->in, 1, &count) && load_ziplists(to, count);
    default:
        assert(code == SAVED_NODES);
        return load_nodes(to);
    }
}

static void *load(uint8_t code, struct loader *in, const struct type_limits *limits)
{
    struct loading to = { .limits = list_limits(limits), .in = in };
    bool loaded = load_by_code(code, &to);

    if (loaded && to.items.count == 0) {
        loaded = load_is_empty(in, "a list is empty");
    }
    if (!loaded) {
        quicklist_fini(&to.items);
        return NULL;
    }
    return list_move_to_heap(&to.items);
}

static size_t settled_size(const void *value)
{
    return list_flat_size(&((const struct list *)value)->items);
}

static void settle(const void *value, void *room)
{
    list_write_flat(&((const struct list *)value)->items, room);
}

const struct type type_list = {
    .name = "list",
    .tag = TAG_LIST,
    .embed_max = LIST_FLAT_MAX,
    .free = free_value,
    .copy = copy,
    .size = size,
    .memory = memory,
    .effort = effort,
    .encoding = encoding,
    .rewrite = rewrite,
    .digest = digest,
    .details = details,
    .save = save,
    .load = load,
    .codes = codes,
    .settled_size = settled_size,
    .settle = settle,
};
