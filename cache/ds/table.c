/* The hash table of a database.
 *
 * A bucket is one cache line:
 *
 *     0       9      10                                                     64
 *     | tags  | meta | pointer 0 | pointer 1 | …                | pointer 8 |
 *       9 × 1   1      9 × 6 bytes
 *
 * A tag is the low byte of the hash with 0 turned into 1; 0 says that the place is free. All
 * nine are compared at once (cache/base/match.h). A bucket that overflows gives up its last
 * pointer for a child bucket (meta bit CHILD), and so on: a chain.
 *
 *     1. Only the last bucket of a chain has free places.
 *     2. A child has at least two entries, or its one entry would be in the parent's last place.
 *     3. Bucket b of n holds the hashes in [b/n, (b+1)/n) of hash space: its number is the
 *        hash's high bits. The tag is made of the low ones, so the two are independent.
 *
 * While it resizes there are two arrays. Buckets of the old one move in order, `moved` of
 * them are done; a key whose old bucket is below `moved` lives in the new array, any other in
 * the old. Hence one comparison says where a key is, and no look-up visits both.
 *
 *              0            moved
 *     old      |  (empty)   | ··········|            each write moves one more bucket,
 *     new      | ··········· |  (empty)             |   table_step() as many as it may
 *
 * It grows when more than 85 % of the places are taken, at which a quarter of the buckets
 * have a child: 10.4 bytes per entry, children included. */

#include "cache/ds/table.h"

#include "cache/base/check.h"
#include "cache/base/match.h"
#include "cache/base/memory.h"
#include "cache/base/prefetch.h"

#include <stdalign.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "48-bit pointers are read as words");

enum {
    PLACES = 9,
    LAST = PLACES - 1,
    LINE = 64,
    PAGE = 4096,
    POINTER_BYTES = 6,
    POSITION_BITS = 48,
    SMALLEST_BITS = 0,
    LARGEST_BITS = 40,
    AT_ONCE = 64,     /* Arrays up to this many buckets are moved in one go. */
    DISCARDED = 1024, /* Of larger ones so many emptied buckets at a time go back to the kernel. */
    SHRINK_BITS = 3   /* At most, per resize: a scan step visits up to 2^3 buckets for it. */
};

enum { CHILD = BIT(0), MARKED = BIT(1) };

struct bucket {
    alignas(LINE) uint8_t tags[PLACES];
    uint8_t meta;
    uint8_t pointers[PLACES * POINTER_BYTES];
};
static_assert(sizeof(struct bucket) == LINE, "a bucket is one cache line");

struct array {
    struct bucket *buckets;
    unsigned bits; /* There are 2^bits. */
};

struct table {
    const struct table_type *type;
    uint64_t seed;
    uint64_t count;
    uint64_t grow_above;
    uint64_t shrink_below;
    struct array now;
    struct array old; /* No buckets: no resize is under way. */
    uint64_t moved;
    uint64_t children;
    uint64_t drained;
};

/* --- buckets --- */

static uint8_t tag_of(uint64_t hash)
{
    uint8_t tag = (uint8_t)hash;
    return tag == 0 ? 1 : tag;
}

static void *place_get(const struct bucket *bucket, unsigned place)
{
    uint64_t word; /* The two bytes before the pointer, and the pointer. */
    memcpy(&word, (const char *)bucket + 8 + place * POINTER_BYTES, sizeof(word));
    return (void *)(uintptr_t)(word >> 16);
}

static void place_set(struct bucket *bucket, unsigned place, const void *pointer)
{
    uint64_t word = (uintptr_t)pointer;
    assert(word >> 48 == 0);
    memcpy(bucket->pointers + place * POINTER_BYTES, &word, POINTER_BYTES);
}

static struct bucket *child_of(const struct bucket *bucket)
{
    return bucket->meta & CHILD ? place_get(bucket, LAST) : NULL;
}

/* A bit for each place that can hold an entry. */
static uint32_t places_of(const struct bucket *bucket)
{
    return bucket->meta & CHILD ? BIT(LAST) - 1 : BIT(PLACES) - 1;
}

