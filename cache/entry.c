/* Entries: where each part lies follows from the first byte, so every change of size
 * is one computation of two layouts and at most one move. */

#include "cache/entry.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { SHORT_KEY_MAX = UINT8_MAX, SPARE_MAX = 1024 * 1024 };

/* Where the parts are. */
struct layout {
    uint8_t head;
    size_t expires_at;
    size_t key_at;
    size_t key_len;
    size_t value_at;
};

static struct layout layout_make(uint8_t head, size_t key_len)
{
    struct layout layout = { .head = head, .key_len = key_len };
    layout.expires_at = entry_expires_at(head);
    layout.key_at = layout.expires_at + entry_expires_width(head);
    layout.value_at = layout.key_at + key_len;
    return layout;
}

static struct layout layout_of(const struct entry *entry)
{
    return layout_make(entry->head, entry_key(entry).len);
}

static bool goes_to_heap(const struct entry_form *form)
{
    return form->heap != NULL || form->size > form->type->embed_max;
}

static bool has_due_parts(const struct type *type, const void *heap)
{
    return type->parts != NULL && type->parts->due(heap).first_ms != INT64_MAX;
}

/* The first byte, but for ENTRY_LONG_KEY. */
static inline unsigned head_for(const struct entry_form *form)
{
    unsigned head = form->type->tag;
    if (goes_to_heap(form)) {
        head |= ENTRY_ON_HEAP;
    }
    if (form->heap != NULL && has_due_parts(form->type, form->heap)) {
        head |= ENTRY_DUE_PARTS;
    }
    if (form->expires_at_ms >= 0) {
        head |= (form->expires_at_ms >> 48 == 0 ? 1u : 2u) << ENTRY_EXPIRES_SHIFT;
    }
    return head;
}

static struct layout layout_for(const struct entry_form *form)
{
    assert(form->type->tag <= ENTRY_TAG);
    assert(form->key.len <= UINT32_MAX);
    bool is_long = form->key.len > SHORT_KEY_MAX;
    return layout_make((uint8_t)(head_for(form) | (is_long ? ENTRY_LONG_KEY : 0)), form->key.len);
}

static size_t layout_size(const struct layout *layout, size_t flat_size)
{
    return layout->value_at + (layout->head & ENTRY_ON_HEAP ? sizeof(void *) : flat_size);
}

static void write_expires(struct entry *entry, const struct layout *layout, int64_t expires_at_ms)
{
    if (layout->head & ENTRY_EXPIRES) {
        size_t width = layout->key_at - layout->expires_at;
        memcpy(entry_bytes(entry) + layout->expires_at, &expires_at_ms, width);
    }
}

/* Everything but the value; `key` may lie in the entry itself. */
static void write_front(struct entry *entry, const struct layout *layout, struct span key,
                        int64_t expires_at_ms, uint32_t access)
{
    uint8_t *bytes = entry_bytes(entry);

    if (key.len > 0) {
        memmove(bytes + layout->key_at, key.bytes, key.len);
    }
    write_expires(entry, layout, expires_at_ms);
    if (layout->head & ENTRY_LONG_KEY) {
        uint32_t len = (uint32_t)key.len;
        memcpy(bytes + ENTRY_LEN_AT, &len, sizeof(len));
    } else {
        bytes[ENTRY_LEN_AT] = (uint8_t)key.len;
    }
    entry->head = layout->head;
    entry_set_access(entry, access);
}

static void *heap_get(const struct entry *entry, const struct layout *layout)
{
    void *heap;
    assert(layout->head & ENTRY_ON_HEAP);
    memcpy(&heap, entry_bytes(entry) + layout->value_at, sizeof(heap));
    return heap;
}

static void heap_set(struct entry *entry, const struct layout *layout, const void *heap)
{
    assert(layout->head & ENTRY_ON_HEAP);
    memcpy(entry_bytes(entry) + layout->value_at, &heap, sizeof(heap));
}

/* --- reading --- */

const struct type *entry_type(const struct entry *entry)
{
    return type_by_tag(entry->head & ENTRY_TAG);
}

size_t entry_memory(const struct entry *entry)
{
    size_t bytes = memory_usable(entry);
    if (!entry_is_flat(entry)) {
        bytes += entry_type(entry)->memory(entry_value(entry));
    }
    return bytes;
}

/* --- making --- */

size_t entry_form_size(const struct entry_form *form)
{
    struct layout layout = layout_for(form);
    return layout_size(&layout, form->size);
}

struct entry *entry_new(const struct entry_form *form)
{
    struct layout layout = layout_for(form);
    struct entry *entry = memory_alloc(layout_size(&layout, form->size));
    write_front(entry, &layout, form->key, form->expires_at_ms, form->access);
    if (layout.head & ENTRY_ON_HEAP) {
        heap_set(entry, &layout, form->heap != NULL ? form->heap : memory_alloc(form->size));
    }
    return entry;
}

void entry_free(struct entry *entry)
{
    if (!entry_is_flat(entry)) {
        entry_type(entry)->free(entry_value(entry));
    }
    memory_free(entry);
}

void *entry_take_value(struct entry *entry)
{
    assert(!entry_is_flat(entry));
    void *value = entry_value(entry);
    memory_free(entry);
    return value;
}

/* --- changing --- */

void entry_note_parts(struct entry *entry)
{
    if (!entry_is_flat(entry)) {
        bool due = has_due_parts(entry_type(entry), entry_value(entry));
        unsigned head = entry->head & ~(unsigned)ENTRY_DUE_PARTS;
        entry->head = (uint8_t)(head | (due ? ENTRY_DUE_PARTS : 0));
    }
}

/* The block on the heap for the new value: the form's own, the old one if it is just right,
 * or a new one. Frees the old value if it is not that. */
