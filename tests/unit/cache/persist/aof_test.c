/* The append-only file from its making to its loading, on a disk that fails. */

#include "cache/persist/aof.h"

#include "cache/base/digest.h"
#include "cache/base/memory.h"
#include "cache/types/type.h"
#include "tests/unit/cache/commands/try.h"
#include "tests/unit/cache/persist/disk.h"

#include <errno.h>

#define MANIFEST "/data/aofs/log.manifest"

struct fixture {
    struct try try;
    struct disk disk;
    struct aof *aof;
    struct cache_jobs jobs;
    struct log log;
    char logged[8192];
    struct aof_options options;
    uint64_t now_ms;
    bool lost;
    uint64_t acknowledged, asked; /* Of write(): the last that may be answered, and its wait. */
    uint64_t waits[4096];         /* Position of each; 0: none. */
    struct {
        void (*run)(void *job);
        void *job;
    } queue[64];
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
        size_t at = f->ran++;
        f->queue[at].run(f->queue[at].job);
    }
    f->ran = f->queued = 0;
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

static void wait_for_jobs(void *context)
{
    run_jobs(context);
}

static void note_lost(void *context)
{
    struct fixture *f = context;
    f->lost = true;
}

static void open_aof(struct fixture *f)
{
    struct aof_parts parts = { .cache = f->try.cache,
                               .jobs = &f->jobs,
                               .log_jobs = &f->jobs,
                               .files = &f->disk.ops,
                               .log = &f->log,
                               .process_id = 77,
                               .context = f,
                               .lost = note_lost,
                               .wait = wait_for_jobs };
    f->aof = aof_new(&parts, &f->options);
}

/* As a process that ends and one that begins: another store, the same disk. */
static void hear(void *context, const struct change *change)
{
    struct fixture *f = context;
    if (f->aof != NULL) {
        aof_change(f->aof, change);
    }
}

static void start(struct fixture *f)
{
    try_start(&f->try);
    cache_listen(f->try.cache, hear, f);
    f->try.now_ms = f->now_ms;
    open_aof(f);
}

static void end(struct fixture *f)
{
    aof_stop(f->aof);
    run_jobs(f);
    int settled = aof_settle(f->aof, f->now_ms);
    assert_true(settled <= 0);
    run_jobs(f);
    aof_free(f->aof);
    f->aof = NULL;
    try_stop(&f->try);
}

static enum aof_load load(struct fixture *f)
{
    enum aof_load state = aof_load(f->aof, f->now_ms);
    while (state == AOF_LOAD_RUNS) {
        state = aof_load_turn(f->aof, f->now_ms, 100);
    }
    return state;
}

static int set_up(void **state)
{
    struct fixture *f = memory_zero(sizeof(*f));
    disk_init(&f->disk);
    f->now_ms = UINT64_C(1000) * TRY_NOW;
    f->jobs = (struct cache_jobs){ .context = f, .add = add_job };
    f->log = (struct log){ .level = LOG_DEBUG, .write = note_log, .context = f };
    f->options = (struct aof_options){ .directory = "/data",
                                       .folder = "aofs",
                                       .filename = "log",
                                       .on = true,
                                       .fsync = AOF_FSYNC_EVERYSEC,
                                       .load_truncated = true,
                                       .preamble = true,
                                       .compress = true,
                                       .sum = true };
    start(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    f->holds = false;
    end(f);
    assert_int_equal(f->disk.open, 0);
    disk_fini(&f->disk);
    memory_free(f);
    return 0;
}

static void turn(struct fixture *f)
{
    (void)aof_turn(f->aof, f->now_ms, 4);
    (void)aof_writers(f->aof);
}

static void turns(struct fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        turn(f);
    }
}

static void run(struct fixture *f, const char *command)
{
    assert_int_not_equal(try_run(&f->try, command)[0], '-');
}

static void add_entry(void *context, const struct cache_entry *entry)
{
    struct digest *all = context, sum = { 0 };

    digest_mix(&sum, entry->key);
    entry->type->digest(entry->value, &sum);
    digest_mix(&sum, (struct span){ (const char *)&entry->expires_at_ms, sizeof(int64_t) });
    digest_join(all, &sum);
}

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

/* The process ends, another loads what is there: it has the same data. */
static void assert_comes_back(struct fixture *f)
{
    char before[64], after[64];

    digest(f, before);
    end(f);
    start(f);
    enum aof_load state = load(f);
    if (state != AOF_LOAD_DONE) {
        fail_msg("%s", f->logged);
    }
    digest(f, after);
    assert_string_equal(before, after);
    assert_true(aof_start(f->aof, f->now_ms));
}

