/* Entries in a listpack. */

#include "cache/types/stream_block.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum {
    DELETED = 1 << 0,
    SAME_FIELDS = 1 << 1,
    FLAGS_ALL = DELETED | SAME_FIELDS,
    FIXED = 3, /* flags, ms, seq */
};

struct span stream_block_key(const void *block)
{
    const struct stream_block *it = block;
    return (struct span){ (const char *)it->id, STREAM_ID_BYTES };
}

static int64_t number_at(const struct listpack *pack, size_t at)
{
    int64_t number;
    bool is_number = listpack_number(pack, at, &number);

    assert(is_number);
    return number;
}

/* The number at *at, which moves on. */
static int64_t take_number(const struct listpack *pack, size_t *at)
{
    int64_t number = number_at(pack, *at);

    *at = listpack_next(pack, *at);
    return number;
}

static size_t skip(const struct listpack *pack, size_t at, size_t count)
{
    while (count > 0) {
        at = listpack_next(pack, at);
        count--;
    }
    return at;
}

int64_t stream_block_live(const struct stream_block *block)
{
    return number_at(block->pack, listpack_first(block->pack));
}

int64_t stream_block_entries(const struct stream_block *block)
{
    size_t at = listpack_first(block->pack);
    int64_t live = take_number(block->pack, &at);
    return live + number_at(block->pack, at);
}

static void add_to_counts(struct stream_block *block, int64_t live, int64_t dead)
{
    size_t at = listpack_first(block->pack);
    int64_t number = number_at(block->pack, at);

    at = listpack_replace_number(&block->pack, at, number + live);
    if (dead != 0) {
        at = listpack_next(block->pack, at);
        number = number_at(block->pack, at);
        listpack_replace_number(&block->pack, at, number + dead);
    }
}

/* --- making --- */

static void append_entry(struct stream_block *block, struct stream_id id, bool same,
                         const struct span *fields, size_t field_count)
{
    struct stream_id base = stream_id_read(block->id);
    struct listpack **pack = &block->pack;
    size_t elements = FIXED + field_count;

    listpack_append_number(pack, same ? SAME_FIELDS : 0);
    listpack_append_number(pack, (int64_t)(id.ms - base.ms));
    listpack_append_number(pack, (int64_t)(id.seq - base.seq));
    if (!same) {
        listpack_append_number(pack, (int64_t)field_count);
        elements += field_count + 1;
    }
    for (size_t i = 0; i < field_count; i++) {
        if (!same) {
            listpack_append(pack, fields[2 * i]);
        }
        listpack_append(pack, fields[2 * i + 1]);
    }
    listpack_append_number(pack, (int64_t)elements);
}

struct stream_block *stream_block_new(struct stream_id id, const struct span *fields,
                                      size_t field_count, size_t room)
{
    struct stream_block *block = memory_alloc(sizeof(*block));

    assert(field_count > 0);
    stream_id_write(block->id, id);
    block->pack = listpack_new(room);
    listpack_append_number(&block->pack, 1);
    listpack_append_number(&block->pack, 0);
    listpack_append_number(&block->pack, (int64_t)field_count);
    for (size_t i = 0; i < field_count; i++) {
        listpack_append(&block->pack, fields[2 * i]);
    }
    listpack_append_number(&block->pack, 0);
    append_entry(block, id, true, fields, field_count);
    return block;
}

void stream_block_free(void *block)
{
    struct stream_block *it = block;

    memory_free(it->pack);
    memory_free(it);
}

struct stream_block *stream_block_copy(const struct stream_block *block)
{
    struct stream_block *copy = memory_alloc(sizeof(*copy));

    *copy = *block;
    copy->pack = listpack_copy(block->pack);
    return copy;
}

static bool has_fields_of(const struct stream_block *block, const struct span *fields,
                          size_t field_count)
{
    size_t at = skip(block->pack, listpack_first(block->pack), 2);

    if (take_number(block->pack, &at) != (int64_t)field_count) {
        return false;
    }
    for (size_t i = 0; i < field_count; i++) {
        if (!listpack_is(block->pack, at, fields[2 * i])) {
            return false;
        }
        at = listpack_next(block->pack, at);
    }
    return true;
}

