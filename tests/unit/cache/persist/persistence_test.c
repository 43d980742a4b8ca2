/* The RDB file from its making to its loading, on a disk that fails. */

#include "cache/persist/persistence.h"

#include "cache/base/memory.h"
#include "cache/call.h"
#include "tests/unit/cache/commands/try.h"
#include "tests/unit/cache/persist/disk.h"

#include <errno.h>

static const uint64_t now = UINT64_C(1000) * TRY_NOW;

struct fixture {
    struct try try;
    struct disk disk;
    struct persistence *persistence;
    struct cache_jobs jobs;
    struct log log;
    char logged[4096];
    /* The queue: what a test lets run. */
    struct {
        void (*run)(void *job);
        void *job;
    } queue[256];
    size_t queued, ran;
    bool holds; /* Jobs wait until run_jobs(). */
};

static void note_log(void *context, enum log_level level, const char *text)
{
    struct fixture *f = context;
    size_t len = strlen(f->logged);
    (void)level;
    snprintf(f->logged + len, sizeof(f->logged) - len, "%s\n", text);
}

static void run_jobs(struct fixture *f)
{
    while (f->ran < f->queued) {
        f->queue[f->ran].run(f->queue[f->ran].job);
        f->ran++;
    }
}

static void add_job(void *context, void (*run)(void *job), void *job)
{
    struct fixture *f = context;
    assert_true(f->queued < COUNT(f->queue));
    f->queue[f->queued].run = run;
    f->queue[f->queued].job = job;
    f->queued++;
    if (!f->holds) {
        run_jobs(f);
    }
}

static struct persistence_options usual_options(void)
{
    return (struct persistence_options){ .directory = "/data",
                                         .file_name = "dump.rdb",
                                         .points = { { 10, 3 } },
                                         .point_count = 1,
                                         .compress = true,
                                         .sum = true,
                                         .stop_writes = true };
}

static void open_persistence(struct fixture *f)
{
    struct persistence_options options = usual_options();
    struct persistence_parts parts = { .cache = f->try.cache,
                                       .jobs = &f->jobs,
                                       .files = &f->disk.ops,
                                       .log = &f->log,
                                       .process_id = 77 };
    f->persistence = persistence_new(&parts, &options, now);
}

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));
    try_start(&f->try);
    disk_init(&f->disk);
    f->jobs = (struct cache_jobs){ .context = f, .add = add_job };
    f->log = (struct log){ .level = LOG_DEBUG, .write = note_log, .context = f };
    open_persistence(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    persistence_stop(f->persistence);
    run_jobs(f);
    persistence_free(f->persistence);
    assert_int_equal(f->disk.open, 0);
    disk_fini(&f->disk);
    try_stop(&f->try);
    memory_free(f);
    return 0;
}

/* Some of every type and encoding. */
static void fill(struct fixture *f)
{
    static const char *const commands[] = {
        "SET text hello",
        "SET number 12345",
        "SET expires soon PX 100000",
        "SET long "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "RPUSH list a b c 1 2 3",
        "SADD integers 1 2 3",
        "SADD words one two three",
        "HSET hash field value other 2",
        "HSET timed field value other 2",
        "HPEXPIRE timed 100000 FIELDS 1 other",
        "ZADD zset 1 a 2.5 b -inf c",
        "XADD stream 1-1 field value",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group consumer STREAMS stream >",
        "PFADD hyperloglog a b c",
    };
    for (size_t i = 0; i < COUNT(commands); i++) {
        assert_int_not_equal(try_run(&f->try, commands[i])[0], '-');
    }
    f->try.db = 3;
    for (int i = 0; i < 300; i++) {
        char command[256];
        snprintf(command, sizeof(command), "SADD set %d member:%d", i * 7919, i);
        try_run(&f->try, command);
        snprintf(command, sizeof(command), "ZADD big %d member:%d", i, i);
        try_run(&f->try, command);
        snprintf(command, sizeof(command), "SET key:%d value:%d", i, i);
        try_run(&f->try, command);
    }
    f->try.db = 0;
}

