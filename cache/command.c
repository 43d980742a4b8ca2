/* Rows by name.
 *
 * A look-up is on the path of every GET, so it compares two words, not bytes.
 * The first and last eight bytes of a name, case folded, are both the hash's
 * input and the slot's key; a name of at most sixteen bytes is fully described
 * by them and its length. Folding sets 0x20 in every byte, which would also turn
 * '@' into '`'; so the slot remembers the bits in which a name that is asked for
 * must not differ, which are all but that one bit of each letter.
 *
 *     slot   | words of the name | bits that must be the same | length | row |
 *
 * The slots are at least four times as many as the rows, open addressing,
 * linear probing: most look-ups see one slot. A second such table, by the row's
 * address, gives each row its small number. */

#include "cache/command.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/commands/rows.h"

enum { WORD = 8, WHOLE = 2 * WORD, FIRST_SLOTS = 256, SPARSE = 4 };

#define FOLD      UINT64_C(0x2020202020202020)
#define SPREAD    UINT64_C(0x9e3779b97f4a7c15)
#define SPREAD_TO 32

struct words {
    uint64_t head;
    uint64_t tail; /* 0 where the head says it all. */
};

struct slot {
    struct words name;
    struct words fixed; /* Bits that must be the same: all but the case of letters. */
    size_t len;
    const struct command *row; /* NULL: free. */
};

struct number {
    const struct command *row; /* NULL: free. */
    size_t id;
};

struct command_table {
    struct slot *slots;
    size_t slot_mask;
    const struct command **rows; /* Top level, in the order they were added. */
    size_t row_count;
    size_t row_capacity;
    struct number *numbers; /* Of subcommands too. */
    size_t number_mask;
    size_t number_count;
};

static uint64_t load_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* Up to eight bytes in one word, a different word for each text of that length. */
static uint64_t load_short(const char *bytes, size_t len)
{
    if (len >= WORD / 2) {
        uint32_t front;
        uint32_t back;
        memcpy(&front, bytes, sizeof(front));
        memcpy(&back, bytes + len - sizeof(back), sizeof(back));
        return front | (uint64_t)back << 32;
    }
    return (uint64_t)(unsigned char)bytes[0] | (uint64_t)(unsigned char)bytes[len / 2] << 8 |
           (uint64_t)(unsigned char)bytes[len - 1] << 16;
}

static struct words words_of(struct span name)
{
    assert(name.len > 0);
    if (name.len <= WORD) {
        return (struct words){ .head = load_short(name.bytes, name.len) };
    }
    return (struct words){ .head = load_word(name.bytes),
                           .tail = load_word(name.bytes + name.len - WORD) };
}

/* The first slot to look at. Case makes no difference. */
static size_t spread(struct words words, size_t len)
{
    uint64_t tail = words.tail == 0 ? 0 : words.tail | FOLD;
    return (size_t)((((words.head | FOLD) ^ len) * SPREAD + tail) * SPREAD >> SPREAD_TO);
}

static uint64_t fixed_bits(uint64_t word)
{
    uint64_t fixed = UINT64_MAX;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        unsigned char byte = (unsigned char)(word >> shift);
        if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') {
            fixed &= ~(UINT64_C(0x20) << shift);
        }
    }
    return fixed;
}

/* Whether the slot's name is the asked one but for the case of its letters. */
static bool slot_holds(const struct slot *slot, struct span name, struct words asked)
{
    if (slot->len != name.len || ((asked.head ^ slot->name.head) & slot->fixed.head) != 0) {
        return false;
    }
    if (name.len <= WORD) {
        return true;
    }
    return ((asked.tail ^ slot->name.tail) & slot->fixed.tail) == 0 &&
           (name.len <= WHOLE || span_is(name, slot->row->name));
}

static inline const struct command *probe(const struct command_table *table, struct span name,
                                          struct words asked)
{
    size_t at = spread(asked, name.len) & table->slot_mask;
    while (table->slots[at].row != NULL) {
        if (slot_holds(&table->slots[at], name, asked)) {
            return table->slots[at].row;
        }
        at = (at + 1) & table->slot_mask;
    }
    return NULL;
}

/* Most names that are asked for are short; told apart, those need half of the work. */
static inline const struct command *find_top(const struct command_table *table, struct span name)
{
    if (name.len - 1 < WORD) {
        return probe(table, name, (struct words){ .head = load_short(name.bytes, name.len) });
    }
    if (name.len == 0) {
        return NULL;
    }
    return probe(table, name, words_of(name));
}

static const struct command *find_below(const struct command *container, struct span name)
{
    size_t prefix = strlen(container->name) + 1;
    for (const struct command *row = container->subcommands; row->name != NULL; row++) {
        if (span_is(name, row->name + prefix)) {
            return row;
        }
    }
    return NULL;
}

