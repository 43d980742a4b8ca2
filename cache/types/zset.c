/* Sorted sets, of both kinds.
 *
 *     zset: | pack | big |          one of them is NULL
 *              |      |
 *        listpack     | table | order | seed |
 *                         |       |
 *                       members: each one block, owned by `order`, found by `table`
 *
 * A listpack that is about to hold too many members, or too long a one, becomes a table for
 * good. */

#include "cache/types/zset.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"
#include "cache/ds/table.h"
#include "cache/types/zset_pack.h"
#include "cache/types/zset_saved.h"

#include <math.h>
#include <stdlib.h>

struct big {
    struct table *table;
    struct ranked *order;
    uint64_t seed; /* The table's. */
};

struct zset {
    struct listpack *pack;
    struct big *big;
};

static struct span member_key(const void *entry)
{
    return ranked_member_text(entry);
}

static const struct table_type member_type = { .key = member_key };

/* --- life --- */

static struct big *big_new(uint64_t seed)
{
    struct big *big = memory_alloc(sizeof(*big));
    *big = (struct big){
        .table = table_new(&member_type, seed),
        .order = ranked_new(),
        .seed = seed,
    };
    return big;
}

static void big_free(struct big *big)
{
    if (big != NULL) {
        table_free(big->table);
        ranked_free(big->order);
        memory_free(big);
    }
}

static struct zset *wrap(struct listpack *pack, struct big *big)
{
    struct zset *zset = memory_alloc(sizeof(*zset));
    *zset = (struct zset){ .pack = pack, .big = big };
    return zset;
}

static void zset_free(void *value)
{
    struct zset *zset = value;
    memory_free(zset->pack);
    big_free(zset->big);
    memory_free(zset);
}

struct zset *zset_new(const struct type_limits *limits, size_t member_len)
{
    if (limits->zset_max_listpack_entries == 0 || limits->zset_max_listpack_value < member_len) {
        return wrap(NULL, big_new(limits->table_seed));
    }
    return wrap(listpack_new(LISTPACK_EMPTY_BYTES), NULL);
}

static void big_add(struct big *big, struct ranked_member *member)
{
    table_add(big->table, member, table_hash(ranked_member_text(member), big->seed));
    ranked_add(big->order, &member);
}

/* Whether a listpack may get one more member of this length, as far as listpacks go. */
static bool has_room(const struct listpack *pack, size_t len)
{
    return len < LISTPACK_BYTES_MAX / 2 && listpack_bytes(pack) < LISTPACK_BYTES_MAX / 2 - len;
}

static void become_big(struct zset *zset, uint64_t seed)
{
    struct big *big = big_new(seed);
    struct zset_walk walk = zset_walk(zset, 0, false);

    while (zset_step(&walk)) {
        big_add(big, ranked_member_new(walk.member, walk.score));
    }
    memory_free(zset->pack);
    *zset = (struct zset){ .big = big };
}

static int compare_members(const void *a, const void *b)
{
    const struct ranked_member *first = *(struct ranked_member *const *)a;
    const struct ranked_member *second = *(struct ranked_member *const *)b;
    if (first->score != second->score) {
        return first->score < second->score ? -1 : 1;
    }
    return span_compare(ranked_member_text(first), ranked_member_text(second));
}

void zset_sort_members(struct ranked_member **members, size_t count)
{
    if (count > 1) {
        qsort(members, count, sizeof(*members), compare_members);
    }
}

void zset_shrink(struct zset *zset, const struct type_limits *limits)
{
    struct zset_walk walk = zset_walk(zset, 0, false);
    struct listpack *pack;

    if (zset->pack != NULL || zset_count(zset) > limits->zset_max_listpack_entries) {
        return;
    }
    pack = listpack_new(LISTPACK_EMPTY_BYTES);
    while (zset_step(&walk)) {
        if (walk.member.len > limits->zset_max_listpack_value || !has_room(pack, walk.member.len)) {
            memory_free(pack);
            return;
        }
        pack_append(&pack, walk.member, walk.score);
    }
    listpack_shrink(&pack);
    big_free(zset->big);
    *zset = (struct zset){ .pack = pack };
}

struct zset *zset_of(struct ranked_member **take_members, size_t count,
                     const struct type_limits *limits)
{
    struct zset *zset = wrap(NULL, big_new(limits->table_seed));
    assert(count > 0);

    zset_sort_members(take_members, count);
    for (size_t i = 0; i < count; i++) {
        big_add(zset->big, take_members[i]);
    }
    zset_shrink(zset, limits);
    return zset;
}

