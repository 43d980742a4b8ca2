/* One database: its count of keys that expire, and the sweep that removes them. */

#include "cache/keyspace.h"

#include "cache/types/string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEED = 3 };

static struct table_slot *add(struct keyspace *space, struct span key, int64_t expires_at_ms)
{
    struct string_form string = string_form(key);
    struct entry_form form = {
        .key = key, .type = &type_string, .size = string.size, .expires_at_ms = expires_at_ms
    };
    struct table_slot *slot = keyspace_add(space, &form, table_hash(key, SEED));
    string_write(entry_value(keyspace_entry(slot)), &string);
    return slot;
}

static struct table_slot *find(struct keyspace *space, struct span key)
{
    return keyspace_find(space, key, table_hash(key, SEED));
}

static void count(void *context, const struct entry *entry)
{
    unsigned *expired = context;
    assert_true(entry_key(entry).len > 0);
    ++*expired;
}

static size_t sweep(struct keyspace *space, uint64_t now_ms, size_t budget, unsigned *expired)
{
    struct keyspace_sweeper sweeper = { .context = expired, .now_ms = now_ms, .expired = count };
    return keyspace_sweep(space, &sweeper, budget);
}

static void counts_what_expires_through_every_change(void **state)
{
    (void)state;
    struct keyspace space;
    struct string_form string = string_form(SPAN("new"));
    struct entry_form form = { .type = &type_string, .size = string.size, .expires_at_ms = 9 };
    keyspace_init(&space, SEED, NULL);

    add(&space, SPAN("a"), -1);
    add(&space, SPAN("b"), 5);
    assert_true(space.expiring == 1);
    keyspace_expire(&space, find(&space, SPAN("a")), 7);
    assert_true(space.expiring == 2);
    keyspace_expire(&space, find(&space, SPAN("b")), -1);
    assert_true(space.expiring == 1);
    keyspace_replace(&space, find(&space, SPAN("b")), &form);
    string_write(entry_value(keyspace_entry(find(&space, SPAN("b")))), &string);
    assert_true(space.expiring == 2);
    keyspace_remove(&space, find(&space, SPAN("b")), table_hash(SPAN("b"), SEED));
    assert_true(space.expiring == 1);
    assert_true(keyspace_count(&space) == 1);
    keyspace_fini(&space);
}

static void an_entry_keeps_its_expiry_from_one_database_to_another(void **state)
{
    (void)state;
    struct keyspace from, to;
    uint64_t hash = table_hash(SPAN("a"), SEED);
    keyspace_init(&from, SEED, NULL);
    keyspace_init(&to, SEED, NULL);

    struct entry *entry = keyspace_take(&from, add(&from, SPAN("a"), 5), hash);
    assert_true(from.expiring == 0);
    keyspace_adopt(&to, &entry, hash);
    assert_null(entry);
    assert_true(to.expiring == 1);
    unsigned expired = 0;
    sweep(&to, 6, 1000, &expired);
    assert_int_equal(expired, 1);
    keyspace_fini(&from);
    keyspace_fini(&to);
}

static void a_sweep_looks_at_no_more_than_its_budget(void **state)
{
    (void)state;
    struct keyspace space;
    unsigned expired = 0;
    keyspace_init(&space, SEED, NULL);
    assert_int_equal(sweep(&space, 6, 10, &expired), 0);
    for (int i = 0; i < 5000; i++) {
        char key[32];
        int len = snprintf(key, sizeof(key), "key:%d", i);
        add(&space, (struct span){ key, (size_t)len }, 5);
    }
    assert_int_equal(sweep(&space, 5, 10, &expired), 10);
    assert_int_equal(expired, 0);
    assert_int_equal(sweep(&space, 6, 10, &expired), 10);
    assert_in_range(expired, 10, 150);
    while (sweep(&space, 6, 100, &expired) > 0) {
    }
    assert_int_equal(expired, 5000);
    assert_true(space.expiring == 0);
    keyspace_fini(&space);
}

static void resizing_a_value_keeps_its_slot(void **state)
{
    (void)state;
    struct keyspace space;
    keyspace_init(&space, SEED, NULL);
    struct table_slot *slot = add(&space, SPAN("a"), 5);
    char *bytes = string_stretch(keyspace_resize(&space, slot, string_raw_size(9000)), 9000);
    assert_int_equal(bytes[0], 'a');
    assert_ptr_equal(find(&space, SPAN("a")), slot);
    assert_true(space.expiring == 1);
    keyspace_fini(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_expires_through_every_change),
        cmocka_unit_test(an_entry_keeps_its_expiry_from_one_database_to_another),
        cmocka_unit_test(a_sweep_looks_at_no_more_than_its_budget),
        cmocka_unit_test(resizing_a_value_keeps_its_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