const struct command *command_find(const struct command_table *table, const struct span *argv,
                                   size_t argc, const struct command **container)
{
    assert(argc > 0);
    const struct command *row = find_top(table, argv[0]);
    if (row == NULL || row->subcommands == NULL || argc == 1) {
        return row;
    }
    const struct command *below = find_below(row, argv[1]);
    if (below == NULL && container != NULL) {
        *container = row;
    }
    return below;
}

const struct command *command_named(const struct command_table *table, struct span name)
{
    const char *bar = name.len == 0 ? NULL : memchr(name.bytes, '|', name.len);
    if (bar == NULL) {
        return find_top(table, name);
    }
    size_t len = (size_t)(bar - name.bytes);
    const struct command *row = find_top(table, (struct span){ name.bytes, len });
    if (row == NULL || row->subcommands == NULL) {
        return NULL;
    }
    return find_below(row, span_skip(name, len + 1));
}

static void place_slot(struct command_table *table, const struct command *row)
{
    struct span name = span_from(row->name);
    struct words words = words_of(name);
    size_t at = spread(words, name.len) & table->slot_mask;
    while (table->slots[at].row != NULL) {
        at = (at + 1) & table->slot_mask;
    }
    table->slots[at] = (struct slot){
        .name = words,
        .fixed = { .head = fixed_bits(words.head), .tail = fixed_bits(words.tail) },
        .len = name.len,
        .row = row,
    };
}

static size_t number_start(const struct command_table *table, const struct command *row)
{
    return (size_t)((uint64_t)(uintptr_t)row * SPREAD >> SPREAD_TO) & table->number_mask;
}

static void place_number(struct command_table *table, struct number number)
{
    size_t at = number_start(table, number.row);
    while (table->numbers[at].row != NULL) {
        at = (at + 1) & table->number_mask;
    }
    table->numbers[at] = number;
}

static void add_number(struct command_table *table, const struct command *row)
{
    if ((table->number_count + 1) * SPARSE > table->number_mask + 1) {
        struct number *old = table->numbers;
        size_t count = table->number_mask + 1;
        table->numbers = memory_zero(2 * count * sizeof(*table->numbers));
        table->number_mask = 2 * count - 1;
        for (size_t i = 0; i < count; i++) {
            if (old[i].row != NULL) {
                place_number(table, old[i]);
            }
        }
        memory_free(old);
    }
    place_number(table, (struct number){ .row = row, .id = table->number_count });
    table->number_count++;
}

static void add_row(struct command_table *table, const struct command *row)
{
    if (table->row_count == table->row_capacity) {
        table->row_capacity *= 2;
        table->rows = memory_resize(table->rows, table->row_capacity * sizeof(*table->rows));
    }
    table->rows[table->row_count] = row;
    table->row_count++;

    if (table->row_count * SPARSE <= table->slot_mask + 1) {
        place_slot(table, row);
        return;
    }
    size_t count = 2 * (table->slot_mask + 1);
    memory_free(table->slots);
    table->slots = memory_zero(count * sizeof(*table->slots));
    table->slot_mask = count - 1;
    for (size_t i = 0; i < table->row_count; i++) {
        place_slot(table, table->rows[i]);
    }
}

struct command_table *command_table_new(void)
{
    struct command_table *table = memory_zero(sizeof(*table));
    table->slots = memory_zero(FIRST_SLOTS * sizeof(*table->slots));
    table->slot_mask = FIRST_SLOTS - 1;
    table->row_capacity = FIRST_SLOTS / SPARSE;
    table->rows = memory_alloc(table->row_capacity * sizeof(*table->rows));
    table->numbers = memory_zero(FIRST_SLOTS * sizeof(*table->numbers));
    table->number_mask = FIRST_SLOTS - 1;
    return table;
}

void command_table_free(struct command_table *table)
{
    if (table == NULL) {
        return;
    }
    memory_free(table->slots);
    memory_free(table->rows);
    memory_free(table->numbers);
    memory_free(table);
}

void command_table_add(struct command_table *table, const struct command *rows)
{
    for (const struct command *row = rows; row->name != NULL; row++) {
        assert(find_top(table, span_from(row->name)) == NULL);
        add_row(table, row);
        add_number(table, row);
        if (row->subcommands == NULL) {
            continue;
        }
        for (const struct command *below = row->subcommands; below->name != NULL; below++) {
            add_number(table, below);
        }
    }
}

size_t command_count(const struct command_table *table)
{
    return table->row_count;
}

