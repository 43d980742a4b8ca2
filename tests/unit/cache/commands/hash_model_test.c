/* Long random runs of commands on hashes while time goes by, against a plain model: what each
 * field holds, and when it expires. */

#include "tests/unit/cache/commands/try.h"

#include "cache/base/hash.h"
#include "cache/types/limits.h"

enum { KEYS = 3, FIELDS = 24, STEPS = 20000 };

struct modelled {
    bool present;
    long long value;
    long long expires_at_ms; /* -1: never */
};

struct run {
    struct try *try;
    struct modelled fields[KEYS][FIELDS];
    uint64_t random_state;

    /* The step. */
    unsigned key, field;
    long long number;
    struct modelled *modelled;
};

static long long below(struct run *run, uint64_t limit)
{
    return (long long)random_below(&run->random_state, limit);
}

static bool is_alive(const struct run *run, const struct modelled *modelled)
{
    long long now_ms = (long long)run->try->now_ms;
    return modelled->present && (modelled->expires_at_ms < 0 || modelled->expires_at_ms >= now_ms);
}

/* `command` has the places of the key, the field and the number, in this order; `reply` that of
 * an integer. */
static void gives(struct run *run, const char *command, const char *reply, long long number)
{
    char text[128], expected[64];
    int len = 0, expected_len;

    for (; *command != '\0' && len < 100; command++) {
        size_t room = sizeof(text) - (size_t)len;
        if (*command == 'K') {
            len += snprintf(text + len, room, "key:%u", run->key);
        } else if (*command == 'F') {
            len += snprintf(text + len, room, "field:%u", run->field);
        } else if (*command == '#') {
            len += snprintf(text + len, room, "%lld", run->number);
        } else {
            text[len++] = *command;
        }
    }
    text[len] = '\0';
    expected_len = snprintf(expected, sizeof(expected), "%s%lld\r\n", reply, number);
    assert_in_range(expected_len, 4, sizeof(expected) - 1);
    const char *got = try_run(run->try, text);
    if (strcmp(got, expected) != 0) {
        fail_msg("%s\nwant %s\ngot  %s", text, expected, got);
    }
}

/* --- steps --- */

static void set(struct run *run)
{
    gives(run, "hset K F #", ":", !run->modelled->present);
    *run->modelled = (struct modelled){ true, run->number, -1 };
}

static void add(struct run *run)
{
    run->modelled->value += run->number;
    gives(run, "hincrby K F #", ":", run->modelled->value);
    run->modelled->present = true;
}

static void drop(struct run *run)
{
    gives(run, "hdel K F", ":", run->modelled->present);
    run->modelled->present = false;
}

static void expire(struct run *run)
{
    long long answer = run->number == 0 ? 2 : 1;
    gives(run, "hpexpire K # fields 1 F", "*1\r\n:", run->modelled->present ? answer : -2);
    run->modelled->present &= run->number > 0;
    run->modelled->expires_at_ms = (long long)run->try->now_ms + run->number;
}

static void persist(struct run *run)
{
    long long answer = run->modelled->expires_at_ms < 0 ? -1 : 1;
    gives(run, "hpersist K fields 1 F", "*1\r\n:", run->modelled->present ? answer : -2);
    run->modelled->expires_at_ms = -1;
}

static void set_with_time(struct run *run)
{
    gives(run, "hsetex K px # fields 1 F #", ":", 1);
    *run->modelled = (struct modelled){
        .present = run->number > 0,
        .value = run->number,
        .expires_at_ms = (long long)run->try->now_ms + run->number,
    };
}

static void ask(struct run *run)
{
    const struct modelled *modelled = run->modelled;
    long long left = modelled->expires_at_ms - (long long)run->try->now_ms;
    long long count = 0;

    left = modelled->expires_at_ms < 0 ? -1 : left;
    gives(run, "hpttl K fields 1 F", "*1\r\n:", modelled->present ? left : -2);
    for (unsigned field = 0; field < FIELDS; field++) {
        count += is_alive(run, &run->fields[run->key][field]);
    }
    gives(run, "hlen K", ":", count);
    gives(run, "exists K", ":", count > 0);
}

static void wait(struct run *run)
{
    run->try->now_ms += (uint64_t)run->number;
    if (run->number % 3 == 0) {
        cache_tick(run->try->cache, run->try->now_ms, (size_t)run->number);
    }
}

static void step(struct run *run)
{
    static void (*const steps[])(struct run *) = { set, set,  add,           drop,   expire,
                                                   ask, wait, set_with_time, expire, persist };
    run->key = (unsigned)below(run, KEYS);
    run->field = (unsigned)below(run, FIELDS);
    run->number = below(run, 30);
    run->modelled = &run->fields[run->key][run->field];
    if (!is_alive(run, run->modelled)) {
        *run->modelled = (struct modelled){ .expires_at_ms = -1 };
    }
    steps[below(run, COUNT(steps))](run);
}

/* With so many fields at most in a listpack. */
static void runs_as_the_model(void **state, uint64_t entries)
{
    struct run run = { .try = *state, .random_state = entries };
    struct type_limits limits = type_limits_default;

    limits.hash_max_listpack_entries = entries;
    cache_set_limits(run.try->cache, &limits);
    for (int i = 0; i < STEPS; i++) {
        step(&run);
    }
}

static void small_hashes_do_what_the_model_does(void **state)
{
    runs_as_the_model(state, FIELDS);
}

static void large_hashes_do_what_the_model_does(void **state)
{
    runs_as_the_model(state, 0);
}

static void hashes_that_grow_do_what_the_model_does(void **state)
{
    runs_as_the_model(state, FIELDS / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(small_hashes_do_what_the_model_does),
        TRY(large_hashes_do_what_the_model_does),
        TRY(hashes_that_grow_do_what_the_model_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
