/* What handlers can do, by small handlers of our own. */

#include "cache/call.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { START_MS = 1000000 };

/* Changes are heard as text: "db: SET k v [k]", each on its line. */
struct fixture {
    struct cache *cache;
    struct buf out;
    struct buf heard;
    uint64_t now_ms;
    uint64_t last_seq;
    int db;
    bool no_touch;
};

static void hear_word(struct fixture *f, struct span word)
{
    assert_true(buf_add(&f->heard, SPAN(" ")));
    assert_true(buf_add(&f->heard, word));
}

static void hear(void *context, const struct change *change)
{
    struct fixture *f = context;
    char db[32];
    assert_true(change->seq == f->last_seq + 1);
    f->last_seq = change->seq;

    snprintf(db, sizeof(db), "%d%s:", change->db, change->everything ? " all" : "");
    assert_true(buf_add(&f->heard, span_from(db)));
    for (size_t i = 0; i < change->argc; i++) {
        hear_word(f, change->argv[i]);
    }
    assert_true(buf_add(&f->heard, SPAN(" [")));
    for (size_t i = 0; i < change->key_count; i++) {
        hear_word(f, change->keys[i]);
    }
    assert_true(buf_add(&f->heard, SPAN(" ]\n")));
}

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));
    struct cache_options options = { .databases = 3, .seed = 5 };
    f->cache = cache_new(&options);
    f->now_ms = START_MS;
    buf_init(&f->out, 1 << 20);
    buf_init(&f->heard, 1 << 20);
    cache_listen(f->cache, hear, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cache_free(f->cache);
    buf_fini(&f->out);
    buf_fini(&f->heard);
    memory_free(f);
    return 0;
}

/* Runs a handler on words separated by spaces; the second is the key. */
static struct span run(struct fixture *f, void (*handler)(struct call *c), const char *line)
{
    struct command row = { .name = "test", .run = handler, .keys = { KEYS(1, 1, 1, 0) } };
    struct span argv[32];
    size_t argc = 0;
    for (const char *at = line; *at != '\0' && argc < COUNT(argv);) {
        size_t len = strcspn(at, " ");
        argv[argc++] = (struct span){ at, len };
        at += len + (at[len] == ' ');
    }
    struct reply reply = reply_into(&f->out, 2);
    struct cache_request request = {
        .command = &row,
        .argv = argv,
        .argc = argc,
        .db = f->db,
        .now_ms = f->now_ms,
        .no_touch = f->no_touch,
        .client_id = 9,
        .reply = &reply,
    };
    buf_cut(&f->out, 0);
    cache_exec(f->cache, &request);
    return buf_span(&f->out);
}

static void assert_heard(struct fixture *f, const char *expected)
{
    struct span heard = buf_span(&f->heard);
    if (!span_equal(heard, span_from(expected))) {
        fail_msg("heard \"%.*s\", not \"%s\"", (int)heard.len, heard.bytes, expected);
    }
    buf_cut(&f->heard, 0);
}

static void assert_says(struct span reply, const char *expected)
{
    if (!span_equal(reply, span_from(expected))) {
        fail_msg("replied \"%.*s\", not \"%s\"", (int)reply.len, reply.bytes, expected);
    }
}

/* --- handlers --- */

static void get(struct call *c)
{
    const void *value;
    char room[STRING_TEXT_ROOM];
    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    if (value == NULL) {
        reply_null(c->reply);
    } else {
        reply_bulk(c->reply, string_text(value, room));
    }
}

static void put_text(struct call *c, size_t at, struct span text, int64_t expires_at_ms)
{
    struct string_form form = string_form(text);
    string_write(key_put(c, at, &type_string, form.size, expires_at_ms), &form);
}

/* SET key text [ms] */
static void set(struct call *c)
{
    int64_t expires_at_ms = EXPIRY_NONE;
    if (c->argc > 3 && !arg_integer(c, 3, &expires_at_ms)) {
        return;
    }
    put_text(c, 1, c->argv[2], expires_at_ms);
    reply_ok(c->reply);
}

static void set_keeping(struct call *c)
{
    put_text(c, 1, c->argv[2], EXPIRY_KEEP);
}