void stream_block_append(struct stream_block *block, struct stream_id id, const struct span *fields,
                         size_t field_count)
{
    bool same = has_fields_of(block, fields, field_count);

    assert(field_count > 0);
    append_entry(block, id, same, fields, field_count);
    add_to_counts(block, 1, 0);
}

/* --- reading --- */

/* The beginning of the entry at `at`, where the block's names are known. */
static struct stream_place place_at(const struct stream_block *block, size_t at, size_t names_at,
                                    size_t name_count)
{
    struct stream_place place = { .at = at };

    if (at == 0) {
        return place;
    }
    struct stream_id base = stream_id_read(block->id);
    int64_t flags = take_number(block->pack, &at);
    place.id.ms = base.ms + (uint64_t)take_number(block->pack, &at);
    place.id.seq = base.seq + (uint64_t)take_number(block->pack, &at);
    place.deleted = (flags & DELETED) != 0;
    place.same_fields = (flags & SAME_FIELDS) != 0;
    place.names_at = names_at;
    place.field_count = name_count;
    if (!place.same_fields) {
        place.field_count = (size_t)take_number(block->pack, &at);
        place.names_at = at;
    }
    place.fields_at = at;
    return place;
}

/* Where the block's names are, and how many. */
static size_t names_of(const struct stream_block *block, size_t *count)
{
    size_t at = skip(block->pack, listpack_first(block->pack), 2);

    *count = (size_t)take_number(block->pack, &at);
    return at;
}

static struct stream_place place_in(const struct stream_block *block, size_t at)
{
    size_t count;
    size_t names_at = names_of(block, &count);
    return place_at(block, at, names_at, count);
}

struct stream_place stream_block_first(const struct stream_block *block)
{
    size_t count;
    size_t names_at = names_of(block, &count);
    return place_at(block, skip(block->pack, names_at, count + 1), names_at, count);
}

/* The place of the entry whose last element, the count of the others, is at `at`. */
static struct stream_place place_before(const struct stream_block *block, size_t at)
{
    for (int64_t count = number_at(block->pack, at); count > 0; count--) {
        at = listpack_previous(block->pack, at);
    }
    return place_in(block, at);
}

struct stream_place stream_block_last(const struct stream_block *block)
{
    return place_before(block, listpack_last(block->pack));
}

static size_t elements_of(const struct stream_place *place)
{
    return place->same_fields ? place->field_count : 2 * place->field_count;
}

struct stream_place stream_block_next(const struct stream_block *block,
                                      const struct stream_place *place)
{
    return place_in(block, skip(block->pack, place->fields_at, elements_of(place) + 1));
}

struct stream_place stream_block_previous(const struct stream_block *block,
                                          const struct stream_place *place)
{
    size_t at = listpack_previous(block->pack, place->at);

    /* Before the first entry is the end of the names: a zero, which no entry has there. */
    if (number_at(block->pack, at) == 0) {
        return (struct stream_place){ 0 };
    }
    return place_before(block, at);
}

static void read_field(struct stream_field *field, const struct stream_block *block)
{
    field->name = listpack_text(block->pack, field->name_at, field->name_room);
    field->value = listpack_text(block->pack, field->value_at, field->value_room);
}

void stream_field_first(struct stream_field *field, const struct stream_block *block,
                        const struct stream_place *place)
{
    field->name_at = place->names_at;
    field->value_at =
        place->same_fields ? place->fields_at : listpack_next(block->pack, place->fields_at);
    read_field(field, block);
}

void stream_field_next(struct stream_field *field, const struct stream_block *block,
                       const struct stream_place *place)
{
    size_t step = place->same_fields ? 1 : 2;

    field->name_at = skip(block->pack, field->name_at, step);
    field->value_at = skip(block->pack, field->value_at, step);
    read_field(field, block);
}

/* --- deleting --- */

static void flag_deleted(struct stream_block *block, const struct stream_place *place)
{
    size_t len = listpack_bytes(block->pack);

    assert(!place->deleted);
    listpack_replace_number(&block->pack, place->at,
                            DELETED | (place->same_fields ? SAME_FIELDS : 0));
    assert(listpack_bytes(block->pack) == len); /* So other places are where they were. */
}

