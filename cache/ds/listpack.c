/* Listpacks. An element is
 *
 *     0xxxxxxx                            0 … 127
 *     10llllll  text                      up to 63 bytes
 *     110xxxxx xxxxxxxx                   13 bits, signed
 *     1110llll llllllll  text             up to 4095 bytes
 *     11110000 4 bytes  text              longer
 *     11110001 … 11110100  2 3 4 8 bytes  integers, signed, little endian
 *
 * and behind it the length of all this in groups of seven bits, to be read backwards: every
 * byte but the leftmost has its highest bit set.
 *
 * Everything is made by splice(): so many bytes out, an element in. A block is as large as the
 * allocator's next size, so that growing costs amortised constant time; one of which less than
 * half is used is given back.
 *
 * What is made here is canonical, each integer in its shortest form. What was loaded need not be:
 * "12" may be there as a text, so nothing compares encodings. */

#include "cache/ds/listpack.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum {
    HEADER = 6,
    END = 0xff,
    COUNT_UNKNOWN = UINT16_MAX,
    INTEGER_TEXT_MAX = 20,
    HEAD_MAX = 9,
    BACK_MAX = 5,
};

enum {
    TEXT_6 = 0x80,
    INTEGER_13 = 0xc0,
    TEXT_12 = 0xe0,
    TEXT_32 = 0xf0,
    INTEGER_16 = 0xf1,
    INTEGER_24 = 0xf2,
    INTEGER_32 = 0xf3,
    INTEGER_64 = 0xf4,
};

/* --- header --- */

static inline const uint8_t *bytes_of(const struct listpack *pack)
{
    return (const uint8_t *)pack;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "as the format is");

/* Inlined: with a constant width each is one instruction. */
static inline_always uint64_t load(const uint8_t *from, size_t width)
{
    uint64_t number = 0;
    memcpy(&number, from, width);
    return number;
}

static inline_always void store(uint8_t *to, uint64_t number, size_t width)
{
    memcpy(to, &number, width);
}

size_t listpack_bytes(const struct listpack *pack)
{
    return (size_t)load(bytes_of(pack), 4);
}

static size_t noted_count(const struct listpack *pack)
{
    return (size_t)load(bytes_of(pack) + 4, 2);
}

/* An unknown count stays unknown. */
static void add_to_count(struct listpack *pack, int64_t count)
{
    size_t before = noted_count(pack);
    if (before != COUNT_UNKNOWN) {
        int64_t after = (int64_t)before + count;
        assert(after >= 0);
        store((uint8_t *)pack + 4, after < COUNT_UNKNOWN ? (uint64_t)after : COUNT_UNKNOWN, 2);
    }
}

/* --- elements --- */

/* How many bytes the length of an element takes, backwards. The limits are Redis's. */
static inline size_t back_len(size_t len)
{
    if (len <= 127) {
        return 1;
    }
    if (len < 16383) {
        return 2;
    }
    if (len < 2097151) {
        return 3;
    }
    return len < 268435455 ? 4 : 5;
}

static inline size_t write_back(uint8_t *to, size_t len)
{
    size_t count = back_len(len);
    for (size_t i = count; i-- > 0; len >>= 7) {
        to[i] = (uint8_t)((len & 127) | (i > 0 ? 128 : 0));
    }
    return count;
}

static inline bool is_text(uint8_t first)
{
    return (first & 0xc0) == TEXT_6 || (first & 0xf0) == TEXT_12 || first == TEXT_32;
}

/* Where a text lies. */
static inline struct span text_at(const uint8_t *element)
{
    uint8_t first = element[0];
    if (first < INTEGER_13) {
        return (struct span){ (const char *)element + 1, first & 0x3f };
    }
    if (first < TEXT_32) {
        return (struct span){ (const char *)element + 2, (size_t)(first & 0x0f) << 8 | element[1] };
    }
    return (struct span){ (const char *)element + 5, (size_t)load(element + 1, 4) };
}

