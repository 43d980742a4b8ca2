/* The hash table against plain arrays that say what should be in it. */

#include "cache/ds/table.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { SEED = 99, ITEMS = 40000 };

struct item {
    char key[24];
    uint64_t hash;
    unsigned seen;
    bool present;
    bool stable;
    bool marked;
};

struct fixture {
    struct table *table;
    struct item *items;
    size_t present;
    uint64_t random;
};

static struct span item_key(const void *entry)
{
    return span_from(((const struct item *)entry)->key);
}

static const struct table_type item_type = { .key = item_key };

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));
    f->table = table_new(&item_type, SEED);
    f->items = memory_zero(ITEMS * sizeof(*f->items));
    f->random = 1;
    for (size_t i = 0; i < ITEMS; i++) {
        snprintf(f->items[i].key, sizeof(f->items[i].key), "item:%zu", i);
        f->items[i].hash = table_hash(item_key(&f->items[i]), SEED);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    table_free(f->table);
    memory_free(f->items);
    memory_free(f);
    return 0;
}

static struct table_slot *find(struct fixture *f, struct item *item)
{
    return table_find(f->table, item_key(item), item->hash);
}

static void add(struct fixture *f, size_t i)
{
    struct item *item = &f->items[i];
    if (!item->present) {
        struct table_slot *slot = table_add(f->table, item, item->hash);
        assert_ptr_equal(table_slot_get(slot), item);
        item->present = true;
        f->present++;
    }
}

static void take(struct fixture *f, size_t i)
{
    struct item *item = &f->items[i];
    if (item->present) {
        struct table_slot *slot = find(f, item);
        assert_non_null(slot);
        table_remove(f->table, slot, item->hash);
        item->present = false;
        item->marked = false;
        f->present--;
    }
}

static void assert_agrees(struct fixture *f)
{
    table_check(f->table);
    assert_int_equal(table_count(f->table), f->present);
    for (size_t i = 0; i < ITEMS; i++) {
        struct table_slot *slot = find(f, &f->items[i]);
        assert_int_equal(slot != NULL, f->items[i].present);
        if (slot != NULL) {
            assert_ptr_equal(table_slot_get(slot), &f->items[i]);
        }
    }
}

/* Each phase adds with another probability, so that the table grows and shrinks repeatedly. */
static void agrees_with_a_model_whatever_is_written(void **state)
{
    struct fixture *f = *state;
    static const unsigned add_percent[] = { 95, 50, 5, 30, 90, 0, 60, 2 };
    for (size_t phase = 0; phase < COUNT(add_percent); phase++) {
        for (int i = 0; i < 40000; i++) {
            size_t which = random_below(&f->random, ITEMS);
            if (random_below(&f->random, 100) < add_percent[phase]) {
                add(f, which);
            } else {
                take(f, which);
            }
            if (i % 5000 == 0) {
                table_check(f->table);
            }
        }
        assert_agrees(f);
    }
}

static void an_empty_table_has_nothing(void **state)
{
    struct fixture *f = *state;
    assert_agrees(f);
    assert_null(table_random(f->table, &f->random));
    assert_int_equal(table_step(f->table, 10), 0);
    table_free(NULL);
}

/* Keys with the same tag, in one bucket whatever the size: a chain of many buckets. */
static void tells_keys_with_equal_tags_apart(void **state)
{
    (void)state;
    enum { SAME = 60 };
    static struct item same[SAME];
    struct table *table = table_new(&item_type, SEED);
    size_t found = 0;
    for (uint64_t i = 0; found < SAME; i++) {
        struct item *item = &same[found];
        snprintf(item->key, sizeof(item->key), "same:%llu", (unsigned long long)i);
        item->hash = table_hash(item_key(item), SEED);
        found += item->hash >> 58 == 5 && (item->hash & 0xff) == 0x33;
    }
    for (size_t i = 0; i < SAME; i++) {
        table_add(table, &same[i], same[i].hash);
        table_check(table);
    }
    assert_true(table_bytes(table) > table_buckets(table) * 64 + 64 * 5);
    for (size_t i = 0; i < SAME; i++) {
        struct table_slot *slot = table_find(table, item_key(&same[i]), same[i].hash);
        assert_ptr_equal(table_slot_get(slot), &same[i]);
    }
    /* Out of the middle, the front and the end of the chain. */
    for (size_t i = 0; i < SAME; i++) {
        struct item *item = &same[(i * 7 + 3) % SAME];
        table_remove(table, table_find(table, item_key(item), item->hash), item->hash);
        table_check(table);
        assert_null(table_find(table, item_key(item), item->hash));
        assert_int_equal(table_count(table), SAME - 1 - i);
    }
    table_free(table);
}

