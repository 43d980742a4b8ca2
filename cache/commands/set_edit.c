#include "cache/commands/set_edit.h"

#include "cache/base/check.h"

bool set_edit_begin(struct call *c, size_t at, struct set_edit *edit)
{
    void *value;
    *edit = (struct set_edit){ .call = c, .at = at };
    if (!key_edit(c, at, &type_set, &value)) {
        return false;
    }
    if (value == NULL) {
        return true;
    }
    if (set_is_flat(value)) {
        set_open(&edit->opened, value);
        edit->set = &edit->opened;
    } else {
        edit->set = value;
    }
    return true;
}

void set_edit_create(struct set_edit *edit, struct span first, size_t expected)
{
    assert(edit->set == NULL);
    set_init(&edit->opened, first, expected, edit->call->limits);
    edit->set = &edit->opened;
    edit->is_new = true;
}

void set_edit_put(struct call *c, size_t at, struct set *take_set, int64_t expires_at_ms)
{
    size_t size = set_flat_size(take_set);
    assert(set_count(take_set) > 0);
    if (size > 0) {
        set_write_flat(take_set, key_put(c, at, &type_set, size, expires_at_ms));
        set_fini(take_set);
    } else {
        void *value = set_move_to_heap(take_set);
        key_put_heap(c, at, &type_set, &value, expires_at_ms);
    }
}

bool set_edit_end(struct set_edit *edit, bool changed)
{
    bool is_own = edit->set != &edit->opened;
    if (edit->set == NULL) {
        return false;
    }
    bool emptied = changed && set_count(edit->set) == 0;
    if (changed && !emptied && !is_own) {
        set_edit_put(edit->call, edit->at, &edit->opened, edit->is_new ? EXPIRY_NONE : EXPIRY_KEEP);
        return false;
    }
    if (!is_own) {
        set_fini(&edit->opened);
    }
    if (emptied) {
        key_delete(edit->call, edit->at);
    } else if (changed) {
        key_changed(edit->call, edit->at);
    }
    return emptied;
}
