/* Hashes of every kind against a plain model: an array of fields. */

#include "cache/types/hash.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"
#include "cache/types/hash_draft.h"
#include "cache/types/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { FIELDS_MAX = 700, VALUE_MAX = 300 };

struct modelled {
    bool present;
    size_t len;
    char value[VALUE_MAX];
    int64_t expires_at_ms;
};

struct model {
    struct modelled fields[FIELDS_MAX];
    uint64_t random_state;
    struct type_limits limits;
    void *hash; /* On the heap, or flat in a block of its own; NULL: there is none. */
    bool is_flat;
};

static struct span name_of(unsigned field, char room[32])
{
    /* Some are integers, some empty, some long. */
    if (field == 0) {
        return SPAN("");
    }
    const char *format = field % 3 == 0 ? "%u" : "field-%u";
    int len = snprintf(room, 32, format, field);
    return (struct span){ room, (size_t)len };
}

static unsigned field_of(struct span name)
{
    char text[32] = { 0 };
    unsigned field;
    if (name.len == 0) {
        return 0;
    }
    assert_true(name.len < sizeof(text));
    memcpy(text, name.bytes, name.len);
    assert_int_equal(sscanf(text[0] == 'f' ? text + 6 : text, "%u", &field), 1);
    return field;
}

static uint64_t below(struct model *model, uint64_t limit)
{
    return random_below(&model->random_state, limit);
}

/* --- the hash as a key would hold it --- */

static void drop(struct model *model)
{
    if (model->hash != NULL && model->is_flat) {
        memory_free(model->hash);
    } else if (model->hash != NULL) {
        type_hash.free(model->hash);
    }
    model->hash = NULL;
}

static void begin(struct model *model, struct hash_draft *draft)
{
    hash_draft_init(draft, model->hash, &model->limits);
}

static void end(struct model *model, struct hash_draft *draft)
{
    if (hash_count(hash_draft_value(draft), 0) == 0) {
        hash_draft_fini(draft);
        drop(model);
        return;
    }
    if (draft->heap != NULL && !draft->is_fresh) {
        return;
    }
    drop(model);
    model->is_flat = draft->heap == NULL;
    model->hash = draft->heap;
    if (model->is_flat) {
        size_t size = type_hash.size(draft->flat);
        model->hash = memcpy(memory_alloc(size), draft->flat, size);
    }
}

/* --- steps --- */

static void set_one(struct model *model)
{
    unsigned field = (unsigned)below(model, FIELDS_MAX);
    struct modelled *modelled = &model->fields[field];
    struct hash_draft draft;
    char room[32];
    int64_t time = HASH_NEVER;

    if (below(model, 4) == 0) {
        time = model->limits.hash_max_listpack_entries % 2 ? HASH_AS_IS
                                                           : 1 + (int64_t)below(model, 99);
    }
    modelled->len = below(model, 8) == 0 ? below(model, VALUE_MAX) : below(model, 20);
    memset(modelled->value, (int)('0' + below(model, 10)), modelled->len);
    begin(model, &draft);
    bool added = hash_draft_set(&draft, name_of(field, room),
                                (struct span){ modelled->value, modelled->len }, time);
    end(model, &draft);
    assert_int_equal(added, !modelled->present);
    if (time != HASH_AS_IS || added) {
        modelled->expires_at_ms = time == HASH_AS_IS ? HASH_NEVER : time;
    }
    modelled->present = true;
}

static void remove_one(struct model *model)
{
    unsigned field = (unsigned)below(model, FIELDS_MAX);
    struct hash_draft draft;
    char room[32];

    begin(model, &draft);
    bool removed = hash_draft_remove(&draft, name_of(field, room));
    end(model, &draft);
    assert_int_equal(removed, model->fields[field].present);
    model->fields[field].present = false;
}

static void expire_one(struct model *model)
{
    unsigned field = (unsigned)below(model, FIELDS_MAX);
    int64_t time = below(model, 3) == 0 ? HASH_NEVER : 1 + (int64_t)below(model, 100);
    struct hash_draft draft;
    char room[32];

    begin(model, &draft);
    bool found = hash_draft_expire(&draft, name_of(field, room), time);
    end(model, &draft);
    assert_int_equal(found, model->fields[field].present);
    model->fields[field].expires_at_ms = time;
}

