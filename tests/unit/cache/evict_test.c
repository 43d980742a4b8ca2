/* Which keys are evicted, how that is told, and how well the choice is made. */

#include "cache/evict.h"

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

enum { START_MS = 1000000000, NEVER = -1 };

struct fixture {
    struct cache *cache;
    uint64_t now_ms;
    uint64_t deleted, told;
    char last[32]; /* Key of the last change. */
};

static void hear(void *context, const struct change *change)
{
    struct fixture *f = context;
    f->deleted += span_is(change->argv[0], "del");
    snprintf(f->last, sizeof(f->last), "%.*s", (int)change->keys[0].len, change->keys[0].bytes);
}

static void hear_event(void *context, unsigned class, const char *name, struct span key, int db)
{
    struct fixture *f = context;
    (void)key;
    (void)db;
    assert_int_equal(class, EVENT_EVICTED);
    assert_string_equal(name, "evicted");
    f->told++;
}

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));
    const struct cache_options options = { .databases = 4, .seed = 77 };
    f->cache = cache_new(&options);
    f->now_ms = START_MS;
    cache_listen(f->cache, hear, f);
    cache_set_events(f->cache, EVENT_EVICTED, hear_event, f);
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

static void configure(struct fixture *f, enum evict_among among, enum evict_first first)
{
    const struct evict_settings settings = { .among = among, .first = first, .samples = 5 };
    evict_configure(f->cache, &settings);
    cache_set_frequency(f->cache, first == EVICT_FIRST_RARE);
}

/* SET key expires_at_ms */
static void set(struct call *c)
{
    struct string_form form = string_form(SPAN("value"));
    int64_t expires_at_ms;
    assert_true(arg_integer(c, 2, &expires_at_ms));
    string_write(key_put(c, 1, &type_string, form.size, expires_at_ms), &form);
}

/* GET key */
static void get(struct call *c)
{
    const void *value;
    assert_true(key_read(c, 1, &type_string, &value));
    assert_non_null(value);
}

static void run(struct fixture *f, int db, void (*handler)(struct call *c), size_t i,
                int64_t expires_at_ms)
{
    char key[32], expires[32];
    int key_len = snprintf(key, sizeof(key), "key:%zu", i);
    int expires_len = snprintf(expires, sizeof(expires), "%lld", (long long)expires_at_ms);
    const struct span argv[] = { SPAN("run"),
                                 { key, (size_t)key_len },
                                 { expires, (size_t)expires_len } };
    const struct command row = { .name = "test", .run = handler, .keys = { KEYS(1, 1, 1, 0) } };
    struct reply reply = { .silent = true, .protocol = 2 };
    const struct cache_request request = { .command = &row,
                                           .argv = argv,
                                           .argc = COUNT(argv),
                                           .db = db,
                                           .now_ms = f->now_ms,
                                           .reply = &reply };
    cache_exec(f->cache, &request);
}

static void put(struct fixture *f, int db, size_t i, int64_t expires_at_ms)
{
    run(f, db, set, i, expires_at_ms);
}

static bool is_there(struct fixture *f, int db, size_t i)
{
    char key[32];
    struct cache_entry entry;
    int len = snprintf(key, sizeof(key), "key:%zu", i);
    return cache_peek(f->cache, db, (struct span){ key, (size_t)len }, f->now_ms, &entry);
}

static enum evict_result evict(struct fixture *f)
{
    enum evict_result result;
    uint64_t freed = 0;
    do {
        result = evict_one(f->cache, f->now_ms, &freed);
    } while (result == EVICT_SEARCHED);
    return result;
}

static void evicts_nothing_unless_it_is_told_to(void **state)
{
    struct fixture *f = *state;
    put(f, 0, 1, NEVER);
    assert_int_equal(evict(f), EVICT_NOTHING);
    configure(f, EVICT_AMONG_NONE, EVICT_FIRST_ANY);
    assert_int_equal(evict(f), EVICT_NOTHING);
    assert_true(is_there(f, 0, 1));
}

static void what_goes_is_announced_told_and_counted(void **state)
{
    struct fixture *f = *state;
    configure(f, EVICT_AMONG_ALL, EVICT_FIRST_IDLE);
    put(f, 2, 7, NEVER);
    assert_int_equal(evict(f), EVICT_REMOVED);
    assert_false(is_there(f, 2, 7));
    assert_int_equal(f->deleted, 1);
    assert_string_equal(f->last, "key:7");
    assert_int_equal(f->told, 1);
    assert_int_equal(cache_stats(f->cache).evicted, 1);
    assert_int_equal(evict(f), EVICT_NOTHING);
}

