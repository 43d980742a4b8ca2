/* Commands that write one list. All are repeated as they came. */

#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/list_edit.h"
#include "cache/commands/rows.h"
#include "cache/ds/quicklist_walk.h"

/* --- pushing --- */

static void push(struct call *c, enum quicklist_end end, bool only_if_there)
{
    struct list_edit edit;

    for (size_t i = 2; i < c->argc; i++) {
        if (!list_edit_fits(c, i)) {
            return;
        }
    }
    if (!list_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.items == NULL && only_if_there) {
        reply_integer(c->reply, 0);
        return;
    }
    if (edit.items == NULL) {
        list_edit_create(&edit);
    }
    for (size_t i = 2; i < c->argc; i++) {
        list_edit_push(&edit, end, c->argv[i]);
    }
    reply_integer(c->reply, (int64_t)edit.items->count);
    list_edit_end(&edit, true);
    key_event(c, 1, EVENT_LIST, list_edit_push_event(end));
}

static void lpush(struct call *c)
{
    push(c, QUICKLIST_HEAD, false);
}

static void rpush(struct call *c)
{
    push(c, QUICKLIST_TAIL, false);
}

static void lpushx(struct call *c)
{
    push(c, QUICKLIST_HEAD, true);
}

static void rpushx(struct call *c)
{
    push(c, QUICKLIST_TAIL, true);
}

/* --- popping --- */

static void pop_one(struct call *c, enum quicklist_end end)
{
    struct list_edit edit;
    char room[NUMBER_TEXT_MAX];

    if (!list_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.items == NULL) {
        reply_null(c->reply);
        return;
    }
    reply_bulk(c->reply, quicklist_peek(edit.items, end, room));
    list_edit_remove(&edit, end == QUICKLIST_HEAD ? 0 : edit.items->count - 1, 1);
    list_edit_tell_popped(c, 1, end, list_edit_end(&edit, true));
}

static void pop(struct call *c, enum quicklist_end end)
{
    struct list_edit edit;
    int64_t wanted;

    if (c->argc == 2) {
        pop_one(c, end);
        return;
    }
    if (c->argc > 3) {
        call_arity_error(c);
        return;
    }
    if (!arg_integer_in(c, 2, 0, INT64_MAX, &wanted, NULL) || !list_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.items == NULL) {
        reply_null_array(c->reply);
        return;
    }
    size_t len = edit.items->count;
    size_t count = (uint64_t)wanted < len ? (size_t)wanted : len;
    list_edit_pop(&edit, end, count);
    bool emptied = list_edit_end(&edit, count > 0);
    if (count > 0) {
        list_edit_tell_popped(c, 1, end, emptied);
    }
}

static void lpop(struct call *c)
{
    pop(c, QUICKLIST_HEAD);
}

static void rpop(struct call *c)
{
    pop(c, QUICKLIST_TAIL);
}

/* --- in the middle --- */

static void linsert(struct call *c)
{
    struct list_edit edit;
    struct quicklist_walk walk;
    size_t passed = 0;
    bool after = arg_is(c, 2, "AFTER");

    if (!after && !arg_is(c, 2, "BEFORE")) {
        call_syntax_error(c);
        return;
    }
    if (!list_edit_fits(c, 4) || !list_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.items == NULL) {
        reply_integer(c->reply, 0);
        return;
    }
    quicklist_walk_start(&walk, edit.items, 0, QUICKLIST_TAIL);
    quicklist_walk_edit(&walk, edit.items, &edit.limits);
    bool found = quicklist_walk_find(&walk, c->argv[3], SIZE_MAX, &passed);
    if (found) {
        quicklist_walk_insert(&walk, after ? QUICKLIST_TAIL : QUICKLIST_HEAD, c->argv[4]);
    }
    quicklist_walk_end(&walk);
    reply_integer(c->reply, found ? (int64_t)edit.items->count : -1);
    list_edit_end(&edit, found);
    if (found) {
        key_event(c, 1, EVENT_LIST, "linsert");
    }
}

static void lset(struct call *c)
{
    struct list_edit edit;
    struct quicklist_walk walk;
    struct span old;
    int64_t index;

    if (!list_edit_fits(c, 3) || !list_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.items == NULL) {
        reply_error(c->reply, SPAN("ERR no such key"));
        return;
    }
    if (!arg_integer(c, 2, &index)) {
        list_edit_end(&edit, false);
        return;
    }
    index = index < 0 ? index + (int64_t)edit.items->count : index;
    /* A negative one is beyond any list. */
    quicklist_walk_start(&walk, edit.items, (size_t)index, QUICKLIST_TAIL);
    quicklist_walk_edit(&walk, edit.items, &edit.limits);
    bool found = quicklist_walk_next(&walk, &old);
    if (found) {
        quicklist_walk_replace(&walk, c->argv[3]);
    }
    quicklist_walk_end(&walk);
    list_edit_end(&edit, found);
    if (found) {
        key_event(c, 1, EVENT_LIST, "lset");
        reply_ok(c->reply);
    } else {
        reply_error(c->reply, SPAN("ERR index out of range"));
    }
}

