/* Ranges are marked before their entries are visited, and a range is visited whole, so nothing
 * can come between. A bucket may hold several ranges once the table has shrunk: entries of the
 * others are passed over by their hash. */

#include "cache/frozen.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { POSITION_BITS = 48, BITS_PER_WORD = 64, RANGE_BITS_MAX = 32 };

struct frozen {
    const struct table *table;
    uint64_t seed;
    int db;
    unsigned bits; /* There are 2^bits ranges. */
    frozen_fn visit;
    void *context;
    uint64_t next;      /* The range at which frozen_step() goes on. */
    uint64_t visiting;  /* The range that is being visited. */
    uint64_t visited[]; /* A bit for each range. */
};

static uint64_t range_count(const struct frozen *frozen)
{
    return UINT64_C(1) << frozen->bits;
}

static uint64_t range_of(const struct frozen *frozen, uint64_t hash)
{
    return hash >> 1 >> (63 - frozen->bits); /* In two steps: bits may be 0. */
}

static bool is_visited(const struct frozen *frozen, uint64_t range)
{
    return frozen->visited[range / BITS_PER_WORD] >> (range % BITS_PER_WORD) & 1;
}

struct frozen *frozen_new(const struct table *table, uint64_t seed, int db, frozen_fn visit,
                          void *context)
{
    uint64_t buckets = table_buckets(table);
    unsigned bits = 0;

    while (bits < RANGE_BITS_MAX && UINT64_C(2) << bits <= buckets) {
        bits++;
    }
    uint64_t words = ((UINT64_C(1) << bits) + BITS_PER_WORD - 1) / BITS_PER_WORD;
    struct frozen *frozen = memory_zero(sizeof(*frozen) + words * sizeof(frozen->visited[0]));
    frozen->table = table;
    frozen->seed = seed;
    frozen->db = db;
    frozen->bits = bits;
    frozen->visit = visit;
    frozen->context = context;
    return frozen;
}

void frozen_free(struct frozen *frozen)
{
    memory_free(frozen);
}

static void visit_entry(void *context, void *element)
{
    const struct frozen *frozen = context;
    const struct entry *entry = element;
    uint64_t hash = table_hash(entry_key(entry), frozen->seed);

    if (range_of(frozen, hash) == frozen->visiting) {
        frozen->visit(frozen->context, frozen->db, entry);
    }
}

static void visit_range(struct frozen *frozen, uint64_t range)
{
    uint64_t position = range << (POSITION_BITS - frozen->bits);
    uint64_t end = (range + 1) << (POSITION_BITS - frozen->bits);

    assert(!is_visited(frozen, range));
    frozen->visited[range / BITS_PER_WORD] |= UINT64_C(1) << (range % BITS_PER_WORD);
    frozen->visiting = range;
    do {
        position = table_scan(frozen->table, position, visit_entry, frozen);
    } while (position != 0 && position < end);
}

void frozen_keep(struct frozen *frozen, uint64_t hash)
{
    uint64_t range = range_of(frozen, hash);

    if (!is_visited(frozen, range)) {
        visit_range(frozen, range);
    }
}

void frozen_keep_entry(struct frozen *frozen, const struct entry *entry)
{
    frozen_keep(frozen, table_hash(entry_key(entry), frozen->seed));
}

bool frozen_step(struct frozen *frozen, size_t *budget)
{
    uint64_t count = range_count(frozen);

    for (; frozen->next<count && * budget> 0; frozen->next++) {
        if (!is_visited(frozen, frozen->next)) {
            visit_range(frozen, frozen->next);
        }
        *budget -= 1;
    }
    return frozen->next == count;
}
