/* Sets of integers. Bytes that are called sound read back as ascending numbers, all of which are
 * found. A sequence of additions and removals leaves what it leaves in a plain sorted array. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/intset.h"

enum { NUMBERS_MAX = 256, STEP_BYTES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_sound(const struct intset *set)
{
    assert(intset_is_sound((struct span){ (const char *)set, intset_bytes(set) }));
}

static void check_bytes(struct span bytes)
{
    if (!intset_is_sound(bytes)) {
        return;
    }
    const struct intset *set = (const struct intset *)(const void *)bytes.bytes;
    assert(intset_bytes(set) == bytes.len);
    for (size_t i = 0; i < intset_count(set); i++) {
        assert(intset_has(set, intset_at(set, i)));
        assert(i == 0 || intset_at(set, i - 1) < intset_at(set, i));
    }
}

struct model {
    int64_t numbers[NUMBERS_MAX];
    size_t count;
};

static size_t place(const struct model *model, int64_t number)
{
    size_t at = 0;
    while (at < model->count && model->numbers[at] < number) {
        at++;
    }
    return at;
}

static bool model_has(const struct model *model, int64_t number)
{
    size_t at = place(model, number);
    return at < model->count && model->numbers[at] == number;
}

static void model_add(struct model *model, int64_t number)
{
    size_t at = place(model, number);
    memmove(&model->numbers[at + 1], &model->numbers[at],
            (model->count - at) * sizeof(model->numbers[0]));
    model->numbers[at] = number;
    model->count++;
}

static void model_remove(struct model *model, int64_t number)
{
    size_t at = place(model, number);
    model->count--;
    memmove(&model->numbers[at], &model->numbers[at + 1],
            (model->count - at) * sizeof(model->numbers[0]));
}

/* A step is what to do and how far to the left (one byte), and two bytes of a number. */
static int64_t number_of(const uint8_t *step)
{
    int64_t number = (int8_t)step[1] * INT64_C(256) + step[2];
    return number * (INT64_C(1) << (step[0] >> 2 & 0x2f));
}

static void take_step(struct intset **set, struct model *model, const uint8_t *step)
{
    int64_t number = number_of(step);
    bool there = model_has(model, number);

    assert(intset_has(*set, number) == there);
    if (step[0] & 1 && model->count < NUMBERS_MAX) {
        bool added = intset_add(set, number);
        assert(added == !there);
        if (added) {
            model_add(model, number);
        }
    } else if (!(step[0] & 1)) {
        bool removed = intset_remove(set, number);
        assert(removed == there);
        if (removed) {
            model_remove(model, number);
        }
    }
}

static void check_steps(const uint8_t *data, size_t len)
{
    struct intset *set = intset_new();
    struct model model = { .count = 0 };

    for (; len >= STEP_BYTES; data += STEP_BYTES, len -= STEP_BYTES) {
        take_step(&set, &model, data);
    }
    check_sound(set);
    assert(intset_count(set) == model.count);
    for (size_t i = 0; i < model.count; i++) {
        assert(intset_at(set, i) == model.numbers[i]);
    }
    memory_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_bytes((struct span){ (const char *)data, len });
    check_steps(data, len);
    return 0;
}