static void is_gone(void *context, struct span part)
{
    struct model *model = context;
    struct modelled *modelled = &model->fields[field_of(part)];
    assert_true(modelled->present);
    assert_true(modelled->expires_at_ms >= 0);
    modelled->present = false;
}

/* Removes some of those that have expired by `now_ms`. */
static void expire_some(struct model *model)
{
    uint64_t now_ms = below(model, 40);
    size_t max = below(model, 20);

    if (model->hash == NULL || model->is_flat) {
        return;
    }
    int64_t first_ms = type_hash.parts->due(model->hash).first_ms;
    size_t before = max;
    bool left = type_hash.parts->expire(model->hash, now_ms, &max, is_gone, model);
    assert_true(first_ms < (int64_t)now_ms || max == before);
    assert_true(max == 0 || type_hash.parts->due(model->hash).first_ms >= (int64_t)now_ms);
    if (!left) {
        drop(model);
    }
}

static void copy_it(struct model *model)
{
    if (model->hash != NULL && !model->is_flat) {
        void *copy = type_hash.copy(model->hash);
        assert_string_equal(type_hash.encoding(copy), type_hash.encoding(model->hash));
        drop(model);
        model->hash = copy;
    }
}

/* Through its saved form, and into the entry if it fits. */
static void save_it(struct model *model)
{
    struct buf out;
    struct loader loader;
    struct saver saver = { .out = &out, .compress = true };
    uint8_t code;

    if (model->hash == NULL) {
        return;
    }
    buf_init(&out, SIZE_MAX);
    type_hash.save(model->hash, &saver);
    assert_false(saver.full);
    loader_init(&loader, buf_span(&out));
    assert_true(load_byte(&loader, &code));
    assert_ptr_equal(type_by_code(code), &type_hash);
    void *loaded = type_hash.load(code, &loader, &model->limits);
    assert_null(loader.why);
    assert_non_null(loaded);
    assert_int_equal(loader.in.len, 0);

    drop(model);
    size_t size = type_hash.settled_size(loaded);
    model->is_flat = size > 0;
    model->hash = loaded;
    if (size > 0) {
        model->hash = memory_alloc(size);
        type_hash.settle(loaded, model->hash);
        assert_int_equal(type_hash.size(model->hash), size);
        type_hash.free(loaded);
    }
    loader_fini(&loader);
    buf_fini(&out);
}

/* --- comparing --- */

struct seen {
    const struct model *model;
    bool fields[FIELDS_MAX];
    size_t count;
};

static void see(void *context, const struct hash_item *item)
{
    struct seen *seen = context;
    unsigned field = field_of(item->field);
    const struct modelled *modelled = &seen->model->fields[field];

    assert_false(seen->fields[field]);
    seen->fields[field] = true;
    seen->count++;
    assert_true(modelled->present);
    assert_true(span_equal(item->value, (struct span){ modelled->value, modelled->len }));
    assert_true(item->expires_at_ms == modelled->expires_at_ms);
}

static bool is_alive(const struct modelled *modelled, uint64_t now_ms)
{
    return modelled->present &&
           (modelled->expires_at_ms == HASH_NEVER || (uint64_t)modelled->expires_at_ms >= now_ms);
}

static void compare(struct model *model, uint64_t now_ms)
{
    struct seen seen = { .model = model };
    size_t expected = 0;
    struct type_due due = { INT64_MAX, INT64_MAX };
    struct type_due expected_due = { INT64_MAX, -1 };

    if (model->hash != NULL) {
        hash_each(model->hash, now_ms, see, &seen);
        assert_int_equal(hash_count(model->hash, now_ms), seen.count);
        due = model->is_flat ? due : type_hash.parts->due(model->hash);
    }
    for (unsigned field = 0; field < FIELDS_MAX; field++) {
        const struct modelled *modelled = &model->fields[field];
        struct hash_item item;
        char room[32];
        bool alive = is_alive(modelled, now_ms);
        expected += alive;
        bool found =
            model->hash != NULL && hash_find(model->hash, name_of(field, room), now_ms, &item);
        assert_int_equal(found, alive);
        if (modelled->present) {
            int64_t time = modelled->expires_at_ms < 0 ? INT64_MAX : modelled->expires_at_ms;
            expected_due.first_ms = time < expected_due.first_ms ? time : expected_due.first_ms;
            expected_due.all_ms = time > expected_due.all_ms ? time : expected_due.all_ms;
        }
    }
    assert_int_equal(seen.count, expected);
    assert_true(due.first_ms == expected_due.first_ms);
    assert_true(due.all_ms >= expected_due.all_ms);
}

