/* The type of hashes: all that the rest of podis may know about them. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/hash_flat.h"
#include "cache/types/hash_kind.h"
#include "cache/types/hash_pack.h"
#include "cache/types/hash_saved.h"
#include "cache/types/hash_table.h"
#include "cache/types/type.h"

static void hash_free(void *hash)
{
    if (hash_has_table(hash)) {
        hash_table_free(hash);
    } else {
        hash_pack_free(hash);
    }
}

static void *copy(const void *hash)
{
    return hash_has_table(hash) ? (void *)hash_table_copy(hash) : (void *)hash_pack_copy(hash);
}

static size_t size(const void *hash)
{
    return hash_flat_size(hash);
}

static size_t memory(const void *hash)
{
    switch (hash_kind_of(hash)) {
    case HASH_FLAT:
        return 0;
    case HASH_TABLE:
        return hash_table_memory(hash);
    default:
        return memory_usable(hash) + memory_usable(((const struct hash_pack *)hash)->pack);
    }
}

static size_t effort(const void *hash)
{
    return hash_has_table(hash) ? hash_table_count(hash) : 1;
}

static const char *encoding(const void *hash)
{
    switch (hash_kind_of(hash)) {
    case HASH_TIMED_PACK:
        return "listpackex";
    case HASH_TABLE:
        return "hashtable";
    default:
        return "listpack";
    }
}

struct rewriter {
    struct span key;
    rewrite_fn emit;
    void *context;
};

/* One command for each field, as Redis's log has them for a few; and one more if it expires. */
static void rewrite_item(void *context, const struct hash_item *item)
{
    const struct rewriter *rewriter = context;
    struct span set[] = { SPAN("HSET"), rewriter->key, item->field, item->value };
    rewriter->emit(rewriter->context, set, COUNT(set));

    if (item->expires_at_ms != HASH_NEVER) {
        char text[NUMBER_TEXT_MAX];
        struct span time = { text, number_format(text, item->expires_at_ms) };
        struct span expire[] = {
            SPAN("HPEXPIREAT"), rewriter->key, time, SPAN("FIELDS"), SPAN("1"), item->field,
        };
        rewriter->emit(rewriter->context, expire, COUNT(expire));
    }
}

static void rewrite(struct span key, const void *hash, rewrite_fn emit, void *context)
{
    struct rewriter rewriter = { .key = key, .emit = emit, .context = context };
    hash_each(hash, 0, rewrite_item, &rewriter);
}

static void digest_item(void *context, const struct hash_item *item)
{
    struct digest sum = { { 0 } };
    digest_mix(&sum, item->field);
    digest_mix(&sum, item->value);
    if (item->expires_at_ms != HASH_NEVER) {
        digest_xor(&sum, SPAN("!!hexpire!!"));
    }
    digest_xor(context, (struct span){ (const char *)sum.bytes, sizeof(sum.bytes) });
}

static void digest(const void *hash, struct digest *sum)
{
    hash_each(hash, 0, digest_item, sum);
}

/* --- what expires inside --- */

static struct type_due due(const void *hash)
{
    struct type_due none = { .first_ms = INT64_MAX, .all_ms = INT64_MAX };

    if (hash_kind_of(hash) == HASH_TIMED_PACK && hash_pack_first_ms(hash) != HASH_NEVER) {
        int64_t last = hash_pack_last_ms(hash);
        return (struct type_due){ .first_ms = hash_pack_first_ms(hash),
                                  .all_ms = last == HASH_NEVER ? INT64_MAX : last };
    }
    if (hash_kind_of(hash) == HASH_TABLE && hash_table_due(hash) != NULL) {
        const struct hash_due *due = hash_table_due(hash);
        const struct hash_pair *first = hash_due_first(due);
        if (first == NULL) {
            return none;
        }
        bool all = due->count == hash_table_count(hash);
        return (struct type_due){ .first_ms = hash_pair_expires_at_ms(first),
                                  .all_ms = all ? due->last_ms : INT64_MAX };
    }
    return none;
}

/* Any field that has expired; there is one if the first of all has. */
static bool find_due(const void *hash, uint64_t now_ms, struct hash_item *item)
{
    size_t at = 0;

    if (!hash_is_due(due(hash).first_ms, now_ms)) {
        return false;
    }
    if (hash_has_table(hash)) {
        item->field = hash_pair_field(hash_due_first(hash_table_due(hash)));
        return true;
    }
    return hash_pack_next(hash, &at, item);
}

static bool expire(void *hash, uint64_t now_ms, size_t *max,
                   void (*gone)(void *context, struct span part), void *context)
{
    struct hash_item item;

    for (; *max > 0 && find_due(hash, now_ms, &item); *max -= 1) {
        gone(context, item.field);
        if (hash_has_table(hash)) {
            hash_table_remove(hash, item.field);
        } else {
            hash_pack_remove(hash, item.field);
        }
    }
    return hash_count(hash, 0) > 0;
}

static const struct type_parts parts = {
    .removal = "HDEL",
    .event = "hexpired",
    .due = due,
    .expire = expire,
};

/* --- from the heap into the entry --- */

static size_t settled_size(const void *hash)
{
    size_t flat = HASH_FLAT_FRONT;
    struct hash_item item;

    if (hash_kind_of(hash) != HASH_PACK || hash_pack_count(hash) > HASH_FLAT_MAX / 2) {
        return 0;
    }
    for (size_t at = 0; hash_pack_next(hash, &at, &item);) {
        flat += 2 + item.field.len + item.value.len;
    }
    return flat <= HASH_FLAT_MAX ? flat : 0;
}

static void settle(const void *hash, void *room)
{
    uint8_t flat[HASH_FLAT_MAX];
    struct hash_item item;

    hash_flat_clear(flat);
    for (size_t at = 0; hash_pack_next(hash, &at, &item);) {
        bool added;
        bool fits = hash_flat_set(flat, item.field, item.value, &added);
        assert(fits);
        assert(added);
    }
    memcpy(room, flat, hash_flat_size(flat));
}

const struct type type_hash = {
    .name = "hash",
    .tag = TAG_HASH,
    .embed_max = HASH_FLAT_MAX,
    .free = hash_free,
    .copy = copy,
    .size = size,
    .memory = memory,
    .effort = effort,
    .encoding = encoding,
    .rewrite = rewrite,
    .digest = digest,
    .save = hash_save,
    .load = hash_load,
    .codes = hash_saved_codes,
    .settled_size = settled_size,
    .settle = settle,
    .parts = &parts,
};
