/* RDB files byte by byte: what older and other servers write, and what nobody does. */

#include "cache/persist/rdb_read.h"

#include "cache/base/memory.h"
#include "tests/unit/cache/commands/try.h"

static const uint64_t now = UINT64_C(1000) * TRY_NOW;

static struct rdb_report report;

static enum rdb_progress load(struct try *try, struct span bytes, bool check_sum)
{
    const struct rdb_reading reading = {
        .cache = try->cache, .in = bytes, .now_ms = now, .check_sum = check_sum
    };
    struct rdb_reader *reader = rdb_reader_new(&reading);
    enum rdb_progress progress;

    do {
        progress = rdb_reader_step(reader, 1);
    } while (progress == RDB_MORE);
    report = *rdb_reader_report(reader);
    rdb_reader_free(reader);
    return progress;
}

/* Without a checksum, which the last eight bytes say by being zero. */
#define END       "\xff\0\0\0\0\0\0\0\0"
#define RDB(text) SPAN(text END)

struct row {
    struct span bytes;
    const char *command, *reply;
};

static void reads_what_was_ever_written(void **state)
{
    const struct row rows[] = {
        /* Version 1 has no checksum, and seconds: these end in 2030. */
        { SPAN("REDIS0001\xfe\x01\xfd\x00\xfa\xe0\x70\x00\x01k\x01v\xff"), "TTL k",
          ":193792256\r\n" },
        { RDB("REDIS0006\xfe\x01\x00\x01k\x01v"), "GET k", "$1\r\nv\r\n" },
        { RDB("REDIS0009\xf8\x0a\x00\x01k\x01v"), "OBJECT IDLETIME k", ":10\r\n" },
        { RDB("REDIS0010\xf9\x07\xfb\x01\x00\x00\x01k\xc0\x7b"), "GET k", "$3\r\n123\r\n" },
        { RDB("REDIS0012\xf4\x01\x02\x03\x00\x01k\x01v"), "GET k", "$1\r\nv\r\n" },
        /* A module's data, with a piece of each kind; its keys would be refused. */
        { RDB("REDIS0010\xf7\x81\x00\x00\x00\x00\x00\x00\x00\x00\x02\x01\x02\x05\x01\x07\x03"
              "abcd\x04"
              "abcdefgh\x05\x03xyz\x00\x00\x01k\x01v"),
          "GET k", "$1\r\nv\r\n" },
        /* Valkey 9: a field that expires in the year 2128, and one that does not. */
        { RDB("VALKEY080\x16\x01h\x02\x01"
              "f\x01"
              "v\x00\xd8\x96\x03\x89\x04\x00\x00\x01g\x01w\xff\xff\xff\xff\xff\xff\xff\xff"),
          "HTTL h FIELDS 2 f g", "*2\r\n:3286517248\r\n:-1\r\n" },
        { RDB("VALKEY080\xf3\x03job\x01\x00\x05\x00\x01k\x01v"), "GET k", "$1\r\nv\r\n" },
        /* An aggregate without elements was written once, and is passed over. */
        { RDB("REDIS0010\x02\x01s\x00\x00\x01k\x01v"), "EXISTS s k", ":1\r\n" },
    };
    struct try *try = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        try->db = 0;
        try_run(try, "FLUSHALL");
        if (load(try, rows[i].bytes, false) != RDB_DONE) {
            fail_msg("row %zu: at %llu: %s", i, (unsigned long long)report.offset, report.why);
        }
        assert_int_equal(report.offset, rows[i].bytes.len);
        try->db = i < 2;
        assert_string_equal(try_run(try, rows[i].command), rows[i].reply);
    }
}

