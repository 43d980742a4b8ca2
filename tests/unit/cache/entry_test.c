/* Entries: what they take, and that nothing is lost when they change. */

#include "cache/entry.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/types/hash_draft.h"
#include "cache/types/string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KEY_16 SPAN("0123456789abcdef")

static char zs[100000]; /* All 'z'. */

static struct entry_form form_of(struct span key, size_t size, int64_t expires_at_ms)
{
    return (struct entry_form){
        .key = key, .type = &type_string, .size = size, .expires_at_ms = expires_at_ms
    };
}

static struct entry *make(struct span key, struct span text, int64_t expires_at_ms)
{
    struct string_form string = string_form(text);
    struct entry_form form = form_of(key, string.size, expires_at_ms);
    struct entry *entry = entry_new(&form);
    string_write(entry_value(entry), &string);
    return entry;
}

static struct entry *put(struct entry *entry, struct span text, int64_t expires_at_ms)
{
    struct string_form string = string_form(text);
    struct entry_form form = form_of(SPAN(""), string.size, expires_at_ms);
    form.access = 7;
    entry = entry_replace(entry, &form);
    string_write(entry_value(entry), &string);
    return entry;
}

static void assert_holds(const struct entry *entry, struct span key, struct span text,
                         int64_t expires_at_ms)
{
    char room[STRING_TEXT_ROOM];
    assert_true(span_equal(entry_key(entry), key));
    assert_true(span_equal(string_text(entry_value(entry), room), text));
    assert_true(entry_expires_at_ms(entry) == expires_at_ms);
    assert_ptr_equal(entry_type(entry), &type_string);
    assert_true(entry_is_of(entry, &type_string));
}

static size_t size_of(struct span text, int64_t expires_at_ms)
{
    struct entry_form form = form_of(KEY_16, string_form(text).size, expires_at_ms);
    return entry_form_size(&form);
}

static void fits_the_budgets(void **state)
{
    (void)state;
    const int64_t now_ms = 1700000000000;
    struct span bytes_64 = { zs, 64 };
    assert_int_equal(size_of(SPAN("12345678"), -1), 26);
    assert_int_equal(size_of(SPAN("12345678"), now_ms), 32);
    assert_int_equal(size_of(bytes_64, -1), 87);
    assert_int_equal(size_of(bytes_64, now_ms), 93);
    assert_int_equal(memory_rounded(93), 96);
}

static void keys_and_times_of_every_width_come_back(void **state)
{
    (void)state;
    static const size_t key_lens[] = { 0, 1, 16, 255, 256, 70000 };
    static const int64_t times[] = { -1, 0, 1, (1LL << 48) - 1, 1LL << 48, INT64_MAX };
    static const size_t text_lens[] = { 0, 64, 4000, 4096, 5000, 100000 };
    for (size_t k = 0; k < COUNT(key_lens); k++) {
        for (size_t t = 0; t < COUNT(times); t++) {
            for (size_t v = 0; v < COUNT(text_lens); v++) {
                struct span key = { zs, key_lens[k] }, text = { zs, text_lens[v] };
                struct entry *entry = make(key, text, times[t]);
                assert_holds(entry, key, text, times[t]);
                assert_int_equal(entry_is_flat(entry), text_lens[v] + 5 <= 4096);
                entry_free(entry);
            }
        }
    }
}

static void the_access_field_leaves_the_rest_alone(void **state)
{
    (void)state;
    struct entry *entry = make(KEY_16, SPAN("value"), 1700000000000);
    entry_set_access(entry, 0xffffff);
    assert_int_equal(entry_access(entry), 0xffffff);
    assert_holds(entry, KEY_16, SPAN("value"), 1700000000000);
    entry_set_access(entry, 0);
    assert_int_equal(entry_access(entry), 0);
    entry_free(entry);
}

static void a_value_of_the_same_size_is_put_in_place(void **state)
{
    (void)state;
    struct entry *entry = make(KEY_16, SPAN("abcdefgh"), -1);
    assert_ptr_equal(put(entry, SPAN("ABCDEFGH"), -1), entry);
    assert_holds(entry, KEY_16, SPAN("ABCDEFGH"), -1);
    assert_int_equal(entry_access(entry), 7);
    entry_free(entry);
}