static void add_entry(void *context, const struct cache_entry *entry)
{
    struct digest *all = context, sum = { 0 };

    digest_mix(&sum, entry->key);
    entry->type->digest(entry->value, &sum);
    digest_mix(&sum, (struct span){ (const char *)&entry->expires_at_ms, sizeof(int64_t) });
    digest_join(all, &sum);
}

/* Of all keys, values and times. */
static void digest(struct fixture *f, char text[64])
{
    struct digest all = { 0 };

    for (int db = 0; db < cache_databases(f->try.cache); db++) {
        uint64_t cursor = 0;
        digest_mix(&all, (struct span){ (const char *)&db, sizeof(db) });
        do {
            cursor = cache_scan(f->try.cache, db, cursor, add_entry, &all);
        } while (cursor != 0);
    }
    digest_text(&all, text);
}

static enum load_state load_all(struct fixture *f)
{
    struct persistence_loading loading = { 0 };
    enum load_state state = persistence_load(f->persistence, &loading, now);

    while (state == LOAD_RUNS) {
        state = persistence_load_turn(f->persistence, 5);
    }
    return state;
}

static void a_reload_keeps_what_the_policy_needs(void **state)
{
    static const enum rdb_access kept[] = { RDB_ACCESS_NONE, RDB_ACCESS_IDLE };
    static const char *const idle[] = { ":0\r\n", ":100\r\n" };
    struct fixture *f = *state;
    const struct persistence_reload reload = { .save = true, .flush = true };

    for (size_t i = 0; i < COUNT(kept); i++) {
        struct persistence_options options = usual_options();
        options.access = kept[i];
        persistence_configure(f->persistence, &options);
        f->try.now_ms = now;
        try_run(&f->try, "FLUSHALL");
        try_run(&f->try, "SET text text");
        try_run(&f->try, "SETEX short 1 v");
        try_run(&f->try, "SETEX long 1000 v");
        try_run(&f->try, "COPY text text DB 7");
        try_changes(&f->try);
        f->try.now_ms += 100000;
        assert_int_equal(persistence_reload(f->persistence, &reload, f->try.now_ms), LOAD_DONE);
        assert_string_equal(try_run(&f->try, "OBJECT IDLETIME text"), idle[i]);
        assert_string_equal(try_run(&f->try, "TTL long"), ":900\r\n");
        assert_string_equal(try_run(&f->try, "DBSIZE"), ":2\r\n");
        assert_string_equal(try_run(&f->try, "MOVE text 7"), ":0\r\n");
        assert_string_equal(try_changes(&f->try), "");
        assert_int_equal(persistence_report(f->persistence)->expired, 1);
    }
}

static void a_key_that_is_there_is_an_error_unless_merged(void **state)
{
    struct fixture *f = *state;
    struct persistence_reload reload = { .save = true };

    try_run(&f->try, "SET a 1");
    assert_int_equal(persistence_reload(f->persistence, &reload, now), LOAD_FAILED);
    assert_non_null(strstr(f->logged, "RDB has duplicated key 'a' in DB 0"));
    reload = (struct persistence_reload){ .merge = true };
    try_run(&f->try, "SET a 2");
    try_run(&f->try, "SET b 3");
    assert_int_equal(persistence_reload(f->persistence, &reload, now), LOAD_DONE);
    assert_string_equal(try_run(&f->try, "MGET a b"), "*2\r\n$1\r\n1\r\n$1\r\n3\r\n");
}

static void turn_to_the_end(struct fixture *f)
{
    for (int i = 0; i < 10000 && persistence_wants_turn(f->persistence); i++) {
        persistence_turn(f->persistence, now, 16);
    }
    assert_false(persistence_figures(f->persistence, now).saves);
}