static void says_what_is_wrong_and_where(void **state)
{
    const struct {
        struct span bytes;
        uint64_t offset;
        const char *why;
    } rows[] = {
        { SPAN(""), 0, "it ends too early" },
        { SPAN("REDIS00"), 0, "it ends too early" },
        { SPAN("RUBYS0001\xff"), 0, "Wrong signature" },
        { SPAN("REDIS00x1\xff"), 0, "Wrong signature" },
        { SPAN("REDIS0000\xff"), 0, "Wrong signature" },
        { RDB("REDIS0013"), 0, "Can't handle this RDB format version" },
        { RDB("VALKEY012"), 0, "Can't handle this RDB format version" },
        { RDB("VALKEY081"), 0, "Can't handle this RDB format version" },
        { SPAN("REDIS0010"), 9, "it ends too early" },
        { SPAN("REDIS0010\xff\0\0\0"), 9, "it ends too early" },
        { RDB("REDIS0010\xfe\x10"), 9, "databases" },
        { RDB("REDIS0010\xfe\x00\x00\x01k\x01v\x00\x01k\x01w"), 16, "a key is there twice" },
        { RDB("REDIS0010\x07\x01k"), 9, "module's type" },
        { RDB("REDIS0010\x08\x01k"), 9, "Unknown RDB type" },
        { RDB("REDIS0010\x96\x01k"), 9, "Unknown RDB type" },
        { RDB("REDIS0010\xf3\x03job\x00"), 9, "Unknown RDB type" },
        { RDB("REDIS0010\xf6\x03"
              "abc"),
          9, "Pre-release function format" },
        { RDB("REDIS0010\xf7\x01\x02\x01\x09"), 9, "not what modules write" },
        { RDB("REDIS0010\xf5\x03"
              "abc"),
          9, "library of functions" },
        { SPAN("REDIS0010\x00\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff"), 9, "too early" },
        { SPAN("REDIS0010\xff\x01\x02\x03\x04\x05\x06\x07\x08"), 9, "CRC error" },
    };
    struct try *try = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, "FLUSHALL");
        assert_int_equal(load(try, rows[i].bytes, true), RDB_FAILED);
        if (report.offset != rows[i].offset || strstr(report.why, rows[i].why) == NULL) {
            fail_msg("row %zu: at %llu: %s", i, (unsigned long long)report.offset, report.why);
        }
    }
}

static void keys_whose_time_is_over_are_left_out(void **state)
{
    struct try *try = *state;
    struct span bytes = RDB("REDIS0010\xfd\x01\x00\x00\x00\x00\x01k\x01v\x00\x01j\x01v");

    assert_int_equal(load(try, bytes, true), RDB_DONE);
    assert_int_equal(report.keys, 1);
    assert_int_equal(report.expired, 1);
    assert_string_equal(try_run(try, "TTL j"), ":-1\r\n");
}

static void tells_what_the_file_tells(void **state)
{
    struct try *try = *state;
    struct span bytes = RDB("REDIS0010\xfa\x07repl-id\x28"
                            "0123456789012345678901234567890123456789\xfa\x0brepl-offset\xc0\x64"
                            "\xfa\x0erepl-stream-db\xc0\x03\xfa\x08used-mem\xc1\x00\x10"
                            "\xfa\x08"
                            "aof-base\xc0\x01\xfa\x05other\x05thing");

    assert_int_equal(load(try, bytes, true), RDB_DONE);
    assert_string_equal(report.replication_id, "0123456789012345678901234567890123456789");
    assert_int_equal(report.replication_offset, 100);
    assert_int_equal(report.replication_db, 3);
    assert_int_equal(report.used_memory, 4096);
    assert_true(report.is_base);
    assert_int_equal(report.file_version, 10);
}

static void knows_a_file_by_its_beginning(void **state)
{
    (void)state;
    assert_true(rdb_is_begun(SPAN("REDIS0011...")));
    assert_true(rdb_is_begun(SPAN("VALKEY080...")));
    assert_false(rdb_is_begun(SPAN("*2\r\n$6\r\nSELECT")));
    assert_false(rdb_is_begun(SPAN("REDIS")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(reads_what_was_ever_written),          TRY(says_what_is_wrong_and_where),
        TRY(keys_whose_time_is_over_are_left_out), TRY(tells_what_the_file_tells),
        TRY(knows_a_file_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
