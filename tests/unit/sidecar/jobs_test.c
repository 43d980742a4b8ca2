/* The job queue: everything is done, once, in order, elsewhere. */

#include "sidecar/jobs.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MANY = 10000 };

struct done {
    int order[MANY];
    size_t count;
    pthread_t by;
};

struct piece {
    struct done *done;
    int number;
};

static void note(void *job)
{
    struct piece *piece = job;
    piece->done->order[piece->done->count++] = piece->number;
    piece->done->by = pthread_self();
    memory_free(piece);
}

static void add(struct jobs *jobs, struct done *done, int number)
{
    struct piece *piece = memory_alloc(sizeof(*piece));
    *piece = (struct piece){ .done = done, .number = number };
    jobs_add(jobs, note, piece);
}

static void does_all_in_order_before_it_is_freed(void **state)
{
    (void)state;
    static struct done done;
    struct jobs *jobs = jobs_new(NULL);

    for (int i = 0; i < MANY; i++) {
        add(jobs, &done, i);
    }
    jobs_free(jobs);
    assert_int_equal(done.count, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(done.order[i], i);
    }
}

static void works_on_another_thread(void **state)
{
    (void)state;
    static struct done done;
    struct jobs *jobs = jobs_new(NULL);

    add(jobs, &done, 1);
    jobs_free(jobs);
    assert_int_equal(done.count, 1);
    assert_false(pthread_equal(done.by, pthread_self()));
}

static void may_be_freed_unused(void **state)
{
    (void)state;
    jobs_free(jobs_new(NULL));
    jobs_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_all_in_order_before_it_is_freed),
        cmocka_unit_test(works_on_another_thread),
        cmocka_unit_test(may_be_freed_unused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