static void what_had_expired_is_not_called_evicted(void **state)
{
    struct fixture *f = *state;
    configure(f, EVICT_AMONG_ALL, EVICT_FIRST_IDLE);
    put(f, 0, 1, START_MS + 10);
    f->now_ms += 1000;
    assert_int_equal(evict(f), EVICT_REMOVED);
    assert_int_equal(f->deleted, 1);
    assert_int_equal(f->told, 0);
    assert_int_equal(cache_stats(f->cache).evicted, 0);
    assert_int_equal(cache_stats(f->cache).expired, 1);
}

static void finds_the_few_that_expire_among_many_that_do_not(void **state)
{
    enum { KEYS_ALL = 100000, EVERY = 10000 };
    struct fixture *f = *state;
    configure(f, EVICT_AMONG_EXPIRING, EVICT_FIRST_IDLE);
    for (size_t i = 0; i < KEYS_ALL; i++) {
        put(f, 1, i, i % EVERY == 0 ? START_MS + 100000 : NEVER);
    }
    for (size_t i = 0; i < KEYS_ALL / EVERY; i++) {
        assert_int_equal(evict(f), EVICT_REMOVED);
    }
    assert_int_equal(evict(f), EVICT_NOTHING);
    assert_int_equal(cache_db_stats(f->cache, 1).keys, KEYS_ALL - KEYS_ALL / EVERY);
    assert_int_equal(cache_db_stats(f->cache, 1).expiring, 0);
}

static void what_expires_soonest_goes_first(void **state)
{
    enum { KEYS_ALL = 10000 };
    struct fixture *f = *state;
    uint64_t sooner = 0;
    configure(f, EVICT_AMONG_EXPIRING, EVICT_FIRST_EXPIRES);
    for (size_t i = 0; i < KEYS_ALL; i++) {
        put(f, 0, i, START_MS + 1000 + (int64_t)i * 1000);
    }
    for (size_t i = 0; i < KEYS_ALL / 2; i++) {
        assert_int_equal(evict(f), EVICT_REMOVED);
    }
    for (size_t i = 0; i < KEYS_ALL / 2; i++) {
        sooner += !is_there(f, 0, i);
    }
    assert_true(sooner > KEYS_ALL / 2 * 8 / 10);
}

static void a_key_that_was_used_since_it_was_seen_stays(void **state)
{
    struct fixture *f = *state;
    configure(f, EVICT_AMONG_ALL, EVICT_FIRST_IDLE);
    for (size_t i = 0; i < 4; i++) {
        put(f, 0, i, NEVER);
        f->now_ms += 10000;
    }
    assert_int_equal(evict(f), EVICT_REMOVED); /* 0; the others are candidates now. */
    run(f, 0, get, 1, NEVER);
    assert_int_equal(evict(f), EVICT_REMOVED);
    assert_true(is_there(f, 0, 1));
    assert_false(is_there(f, 0, 2));
}

static void no_database_is_forgotten(void **state)
{
    struct fixture *f = *state;
    configure(f, EVICT_AMONG_ALL, EVICT_FIRST_ANY);
    for (size_t i = 0; i < 100; i++) {
        put(f, (int)(i % 4), i, NEVER);
    }
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(evict(f), EVICT_REMOVED);
    }
    assert_int_equal(evict(f), EVICT_NOTHING);
    assert_int_equal(f->deleted, 100);
}

/* A cache for a tenth of the keys; eight of ten requests are for a twentieth of them. Returns the
 * hits in a hundred. */
static unsigned hits(struct fixture *f, enum evict_first first)
{
    enum { KEYS_ALL = 20000, ROOM = 2000, HOT = 1000, REQUESTS = 200000 };
    uint64_t random = 5;
    unsigned found = 0;

    configure(f, EVICT_AMONG_ALL, first);
    for (size_t i = 0; i < REQUESTS; i++) {
        size_t key = (size_t)random_below(&random, random_below(&random, 10) < 8 ? HOT : KEYS_ALL);
        f->now_ms += 10;
        if (is_there(f, 0, key)) {
            run(f, 0, get, key, NEVER);
            found += i >= REQUESTS / 2;
        } else {
            put(f, 0, key, NEVER);
        }
        while (cache_db_stats(f->cache, 0).keys > ROOM) {
            assert_int_equal(evict(f), EVICT_REMOVED);
        }
    }
    return found * 100 / (REQUESTS / 2);
}

static void lru_and_lfu_keep_what_is_used(void **state)
{
    struct fixture *f = *state;
    unsigned any = hits(f, EVICT_FIRST_ANY);
    unsigned lru = hits(f, EVICT_FIRST_IDLE);
    unsigned lfu = hits(f, EVICT_FIRST_RARE);
    print_message("hits in a hundred: random %u, LRU %u, LFU %u\n", any, lru, lfu);
    assert_true(lru >= any + 5);
    assert_true(lfu >= any + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(evicts_nothing_unless_it_is_told_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_goes_is_announced_told_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_had_expired_is_not_called_evicted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_the_few_that_expire_among_many_that_do_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_expires_soonest_goes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_was_used_since_it_was_seen_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_database_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lru_and_lfu_keep_what_is_used, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
