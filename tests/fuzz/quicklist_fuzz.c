/* Quicklists: whatever is done to one, it holds what the same leaves of an array, and reads the
 * same in both directions. The first bytes are the limits; then each four are a step: what to do,
 * where, how much, and with which text. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/quicklist_walk.h"

enum { ELEMENTS_MAX = 300, TEXT_MAX = 9000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An element is one of 256 texts, known by its number. */
struct model {
    uint8_t texts[ELEMENTS_MAX];
    size_t count;
};

struct fuzz {
    struct quicklist list;
    struct quicklist_limits limits;
    struct model model;
};

/* Numbers, short texts, and some that fill nodes or lie alone. */
static struct span text_of(uint8_t number)
{
    static char text[TEXT_MAX];
    size_t len = number / 4u;

    if (number % 4 == 0) {
        len = number_format(text, (int64_t)number * number * number);
        return (struct span){ text, len };
    }
    if (number > 250) {
        len = number == 251 ? TEXT_MAX : (number - 251u) * 1000;
    }
    memset(text, number, len);
    if (len > 0) {
        text[0] = 'x'; /* No two are alike, but for the empty one. */
    }
    if (len > 1) {
        text[len - 1] = (char)number;
    }
    return (struct span){ text, len };
}

static void model_insert(struct model *model, size_t at, uint8_t number)
{
    memmove(model->texts + at + 1, model->texts + at, model->count - at);
    model->texts[at] = number;
    model->count++;
}

static void model_remove(struct model *model, size_t at, size_t count)
{
    model->count -= count;
    memmove(model->texts + at, model->texts + at + count, model->count - at);
}

static bool is_text(struct span text, uint8_t number)
{
    return span_equal(text, text_of(number));
}

static void check(const struct fuzz *fuzz, size_t from, enum quicklist_end towards)
{
    struct quicklist_walk walk;
    struct span text;
    size_t at = from;

    assert(quicklist_is_sound(&fuzz->list));
    assert(fuzz->list.count == fuzz->model.count);
    quicklist_walk_start(&walk, &fuzz->list, from, towards);
    for (; quicklist_walk_next(&walk, &text); at += towards == QUICKLIST_TAIL ? 1 : SIZE_MAX) {
        assert(at < fuzz->model.count);
        assert(is_text(text, fuzz->model.texts[at]));
    }
    quicklist_walk_end(&walk);
    assert(at >= fuzz->model.count);
}

static void remove_range(struct fuzz *fuzz, size_t at, size_t count)
{
    size_t left = fuzz->model.count - at;
    count = count < left ? count : left;
    quicklist_remove(&fuzz->list, at, count, &fuzz->limits);
    model_remove(&fuzz->model, at, count);
}

/* Removes up to `count` elements with this text, from `at` to one end. */
static void remove_equal(struct fuzz *fuzz, size_t at, size_t count, enum quicklist_end towards,
                         struct span text)
{
    struct quicklist_walk walk;
    size_t passed = 0;

    quicklist_walk_start(&walk, &fuzz->list, at, towards);
    quicklist_walk_edit(&walk, &fuzz->list, &fuzz->limits);
    while (count-- > 0 && quicklist_walk_find(&walk, text, SIZE_MAX, &passed)) {
        at = towards == QUICKLIST_TAIL ? at + passed : at - passed;
        assert(at < fuzz->model.count);
        assert(span_equal(text, text_of(fuzz->model.texts[at])));
        quicklist_walk_remove(&walk);
        model_remove(&fuzz->model, at, 1);
        at -= towards == QUICKLIST_HEAD;
        passed = 0;
    }
    quicklist_walk_end(&walk);
}

static void edit_one(struct fuzz *fuzz, size_t at, uint8_t how, uint8_t number)
{
    struct quicklist_walk walk;
    struct span old;

    quicklist_walk_start(&walk, &fuzz->list, at, QUICKLIST_TAIL);
    quicklist_walk_edit(&walk, &fuzz->list, &fuzz->limits);
    bool found = quicklist_walk_next(&walk, &old);
    assert(found);
    assert(is_text(old, fuzz->model.texts[at]));
    if (how == 0) {
        quicklist_walk_replace(&walk, text_of(number));
        fuzz->model.texts[at] = number;
    } else {
        quicklist_walk_insert(&walk, how == 1 ? QUICKLIST_HEAD : QUICKLIST_TAIL, text_of(number));
        model_insert(&fuzz->model, how == 1 ? at : at + 1, number);
    }
    quicklist_walk_end(&walk);
}

static void step(struct fuzz *fuzz, const uint8_t data[4])
{
    size_t count = fuzz->model.count;
    size_t at = count == 0 ? 0 : data[1] % count;
    unsigned what = data[0] % 9;

    if (count == 0 && what > 1) {
        return;
    }
    switch (what) {
    case 0:
        quicklist_push(&fuzz->list, QUICKLIST_TAIL, text_of(data[3]), &fuzz->limits);
        model_insert(&fuzz->model, count, data[3]);
        return;
    case 1:
        quicklist_push(&fuzz->list, QUICKLIST_HEAD, text_of(data[3]), &fuzz->limits);
        model_insert(&fuzz->model, 0, data[3]);
        return;
    case 2:
    case 3:
    case 4:
        edit_one(fuzz, at, (uint8_t)(what - 2), data[3]);
        return;
    case 5:
        remove_range(fuzz, at, data[2]);
        return;
    case 6:
    case 7: {
        /* A copy: a text that is given to the list is not to lie where another is made. */
        char copy[TEXT_MAX];
        struct span text = text_of(fuzz->model.texts[data[3] % count]);
        memcpy(copy, text.bytes, text.len);
        text.bytes = copy;
        remove_equal(fuzz, at, data[2] % 8u, what == 6 ? QUICKLIST_TAIL : QUICKLIST_HEAD, text);
        return;
    }
    default:
        check(fuzz, at, data[2] % 2 == 0 ? QUICKLIST_TAIL : QUICKLIST_HEAD);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fuzz fuzz;
    struct quicklist copy = { .count = 0 };
    if (len < 3) {
        return 0;
    }
    fuzz = (struct fuzz){
        .limits = { .node_size = (int8_t)data[0],
                    .compress_depth = data[1] % 4,
                    .plain_from = data[2] % 32 },
    };
    data += 3;
    len -= 3;
    for (; len >= 4 && fuzz.model.count < ELEMENTS_MAX; data += 4, len -= 4) {
        step(&fuzz, data);
    }
    check(&fuzz, 0, QUICKLIST_TAIL);
    check(&fuzz, fuzz.model.count - (fuzz.model.count > 0), QUICKLIST_HEAD);
    quicklist_copy(&copy, &fuzz.list);
    quicklist_fini(&fuzz.list);
    fuzz.list = copy;
    check(&fuzz, 0, QUICKLIST_TAIL);
    quicklist_fini(&fuzz.list);
    return 0;
}
