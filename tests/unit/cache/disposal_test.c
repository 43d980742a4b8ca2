/* Values on their way out: which go to the job queue, and that all arrive. */

#include "cache/disposal.h"

#include "tests/unit/cache/commands/try.h"

#include <stdint.h>

enum { JOBS_MAX = 8, MEMBERS = 2000 };

/* A queue that does nothing until it is told to. */
struct later {
    void (*run[JOBS_MAX])(void *job);
    void *job[JOBS_MAX];
    size_t count;
};

static void add_later(void *context, void (*run)(void *job), void *job)
{
    struct later *later = context;
    assert_true(later->count < JOBS_MAX);
    later->run[later->count] = run;
    later->job[later->count++] = job;
}

static void do_all(struct later *later)
{
    for (size_t i = 0; i < later->count; i++) {
        later->run[i](later->job[i]);
    }
    later->count = 0;
}

static void start(struct try *try, struct later *later)
{
    try_start(try);
    *later = (struct later){ .count = 0 };
    cache_set_jobs(try->cache, &(struct cache_jobs){ .context = later, .add = add_later });
}

static void add_set(struct try *try, const char *key, int members)
{
    char command[64];
    for (int i = 0; i < members; i++) {
        snprintf(command, sizeof(command), "SADD %s member:%d", key, i);
        try_run(try, command);
    }
}

static void a_big_value_is_given_to_the_queue(void **state)
{
    (void)state;
    static const char *const ends[] = { "DEL big", "SET big v", "RENAME small big",
                                        "PEXPIRE big 0" };
    struct try try;
    struct later later;

    for (size_t i = 0; i < COUNT(ends); i++) {
        start(&try, &later);
        add_set(&try, "big", MEMBERS);
        add_set(&try, "small", 3);
        try_run(&try, ends[i]);
        assert_int_equal(later.count, 1);
        assert_int_equal(cache_stats(try.cache).lazy_pending, 1);
        assert_int_equal(cache_stats(try.cache).lazy_freed, 0);
        do_all(&later);
        assert_int_equal(cache_stats(try.cache).lazy_pending, 0);
        assert_int_equal(cache_stats(try.cache).lazy_freed, 1);
        try_stop(&try);
    }
}

static void a_small_value_is_freed_at_once(void **state)
{
    (void)state;
    struct try try;
    struct later later;
    start(&try, &later);

    add_set(&try, "small", 50);
    try_run(&try, "DEL small");
    try_run(&try, "SET s v");
    try_run(&try, "DEL s");
    assert_int_equal(later.count, 0);
    try_stop(&try);
}

static void an_emptied_database_gives_its_big_values_bit_by_bit(void **state)
{
    (void)state;
    struct try try;
    struct later later;
    start(&try, &later);

    add_set(&try, "big", MEMBERS);
    add_set(&try, "small", 3);
    try_run(&try, "FLUSHALL ASYNC");
    assert_int_equal(later.count, 0);
    assert_int_equal(cache_stats(try.cache).lazy_pending, 2);
    while (cache_tick(try.cache, try.now_ms, 100)) {
    }
    assert_int_equal(later.count, 1);
    assert_int_equal(cache_stats(try.cache).lazy_pending, 1);
    assert_int_equal(cache_stats(try.cache).lazy_freed, 1);
    do_all(&later);
    assert_int_equal(cache_stats(try.cache).lazy_pending, 0);
    assert_int_equal(cache_stats(try.cache).lazy_freed, 2);
    try_stop(&try);
}

static void flushall_sync_leaves_nothing_behind(void **state)
{
    (void)state;
    struct try try;
    struct later later;
    start(&try, &later);

    add_set(&try, "big", MEMBERS);
    try_run(&try, "FLUSHALL SYNC");
    assert_int_equal(later.count, 0);
    assert_int_equal(cache_stats(try.cache).lazy_pending, 0);
    try_stop(&try);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_big_value_is_given_to_the_queue),
        cmocka_unit_test(a_small_value_is_freed_at_once),
        cmocka_unit_test(an_emptied_database_gives_its_big_values_bit_by_bit),
        cmocka_unit_test(flushall_sync_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