static void append(struct call *c)
{
    void *value;
    assert_true(key_edit(c, 1, &type_string, &value));
    size_t len = string_len(value);
    value = key_resize(c, 1, string_raw_size(len + c->argv[2].len));
    char *bytes = string_stretch(value, len + c->argv[2].len);
    memcpy(bytes + len, c->argv[2].bytes, c->argv[2].len);
}

static void del(struct call *c)
{
    int64_t count = 0;
    for (size_t at = 1; at < c->argc; at++) {
        count += key_delete(c, at);
    }
    reply_integer(c->reply, count);
}

static void ttl(struct call *c)
{
    struct key_view view;
    if (key_look(c, 1, 0, &view)) {
        reply_integer(c->reply, view.expires_at_ms);
    } else {
        reply_null(c->reply);
    }
}

/* EXPIRE key ms */
static void expire(struct call *c)
{
    int64_t at_ms;
    struct key_view view;
    if (arg_integer(c, 2, &at_ms) && key_look(c, 1, 0, &view)) {
        key_expire(c, 1, at_ms);
        call_changed_as_words(c, 3, SPAN("PEXPIREAT"), c->argv[1], call_number(c, at_ms));
    }
}

static void idle(struct call *c)
{
    struct key_view view;
    if (key_look(c, 1, 0, &view)) {
        reply_integer(c->reply, (int64_t)view.idle_ms);
    }
}

static void rename_key(struct call *c)
{
    key_rename(c, 1, 2);
}

static void copy_key(struct call *c)
{
    int db;
    if (arg_db(c, 3, &db)) {
        key_copy(c, 1, 2, db);
    }
}

static void move_key(struct call *c)
{
    int db;
    if (arg_db(c, 2, &db)) {
        reply_boolean(c->reply, key_exists_in(c, 1, db));
        if (!key_exists_in(c, 1, db)) {
            key_move(c, 1, db);
        }
    }
}

static void mset(struct call *c)
{
    keys_prefetch(c, 1, 2);
    for (size_t at = 1; at + 1 < c->argc; at += 2) {
        put_text(c, at, c->argv[at + 1], EXPIRY_NONE);
    }
}

/* --- tests --- */

static void what_was_put_is_read(void **state)
{
    struct fixture *f = *state;
    assert_says(run(f, get, "GET k"), "$-1\r\n");
    run(f, set, "SET k v");
    assert_says(run(f, get, "GET k"), "$1\r\nv\r\n");
    run(f, set, "SET k 123456");
    assert_says(run(f, get, "GET k"), "$6\r\n123456\r\n");
    f->db = 1;
    assert_says(run(f, get, "GET k"), "$-1\r\n");
}

static void a_write_is_announced_once_with_its_keys(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET k v");
    assert_heard(f, "0: SET k v [ k ]\n");
    run(f, mset, "MSET a 1 b 2 c 3 d 4 e 5");
    assert_heard(f, "0: MSET a 1 b 2 c 3 d 4 e 5 [ a b c d e ]\n");
    run(f, append, "APPEND k x");
    assert_heard(f, "0: APPEND k x [ k ]\n");
}

static void a_read_and_a_write_of_nothing_are_not_announced(void **state)
{
    struct fixture *f = *state;
    run(f, get, "GET k");
    run(f, del, "DEL k");
    run(f, expire, "EXPIRE k 5");
    assert_heard(f, "");
}

static void a_change_can_be_said_in_other_words(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET k v");
    run(f, expire, "EXPIRE k 2000000");
    assert_heard(f, "0: SET k v [ k ]\n0: PEXPIREAT k 2000000 [ k ]\n");
    assert_says(run(f, ttl, "TTL k"), ":2000000\r\n");
}

static void only_the_keys_that_were_there_are_named(void **state)
{
    struct fixture *f = *state;
    run(f, mset, "MSET a 1 b 2");
    assert_heard(f, "0: MSET a 1 b 2 [ a b ]\n");
    assert_says(run(f, del, "DEL a x b a"), ":2\r\n");
    assert_heard(f, "0: DEL a x b a [ a b ]\n");
}

