/* A sorted set against an array that is kept in order: after any sequence of changes every
 * question has the same answer, as a listpack and as a table.
 *
 * Each three bytes of the input are one step: what to do, with which member, with which score. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/zset.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

enum { MEMBERS = 256, TEXT_MAX = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct item {
    char text[TEXT_MAX];
    size_t len;
    double score;
};

struct fuzz {
    struct zset *zset;
    struct type_limits limits;
    struct item items[MEMBERS]; /* In order. */
    size_t count;
};

static struct span item_text(const struct item *item)
{
    return (struct span){ item->text, item->len };
}

/* Some are numbers, some too long for a listpack. */
static void name(struct item *item, uint8_t member)
{
    static const char *const forms[] = { "%d", "m%d", "-%d", "a-long-member-%d" };
    item->len = (size_t)snprintf(item->text, TEXT_MAX, forms[member % 4], member / 4);
}

static double score_of(uint8_t amount)
{
    static const double odd[] = { -INFINITY, INFINITY, 0.1, -0.0, 1e18, -1e300, 0 };
    return amount < COUNT(odd) ? odd[amount] : (double)(amount % 16);
}

static size_t find(const struct fuzz *fuzz, struct span text)
{
    size_t at = 0;
    while (at < fuzz->count && !span_equal(item_text(&fuzz->items[at]), text)) {
        at++;
    }
    return at;
}

static void take_from_model(struct fuzz *fuzz, size_t from, size_t count)
{
    memmove(&fuzz->items[from], &fuzz->items[from + count],
            (fuzz->count - from - count) * sizeof(*fuzz->items));
    fuzz->count -= count;
}

static bool is_before(const struct item *a, const struct item *b)
{
    return a->score != b->score ? a->score < b->score
                                : span_compare(item_text(a), item_text(b)) < 0;
}

static void put_in_model(struct fuzz *fuzz, const struct item *item)
{
    size_t at = fuzz->count;
    for (; at > 0 && is_before(item, &fuzz->items[at - 1]); at--) {
        fuzz->items[at] = fuzz->items[at - 1];
    }
    fuzz->items[at] = *item;
    fuzz->count++;
}

static void put(struct fuzz *fuzz, uint8_t member, uint8_t amount)
{
    struct item item = { .score = score_of(amount) };
    name(&item, member);
    size_t at = find(fuzz, item_text(&item));
    struct zset_spot spot = zset_find(fuzz->zset, item_text(&item));
    assert(spot.found == (at < fuzz->count));
    if (spot.found) {
        assert(spot.score == fuzz->items[at].score);
        take_from_model(fuzz, at, 1);
    }
    zset_put(fuzz->zset, &spot, item_text(&item), item.score, &fuzz->limits);
    put_in_model(fuzz, &item);
}

static void take(struct fuzz *fuzz, uint8_t member)
{
    struct item item;
    name(&item, member);
    size_t at = find(fuzz, item_text(&item));
    struct zset_spot spot = zset_find(fuzz->zset, item_text(&item));
    assert(spot.found == (at < fuzz->count));
    if (spot.found) {
        assert(zset_rank(fuzz->zset, &spot) == at);
        zset_take(fuzz->zset, &spot);
        take_from_model(fuzz, at, 1);
    }
}

static void cut(struct fuzz *fuzz, uint8_t member, uint8_t amount)
{
    size_t from = fuzz->count * member / 256;
    size_t count = (fuzz->count - from) * amount / 1024;
    zset_cut(fuzz->zset, from, from + count);
    take_from_model(fuzz, from, count);
}

static void count_below(struct fuzz *fuzz, uint8_t member, uint8_t amount)
{
    double score = score_of(amount);
    bool or_equal = member % 2;
    size_t below = 0;
    while (below < fuzz->count &&
           (fuzz->items[below].score < score || (or_equal && fuzz->items[below].score == score))) {
        below++;
    }
    assert(zset_below_score(fuzz->zset, score, or_equal) == below);
}

static void change_for_another(struct fuzz *fuzz)
{
    void *copy = type_zset.copy(fuzz->zset);
    type_zset.free(fuzz->zset);
    fuzz->zset = copy;
    zset_shrink(fuzz->zset, &fuzz->limits);
}

static void check_walk(const struct fuzz *fuzz, bool backward, size_t from)
{
    struct zset_walk walk = zset_walk(fuzz->zset, from, backward);
    size_t left = backward ? from + 1 : fuzz->count - from;
    for (size_t i = 0; i < left; i++) {
        const struct item *item = &fuzz->items[backward ? from - i : from + i];
        bool more = zset_step(&walk);
        assert(more);
        assert(span_equal(walk.member, item_text(item)));
        assert(walk.score == item->score);
    }
    assert(!zset_step(&walk));
}

static void check(const struct fuzz *fuzz)
{
    assert(zset_count(fuzz->zset) == fuzz->count);
    if (fuzz->count > 0) {
        check_walk(fuzz, false, fuzz->count / 3);
        check_walk(fuzz, true, fuzz->count / 2);
        check_walk(fuzz, false, 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    enum { STEPS = 8 };
    static struct fuzz fuzz;
    fuzz = (struct fuzz){ .limits = type_limits_default };
    fuzz.limits.zset_max_listpack_entries = len > 0 ? data[0] : 0;
    fuzz.limits.zset_max_listpack_value = 12;
    fuzz.zset = zset_new(&fuzz.limits, 1);

    for (size_t i = 1; i + 3 <= len; i += 3) {
        uint8_t what = data[i] % STEPS;
        if (what < 4) {
            put(&fuzz, data[i + 1], data[i + 2]);
        } else if (what == 4) {
            take(&fuzz, data[i + 1]);
        } else if (what == 5) {
            cut(&fuzz, data[i + 1], data[i + 2]);
        } else if (what == 6) {
            count_below(&fuzz, data[i + 1], data[i + 2]);
        } else if (fuzz.count > 0) {
            change_for_another(&fuzz);
        }
        if (i % 32 == 0) {
            check(&fuzz);
        }
    }
    check(&fuzz);
    type_zset.free(fuzz.zset);
    return 0;
}