static void a_low_byte_of_zero_and_of_one_share_a_tag(void **state)
{
    (void)state;
    static struct item pair[2];
    struct table *table = table_new(&item_type, SEED);
    for (uint64_t i = 0, found = 0; found < 2; i++) {
        struct item *item = &pair[found];
        snprintf(item->key, sizeof(item->key), "tag:%llu", (unsigned long long)i);
        item->hash = table_hash(item_key(item), SEED);
        found += (item->hash & 0xff) == found;
    }
    table_add(table, &pair[0], pair[0].hash);
    assert_non_null(table_find(table, item_key(&pair[0]), pair[0].hash));
    assert_null(table_find(table, item_key(&pair[1]), pair[1].hash));
    table_add(table, &pair[1], pair[1].hash);
    table_check(table);
    table_free(table);
}

static void takes_few_bytes_per_entry(void **state)
{
    struct fixture *f = *state;
    /* 85 % of 9 × 4096 places. */
    for (size_t i = 0; i < 31300; i++) {
        add(f, i);
    }
    while (table_step(f->table, 1000) > 0) {
    }
    assert_int_equal(table_buckets(f->table), 4096);
    assert_true(table_bytes(f->table) < 31300 * 11);
}

static void shrinks_when_nearly_empty(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ITEMS; i++) {
        add(f, i);
    }
    for (size_t i = 10; i < ITEMS; i++) {
        take(f, i);
    }
    while (table_step(f->table, 1000) > 0) {
    }
    assert_in_range(table_buckets(f->table), 1, 16);
    assert_agrees(f);
}

static void a_write_moves_one_bucket(void **state)
{
    struct fixture *f = *state;
    size_t i = 0;
    while (table_buckets(f->table) < 1024 + 2048) { /* Both arrays: a resize has begun. */
        add(f, i++);
    }
    for (size_t writes = 0; writes < 1023; writes++) {
        assert_int_equal(table_buckets(f->table), 1024 + 2048);
        add(f, i++);
    }
    assert_int_equal(table_buckets(f->table), 2048);
    assert_agrees(f);
}

static void steps_finish_a_resize(void **state)
{
    struct fixture *f = *state;
    size_t i = 0;
    while (table_buckets(f->table) < 1024 + 2048) {
        add(f, i++);
    }
    assert_int_equal(table_step(f->table, 100), 100);
    assert_agrees(f);
    assert_int_equal(table_step(f->table, 1000000), 1024 - 101);
    assert_int_equal(table_step(f->table, 1), 0);
    assert_agrees(f);
}

/* --- scans --- */

static void see(void *context, void *entry)
{
    (void)context;
    ((struct item *)entry)->seen++;
}

static void forget_seen(struct fixture *f)
{
    for (size_t i = 0; i < ITEMS; i++) {
        f->items[i].seen = 0;
    }
}

static void assert_scan_sees_each_once(struct fixture *f)
{
    uint64_t position = 0;
    forget_seen(f);
    do {
        position = table_scan(f->table, position, see, NULL);
        assert_true(position >> 48 == 0);
    } while (position != 0);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(f->items[i].seen, f->items[i].present);
    }
}

