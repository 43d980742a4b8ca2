/* Fields with their values. Where each part lies follows from the first byte and the lengths. */

#include "cache/types/hash_pair.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum {
    LONG_FIELD = 1 << 0,
    LONG_VALUE = 1 << 1,
    EXPIRES = 1 << 2,

    HEAD = 1,
    TIME_BYTES = 6,
    PLACE_BYTES = 4,
    PLACE_AT = HEAD + TIME_BYTES,
    SHORT_MAX = UINT8_MAX
};

static uint8_t *bytes_of(const struct hash_pair *pair)
{
    return (uint8_t *)(uintptr_t)pair;
}

static size_t lens_at(uint8_t head)
{
    return head & EXPIRES ? HEAD + TIME_BYTES + PLACE_BYTES : HEAD;
}

/* Reads a length, and moves *at behind it. */
static size_t len_at(const uint8_t *bytes, size_t *at, bool is_long)
{
    uint32_t len = bytes[*at];
    if (!is_long) {
        *at += 1;
        return len;
    }
    memcpy(&len, bytes + *at, sizeof(len));
    *at += sizeof(len);
    return len;
}

static void write_len(uint8_t *bytes, size_t *at, bool is_long, size_t len)
{
    uint32_t len32 = (uint32_t)len;
    assert(len <= UINT32_MAX);
    if (!is_long) {
        bytes[*at] = (uint8_t)len;
        *at += 1;
        return;
    }
    memcpy(bytes + *at, &len32, sizeof(len32));
    *at += sizeof(len32);
}

static void write_text(uint8_t *bytes, size_t *at, struct span text)
{
    if (text.len > 0) {
        memcpy(bytes + *at, text.bytes, text.len);
    }
    *at += text.len;
}

struct texts {
    struct span field;
    struct span value;
};

static struct texts texts_of(const struct hash_pair *pair)
{
    const uint8_t *bytes = bytes_of(pair);
    size_t at = lens_at(bytes[0]);
    size_t field_len = len_at(bytes, &at, bytes[0] & LONG_FIELD);
    size_t value_len = len_at(bytes, &at, bytes[0] & LONG_VALUE);
    const char *field = (const char *)bytes + at;
    return (struct texts){ .field = { field, field_len },
                           .value = { field + field_len, value_len } };
}

struct span hash_pair_field(const struct hash_pair *pair)
{
    return texts_of(pair).field;
}

struct span hash_pair_value(const struct hash_pair *pair)
{
    return texts_of(pair).value;
}

static uint8_t head_for(struct span field, struct span value, bool expires)
{
    return (uint8_t)((field.len > SHORT_MAX ? LONG_FIELD : 0) |
                     (value.len > SHORT_MAX ? LONG_VALUE : 0) | (expires ? EXPIRES : 0));
}

static size_t size_for(uint8_t head, struct span field, struct span value)
{
    return lens_at(head) + (head & LONG_FIELD ? 4 : 1) + (head & LONG_VALUE ? 4 : 1) + field.len +
           value.len;
}

struct hash_pair *hash_pair_new(struct span field, struct span value, int64_t expires_at_ms)
{
    uint8_t head = head_for(field, value, expires_at_ms != HASH_NEVER);
    uint8_t *bytes = memory_alloc(size_for(head, field, value));
    size_t at = lens_at(head);

    bytes[0] = head;
    write_len(bytes, &at, head & LONG_FIELD, field.len);
    write_len(bytes, &at, head & LONG_VALUE, value.len);
    write_text(bytes, &at, field);
    write_text(bytes, &at, value);
    struct hash_pair *pair = (struct hash_pair *)(void *)bytes;
    if (expires_at_ms != HASH_NEVER) {
        hash_pair_expire(pair, expires_at_ms);
        hash_pair_set_place(pair, 0);
    }
    return pair;
}

struct hash_pair *hash_pair_replace(struct hash_pair *pair, struct span value)
{
    uint8_t *bytes = bytes_of(pair);
    struct texts old = texts_of(pair);
    bool expires = bytes[0] & EXPIRES;
    uint8_t head = head_for(old.field, value, expires);

    if (head == bytes[0] &&
        (value.len == old.value.len ||
         memory_usable(pair) == memory_rounded(size_for(head, old.field, value)))) {
        size_t at = (size_t)((const uint8_t *)old.value.bytes - bytes);
        size_t len_at = (size_t)((const uint8_t *)old.field.bytes - bytes) -
                        (head & LONG_VALUE ? sizeof(uint32_t) : 1);
        write_len(bytes, &len_at, head & LONG_VALUE, value.len);
        write_text(bytes, &at, value);
        return pair;
    }
    struct hash_pair *fresh = hash_pair_new(old.field, value, hash_pair_expires_at_ms(pair));
    if (expires) {
        hash_pair_set_place(fresh, hash_pair_place(pair));
    }
    memory_free(pair);
    return fresh;
}

/* --- when it expires --- */

int64_t hash_pair_expires_at_ms(const struct hash_pair *pair)
{
    const uint8_t *bytes = bytes_of(pair);
    int64_t expires_at_ms = 0;
    if (!(bytes[0] & EXPIRES)) {
        return HASH_NEVER;
    }
    memcpy(&expires_at_ms, bytes + HEAD, TIME_BYTES);
    return expires_at_ms;
}

void hash_pair_expire(struct hash_pair *pair, int64_t expires_at_ms)
{
    uint8_t *bytes = bytes_of(pair);
    assert(bytes[0] & EXPIRES);
    assert(expires_at_ms >= 0);
    assert(expires_at_ms < HASH_EXPIRES_END_MS);
    memcpy(bytes + HEAD, &expires_at_ms, TIME_BYTES);
}

uint32_t hash_pair_place(const struct hash_pair *pair)
{
    uint32_t place;
    assert(bytes_of(pair)[0] & EXPIRES);
    memcpy(&place, bytes_of(pair) + PLACE_AT, sizeof(place));
    return place;
}

void hash_pair_set_place(struct hash_pair *pair, uint32_t place)
{
    assert(bytes_of(pair)[0] & EXPIRES);
    memcpy(bytes_of(pair) + PLACE_AT, &place, sizeof(place));
}