static void what_is_saved_is_loaded(void **state)
{
    struct fixture *f = *state;
    char before[64], after[64];

    fill(f);
    digest(f, before);
    assert_int_equal(persistence_begin(f->persistence, false, now), PERSISTENCE_OK);
    try_run(&f->try, "SET text changed");
    try_run(&f->try, "SET fresh new");
    try_run(&f->try, "DEL zset");
    turn_to_the_end(f);
    assert_int_equal(disk_count(&f->disk), 1);
    assert_int_equal(f->disk.directory_syncs, 1);
    try_run(&f->try, "FLUSHALL");
    assert_int_equal(load_all(f), LOAD_DONE);
    digest(f, after);
    assert_string_equal(before, after);
}

static void save_does_it_at_once(void **state)
{
    struct fixture *f = *state;
    char before[64], after[64];

    fill(f);
    digest(f, before);
    assert_int_equal(persistence_save(f->persistence, now), PERSISTENCE_OK);
    assert_int_equal(persistence_figures(f->persistence, now).changes, 0);
    try_run(&f->try, "FLUSHALL");
    assert_int_equal(load_all(f), LOAD_DONE);
    digest(f, after);
    assert_string_equal(before, after);
}

/* Each operation fails once. What was on the disk is there, and whole, or the new one is. */
static void whatever_fails_leaves_a_whole_file(void **state)
{
    struct fixture *f = *state;
    char old[64], fresh[64], loaded[64];
    bool failed = true;

    try_run(&f->try, "SET old 1");
    digest(f, old);
    assert_int_equal(persistence_save(f->persistence, now), PERSISTENCE_OK);
    fill(f);
    digest(f, fresh);
    for (uint64_t at = 1; failed; at++) {
        struct span file = disk_read(&f->disk, "/data/dump.rdb");
        struct buf kept;
        buf_init(&kept, SIZE_MAX);
        assert_true(buf_add(&kept, file));
        f->disk.calls = 0;
        f->disk.fail_at = at;
        f->disk.write_max = 1000;
        assert_int_equal(persistence_begin(f->persistence, false, now), PERSISTENCE_OK);
        turn_to_the_end(f);
        failed = f->disk.calls >= at;
        f->disk.fail_at = 0;
        assert_int_equal(persistence_refuses_writes(f->persistence), failed);
        assert_int_equal(disk_count(&f->disk), 1);

        try_run(&f->try, "FLUSHALL");
        assert_int_equal(load_all(f), LOAD_DONE);
        digest(f, loaded);
        if (strcmp(loaded, fresh) != 0) {
            assert_true(failed);
            assert_string_equal(loaded, old);
            disk_write(&f->disk, "/data/dump.rdb", buf_span(&kept));
        }
        try_run(&f->try, "FLUSHALL");
        try_run(&f->try, "SET old 1");
        fill(f);
        if (failed) {
            disk_write(&f->disk, "/data/dump.rdb", buf_span(&kept));
        }
        buf_fini(&kept);
    }
}

static void a_full_disk_is_told_and_got_over(void **state)
{
    struct fixture *f = *state;

    fill(f);
    f->disk.room = 100;
    assert_int_equal(persistence_save(f->persistence, now), PERSISTENCE_CANNOT);
    assert_non_null(strstr(f->logged, "No space left on device"));
    assert_int_equal(disk_count(&f->disk), 0);
    persistence_begin(f->persistence, false, now);
    turn_to_the_end(f);
    assert_true(persistence_refuses_writes(f->persistence));
    f->disk.room = UINT64_MAX;
    persistence_tick(f->persistence, now + 4000 + 10000);
    turn_to_the_end(f);
    assert_false(persistence_refuses_writes(f->persistence));
    assert_int_equal(disk_count(&f->disk), 1);
}

static void a_save_point_begins_a_save(void **state)
{
    struct fixture *f = *state;

    try_run(&f->try, "SET a 1");
    try_run(&f->try, "SET b 1");
    persistence_tick(f->persistence, now + 60000);
    assert_false(persistence_figures(f->persistence, now).saves);
    try_run(&f->try, "SET c 1");
    persistence_tick(f->persistence, now + 10000);
    assert_false(persistence_figures(f->persistence, now).saves);
    persistence_tick(f->persistence, now + 11000);
    assert_true(persistence_figures(f->persistence, now).saves);
    turn_to_the_end(f);
    assert_int_equal(persistence_figures(f->persistence, now).changes, 0);
    assert_int_equal(persistence_figures(f->persistence, now).saved, 1);
}

