/* Hashes saved and loaded.
 *
 *     4    pairs of strings                       a table
 *     9    a zipmap                               Redis before 2.6
 *     13   a ziplist of pairs                     Redis before 7.0
 *     16   a listpack of pairs
 *     22   time, field, value …                   Redis 7.4 before it was released
 *     23   a listpack of triplets                 the same
 *     24   the first time, then as 22 but each time counted from the first, plus one; 0: never
 *     25   the first time, then as 23
 *
 * Types 22 to 25 are those of hashes some of whose fields expire. */

#include "cache/types/hash_saved.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/listpack.h"
#include "cache/ds/ziplist.h"
#include "cache/ds/zipmap.h"
#include "cache/types/hash_draft.h"
#include "cache/types/hash_kind.h"
#include "cache/types/hash_pack.h"
#include "cache/types/hash_table.h"
#include "cache/types/type.h"

#include <stdlib.h>

enum saved_hash {
    SAVED_PAIRS = 4,
    SAVED_ZIPMAP = 9,
    SAVED_ZIPLIST = 13,
    SAVED_PACK = 16,
    SAVED_TIMED_PAIRS_DRAFT = 22,
    SAVED_TIMED_PACK_DRAFT = 23,
    SAVED_TIMED_PAIRS = 24,
    SAVED_TIMED_PACK = 25,
    SAVED_PAIRS_TIMED = HASH_SAVED_VALKEY,
};

const uint8_t hash_saved_codes[] = {
    SAVED_PAIRS,
    SAVED_ZIPMAP,
    SAVED_ZIPLIST,
    SAVED_PACK,
    SAVED_TIMED_PAIRS_DRAFT,
    SAVED_TIMED_PACK_DRAFT,
    SAVED_TIMED_PAIRS,
    SAVED_TIMED_PACK,
    SAVED_PAIRS_TIMED,
    TYPE_NO_CODE,
};

/* --- saving --- */

static struct span pack_bytes(const struct listpack *pack)
{
    return (struct span){ (const char *)pack, listpack_bytes(pack) };
}

static void save_pack(const struct hash_pack *hash, struct saver *out)
{
    save_type(out, SAVED_PACK);
    save_block(out, pack_bytes(hash->pack));
}

static void save_flat(void *hash, struct saver *out)
{
    struct hash_draft draft;
    hash_draft_init(&draft, hash, &type_limits_default);
    struct hash_pack *pack = hash_draft_to_heap(&draft);
    save_pack(pack, out);
    hash_pack_free(pack);
}

static void save_timed_pack(const struct hash_pack *hash, struct saver *out)
{
    int64_t first_ms = hash_pack_first_ms(hash);
    save_type(out, SAVED_TIMED_PACK);
    save_ms(out, first_ms == HASH_NEVER ? HASH_EXPIRES_END_MS : first_ms);
    save_block(out, pack_bytes(hash->pack));
}

static void save_pair(void *context, const struct hash_item *item)
{
    save_string(context, item->field);
    save_string(context, item->value);
}

struct timed_saver {
    struct saver *out;
    int64_t first_ms;
};

static void save_timed_pair(void *context, const struct hash_item *item)
{
    const struct timed_saver *saver = context;
    bool expires = item->expires_at_ms != HASH_NEVER;
    save_len(saver->out, expires ? (uint64_t)(item->expires_at_ms - saver->first_ms) + 1 : 0);
    save_pair(saver->out, item);
}

static void save_table(const struct hash_table *hash, struct saver *out)
{
    const struct hash_due *due = hash_table_due(hash);

    if (due == NULL || due->count == 0) {
        save_type(out, SAVED_PAIRS);
        save_len(out, hash_table_count(hash));
        hash_each(hash, 0, save_pair, out);
        return;
    }
    struct timed_saver saver = {
        .out = out,
        .first_ms = hash_pair_expires_at_ms(hash_due_first(due)),
    };
    save_type(out, SAVED_TIMED_PAIRS);
    save_ms(out, saver.first_ms);
    save_len(out, hash_table_count(hash));
    hash_each(hash, 0, save_timed_pair, &saver);
}

void hash_save(const void *hash, struct saver *out)
{
    switch (hash_kind_of(hash)) {
    case HASH_FLAT:
        save_flat((void *)(uintptr_t)hash, out);
        return;
    case HASH_PACK:
        save_pack(hash, out);
        return;
    case HASH_TIMED_PACK:
        save_timed_pack(hash, out);
        return;
    default:
        save_table(hash, out);
    }
}

/* --- loading --- */

/* A hash on its way in. */
struct arrival {
    struct loader *in;
    struct hash_draft draft;
    struct buf field; /* One that waits for its value. */
    bool has_field;
};

