#ifndef PODIS_CACHE_COMMANDS_SET_EDIT_H
#define PODIS_CACHE_COMMANDS_SET_EDIT_H

/* Changing the set that a key holds, wherever it lies.
 *
 *     struct set_edit edit;
 *     if (!set_edit_begin(c, 1, &edit)) {
 *         return;
 *     }
 *     bool changed = edit.set != NULL && set_remove(edit.set, c->argv[2]);
 *     set_edit_end(&edit, changed);
 *
 * A flat set is copied out, changed, and put back, to the heap if it has become too big. */

#include "cache/call.h"
#include "cache/types/set.h"

struct set_edit {
    struct call *call;
    size_t at;
    struct set *set;   /* NULL: there is no such key. */
    struct set opened; /* What `set` points to, if it is not the key's own. */
    bool is_new;
};

/* False after the reply WRONGTYPE. */
bool set_edit_begin(struct call *c, size_t at, struct set_edit *edit);

/* An empty set for a key that is not there, for about so many members. */
void set_edit_create(struct set_edit *edit, struct span first, size_t expected);

/* Puts the set back; a set that became empty is deleted with its key, and then this returns true.
 * Call it after every set_edit_begin() that returned true. */
bool set_edit_end(struct set_edit *edit, bool changed);

/* Makes the key hold this set, whatever it held before. It is not empty. */
void set_edit_put(struct call *c, size_t at, struct set *take_set, int64_t expires_at_ms);

#endif