/* Bytes of an integer behind the first one; 0xff for what is none. */
static inline size_t integer_width(uint8_t first)
{
    static const uint8_t widths[] = { 2, 3, 4, 8 };
    if (first < 0x80) {
        return 0;
    }
    if ((first & 0xe0) == INTEGER_13) {
        return 1;
    }
    return first >= INTEGER_16 && first <= INTEGER_64 ? widths[first - INTEGER_16] : 0xff;
}

/* The integer whose highest of so many bits is the sign. */
static inline int64_t signed_of(uint64_t number, unsigned bits)
{
    return (int64_t)(number << (64 - bits)) >> (64 - bits);
}

static inline int64_t integer_at(const uint8_t *element)
{
    uint8_t first = element[0];
    switch (first) {
    case INTEGER_16:
        return signed_of(load(element + 1, 2), 16);
    case INTEGER_24:
        return signed_of(load(element + 1, 3), 24);
    case INTEGER_32:
        return signed_of(load(element + 1, 4), 32);
    case INTEGER_64:
        return (int64_t)load(element + 1, 8);
    default:
        return first < 0x80 ? first : signed_of((uint64_t)(first & 0x1f) << 8 | element[1], 13);
    }
}

/* Bytes of an element without its length backwards. */
static inline size_t element_len(const uint8_t *element)
{
    if (element[0] < 0x80) {
        return 1;
    }
    if (is_text(element[0])) {
        struct span text = text_at(element);
        return (size_t)((const uint8_t *)text.bytes - element) + text.len;
    }
    return 1 + integer_width(element[0]);
}

static inline const uint8_t *behind(const uint8_t *element)
{
    uint8_t first = element[0];
    if (first < TEXT_6) {
        return element + 2;
    }
    if (first < INTEGER_13) {
        return element + 2 + (first & 0x3f);
    }
    if (first < TEXT_12) {
        return element + 3;
    }
    if (first > TEXT_32) {
        return element + 2 + integer_width(first);
    }
    size_t len = element_len(element);
    return element + len + back_len(len);
}

/* --- walking --- */

/* 0 at the end. */
static inline size_t offset_of(const struct listpack *pack, const uint8_t *element)
{
    return *element == END ? 0 : (size_t)(element - bytes_of(pack));
}

static inline const uint8_t *element_at(const struct listpack *pack, size_t at)
{
    assert(at >= HEADER);
    return bytes_of(pack) + at;
}

size_t listpack_first(const struct listpack *pack)
{
    return offset_of(pack, bytes_of(pack) + HEADER);
}

size_t listpack_next(const struct listpack *pack, size_t at)
{
    return offset_of(pack, behind(element_at(pack, at)));
}

/* The element that ends right before `end`, which is not the first byte of all. */
static size_t ending_at(const struct listpack *pack, size_t end)
{
    const uint8_t *last = bytes_of(pack) + end - 1;
    size_t len = 0;
    size_t back = 0;
    bool more;
    do {
        more = *last & 128;
        len |= (size_t)(*last-- & 127) << (7 * back++);
    } while (more);
    assert(end >= HEADER + len + back);
    return end - len - back;
}

size_t listpack_last(const struct listpack *pack)
{
    size_t end = listpack_bytes(pack) - 1;
    return end == HEADER ? 0 : ending_at(pack, end);
}

size_t listpack_previous(const struct listpack *pack, size_t at)
{
    assert(at >= HEADER);
    return at == HEADER ? 0 : ending_at(pack, at);
}

/* As many as there are of `count` elements from here on: what lies behind them. */
static const uint8_t *behind_many(const uint8_t *element, size_t count, size_t *passed)
{
    size_t i = 0;
    while (i < count && *element != END) {
        element = behind(element);
        i++;
    }
    *passed = i;
    return element;
}

size_t listpack_count(const struct listpack *pack)
{
    size_t count = noted_count(pack);
    if (count == COUNT_UNKNOWN) {
        behind_many(bytes_of(pack) + HEADER, SIZE_MAX, &count);
    }
    return count;
}

static size_t from_start(const struct listpack *pack, uint64_t index)
{
    size_t passed;
    const uint8_t *element = behind_many(bytes_of(pack) + HEADER, (size_t)index, &passed);
    return passed < index ? 0 : offset_of(pack, element);
}

