/* A heap of four ways: half as deep as one of two, and the four that are compared with one another
 * are pointers side by side.
 *
 *     below i: 4i + 1 … 4i + 4        above i: (i - 1) / 4 */

#include "cache/types/hash_due.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { WAYS = 4, FIRST_ROOM = 8 };

static int64_t time_at(const struct hash_due *due, uint32_t place)
{
    return hash_pair_expires_at_ms(due->pairs[place]);
}

static void put(struct hash_due *due, uint32_t place, struct hash_pair *pair)
{
    due->pairs[place] = pair;
    hash_pair_set_place(pair, place);
}

/* The pair belongs at `place` or above. */
static void rise(struct hash_due *due, uint32_t place, struct hash_pair *pair)
{
    int64_t time = hash_pair_expires_at_ms(pair);
    while (place > 0 && time < time_at(due, (place - 1) / WAYS)) {
        put(due, place, due->pairs[(place - 1) / WAYS]);
        place = (place - 1) / WAYS;
    }
    put(due, place, pair);
}

/* The soonest of those below; `count` if there is none. */
static uint32_t soonest_below(const struct hash_due *due, uint32_t place)
{
    uint64_t first = (uint64_t)place * WAYS + 1;
    if (first >= due->count) {
        return due->count;
    }
    uint32_t best = (uint32_t)first;
    for (uint32_t i = best + 1; i < due->count && i < first + WAYS; i++) {
        if (time_at(due, i) < time_at(due, best)) {
            best = i;
        }
    }
    return best;
}

/* The pair belongs at `place` or below. */
static void sink(struct hash_due *due, uint32_t place, struct hash_pair *pair)
{
    int64_t time = hash_pair_expires_at_ms(pair);
    for (;;) {
        uint32_t below = soonest_below(due, place);
        if (below == due->count || time_at(due, below) >= time) {
            put(due, place, pair);
            return;
        }
        put(due, place, due->pairs[below]);
        place = below;
    }
}

/* The pair belongs at `place`, above or below. */
static void settle(struct hash_due *due, uint32_t place, struct hash_pair *pair)
{
    if (place > 0 && hash_pair_expires_at_ms(pair) < time_at(due, (place - 1) / WAYS)) {
        rise(due, place, pair);
    } else {
        sink(due, place, pair);
    }
}

static void note_time(struct hash_due *due, int64_t expires_at_ms)
{
    if (expires_at_ms > due->last_ms) {
        due->last_ms = expires_at_ms;
    }
}

void hash_due_fini(struct hash_due *due)
{
    memory_free(due->pairs);
    *due = (struct hash_due){ 0 };
}

void hash_due_add(struct hash_due *due, struct hash_pair *pair)
{
    if (due->count == due->room) {
        assert(due->room < UINT32_MAX / 2);
        due->room = due->room == 0 ? FIRST_ROOM : 2 * due->room;
        due->pairs = memory_resize(due->pairs, due->room * sizeof(struct hash_pair *));
    }
    note_time(due, hash_pair_expires_at_ms(pair));
    due->count++;
    rise(due, due->count - 1, pair);
}

void hash_due_remove(struct hash_due *due, const struct hash_pair *pair)
{
    uint32_t place = hash_pair_place(pair);
    assert(place < due->count);
    assert(due->pairs[place] == pair);

    due->count--;
    if (place < due->count) {
        settle(due, place, due->pairs[due->count]);
    }
    if (due->count == 0) {
        due->last_ms = 0;
    }
    if (due->room > FIRST_ROOM && due->count < due->room / WAYS) {
        due->room /= 2;
        due->pairs = memory_resize(due->pairs, due->room * sizeof(struct hash_pair *));
    }
}

void hash_due_expire(struct hash_due *due, struct hash_pair *pair, int64_t expires_at_ms)
{
    assert(due->pairs[hash_pair_place(pair)] == pair);
    hash_pair_expire(pair, expires_at_ms);
    note_time(due, expires_at_ms);
    settle(due, hash_pair_place(pair), pair);
}

void hash_due_moved(struct hash_due *due, struct hash_pair *pair)
{
    due->pairs[hash_pair_place(pair)] = pair;
}

struct hash_pair *hash_due_first(const struct hash_due *due)
{
    return due->count == 0 ? NULL : due->pairs[0];
}

/* Those that have expired are the top of the heap. It is walked downwards and from left to
 * right; from the last of some siblings, or one behind the end, it goes on beside the one above. */
size_t hash_due_count(const struct hash_due *due, uint64_t now_ms)
{
    size_t found = 0;
    uint64_t at = 0;

    while (due->count > 0) {
        if (at < due->count && (uint64_t)time_at(due, (uint32_t)at) < now_ms) {
            found++;
            at = at * WAYS + 1;
            continue;
        }
        while (at > 0 && at % WAYS == 0) {
            at = (at - 1) / WAYS;
        }
        if (at == 0) {
            break;
        }
        at++;
    }
    return found;
}
