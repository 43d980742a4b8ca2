/* Values that were loaded, into the entries of their keys. */

#include "cache/persist/settle.h"

#include "cache/base/check.h"

/* Flat bytes that it takes in an entry; 0 if it stays on the heap. */
static size_t settled_size(const struct type *type, const void *value)
{
    if (type->settled_size == NULL) {
        return 0;
    }
    size_t size = type->settled_size(value);
    assert(size <= type->embed_max);
    return size;
}

static void settle(const struct type *type, void *value, void *room)
{
    type->settle(value, room);
    type->free(value);
}

void settle_key(struct call *c, size_t at, const struct type *type, void **take_value,
                int64_t expires_at_ms)
{
    size_t size = settled_size(type, *take_value);
    if (size == 0) {
        key_put_heap(c, at, type, take_value, expires_at_ms);
        return;
    }
    settle(type, *take_value, key_put(c, at, type, size, expires_at_ms));
    *take_value = NULL;
}

struct entry *settle_entry(struct entry_form *form)
{
    void *value = form->heap;
    assert(value != NULL);

    form->size = settled_size(form->type, value);
    form->heap = form->size == 0 ? value : NULL;
    struct entry *entry = entry_new(form);
    if (form->heap == NULL) {
        settle(form->type, value, entry_value(entry));
    }
    return entry;
}