static uint32_t free_in(const struct bucket *bucket)
{
    return match_16(bucket->tags, 0) & places_of(bucket);
}

static uint32_t taken_in(const struct bucket *bucket)
{
    return ~match_16(bucket->tags, 0) & places_of(bucket);
}

static unsigned lowest(uint32_t bits)
{
    return (unsigned)__builtin_ctz(bits);
}

static struct table_slot *slot_at(struct bucket *bucket, unsigned place)
{
    return (struct table_slot *)(void *)(bucket->pointers + place * POINTER_BYTES);
}

static struct bucket *slot_bucket(const struct table_slot *slot)
{
    return (struct bucket *)((uintptr_t)slot & ~(uintptr_t)(LINE - 1));
}

static unsigned slot_place(const struct table_slot *slot)
{
    const char *first = (const char *)slot_bucket(slot)->pointers;
    return (unsigned)((const char *)slot - first) / POINTER_BYTES;
}

/* --- arrays --- */

static struct array array_new(unsigned bits)
{
    assert(bits <= LARGEST_BITS);
    /* Large ones begin with a page, so that DISCARDED buckets are whole pages. */
    size_t alignment = (UINT64_C(1) << bits) < DISCARDED ? LINE : PAGE;
    return (struct array){
        .buckets = memory_zero_aligned(alignment, sizeof(struct bucket) << bits),
        .bits = bits,
    };
}

static uint64_t array_len(const struct array *array)
{
    return array->buckets == NULL ? 0 : UINT64_C(1) << array->bits;
}

static uint64_t array_index(const struct array *array, uint64_t hash)
{
    return hash >> 1 >> (63 - array->bits); /* In two steps: bits may be 0. */
}

static struct bucket *home_of(const struct table *table, uint64_t hash)
{
    if (table->old.buckets != NULL) {
        uint64_t index = array_index(&table->old, hash);
        if (index >= table->moved) {
            return &table->old.buckets[index];
        }
    }
    return &table->now.buckets[array_index(&table->now, hash)];
}

/* --- chains --- */

static struct table_slot *chain_find(const struct table_type *type, struct bucket *bucket,
                                     struct span key, uint8_t tag)
{
    for (; bucket != NULL; bucket = child_of(bucket)) {
        uint32_t hits = match_16(bucket->tags, tag) & (BIT(PLACES) - 1);
        for (; hits != 0; hits &= hits - 1) {
            unsigned place = lowest(hits);
            struct span other = type->key(place_get(bucket, place));
            if (other.len == key.len && span_same_bytes(other.bytes, key.bytes, key.len)) {
                return slot_at(bucket, place);
            }
        }
    }
    return NULL;
}

/* Turns the last place of a full bucket into a child, which gets what was there. */
static struct bucket *grow_child(struct table *table, struct bucket *bucket)
{
    struct bucket *child = memory_zero_aligned(LINE, sizeof(*child));
    child->tags[0] = bucket->tags[LAST];
    place_set(child, 0, place_get(bucket, LAST));
    child->meta = bucket->meta & MARKED;

    bucket->tags[LAST] = 0;
    bucket->meta |= CHILD;
    place_set(bucket, LAST, child);
    table->children++;
    return child;
}

static struct table_slot *chain_add(struct table *table, struct bucket *bucket, void *entry,
                                    uint8_t tag, uint8_t marked)
{
    while (bucket->meta & CHILD) {
        bucket = child_of(bucket);
    }
    uint32_t room = free_in(bucket);
    if (room == 0) {
        bucket = grow_child(table, bucket);
        room = free_in(bucket);
    }
    unsigned place = lowest(room);
    bucket->tags[place] = tag;
    bucket->meta |= marked;
    place_set(bucket, place, entry);
    return slot_at(bucket, place);
}

static void drop_child(struct table *table, struct bucket *parent)
{
    memory_free(child_of(parent));
    parent->meta &= (uint8_t)~CHILD;
    place_set(parent, LAST, NULL);
    table->children--;
}