static void random_steps(uint64_t seed, uint64_t entries, uint64_t longest, unsigned steps)
{
    typedef void (*step_fn)(struct model *);
    static const step_fn some[] = { set_one,    set_one,     set_one,    set_one, set_one,
                                    remove_one, expire_some, expire_one, copy_it, save_it };
    static struct model model;

    model = (struct model){ .random_state = seed, .limits = type_limits_default };
    model.limits.hash_max_listpack_entries = entries;
    model.limits.hash_max_listpack_value = longest;
    model.limits.table_seed = seed;
    for (unsigned i = 0; i < steps; i++) {
        some[below(&model, COUNT(some))](&model);
        if (i % 40 == 0) {
            compare(&model, below(&model, 3) == 0 ? 50 : 0);
        }
    }
    compare(&model, 0);
    drop(&model);
}

static void a_table_does_what_the_model_does(void **state)
{
    (void)state;
    random_steps(1, 8, 1000, 20000);
    random_steps(2, 9, 1000, 20000);
    random_steps(3, 512, 64, 20000);
}

static void a_listpack_does_what_the_model_does(void **state)
{
    (void)state;
    random_steps(4, 1000, 1000, 6000);
    random_steps(5, 1001, 1000, 6000);
}

static void a_flat_one_does_what_the_model_does(void **state)
{
    (void)state;
    for (uint64_t seed = 10; seed < 60; seed++) {
        random_steps(seed, 512 + seed % 2, 64, 60);
    }
}

/* --- what it is kept as --- */

static void *hash_with(size_t fields, size_t len, int64_t expires_at_ms)
{
    static char text[5000];
    struct hash_draft draft;
    memset(text, 'v', sizeof(text));
    hash_draft_init(&draft, NULL, &type_limits_default);
    for (unsigned field = 1; field <= fields; field++) {
        char room[32];
        hash_draft_set(&draft, name_of(field, room), (struct span){ text, len },
                       field == 1 ? expires_at_ms : HASH_NEVER);
    }
    return hash_draft_to_heap(&draft);
}