static void a_scan_without_changes_sees_each_entry_once(void **state)
{
    struct fixture *f = *state;
    assert_scan_sees_each_once(f);
    for (size_t i = 0; i < ITEMS; i++) {
        add(f, i);
        if (i % 1777 == 0) {
            assert_scan_sees_each_once(f); /* Before, in the midst of and after resizes. */
        }
    }
    for (size_t i = 0; i < ITEMS; i++) {
        take(f, i);
        if (i % 1777 == 0 || i > ITEMS - 20) {
            assert_scan_sees_each_once(f);
        }
    }
}

/* One entry in eight stays; the others come and go between the steps of the scan. */
static void scan_while_changing(struct fixture *f, unsigned add_percent, int writes_per_step)
{
    uint64_t position = 0;
    forget_seen(f);
    do {
        position = table_scan(f->table, position, see, NULL);
        for (int i = 0; i < writes_per_step; i++) {
            size_t which = random_below(&f->random, ITEMS);
            if (f->items[which].stable) {
                continue;
            }
            if (random_below(&f->random, 100) < add_percent) {
                add(f, which);
            } else {
                take(f, which);
            }
        }
    } while (position != 0);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_true(!f->items[i].stable || f->items[i].seen > 0);
    }
}

static void a_scan_misses_nothing_that_stays(void **state)
{
    struct fixture *f = *state;
    static const unsigned add_percent[] = { 90, 10, 50, 100, 0 };
    for (size_t i = 0; i < ITEMS; i += 8 + i % 61) {
        f->items[i].stable = true;
        add(f, i);
    }
    for (int round = 0; round < 40; round++) {
        unsigned percent = add_percent[random_below(&f->random, COUNT(add_percent))];
        scan_while_changing(f, percent, 1 + (int)random_below(&f->random, 100));
        table_check(f->table);
    }
}

static void a_position_from_another_size_still_works(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ITEMS; i++) {
        add(f, i);
    }
    uint64_t last = (UINT64_C(1) << 48) - 1;
    assert_true(table_scan(f->table, last, see, NULL) == 0);
    assert_true(table_scan(f->table, 12345, see, NULL) > 12345);
}

/* --- sweeps --- */

struct sweeping {
    struct fixture *fixture;
    size_t visited;
    unsigned remove_every;
};

static enum sweep sweep_item(void *context, void *entry)
{
    struct sweeping *sweeping = context;
    struct item *item = entry;
    sweeping->visited++;
    item->seen++;
    if (!item->marked) {
        return SWEEP_KEEP;
    }
    if (sweeping->remove_every != 0 && item->hash % sweeping->remove_every == 0) {
        item->present = item->marked = false;
        sweeping->fixture->present--;
        return SWEEP_REMOVE;
    }
    return SWEEP_MARK;
}

static void mark(struct fixture *f, size_t i)
{
    f->items[i].marked = true;
    table_slot_mark(find(f, &f->items[i]));
}

static void sweep_all(struct fixture *f, struct sweeping *sweeping, size_t slice)
{
    uint64_t position = 0;
    sweeping->fixture = f;
    forget_seen(f);
    do {
        size_t budget = slice;
        position = table_sweep(f->table, position, &budget, sweep_item, sweeping);
        assert_true(budget < slice);
        assert_true(position == 0 || budget == 0);
    } while (position != 0);
}

static void a_sweep_visits_what_is_marked_even_after_resizes(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ITEMS; i++) {
        add(f, i);
        if (i % 100 == 0) {
            mark(f, i);
        }
        if (i % 9999 == 0) {
            table_check(f->table);
        }
    }
    for (size_t i = 0; i < ITEMS; i++) {
        if (i % 5 != 0) {
            take(f, i);
        }
    }
    struct sweeping sweeping = { 0 };
    sweep_all(f, &sweeping, 100);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_true(!f->items[i].marked || f->items[i].seen == 1);
    }
    assert_true(sweeping.visited < f->present);
}