static void a_value_of_the_same_class_is_put_in_place(void **state)
{
    (void)state;
#ifdef PODIS_SANITIZED
    skip(); /* The sanitizers' allocator has no classes. */
#endif
    struct entry *entry = make(KEY_16, (struct span){ zs, 64 }, -1);
    assert_ptr_equal(put(entry, (struct span){ zs, 60 }, 1700000000000), entry);
    assert_holds(entry, KEY_16, (struct span){ zs, 60 }, 1700000000000);
    assert_ptr_equal(put(entry, (struct span){ zs, 70 }, -1), entry);
    assert_holds(entry, KEY_16, (struct span){ zs, 70 }, -1);
    entry_free(entry);
}

static void a_smaller_value_gives_memory_back(void **state)
{
    (void)state;
    struct entry *entry = make(KEY_16, (struct span){ zs, 100000 }, -1);
    entry = put(entry, (struct span){ zs, 33000 }, -1);
    assert_true(entry_memory(entry) < 42000);
    entry = put(entry, (struct span){ zs, 1000 }, -1);
    assert_true(entry_memory(entry) < 1400);
    entry = put(entry, SPAN("1"), -1);
    assert_true(entry_memory(entry) <= 32);
    assert_holds(entry, KEY_16, SPAN("1"), -1);
    entry_free(entry);
}

static void room_grows_by_more_than_was_asked_for(void **state)
{
    (void)state;
    struct entry *entry = make(KEY_16, SPAN(""), 1700000000000);
    struct entry *before = entry;
    unsigned moves = 0;
    for (size_t len = 1; len <= 20000; len++) {
        entry = entry_resize(entry, string_raw_size(len));
        string_stretch(entry_value(entry), len)[len - 1] = 'z';
        moves += entry != before;
        before = entry;
    }
    assert_holds(entry, KEY_16, (struct span){ zs, 20000 }, 1700000000000);
    assert_true(moves < 20);
    assert_false(entry_is_flat(entry));
    assert_true(entry_memory(entry) < 45000);
    entry_free(entry);
}

static void a_number_can_grow_onto_the_heap_at_once(void **state)
{
    (void)state;
    struct entry *entry = make(KEY_16, SPAN("123"), -1);
    entry = entry_resize(entry, string_raw_size(50000));
    char *bytes = string_stretch(entry_value(entry), 50000);
    assert_memory_equal(bytes, "123", 3);
    assert_int_equal(bytes[49999], 0);
    assert_true(span_equal(entry_key(entry), KEY_16));
    entry_free(entry);
}

static void the_time_can_come_go_and_widen(void **state)
{
    (void)state;
    static const size_t text_lens[] = { 0, 3, 64, 4000, 9000 };
    for (size_t i = 0; i < COUNT(text_lens); i++) {
        struct span text = { zs, text_lens[i] };
        struct entry *entry = make(KEY_16, text, -1);
        static const int64_t times[] = { 5, 1LL << 50, -1, 1LL << 50, 6, 7, -1, -1, 0 };
        for (size_t t = 0; t < COUNT(times); t++) {
            entry = entry_expire(entry, times[t]);
            assert_holds(entry, KEY_16, text, times[t]);
        }
        entry_free(entry);
    }
}

static void renaming_keeps_the_value_where_it_is_when_it_is_large(void **state)
{
    (void)state;
    struct span text = { zs, 100000 };
    struct entry *entry = make(KEY_16, text, 99);
    const void *value = entry_value(entry);
    entry_set_access(entry, 4711);
    entry = entry_rename(entry, SPAN("b"), false);
    assert_holds(entry, SPAN("b"), text, 99);
    assert_int_equal(entry_access(entry), 4711);
    assert_ptr_equal(entry_value(entry), value);
    entry_free(entry);
}