static void the_encoding_is_what_redis_says(void **state)
{
    (void)state;
    static const struct {
        size_t fields;
        size_t len;
        int64_t expires_at_ms;
        const char *encoding;
    } rows[] = {
        { 1, 64, HASH_NEVER, "listpack" },   { 512, 1, HASH_NEVER, "listpack" },
        { 513, 1, HASH_NEVER, "hashtable" }, { 1, 65, HASH_NEVER, "hashtable" },
        { 3, 10, 1000, "listpackex" },       { 512, 1, 1000, "listpackex" },
        { 513, 1, 1000, "hashtable" },       { 1, 65, 1000, "hashtable" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        void *hash = hash_with(rows[i].fields, rows[i].len, rows[i].expires_at_ms);
        assert_string_equal(type_hash.encoding(hash), rows[i].encoding);
        type_hash.free(hash);
    }
}

static void a_small_one_takes_two_bytes_for_a_field(void **state)
{
    (void)state;
    void *hash = hash_with(5, 8, HASH_NEVER);
    /* field-1 field-2 3 field-4 field-5 */
    assert_int_equal(type_hash.settled_size(hash), 2 + 5 * (2 + 8) + 4 * 7 + 1);
    type_hash.free(hash);
}

static void what_is_too_large_or_expires_stays_on_the_heap(void **state)
{
    (void)state;
    void *hash = hash_with(60, 8, HASH_NEVER);
    assert_int_equal(type_hash.settled_size(hash), 0);
    type_hash.free(hash);
    hash = hash_with(2, 2, 1000);
    assert_int_equal(type_hash.settled_size(hash), 0);
    type_hash.free(hash);
    hash = hash_with(1, 1000, HASH_NEVER);
    assert_int_equal(type_hash.settled_size(hash), 0);
    type_hash.free(hash);
}

static void a_table_says_what_it_takes(void **state)
{
    (void)state;
    void *hash = hash_with(1000, 100, HASH_NEVER);
    size_t bytes = type_hash.memory(hash);
    assert_in_range(bytes, 1000 * 110, 1000 * 150);
    assert_true(type_hash.effort(hash) >= 1000);
    type_hash.free(hash);
}

static void each_field_of_a_table_is_picked(void **state)
{
    (void)state;
    void *hash = hash_with(600, 1, HASH_NEVER);
    bool picked[601] = { false };
    uint64_t random_state = 5;
    for (int i = 0; i < 20000; i++) {
        struct hash_item item;
        assert_true(hash_random(hash, 0, &random_state, &item));
        picked[field_of(item.field)] = true;
    }
    for (unsigned field = 1; field <= 600; field++) {
        assert_true(picked[field]);
    }
    type_hash.free(hash);
}

static void one_that_has_not_expired_is_picked_among_many_that_have(void **state)
{
    (void)state;
    struct hash_draft draft;
    struct hash_item item;
    uint64_t random_state = 5;
    hash_draft_init(&draft, NULL, &type_limits_default);
    for (unsigned field = 1; field <= 2000; field++) {
        char room[32];
        hash_draft_set(&draft, name_of(field, room), SPAN("v"), field == 77 ? HASH_NEVER : 10);
    }
    void *hash = hash_draft_to_heap(&draft);
    assert_int_equal(hash_count(hash, 11), 1);
    assert_int_equal(hash_count(hash, 10), 2000);
    assert_true(hash_random(hash, 11, &random_state, &item));
    assert_int_equal(field_of(item.field), 77);
    type_hash.free(hash);
}

/* --- the saved form --- */

static void refuses(uint8_t code, struct span body)
{
    struct loader loader;
    loader_init(&loader, body);
    assert_null(type_hash.load(code, &loader, &type_limits_default));
    assert_non_null(loader.why);
    loader_fini(&loader);
}

static void a_broken_saved_form_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        struct span body;
    } rows[] = {
        { 4, { "\x00", 1 } }, /* Empty. */
        { 4,
          { "\x02\x01"
            "a\x01"
            "b\x01"
            "a\x01"
            "c",
            9 } }, /* Twice. */
        { 4,
          { "\x02\x01"
            "a\x01"
            "b",
            5 } },                            /* Too short. */
        { 4, { "\x80\xff\xff\xff\xff", 5 } }, /* Four billion. */
        { 9, { "\x02\x01\xff", 3 } },         /* An empty zipmap. */
        { 9,
          { "\x06\x01\x01"
            "a\x05\x00"
            "b",
            7 } },                                         /* Behind the end. */
        { 16, { "\x07\x07\x00\x00\x00\x00\x00\xff", 8 } }, /* An empty listpack. */
        { 16,
          { "\x0a\x0a\x00\x00\x00\x01\x00\x81"
            "a\x02\xff",
            11 } }, /* Half a pair. */
        { 16,
          { "\x10\x10\x00\x00\x00\x04\x00\x81"
            "a\x02\x01\x01\x81"
            "a\x02\x01\x01\xff",
            17 } }, /* Twice. */
        { 23,
          { "\x0e\x0e\x00\x00\x00\x03\x00\x01\x01\x01\x01\x81"
            "x\x02\xff",
            15 } }, /* No time. */
        { 24,
          { "\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\x01"
            "a\x01"
            "b",
            13 } },                                            /* Before all times. */
        { 25, { "\x00\x00\x00\x00\x00\x00\x00\x00\x00", 9 } }, /* No listpack. */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        refuses(rows[i].code, rows[i].body);
    }
}

static void *loads(uint8_t code, struct span body)
{
    struct loader loader;
    loader_init(&loader, body);
    void *hash = type_hash.load(code, &loader, &type_limits_default);
    assert_null(loader.why);
    assert_non_null(hash);
    assert_int_equal(loader.in.len, 0);
    loader_fini(&loader);
    return hash;
}