static void assert_manifest(struct fixture *f, const char *wanted)
{
    struct span text = disk_read(&f->disk, MANIFEST);
    if (!span_equal(text, span_from(wanted))) {
        fail_msg("want\n%s\ngot\n%.*s", wanted, (int)text.len, text.bytes);
    }
}

static void fill(struct fixture *f)
{
    static const char *const commands[] = {
        "SET text hello",
        "SET soon gone PX 100000",
        "INCRBYFLOAT float 1.5",
        "RPUSH list a b c 1 2 3",
        "LPOP list",
        "SADD words one two three",
        "SPOP words",
        "HSET hash field value other 2",
        "HPEXPIRE hash 100000 FIELDS 1 other",
        "ZADD zset 1 a 2.5 b -inf c",
        "XADD stream * field value",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group consumer STREAMS stream >",
        "PFADD hyperloglog a b c",
        "RENAME text renamed",
        "COPY renamed copied",
    };
    for (size_t i = 0; i < COUNT(commands); i++) {
        run(f, commands[i]);
        turn(f);
    }
    f->try.db = 3;
    run(f, "SET elsewhere 1");
    f->try.db = 0;
    turn(f);
}

static void rewrite(struct fixture *f)
{
    assert_int_equal(aof_rewrite(f->aof, f->now_ms), AOF_STARTED);
    for (int i = 0; i < 1000 && aof_figures(f->aof, f->now_ms).rewrites; i++) {
        turn(f);
    }
    assert_false(aof_figures(f->aof, f->now_ms).rewrites);
}

/* --- what it does ----------------------------------------------------------------------------- */

static void what_is_logged_is_loaded(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f), AOF_LOAD_NOTHING);
    assert_true(aof_start(f->aof, f->now_ms));
    assert_manifest(f, "file log.1.base.rdb seq 1 type b\nfile log.1.incr.aof seq 1 type i\n");
    fill(f);
    assert_comes_back(f);
    run(f, "SET more 1");
    turn(f);
    assert_comes_back(f);
    assert_manifest(f, "file log.1.base.rdb seq 1 type b\nfile log.1.incr.aof seq 1 type i\n");
}

static void a_rewrite_replaces_all_before_it(void **state)
{
    struct fixture *f = *state;

    assert_true(aof_start(f->aof, f->now_ms));
    fill(f);
    rewrite(f);
    assert_manifest(f, "file log.2.base.rdb seq 2 type b\nfile log.2.incr.aof seq 2 type i\n");
    assert_int_equal(disk_read(&f->disk, "/data/aofs/log.2.incr.aof").len, 0);
    assert_null(disk_read(&f->disk, "/data/aofs/log.1.base.rdb").bytes);
    run(f, "INCR counter");
    turn(f);
    assert_comes_back(f);
}

static void what_changes_during_a_rewrite_is_kept_once(void **state)
{
    struct fixture *f = *state;

    f->options.preamble = false;
    f->options.timestamps = true;
    aof_configure(f->aof, &f->options, f->now_ms);
    assert_true(aof_start(f->aof, f->now_ms));
    fill(f);
    f->holds = true;
    assert_int_equal(aof_rewrite(f->aof, f->now_ms), AOF_STARTED);
    assert_int_equal(aof_rewrite(f->aof, f->now_ms), AOF_RUNS_ALREADY);
    for (int i = 0; i < 400; i++) {
        run(f, "INCR counter");
        run(f, "APPEND text x");
        turn(f);
        if (i % 3 == 0) {
            run_jobs(f);
        }
    }
    f->holds = false;
    run_jobs(f);
    turns(f, 10);
    assert_false(aof_figures(f->aof, f->now_ms).rewrites);
    assert_int_equal(aof_figures(f->aof, f->now_ms).rewrites_done, 1);
    assert_true(memcmp(disk_read(&f->disk, "/data/aofs/log.2.base.aof").bytes, "#TS:", 4) == 0);
    assert_comes_back(f);
    assert_string_equal(try_run(&f->try, "GET counter"), "$3\r\n400\r\n");
}