/* Moves the entry in the highest taken place of `from`. */
static void move_highest(struct bucket *from, struct bucket *to, unsigned place)
{
    unsigned highest = 31 - (unsigned)__builtin_clz(taken_in(from));
    to->tags[place] = from->tags[highest];
    to->meta |= from->meta & MARKED;
    place_set(to, place, place_get(from, highest));
    from->tags[highest] = 0;
    place_set(from, highest, NULL);
}

/* Restores invariants 1 and 2 after entries were taken out. */
static void chain_compact(struct table *table, struct bucket *home)
{
    while (home->meta & CHILD) {
        struct bucket *parent = home;
        struct bucket *hole = free_in(home) != 0 ? home : NULL;
        struct bucket *last = child_of(home);
        for (; last->meta & CHILD; last = child_of(last)) {
            parent = last;
            hole = hole == NULL && free_in(last) != 0 ? last : hole;
        }

        int entries = __builtin_popcount(taken_in(last));
        if (entries == 0) {
            drop_child(table, parent);
        } else if (hole != NULL) {
            move_highest(last, hole, lowest(free_in(hole)));
        } else if (entries == 1) {
            unsigned only = lowest(taken_in(last));
            uint8_t tag = last->tags[only], marked = last->meta & MARKED;
            void *entry = place_get(last, only);
            drop_child(table, parent);
            parent->tags[LAST] = tag;
            parent->meta |= marked;
            place_set(parent, LAST, entry);
        } else {
            return;
        }
    }
}

static void chain_empty(struct table *table, struct bucket *home)
{
    struct bucket *child = child_of(home);
    while (child != NULL) {
        struct bucket *next = child_of(child);
        memory_free(child);
        table->children--;
        child = next;
    }
    memset(home, 0, sizeof(*home));
}

/* Bucket `index` was emptied for good. Freeing a whole array at once would take a millisecond
 * for each 8 MB of pages; this way it is done before. */
static void discard_emptied(struct array *array, uint64_t index)
{
    if ((index + 1) % DISCARDED == 0) {
        memory_discard(&array->buckets[index + 1 - DISCARDED], DISCARDED * sizeof(struct bucket));
    }
}

/* --- resizing --- */

static void move_bucket(struct table *table, uint64_t index)
{
    struct bucket *home = &table->old.buckets[index];
    for (struct bucket *bucket = home; bucket != NULL; bucket = child_of(bucket)) {
        for (uint32_t left = taken_in(bucket); left != 0; left &= left - 1) {
            void *entry = place_get(bucket, lowest(left));
            uint64_t hash = table_hash(table->type->key(entry), table->seed);
            struct bucket *to = &table->now.buckets[array_index(&table->now, hash)];
            chain_add(table, to, entry, tag_of(hash), bucket->meta & MARKED);
        }
    }
    chain_empty(table, home);
}

/* So that the next move finds its entries in the processor's cache. */
static void prefetch_move(const struct table *table)
{
    uint64_t next = table->moved;
    if (next + 1 < array_len(&table->old)) {
        prefetch(&table->old.buckets[next + 1]);
    }
    const struct bucket *bucket = &table->old.buckets[next];
    for (uint32_t left = taken_in(bucket); left != 0; left &= left - 1) {
        prefetch(place_get(bucket, lowest(left)));
    }
}

static void set_limits(struct table *table)
{
    uint64_t places = array_len(&table->now) * PLACES;
    table->grow_above = places * 85 / 100;
    table->shrink_below = table->now.bits == SMALLEST_BITS ? 0 : places / 10;
}

static void start_resize(struct table *table, unsigned bits)
{
    assert(table->old.buckets == NULL);
    table->old = table->now;
    table->now = array_new(bits);
    table->moved = 0;
    set_limits(table);
    if (array_len(&table->old) <= AT_ONCE) {
        table_step(table, AT_ONCE);
    }
}

