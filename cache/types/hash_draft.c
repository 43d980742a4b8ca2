/* Writing hashes: which kind one has to become, and what is done in each. */

#include "cache/types/hash_draft.h"

#include "cache/base/check.h"
#include "cache/ds/listpack.h"
#include "cache/types/hash_flat.h"
#include "cache/types/hash_kind.h"
#include "cache/types/hash_pack.h"
#include "cache/types/hash_table.h"
#include "cache/types/type.h"

void hash_draft_init(struct hash_draft *draft, void *hash, const struct type_limits *limits)
{
    draft->limits = limits;
    draft->heap = NULL;
    draft->is_fresh = false;
    if (hash == NULL) {
        hash_flat_clear(draft->flat);
    } else if (hash_kind_of(hash) == HASH_FLAT) {
        memcpy(draft->flat, hash, hash_flat_size(hash));
    } else {
        draft->heap = hash;
    }
}

void hash_draft_fini(struct hash_draft *draft)
{
    if (draft->is_fresh) {
        type_hash.free(draft->heap);
    }
}

static enum hash_kind kind_of(const struct hash_draft *draft)
{
    return hash_kind_of(hash_draft_value(draft));
}

/* --- becoming another kind --- */

static void take_fresh(struct hash_draft *draft, void *fresh)
{
    hash_draft_fini(draft);
    draft->heap = fresh;
    draft->is_fresh = true;
}

static void add_to_pack(void *context, const struct hash_item *item)
{
    struct listpack **pack = context;
    listpack_append(pack, item->field);
    listpack_append(pack, item->value);
}

static void add_to_timed_pack(void *context, const struct hash_item *item)
{
    add_to_pack(context, item);
    listpack_append_number(context, 0);
}

static void add_to_table(void *context, const struct hash_item *item)
{
    hash_table_set(context, item->field, item->value, item->expires_at_ms);
}

static void become(struct hash_draft *draft, enum hash_kind kind)
{
    const void *hash = hash_draft_value(draft);
    assert(kind > hash_kind_of(hash));

    if (kind == HASH_TABLE) {
        struct hash_table *table = hash_table_new(draft->limits->table_seed);
        hash_each(hash, 0, add_to_table, table);
        take_fresh(draft, table);
        return;
    }
    struct listpack *pack = listpack_new(2 * HASH_FLAT_MAX);
    bool timed = kind == HASH_TIMED_PACK;
    hash_each(hash, 0, timed ? add_to_timed_pack : add_to_pack, &pack);
    take_fresh(draft, hash_pack_new(&pack, timed));
}

void *hash_draft_to_heap(struct hash_draft *draft)
{
    if (draft->heap == NULL) {
        become(draft, HASH_PACK);
    }
    draft->is_fresh = false;
    return draft->heap;
}

/* What is small may be neither long nor many; see hash-max-listpack-*. */
static bool may_stay_small(const struct hash_draft *draft, size_t longest)
{
    return longest <= draft->limits->hash_max_listpack_value;
}

/* Whether a listpack could not take these. */
static bool pack_is_full(const struct hash_draft *draft, struct span field, struct span value)
{
    const struct hash_pack *hash = draft->heap;
    size_t more = listpack_element_bytes(field) + listpack_element_bytes(value) + NUMBER_TEXT_MAX;
    size_t used = listpack_bytes(hash->pack);
    return more > LISTPACK_BYTES_MAX || used > LISTPACK_BYTES_MAX - more;
}

static void become_table_if_many(struct hash_draft *draft)
{
    if (kind_of(draft) != HASH_TABLE &&
        hash_count(hash_draft_value(draft), 0) > draft->limits->hash_max_listpack_entries) {
        become(draft, HASH_TABLE);
    }
}

void hash_draft_expect(struct hash_draft *draft, size_t fields, size_t len)
{
    bool small = may_stay_small(draft, len) && fields <= draft->limits->hash_max_listpack_entries;
    if (kind_of(draft) != HASH_TABLE && !small) {
        become(draft, HASH_TABLE);
    }
}

/* --- writing --- */

static bool set_in_pack(struct hash_draft *draft, struct span field, struct span value,
                        int64_t expires_at_ms)
{
    if (pack_is_full(draft, field, value)) {
        become(draft, HASH_TABLE);
        return hash_table_set(draft->heap, field, value, expires_at_ms);
    }
    bool added = hash_pack_set(draft->heap, field, value, expires_at_ms);
    if (added) {
        become_table_if_many(draft);
    }
    return added;
}

bool hash_draft_set(struct hash_draft *draft, struct span field, struct span value,
                    int64_t expires_at_ms)
{
    bool added;
    assert(expires_at_ms != 0);

    if (kind_of(draft) < HASH_TIMED_PACK && expires_at_ms >= 0) {
        become(draft, HASH_TIMED_PACK);
    }
    if (kind_of(draft) != HASH_TABLE &&
        !may_stay_small(draft, field.len > value.len ? field.len : value.len)) {
        become(draft, HASH_TABLE);
    }
    switch (kind_of(draft)) {
    case HASH_FLAT:
        if (hash_flat_set(draft->flat, field, value, &added)) {
            if (added) {
                become_table_if_many(draft);
            }
            return added;
        }
        become(draft, HASH_PACK);
        return set_in_pack(draft, field, value, expires_at_ms);
    case HASH_TABLE:
        return hash_table_set(draft->heap, field, value, expires_at_ms);
    default:
        return set_in_pack(draft, field, value, expires_at_ms);
    }
}

bool hash_draft_expire(struct hash_draft *draft, struct span field, int64_t expires_at_ms)
{
    struct hash_item item;
    assert(expires_at_ms == HASH_NEVER || expires_at_ms > 0);

    if (kind_of(draft) < HASH_TIMED_PACK) {
        if (!hash_find(hash_draft_value(draft), field, 0, &item)) {
            return false;
        }
        if (expires_at_ms == HASH_NEVER) {
            return true;
        }
        become(draft, HASH_TIMED_PACK);
    }
    if (kind_of(draft) == HASH_TABLE) {
        return hash_table_expire(draft->heap, field, expires_at_ms);
    }
    return hash_pack_expire(draft->heap, field, expires_at_ms);
}

bool hash_draft_remove(struct hash_draft *draft, struct span field)
{
    switch (kind_of(draft)) {
    case HASH_FLAT:
        return hash_flat_remove(draft->flat, field);
    case HASH_TABLE:
        return hash_table_remove(draft->heap, field);
    default:
        return hash_pack_remove(draft->heap, field);
    }
}
