#ifndef PODIS_CACHE_TYPES_HASH_DRAFT_H
#define PODIS_CACHE_TYPES_HASH_DRAFT_H

/* A hash being written.
 *
 * One on the heap is changed where it lies, as long as it stays what it is (hash_kind.h). One that
 * lies in an entry is copied first, and so is one that becomes another kind: the hash that the
 * draft was made of then is as it was, and the draft is another. Whoever has a draft puts it in
 * the place of the other at the end, or frees it. */

#include "cache/types/hash.h"
#include "cache/types/limits.h"

struct hash_draft {
    const struct type_limits *limits;
    void *heap;    /* The hash, if it is on the heap; NULL: it is flat. */
    bool is_fresh; /* On the heap, and not the hash that the draft was made of. */
    uint8_t flat[HASH_FLAT_MAX];
};

/* Of a hash, or with NULL of none. */
void hash_draft_init(struct hash_draft *draft, void *hash, const struct type_limits *limits);
/* Frees what is fresh. */
void hash_draft_fini(struct hash_draft *draft);

/* What it is now; for the functions of hash.h. */
static inline const void *hash_draft_value(const struct hash_draft *draft)
{
    return draft->heap != NULL ? draft->heap : draft->flat;
}

/* Sets a field; true if it is a new one. `expires_at_ms` may be HASH_NEVER and HASH_AS_IS. The
 * spans do not lie in the hash. An expired field is there, and as it was: drop it first. */
bool hash_draft_set(struct hash_draft *draft, struct span field, struct span value,
                    int64_t expires_at_ms);
/* False if there is no such field. */
bool hash_draft_expire(struct hash_draft *draft, struct span field, int64_t expires_at_ms);
bool hash_draft_remove(struct hash_draft *draft, struct span field);

/* The hash on the heap, flat or not until now; the draft is over. */
void *hash_draft_to_heap(struct hash_draft *draft);

/* Says that so many fields are about to be set, the longest text of which has `len` bytes. */
void hash_draft_expect(struct hash_draft *draft, size_t fields, size_t len);

#endif
