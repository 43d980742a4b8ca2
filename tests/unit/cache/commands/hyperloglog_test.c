/* PFADD, PFCOUNT, PFMERGE. The bytes are those of redis-server 7.0 after the same commands. */

#include "cache/types/hyperloglog.h"

#include "tests/unit/cache/commands/try.h"

#define WRONGTYPE "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"
#define CORRUPTED "-INVALIDOBJ Corrupted HLL object detected\r\n"

static void counts_what_was_added(void **state)
{
    static const struct try_row rows[] = {
        { "PFADD k", ":1\r\n" },
        { "PFADD k", ":0\r\n" },
        { "PFCOUNT k", ":0\r\n" },
        { "PFADD k a b c d e f g", ":1\r\n" },
        { "PFADD k a b c", ":0\r\n" },
        { "PFCOUNT k", ":7\r\n" },
        { "PFADD other g h i", ":1\r\n" },
        { "PFCOUNT k other none", ":9\r\n" },
        { "PFMERGE to k other none", "+OK\r\n" },
        { "PFCOUNT to", ":9\r\n" },
        { "PFMERGE to", "+OK\r\n" },
        { "PFCOUNT none", ":0\r\n" },
        { "EXISTS none", ":0\r\n" },
        { "PFDEBUG ENCODING k", "+sparse\r\n" },
        { "PFDEBUG DECODE other", "$45\r\nZ:4184 v:1,1 Z:4193 v:2,1 Z:3581 v:1,1 Z:4423\r\n" },
        { "PFDEBUG TODENSE k", ":1\r\n" },
        { "PFDEBUG TODENSE k", ":0\r\n" },
        { "PFDEBUG ENCODING k", "+dense\r\n" },
        { "PFDEBUG DECODE k", "-ERR HLL encoding is not sparse\r\n" },
        { "PFDEBUG nope k", "-ERR Unknown PFDEBUG subcommand 'nope'\r\n" },
        { "PFDEBUG nope none", "-ERR The specified key does not exist\r\n" },
        { "PFCOUNT k", ":7\r\n" },
        { "STRLEN k", ":12304\r\n" },
        { "PFMERGE other k", "+OK\r\n" },
        { "PFDEBUG ENCODING other", "+dense\r\n" },
        { "PFSELFTEST", "+OK\r\n" },
    };
    TRY_ROWS(state, rows);
}

static struct span get(struct try *try, const char *key)
{
    struct span argv[] = { SPAN("GET"), span_from(key) };
    return try_argv(try, argv, COUNT(argv));
}

static void bytes_are_those_of_redis(void **state)
{
    struct try *try = *state;
    try_run(try, "PFADD k a b c");
    assert_true(
        span_equal(get(try, "k"),
                   SPAN("\x24\x32\x37\x0d\x0a\x48\x59\x4c\x4c\x01\x00\x00\x00\x00\x00\x00\x00\x00"
                        "\x00\x00\x80\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a\x0d\x0a")));
    try_run(try, "PFCOUNT k");
    assert_true(
        span_equal(get(try, "k"),
                   SPAN("\x24\x32\x37\x0d\x0a\x48\x59\x4c\x4c\x01\x00\x00\x00\x03\x00\x00\x00\x00"
                        "\x00\x00\x00\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a\x0d\x0a")));
}

static void keeps_the_time_to_live(void **state)
{
    static const struct try_row rows[] = {
        { "PFADD k a", ":1\r\n" },  { "EXPIRE k 100", ":1\r\n" }, { "PFADD k b", ":1\r\n" },
        { "PFMERGE k", "+OK\r\n" }, { "TTL k", ":100\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void announces_what_changed(void **state)
{
    static const struct {
        const char *command, *changes, *events;
    } rows[] = {
        { "PFADD k a", "0: PFADD k a\n", "0: new k\n0: pfadd k\n" },
        { "PFADD k a", "", "" },
        { "PFCOUNT k", "0: PFCOUNT k\n", "" },
        { "PFCOUNT k", "", "" },
        { "PFMERGE k", "0: PFMERGE k\n", "0: pfadd k\n" },
        { "PFDEBUG TODENSE k", "0: PFDEBUG TODENSE k\n", "" },
        { "PFADD k b", "0: PFADD k b\n", "0: pfadd k\n" },
        { "PFCOUNT k none", "", "0: keymiss none\n" },
    };
    struct try *try = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_changes(try), rows[i].changes);
        assert_string_equal(try_events(try), rows[i].events);
    }
}

static void what_is_none_is_refused_and_left_alone(void **state)
{
    static const struct try_row rows[] = {
        { "MSET text text number 123 good x", "+OK\r\n" },
        { "PFADD text a", WRONGTYPE },
        { "PFADD number a", WRONGTYPE },
        { "PFCOUNT text", WRONGTYPE },
        { "PFCOUNT none text", WRONGTYPE },
        { "PFMERGE none text", WRONGTYPE },
        { "PFMERGE text none", WRONGTYPE },
        { "PFADD cut a b c", ":1\r\n" },
        { "SETRANGE cut 16 x", ":27\r\n" },
        { "PFCOUNT cut", CORRUPTED },
        { "PFCOUNT cut none", CORRUPTED },
        { "PFMERGE none cut", CORRUPTED },
        { "PFDEBUG TODENSE cut", CORRUPTED },
        { "PFDEBUG GETREG cut", CORRUPTED },
        { "EXISTS none", ":0\r\n" },
        { "GET text", "$4\r\ntext\r\n" },
    };
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(counts_what_was_added),
        TRY(bytes_are_those_of_redis),
        TRY(keeps_the_time_to_live),
        TRY(announces_what_changed),
        TRY(what_is_none_is_refused_and_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
