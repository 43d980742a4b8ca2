/* What the rest of podis sees of sets: see type.h.
 *
 * In RDB files there are
 *
 *      2   count, members                  since Redis 1.0; of a hash table
 *     11   one string: an intset           since 2.6
 *     20   one string: a listpack          since 7.2
 */

#include "cache/types/set.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/intset.h"
#include "cache/ds/listpack.h"
#include "cache/ds/saved.h"
#include "cache/ds/textset.h"

enum saved_as { SAVED_MEMBERS = 2, SAVED_INTSET = 11, SAVED_LISTPACK = 20 };

static size_t size(const void *value)
{
    struct span block = set_block(value);
    return 1 + block.len;
}

static void free_value(void *value)
{
    struct set *set = value;
    set_fini(set);
    memory_free(set);
}

static void *copy(const void *value)
{
    struct set set;
    set_copy(&set, value);
    return set_move_to_heap(&set);
}

static size_t memory(const void *value)
{
    const struct set *set = value;
    if (set_is_flat(value)) {
        return 0;
    }
    size_t members = set_is_hashed(value) ? textset_memory(set->texts) : memory_usable(set->ints);
    return memory_usable(set) + members;
}

static size_t effort(const void *value)
{
    return set_is_hashed(value) ? set_count(value) : 1;
}

static const char *encoding(const void *value)
{
    if (set_is_hashed(value)) {
        return "hashtable";
    }
    return set_is_integers(value) ? "intset" : "listpack";
}

static void digest_member(void *context, struct span text)
{
    digest_xor(context, text);
}

static void digest(const void *value, struct digest *sum)
{
    set_each(value, digest_member, sum);
}

/* --- as commands --- */

enum { REWRITTEN_AT_ONCE = 64 };

struct rewriting {
    struct span argv[2 + REWRITTEN_AT_ONCE];
    size_t argc;
    char room[REWRITTEN_AT_ONCE][NUMBER_TEXT_MAX];
    const void *value;
    rewrite_fn emit;
    void *context;
};

static void flush(struct rewriting *to)
{
    if (to->argc > 2) {
        to->emit(to->context, to->argv, to->argc);
    }
    to->argc = 2;
}

static void rewrite_member(void *context, struct span text)
{
    struct rewriting *to = context;
    if (!set_text_lasts(to->value, text)) {
        char *room = to->room[to->argc - 2];
        memcpy(room, text.bytes, text.len);
        text.bytes = room;
    }
    to->argv[to->argc++] = text;
    if (to->argc == COUNT(to->argv)) {
        flush(to);
    }
}

static void rewrite(struct span key, const void *value, rewrite_fn emit, void *context)
{
    struct rewriting to = {
        .argv = { SPAN("SADD"), key },
        .argc = 2,
        .value = value,
        .emit = emit,
        .context = context,
    };
    set_each(value, rewrite_member, &to);
    flush(&to);
}

/* --- saved --- */

static const uint8_t codes[] = { SAVED_MEMBERS, SAVED_INTSET, SAVED_LISTPACK, TYPE_NO_CODE };

static void save_member(void *context, struct span text)
{
    save_string(context, text);
}

static void save(const void *value, struct saver *out)
{
    if (set_is_hashed(value) || (out->for_7_0 && !set_is_integers(value))) {
        save_type(out, SAVED_MEMBERS);
        save_len(out, set_count(value));
        set_each(value, save_member, out);
    } else {
        save_type(out, set_is_integers(value) ? SAVED_INTSET : SAVED_LISTPACK);
        save_block(out, set_block(value));
    }
}

/* All of these say in loader.why what was wrong when they return false. *set is to be freed in
 * any case. */

static bool load_members(struct loader *in, struct set *set, const struct type_limits *limits)
{
    struct span text;
    uint64_t count;

    if (!load_count(in, 1, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!load_string(in, &text)) {
            return false;
        }
        if (text.len > UINT32_MAX) {
            return load_failed(in, "a member of a set is over 4 GB");
        }
        if (i == 0) {
            set_fini(set);
            set_init(set, text, count, limits);
        }
        if (!set_add(set, text, limits)) {
            return load_failed(in, "a set has a member twice");
        }
    }
    return true;
}

static bool load_intset(struct loader *in, struct set *set, const struct type_limits *limits)
{
    struct span block;

    if (!load_string(in, &block)) {
        return false;
    }
    if (!intset_is_sound(block)) {
        return load_failed(in, "an intset is corrupt");
    }
    memory_free(set->ints);
    set->ints = intset_copy((const struct intset *)(const void *)block.bytes);
    set_expect(set, set_count(set), limits);
    return true;
}

static void add_distinct(void *context, struct span text)
{
    textset_add(context, text);
}

/* Whether no member of a set that is not hashed is there twice. */
static bool is_distinct(const struct set *set, const struct type_limits *limits)
{
    struct textset *texts = textset_new(limits->table_seed);
    set_each(set, add_distinct, texts);
    bool distinct = textset_count(texts) == set_count(set);
    textset_free(texts);
    return distinct;
}

static bool load_listpack(struct loader *in, struct set *set, const struct type_limits *limits)
{
    struct span block;
    size_t count;

    if (!load_string(in, &block)) {
        return false;
    }
    if (!listpack_is_sound(block, &count)) {
        return load_failed(in, "a listpack is corrupt");
    }
    set_fini(set);
    set_init_pack(set, 0);
    memory_free(set->pack);
    set->pack = listpack_copy((const struct listpack *)(const void *)block.bytes);
    if (!is_distinct(set, limits)) {
        return load_failed(in, "a set has a member twice");
    }
    set_expect(set, count, limits);
    return true;
}

static void *load(uint8_t code, struct loader *in, const struct type_limits *limits)
{
    struct set set;
    bool loaded;

    set_init_integers(&set);
    switch (code) {
    case SAVED_MEMBERS:
        loaded = load_members(in, &set, limits);
        break;
    case SAVED_INTSET:
        loaded = load_intset(in, &set, limits);
        break;
    default:
        assert(code == SAVED_LISTPACK);
        loaded = load_listpack(in, &set, limits);
        break;
    }
    if (loaded && set_count(&set) == 0) {
        loaded = load_is_empty(in, "a set is empty");
    }
    if (!loaded) {
        set_fini(&set);
        return NULL;
    }
    return set_move_to_heap(&set);
}

static size_t settled_size(const void *value)
{
    return set_flat_size(value);
}

static void settle(const void *value, void *room)
{
    set_write_flat(value, room);
}

const struct type type_set = {
    .name = "set",
    .tag = TAG_SET,
    .embed_max = SET_FLAT_MAX,
    .free = free_value,
    .copy = copy,
    .size = size,
    .memory = memory,
    .effort = effort,
    .encoding = encoding,
    .rewrite = rewrite,
    .digest = digest,
    .save = save,
    .load = load,
    .codes = codes,
    .settled_size = settled_size,
    .settle = settle,
};