static size_t from_end(const struct listpack *pack, uint64_t index)
{
    size_t at = listpack_last(pack);
    while (index > 0 && at != 0) {
        at = listpack_previous(pack, at);
        index--;
    }
    return at;
}

size_t listpack_at(const struct listpack *pack, int64_t index)
{
    /* -1 is 0 from the end, and so on; this also is right for INT64_MIN. */
    uint64_t distance = index < 0 ? (uint64_t)~index : (uint64_t)index;
    bool backwards = index < 0;
    size_t count = noted_count(pack);

    if (count != COUNT_UNKNOWN) {
        if (distance >= count) {
            return 0;
        }
        if (distance > count / 2) {
            distance = count - 1 - distance;
            backwards = !backwards;
        }
    }
    return backwards ? from_end(pack, distance) : from_start(pack, distance);
}

/* --- reading --- */

struct span listpack_text(const struct listpack *pack, size_t at, char room[NUMBER_TEXT_MAX])
{
    const uint8_t *element = element_at(pack, at);
    if (is_text(element[0])) {
        return text_at(element);
    }
    return (struct span){ room, number_format(room, integer_at(element)) };
}

bool listpack_number(const struct listpack *pack, size_t at, int64_t *number)
{
    const uint8_t *element = element_at(pack, at);
    if (is_text(element[0])) {
        return false;
    }
    *number = integer_at(element);
    return true;
}

/* A text that is looked for; what number it is, if any, is found out once. */
struct wanted {
    struct span text;
    bool is_number;
    int64_t number;
};

static inline struct wanted wanted_text(struct span text)
{
    struct wanted wanted = { .text = text };
    wanted.is_number = text.len <= INTEGER_TEXT_MAX && number_parse(text, &wanted.number);
    return wanted;
}

/* Names of fields often begin alike: the last byte tells most of them apart. */
static inline bool is_same(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || (a.bytes[a.len - 1] == b.bytes[a.len - 1] &&
                                             memcmp(a.bytes, b.bytes, a.len) == 0));
}

static inline_always bool is_wanted(const uint8_t *element, const struct wanted *wanted)
{
    if (is_text(element[0])) {
        return is_same(text_at(element), wanted->text);
    }
    return wanted->is_number && integer_at(element) == wanted->number;
}

bool listpack_is(const struct listpack *pack, size_t at, struct span text)
{
    struct wanted wanted = wanted_text(text);
    return is_wanted(element_at(pack, at), &wanted);
}

/* The first that is wanted, or the end. Every call is compiled for its constants. */
static inline_always const uint8_t *search(const uint8_t *element, struct wanted wanted,
                                           size_t skip)
{
    while (*element != END && !is_wanted(element, &wanted)) {
        element = behind(element);
        for (size_t i = 0; i < skip && *element != END; i++) {
            element = behind(element);
        }
    }
    return element;
}

size_t listpack_find(const struct listpack *pack, size_t from, struct span text, size_t skip)
{
    struct wanted wanted = wanted_text(text);
    const uint8_t *element = element_at(pack, from);

    if (skip == 0) {
        element = search(element, wanted, 0);
    } else if (skip == 1) {
        element = search(element, wanted, 1);
    } else {
        element = search(element, wanted, skip);
    }
    return offset_of(pack, element);
}

/* --- making --- */

/* An element before it is written: first bytes and, for a text, the rest. */
struct form {
    uint8_t head[HEAD_MAX];
    size_t head_len;
    struct span text;
};