static void a_copy_shares_nothing(void **state)
{
    (void)state;
    static const size_t text_lens[] = { 3, 64, 9000 };
    for (size_t i = 0; i < COUNT(text_lens); i++) {
        struct span text = { zs, text_lens[i] };
        struct entry *entry = make(KEY_16, text, 99);
        struct entry *copy = entry_rename(entry, SPAN("other"), true);
        entry_free(entry);
        assert_holds(copy, SPAN("other"), text, 99);
        entry_free(copy);
    }
}

/* A long random life against the last values put. */
static void nothing_is_lost_in_a_long_life(void **state)
{
    (void)state;
    uint64_t random = 3;
    int64_t expires = -1;
    size_t len = 5;
    struct entry *entry = make(KEY_16, (struct span){ zs, len }, expires);
    for (int i = 0; i < 20000; i++) {
        uint64_t larger = random_below(&random, 10);
        switch (random_below(&random, 4)) {
        case 0:
            len = random_below(&random, larger < 7 ? 100 : larger < 9 ? 5000 : 50000);
            expires = (int64_t)random_below(&random, 3) - 1;
            entry = put(entry, (struct span){ zs, len }, expires);
            break;
        case 1:
            expires = (int64_t)random_below(&random, 4) - 1;
            expires = expires == 2 ? 1LL << 50 : expires;
            entry = entry_expire(entry, expires);
            break;
        case 2:
            len += random_below(&random, len + 10 < sizeof(zs) - len ? len + 10 : 1);
            entry = entry_resize(entry, string_raw_size(len));
            size_t old = string_len(entry_value(entry));
            memset(string_stretch(entry_value(entry), len) + old, 'z', len - old);
            break;
        default:
            entry = entry_rename(entry, KEY_16, false);
            break;
        }
        assert_holds(entry, KEY_16, (struct span){ zs, len }, expires);
    }
    entry_free(entry);
}

static void it_is_known_whether_parts_of_the_value_expire(void **state)
{
    (void)state;
    struct hash_draft draft;
    hash_draft_init(&draft, NULL, &type_limits_default);
    hash_draft_set(&draft, SPAN("f"), SPAN("v"), 1000);
    struct entry_form form = {
        .key = KEY_16, .type = &type_hash, .heap = hash_draft_to_heap(&draft), .expires_at_ms = -1
    };
    struct entry *entry = entry_new(&form);
    assert_true(entry_has_due_parts(entry));
    assert_true(entry_is_of(entry, &type_hash));
    entry = entry_expire(entry, 5000);
    entry = entry_rename(entry, SPAN("other"), false);
    assert_true(entry_has_due_parts(entry));
    assert_true(entry_expires_at_ms(entry) == 5000);

    hash_draft_init(&draft, entry_value(entry), &type_limits_default);
    hash_draft_expire(&draft, SPAN("f"), HASH_NEVER);
    assert_true(entry_has_due_parts(entry));
    entry_note_parts(entry);
    assert_false(entry_has_due_parts(entry));
    assert_true(entry_expires_at_ms(entry) == 5000);
    entry = put(entry, SPAN("text"), -1);
    assert_false(entry_has_due_parts(entry));
    entry_free(entry);
}

static int fill(void **state)
{
    (void)state;
    memset(zs, 'z', sizeof(zs));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_the_budgets),
        cmocka_unit_test(keys_and_times_of_every_width_come_back),
        cmocka_unit_test(the_access_field_leaves_the_rest_alone),
        cmocka_unit_test(a_value_of_the_same_size_is_put_in_place),
        cmocka_unit_test(a_value_of_the_same_class_is_put_in_place),
        cmocka_unit_test(a_smaller_value_gives_memory_back),
        cmocka_unit_test(room_grows_by_more_than_was_asked_for),
        cmocka_unit_test(a_number_can_grow_onto_the_heap_at_once),
        cmocka_unit_test(the_time_can_come_go_and_widen),
        cmocka_unit_test(renaming_keeps_the_value_where_it_is_when_it_is_large),
        cmocka_unit_test(a_copy_shares_nothing),
        cmocka_unit_test(nothing_is_lost_in_a_long_life),
        cmocka_unit_test(it_is_known_whether_parts_of_the_value_expire),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