/* Few enough buckets that half the places are taken, but not many fewer at a time. */
static void shrink(struct table *table)
{
    unsigned bits = table->now.bits;
    unsigned least = bits > SMALLEST_BITS + SHRINK_BITS ? bits - SHRINK_BITS : SMALLEST_BITS;
    while (bits > least && table->count * 2 <= ((uint64_t)PLACES << (bits - 1))) {
        bits--;
    }
    if (bits < table->now.bits) {
        start_resize(table, bits);
    }
}

static void resize_if_due(struct table *table)
{
    if (table->old.buckets != NULL) {
        return;
    }
    if (table->count > table->grow_above) {
        start_resize(table, table->now.bits + 1);
    } else if (table->count < table->shrink_below) {
        shrink(table);
    }
}

size_t table_step(struct table *table, size_t budget)
{
    size_t steps = 0;
    while (table->old.buckets != NULL && steps < budget) {
        move_bucket(table, table->moved);
        discard_emptied(&table->old, table->moved);
        table->moved++;
        steps++;
        if (table->moved < array_len(&table->old)) {
            prefetch_move(table);
        } else {
            memory_free(table->old.buckets);
            table->old = (struct array){ 0 };
            resize_if_due(table);
        }
    }
    return steps;
}

/* --- life --- */

struct table *table_new(const struct table_type *type, uint64_t seed)
{
    struct table *table = memory_zero(sizeof(*table));
    table->type = type;
    table->seed = seed;
    table->now = array_new(SMALLEST_BITS);
    set_limits(table);
    return table;
}

static void array_fini(struct table *table, struct array *array, uint64_t first)
{
    /* Without children no bucket needs to be looked at. */
    for (uint64_t i = first; i < array_len(array) && table->children > 0; i++) {
        chain_empty(table, &array->buckets[i]);
    }
    memory_free(array->buckets);
}

void table_free(struct table *table)
{
    if (table == NULL) {
        return;
    }
    array_fini(table, &table->old, table->moved);
    array_fini(table, &table->now, 0);
    assert(table->children == 0);
    memory_free(table);
}

uint64_t table_count(const struct table *table)
{
    return table->count;
}

uint64_t table_buckets(const struct table *table)
{
    return array_len(&table->now) + array_len(&table->old);
}

size_t table_bytes(const struct table *table)
{
    return sizeof(*table) + (table_buckets(table) + table->children) * sizeof(struct bucket);
}

/* --- entries --- */

struct table_slot *table_find(const struct table *table, struct span key, uint64_t hash)
{
    return chain_find(table->type, home_of(table, hash), key, tag_of(hash));
}

void table_slot_set(struct table_slot *slot, void *entry)
{
    place_set(slot_bucket(slot), slot_place(slot), entry);
}

void table_slot_mark(struct table_slot *slot)
{
    slot_bucket(slot)->meta |= MARKED;
}

struct table_slot *table_add(struct table *table, void *entry, uint64_t hash)
{
    assert_slow(table_find(table, table->type->key(entry), hash) == NULL);
    table->count++;
    resize_if_due(table);
    table_step(table, 1);
    return chain_add(table, home_of(table, hash), entry, tag_of(hash), 0);
}

void table_remove(struct table *table, struct table_slot *slot, uint64_t hash)
{
    struct bucket *bucket = slot_bucket(slot);
    unsigned place = slot_place(slot);
    assert(bucket->tags[place] == tag_of(hash));

    bucket->tags[place] = 0;
    place_set(bucket, place, NULL);
    chain_compact(table, home_of(table, hash));
    table->count--;
    resize_if_due(table);
    table_step(table, 1);
}

void table_prefetch_bucket(const struct table *table, uint64_t hash)
{
    prefetch(home_of(table, hash));
}

void table_prefetch_entry(const struct table *table, uint64_t hash)
{
    const struct bucket *bucket = home_of(table, hash);
    uint32_t hits = match_16(bucket->tags, tag_of(hash)) & (BIT(PLACES) - 1);
    if (hits != 0) {
        const char *entry = place_get(bucket, lowest(hits));
        prefetch(entry);
        prefetch(entry + LINE);
    } else if (bucket->meta & CHILD) {
        prefetch(child_of(bucket));
    }
}