/* --- one member --- */

uint64_t zset_count(const struct zset *zset)
{
    return zset->pack != NULL ? listpack_count(zset->pack) / 2 : ranked_count(zset->big->order);
}

struct zset_spot zset_find(const struct zset *zset, struct span member)
{
    struct zset_spot spot = { .found = false };

    if (zset->pack != NULL) {
        spot.at = pack_find(zset->pack, member);
        spot.found = spot.at != 0;
        spot.score = spot.found ? pack_score(zset->pack, spot.at) : 0;
        return spot;
    }
    spot.hash = table_hash(member, zset->big->seed);
    struct table_slot *slot = table_find(zset->big->table, member, spot.hash);
    if (slot != NULL) {
        spot.found = true;
        spot.member = table_slot_get(slot);
        spot.score = spot.member->score;
    }
    return spot;
}

static void put_in_big(struct big *big, const struct zset_spot *spot, struct span member,
                       double score)
{
    if (spot->found) {
        ranked_rescore(big->order, spot->member, score);
        return;
    }
    struct ranked_member *fresh = ranked_member_new(member, score);
    table_add(big->table, fresh, spot->hash);
    ranked_add(big->order, &fresh);
}

void zset_put(struct zset *zset, const struct zset_spot *spot, struct span member, double score,
              const struct type_limits *limits)
{
    assert(!isnan(score));
    if (zset->pack == NULL) {
        put_in_big(zset->big, spot, member, score);
        return;
    }
    if (spot->found) {
        pack_remove(&zset->pack, spot->at, 1);
    } else if (zset_count(zset) >= limits->zset_max_listpack_entries ||
               member.len > limits->zset_max_listpack_value || !has_room(zset->pack, member.len)) {
        become_big(zset, limits->table_seed);
        big_add(zset->big, ranked_member_new(member, score));
        return;
    }
    pack_add(&zset->pack, member, score);
}

/* Out of the table; the order lets go of it by itself. */
static void drop(void *context, struct ranked_member *member)
{
    struct big *big = context;
    struct span text = ranked_member_text(member);
    uint64_t hash = table_hash(text, big->seed);
    struct table_slot *slot = table_find(big->table, text, hash);

    assert(slot != NULL);
    table_remove(big->table, slot, hash);
    memory_free(member);
}

void zset_take(struct zset *zset, const struct zset_spot *spot)
{
    assert(spot->found);
    if (zset->pack != NULL) {
        pack_remove(&zset->pack, spot->at, 1);
        return;
    }
    ranked_remove(zset->big->order, spot->member);
    drop(zset->big, spot->member);
}

/* --- ranks --- */

uint64_t zset_rank(const struct zset *zset, const struct zset_spot *spot)
{
    assert(spot->found);
    return zset->pack != NULL ? pack_rank(zset->pack, spot->at)
                              : ranked_rank(zset->big->order, spot->member);
}

uint64_t zset_below_score(const struct zset *zset, double score, bool or_equal)
{
    return zset->pack != NULL ? pack_below_score(zset->pack, score, or_equal)
                              : ranked_below_score(zset->big->order, score, or_equal);
}

uint64_t zset_below_text(const struct zset *zset, struct span text, bool or_equal)
{
    return zset->pack != NULL ? pack_below_text(zset->pack, text, or_equal)
                              : ranked_below_text(zset->big->order, text, or_equal);
}

void zset_cut(struct zset *zset, uint64_t from, uint64_t to)
{
    assert(from <= to);
    assert(to <= zset_count(zset));
    if (zset->pack == NULL) {
        ranked_cut(zset->big->order, from, to, drop, zset->big);
    } else if (from < to) {
        pack_remove(&zset->pack, pack_seek(zset->pack, from), to - from);
    }
}

/* --- walking --- */

struct zset_walk zset_walk(const struct zset *zset, uint64_t rank, bool backward)
{
    struct zset_walk walk = { .pack = zset->pack, .backward = backward };

    if (rank >= zset_count(zset)) {
        return walk;
    }
    if (zset->pack != NULL) {
        walk.at = pack_seek(zset->pack, rank);
    } else {
        walk.place = ranked_seek(zset->big->order, rank);
    }
    return walk;
}

static bool step_in_pack(struct zset_walk *walk)
{
    const struct listpack *pack = walk->pack;

    if (walk->at == 0) {
        return false;
    }
    walk->member = listpack_text(pack, walk->at, walk->room);
    walk->score = pack_score(pack, walk->at);
    if (!walk->backward) {
        walk->at = listpack_next(pack, listpack_next(pack, walk->at));
        return true;
    }
    walk->at = listpack_previous(pack, walk->at);
    walk->at = walk->at == 0 ? 0 : listpack_previous(pack, walk->at);
    return true;
}

