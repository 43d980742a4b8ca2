/* A snapshot against a model: whatever is done while it is taken, it is of the moment when it
 * began. */

#include "cache/snapshot.h"

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

enum { NOW_MS = 1000000000, DATABASES = 3, KEYS_EACH = 4000, NOTHING = -1 };

struct fixture {
    struct cache *cache;
    uint64_t random;
    int now[DATABASES][KEYS_EACH];  /* What each key holds, or NOTHING. */
    int then[DATABASES][KEYS_EACH]; /* The same when the snapshot began. */
    int seen[DATABASES][KEYS_EACH]; /* What the snapshot saw. */
    size_t visits;
    const char *cancelled;
};

static void forget_seen(struct fixture *f)
{
    for (size_t i = 0; i < DATABASES * KEYS_EACH; i++) {
        f->seen[i / KEYS_EACH][i % KEYS_EACH] = NOTHING;
    }
    f->visits = 0;
    f->cancelled = NULL;
}

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));
    struct cache_options options = { .databases = DATABASES, .seed = 11 };

    f->cache = cache_new(&options);
    f->random = 5;
    forget_seen(f);
    memcpy(f->now, f->seen, sizeof(f->now));
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

/* --- commands --- */

static void set(struct call *c)
{
    struct string_form form = string_form(c->argv[2]);
    string_write(key_put(c, 1, &type_string, form.size, EXPIRY_NONE), &form);
}

/* Changes the value where it lies, with one of the same length. */
static void edit(struct call *c)
{
    struct string_form form = string_form(c->argv[2]);
    void *value;
    assert_true(key_edit(c, 1, &type_string, &value));
    if (value != NULL) {
        string_write(value, &form);
        key_changed(c, 1);
    }
}

static void del(struct call *c)
{
    key_delete(c, 1);
}

static void expire(struct call *c)
{
    struct key_view view;
    if (key_look(c, 1, 0, &view)) {
        key_expire(c, 1, NOW_MS + 5000);
    }
}

static void rename_key(struct call *c)
{
    struct key_view view;
    if (!span_equal(c->argv[1], c->argv[2]) && key_look(c, 1, 0, &view)) {
        key_rename(c, 1, 2);
    }
}

static void flush(struct call *c)
{
    keys_flush(c, -1, false);
}

static void swap(struct call *c)
{
    keys_swap(c, 0, 1);
}

static void run(struct fixture *f, int db, void (*handler)(struct call *c), struct span key,
                struct span other)
{
    struct command row = { .name = "test", .run = handler, .keys = { KEYS(1, 1, 1, 0) } };
    struct reply reply = { .silent = true, .protocol = 2 };
    struct span argv[] = { SPAN("TEST"), key, other };
    struct cache_request request = { .command = &row,
                                     .argv = argv,
                                     .argc = COUNT(argv),
                                     .db = db,
                                     .now_ms = NOW_MS,
                                     .reply = &reply };
    cache_exec(f->cache, &request);
}

struct name {
    char text[24];
};

static struct span key_name(struct name *name, size_t which)
{
    int len = snprintf(name->text, sizeof(name->text), "key:%zu", which);
    return (struct span){ name->text, (size_t)len };
}

/* Five digits, so that values fit where others lay; no integers. */
static struct span value_name(struct name *name, int value)
{
    int len = snprintf(name->text, sizeof(name->text), "v%05d", value);
    return (struct span){ name->text, (size_t)len };
}

static void put(struct fixture *f, int db, size_t which, void (*handler)(struct call *c), int value)
{
    struct name key, text;
    run(f, db, handler, key_name(&key, which), value_name(&text, value));
    if (handler == set || f->now[db][which] != NOTHING) {
        f->now[db][which] = value;
    }
}

static void change_something(struct fixture *f)
{
    int db = (int)random_below(&f->random, DATABASES);
    size_t which = random_below(&f->random, KEYS_EACH);
    size_t other = random_below(&f->random, KEYS_EACH);
    struct name key, key_2;

    switch (random_below(&f->random, 6)) {
    case 0:
    case 1:
        put(f, db, which, set, (int)random_below(&f->random, 99999));
        break;
    case 2:
        put(f, db, which, edit, (int)random_below(&f->random, 99999));
        break;
    case 3:
        run(f, db, del, key_name(&key, which), SPAN(""));
        f->now[db][which] = NOTHING;
        break;
    case 4:
        run(f, db, expire, key_name(&key, which), SPAN(""));
        break;
    default:
        run(f, db, rename_key, key_name(&key, which), key_name(&key_2, other));
        if (which != other && f->now[db][which] != NOTHING) {
            f->now[db][other] = f->now[db][which];
            f->now[db][which] = NOTHING;
        }
    }
}

