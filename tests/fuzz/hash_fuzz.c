/* Hashes. What is loaded from any bytes is refused or usable: all its fields are found, and saved
 * and loaded again it is the same. A sequence of edits leaves what it leaves in a plain array,
 * whatever the hash is kept as on the way.
 *
 * The first byte says which: the code of a saved form, or how many fields may be in a listpack. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"
#include "cache/types/hash_draft.h"
#include "cache/types/type.h"

enum { FIELDS = 64, STEP_BYTES = 3, VALUE_MAX = 255, EDITS = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* --- loading --- */

static void *load(struct span bytes)
{
    struct loader loader;
    uint8_t code;
    void *hash = NULL;

    loader_init(&loader, bytes);
    if (load_byte(&loader, &code) && type_by_code(code) == &type_hash) {
        hash = type_hash.load(code, &loader, &type_limits_default);
        assert((hash == NULL) == (loader.why != NULL));
    }
    loader_fini(&loader);
    return hash;
}

struct checking {
    const void *hash;
    size_t count;
};

static void check_item(void *context, const struct hash_item *item)
{
    struct checking *checking = context;
    struct hash_item found;
    bool there = hash_find(checking->hash, item->field, 0, &found);
    assert(there);
    assert(span_equal(found.value, item->value));
    assert(found.expires_at_ms == item->expires_at_ms);
    checking->count++;
}

static struct digest check_hash(const void *hash)
{
    struct checking checking = { .hash = hash };
    struct digest sum = { { 0 } };
    hash_each(hash, 0, check_item, &checking);
    assert(checking.count == hash_count(hash, 0));
    type_hash.digest(hash, &sum);
    return sum;
}

static void check_saved(const void *hash)
{
    struct buf out;
    struct saver saver = { .out = &out };
    struct digest before = check_hash(hash);

    buf_init(&out, SIZE_MAX);
    type_hash.save(hash, &saver);
    void *again = load(buf_span(&out));
    assert(again != NULL);
    struct digest after = check_hash(again);
    assert(memcmp(&before, &after, sizeof(before)) == 0);
    type_hash.free(again);
    buf_fini(&out);
}

static void check_loading(struct span bytes)
{
    void *hash = load(bytes);
    if (hash != NULL) {
        assert(hash_count(hash, 0) > 0);
        check_saved(hash);
        type_hash.free(hash);
    }
}

/* --- editing --- */

struct modelled {
    bool present;
    uint8_t len;
    int64_t expires_at_ms;
};

struct editing {
    struct modelled fields[FIELDS];
    struct type_limits limits;
    void *hash; /* On the heap. */
};

/* Numbers and texts in turn; the length is that of the value. */
static struct span name_of(unsigned field, char room[NUMBER_TEXT_MAX])
{
    size_t len = number_format(room, field);
    if (field % 2 == 0) {
        room[len] = 'f';
        len++;
    }
    return (struct span){ room, len };
}

static void put_back(struct editing *editing, struct hash_draft *draft)
{
    if (hash_count(hash_draft_value(draft), 0) == 0) {
        hash_draft_fini(draft);
        if (editing->hash != NULL) {
            type_hash.free(editing->hash);
        }
        editing->hash = NULL;
        return;
    }
    void *heap = hash_draft_to_heap(draft);
    if (editing->hash != NULL && heap != editing->hash) {
        type_hash.free(editing->hash);
    }
    editing->hash = heap;
}

static void edit(struct editing *editing, const uint8_t step[STEP_BYTES])
{
    static const char text[VALUE_MAX] = { 'v' };
    unsigned field = step[1] % FIELDS;
    struct modelled *modelled = &editing->fields[field];
    char room[NUMBER_TEXT_MAX];
    struct span name = name_of(field, room);
    struct hash_draft draft;
    bool done;

    hash_draft_init(&draft, editing->hash, &editing->limits);
    switch (step[0] % 4) {
    case 0:
        done = hash_draft_set(&draft, name, (struct span){ text, step[2] }, HASH_NEVER);
        assert(done == !modelled->present);
        *modelled = (struct modelled){ true, step[2], HASH_NEVER };
        break;
    case 1:
        done = hash_draft_set(&draft, name, (struct span){ text, step[1] }, 1 + step[2]);
        assert(done == !modelled->present);
        *modelled = (struct modelled){ true, step[1], 1 + step[2] };
        break;
    case 2:
        done = hash_draft_expire(&draft, name, step[2] == 0 ? HASH_NEVER : step[2]);
        assert(done == modelled->present);
        modelled->expires_at_ms = step[2] == 0 ? HASH_NEVER : step[2];
        break;
    default:
        done = hash_draft_remove(&draft, name);
        assert(done == modelled->present);
        modelled->present = false;
    }
    put_back(editing, &draft);
}

static void check_model(const struct editing *editing)
{
    size_t present = 0;
    int64_t first_ms = INT64_MAX;

    for (unsigned field = 0; field < FIELDS; field++) {
        const struct modelled *modelled = &editing->fields[field];
        struct hash_item item;
        char room[NUMBER_TEXT_MAX];
        bool found =
            editing->hash != NULL && hash_find(editing->hash, name_of(field, room), 0, &item);
        assert(found == modelled->present);
        if (found) {
            assert(item.value.len == modelled->len);
            assert(item.expires_at_ms == modelled->expires_at_ms);
            present++;
            if (item.expires_at_ms != HASH_NEVER && item.expires_at_ms < first_ms) {
                first_ms = item.expires_at_ms;
            }
        }
    }
    if (editing->hash != NULL) {
        assert(hash_count(editing->hash, 0) == present);
        assert(type_hash.parts->due(editing->hash).first_ms == first_ms);
        check_saved(editing->hash);
    }
}

static void check_edits(uint8_t entries, const uint8_t *data, size_t len)
{
    struct editing editing = { .limits = type_limits_default };
    editing.limits.hash_max_listpack_entries = entries % FIELDS;
    editing.limits.hash_max_listpack_value = entries % 2 ? VALUE_MAX : FIELDS;

    for (size_t i = 0; i + STEP_BYTES <= len; i += STEP_BYTES) {
        edit(&editing, data + i);
    }
    check_model(&editing);
    if (editing.hash != NULL) {
        type_hash.free(editing.hash);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 0 && data[0] >= EDITS) {
        check_edits(data[0], data + 1, len - 1);
    } else {
        check_loading((struct span){ (const char *)data, len });
    }
    return 0;
}