const struct command *command_at(const struct command_table *table, size_t index)
{
    assert(index < table->row_count);
    return table->rows[index];
}

size_t command_id(const struct command_table *table, const struct command *command)
{
    size_t at = number_start(table, command);
    while (table->numbers[at].row != command) {
        assert(table->numbers[at].row != NULL);
        at = (at + 1) & table->number_mask;
    }
    return table->numbers[at].id;
}

size_t command_ids(const struct command_table *table)
{
    return table->number_count;
}

/* Keys of one specification: argv[first], argv[first + step] … up to argv[last]. */
struct key_range {
    size_t first, last, step;
};

static bool range_make(int64_t first, int64_t last, size_t step, size_t argc,
                       struct key_range *range)
{
    if (last < first || last >= (int64_t)argc) {
        return false;
    }
    *range = (struct key_range){ .first = (size_t)first, .last = (size_t)last, .step = step };
    return true;
}

static bool range_counted(const struct key_spec *spec, const struct span *argv, size_t argc,
                          struct key_range *range)
{
    int64_t number;
    if (spec->first >= argc || !number_parse(argv[spec->first], &number) || number < 1 ||
        number > (int64_t)argc) {
        return false;
    }
    int64_t first = spec->first + 1;
    return range_make(first, first + (number - 1) * spec->step, spec->step, argc, range);
}

/* `first` may be the command's name: there are no keys then. */
static bool range_after_word(const struct key_spec *spec, const struct span *argv, size_t argc,
                             struct key_range *range)
{
    size_t at = spec->first;
    while (at < argc && !span_is(argv[at], spec->keyword)) {
        at++;
    }
    int64_t first = (int64_t)at + 1;
    int64_t last = first + spec->last;
    if (spec->last < 0) {
        int64_t rest = (int64_t)argc - first;
        last = first + (spec->limit > 1 ? rest / spec->limit : rest + 1 + spec->last) - 1;
    }
    return range_make(first, last, spec->step, argc, range);
}

/* False if argv has no keys by this specification. */
static bool range_of(const struct key_spec *spec, const struct span *argv, size_t argc,
                     struct key_range *range)
{
    switch (spec->kind) {
    case KEYS_RANGE:
        return range_make(spec->first,
                          spec->last < 0 ? (int64_t)argc + spec->last : (int64_t)spec->last,
                          spec->step, argc, range);
    case KEYS_COUNTED:
        return range_counted(spec, argv, argc, range);
    case KEYS_KEYWORD:
        return range_after_word(spec, argv, argc, range);
    case KEYS_NONE:
    case KEYS_UNKNOWN:
        break;
    }
    return false;
}

/* A keyword may be missing; anything else that does not fit means that there is nothing to run. */
static bool may_be_absent(const struct key_spec *spec)
{
    return spec->kind == KEYS_KEYWORD || spec->kind == KEYS_UNKNOWN;
}

size_t command_keys(const struct command *command, const struct span *argv, size_t argc,
                    uint32_t *indexes, size_t max)
{
    size_t count = 0;
    if (command->find_keys != NULL) {
        return command->find_keys(argv, argc, indexes, max);
    }
    for (size_t i = 0; i < COMMAND_KEY_SPECS && command->keys[i].kind != KEYS_NONE; i++) {
        struct key_range range;
        if (command->keys[i].flags & KEY_NOT_KEY) {
            continue;
        }
        if (!range_of(&command->keys[i], argv, argc, &range)) {
            if (may_be_absent(&command->keys[i])) {
                continue;
            }
            return 0;
        }
        for (size_t at = range.first; at <= range.last; at += range.step) {
            if (count < max) {
                indexes[count] = (uint32_t)at;
            }
            count++;
        }
    }
    return count;
}

/* Specifications are in the order of their keys. */
uint16_t command_key_flags(const struct command *command, const struct span *argv, size_t argc,
                           size_t at)
{
    const struct key_spec *spec = &command->keys[0];

    if (command->key_flags != NULL) {
        return command->key_flags(argv, argc);
    }
    for (size_t i = 1; i < COMMAND_KEY_SPECS && command->keys[i].kind != KEYS_NONE; i++) {
        if (command->keys[i].first <= at) {
            spec = &command->keys[i];
        }
    }
    return spec->flags;
}

void found_keys_init(struct found_keys *keys, const struct command *command,
                     const struct span *argv, size_t argc)
{
    keys->indexes = keys->few;
    keys->count = command_keys(command, argv, argc, keys->few, FOUND_KEYS_FEW);
    if (keys->count > FOUND_KEYS_FEW) {
        keys->indexes = memory_alloc(keys->count * sizeof(*keys->indexes));
        command_keys(command, argv, argc, keys->indexes, keys->count);
    }
}