/* --- the visitor --- */

/* The number behind a prefix. */
static int number_in(struct span text, size_t prefix)
{
    int number = 0;

    assert_true(text.len > prefix);
    for (size_t i = prefix; i < text.len; i++) {
        number = number * 10 + (text.bytes[i] - '0');
    }
    return number;
}

static void see(void *context, const struct snapshot_entry *entry)
{
    struct fixture *f = context;
    char room[STRING_TEXT_ROOM];
    size_t which = (size_t)number_in(entry->key, 4);

    assert_true(f->seen[entry->db][which] == NOTHING);
    f->seen[entry->db][which] = number_in(string_text(entry->value, room), 1);
    f->visits++;
}

static void cancelled(void *context, const char *why)
{
    struct fixture *f = context;
    f->cancelled = why;
}

static void begin(struct fixture *f)
{
    struct snapshot_visitor visitor = { .context = f, .entry = see, .cancelled = cancelled };
    memcpy(f->then, f->now, sizeof(f->then));
    forget_seen(f);
    snapshot_begin(f->cache, &visitor, NOW_MS);
}

static void fill(struct fixture *f, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(f, (int)(i % DATABASES), i / DATABASES, set, (int)i);
    }
}

/* --- tests --- */

static void sees_everything_once_while_nothing_changes(void **state)
{
    struct fixture *f = *state;
    fill(f, 3000);

    begin(f);
    assert_true(snapshot_progress(f->cache).total == 3000);
    while (!snapshot_step(f->cache, 5)) {
    }
    assert_false(snapshot_is_running(f->cache));
    assert_true(f->visits == 3000);
    assert_true(snapshot_progress(f->cache).visited == 3000);
    assert_memory_equal(f->seen, f->then, sizeof(f->then));
}

static void is_of_the_moment_when_it_began(void **state)
{
    struct fixture *f = *state;
    /* From nothing to a lot and back, so that tables grow and shrink under some of them. */
    for (int round = 0; round < 30; round++) {
        fill(f, round % 3 == 0 ? 30 : 300 * (size_t)round);
        begin(f);
        size_t changes_each = random_below(&f->random, 200);
        bool over = false;
        while (!over) {
            for (size_t i = 0; i < changes_each; i++) {
                change_something(f);
            }
            cache_tick(f->cache, NOW_MS, 3);
            over = snapshot_step(f->cache, 1 + random_below(&f->random, 20));
        }
        assert_memory_equal(f->seen, f->then, sizeof(f->then));
        for (size_t i = 0; round % 4 == 3 && i < DATABASES * KEYS_EACH; i++) {
            struct name key;
            run(f, (int)(i % DATABASES), del, key_name(&key, i / DATABASES), SPAN(""));
            f->now[i % DATABASES][i / DATABASES] = NOTHING;
        }
    }
}

static void exchanged_databases_are_seen_where_they_were(void **state)
{
    struct fixture *f = *state;
    fill(f, 900);

    begin(f);
    assert_false(snapshot_step(f->cache, 1));
    run(f, 0, swap, SPAN("-"), SPAN("-"));
    struct name key;
    run(f, 0, del, key_name(&key, 7), SPAN(""));
    while (!snapshot_step(f->cache, 1)) {
    }
    assert_memory_equal(f->seen, f->then, sizeof(f->then));
}

static void flushing_cancels_it(void **state)
{
    struct fixture *f = *state;
    fill(f, 900);

    begin(f);
    assert_false(snapshot_step(f->cache, 1));
    run(f, 0, flush, SPAN("-"), SPAN("-"));
    assert_false(snapshot_is_running(f->cache));
    assert_non_null(f->cancelled);
    memset(f->now, 0xff, sizeof(f->now));

    fill(f, 60);
    begin(f);
    while (!snapshot_step(f->cache, 1)) {
    }
    assert_true(f->visits == 60);
}

static void one_that_runs_is_freed_with_the_cache(void **state)
{
    struct fixture *f = *state;
    fill(f, 900);
    begin(f);
    assert_false(snapshot_step(f->cache, 1));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(sees_everything_once_while_nothing_changes),
        WITH_FIXTURE(is_of_the_moment_when_it_began),
        WITH_FIXTURE(exchanged_databases_are_seen_where_they_were),
        WITH_FIXTURE(flushing_cancels_it),
        WITH_FIXTURE(one_that_runs_is_freed_with_the_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