static void flushall_calls_off_and_saves_nothing_instead(void **state)
{
    struct fixture *f = *state;

    fill(f);
    assert_int_equal(persistence_save(f->persistence, now), PERSISTENCE_OK);
    persistence_begin(f->persistence, false, now);
    try_run(&f->try, "FLUSHALL");
    turn_to_the_end(f);
    assert_false(persistence_refuses_writes(f->persistence));
    assert_int_equal(load_all(f), LOAD_DONE);
    assert_string_equal(try_run(&f->try, "DBSIZE"), ":0\r\n");
    assert_int_equal(persistence_report(f->persistence)->keys, 0);
}

static void writes_are_held_while_the_disk_is_slow(void **state)
{
    struct fixture *f = *state;
    struct buf text;
    char command[64];

    buf_init(&text, SIZE_MAX);
    for (int i = 0; i < 64; i++) {
        snprintf(command, sizeof(command), "SETRANGE key:%d 199999 x", i);
        try_run(&f->try, command);
    }
    f->holds = true;
    persistence_begin(f->persistence, false, now);
    for (int i = 0; i < 100; i++) {
        persistence_turn(f->persistence, now, 1);
    }
    size_t half = persistence_figures(f->persistence, now).backlog;
    assert_in_range(half, 2 << 20, 3 << 20);
    assert_false(persistence_is_behind(f->persistence));
    for (int i = 0; i < 64; i++) {
        snprintf(command, sizeof(command), "SETRANGE key:%d 0 y", i);
        try_run(&f->try, command);
    }
    assert_true(persistence_is_behind(f->persistence));
    f->holds = false;
    run_jobs(f);
    turn_to_the_end(f);
    assert_false(persistence_is_behind(f->persistence));
    buf_fini(&text);
}

/* Each byte in turn is another, and each length shorter: an error or, without checksum, other data,
 * but nothing worse. */
static void broken_files_are_refused(void **state)
{
    struct fixture *f = *state;

    fill(f);
    assert_int_equal(persistence_save(f->persistence, now), PERSISTENCE_OK);
    struct buf good;
    buf_init(&good, SIZE_MAX);
    assert_true(buf_add(&good, disk_read(&f->disk, "/data/dump.rdb")));
    for (size_t len = 0; len < good.len; len += 1 + len / 50) {
        disk_write(&f->disk, "/data/dump.rdb", (struct span){ good.bytes, len });
        try_run(&f->try, "FLUSHALL");
        assert_int_equal(load_all(f), LOAD_FAILED);
    }
    for (size_t at = 0; at < good.len; at += 1 + at / 100) {
        good.bytes[at] = (char)(good.bytes[at] ^ 0x41);
        disk_write(&f->disk, "/data/dump.rdb", buf_span(&good));
        good.bytes[at] = (char)(good.bytes[at] ^ 0x41);
        try_run(&f->try, "FLUSHALL");
        f->logged[0] = '\0';
        assert_int_equal(load_all(f), LOAD_FAILED);
        assert_non_null(strstr(f->logged, "at offset "));
    }
    buf_fini(&good);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(what_is_saved_is_loaded),
        WITH(save_does_it_at_once),
        WITH(a_reload_keeps_what_the_policy_needs),
        WITH(a_key_that_is_there_is_an_error_unless_merged),
        WITH(whatever_fails_leaves_a_whole_file),
        WITH(a_full_disk_is_told_and_got_over),
        WITH(a_save_point_begins_a_save),
        WITH(flushall_calls_off_and_saves_nothing_instead),
        WITH(writes_are_held_while_the_disk_is_slow),
        WITH(broken_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