static void a_flush_begins_a_rewrite_anew(void **state)
{
    struct fixture *f = *state;

    assert_true(aof_start(f->aof, f->now_ms));
    fill(f);
    f->holds = true;
    assert_int_equal(aof_rewrite(f->aof, f->now_ms), AOF_STARTED);
    for (int i = 0; i < 10 && !aof_is_saving(f->aof); i++) {
        run_jobs(f);
        turn(f);
    }
    assert_true(aof_is_saving(f->aof));
    run(f, "FLUSHALL");
    run(f, "SET after 1");
    f->holds = false;
    run_jobs(f);
    turns(f, 10);
    assert_true(aof_figures(f->aof, f->now_ms).scheduled);
    aof_tick(f->aof, f->now_ms);
    turns(f, 20);
    assert_int_equal(aof_figures(f->aof, f->now_ms).rewrites_done, 1);
    assert_comes_back(f);
    assert_string_equal(try_run(&f->try, "DBSIZE"), ":1\r\n");
}

static void it_can_be_turned_off_and_on(void **state)
{
    struct fixture *f = *state;

    assert_true(aof_start(f->aof, f->now_ms));
    run(f, "SET kept 1");
    turn(f);
    f->options.on = false;
    aof_configure(f->aof, &f->options, f->now_ms);
    turns(f, 3);
    run(f, "SET unlogged 1");
    turn(f);
    assert_false(aof_figures(f->aof, f->now_ms).on);
    f->options.on = true;
    aof_configure(f->aof, &f->options, f->now_ms);
    assert_true(aof_figures(f->aof, f->now_ms).waits);
    run(f, "SET waits 1");
    turns(f, 20);
    assert_false(aof_figures(f->aof, f->now_ms).waits);
    run(f, "SET on 1");
    turn(f);
    assert_manifest(f, "file log.2.base.rdb seq 2 type b\nfile log.2.incr.aof seq 2 type i\n");
    assert_comes_back(f);
    assert_string_equal(try_run(&f->try, "DBSIZE"), ":4\r\n");
}

static void it_is_rewritten_by_growth(void **state)
{
    struct fixture *f = *state;

    f->options.rewrite_percentage = 100;
    f->options.rewrite_min_size = 4096;
    aof_configure(f->aof, &f->options, f->now_ms);
    assert_true(aof_start(f->aof, f->now_ms));
    for (int i = 0; i < 200; i++) {
        run(f, "SET key value");
        turn(f);
        aof_tick(f->aof, f->now_ms);
    }
    turns(f, 10);
    assert_true(aof_figures(f->aof, f->now_ms).rewrites_done > 0);
    assert_true(aof_figures(f->aof, f->now_ms).size < 4096 + 200);
    assert_comes_back(f);
}

static void a_file_of_old_is_adopted(void **state)
{
    struct fixture *f = *state;

    disk_write(&f->disk, "/data/log", SPAN("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"));
    assert_int_equal(load(f), AOF_LOAD_DONE);
    assert_true(aof_start(f->aof, f->now_ms));
    assert_null(disk_read(&f->disk, "/data/log").bytes);
    assert_manifest(f, "file log seq 1 type b\nfile log.1.incr.aof seq 1 type i\n");
    assert_string_equal(try_run(&f->try, "GET k"), "$1\r\nv\r\n");
    rewrite(f);
    assert_manifest(f, "file log.2.base.rdb seq 2 type b\nfile log.2.incr.aof seq 2 type i\n");
}

/* --- damage ----------------------------------------------------------------------------------- */