static void assert_field(const void *hash, const char *field, const char *value,
                         int64_t expires_at_ms)
{
    struct hash_item item;
    assert_true(hash_find(hash, span_from(field), 0, &item));
    assert_true(span_equal(item.value, span_from(value)));
    assert_true(item.expires_at_ms == expires_at_ms);
}

static void every_form_of_the_past_is_read(void **state)
{
    (void)state;
    /* A zipmap with a spare byte behind the first value. */
    void *hash = loads(9, (struct span){ "\x10\x02\x01"
                                         "a\x02\x01"
                                         "12?\x01"
                                         "b\x03\x00"
                                         "xyz\xff",
                                         17 });
    assert_field(hash, "a", "12", HASH_NEVER);
    assert_field(hash, "b", "xyz", HASH_NEVER);
    type_hash.free(hash);

    /* A ziplist of "a" and 5. */
    hash = loads(13, (struct span){ "\x10\x10\x00\x00\x00\x0d\x00\x00\x00\x02\x00\x00\x01"
                                    "a\x03\xf6\xff",
                                    17 });
    assert_field(hash, "a", "5", HASH_NEVER);
    type_hash.free(hash);

    /* Times as they are, and times counted from 1000. */
    hash = loads(22, (struct span){ "\x02\x05\x01"
                                    "a\x01"
                                    "b\x00\x01"
                                    "c\x01"
                                    "d",
                                    11 });
    assert_field(hash, "a", "b", 5);
    assert_field(hash, "c", "d", HASH_NEVER);
    type_hash.free(hash);
    hash = loads(24, (struct span){ "\xe8\x03\x00\x00\x00\x00\x00\x00\x01\x03\x01"
                                    "a\x01"
                                    "b",
                                    14 });
    assert_field(hash, "a", "b", 1002);
    assert_string_equal(type_hash.encoding(hash), "listpackex");
    type_hash.free(hash);

    /* Triplets that are not in order. */
    hash = loads(25, (struct span){ "\x01\x00\x00\x00\x00\x00\x00\x00\x13\x13\x00\x00\x00\x06\x00"
                                    "\x01\x01\x02\x01\x09\x01\x03\x01\x04\x01\x08\x01\xff",
                                    28 });
    assert_field(hash, "1", "2", 9);
    assert_field(hash, "3", "4", 8);
    assert_true(type_hash.parts->due(hash).first_ms == 8);
    assert_true(type_hash.parts->due(hash).all_ms == 9);
    type_hash.free(hash);
}

/* --- as commands --- */

struct emitted {
    char text[400];
    size_t len;
};

static void emit(void *context, const struct span *argv, size_t argc)
{
    struct emitted *emitted = context;
    for (size_t i = 0; i < argc; i++) {
        int len = snprintf(emitted->text + emitted->len, sizeof(emitted->text) - emitted->len,
                           "%.*s%s", (int)argv[i].len, argv[i].bytes, i + 1 == argc ? "\n" : " ");
        emitted->len += (size_t)len;
    }
}

static void is_rewritten_with_its_times(void **state)
{
    (void)state;
    struct emitted emitted = { .len = 0 };
    void *hash = hash_with(2, 1, 1000);
    type_hash.rewrite(SPAN("k"), hash, emit, &emitted);
    assert_string_equal(emitted.text, "HSET k field-1 v\nHPEXPIREAT k 1000 FIELDS 1 field-1\n"
                                      "HSET k field-2 v\n");
    type_hash.free(hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_does_what_the_model_does),
        cmocka_unit_test(a_listpack_does_what_the_model_does),
        cmocka_unit_test(a_flat_one_does_what_the_model_does),
        cmocka_unit_test(the_encoding_is_what_redis_says),
        cmocka_unit_test(a_small_one_takes_two_bytes_for_a_field),
        cmocka_unit_test(what_is_too_large_or_expires_stays_on_the_heap),
        cmocka_unit_test(a_table_says_what_it_takes),
        cmocka_unit_test(each_field_of_a_table_is_picked),
        cmocka_unit_test(one_that_has_not_expired_is_picked_among_many_that_have),
        cmocka_unit_test(a_broken_saved_form_is_refused),
        cmocka_unit_test(every_form_of_the_past_is_read),
        cmocka_unit_test(is_rewritten_with_its_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
