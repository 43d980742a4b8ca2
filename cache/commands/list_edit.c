/* A flat list is opened, changed and written again: two short copies and two small blocks from the
 * allocator's cache, which costs less than what a list on the heap would take in memory for as long
 * as it lives. A list that has gone to the heap stays there, so that a queue that empties and fills
 * is not moved to and fro. */

#include "cache/commands/list_edit.h"

#include "cache/base/check.h"
#include "cache/ds/quicklist_walk.h"

bool list_edit_begin(struct call *c, size_t at, struct list_edit *edit)
{
    void *value;
    *edit = (struct list_edit){ .call = c, .at = at, .limits = list_limits(c->limits) };
    if (!key_edit(c, at, &type_list, &value)) {
        return false;
    }
    if (value == NULL) {
        return true;
    }
    if (list_is_flat(value)) {
        list_open(&edit->opened, value);
        edit->items = &edit->opened;
    } else {
        edit->items = &((struct list *)value)->items;
    }
    return true;
}

void list_edit_create(struct list_edit *edit)
{
    assert(edit->items == NULL);
    edit->items = &edit->opened;
    edit->is_new = true;
}

void list_edit_push(struct list_edit *edit, enum quicklist_end end, struct span text)
{
    quicklist_push(edit->items, end, text, &edit->limits);
}

void list_edit_remove(struct list_edit *edit, size_t start, size_t count)
{
    if (count == edit->items->count) {
        edit->is_emptied = true;
    } else {
        quicklist_remove(edit->items, start, count, &edit->limits);
    }
}

void list_edit_pop(struct list_edit *edit, enum quicklist_end end, size_t count)
{
    struct quicklist_walk walk;
    struct span text;
    size_t len = edit->items->count;
    bool from_head = end == QUICKLIST_HEAD;

    reply_array(edit->call->reply, count);
    quicklist_walk_start(&walk, edit->items, from_head ? 0 : len - 1,
                         from_head ? QUICKLIST_TAIL : QUICKLIST_HEAD);
    for (size_t i = 0; i < count && quicklist_walk_next(&walk, &text); i++) {
        reply_bulk(edit->call->reply, text);
    }
    quicklist_walk_end(&walk);
    list_edit_remove(edit, from_head ? 0 : len - count, count);
}

static void put(struct list_edit *edit)
{
    struct call *c = edit->call;
    int64_t expiry = edit->is_new ? EXPIRY_NONE : EXPIRY_KEEP;
    size_t size = list_flat_size(&edit->opened);

    if (size > 0) {
        list_write_flat(&edit->opened, key_put(c, edit->at, &type_list, size, expiry));
        quicklist_fini(&edit->opened);
    } else {
        void *value = list_move_to_heap(&edit->opened);
        key_put_heap(c, edit->at, &type_list, &value, expiry);
    }
}

bool list_edit_end(struct list_edit *edit, bool changed)
{
    if (edit->items == NULL) {
        return false;
    }
    bool is_own = edit->items != &edit->opened;
    bool emptied = edit->is_emptied || edit->items->count == 0;
    if (changed && !emptied && !is_own) {
        put(edit);
        return false;
    }
    if (!is_own) {
        quicklist_fini(&edit->opened);
    }
    if (changed && emptied) {
        key_delete(edit->call, edit->at);
    } else if (changed) {
        key_changed(edit->call, edit->at);
    }
    return changed && emptied;
}

void list_edit_tell_popped(struct call *c, size_t at, enum quicklist_end end, bool emptied)
{
    key_event(c, at, EVENT_LIST, end == QUICKLIST_HEAD ? "lpop" : "rpop");
    if (emptied) {
        key_event(c, at, EVENT_GENERIC, "del");
    }
}

const char *list_edit_push_event(enum quicklist_end end)
{
    return end == QUICKLIST_HEAD ? "lpush" : "rpush";
}

bool list_edit_end_named(struct call *c, size_t at, enum quicklist_end *end)
{
    if (arg_is(c, at, "LEFT")) {
        *end = QUICKLIST_HEAD;
    } else if (arg_is(c, at, "RIGHT")) {
        *end = QUICKLIST_TAIL;
    } else {
        call_syntax_error(c);
        return false;
    }
    return true;
}

bool list_edit_fits(struct call *c, size_t at)
{
    static const size_t element_max = UINT32_MAX - 1023;
    if (c->argv[at].len > element_max) {
        reply_error(c->reply, SPAN("ERR Element too large"));
        return false;
    }
    return true;
}