static void *heap_for(struct entry *entry, const struct entry_form *form)
{
    void *old = entry_is_flat(entry) ? NULL : entry_value(entry);
    bool wanted = goes_to_heap(form);

    if (old != NULL && wanted && form->heap == NULL && entry_is_of(entry, form->type) &&
        memory_usable(old) == memory_rounded(form->size)) {
        return old;
    }
    if (old != NULL) {
        entry_type(entry)->free(old);
    }
    if (!wanted) {
        return NULL;
    }
    return form->heap != NULL ? form->heap : memory_alloc(form->size);
}

/* What the entry takes for what it holds, spare room not counted. */
static size_t present_size(const struct entry *entry, const struct layout *layout)
{
    size_t flat = 0;
    if (!(layout->head & ENTRY_ON_HEAP)) {
        flat = entry_type(entry)->size(entry_bytes(entry) + layout->value_at);
    }
    return layout_size(layout, flat);
}

/* The usual case: a flat value over another of the same size. True if it was that; nothing
 * moves. */
static bool entry_put_again(struct entry *entry, const struct entry_form *form)
{
    uint8_t head = (uint8_t)(head_for(form) | (entry->head & ENTRY_LONG_KEY));
    if (head != entry->head || head & ENTRY_ON_HEAP) {
        return false;
    }
    struct layout layout = layout_of(entry);
    if (form->type->size(entry_bytes(entry) + layout.value_at) != form->size) {
        return false;
    }
    write_expires(entry, &layout, form->expires_at_ms);
    entry_set_access(entry, form->access);
    return true;
}

struct entry *entry_replace(struct entry *entry, const struct entry_form *new_form)
{
    if (entry_put_again(entry, new_form)) {
        return entry;
    }
    struct layout before = layout_of(entry);
    struct entry_form form = *new_form;
    form.key = entry_key(entry);
    struct layout after = layout_for(&form);
    size_t size = layout_size(&after, form.size);
    bool fits =
        size == present_size(entry, &before) || memory_usable(entry) == memory_rounded(size);

    form.heap = heap_for(entry, &form);
    if (fits) {
        write_front(entry, &after, form.key, form.expires_at_ms, form.access);
        if (after.head & ENTRY_ON_HEAP) {
            heap_set(entry, &after, form.heap);
        }
        return entry;
    }
    struct entry *fresh = entry_new(&form);
    memory_free(entry);
    return fresh;
}

static size_t with_spare(size_t size)
{
    return size + (size < SPARE_MAX ? size : SPARE_MAX);
}

/* The value moves from the entry to the heap. */
static struct entry *move_to_heap(struct entry *entry, size_t size)
{
    struct layout layout = layout_of(entry);
    const struct type *type = entry_type(entry);
    const void *value = entry_bytes(entry) + layout.value_at;
    void *heap = memory_alloc(with_spare(size));

    memcpy(heap, value, type->size(value));
    entry = memory_resize(entry, layout.value_at + sizeof(heap));
    layout.head |= ENTRY_ON_HEAP;
    entry->head = layout.head;
    heap_set(entry, &layout, heap);
    return entry;
}

struct entry *entry_resize(struct entry *entry, size_t size)
{
    struct layout layout = layout_of(entry);
    const struct type *type = entry_type(entry);
    assert(type->embed_max > 0);

    if (layout.head & ENTRY_ON_HEAP) {
        void *heap = heap_get(entry, &layout);
        if (memory_usable(heap) < size) {
            heap_set(entry, &layout, memory_resize(heap, with_spare(size)));
        }
        return entry;
    }
    if (size > type->embed_max) {
        return move_to_heap(entry, size);
    }
    if (memory_usable(entry) - layout.value_at >= size) {
        return entry;
    }
    return memory_resize(entry, layout.value_at + with_spare(size));
}

struct entry *entry_expire(struct entry *entry, int64_t expires_at_ms)
{
    struct layout before = layout_of(entry);
    bool flat = entry_is_flat(entry);
    void *value = entry_value(entry);
    struct entry_form form = {
        .key = entry_key(entry),
        .type = entry_type(entry),
        .heap = flat ? NULL : value,
        .size = flat ? entry_type(entry)->size(value) : 0,
        .expires_at_ms = expires_at_ms,
        .access = entry_access(entry),
    };
    struct layout after = layout_for(&form);
    size_t size = layout_size(&after, form.size);

    if (after.head == before.head) {
        write_front(entry, &after, form.key, expires_at_ms, form.access);
        return entry;
    }
    if (memory_usable(entry) >= size) {
        size_t tail = before.key_len + (size - after.value_at);
        memmove(entry_bytes(entry) + after.key_at, entry_bytes(entry) + before.key_at, tail);
        form.key.bytes = (const char *)entry_bytes(entry) + after.key_at;
        write_front(entry, &after, form.key, expires_at_ms, form.access);
        return entry;
    }
    struct entry *fresh = entry_new(&form);
    if (flat) {
        memcpy(entry_bytes(fresh) + after.value_at, value, form.size);
    }
    memory_free(entry);
    return fresh;
}

struct entry *entry_rename(struct entry *entry, struct span key, bool keep)
{
    const struct type *type = entry_type(entry);
    void *value = entry_value(entry);
    bool flat = entry_is_flat(entry);
    struct entry_form form = {
        .key = key,
        .type = type,
        .expires_at_ms = entry_expires_at_ms(entry),
        .access = entry_access(entry),
    };
    if (flat) {
        form.size = type->size(value);
    } else {
        form.heap = keep ? type->copy(value) : value;
    }

    struct entry *fresh = entry_new(&form);
    if (flat) {
        memcpy(entry_value(fresh), value, form.size);
    }
    if (!keep) {
        memory_free(entry);
    }
    return fresh;
}
