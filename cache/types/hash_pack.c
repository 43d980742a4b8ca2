/* Small hashes in a listpack, with and without times. */

#include "cache/types/hash_pack.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/listpack.h"
#include "cache/types/hash_kind.h"

/* Elements for a field. */
static size_t width(const struct hash_pack *hash)
{
    return hash->kind == HASH_TIMED_PACK ? 3 : 2;
}

struct hash_pack *hash_pack_new(struct listpack **take_pack, bool timed)
{
    struct hash_pack *hash = memory_alloc(sizeof(*hash));
    *hash = (struct hash_pack){ .kind = timed ? HASH_TIMED_PACK : HASH_PACK, .pack = *take_pack };
    *take_pack = NULL;
    return hash;
}

struct hash_pack *hash_pack_copy(const struct hash_pack *hash)
{
    struct listpack *pack = listpack_copy(hash->pack);
    return hash_pack_new(&pack, hash->kind == HASH_TIMED_PACK);
}

void hash_pack_free(struct hash_pack *hash)
{
    memory_free(hash->pack);
    memory_free(hash);
}

/* --- reading --- */

static int64_t time_at(const struct hash_pack *hash, size_t at)
{
    int64_t time;
    bool is_number = listpack_number(hash->pack, at, &time);
    assert(is_number);
    return time == 0 ? HASH_NEVER : time;
}

size_t hash_pack_count(const struct hash_pack *hash)
{
    return listpack_count(hash->pack) / width(hash);
}

bool hash_pack_next(const struct hash_pack *hash, size_t *at, struct hash_item *item)
{
    const struct listpack *pack = hash->pack;
    size_t field = *at == 0 ? listpack_first(pack) : *at;

    /* Behind the last there is nothing: *at would be 0, which is the beginning. */
    if (field == 0 || field == SIZE_MAX) {
        return false;
    }
    size_t value = listpack_next(pack, field);
    size_t last = value;
    item->field = listpack_text(pack, field, item->field_room);
    item->value = listpack_text(pack, value, item->value_room);
    item->expires_at_ms = HASH_NEVER;
    if (hash->kind == HASH_TIMED_PACK) {
        last = listpack_next(pack, value);
        item->expires_at_ms = time_at(hash, last);
    }
    size_t next = listpack_next(pack, last);
    *at = next == 0 ? SIZE_MAX : next;
    return true;
}

/* Where the field is; 0 if it is not there. */
static size_t find(const struct hash_pack *hash, struct span field)
{
    size_t first = listpack_first(hash->pack);
    return first == 0 ? 0 : listpack_find(hash->pack, first, field, width(hash) - 1);
}

bool hash_pack_find(const struct hash_pack *hash, struct span field, struct hash_item *item)
{
    size_t at = find(hash, field);
    if (at == 0) {
        return false;
    }
    size_t value = listpack_next(hash->pack, at);
    item->field = listpack_text(hash->pack, at, item->field_room);
    item->value = listpack_text(hash->pack, value, item->value_room);
    item->expires_at_ms =
        hash->kind == HASH_PACK ? HASH_NEVER : time_at(hash, listpack_next(hash->pack, value));
    return true;
}

int64_t hash_pack_first_ms(const struct hash_pack *hash)
{
    assert(hash->kind == HASH_TIMED_PACK);
    size_t at = listpack_at(hash->pack, 2);
    return at == 0 ? HASH_NEVER : time_at(hash, at);
}

int64_t hash_pack_last_ms(const struct hash_pack *hash)
{
    assert(hash->kind == HASH_TIMED_PACK);
    size_t at = listpack_last(hash->pack);
    return at == 0 ? HASH_NEVER : time_at(hash, at);
}

/* --- changing --- */

/* A field that is not there goes before the first that expires later. */
static void add_timed(struct hash_pack *hash, struct span field, struct span value,
                      int64_t expires_at_ms)
{
    size_t at = expires_at_ms == HASH_NEVER ? 0 : listpack_first(hash->pack);
    while (at != 0) {
        size_t time = listpack_next(hash->pack, listpack_next(hash->pack, at));
        int64_t other = time_at(hash, time);
        if (other == HASH_NEVER || other > expires_at_ms) {
            break;
        }
        at = listpack_next(hash->pack, time);
    }
    if (at == 0) {
        listpack_append(&hash->pack, field);
        listpack_append(&hash->pack, value);
        listpack_append_number(&hash->pack, expires_at_ms == HASH_NEVER ? 0 : expires_at_ms);
        return;
    }
    at = listpack_insert_number(&hash->pack, at, expires_at_ms);
    at = listpack_insert(&hash->pack, at, value);
    listpack_insert(&hash->pack, at, field);
}

static void add(struct hash_pack *hash, struct span field, struct span value, int64_t expires_at_ms)
{
    if (hash->kind == HASH_TIMED_PACK) {
        add_timed(hash, field, value, expires_at_ms);
        return;
    }
    assert(expires_at_ms == HASH_NEVER);
    listpack_append(&hash->pack, field);
    listpack_append(&hash->pack, value);
}

/* When the field at `at` expires. */
static int64_t time_of(const struct hash_pack *hash, size_t at)
{
    if (hash->kind == HASH_PACK) {
        return HASH_NEVER;
    }
    return time_at(hash, listpack_next(hash->pack, listpack_next(hash->pack, at)));
}

bool hash_pack_set(struct hash_pack *hash, struct span field, struct span value,
                   int64_t expires_at_ms)
{
    size_t at = find(hash, field);

    if (at == 0) {
        add(hash, field, value, expires_at_ms == HASH_AS_IS ? HASH_NEVER : expires_at_ms);
        return true;
    }
    if (expires_at_ms == HASH_AS_IS || expires_at_ms == time_of(hash, at)) {
        listpack_replace(&hash->pack, listpack_next(hash->pack, at), value);
        return false;
    }
    listpack_remove(&hash->pack, at, width(hash));
    add(hash, field, value, expires_at_ms);
    return false;
}

bool hash_pack_expire(struct hash_pack *hash, struct span field, int64_t expires_at_ms)
{
    size_t at = find(hash, field);

    if (at == 0) {
        return false;
    }
    if (expires_at_ms == time_of(hash, at)) {
        return true;
    }
    /* It changes its place, so the value is moved: through a copy, as it lies in the pack. */
    char room[NUMBER_TEXT_MAX];
    struct span text = listpack_text(hash->pack, listpack_next(hash->pack, at), room);
    char *kept = memory_copy_text(text.bytes, text.len);
    listpack_remove(&hash->pack, at, width(hash));
    add(hash, field, (struct span){ kept, text.len }, expires_at_ms);
    memory_free(kept);
    return true;
}

bool hash_pack_remove(struct hash_pack *hash, struct span field)
{
    size_t at = find(hash, field);
    if (at == 0) {
        return false;
    }
    listpack_remove(&hash->pack, at, width(hash));
    return true;
}
