/* Sets: which container holds the members, and when it has to be another one.
 *
 *     flat     | kind | intset or listpack |     in the entry of the key, never changed there
 *     heap     | kind | pointer |                struct set
 *
 *     integers ──> pack ──> texts                a set never moves back
 *         └──────────────────^
 *
 * An intset becomes a listpack with the first member that is no integer, and either becomes a
 * hash table when it has too many members, or one that is too long. Where the line is, is in
 * struct type_limits; it is Redis 7.2's in every detail, since clients can ask for the encoding. */

#include "cache/types/set.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/intset.h"
#include "cache/ds/listpack.h"
#include "cache/ds/textset.h"

enum kind { FLAT_INTEGERS, FLAT_PACK, INTEGERS, PACK, TEXTS };

enum { INTSET_COUNT_MAX = 1 << 30 };

/* A value of either form, looked at. */
struct members {
    enum kind kind; /* INTEGERS, PACK or TEXTS. */
    union {
        const struct intset *ints;
        const struct listpack *pack;
        const struct textset *texts;
    };
};

static struct members members_of(const void *value)
{
    const uint8_t *flat = value;
    const struct set *set = value;
    switch (*flat) {
    case FLAT_INTEGERS:
        return (struct members){ .kind = INTEGERS, .ints = (const void *)(flat + 1) };
    case FLAT_PACK:
        return (struct members){ .kind = PACK, .pack = (const void *)(flat + 1) };
    case INTEGERS:
        return (struct members){ .kind = INTEGERS, .ints = set->ints };
    case PACK:
        return (struct members){ .kind = PACK, .pack = set->pack };
    default:
        assert(*flat == TEXTS);
        return (struct members){ .kind = TEXTS, .texts = set->texts };
    }
}

/* Where a member is; 0 if it is not there. */
static size_t find_in_pack(const struct listpack *pack, struct span text)
{
    size_t first = listpack_first(pack);
    return first == 0 ? 0 : listpack_find(pack, first, text, 0);
}

static struct span number_text(int64_t number, char room[NUMBER_TEXT_MAX])
{
    return (struct span){ room, number_format(room, number) };
}

/* --- looking --- */

bool set_is_flat(const void *value)
{
    return *(const uint8_t *)value < INTEGERS;
}

bool set_is_integers(const void *value)
{
    return members_of(value).kind == INTEGERS;
}

bool set_is_hashed(const void *value)
{
    return members_of(value).kind == TEXTS;
}

size_t set_count(const void *value)
{
    struct members members = members_of(value);
    switch (members.kind) {
    case INTEGERS:
        return intset_count(members.ints);
    case PACK:
        return listpack_count(members.pack);
    default:
        return textset_count(members.texts);
    }
}

struct span set_block(const void *value)
{
    struct members members = members_of(value);
    assert(members.kind != TEXTS);
    if (members.kind == INTEGERS) {
        return (struct span){ (const char *)members.ints, intset_bytes(members.ints) };
    }
    return (struct span){ (const char *)members.pack, listpack_bytes(members.pack) };
}

bool set_has(const void *value, struct span text)
{
    struct members members = members_of(value);
    int64_t number;
    switch (members.kind) {
    case INTEGERS:
        return number_parse(text, &number) && intset_has(members.ints, number);
    case PACK:
        return find_in_pack(members.pack, text) != 0;
    default:
        return textset_has(members.texts, text);
    }
}

uint64_t set_scan(const void *value, uint64_t position, set_visit_fn visit, void *context)
{
    struct members members = members_of(value);
    char room[NUMBER_TEXT_MAX];

    if (members.kind == TEXTS) {
        return textset_scan(members.texts, position, visit, context);
    }
    if (members.kind == INTEGERS) {
        for (size_t i = 0; i < intset_count(members.ints); i++) {
            visit(context, number_text(intset_at(members.ints, i), room));
        }
        return 0;
    }
    const struct listpack *pack = members.pack;
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at)) {
        visit(context, listpack_text(pack, at, room));
    }
    return 0;
}

void set_each(const void *value, set_visit_fn visit, void *context)
{
    uint64_t position = 0;
    do {
        position = set_scan(value, position, visit, context);
    } while (position != 0);
}

/* --- chance --- */

struct span set_random(const void *value, uint64_t *random_state, char room[NUMBER_TEXT_MAX])
{
    struct members members = members_of(value);
    size_t count = set_count(value);
    assert(count > 0);

    if (members.kind == TEXTS) {
        return textset_random(members.texts, random_state);
    }
    size_t index = (size_t)random_below(random_state, count);
    if (members.kind == INTEGERS) {
        return number_text(intset_at(members.ints, index), room);
    }
    return listpack_text(members.pack, listpack_at(members.pack, (int64_t)index), room);
}