static void a_sweep_clears_marks_that_are_not_needed(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 1000; i++) {
        add(f, i);
        table_slot_mark(find(f, &f->items[i]));
    }
    struct sweeping sweeping = { 0 };
    sweep_all(f, &sweeping, 7);
    assert_int_equal(sweeping.visited, 1000);
    sweep_all(f, &sweeping, 7);
    assert_int_equal(sweeping.visited, 1000);
}

static void a_sweep_removes_in_the_midst_of_chains(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ITEMS; i++) {
        add(f, i);
        mark(f, i);
    }
    for (unsigned every = 7; every >= 1; every--) {
        struct sweeping sweeping = { .remove_every = every };
        sweep_all(f, &sweeping, 1 + every * 10);
        assert_agrees(f);
    }
    assert_int_equal(f->present, 0);
}

/* --- chance, and the end --- */

static void chance_reaches_every_entry_about_equally(void **state)
{
    struct fixture *f = *state;
    enum { FEW = 500, PICKS = 100000 };
    for (size_t i = 0; i < FEW; i++) {
        add(f, i);
    }
    for (int i = 0; i < PICKS; i++) {
        struct item *item = table_slot_get(table_random(f->table, &f->random));
        assert_true(item->present);
        item->seen++;
    }
    for (size_t i = 0; i < FEW; i++) {
        assert_in_range(f->items[i].seen, 100, 320);
    }
}

static void chance_finds_the_last_entry_of_a_large_table(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ITEMS; i++) {
        add(f, i);
    }
    /* Emptied by hand-over: the table does not shrink. */
    struct sweeping sweeping = { .remove_every = 1 };
    for (size_t i = 1; i < ITEMS; i++) {
        mark(f, i);
    }
    sweep_all(f, &sweeping, 1 << 20);
    assert_int_equal(f->present, 1);
    assert_ptr_equal(table_slot_get(table_random(f->table, &f->random)), &f->items[0]);
}

static void drop(void *context, void *entry)
{
    struct fixture *f = context;
    struct item *item = entry;
    assert_true(item->present);
    item->present = false;
    f->present--;
}

static void draining_hands_over_every_entry_in_slices(void **state)
{
    struct fixture *f = *state;
    size_t i = 0;
    while (table_buckets(f->table) < 1024 + 2048) { /* In the midst of a resize. */
        add(f, i++);
    }
    table_step(f->table, 300);
    assert_int_equal(table_drain(f->table, 500, drop, f), 500);
    assert_true(f->present > 0);
    assert_int_equal(table_count(f->table), f->present);
    while (table_drain(f->table, 500, drop, f) > 0) {
    }
    assert_int_equal(f->present, 0);
    assert_int_equal(table_count(f->table), 0);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(agrees_with_a_model_whatever_is_written),
        WITH_FIXTURE(an_empty_table_has_nothing),
        cmocka_unit_test(tells_keys_with_equal_tags_apart),
        cmocka_unit_test(a_low_byte_of_zero_and_of_one_share_a_tag),
        WITH_FIXTURE(takes_few_bytes_per_entry),
        WITH_FIXTURE(shrinks_when_nearly_empty),
        WITH_FIXTURE(a_write_moves_one_bucket),
        WITH_FIXTURE(steps_finish_a_resize),
        WITH_FIXTURE(a_scan_without_changes_sees_each_entry_once),
        WITH_FIXTURE(a_scan_misses_nothing_that_stays),
        WITH_FIXTURE(a_position_from_another_size_still_works),
        WITH_FIXTURE(a_sweep_visits_what_is_marked_even_after_resizes),
        WITH_FIXTURE(a_sweep_clears_marks_that_are_not_needed),
        WITH_FIXTURE(a_sweep_removes_in_the_midst_of_chains),
        WITH_FIXTURE(chance_reaches_every_entry_about_equally),
        WITH_FIXTURE(chance_finds_the_last_entry_of_a_large_table),
        WITH_FIXTURE(draining_hands_over_every_entry_in_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