static void hits_and_misses_are_counted_for_reads_only(void **state)
{
    struct fixture *f = *state;
    run(f, get, "GET k");
    run(f, set, "SET k v");
    run(f, append, "APPEND k w");
    run(f, get, "GET k");
    run(f, get, "GET k");
    run(f, ttl, "TTL k");
    assert_true(cache_stats(f->cache).hits == 2);
    assert_true(cache_stats(f->cache).misses == 1);
    cache_stats_reset(f->cache);
    assert_true(cache_stats(f->cache).hits == 0);
    assert_true(cache_stats(f->cache).changes == 2);
}

static void a_key_is_there_until_its_time_has_passed(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET k v 1000500");
    assert_heard(f, "0: SET k v 1000500 [ k ]\n");
    f->now_ms = 1000500;
    assert_says(run(f, get, "GET k"), "$1\r\nv\r\n");
    assert_heard(f, "");
    f->now_ms = 1000501;
    assert_says(run(f, get, "GET k"), "$-1\r\n");
    assert_heard(f, "0: DEL k [ k ]\n");
    assert_says(run(f, get, "GET k"), "$-1\r\n");
    assert_heard(f, "");
    assert_true(cache_stats(f->cache).expired == 1);
    assert_true(cache_db_stats(f->cache, 0).keys == 0);
    assert_true(cache_db_stats(f->cache, 0).expiring == 0);
}

static void a_write_to_an_expired_key_announces_its_end_first(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET k v 1000500");
    f->now_ms = 1000501;
    run(f, set, "SET k w");
    assert_heard(f, "0: SET k v 1000500 [ k ]\n0: DEL k [ k ]\n0: SET k w [ k ]\n");
    assert_says(run(f, del, "DEL k"), ":1\r\n");

    buf_cut(&f->heard, 0);
    run(f, set, "SET k v 1000600");
    f->now_ms = 1000601;
    assert_says(run(f, del, "DEL k"), ":0\r\n");
    assert_heard(f, "0: SET k v 1000600 [ k ]\n0: DEL k [ k ]\n");
}

static void expiry_is_dropped_kept_and_counted(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET k v 2000000");
    assert_true(cache_db_stats(f->cache, 0).expiring == 1);
    run(f, set_keeping, "SETKEEP k 7");
    assert_says(run(f, ttl, "TTL k"), ":2000000\r\n");
    run(f, append, "APPEND k some-more-text-than-fitted-before");
    assert_says(run(f, ttl, "TTL k"), ":2000000\r\n");
    assert_true(cache_db_stats(f->cache, 0).expiring == 1);
    run(f, set, "SET k v");
    assert_says(run(f, ttl, "TTL k"), ":-1\r\n");
    assert_true(cache_db_stats(f->cache, 0).expiring == 0);
    run(f, expire, "EXPIRE k 3000000");
    assert_true(cache_db_stats(f->cache, 0).expiring == 1);
    run(f, expire, "EXPIRE k -1");
    assert_true(cache_db_stats(f->cache, 0).expiring == 0);
}

static void reading_touches_and_looking_does_not(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET k v");
    f->now_ms += 5000;
    assert_says(run(f, idle, "IDLE k"), ":5000\r\n");
    f->no_touch = true;
    run(f, get, "GET k");
    assert_says(run(f, idle, "IDLE k"), ":5000\r\n");
    f->no_touch = false;
    run(f, get, "GET k");
    assert_says(run(f, idle, "IDLE k"), ":0\r\n");
}

static void renaming_takes_everything_along(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET a v 2000000");
    run(f, set, "SET b old 3000000");
    buf_cut(&f->heard, 0);
    run(f, rename_key, "RENAME a b");
    assert_heard(f, "0: RENAME a b [ a b ]\n");
    assert_says(run(f, get, "GET a"), "$-1\r\n");
    assert_says(run(f, get, "GET b"), "$1\r\nv\r\n");
    assert_says(run(f, ttl, "TTL b"), ":2000000\r\n");
    assert_true(cache_db_stats(f->cache, 0).expiring == 1);
    assert_true(cache_db_stats(f->cache, 0).keys == 1);
}

static void renaming_onto_an_expired_key_announces_its_end(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET a v");
    run(f, set, "SET b old 1000001");
    f->now_ms = 1000002;
    buf_cut(&f->heard, 0);
    run(f, rename_key, "RENAME a b");
    assert_heard(f, "0: DEL b [ b ]\n0: RENAME a b [ a b ]\n");
}

