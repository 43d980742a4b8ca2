/* The store from outside: the door, background work and figures. */

#include "cache/cache.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/types/string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { START_MS = 1000000 };

struct fixture {
    struct cache *cache;
    uint64_t heard, deleted;
    size_t visited, bytes;
    uint64_t random;
};

static void hear(void *context, const struct change *change)
{
    struct fixture *f = context;
    f->heard++;
    f->deleted += span_is(change->argv[0], "del");
    assert_true(change->seq == f->heard);
}

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));
    struct cache_options options = { .databases = 4, .seed = 77 };
    f->cache = cache_new(&options);
    f->random = 1;
    cache_listen(f->cache, hear, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cache_free(f->cache);
    memory_free(f);
    return 0;
}

/* SET key text ms */
static void set(struct call *c)
{
    struct string_form form = string_form(c->argv[2]);
    int64_t expires_at_ms;
    assert_true(arg_integer(c, 3, &expires_at_ms));
    string_write(key_put(c, 1, &type_string, form.size, expires_at_ms), &form);
}

static void del(struct call *c)
{
    key_delete(c, 1);
}

static void run(struct fixture *f, int db, void (*handler)(struct call *c), const struct span *argv,
                size_t argc)
{
    struct command row = { .name = "test", .run = handler, .keys = { KEYS(1, 1, 1, 0) } };
    struct reply reply = { .silent = true, .protocol = 2 };
    struct cache_request request = {
        .command = &row, .argv = argv, .argc = argc, .db = db, .now_ms = START_MS, .reply = &reply
    };
    cache_exec(f->cache, &request);
}

static void put(struct fixture *f, int db, size_t i, int64_t expires_at_ms)
{
    char key[32], ms[32];
    snprintf(key, sizeof(key), "key:%zu", i);
    snprintf(ms, sizeof(ms), "%lld", (long long)expires_at_ms);
    struct span argv[] = { SPAN("SET"), span_from(key), SPAN("some text"), span_from(ms) };
    run(f, db, set, argv, COUNT(argv));
}

static void take(struct fixture *f, int db, size_t i)
{
    char key[32];
    snprintf(key, sizeof(key), "key:%zu", i);
    struct span argv[] = { SPAN("DEL"), span_from(key) };
    run(f, db, del, argv, COUNT(argv));
}

static void active_expiry_removes_what_is_due_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 3000; i++) {
        put(f, 0, i, i % 3 == 0 ? -1 : i % 3 == 1 ? START_MS + 10 : START_MS + 100000);
        put(f, 2, i, START_MS + 10);
    }
    for (int i = 0; i < 1000; i++) {
        cache_tick(f->cache, START_MS + 10, 100);
    }
    assert_int_equal(f->deleted, 0);
    assert_true(cache_db_stats(f->cache, 0).avg_ttl_ms > 10000);
    for (int i = 0; i < 1000; i++) {
        cache_tick(f->cache, START_MS + 11, 100);
    }
    assert_true(cache_db_stats(f->cache, 0).keys == 2000);
    assert_true(cache_db_stats(f->cache, 0).expiring == 1000);
    assert_true(cache_db_stats(f->cache, 0).avg_ttl_ms == 100000 - 11);
    assert_true(cache_db_stats(f->cache, 2).keys == 0);
    assert_int_equal(f->deleted, 4000);
    assert_true(cache_stats(f->cache).expired == 4000);
}

static void active_expiry_wants_more_while_much_is_due(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 5000; i++) {
        put(f, 0, i, START_MS + 10);
    }
    int ticks = 0;
    while (cache_tick(f->cache, START_MS + 11, 20)) {
        ticks++;
        assert_true(ticks < 1000);
    }
    assert_true(ticks > 10); /* Each slice is small. */
    assert_true(cache_db_stats(f->cache, 0).keys < 100);
    for (int i = 0; i < 200; i++) {
        cache_tick(f->cache, START_MS + 11, 20);
    }
    assert_true(cache_db_stats(f->cache, 0).keys == 0);
    assert_false(cache_tick(f->cache, START_MS + 11, 20));
}

static void active_expiry_can_be_turned_off(void **state)
{
    struct fixture *f = *state;
    struct cache_entry entry;
    put(f, 0, 1, START_MS + 10);
    cache_set_active_expiry(f->cache, false);
    cache_tick(f->cache, START_MS + 11, 1000);
    assert_true(cache_db_stats(f->cache, 0).keys == 1);
    assert_false(cache_peek(f->cache, 0, SPAN("key:1"), START_MS + 11, &entry));
    cache_set_active_expiry(f->cache, true);
    cache_tick(f->cache, START_MS + 11, 1000);
    assert_true(cache_db_stats(f->cache, 0).keys == 0);
}

static void a_tick_finishes_resizes(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 8000; i++) { /* A resize begins at 7833. */
        put(f, 1, i, -1);
    }
    uint64_t during = cache_db_stats(f->cache, 1).buckets;
    assert_true(cache_tick(f->cache, START_MS, 10));
    while (cache_tick(f->cache, START_MS, 100)) {
    }
    assert_true(cache_db_stats(f->cache, 1).buckets < during);
    assert_true(cache_db_stats(f->cache, 1).keys == 8000);
}