static struct form form_number(int64_t number)
{
    struct form form = { .head_len = 2 };
    if (number >= 0 && number <= 127) {
        form.head[0] = (uint8_t)number;
        form.head_len = 1;
        return form;
    }
    if (number >= -4096 && number <= 4095) {
        form.head[0] = (uint8_t)(INTEGER_13 | ((number >> 8) & 0x1f));
        form.head[1] = (uint8_t)number;
        return form;
    }
    size_t width = 8;
    form.head[0] = INTEGER_64;
    if (number >= INT16_MIN && number <= INT16_MAX) {
        form.head[0] = INTEGER_16;
        width = 2;
    } else if (number >= -8388608 && number <= 8388607) {
        form.head[0] = INTEGER_24;
        width = 3;
    } else if (number >= INT32_MIN && number <= INT32_MAX) {
        form.head[0] = INTEGER_32;
        width = 4;
    }
    store(form.head + 1, (uint64_t)number, width);
    form.head_len = 1 + width;
    return form;
}

static struct form form_text(struct span text)
{
    int64_t number;
    if (text.len <= INTEGER_TEXT_MAX && number_parse(text, &number)) {
        return form_number(number);
    }
    struct form form = { .head_len = 1, .text = text };
    if (text.len <= 63) {
        form.head[0] = (uint8_t)(TEXT_6 | text.len);
    } else if (text.len <= 4095) {
        form.head[0] = (uint8_t)(TEXT_12 | text.len >> 8);
        form.head[1] = (uint8_t)text.len;
        form.head_len = 2;
    } else {
        form.head[0] = TEXT_32;
        store(form.head + 1, text.len, 4);
        form.head_len = 5;
    }
    return form;
}

static size_t form_bytes(const struct form *form)
{
    size_t len = form->head_len + form->text.len;
    return len + back_len(len);
}

size_t listpack_element_bytes(struct span text)
{
    struct form form = form_text(text);
    return form_bytes(&form);
}

static void write_form(uint8_t *to, const struct form *form)
{
    memcpy(to, form->head, form->head_len);
    to += form->head_len;
    if (form->text.len > 0) {
        memcpy(to, form->text.bytes, form->text.len);
        to += form->text.len;
    }
    write_back(to, form->head_len + form->text.len);
}

struct listpack *listpack_new(size_t room)
{
    uint8_t *bytes = memory_alloc(room > LISTPACK_EMPTY_BYTES ? room : LISTPACK_EMPTY_BYTES);
    store(bytes, LISTPACK_EMPTY_BYTES, 4);
    store(bytes + 4, 0, 2);
    bytes[HEADER] = END;
    return (struct listpack *)bytes;
}

struct listpack *listpack_copy(const struct listpack *pack)
{
    size_t len = listpack_bytes(pack);
    return memcpy(memory_alloc(len), pack, len);
}

void listpack_reserve(struct listpack **pack, size_t bytes)
{
    if (memory_usable(*pack) < bytes) {
        *pack = memory_resize(*pack, bytes);
    }
}

void listpack_shrink(struct listpack **pack)
{
    size_t len = listpack_bytes(*pack);
    if (memory_usable(*pack) > memory_rounded(len)) {
        *pack = memory_resize(*pack, len);
    }
}

/* Room for `added` bytes in place of `removed` at an offset; what is behind moves. The bytes
 * there are to be written at once. */
static uint8_t *splice(struct listpack **pack, size_t at, size_t removed, size_t added)
{
    size_t before = listpack_bytes(*pack);
    size_t after = before - removed + added;
    size_t tail = before - at - removed;

    assert(at + removed < before);
    assert(added <= LISTPACK_BYTES_MAX);
    assert(after <= LISTPACK_BYTES_MAX);
    if (added > removed) {
        listpack_reserve(pack, after);
    }
    uint8_t *bytes = (uint8_t *)*pack;
    memmove(bytes + at + added, bytes + at + removed, tail);
    store(bytes, after, 4);
    return bytes + at;
}

/* After bytes went. */
static void give_back(struct listpack **pack)
{
    enum { WORTH_IT = 64 };
    size_t usable = memory_usable(*pack);
    if (usable > WORTH_IT && usable / 2 > listpack_bytes(*pack)) {
        listpack_shrink(pack);
    }
}

static size_t insert(struct listpack **pack, size_t at, const struct form *form)
{
    write_form(splice(pack, at, 0, form_bytes(form)), form);
    add_to_count(*pack, 1);
    return at;
}