static bool add(struct arrival *arrival, struct span field, struct span value,
                int64_t expires_at_ms)
{
    if (field.len > UINT32_MAX || value.len > UINT32_MAX) {
        return load_failed(arrival->in, "a field of a hash is over 4 GB");
    }
    if (!hash_draft_set(&arrival->draft, field, value, expires_at_ms)) {
        return load_failed(arrival->in, "a field of a hash is there twice");
    }
    return true;
}

/* Keeps a field until its value was read, which may be where it was. */
static bool keep_field(struct arrival *arrival, struct span field)
{
    buf_cut(&arrival->field, 0);
    return buf_add(&arrival->field, field) ||
           load_failed(arrival->in, "a field of a hash is over 4 GB");
}

/* `base` is added to the times, where they are counted from one. */
static bool load_time(struct loader *in, int64_t base, int64_t *expires_at_ms)
{
    uint64_t time;

    if (!load_len(in, &time)) {
        return false;
    }
    *expires_at_ms = HASH_NEVER;
    if (time == 0) {
        return true;
    }
    if (time > (uint64_t)HASH_EXPIRES_END_MS || (int64_t)time + base <= 0 ||
        (int64_t)time + base >= HASH_EXPIRES_END_MS) {
        return load_failed(in, "a field of a hash expires at no possible time");
    }
    *expires_at_ms = (int64_t)time + base;
    return true;
}

static bool load_pairs(struct arrival *arrival, bool timed, int64_t base)
{
    struct loader *in = arrival->in;
    uint64_t count;

    if (!load_count(in, timed ? 3 : 2, &count)) {
        return false;
    }
    hash_draft_expect(&arrival->draft, (size_t)count, 0);
    for (uint64_t i = 0; i < count; i++) {
        int64_t expires_at_ms = HASH_NEVER;
        struct span field, value;
        if (timed && !load_time(in, base, &expires_at_ms)) {
            return false;
        }
        if (!load_string(in, &field) || !keep_field(arrival, field) || !load_string(in, &value) ||
            !add(arrival, buf_span(&arrival->field), value, expires_at_ms)) {
            return false;
        }
    }
    return true;
}

/* The time of the first field, from which the others are counted. */
static bool load_first_ms(struct loader *in, int64_t *first_ms)
{
    if (!load_ms(in, first_ms)) {
        return false;
    }
    return (*first_ms >= 0 && *first_ms <= HASH_EXPIRES_END_MS) ||
           load_failed(in, "a hash expires at no possible time");
}

/* Valkey's: the time is behind the value. */
static bool load_pairs_timed(struct arrival *arrival)
{
    struct loader *in = arrival->in;
    struct buf value;
    struct span text;
    int64_t time;
    uint64_t count;
    bool good = load_count(in, 2 + sizeof(time), &count);

    buf_init(&value, UINT32_MAX);
    for (uint64_t i = 0; good && i < count; i++) {
        good = load_string(in, &text) && keep_field(arrival, text) && load_string(in, &text);
        buf_cut(&value, 0);
        good = good && (buf_add(&value, text) || load_failed(in, "a field's value is over 4 GB")) &&
               load_ms(in, &time);
        if (good && time != -1 && (time <= 0 || time >= HASH_EXPIRES_END_MS)) {
            good = load_failed(in, "a field of a hash expires at no possible time");
        }
        good = good && add(arrival, buf_span(&arrival->field), buf_span(&value),
                           time == -1 ? HASH_NEVER : time);
    }
    buf_fini(&value);
    return good;
}

static bool add_pair(void *context, struct span field, struct span value)
{
    return add(context, field, value, HASH_NEVER);
}

static bool load_zipmap(struct arrival *arrival)
{
    struct span bytes;
    return load_string(arrival->in, &bytes) && (zipmap_read(bytes, add_pair, arrival) ||
                                                load_failed(arrival->in, "a zipmap is not sound"));
}

static bool add_element(void *context, struct span text)
{
    struct arrival *arrival = context;

    arrival->has_field = !arrival->has_field;
    if (arrival->has_field) {
        return keep_field(arrival, text);
    }
    return add(arrival, buf_span(&arrival->field), text, HASH_NEVER);
}

static bool load_ziplist(struct arrival *arrival)
{
    struct span bytes;
    return load_string(arrival->in, &bytes) &&
           ((ziplist_read(bytes, add_element, arrival) && !arrival->has_field) ||
            load_failed(arrival->in, "a ziplist is not sound"));
}