static void lrem(struct call *c)
{
    struct list_edit edit;
    struct quicklist_walk walk;
    int64_t limit;
    int64_t removed = 0;
    size_t passed = 0;

    if (!arg_integer_in(c, 2, -INT64_MAX, INT64_MAX, &limit, NULL) ||
        !list_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.items == NULL) {
        reply_integer(c->reply, 0);
        return;
    }
    bool forwards = limit >= 0;
    int64_t wanted = limit == 0 ? INT64_MAX : forwards ? limit : -limit;
    quicklist_walk_start(&walk, edit.items, forwards ? 0 : edit.items->count - 1,
                         forwards ? QUICKLIST_TAIL : QUICKLIST_HEAD);
    quicklist_walk_edit(&walk, edit.items, &edit.limits);
    while (removed < wanted && quicklist_walk_find(&walk, c->argv[3], SIZE_MAX, &passed)) {
        quicklist_walk_remove(&walk);
        removed++;
    }
    quicklist_walk_end(&walk);
    bool emptied = list_edit_end(&edit, removed > 0);
    if (removed > 0) {
        key_event(c, 1, EVENT_LIST, "lrem");
    }
    if (emptied) {
        key_event(c, 1, EVENT_GENERIC, "del");
    }
    reply_integer(c->reply, removed);
}

/* Leaves the elements from `first` on. */
static void keep_part(struct list_edit *edit, size_t first, size_t count)
{
    size_t behind = edit->items->count - first - count;
    if (behind > 0) {
        list_edit_remove(edit, first + count, behind);
    }
    if (first > 0) {
        list_edit_remove(edit, 0, first);
    }
}

static void ltrim(struct call *c)
{
    struct list_edit edit;
    int64_t start;
    int64_t stop;
    size_t first = 0;
    size_t count = 0;

    if (!arg_integer(c, 2, &start) || !arg_integer(c, 3, &stop) || !list_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.items == NULL) {
        reply_ok(c->reply);
        return;
    }
    size_t before = edit.items->count;
    if (list_part(edit.items, start, stop, &first, &count)) {
        keep_part(&edit, first, count);
    } else {
        list_edit_remove(&edit, 0, before);
    }
    key_event(c, 1, EVENT_LIST, "ltrim");
    if (list_edit_end(&edit, count < before)) {
        key_event(c, 1, EVENT_GENERIC, "del");
    }
    reply_ok(c->reply);
}

#define PUSHING "O(N), N being the number of elements given."
#define POPPING "O(N), N being the number of elements returned."

const struct command list_write_commands[] = {
    { .name = "lpush",
      .run = lpush,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "list",
      .since = "1.0.0",
      .complexity = PUSHING,
      .synopsis = "key:key element:string...",
      .summary = "Adds elements to the left end of a list, which is made if it is not there.",
      .history = "2.4.0 More than one `element`." },
    { .name = "rpush",
      .run = rpush,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "list",
      .since = "1.0.0",
      .complexity = PUSHING,
      .synopsis = "key:key element:string...",
      .summary = "Adds elements to the right end of a list, which is made if it is not there.",
      .history = "2.4.0 More than one `element`." },
    { .name = "lpushx",
      .run = lpushx,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "list",
      .since = "2.2.0",
      .complexity = PUSHING,
      .synopsis = "key:key element:string...",
      .summary = "Adds elements to the left end of a list, if it is there.",
      .history = "4.0.0 More than one `element`." },
    { .name = "rpushx",
      .run = rpushx,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "list",
      .since = "2.2.0",
      .complexity = PUSHING,
      .synopsis = "key:key element:string...",
      .summary = "Adds elements to the right end of a list, if it is there.",
      .history = "4.0.0 More than one `element`." },
    { .name = "lpop",
      .run = lpop,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "list",
      .since = "1.0.0",
      .complexity = POPPING,
      .synopsis = "key:key [count:integer@6.2.0]",
      .summary = "Takes the leftmost elements off a list and returns them.",
      .history = "6.2.0 `count`." },
    { .name = "rpop",
      .run = rpop,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "list",
      .since = "1.0.0",
      .complexity = POPPING,
      .synopsis = "key:key [count:integer@6.2.0]",
      .summary = "Takes the rightmost elements off a list and returns them.",
      .history = "6.2.0 `count`." },
    { .name = "linsert",
      .run = linsert,
      .arity = 5,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "list",
      .since = "2.2.0",
      .complexity = "O(N), N being the number of elements from the left end to the pivot.",
      .synopsis = "key:key where:(before:BEFORE | after:AFTER) pivot:string element:string",
      .summary = "Adds an element to a list, next to one that is there." },
    { .name = "lset",
      .run = lset,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(N), N being the length of the list; O(1) at its ends.",
      .synopsis = "key:key index:integer element:string",
      .summary = "Replaces the element at a place of a list." },
    { .name = "lrem",
      .run = lrem,
      .arity = 4,
      .flags = CMD_WRITE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(N+M), N being the length of the list and M the number of elements removed.",
      .synopsis = "key:key count:integer element:string",
      .summary = "Removes elements that are equal to one given." },
    { .name = "ltrim",
      .run = ltrim,
      .arity = 4,
      .flags = CMD_WRITE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of elements removed.",
      .synopsis = "key:key start:integer stop:integer",
      .summary = "Removes all elements but those from one place of a list to another." },
    { .name = NULL },
};