/* Choosing in one pass: Knuth's algorithm S (The Art of Computer Programming, 3.4.2). */
struct choice {
    uint64_t *random_state;
    size_t wanted;
    size_t left; /* Members that are still to come. */
    set_visit_fn visit;
    void *context;
};

static bool choose(struct choice *choice)
{
    bool chosen = random_below(choice->random_state, choice->left) < choice->wanted;
    choice->left--;
    choice->wanted -= chosen;
    return chosen;
}

static void visit_chosen(void *context, struct span text)
{
    struct choice *choice = context;
    if (choose(choice)) {
        choice->visit(choice->context, text);
    }
}

/* Choosing by trying until enough different ones were met: for a small part of many. */
static void pick_distinct(const void *value, const struct choice *choice)
{
    struct textset *met = textset_new(random_next(choice->random_state));
    char room[NUMBER_TEXT_MAX];

    while (textset_count(met) < choice->wanted) {
        struct span text = set_random(value, choice->random_state, room);
        if (textset_add(met, text)) {
            choice->visit(choice->context, text);
        }
    }
    textset_free(met);
}

void set_sample(const void *value, size_t count, uint64_t *random_state, set_visit_fn visit,
                void *context)
{
    enum { SMALL_PART = 3 };
    struct choice choice = {
        .random_state = random_state,
        .wanted = count,
        .left = set_count(value),
        .visit = visit,
        .context = context,
    };
    assert(count <= choice.left);
    if (members_of(value).kind != PACK && count < choice.left / SMALL_PART) {
        pick_distinct(value, &choice);
    } else {
        set_each(value, visit_chosen, &choice);
    }
}

/* --- life --- */

void set_init_integers(struct set *set)
{
    *set = (struct set){ .kind = INTEGERS, .ints = intset_new() };
}

void set_init_pack(struct set *set, size_t room)
{
    *set = (struct set){ .kind = PACK, .pack = listpack_new(room) };
}

static void init_texts(struct set *set, const struct type_limits *limits)
{
    *set = (struct set){ .kind = TEXTS, .texts = textset_new(limits->table_seed) };
}

void set_init(struct set *set, struct span first, size_t expected, const struct type_limits *limits)
{
    int64_t number;
    if (expected <= limits->set_max_intset_entries && number_parse(first, &number)) {
        set_init_integers(set);
    } else if (expected <= limits->set_max_listpack_entries) {
        set_init_pack(set, LISTPACK_EMPTY_BYTES + listpack_element_bytes(first));
    } else {
        init_texts(set, limits);
    }
}

void set_open(struct set *set, const void *flat)
{
    struct members members = members_of(flat);
    assert(set_is_flat(flat));
    if (members.kind == INTEGERS) {
        *set = (struct set){ .kind = INTEGERS, .ints = intset_copy(members.ints) };
    } else {
        *set = (struct set){ .kind = PACK, .pack = listpack_copy(members.pack) };
    }
}

void set_copy(struct set *copy, const struct set *set)
{
    copy->kind = set->kind;
    switch (set->kind) {
    case INTEGERS:
        copy->ints = intset_copy(set->ints);
        break;
    case PACK:
        copy->pack = listpack_copy(set->pack);
        break;
    default:
        assert(set->kind == TEXTS);
        copy->texts = textset_copy(set->texts);
        break;
    }
}

void set_fini(struct set *set)
{
    switch (set->kind) {
    case INTEGERS:
        memory_free(set->ints);
        break;
    case PACK:
        memory_free(set->pack);
        break;
    case TEXTS:
        textset_free(set->texts);
        break;
    default:
        unreachable("a flat set owns nothing");
    }
}

void *set_move_to_heap(struct set *set)
{
    struct set *value = memory_alloc(sizeof(*value));
    *value = *set;
    *set = (struct set){ 0 };
    return value;
}

size_t set_flat_size(const struct set *set)
{
    size_t size = set->kind == TEXTS ? SIZE_MAX : 1 + set_block(set).len;
    return size <= SET_FLAT_MAX ? size : 0;
}

void set_write_flat(const struct set *set, void *room)
{
    uint8_t *flat = room;
    struct span block = set_block(set);
    assert(set_flat_size(set) > 0);
    flat[0] = set->kind == INTEGERS ? FLAT_INTEGERS : FLAT_PACK;
    memcpy(flat + 1, block.bytes, block.len);
}

/* --- other encodings --- */

static void add_text(void *context, struct span text)
{
    textset_add(context, text);
}

static void append_text(void *context, struct span text)
{
    listpack_append(context, text);
}

static void become_texts(struct set *set, const struct type_limits *limits)
{
    struct set texts;
    init_texts(&texts, limits);
    set_each(set, add_text, texts.texts);
    set_fini(set);
    *set = texts;
}

