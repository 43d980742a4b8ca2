#ifndef PODIS_CACHE_COMMANDS_LIST_EDIT_H
#define PODIS_CACHE_COMMANDS_LIST_EDIT_H

/* Changing the list that a key holds, wherever it lies.
 *
 *     struct list_edit edit;
 *     if (!list_edit_begin(c, 1, &edit)) {
 *         return;
 *     }
 *     … change edit.items unless it is NULL …
 *     list_edit_end(&edit, changed);
 *
 * A flat list is copied out, changed, and put back, to the heap if it has become too long. */

#include "cache/call.h"
#include "cache/types/list.h"

struct list_edit {
    struct call *call;
    size_t at;
    struct quicklist *items; /* NULL: there is no such key. */
    struct quicklist_limits limits;
    struct quicklist opened; /* What `items` points to, if it is not the key's own. */
    bool is_new;
    bool is_emptied; /* Nothing is to be left, whatever `items` still has. */
};

/* False after the reply WRONGTYPE. */
bool list_edit_begin(struct call *c, size_t at, struct list_edit *edit);

/* An empty list for a key that is not there. */
void list_edit_create(struct list_edit *edit);

/* Adds argv[at] or another text that does not lie in the list. */
void list_edit_push(struct list_edit *edit, enum quicklist_end end, struct span text);

/* Removes elements that are there. When nothing is left they are not freed here but with the key,
 * which may be in the background. */
void list_edit_remove(struct list_edit *edit, size_t start, size_t count);

/* Replies with so many elements, which are there, from one end, as an array; and removes them. */
void list_edit_pop(struct list_edit *edit, enum quicklist_end end, size_t count);

/* Puts the list back; one that became empty is deleted with its key, and then this returns true.
 * Call it after every list_edit_begin() that returned true. */
bool list_edit_end(struct list_edit *edit, bool changed);

/* Tells that the key was popped from, and whether it is gone. */
void list_edit_tell_popped(struct call *c, size_t at, enum quicklist_end end, bool emptied);

/* "lpush" and so on. */
const char *list_edit_push_event(enum quicklist_end end);

/* LEFT or RIGHT; false after the reply "ERR syntax error". */
bool list_edit_end_named(struct call *c, size_t at, enum quicklist_end *end);

/* False after the reply "ERR Element too large". */
bool list_edit_fits(struct call *c, size_t at);

#endif
