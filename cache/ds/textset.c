/* Hash sets of texts. A member says its own length and where it lies, so that nothing else is
 * needed to find it or to free it:
 *
 *     | len: 7 bits, pooled: 1 bit | text |     up to 127 bytes
 *     | 255 | len: 4 bytes         | text |     longer
 *
 * A large set keeps its members in a pool, where they take less room. In a small one the pool's
 * half-empty pages would take more, so there they are blocks of the heap. */

#include "cache/ds/textset.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/pool.h"
#include "cache/ds/table.h"

enum { SHORT_MAX = 127, POOLED = 128, LONG_MARK = UINT8_MAX }; /* No pool takes 127 bytes. */
/* So many members make a set large. */
enum { LARGE_COUNT = 1024 };

struct textset {
    struct table *table;
    uint64_t seed;
    size_t heap_bytes; /* Of members that are not in the pool. */
    struct pool pool;
};

/* --- members --- */

static size_t front(size_t len)
{
    return len <= SHORT_MAX ? 1 : 1 + sizeof(uint32_t);
}

static bool is_pooled(const uint8_t *member)
{
    return member[0] & POOLED && member[0] != LONG_MARK;
}

static uint8_t *member_new(struct textset *set, struct span text)
{
    size_t size = front(text.len) + text.len;
    bool pooled = table_count(set->table) >= LARGE_COUNT && pool_takes(size);
    uint8_t *member = pooled ? pool_alloc(&set->pool, size) : memory_alloc(size);

    if (text.len <= SHORT_MAX) {
        member[0] = (uint8_t)(text.len | (pooled ? POOLED : 0));
    } else {
        uint32_t len = (uint32_t)text.len;
        assert(text.len <= UINT32_MAX);
        member[0] = LONG_MARK;
        memcpy(member + 1, &len, sizeof(len));
    }
    if (text.len > 0) {
        memcpy(member + front(text.len), text.bytes, text.len);
    }
    set->heap_bytes += pooled ? 0 : memory_usable(member);
    return member;
}

static void member_free(struct textset *set, uint8_t *member)
{
    if (is_pooled(member)) {
        pool_free(&set->pool, member);
    } else {
        set->heap_bytes -= memory_usable(member);
        memory_free(member);
    }
}

static struct span member_text(const void *entry)
{
    const uint8_t *member = entry;
    uint32_t len = member[0] & SHORT_MAX;
    if (member[0] == LONG_MARK) {
        memcpy(&len, member + 1, sizeof(len));
    }
    return (struct span){ (const char *)member + front(len), len };
}

static const struct table_type member_type = { .key = member_text };

/* --- life --- */

struct textset *textset_new(uint64_t seed)
{
    struct textset *set = memory_alloc(sizeof(*set));
    *set = (struct textset){ .table = table_new(&member_type, seed), .seed = seed };
    return set;
}

static void drop_member(void *context, void *entry)
{
    member_free(context, entry);
}

void textset_free(struct textset *set)
{
    if (set == NULL) {
        return;
    }
    while (table_drain(set->table, SIZE_MAX, drop_member, set) > 0) {
    }
    table_free(set->table);
    memory_free(set);
}

static void add_copy(void *context, struct span text)
{
    textset_add(context, text);
}

struct textset *textset_copy(const struct textset *set)
{
    struct textset *copy = textset_new(set->seed);
    uint64_t position = 0;
    do {
        position = textset_scan(set, position, add_copy, copy);
    } while (position != 0);
    return copy;
}

/* --- reading --- */

size_t textset_count(const struct textset *set)
{
    return table_count(set->table);
}

size_t textset_memory(const struct textset *set)
{
    return memory_usable(set) + table_bytes(set->table) + pool_bytes(&set->pool) + set->heap_bytes;
}

bool textset_has(const struct textset *set, struct span text)
{
    return table_find(set->table, text, table_hash(text, set->seed)) != NULL;
}

struct span textset_random(const struct textset *set, uint64_t *random_state)
{
    const struct table_slot *slot = table_random(set->table, random_state);
    assert(slot != NULL);
    return member_text(table_slot_get(slot));
}

struct visitor {
    void (*visit)(void *context, struct span text);
    void *context;
};

static void visit_member(void *context, void *entry)
{
    const struct visitor *visitor = context;
    visitor->visit(visitor->context, member_text(entry));
}

uint64_t textset_scan(const struct textset *set, uint64_t position,
                      void (*visit)(void *context, struct span text), void *context)
{
    struct visitor visitor = { .visit = visit, .context = context };
    return table_scan(set->table, position, visit_member, &visitor);
}

/* --- changing --- */

bool textset_add(struct textset *set, struct span text)
{
    uint64_t hash = table_hash(text, set->seed);
    if (table_find(set->table, text, hash) != NULL) {
        return false;
    }
    table_add(set->table, member_new(set, text), hash);
    return true;
}

bool textset_remove(struct textset *set, struct span text)
{
    uint64_t hash = table_hash(text, set->seed);
    struct table_slot *slot = table_find(set->table, text, hash);
    if (slot == NULL) {
        return false;
    }
    uint8_t *member = table_slot_get(slot);
    table_remove(set->table, slot, hash);
    member_free(set, member);
    return true;
}