static void peeking_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct cache_entry entry;
    put(f, 0, 7, START_MS + 10);
    assert_true(cache_peek(f->cache, 0, SPAN("key:7"), START_MS, &entry));
    assert_true(span_equal(entry.key, SPAN("key:7")));
    assert_ptr_equal(entry.type, &type_string);
    assert_int_equal(string_len(entry.value), 9);
    assert_true(entry.expires_at_ms == START_MS + 10);
    assert_false(cache_peek(f->cache, 1, SPAN("key:7"), START_MS, &entry));
    assert_false(cache_peek(f->cache, 0, SPAN("key:7"), START_MS + 11, &entry));
    assert_true(cache_stats(f->cache).hits + cache_stats(f->cache).misses == 0);
    assert_true(cache_db_stats(f->cache, 0).keys == 1);
}

static void see(void *context, const struct cache_entry *entry)
{
    struct fixture *f = context;
    f->visited++;
    f->bytes += entry->key.len;
}

static void a_scan_takes_any_cursor(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 500; i++) {
        put(f, 0, i, -1);
    }
    uint64_t cursor = 0;
    do {
        cursor = cache_scan(f->cache, 0, cursor, see, f);
    } while (cursor != 0);
    assert_int_equal(f->visited, 500);
    assert_true(cache_scan(f->cache, 0, UINT64_MAX, see, f) == 0);
    cache_scan(f->cache, 0, 1234567890123456789u, see, f);
}

static void forgetting_all_is_silent_and_frees_later(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 5000; i++) {
        put(f, (int)(i % 4), i, i % 2 ? START_MS + 10 : -1);
    }
    cache_forget_all(f->cache);
    assert_int_equal(f->heard, 5000);
    for (int db = 0; db < 4; db++) {
        assert_true(cache_db_stats(f->cache, db).keys == 0);
        assert_true(cache_db_stats(f->cache, db).expiring == 0);
    }
    int ticks = 0;
    while (cache_tick(f->cache, START_MS, 10)) {
        ticks++;
    }
    assert_true(ticks > 50);
    assert_int_equal(f->heard, 5000);
}

static void forgetting_twice_before_a_tick_loses_nothing(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 100; i++) {
            put(f, 0, i, -1);
        }
        cache_forget_all(f->cache);
    }
    assert_true(cache_tick(f->cache, START_MS, 1)); /* The rest is cache_free()'s, as leaks show. */
}

static void settings_are_kept(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(cache_databases(f->cache), 4);
    assert_false(cache_counts_frequency(f->cache));
    cache_set_frequency(f->cache, true);
    assert_true(cache_counts_frequency(f->cache));
    assert_true(cache_string_max(f->cache) == 512u * 1024 * 1024);
    cache_set_string_max(f->cache, 1);
    assert_true(cache_string_max(f->cache) == 1);
}

static void hashes_depend_on_the_seed(void **state)
{
    struct fixture *f = *state;
    struct cache_options options = { .databases = 1, .seed = 78 };
    struct cache *other = cache_new(&options);
    assert_true(cache_hash(f->cache, SPAN("a")) != cache_hash(other, SPAN("a")));
    assert_true(cache_hash(f->cache, SPAN("a")) == cache_hash(f->cache, SPAN("a")));
    cache_free(other);
    cache_free(NULL);
}

/* Counters against a model, through a random life of several databases. */
static void figures_stay_right_in_a_long_life(void **state)
{
    struct fixture *f = *state;
    enum { KEYS_EACH = 3000 };
    static int64_t expires[4][KEYS_EACH]; /* -2: not there. */
    for (size_t i = 0; i < 4 * KEYS_EACH; i++) {
        expires[i / KEYS_EACH][i % KEYS_EACH] = -2;
    }
    for (int i = 0; i < 60000; i++) {
        int db = (int)random_below(&f->random, 4);
        size_t which = random_below(&f->random, KEYS_EACH);
        if (random_below(&f->random, 3) > 0) {
            expires[db][which] = random_below(&f->random, 2) ? -1 : START_MS + 1000;
            put(f, db, which, expires[db][which]);
        } else {
            take(f, db, which);
            expires[db][which] = -2;
        }
        if (i % 50 == 0) {
            cache_tick(f->cache, START_MS, 7);
        }
    }
    for (int db = 0; db < 4; db++) {
        uint64_t keys = 0, expiring = 0;
        for (size_t i = 0; i < KEYS_EACH; i++) {
            keys += expires[db][i] != -2;
            expiring += expires[db][i] > 0;
        }
        assert_true(cache_db_stats(f->cache, db).keys == keys);
        assert_true(cache_db_stats(f->cache, db).expiring == expiring);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(active_expiry_removes_what_is_due_and_nothing_else),
        WITH_FIXTURE(active_expiry_wants_more_while_much_is_due),
        WITH_FIXTURE(active_expiry_can_be_turned_off),
        WITH_FIXTURE(a_tick_finishes_resizes),
        WITH_FIXTURE(peeking_changes_nothing),
        WITH_FIXTURE(a_scan_takes_any_cursor),
        WITH_FIXTURE(forgetting_all_is_silent_and_frees_later),
        WITH_FIXTURE(forgetting_twice_before_a_tick_loses_nothing),
        WITH_FIXTURE(settings_are_kept),
        WITH_FIXTURE(hashes_depend_on_the_seed),
        WITH_FIXTURE(figures_stay_right_in_a_long_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