/* A sound listpack with `width` elements for each field. */
static bool load_listpack(struct loader *in, size_t width, const struct listpack **pack,
                          size_t *fields)
{
    struct span bytes;
    size_t count;

    if (!load_string(in, &bytes)) {
        return false;
    }
    if (!listpack_is_sound(bytes, &count) || count % width != 0) {
        return load_failed(in, "a listpack is not sound");
    }
    *pack = (const struct listpack *)(const void *)bytes.bytes;
    *fields = count / width;
    return true;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

/* Whether two fields are the same: looks for equal hashes, of which 64 bits are enough. */
static bool has_twins(const struct listpack *pack, size_t fields, uint64_t seed)
{
    uint64_t *hashes = memory_alloc((fields + 1) * sizeof(*hashes));
    char room[NUMBER_TEXT_MAX];
    bool twins = false;
    size_t count = 0;

    for (size_t at = listpack_first(pack); at != 0;) {
        hashes[count++] = hash_bytes(listpack_text(pack, at, room), seed);
        at = listpack_next(pack, listpack_next(pack, at));
    }
    assert(count == fields);
    qsort(hashes, count, sizeof(*hashes), compare_hashes);
    for (size_t i = 1; i < count && !twins; i++) {
        twins = hashes[i] == hashes[i - 1];
    }
    memory_free(hashes);
    return twins;
}

/* The fields one by one: checks what may be wrong with each. */
static bool add_from_pack(struct arrival *arrival, const struct listpack *pack, bool timed)
{
    char rooms[2][NUMBER_TEXT_MAX];

    for (size_t at = listpack_first(pack); at != 0;) {
        size_t value_at = listpack_next(pack, at);
        struct span field = listpack_text(pack, at, rooms[0]);
        struct span value = listpack_text(pack, value_at, rooms[1]);
        int64_t time = 0;
        at = listpack_next(pack, value_at);
        if (timed) {
            if (!listpack_number(pack, at, &time) || time < 0 || time >= HASH_EXPIRES_END_MS) {
                return load_failed(arrival->in, "a field of a hash expires at no possible time");
            }
            at = listpack_next(pack, at);
        }
        if (!add(arrival, field, value, time == 0 ? HASH_NEVER : time)) {
            return false;
        }
    }
    return true;
}

static bool load_timed_pack(struct arrival *arrival)
{
    const struct listpack *pack;
    size_t fields;

    if (!load_listpack(arrival->in, 3, &pack, &fields)) {
        return false;
    }
    hash_draft_expect(&arrival->draft, fields, 0);
    return add_from_pack(arrival, pack, true);
}

/* The listpack is taken as it is, unless it has more fields than one may have now. */
static bool load_pack(struct arrival *arrival)
{
    const struct type_limits *limits = arrival->draft.limits;
    const struct listpack *pack;
    size_t fields;

    if (!load_listpack(arrival->in, 2, &pack, &fields)) {
        return false;
    }
    if (fields > limits->hash_max_listpack_entries) {
        hash_draft_expect(&arrival->draft, fields, 0);
        return add_from_pack(arrival, pack, false);
    }
    if (has_twins(pack, fields, limits->table_seed)) {
        return load_failed(arrival->in, "a field of a hash is there twice");
    }
    struct listpack *copy = listpack_copy(pack);
    arrival->draft.heap = hash_pack_new(&copy, false);
    arrival->draft.is_fresh = true;
    return true;
}

static bool load_body(struct arrival *arrival, uint8_t code)
{
    int64_t first_ms;

    switch (code) {
    case SAVED_PAIRS:
        return load_pairs(arrival, false, 0);
    case SAVED_ZIPMAP:
        return load_zipmap(arrival);
    case SAVED_ZIPLIST:
        return load_ziplist(arrival);
    case SAVED_PACK:
        return load_pack(arrival);
    case SAVED_TIMED_PAIRS_DRAFT:
        return load_pairs(arrival, true, 0);
    case SAVED_TIMED_PACK_DRAFT:
        return load_timed_pack(arrival);
    case SAVED_PAIRS_TIMED:
        return load_pairs_timed(arrival);
    case SAVED_TIMED_PAIRS:
        return load_first_ms(arrival->in, &first_ms) && load_pairs(arrival, true, first_ms - 1);
    default:
        assert(code == SAVED_TIMED_PACK);
        return load_first_ms(arrival->in, &first_ms) && load_timed_pack(arrival);
    }
}

void *hash_load(uint8_t code, struct loader *in, const struct type_limits *limits)
{
    struct arrival arrival = { .in = in };
    hash_draft_init(&arrival.draft, NULL, limits);
    buf_init(&arrival.field, UINT32_MAX);

    bool loaded = load_body(&arrival, code);
    buf_fini(&arrival.field);
    if (loaded && hash_count(hash_draft_value(&arrival.draft), 0) == 0) {
        loaded = load_is_empty(in, "a hash is empty");
    }
    if (!loaded) {
        hash_draft_fini(&arrival.draft);
        return NULL;
    }
    return hash_draft_to_heap(&arrival.draft);
}