bool zset_step(struct zset_walk *walk)
{
    if (walk->pack != NULL) {
        return step_in_pack(walk);
    }
    if (walk->place.leaf == NULL) {
        return false;
    }
    const struct ranked_member *member = ranked_at(&walk->place);
    walk->member = ranked_member_text(member);
    walk->score = member->score;
    if (walk->backward) {
        ranked_previous(&walk->place);
    } else {
        ranked_next(&walk->place);
    }
    return true;
}

struct scan {
    zset_visit_fn visit;
    void *context;
};

static void scan_member(void *context, void *entry)
{
    enum { SCORE_ROOM = 64 };
    const struct scan *scan = context;
    const struct ranked_member *member = entry;
    char score[SCORE_ROOM];
    size_t len = number_format_double(score, sizeof(score), member->score);
    scan->visit(scan->context, ranked_member_text(member), (struct span){ score, len });
}

uint64_t zset_scan(const struct zset *zset, uint64_t cursor, zset_visit_fn visit, void *context)
{
    const struct listpack *pack = zset->pack;
    char member[NUMBER_TEXT_MAX];
    char score[NUMBER_TEXT_MAX];

    if (pack == NULL) {
        struct scan scan = { .visit = visit, .context = context };
        return table_scan(zset->big->table, cursor, scan_member, &scan);
    }
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at)) {
        struct span text = listpack_text(pack, at, member);
        at = listpack_next(pack, at);
        visit(context, text, listpack_text(pack, at, score));
    }
    return 0;
}

/* --- the type --- */

static void *copy(const void *value)
{
    const struct zset *zset = value;

    if (zset->pack != NULL) {
        return wrap(listpack_copy(zset->pack), NULL);
    }
    struct big *big = big_new(zset->big->seed);
    struct zset_walk walk = zset_walk(zset, 0, false);
    while (zset_step(&walk)) {
        big_add(big, ranked_member_new(walk.member, walk.score));
    }
    return wrap(NULL, big);
}

/* What the members take, judged by the first few. */
static size_t members_memory(const struct ranked *order)
{
    enum { SAMPLES = 32 };
    size_t bytes = 0;
    size_t seen = 0;
    uint64_t count = ranked_count(order);
    struct ranked_place place = ranked_seek(order, 0);

    for (; place.leaf != NULL && seen < SAMPLES; ranked_next(&place)) {
        bytes += memory_usable(ranked_at(&place));
        seen++;
    }
    return (size_t)((double)bytes / (double)seen * (double)count);
}

static size_t memory(const void *value)
{
    const struct zset *zset = value;
    size_t bytes = memory_usable(zset);

    if (zset->pack != NULL) {
        return bytes + memory_usable(zset->pack);
    }
    return bytes + memory_usable(zset->big) + table_bytes(zset->big->table) +
           ranked_bytes(zset->big->order) + members_memory(zset->big->order);
}

static size_t effort(const void *value)
{
    const struct zset *zset = value;
    return zset->pack != NULL ? 1 : zset_count(zset);
}

static const char *encoding(const void *value)
{
    const struct zset *zset = value;
    return zset->pack != NULL ? "listpack" : "skiplist";
}

static void save(const void *value, struct saver *out)
{
    const struct zset *zset = value;
    if (zset->pack != NULL) {
        zset_save_pack(zset->pack, out);
    } else {
        zset_save_members(zset, out);
    }
}

static void *load(uint8_t code, struct loader *in, const struct type_limits *limits)
{
    struct listpack *pack = NULL;

    if (code != ZSET_SAVED_PACK) {
        return zset_load_members(code, in, limits);
    }
    if (!zset_load_pack(in, limits->table_seed, &pack)) {
        return NULL;
    }
    struct zset *zset = wrap(pack, NULL);
    if (zset_count(zset) > limits->zset_max_listpack_entries) {
        become_big(zset, limits->table_seed);
    }
    return zset;
}

const struct type type_zset = {
    .name = "zset",
    .tag = TAG_ZSET,
    .free = zset_free,
    .copy = copy,
    .memory = memory,
    .effort = effort,
    .encoding = encoding,
    .rewrite = zset_rewrite,
    .digest = zset_digest,
    .save = save,
    .load = load,
    .codes = zset_codes,
};
