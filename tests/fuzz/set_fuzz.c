/* Sets. What load() accepts, of whatever bytes, is a set: each member is found, and what is saved
 * of it loads as the same. A sequence of additions and removals, with limits so low that all
 * encodings come up, leaves what a plain array of booleans says. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/digest.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"
#include "cache/types/set.h"

#include <stdio.h>

enum { DISTINCT = 256, TEXT_ROOM = 96, STEP_BYTES = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* --- loading --- */

static const uint8_t codes[] = { 2, 11, 20 };

struct checking {
    const void *value;
    size_t count;
};

static void check_member(void *context, struct span text)
{
    struct checking *checking = context;
    assert(set_has(checking->value, text));
    checking->count++;
}

static struct digest digest_of(const void *value)
{
    struct digest sum = { { 0 } };
    type_set.digest(value, &sum);
    return sum;
}

static void *load(uint8_t code, struct span bytes, const struct type_limits *limits)
{
    struct loader loader;
    loader_init(&loader, bytes);
    void *value = type_set.load(code, &loader, limits);
    assert((value == NULL) == (loader.why != NULL));
    loader_fini(&loader);
    return value;
}

static void check_saved(const void *value, const struct type_limits *limits)
{
    struct buf out;
    struct saver saver = { .out = &out, .compress = true };
    buf_init(&out, SIZE_MAX);
    type_set.save(value, &saver);
    struct span saved = buf_span(&out);
    void *again = load((uint8_t)saved.bytes[0], span_skip(saved, 1), limits);
    assert(again != NULL);
    assert(set_count(again) == set_count(value));
    struct digest first = digest_of(value), second = digest_of(again);
    assert(memcmp(&first, &second, sizeof(first)) == 0);
    type_set.free(again);
    buf_fini(&out);
}

static void check_load(struct span bytes, const struct type_limits *limits)
{
    for (size_t i = 0; i < COUNT(codes); i++) {
        void *value = load(codes[i], bytes, limits);
        if (value == NULL) {
            continue;
        }
        struct checking checking = { .value = value };
        set_each(value, check_member, &checking);
        assert(checking.count > 0);
        assert(checking.count == set_count(value));
        check_saved(value, limits);
        type_set.free(value);
    }
}

/* --- steps --- */

struct model {
    bool has[DISTINCT];
    size_t count;
};

/* A third are integers; some are longer than a listpack's members may be. */
static struct span text_of(uint8_t which, char room[TEXT_ROOM])
{
    int len = which % 3 == 0 ? snprintf(room, TEXT_ROOM, "%d", (which - 128) * 300)
                             : snprintf(room, TEXT_ROOM, "%*d", which % 40, which);
    return (struct span){ room, (size_t)len };
}

static void drop_member(void *context, struct span text)
{
    struct model *model = context;
    char room[TEXT_ROOM];
    for (unsigned i = 0; i < DISTINCT; i++) {
        if (span_equal(text, text_of((uint8_t)i, room))) {
            assert(model->has[i]);
            model->has[i] = false;
            model->count--;
            return;
        }
    }
    unreachable("a member that nobody added");
}

/* Reads a set as its key would hold it, flat if it can be. */
static void check_as_value(const struct set *set, const struct model *model)
{
    char flat[SET_FLAT_MAX + 1], room[TEXT_ROOM];
    const void *value = set;
    if (set_flat_size(set) > 0) {
        set_write_flat(set, flat + 1);
        value = flat + 1;
        assert(type_set.size(value) == set_flat_size(set));
    }
    assert(set_count(value) == model->count);
    for (unsigned i = 0; i < DISTINCT; i++) {
        assert(set_has(value, text_of((uint8_t)i, room)) == model->has[i]);
    }
}

static void take_step(struct set *set, struct model *model, const uint8_t *step,
                      const struct type_limits *limits)
{
    char room[TEXT_ROOM];
    uint8_t which = step[1];
    uint64_t random = which;
    struct span text = text_of(which, room);

    if (step[0] < 160) {
        bool added = set_add(set, text, limits);
        assert(added == !model->has[which]);
        model->count += added;
        model->has[which] = true;
    } else if (step[0] < 240) {
        bool removed = set_remove(set, text);
        assert(removed == model->has[which]);
        model->count -= removed;
        model->has[which] = false;
    } else {
        set_pop(set, model->count < 3 ? model->count : 3, &random, drop_member, model);
    }
}

static void check_steps(const uint8_t *data, size_t len, const struct type_limits *limits)
{
    struct set set;
    struct model model = { .count = 0 };

    set_init_integers(&set);
    for (; len >= STEP_BYTES; data += STEP_BYTES, len -= STEP_BYTES) {
        take_step(&set, &model, data, limits);
    }
    check_as_value(&set, &model);
    set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct type_limits limits = {
        .set_max_intset_entries = 8,
        .set_max_listpack_entries = 12,
        .set_max_listpack_value = 30,
        .table_seed = 7,
    };
    check_load((struct span){ (const char *)data, len }, &limits);
    check_steps(data, len, &limits);
    return 0;
}