static void only_the_last_part_may_be_cut(void **state)
{
    struct fixture *f = *state;
    static const char whole[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";

    disk_write(&f->disk, MANIFEST,
               SPAN("file a seq 1 type b\nfile b seq 1 type i\nfile c seq 2 type i\n"));
    disk_write(&f->disk, "/data/aofs/a", SPAN(whole));
    disk_write(&f->disk, "/data/aofs/b", SPAN(whole));
    disk_write(&f->disk, "/data/aofs/c", (struct span){ whole, sizeof(whole) - 4 });
    assert_int_equal(load(f), AOF_LOAD_DONE);
    assert_int_equal(disk_read(&f->disk, "/data/aofs/c").len, 0);

    disk_write(&f->disk, "/data/aofs/c", SPAN(whole));
    disk_write(&f->disk, "/data/aofs/b", (struct span){ whole, sizeof(whole) - 4 });
    assert_int_equal(load(f), AOF_LOAD_FAILED);
    assert_non_null(strstr(f->logged, "Unexpected end of file reading the append only file b"));
    assert_int_equal(disk_read(&f->disk, "/data/aofs/b").len, sizeof(whole) - 4);
}

static void nothing_is_cut_that_may_not_be(void **state)
{
    struct fixture *f = *state;

    f->options.load_truncated = false;
    aof_configure(f->aof, &f->options, f->now_ms);
    disk_write(&f->disk, MANIFEST, SPAN("file a seq 1 type i\n"));
    disk_write(&f->disk, "/data/aofs/a", SPAN("*1\r\n$5\r\nMULTI\r\n"));
    assert_int_equal(load(f), AOF_LOAD_FAILED);
    assert_int_equal(disk_read(&f->disk, "/data/aofs/a").len, 15);
    assert_non_null(strstr(f->logged, "Revert incomplete MULTI/EXEC transaction in AOF file a"));
}

static void what_is_missing_stops_the_start(void **state)
{
    struct fixture *f = *state;

    disk_write(&f->disk, MANIFEST, SPAN("file a seq 1 type i\n"));
    assert_int_equal(load(f), AOF_LOAD_FAILED);
    assert_non_null(
        strstr(f->logged, "Unable to obtain the AOF file a length. stat: No such file"));
    disk_write(&f->disk, MANIFEST, SPAN("nonsense\n"));
    assert_int_equal(load(f), AOF_LOAD_FAILED);
    assert_non_null(strstr(f->logged, ">>> 'nonsense'\nInvalid AOF manifest file format"));
}

/* --- a disk that fails ------------------------------------------------------------------------ */

/* SET n i: what may be acknowledged is noted as the server does it. */
static void write_one(struct fixture *f, uint64_t i)
{
    char command[64];

    snprintf(command, sizeof(command), "SET n %llu", (unsigned long long)i);
    f->try.now_ms = f->now_ms;
    run(f, command);
    (void)aof_turn(f->aof, f->now_ms, 4);
    struct aof_writers writers = aof_writers(f->aof);
    f->waits[i] = writers.wait ? writers.position : 0;
    f->asked = i;
}

static void acknowledge(struct fixture *f)
{
    while (!f->lost && f->acknowledged < f->asked &&
           aof_safe(f->aof) >= f->waits[f->acknowledged + 1]) {
        f->acknowledged++;
    }
}

/* One operation of the disk fails while this is done; where it was the start there is none. */
static bool live(struct fixture *f)
{
    if (load(f) == AOF_LOAD_FAILED || !aof_start(f->aof, f->now_ms)) {
        return false;
    }
    for (uint64_t i = 1; i <= 60 && !f->lost; i++) {
        write_one(f, i);
        acknowledge(f);
        f->now_ms += 150;
        if (i == 10 || i == 30) {
            (void)aof_rewrite(f->aof, f->now_ms);
        }
        aof_tick(f->aof, f->now_ms);
        if (i % 4 == 0) {
            run_jobs(f);
        }
    }
    for (int i = 0; i < 40 && !f->lost; i++) {
        f->now_ms += 150;
        run_jobs(f);
        turn(f);
        acknowledge(f);
    }
    return true;
}

static uint64_t number_there(struct fixture *f)
{
    const char *reply = try_run(&f->try, "GET n");
    uint64_t number = 0;

    if (reply[0] == '$' && reply[1] != '-') {
        const char *digits = strchr(reply, '\n') + 1;
        while (*digits >= '0' && *digits <= '9') {
            number = number * 10 + (uint64_t)(*digits++ - '0');
        }
    }
    return number;
}

/* Whichever operation fails, nothing that was acknowledged is lost and the files can be loaded. */
static void survive(enum aof_fsync fsync, int error, size_t write_max)
{
    bool failed = true;

    for (uint64_t at = 1; failed; at++) {
        struct fixture *f;
        (void)set_up((void **)&f);
        f->options.fsync = fsync;
        f->disk.error = error;
        f->disk.fail_at = at;
        f->disk.write_max = write_max;
        f->holds = true;
        aof_configure(f->aof, &f->options, f->now_ms);
        bool lived = live(f);
        failed = f->disk.calls >= at;
        f->disk.fail_at = 0;
        if (!f->lost && lived) {
            assert_int_equal(f->acknowledged, 60);
        }
        f->holds = false;
        end(f);
        start(f);
        enum aof_load loaded = load(f);
        if (loaded == AOF_LOAD_FAILED || number_there(f) < f->acknowledged) {
            fail_msg("operation %llu: %llu of %llu\n%s", (unsigned long long)at,
                     (unsigned long long)number_there(f), (unsigned long long)f->acknowledged,
                     f->logged);
        }
        (void)tear_down((void **)&f);
    }
}

static void any_operation_may_fail(void **state)
{
    (void)state;
    survive(AOF_FSYNC_EVERYSEC, EIO, SIZE_MAX);
    survive(AOF_FSYNC_ALWAYS, EIO, SIZE_MAX);
    survive(AOF_FSYNC_NO, EIO, SIZE_MAX);
}

static void writes_may_be_short(void **state)
{
    (void)state;
    survive(AOF_FSYNC_EVERYSEC, ENOSPC, 7);
    survive(AOF_FSYNC_ALWAYS, ENOSPC, 7);
}

static void a_full_disk_refuses_writes_until_there_is_room(void **state)
{
    struct fixture *f = *state;

    assert_true(aof_start(f->aof, f->now_ms));
    run(f, "SET a 1");
    turn(f);
    assert_null(aof_refuses_writes(f->aof));
    f->disk.room = 10;
    run(f, "SET b 2");
    turn(f);
    assert_string_equal(aof_refuses_writes(f->aof), "No space left on device");
    size_t len = disk_read(&f->disk, "/data/aofs/log.1.incr.aof").len;
    f->disk.room = SIZE_MAX / 2;
    turn(f);
    assert_int_equal(disk_read(&f->disk, "/data/aofs/log.1.incr.aof").len, len);
    f->now_ms += 1000;
    turns(f, 2);
    assert_null(aof_refuses_writes(f->aof));
    assert_comes_back(f);
}

static void always_stops_where_it_cannot_keep_its_promise(void **state)
{
    struct fixture *f = *state;

    f->options.fsync = AOF_FSYNC_ALWAYS;
    aof_configure(f->aof, &f->options, f->now_ms);
    assert_true(aof_start(f->aof, f->now_ms));
    f->disk.room = 0;
    run(f, "SET a 1");
    uint64_t safe = aof_safe(f->aof);
    turns(f, 2);
    assert_true(f->lost);
    assert_int_equal(aof_safe(f->aof), safe);
    f->disk.room = SIZE_MAX / 2;
}

static void rewrites_that_fail_are_held_back(void **state)
{
    struct fixture *f = *state;

    f->options.rewrite_percentage = 1;
    f->options.rewrite_min_size = 1;
    assert_true(aof_start(f->aof, f->now_ms));
    fill(f);
    for (int i = 0; i < 3; i++) {
        f->holds = true;
        assert_int_equal(aof_rewrite(f->aof, f->now_ms), AOF_STARTED);
        f->disk.fail_at = f->disk.calls + 1;
        f->disk.error = EACCES;
        f->holds = false;
        run_jobs(f);
        turns(f, 3);
    }
    assert_true(aof_figures(f->aof, f->now_ms).last_rewrite_failed);
    assert_int_equal(aof_figures(f->aof, f->now_ms).failures_in_a_row, 3);
    aof_configure(f->aof, &f->options, f->now_ms);
    aof_tick(f->aof, f->now_ms);
    assert_non_null(strstr(f->logged, "triggered the limit, will retry in 1 minutes"));
    assert_false(aof_figures(f->aof, f->now_ms).rewrites);
    aof_tick(f->aof, f->now_ms + 59 * 1000);
    assert_false(aof_figures(f->aof, f->now_ms).rewrites);
    aof_tick(f->aof, f->now_ms + 60 * 1000);
    assert_true(aof_figures(f->aof, f->now_ms).rewrites);
    turns(f, 10);
    assert_int_equal(aof_figures(f->aof, f->now_ms).failures_in_a_row, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_logged_is_loaded),
        TEST(a_rewrite_replaces_all_before_it),
        TEST(what_changes_during_a_rewrite_is_kept_once),
        TEST(a_flush_begins_a_rewrite_anew),
        TEST(it_can_be_turned_off_and_on),
        TEST(it_is_rewritten_by_growth),
        TEST(a_file_of_old_is_adopted),
        TEST(only_the_last_part_may_be_cut),
        TEST(nothing_is_cut_that_may_not_be),
        TEST(what_is_missing_stops_the_start),
        cmocka_unit_test(any_operation_may_fail),
        cmocka_unit_test(writes_may_be_short),
        TEST(a_full_disk_refuses_writes_until_there_is_room),
        TEST(always_stops_where_it_cannot_keep_its_promise),
        TEST(rewrites_that_fail_are_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