/* --- walking in the order of hashes --- */

/* The buckets around a position: one of the coarser array, and those of the other
 * array that cover the same hashes. */
struct around {
    uint64_t first_old, old_count;
    uint64_t first_now, now_count;
    uint64_t next; /* Position behind them; 0 at the end. */
};

static struct around around(const struct table *table, uint64_t position)
{
    assert(position >> POSITION_BITS == 0);
    unsigned bits = table->now.bits;
    if (table->old.buckets != NULL && table->old.bits < bits) {
        bits = table->old.bits;
    }
    uint64_t index = position >> (POSITION_BITS - bits);
    struct around result = {
        .first_now = index << (table->now.bits - bits),
        .now_count = UINT64_C(1) << (table->now.bits - bits),
        .next = ((index + 1) << (POSITION_BITS - bits)) & ((UINT64_C(1) << POSITION_BITS) - 1),
    };
    if (table->old.buckets != NULL) {
        result.first_old = index << (table->old.bits - bits);
        result.old_count = UINT64_C(1) << (table->old.bits - bits);
    }
    return result;
}

static void visit_buckets(const struct bucket *buckets, uint64_t first, uint64_t count,
                          void (*visit)(void *context, void *entry), void *context)
{
    for (uint64_t i = first; i < first + count; i++) {
        for (const struct bucket *bucket = &buckets[i]; bucket; bucket = child_of(bucket)) {
            for (uint32_t left = taken_in(bucket); left != 0; left &= left - 1) {
                visit(context, place_get(bucket, lowest(left)));
            }
        }
    }
}

uint64_t table_scan(const struct table *table, uint64_t position,
                    void (*visit)(void *context, void *entry), void *context)
{
    struct around here = around(table, position);
    visit_buckets(table->old.buckets, here.first_old, here.old_count, visit, context);
    visit_buckets(table->now.buckets, here.first_now, here.now_count, visit, context);
    return here.next;
}

struct sweeper {
    struct table *table;
    enum sweep (*visit)(void *context, void *entry);
    void *context;
};

/* Visits the entries of one bucket of a chain; true if some were taken out. */
static bool sweep_bucket(const struct sweeper *sweeper, struct bucket *bucket)
{
    bool holes = false;
    bucket->meta &= (uint8_t)~MARKED;
    for (uint32_t left = taken_in(bucket); left != 0; left &= left - 1) {
        unsigned place = lowest(left);
        switch (sweeper->visit(sweeper->context, place_get(bucket, place))) {
        case SWEEP_KEEP:
            break;
        case SWEEP_MARK:
            bucket->meta |= MARKED;
            break;
        case SWEEP_REMOVE:
            bucket->tags[place] = 0;
            place_set(bucket, place, NULL);
            sweeper->table->count--;
            holes = true;
            break;
        }
    }
    return holes;
}

static void sweep_buckets(const struct sweeper *sweeper, struct bucket *buckets, uint64_t first,
                          uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++) {
        bool holes = false;
        for (struct bucket *bucket = &buckets[i]; bucket; bucket = child_of(bucket)) {
            if (bucket->meta & MARKED) {
                holes |= sweep_bucket(sweeper, bucket);
            }
        }
        if (holes) {
            chain_compact(sweeper->table, &buckets[i]);
        }
    }
}

uint64_t table_sweep(struct table *table, uint64_t position, size_t *budget,
                     enum sweep (*visit)(void *context, void *entry), void *context)
{
    struct sweeper sweeper = { .table = table, .visit = visit, .context = context };
    do {
        struct around here = around(table, position);
        uint64_t used = here.old_count + here.now_count;
        sweep_buckets(&sweeper, table->old.buckets, here.first_old, here.old_count);
        sweep_buckets(&sweeper, table->now.buckets, here.first_now, here.now_count);
        *budget -= used < *budget ? used : *budget;
        position = here.next;
    } while (position != 0 && *budget > 0);

    resize_if_due(table);
    return position;
}