static void a_copy_goes_to_any_database(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET a v 2000000");
    buf_cut(&f->heard, 0);
    run(f, copy_key, "COPY a b 0");
    run(f, copy_key, "COPY a a 1");
    assert_heard(f, "0: COPY a b 0 [ b ]\n0: COPY a a 1 [ a ]\n");
    run(f, append, "APPEND a x");
    assert_says(run(f, get, "GET b"), "$1\r\nv\r\n");
    f->db = 1;
    assert_says(run(f, get, "GET a"), "$1\r\nv\r\n");
    assert_says(run(f, ttl, "TTL a"), ":2000000\r\n");
    assert_true(cache_db_stats(f->cache, 1).expiring == 1);
}

static void moving_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET a v 2000000");
    assert_says(run(f, move_key, "MOVE a 2"), ":0\r\n");
    assert_says(run(f, get, "GET a"), "$-1\r\n");
    assert_true(cache_db_stats(f->cache, 0).expiring == 0);
    f->db = 2;
    assert_says(run(f, ttl, "TTL a"), ":2000000\r\n");
    f->db = 0;
    run(f, set, "SET a w");
    assert_says(run(f, move_key, "MOVE a 2"), ":1\r\n");
    assert_says(run(f, get, "GET a"), "$1\r\nw\r\n");
}

static void flush_zero(struct call *c)
{
    keys_flush(c, 0, true);
}

static void flush_all(struct call *c)
{
    keys_flush(c, -1, false);
}

static void flushing_says_that_everything_changed(void **state)
{
    struct fixture *f = *state;
    run(f, mset, "MSET a 1 b 2");
    f->db = 1;
    run(f, mset, "MSET a 1 b 2");
    buf_cut(&f->heard, 0);
    run(f, flush_zero, "FLUSHDB");
    assert_heard(f, "0 all: FLUSHDB [ ]\n");
    assert_true(cache_db_stats(f->cache, 0).keys == 0);
    assert_true(cache_db_stats(f->cache, 1).keys == 2);
    run(f, flush_all, "FLUSHALL");
    assert_heard(f, "-1 all: FLUSHALL [ ]\n");
    assert_true(cache_db_stats(f->cache, 1).keys == 0);
    run(f, set, "SET a new");
    while (cache_tick(f->cache, f->now_ms, 2)) {
    }
    assert_says(run(f, get, "GET a"), "$3\r\nnew\r\n");
}

static void swap(struct call *c)
{
    keys_swap(c, 0, 1);
}

static void swapping_exchanges_two_databases(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET a zero 2000000");
    f->db = 1;
    run(f, set, "SET b one");
    buf_cut(&f->heard, 0);
    run(f, swap, "SWAPDB 0 1");
    assert_heard(f, "-1 all: SWAPDB 0 1 [ ]\n");
    assert_says(run(f, get, "GET a"), "$4\r\nzero\r\n");
    assert_true(cache_db_stats(f->cache, 1).expiring == 1);
    f->db = 0;
    assert_says(run(f, get, "GET b"), "$3\r\none\r\n");
}

static void count_key(void *context, const struct cache_entry *entry)
{
    unsigned *count = context;
    assert_true(entry->key.len > 0);
    ++*count;
}

static void scan_all(struct call *c)
{
    unsigned count = 0;
    uint64_t cursor = 0;
    do {
        cursor = keys_scan(c, cursor, count_key, &count);
    } while (cursor != 0);
    reply_integer(c->reply, count);
}

static void random_key(struct call *c)
{
    struct cache_entry entry;
    if (keys_random(c, &entry)) {
        reply_bulk(c->reply, entry.key);
    } else {
        reply_null(c->reply);
    }
}

static void scans_and_chance_pass_over_the_dead(void **state)
{
    struct fixture *f = *state;
    run(f, set, "SET a v 1000001");
    run(f, set, "SET b v 1000001");
    run(f, set, "SET c v");
    assert_says(run(f, scan_all, "SCAN"), ":3\r\n");
    f->now_ms = 1000002;
    assert_says(run(f, scan_all, "SCAN"), ":1\r\n");
    for (int i = 0; i < 20; i++) {
        assert_says(run(f, random_key, "RANDOMKEY"), "$1\r\nc\r\n");
    }
    run(f, del, "DEL c");
    assert_says(run(f, random_key, "RANDOMKEY"), "$-1\r\n");
    assert_true(cache_db_stats(f->cache, 0).keys == 0);
    assert_true(cache_stats(f->cache).expired == 2);
}