static void become_pack(struct set *set)
{
    enum { ABOUT = 2 }; /* An integer in a listpack takes about as much as in an intset. */
    struct set pack;
    set_init_pack(&pack, intset_bytes(set->ints) * ABOUT);
    set_each(set, append_text, &pack.pack);
    listpack_shrink(&pack.pack);
    set_fini(set);
    *set = pack;
}

/* Whether a listpack that has `count` members may get this one too. */
static bool fits_pack(size_t count, size_t bytes, struct span text,
                      const struct type_limits *limits)
{
    return count < limits->set_max_listpack_entries && text.len <= limits->set_max_listpack_value &&
           text.len < LISTPACK_BYTES_MAX && bytes < LISTPACK_BYTES_MAX - text.len;
}

/* Whether an intset may become a listpack and get this text too. */
static bool ints_fit_pack(const struct intset *ints, struct span text,
                          const struct type_limits *limits)
{
    char room[NUMBER_TEXT_MAX];
    size_t count = intset_count(ints);
    size_t longest = 0;
    if (count > 0) {
        size_t first = number_format(room, intset_at(ints, 0));
        size_t last = number_format(room, intset_at(ints, count - 1));
        longest = first > last ? first : last;
    }
    return longest <= limits->set_max_listpack_value &&
           fits_pack(count, count * NUMBER_TEXT_MAX, text, limits);
}

void set_expect(struct set *set, size_t more, const struct type_limits *limits)
{
    if ((set->kind == PACK && more > limits->set_max_listpack_entries) ||
        (set->kind == INTEGERS && more > limits->set_max_intset_entries)) {
        become_texts(set, limits);
    }
}

/* --- changing --- */

static bool add_integer(struct set *set, int64_t number, const struct type_limits *limits)
{
    uint64_t max = limits->set_max_intset_entries;
    if (!intset_add(&set->ints, number)) {
        return false;
    }
    if (intset_count(set->ints) > (max < INTSET_COUNT_MAX ? max : INTSET_COUNT_MAX)) {
        become_texts(set, limits);
    }
    return true;
}

bool set_add(struct set *set, struct span text, const struct type_limits *limits)
{
    int64_t number;

    if (set->kind == INTEGERS) {
        if (number_parse(text, &number)) {
            return add_integer(set, number, limits);
        }
        if (ints_fit_pack(set->ints, text, limits)) {
            become_pack(set);
        } else {
            become_texts(set, limits);
        }
    } else if (set->kind == PACK) {
        if (set_has(set, text)) {
            return false;
        }
        if (!fits_pack(listpack_count(set->pack), listpack_bytes(set->pack), text, limits)) {
            become_texts(set, limits);
        }
    }
    if (set->kind == PACK) {
        listpack_append(&set->pack, text);
        return true;
    }
    return textset_add(set->texts, text);
}

bool set_remove(struct set *set, struct span text)
{
    int64_t number;
    if (set->kind == INTEGERS) {
        return number_parse(text, &number) && intset_remove(&set->ints, number);
    }
    if (set->kind == PACK) {
        size_t at = find_in_pack(set->pack, text);
        if (at != 0) {
            listpack_remove(&set->pack, at, 1);
        }
        return at != 0;
    }
    return textset_remove(set->texts, text);
}

static void pop_from_pack(struct listpack **pack, struct choice *choice)
{
    char room[NUMBER_TEXT_MAX];
    size_t at = listpack_first(*pack);
    while (choice->wanted > 0) {
        if (choose(choice)) {
            choice->visit(choice->context, listpack_text(*pack, at, room));
            at = listpack_remove(pack, at, 1);
        } else {
            at = listpack_next(*pack, at);
        }
    }
}

void set_pop(struct set *set, size_t count, uint64_t *random_state, set_visit_fn visit,
             void *context)
{
    struct choice choice = {
        .random_state = random_state,
        .wanted = count,
        .left = set_count(set),
        .visit = visit,
        .context = context,
    };
    char room[NUMBER_TEXT_MAX];

    assert(count <= choice.left);
    if (set->kind == PACK) {
        pop_from_pack(&set->pack, &choice);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct span text = set_random(set, random_state, room);
        visit(context, text);
        set_remove(set, text);
    }
}

static void add_number(void *context, struct span text)
{
    struct intset **ints = context;
    int64_t number = 0;
    bool valid = number_parse(text, &number);
    assert(valid);
    intset_add(ints, number);
}

void set_make_integers(struct set *set, const struct type_limits *limits)
{
    if (set->kind == INTEGERS || set_count(set) > limits->set_max_intset_entries) {
        return;
    }
    struct set ints;
    set_init_integers(&ints);
    set_each(set, add_number, &ints.ints);
    set_fini(set);
    *set = ints;
}

void set_shrink(struct set *set)
{
    if (set->kind == PACK) {
        listpack_shrink(&set->pack);
    }
}
