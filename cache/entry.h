#ifndef PODIS_CACHE_ENTRY_H
#define PODIS_CACHE_ENTRY_H

/* A key and its value in one block of memory.
 *
 *     0      1        4         5           5 + 0, 6 or 8
 *     | head | access | key len | expires   | key bytes | value        |
 *       1      3        1 or 4    0, 6 or 8               flat, or 8 bytes: its address
 *
 *     head   bits 0–2  tag of the type
 *            bit  3    parts of the value expire
 *            bit  4    the value is on the heap
 *            bits 5–6  expires: 0 none, 1 six bytes, 2 eight bytes
 *            bit  7    the key's length takes four bytes: it is over 255
 *
 * Nothing is aligned and nothing is padded: a key of 16 bytes with an integer of eight digits
 * and a time to live is 32 bytes. Times are milliseconds of Unix time; six bytes last to
 * the year 10889. */

#include "cache/base/span.h"
#include "cache/types/type.h"

#include <stdint.h>

struct entry;

static inline struct span entry_key(const struct entry *entry);
const struct type *entry_type(const struct entry *entry);
static inline bool entry_is_of(const struct entry *entry, const struct type *type);
static inline int64_t entry_expires_at_ms(const struct entry *entry); /* -1: never. */
static inline bool entry_expires(const struct entry *entry);          /* Ever. */
static inline bool entry_has_due_parts(const struct entry *entry);    /* At some time. */
static inline uint32_t entry_access(const struct entry *entry);
static inline void entry_set_access(struct entry *entry, uint32_t access);
static inline void *entry_value(const struct entry *entry);
static inline bool entry_is_flat(const struct entry *entry); /* The value is inside. */

/* What an entry is made of. */
struct entry_form {
    struct span key;
    const struct type *type;
    void *heap; /* The value, or NULL for a flat one of `size` bytes. */
    size_t size;
    int64_t expires_at_ms; /* -1: never. */
    uint32_t access;       /* 24 bits, see cache/access.h. */
};

/* Bytes such an entry takes. A flat value over type.embed_max goes to the heap by itself. */
size_t entry_form_size(const struct entry_form *form);

/* Flat values are left for the caller to write, at entry_value(). */
struct entry *entry_new(const struct entry_form *form);

/* Frees the entry and its value. */
void entry_free(struct entry *entry);

/* Frees the entry, and returns its value, which is on the heap. */
void *entry_take_value(struct entry *entry);

/* Bytes of the allocator, the value's included. */
size_t entry_memory(const struct entry *entry);

/* The value was changed where it lies: notes whether parts of it expire. */
void entry_note_parts(struct entry *entry);

/* Each of these may move the entry: go on with what is returned. */

/* Another value of whatever type in place of this one, which is freed. Without an allocation
 * where the allocator would give a block of the same size. form.key is ignored. */
struct entry *entry_replace(struct entry *entry, const struct entry_form *form);

/* Room for `size` flat bytes, the present value in front, and some to spare. The type has
 * flat values. */
struct entry *entry_resize(struct entry *entry, size_t size);

struct entry *entry_expire(struct entry *entry, int64_t expires_at_ms);

/* The same value, expiry and access under another key; the value is copied if `keep` is true,
 * otherwise `entry` is freed. */
struct entry *entry_rename(struct entry *entry, struct span key, bool keep);

/* --- reading, inline because every request does it --- */

enum {
    ENTRY_TAG = 0x07,
    ENTRY_DUE_PARTS = 1 << 3,
    ENTRY_ON_HEAP = 1 << 4,
    ENTRY_EXPIRES_SHIFT = 5,
    ENTRY_EXPIRES = 3 << ENTRY_EXPIRES_SHIFT,
    ENTRY_LONG_KEY = 1 << 7,
    ENTRY_LEN_AT = 4,
};

struct entry {
    uint8_t head;
    uint8_t rest[]; /* From offset 1 on; reached through entry_bytes(). */
};

static inline uint8_t *entry_bytes(const struct entry *entry)
{
    return (uint8_t *)(uintptr_t)entry;
}

/* 0, 6 or 8, computed: a table would be one more cache line. */
static inline size_t entry_expires_width(uint8_t head)
{
    size_t code = (unsigned)head >> ENTRY_EXPIRES_SHIFT & 3;
    return code * 6 - (code & 2) * 2;
}

static inline size_t entry_expires_at(uint8_t head)
{
    return head & ENTRY_LONG_KEY ? ENTRY_LEN_AT + sizeof(uint32_t) : ENTRY_LEN_AT + 1;
}

static inline struct span entry_key(const struct entry *entry)
{
    const uint8_t *bytes = entry_bytes(entry);
    uint32_t len = bytes[ENTRY_LEN_AT];
    if (entry->head & ENTRY_LONG_KEY) {
        memcpy(&len, bytes + ENTRY_LEN_AT, sizeof(len));
    }
    size_t at = entry_expires_at(entry->head) + entry_expires_width(entry->head);
    return (struct span){ .bytes = (const char *)bytes + at, .len = len };
}

static inline bool entry_is_of(const struct entry *entry, const struct type *type)
{
    return (entry->head & ENTRY_TAG) == type->tag;
}

static inline bool entry_is_flat(const struct entry *entry)
{
    return (entry->head & ENTRY_ON_HEAP) == 0;
}

static inline bool entry_expires(const struct entry *entry)
{
    return (entry->head & ENTRY_EXPIRES) != 0;
}

static inline bool entry_has_due_parts(const struct entry *entry)
{
    return (entry->head & ENTRY_DUE_PARTS) != 0;
}

static inline int64_t entry_expires_at_ms(const struct entry *entry)
{
    uint64_t expires;
    if (!entry_expires(entry)) {
        return -1;
    }
    /* Eight bytes that end where the time ends; of six, the two before it are shifted out. */
    size_t width = entry_expires_width(entry->head);
    size_t end = entry_expires_at(entry->head) + width;
    memcpy(&expires, entry_bytes(entry) + end - sizeof(expires), sizeof(expires));
    return (int64_t)(expires >> (64 - 8 * width));
}

static inline uint32_t entry_access(const struct entry *entry)
{
    uint32_t word;
    memcpy(&word, entry_bytes(entry), sizeof(word));
    return word >> 8;
}

static inline void entry_set_access(struct entry *entry, uint32_t access)
{
    uint32_t word = access << 8 | entry->head;
    memcpy(entry_bytes(entry), &word, sizeof(word));
}

static inline void *entry_value(const struct entry *entry)
{
    struct span key = entry_key(entry);
    void *value = (void *)(uintptr_t)(key.bytes + key.len);
    if (!entry_is_flat(entry)) {
        memcpy(&value, key.bytes + key.len, sizeof(value));
    }
    return value;
}

#endif
