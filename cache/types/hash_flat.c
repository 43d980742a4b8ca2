/* Hashes of few small fields: found by looking at one after the other, which are two or three
 * cache lines, and changed by moving what is behind. */

#include "cache/types/hash_flat.h"

#include "cache/base/check.h"
#include "cache/types/hash_kind.h"

enum { LEN_AT = 1, FRONT = HASH_FLAT_FRONT, PAIR_FRONT = 2 };

static_assert(HASH_FLAT_MAX - FRONT <= UINT8_MAX, "one byte says the length of all");

static size_t end_of(const uint8_t *flat)
{
    return FRONT + flat[LEN_AT];
}

void hash_flat_clear(uint8_t *flat)
{
    flat[0] = HASH_FLAT;
    flat[LEN_AT] = 0;
}

size_t hash_flat_size(const uint8_t *flat)
{
    return end_of(flat);
}

/* The text whose length is at `at`. */
static struct span text_at(const uint8_t *flat, size_t at)
{
    return (struct span){ .bytes = (const char *)flat + at + 1, .len = flat[at] };
}

static size_t behind(const uint8_t *flat, size_t at)
{
    return at + 1 + flat[at];
}

size_t hash_flat_count(const uint8_t *flat)
{
    size_t count = 0;
    for (size_t at = FRONT; at < end_of(flat); count++) {
        at = behind(flat, behind(flat, at));
    }
    return count;
}

bool hash_flat_next(const uint8_t *flat, size_t *at, struct hash_item *item)
{
    size_t here = *at == 0 ? FRONT : *at;
    if (here == end_of(flat)) {
        return false;
    }
    size_t value = behind(flat, here);
    item->field = text_at(flat, here);
    item->value = text_at(flat, value);
    item->expires_at_ms = HASH_NEVER;
    *at = behind(flat, value);
    return true;
}

/* Where the field's length is; 0 if it is not there. */
static size_t find(const uint8_t *flat, struct span field)
{
    size_t end = end_of(flat);
    for (size_t at = FRONT; at < end;) {
        if (span_equal(text_at(flat, at), field)) {
            return at;
        }
        at = behind(flat, behind(flat, at));
    }
    return 0;
}

bool hash_flat_find(const uint8_t *flat, struct span field, struct hash_item *item)
{
    size_t at = find(flat, field);
    return at != 0 && hash_flat_next(flat, &at, item);
}

/* Puts `size` bytes in the place of those from `at` to `end`; the caller writes them. */
static void make_room(uint8_t *flat, size_t at, size_t end, size_t size)
{
    size_t all = end_of(flat);
    assert(all - (end - at) + size <= HASH_FLAT_MAX);
    memmove(flat + at + size, flat + end, all - end);
    flat[LEN_AT] = (uint8_t)(all - (end - at) + size - FRONT);
}

static void write_text(uint8_t *flat, size_t at, struct span text)
{
    flat[at] = (uint8_t)text.len;
    if (text.len > 0) {
        memcpy(flat + at + 1, text.bytes, text.len);
    }
}

bool hash_flat_set(uint8_t *flat, struct span field, struct span value, bool *added)
{
    size_t at = find(flat, field);
    size_t room = HASH_FLAT_MAX - end_of(flat);

    *added = at == 0;
    if (at != 0) {
        size_t value_at = behind(flat, at);
        if (value.len > room + flat[value_at]) {
            return false;
        }
        make_room(flat, value_at, behind(flat, value_at), 1 + value.len);
        write_text(flat, value_at, value);
        return true;
    }
    if (field.len > room || value.len > room || PAIR_FRONT + field.len + value.len > room) {
        return false;
    }
    at = end_of(flat);
    make_room(flat, at, at, PAIR_FRONT + field.len + value.len);
    write_text(flat, at, field);
    write_text(flat, at + 1 + field.len, value);
    return true;
}

bool hash_flat_remove(uint8_t *flat, struct span field)
{
    size_t at = find(flat, field);
    if (at == 0) {
        return false;
    }
    make_room(flat, at, behind(flat, behind(flat, at)), 0);
    return true;
}
