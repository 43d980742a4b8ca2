/* Listpacks of members and scores. */

#include "cache/types/zset_pack.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { SCORE_ROOM = 64 };

size_t pack_find(const struct listpack *pack, struct span member)
{
    size_t first = listpack_first(pack);
    return first == 0 ? 0 : listpack_find(pack, first, member, 1);
}

/* False if what is there is no score. */
static bool read_score(const struct listpack *pack, size_t at, double *score)
{
    char room[NUMBER_TEXT_MAX];
    int64_t number;

    if (listpack_number(pack, at, &number)) {
        *score = (double)number;
        return true;
    }
    return number_parse_double(listpack_text(pack, at, room), score);
}

double pack_score(const struct listpack *pack, size_t at)
{
    double score;
    bool valid = read_score(pack, listpack_next(pack, at), &score);
    assert(valid);
    return score;
}

static size_t next_member(const struct listpack *pack, size_t at)
{
    return listpack_next(pack, listpack_next(pack, at));
}

uint64_t pack_rank(const struct listpack *pack, size_t at)
{
    uint64_t rank = 0;
    for (size_t i = listpack_first(pack); i != at; i = next_member(pack, i)) {
        rank++;
    }
    return rank;
}

size_t pack_seek(const struct listpack *pack, uint64_t rank)
{
    return listpack_at(pack, (int64_t)rank * 2);
}

static int compare_member(const struct listpack *pack, size_t at, struct span member)
{
    char room[NUMBER_TEXT_MAX];
    return span_compare(listpack_text(pack, at, room), member);
}

/* Whether the member at `at` comes before one with this score and text. */
static bool is_before(const struct listpack *pack, size_t at, struct span member, double score)
{
    double other = pack_score(pack, at);
    return other < score || (other == score && compare_member(pack, at, member) < 0);
}

/* A score as Redis writes it: whole numbers as integers, among which there is no -0. */
static size_t score_text(char room[SCORE_ROOM], double score)
{
    const double whole = 4611686018427387904.0; /* 2^62 */
    if (score >= -whole && score <= whole && (double)(int64_t)score == score) {
        return number_format(room, (int64_t)score);
    }
    return number_format_double(room, SCORE_ROOM, score);
}

void pack_append(struct listpack **pack, struct span member, double score)
{
    char room[SCORE_ROOM];
    listpack_append(pack, member);
    listpack_append(pack, (struct span){ room, score_text(room, score) });
}

void pack_add(struct listpack **pack, struct span member, double score)
{
    char room[SCORE_ROOM];
    size_t last = listpack_last(*pack);
    size_t at = last == 0 ? 0 : listpack_previous(*pack, last);

    /* What comes in order, time stamps for one, is not searched for. */
    if (at == 0 || is_before(*pack, at, member, score)) {
        pack_append(pack, member, score);
        return;
    }
    at = listpack_first(*pack);
    while (is_before(*pack, at, member, score)) {
        at = next_member(*pack, at);
    }
    at = listpack_insert(pack, at, member);
    at = listpack_next(*pack, at);
    listpack_insert(pack, at, (struct span){ room, score_text(room, score) });
}

size_t pack_remove(struct listpack **pack, size_t at, uint64_t count)
{
    return listpack_remove(pack, at, 2 * count);
}

uint64_t pack_below_score(const struct listpack *pack, double score, bool or_equal)
{
    uint64_t below = 0;
    for (size_t at = listpack_first(pack); at != 0; at = next_member(pack, at)) {
        double other = pack_score(pack, at);
        if (other > score || (other == score && !or_equal)) {
            break;
        }
        below++;
    }
    return below;
}

uint64_t pack_below_text(const struct listpack *pack, struct span text, bool or_equal)
{
    uint64_t below = 0;
    for (size_t at = listpack_first(pack); at != 0; at = next_member(pack, at)) {
        int order = compare_member(pack, at, text);
        if (order > 0 || (order == 0 && !or_equal)) {
            break;
        }
        below++;
    }
    return below;
}

/* --- of strangers --- */

static int compare_hashes(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

/* Two texts with one hash of 64 bits are taken for one text. */
static bool has_doubles(const struct listpack *pack, size_t count, uint64_t seed)
{
    char room[NUMBER_TEXT_MAX];
    uint64_t *hashes = memory_alloc(count * sizeof(*hashes));
    bool doubles = false;
    size_t i = 0;

    for (size_t at = listpack_first(pack); at != 0; at = next_member(pack, at)) {
        hashes[i++] = hash_bytes(listpack_text(pack, at, room), seed);
    }
    qsort(hashes, count, sizeof(*hashes), compare_hashes);
    for (i = 1; i < count && !doubles; i++) {
        doubles = hashes[i] == hashes[i - 1];
    }
    memory_free(hashes);
    return doubles;
}

const char *pack_fault(const struct listpack *pack, size_t count, uint64_t seed)
{
    double score = -INFINITY;
    size_t before = 0;

    if (count == 0 || count % 2 != 0) {
        return "a sorted set has no member, or a member without a score";
    }
    for (size_t at = listpack_first(pack); at != 0; at = next_member(pack, at)) {
        double next;
        if (!read_score(pack, listpack_next(pack, at), &next)) {
            return "a score is not a number";
        }
        if (next < score) {
            return "a sorted set is not in order";
        }
        if (before != 0 && next == score) {
            char room[NUMBER_TEXT_MAX];
            if (compare_member(pack, before, listpack_text(pack, at, room)) >= 0) {
                return "a sorted set is not in order";
            }
        }
        score = next;
        before = at;
    }
    return has_doubles(pack, count / 2, seed) ? "a sorted set has a member twice" : NULL;
}