void found_keys_fini(struct found_keys *keys)
{
    if (keys->indexes != keys->few) {
        memory_free(keys->indexes);
    }
}

bool command_arity_fits(const struct command *command, size_t argc)
{
    return command->arity < 0 ? argc >= (size_t)-command->arity : argc == (size_t)command->arity;
}

static uint32_t categories_of_group(const struct command *command)
{
    static const struct {
        const char *group;
        uint32_t category;
    } groups[] = {
        { "string", ACL_STRING },
        { "list", ACL_LIST },
        { "set", ACL_SET },
        { "sorted-set", ACL_SORTEDSET },
        { "hash", ACL_HASH },
        { "bitmap", ACL_BITMAP },
        { "hyperloglog", ACL_HYPERLOGLOG },
        { "geo", ACL_GEO },
        { "stream", ACL_STREAM },
        { "connection", ACL_CONNECTION },
        { "transactions", ACL_TRANSACTION },
        { "scripting", ACL_SCRIPTING },
    };
    /* A container that does nothing by itself belongs to no category but @slow. */
    if (command->group == NULL || command->run == NULL) {
        return 0;
    }
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (strcmp(groups[i].group, command->group) == 0) {
            return groups[i].category;
        }
    }
    return 0;
}

uint32_t command_categories(const struct command *command)
{
    static const struct {
        uint32_t flag;
        uint32_t categories;
    } implied[] = {
        { CMD_WRITE, ACL_WRITE },       { CMD_READ, ACL_READ },
        { CMD_PUBSUB, ACL_PUBSUB },     { CMD_ADMIN, ACL_ADMIN | ACL_DANGEROUS },
        { CMD_BLOCKING, ACL_BLOCKING },
    };
    uint32_t categories = command->categories | categories_of_group(command);
    for (size_t i = 0; i < COUNT(implied); i++) {
        if ((command->flags & implied[i].flag) != 0) {
            categories |= implied[i].categories;
        }
    }
    if ((categories & ACL_SCRIPTING) != 0) {
        categories &= ~(uint32_t)ACL_READ; /* A script that only reads is no plain read. */
    }
    return categories | ((command->flags & CMD_FAST) != 0 ? ACL_FAST : ACL_SLOW);
}

static const char *const category_names[ACL_CATEGORIES] = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting",
};

const char *acl_category_name(size_t number)
{
    assert(number < ACL_CATEGORIES);
    return category_names[number];
}

uint32_t acl_category_named(struct span name)
{
    for (size_t i = 0; i < ACL_CATEGORIES; i++) {
        if (span_is(name, category_names[i])) {
            return BIT(i);
        }
    }
    return 0;
}

void command_table_add_store(struct command_table *table)
{
    command_table_add(table, command_commands);
    command_table_add(table, string_commands);
    command_table_add(table, string_write_commands);
    command_table_add(table, string_number_commands);
    command_table_add(table, lcs_commands);
    command_table_add(table, key_commands);
    command_table_add(table, expire_commands);
    command_table_add(table, scan_commands);
    command_table_add(table, object_commands);
    command_table_add(table, bitmap_commands);
    command_table_add(table, bitop_commands);
    command_table_add(table, bitfield_commands);
    command_table_add(table, hyperloglog_commands);
    command_table_add(table, dump_commands);
    command_table_add(table, flush_commands);
    command_table_add(table, list_commands);
    command_table_add(table, list_write_commands);
    command_table_add(table, list_move_commands);
    command_table_add(table, publish_commands);
    command_table_add(table, set_commands);
    command_table_add(table, set_write_commands);
    command_table_add(table, set_algebra_commands);
    command_table_add(table, sort_commands);
    command_table_add(table, zset_commands);
    command_table_add(table, zset_write_commands);
    command_table_add(table, zset_range_commands);
    command_table_add(table, zset_pop_commands);
    command_table_add(table, zset_random_commands);
    command_table_add(table, zset_combine_commands);
    command_table_add(table, hash_commands);
    command_table_add(table, hash_write_commands);
    command_table_add(table, hash_random_commands);
    command_table_add(table, hash_expire_commands);
    command_table_add(table, hash_timed_commands);
    command_table_add(table, stream_commands);
    command_table_add(table, stream_write_commands);
    command_table_add(table, stream_read_commands);
    command_table_add(table, stream_group_commands);
    command_table_add(table, stream_claim_commands);
    command_table_add(table, stream_info_commands);
    command_table_add(table, stream_delete_commands);
    command_table_add(table, geo_commands);
    command_table_add(table, geo_search_commands);
    command_table_add(table, script_commands);
    command_table_add(table, function_commands);
}