static size_t replace(struct listpack **pack, size_t at, const struct form *form)
{
    const uint8_t *old = element_at(*pack, at);
    size_t removed = (size_t)(behind(old) - old);

    write_form(splice(pack, at, removed, form_bytes(form)), form);
    give_back(pack);
    return at;
}

void listpack_append(struct listpack **pack, struct span text)
{
    struct form form = form_text(text);
    insert(pack, listpack_bytes(*pack) - 1, &form);
}

void listpack_append_number(struct listpack **pack, int64_t number)
{
    struct form form = form_number(number);
    insert(pack, listpack_bytes(*pack) - 1, &form);
}

void listpack_prepend(struct listpack **pack, struct span text)
{
    struct form form = form_text(text);
    insert(pack, HEADER, &form);
}

size_t listpack_insert(struct listpack **pack, size_t at, struct span text)
{
    struct form form = form_text(text);
    assert(at >= HEADER);
    return insert(pack, at, &form);
}

size_t listpack_insert_number(struct listpack **pack, size_t at, int64_t number)
{
    struct form form = form_number(number);
    assert(at >= HEADER);
    return insert(pack, at, &form);
}

size_t listpack_replace(struct listpack **pack, size_t at, struct span text)
{
    struct form form = form_text(text);
    return replace(pack, at, &form);
}

size_t listpack_replace_number(struct listpack **pack, size_t at, int64_t number)
{
    struct form form = form_number(number);
    return replace(pack, at, &form);
}

size_t listpack_remove(struct listpack **pack, size_t at, size_t count)
{
    size_t removed;
    const uint8_t *first = element_at(*pack, at);
    const uint8_t *end = behind_many(first, count, &removed);

    splice(pack, at, (size_t)(end - first), 0);
    add_to_count(*pack, -(int64_t)removed);
    give_back(pack);
    return offset_of(*pack, bytes_of(*pack) + at);
}

void listpack_join(struct listpack **pack, const struct listpack *other)
{
    size_t len = listpack_bytes(other) - LISTPACK_EMPTY_BYTES;
    size_t count = noted_count(other);

    assert(*pack != other);
    if (len > 0) {
        memcpy(splice(pack, listpack_bytes(*pack) - 1, 0, len), bytes_of(other) + HEADER, len);
    }
    if (count == COUNT_UNKNOWN) {
        store((uint8_t *)*pack + 4, COUNT_UNKNOWN, 2);
    } else {
        add_to_count(*pack, (int64_t)count);
    }
}

/* --- distrust --- */

/* Bytes of the element with its length backwards, if it lies within `left`; else 0. */
static size_t sound_element(const uint8_t *element, size_t left)
{
    uint8_t back[BACK_MAX];
    uint8_t first = element[0];
    size_t head = 1;

    if (is_text(first)) {
        head = first < INTEGER_13 ? 1 : first < TEXT_32 ? 2 : 5;
    } else if (integer_width(first) == 0xff) {
        return 0;
    }
    if (left < head) {
        return 0;
    }
    size_t len = element_len(element);
    if (len > left || len > LISTPACK_BYTES_MAX) {
        return 0;
    }
    size_t back_count = write_back(back, len);
    if (left - len < back_count || memcmp(element + len, back, back_count) != 0) {
        return 0;
    }
    return len + back_count;
}

bool listpack_is_sound(struct span bytes, size_t *count)
{
    const uint8_t *start = (const uint8_t *)bytes.bytes;
    const struct listpack *pack = (const struct listpack *)start;

    *count = 0;
    if (bytes.len < LISTPACK_EMPTY_BYTES || bytes.len > LISTPACK_BYTES_MAX ||
        listpack_bytes(pack) != bytes.len || start[bytes.len - 1] != END) {
        return false;
    }
    for (size_t at = HEADER; at < bytes.len - 1;) {
        size_t len = sound_element(start + at, bytes.len - 1 - at);
        if (len == 0) {
            return false;
        }
        at += len;
        *count += 1;
    }
    return noted_count(pack) == COUNT_UNKNOWN || noted_count(pack) == *count;
}
