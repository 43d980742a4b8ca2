/* From a key to a draft of its hash, and back. */

#include "cache/commands/hash_edit.h"

#include "cache/types/hash_flat.h"

bool hash_edit_begin(struct call *c, struct hash_edit *edit)
{
    void *value;

    if (!key_edit(c, 1, &type_hash, &value)) {
        return false;
    }
    edit->call = c;
    edit->found = value != NULL;
    edit->changed = false;
    hash_draft_init(&edit->draft, value, c->limits);
    return true;
}

void hash_edit_drop_due(struct hash_edit *edit, size_t first, size_t end, size_t step)
{
    struct call *c = edit->call;
    struct hash_item item;
    bool dropped = false;

    if (edit->draft.heap == NULL ||
        type_hash.parts->due(edit->draft.heap).first_ms >= (int64_t)c->now_ms) {
        return;
    }
    for (size_t at = first; at < end; at += step) {
        struct span field = c->argv[at];
        if (hash_find(edit->draft.heap, field, 0, &item) &&
            !hash_find(edit->draft.heap, field, c->now_ms, &item)) {
            key_part_expired(c, 1, field);
            hash_draft_remove(&edit->draft, field);
            dropped = true;
        }
    }
    if (dropped) {
        key_parts_removed(c, 1);
        /* Nothing but what has expired was left: the key is to go. */
        edit->changed = hash_count(edit->draft.heap, 0) == 0;
    }
}

bool hash_edit_end(struct hash_edit *edit)
{
    struct call *c = edit->call;
    struct hash_draft *draft = &edit->draft;
    int64_t expires_at_ms = edit->found ? EXPIRY_KEEP : EXPIRY_NONE;

    if (!edit->changed) {
        hash_draft_fini(draft);
        return false;
    }
    if (hash_count(hash_draft_value(draft), 0) == 0) {
        hash_draft_fini(draft);
        return key_delete(c, 1);
    }
    if (draft->is_fresh) {
        key_put_heap(c, 1, &type_hash, &draft->heap, expires_at_ms);
    } else if (draft->heap != NULL) {
        key_changed(c, 1);
    } else {
        size_t size = hash_flat_size(draft->flat);
        memcpy(key_put(c, 1, &type_hash, size, expires_at_ms), draft->flat, size);
    }
    return false;
}
