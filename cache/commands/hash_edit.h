#ifndef PODIS_CACHE_COMMANDS_HASH_EDIT_H
#define PODIS_CACHE_COMMANDS_HASH_EDIT_H

/* A hash while a command writes it. It is always that of argv[1].
 *
 *     struct hash_edit edit;
 *     if (!hash_edit_begin(c, &edit)) {
 *         return;
 *     }
 *     hash_edit_drop_due(&edit, 2, 2);
 *     … hash_draft_set(&edit.draft, …); edit.changed = true; …
 *     hash_edit_end(&edit);
 *
 * At the end the key holds what the draft has become, or is gone if that is nothing. */

#include "cache/call.h"
#include "cache/types/hash_draft.h"

struct hash_edit {
    struct call *call;
    bool found; /* There is such a key. */
    bool changed;
    struct hash_draft draft;
};

/* False after the reply WRONGTYPE. */
bool hash_edit_begin(struct call *c, struct hash_edit *edit);

/* Of the fields argv[first], argv[first + step] … below `end` takes out those that have expired
 * and are still there, which is announced. */
void hash_edit_drop_due(struct hash_edit *edit, size_t first, size_t end, size_t step);

/* True if the key is gone now, after it was there: the caller tells "del" when it has told what
 * else happened. */
bool hash_edit_end(struct hash_edit *edit);

#endif