void stream_block_delete(struct stream_block *block, const struct stream_place *place)
{
    flag_deleted(block, place);
    add_to_counts(block, -1, 1);
}

int64_t stream_block_trim(struct stream_block *block, uint64_t count, struct stream_id before)
{
    int64_t trimmed = 0;
    struct stream_place place = stream_block_first(block);

    while (place.at != 0 && (uint64_t)trimmed < count && stream_id_compare(place.id, before) < 0) {
        if (!place.deleted) {
            flag_deleted(block, &place);
            trimmed++;
        }
        place = stream_block_next(block, &place);
    }
    if (trimmed > 0) {
        add_to_counts(block, -trimmed, trimmed);
    }
    return trimmed;
}

/* --- verifying --- */

/* What is left of a pack whose elements are sound. */
struct reading {
    const struct listpack *pack;
    size_t at;
    size_t left; /* Elements. */
};

static bool read_number(struct reading *reading, int64_t *number)
{
    if (reading->left == 0 || !listpack_number(reading->pack, reading->at, number)) {
        return false;
    }
    reading->at = listpack_next(reading->pack, reading->at);
    reading->left--;
    return true;
}

static bool read_past(struct reading *reading, uint64_t count)
{
    if (count > reading->left) {
        return false;
    }
    reading->at = skip(reading->pack, reading->at, (size_t)count);
    reading->left -= (size_t)count;
    return true;
}

/* A number of fields that there can be. */
static bool read_count(struct reading *reading, int64_t *count)
{
    return read_number(reading, count) && *count > 0 && (uint64_t)*count <= reading->left;
}

/* Beginning and end of one entry; sets what the entry is. */
static bool read_entry(struct reading *reading, struct stream_id base, int64_t name_count,
                       struct stream_place *place)
{
    int64_t flags, ms, seq, elements;
    int64_t fields = name_count;

    if (!read_number(reading, &flags) || flags < 0 || flags > FLAGS_ALL ||
        !read_number(reading, &ms) || !read_number(reading, &seq)) {
        return false;
    }
    bool same = (flags & SAME_FIELDS) != 0;
    if (!same && !read_count(reading, &fields)) {
        return false;
    }
    uint64_t expected = same ? (uint64_t)fields : 2 * (uint64_t)fields;
    if (!read_past(reading, expected) || !read_number(reading, &elements)) {
        return false;
    }
    *place = (struct stream_place){
        .id = { base.ms + (uint64_t)ms, base.seq + (uint64_t)seq },
        .deleted = (flags & DELETED) != 0,
    };
    return (uint64_t)elements == expected + FIXED + !same;
}

/* Ids of deleted entries say nothing: XSETID may have gone back behind them. */
static bool entries_are_sound(struct reading *reading, struct stream_id base, int64_t name_count,
                              int64_t counts[2])
{
    struct stream_id last = base;
    bool first = true;

    while (reading->left > 0) {
        struct stream_place place;
        if (!read_entry(reading, base, name_count, &place)) {
            return false;
        }
        counts[place.deleted]--;
        if (place.deleted) {
            continue;
        }
        int order = stream_id_compare(place.id, last);
        if (order < 0 || (order == 0 && !first)) {
            return false;
        }
        first = false;
        last = place.id;
    }
    return counts[0] == 0 && counts[1] == 0;
}

bool stream_block_is_sound(const struct stream_block *block, size_t len)
{
    struct reading reading = { .pack = block->pack };
    int64_t counts[2]; /* Live and dead. */
    int64_t name_count, zero;

    if (!listpack_is_sound((struct span){ (const char *)block->pack, len }, &reading.left) ||
        reading.left == 0) {
        return false;
    }
    reading.at = listpack_first(block->pack);
    return read_number(&reading, &counts[0]) && read_number(&reading, &counts[1]) &&
           counts[0] >= 0 && counts[1] >= 0 && read_count(&reading, &name_count) &&
           read_past(&reading, (uint64_t)name_count) && read_number(&reading, &zero) && zero == 0 &&
           entries_are_sound(&reading, stream_id_read(block->id), name_count, counts);
}
