/* Sets of integers: binary search to find a number, memmove to make room for it.
 *
 * A number that is wider than all before it makes them wider too. It is then smaller or larger
 * than all of them, so it goes to one of the ends, and the others are rewritten from the last
 * to the first, each into a place that is not read any more. Numbers never get narrower again. */

#include "cache/ds/intset.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

struct intset {
    uint8_t width[4];
    uint8_t count[4];
    uint8_t numbers[];
};

static_assert(sizeof(struct intset) == INTSET_EMPTY_BYTES, "the layout is Redis's");

static uint32_t read_32(const uint8_t *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof(number));
    return number;
}

static size_t width_of(const struct intset *set)
{
    return read_32(set->width);
}

static void set_head(struct intset *set, size_t width, size_t count)
{
    uint32_t width_32 = (uint32_t)width;
    uint32_t count_32 = (uint32_t)count;
    assert(count <= UINT32_MAX);
    memcpy(set->width, &width_32, sizeof(width_32));
    memcpy(set->count, &count_32, sizeof(count_32));
}

static size_t width_for(int64_t number)
{
    if (number >= INT16_MIN && number <= INT16_MAX) {
        return sizeof(int16_t);
    }
    return number >= INT32_MIN && number <= INT32_MAX ? sizeof(int32_t) : sizeof(int64_t);
}

static int64_t get(const uint8_t *numbers, size_t width, size_t index)
{
    const uint8_t *at = numbers + index * width;
    switch (width) {
    case sizeof(int16_t): {
        int16_t number;
        memcpy(&number, at, sizeof(number));
        return number;
    }
    case sizeof(int32_t): {
        int32_t number;
        memcpy(&number, at, sizeof(number));
        return number;
    }
    default: {
        int64_t number;
        memcpy(&number, at, sizeof(number));
        return number;
    }
    }
}

static void put(uint8_t *numbers, size_t width, size_t index, int64_t number)
{
    memcpy(numbers + index * width, &number, width);
}

/* How many numbers are smaller than this one. */
static size_t count_below(const struct intset *set, int64_t number)
{
    size_t width = width_of(set);
    size_t low = 0;
    size_t high = intset_count(set);

    if (high > 0 && get(set->numbers, width, high - 1) < number) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (get(set->numbers, width, middle) < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct intset *set, size_t index, int64_t number)
{
    return index < intset_count(set) && intset_at(set, index) == number;
}

/* --- reading --- */

size_t intset_count(const struct intset *set)
{
    return read_32(set->count);
}

size_t intset_bytes(const struct intset *set)
{
    return sizeof(*set) + width_of(set) * intset_count(set);
}

int64_t intset_at(const struct intset *set, size_t index)
{
    assert(index < intset_count(set));
    return get(set->numbers, width_of(set), index);
}

bool intset_has(const struct intset *set, int64_t number)
{
    return is_at(set, count_below(set, number), number);
}

/* --- changing --- */

struct intset *intset_new(void)
{
    struct intset *set = memory_alloc(sizeof(*set));
    set_head(set, sizeof(int16_t), 0);
    return set;
}

struct intset *intset_copy(const struct intset *set)
{
    size_t bytes = intset_bytes(set);
    return memcpy(memory_alloc(bytes), set, bytes);
}

/* Room for one more number of this width; the count stays as it is. */
static struct intset *stretch(struct intset *set, size_t width)
{
    return memory_resize(set, sizeof(*set) + width * (intset_count(set) + 1));
}

/* Adds a number that is too wide for the others. */
static struct intset *add_wider(struct intset *set, int64_t number)
{
    size_t old_width = width_of(set);
    size_t width = width_for(number);
    size_t count = intset_count(set);
    size_t shift = number < 0 ? 1 : 0;

    set = stretch(set, width);
    for (size_t i = count; i > 0; i--) {
        put(set->numbers, width, i - 1 + shift, get(set->numbers, old_width, i - 1));
    }
    put(set->numbers, width, number < 0 ? 0 : count, number);
    set_head(set, width, count + 1);
    return set;
}

bool intset_add(struct intset **set, int64_t number)
{
    size_t width = width_of(*set);
    size_t count = intset_count(*set);

    if (width_for(number) > width) {
        *set = add_wider(*set, number);
        return true;
    }
    size_t index = count_below(*set, number);
    if (is_at(*set, index, number)) {
        return false;
    }
    *set = stretch(*set, width);
    uint8_t *place = (*set)->numbers + index * width;
    memmove(place + width, place, (count - index) * width);
    put((*set)->numbers, width, index, number);
    set_head(*set, width, count + 1);
    return true;
}

bool intset_remove(struct intset **set, int64_t number)
{
    size_t width = width_of(*set);
    size_t count = intset_count(*set);
    size_t index = count_below(*set, number);

    if (!is_at(*set, index, number)) {
        return false;
    }
    uint8_t *place = (*set)->numbers + index * width;
    memmove(place, place + width, (count - index - 1) * width);
    set_head(*set, width, count - 1);
    *set = memory_resize(*set, intset_bytes(*set));
    return true;
}

/* --- checking --- */

bool intset_is_sound(struct span bytes)
{
    const struct intset *set = (const struct intset *)(const void *)bytes.bytes;
    if (bytes.len < sizeof(*set)) {
        return false;
    }
    size_t width = width_of(set);
    size_t count = intset_count(set);
    if (width != sizeof(int16_t) && width != sizeof(int32_t) && width != sizeof(int64_t)) {
        return false;
    }
    if (count != (bytes.len - sizeof(*set)) / width || (bytes.len - sizeof(*set)) % width != 0) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        if (intset_at(set, i - 1) >= intset_at(set, i)) {
            return false;
        }
    }
    return true;
}