/* --- chance --- */

/* The n-th entry of a chain; NULL if there are not so many. */
static struct table_slot *chain_nth(struct bucket *bucket, unsigned n)
{
    for (; bucket != NULL; bucket = child_of(bucket)) {
        uint32_t taken = taken_in(bucket);
        unsigned entries = (unsigned)__builtin_popcount(taken);
        if (n >= entries) {
            n -= entries;
            continue;
        }
        for (; n > 0; n--) {
            taken &= taken - 1;
        }
        return slot_at(bucket, lowest(taken));
    }
    return NULL;
}

/* A random place in a random chain until there is an entry: each entry's chance is the same,
 * but for those beyond the 16th of a chain, which practically do not exist. If luck is too
 * long in coming, the first entry from a random position on. */
struct table_slot *table_random(const struct table *table, uint64_t *random_state)
{
    enum { TRIES = 1000, CHAIN_MAX = 16 };

    if (table->count == 0) {
        return NULL;
    }
    for (int i = 0; i < TRIES; i++) {
        struct bucket *home = home_of(table, random_next(random_state));
        unsigned n = (unsigned)random_below(random_state, CHAIN_MAX);
        struct table_slot *slot = chain_nth(home, n);
        if (slot != NULL) {
            return slot;
        }
    }
    unsigned bits = table->old.bits > table->now.bits ? table->old.bits : table->now.bits;
    for (uint64_t hash = random_next(random_state);; hash += UINT64_C(2) << (63 - bits)) {
        struct table_slot *slot = chain_nth(home_of(table, hash), 0);
        if (slot != NULL) {
            return slot;
        }
    }
}

/* --- giving everything back --- */

static void drain_bucket(struct table *table, struct bucket *home,
                         void (*drop)(void *context, void *entry), void *context)
{
    for (struct bucket *bucket = home; bucket != NULL; bucket = child_of(bucket)) {
        for (uint32_t left = taken_in(bucket); left != 0; left &= left - 1) {
            drop(context, place_get(bucket, lowest(left)));
            table->count--;
        }
    }
    chain_empty(table, home);
}

size_t table_drain(struct table *table, size_t budget, void (*drop)(void *context, void *entry),
                   void *context)
{
    uint64_t in_old = array_len(&table->old);
    uint64_t all = in_old + array_len(&table->now);
    size_t used = 0;
    while (table->count > 0 && used < budget && table->drained < all) {
        bool old = table->drained < in_old;
        struct array *array = old ? &table->old : &table->now;
        uint64_t index = old ? table->drained : table->drained - in_old;
        drain_bucket(table, &array->buckets[index], drop, context);
        discard_emptied(array, index);
        table->drained++;
        used++;
    }
    return used;
}

/* --- checking --- */

static uint64_t check_chain(const struct table *table, const struct bucket *home,
                            uint64_t *children)
{
    uint64_t entries = 0;
    for (const struct bucket *bucket = home; bucket != NULL; bucket = child_of(bucket)) {
        uint32_t taken = taken_in(bucket);
        unsigned here = (unsigned)__builtin_popcount(taken);
        assert(!(bucket->meta & CHILD) || free_in(bucket) == 0);
        assert(bucket == home || here >= 2);
        entries += here;
        *children += bucket != home;
        for (; taken != 0; taken &= taken - 1) {
            const void *entry = place_get(bucket, lowest(taken));
            uint64_t hash = table_hash(table->type->key(entry), table->seed);
            assert(home_of(table, hash) == home);
            assert(bucket->tags[lowest(taken)] == tag_of(hash));
        }
    }
    return entries;
}

void table_check(const struct table *table)
{
    uint64_t entries = 0, children = 0;
    for (uint64_t i = 0; i < array_len(&table->old); i++) {
        entries += check_chain(table, &table->old.buckets[i], &children);
    }
    for (uint64_t i = 0; i < array_len(&table->now); i++) {
        entries += check_chain(table, &table->now.buckets[i], &children);
    }
    assert(entries == table->count);
    assert(children == table->children);
}
