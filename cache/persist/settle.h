#ifndef PODIS_CACHE_PERSIST_SETTLE_H
#define PODIS_CACHE_PERSIST_SETTLE_H

/* A value that was loaded is on the heap. Those of types with flat values may be small enough to
 * lie in the entry of their key, where they take less and are found sooner: they settle there. */

#include "cache/call.h"
#include "cache/entry.h"

/* As key_put_heap(), but the value settles if it can. */
void settle_key(struct call *c, size_t at, const struct type *type, void **take_value,
                int64_t expires_at_ms);

/* A new entry with this value, form->heap, which it takes. */
struct entry *settle_entry(struct entry_form *form);

#endif