static void memory_of(struct call *c)
{
    reply_integer(c->reply, (int64_t)key_memory(c, 1));
}

static void memory_is_about_the_size_of_the_value(void **state)
{
    struct fixture *f = *state;
    assert_says(run(f, memory_of, "MEMORY none"), ":0\r\n");
    run(f, set, "SET k 1");
    struct span reply = run(f, memory_of, "MEMORY k");
    assert_int_equal(reply.len, 5); /* Two digits. */
}

/* A handler that runs another command in the midst of its own look-ups, as scripts do. */
static struct fixture *inner_fixture;

static void delete_inside(struct call *c)
{
    struct command row = { .name = "del", .run = del, .keys = { KEYS(1, 1, 1, 0) } };
    struct key_view view;
    assert_true(key_look(c, 1, 0, &view));
    char *mine = arena_alloc(c->arena, 100);
    memset(mine, 'm', 100);

    struct span argv[] = { SPAN("DEL"), c->argv[1] };
    struct cache_request request = {
        .command = &row, .argv = argv, .argc = 2, .now_ms = c->now_ms, .reply = c->reply
    };
    cache_exec(inner_fixture->cache, &request);
    assert_false(key_look(c, 1, 0, &view));
    memset(arena_alloc(c->arena, 100), 'n', 100);
    assert_int_equal(mine[99], 'm');
}

static void a_call_inside_a_call_is_noticed(void **state)
{
    struct fixture *f = *state;
    inner_fixture = f;
    run(f, set, "SET k v");
    assert_says(run(f, delete_inside, "EVAL k"), ":1\r\n");
    assert_heard(f, "0: SET k v [ k ]\n0: DEL k [ k ]\n");
}

static void the_given_hash_is_used_for_the_first_key_only(void **state)
{
    struct fixture *f = *state;
    struct command row = { .name = "del", .run = del, .keys = { KEYS(1, -1, 1, 0) } };
    struct span argv[] = { SPAN("DEL"), SPAN("a"), SPAN("b") };
    struct reply reply = reply_into(&f->out, 2);
    struct cache_request request = {
        .command = &row,
        .argv = argv,
        .argc = 3,
        .now_ms = f->now_ms,
        .key_hash = cache_hash(f->cache, SPAN("a")),
        .reply = &reply,
    };
    run(f, mset, "MSET a 1 b 2");
    buf_cut(&f->out, 0);
    cache_prefetch_bucket(f->cache, 0, request.key_hash);
    cache_prefetch_entry(f->cache, 0, request.key_hash);
    cache_exec(f->cache, &request);
    assert_says(buf_span(&f->out), ":2\r\n");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(what_was_put_is_read),
        WITH_FIXTURE(a_write_is_announced_once_with_its_keys),
        WITH_FIXTURE(a_read_and_a_write_of_nothing_are_not_announced),
        WITH_FIXTURE(a_change_can_be_said_in_other_words),
        WITH_FIXTURE(only_the_keys_that_were_there_are_named),
        WITH_FIXTURE(hits_and_misses_are_counted_for_reads_only),
        WITH_FIXTURE(a_key_is_there_until_its_time_has_passed),
        WITH_FIXTURE(a_write_to_an_expired_key_announces_its_end_first),
        WITH_FIXTURE(expiry_is_dropped_kept_and_counted),
        WITH_FIXTURE(reading_touches_and_looking_does_not),
        WITH_FIXTURE(renaming_takes_everything_along),
        WITH_FIXTURE(renaming_onto_an_expired_key_announces_its_end),
        WITH_FIXTURE(a_copy_goes_to_any_database),
        WITH_FIXTURE(moving_leaves_nothing_behind),
        WITH_FIXTURE(flushing_says_that_everything_changed),
        WITH_FIXTURE(swapping_exchanges_two_databases),
        WITH_FIXTURE(scans_and_chance_pass_over_the_dead),
        WITH_FIXTURE(memory_is_about_the_size_of_the_value),
        WITH_FIXTURE(a_call_inside_a_call_is_noticed),
        WITH_FIXTURE(the_given_hash_is_used_for_the_first_key_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
