/* DUMP and RESTORE. The replies are those of redis-server 7.0; its payloads end with version 10. */

#include "tests/unit/cache/commands/try.h"

#define FOO                                                                                        \
    SPAN("\x00\x03"                                                                                \
         "foo\x0a\x00\x73\x49\x39\xdb\x4d\xc1\xba\x97")
#define SUM  "-ERR DUMP payload version or checksum are wrong\r\n"
#define BUSY "-BUSYKEY Target key name already exists.\r\n"

/* "RESTORE k …" where a word that is $ stands for a payload of Redis 7.0's, foo. */
static const char *restore(struct try *try, const char *command)
{
    struct span argv[16];
    size_t argc = 0;
    for (const char *word = command; word != NULL; argc++) {
        size_t len = strcspn(word, " ");
        assert_true(argc < COUNT(argv));
        argv[argc] = (struct span){ word, len };
        if (len == 1 && *word == '$') {
            argv[argc] = FOO;
        }
        word = word[len] == '\0' ? NULL : word + len + 1;
    }
    return try_argv(try, argv, argc).bytes;
}

static void restores_what_redis_dumped(void **state)
{
    struct try *try = *state;
    assert_string_equal(restore(try, "RESTORE k 0 $"), "+OK\r\n");
    assert_string_equal(try_run(try, "GET k"), "$3\r\nfoo\r\n");
    assert_string_equal(try_run(try, "TTL k"), ":-1\r\n");
}

static void restores_what_was_dumped(void **state)
{
    struct try *try = *state;
    try_run(try, "SET k value");
    struct span reply = try_run(try, "DUMP k") == NULL ? SPAN("") : buf_span(&try->out);
    /* $17\r\n, the payload, \r\n. */
    struct buf payload;
    buf_init(&payload, 100);
    assert_true(buf_add(&payload, (struct span){ reply.bytes + 5, reply.len - 7 }));
    struct span argv[] = { SPAN("RESTORE"), SPAN("copy"), SPAN("0"), buf_span(&payload) };
    assert_string_equal(try_argv(try, argv, COUNT(argv)).bytes, "+OK\r\n");
    assert_string_equal(try_run(try, "GET copy"), "$5\r\nvalue\r\n");
    assert_string_equal(try_run(try, "DUMP none"), "$-1\r\n");
    buf_fini(&payload);
}

static void answers_as_redis_does(void **state)
{
    static const struct try_row rows[] = {
        { "RESTORE k 0 x", SUM },
        { "RESTORE k -1 $", "-ERR Invalid TTL value, must be >= 0\r\n" },
        { "RESTORE k x $", "-ERR value is not an integer or out of range\r\n" },
        { "RESTORE k 0 $ NOTHING", "-ERR syntax error\r\n" },
        { "RESTORE k 0 $ IDLETIME", "-ERR syntax error\r\n" },
        { "RESTORE k 0 $ IDLETIME x", "-ERR value is not an integer or out of range\r\n" },
        { "RESTORE k 0 $ IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0\r\n" },
        { "RESTORE k 0 $ FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n" },
        { "RESTORE k 0 $ FREQ 1 IDLETIME 1", "-ERR syntax error\r\n" },
        { "RESTORE k 0 $", "+OK\r\n" },
        { "RESTORE k 0 $", BUSY },
        { "RESTORE k x x", BUSY },
        { "RESTORE k 0 $ REPLACE", "+OK\r\n" },
        { "RESTORE k 0 x REPLACE", SUM },
        { "RESTORE k 10000 $ REPLACE", "+OK\r\n" },
        { "PTTL k", ":10000\r\n" },
        { "RESTORE k 1700000005000 $ REPLACE ABSTTL", "+OK\r\n" },
        { "PTTL k", ":5000\r\n" },
        { "RESTORE k 0 $ REPLACE IDLETIME 1000", "+OK\r\n" },
        { "OBJECT IDLETIME k", ":1000\r\n" },
        { "RESTORE k 1 $ REPLACE ABSTTL", "+OK\r\n" },
        { "EXISTS k", ":0\r\n" },
        { "RESTORE k 9223372036854775807 $", "-ERR Invalid TTL value, must be >= 0\r\n" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *reply = restore(*state, rows[i].command);
        if (strcmp(reply, rows[i].reply) != 0) {
            fail_msg("%s\nwant %s\ngot  %s", rows[i].command, rows[i].reply, reply);
        }
    }
}

static void a_frequency_is_kept_where_it_is_counted(void **state)
{
    struct try *try = *state;
    cache_set_frequency(try->cache, true);
    restore(try, "RESTORE k 0 $ FREQ 100");
    assert_string_equal(try_run(try, "OBJECT FREQ k"), ":100\r\n");
    restore(try, "RESTORE k 0 $ REPLACE IDLETIME 5");
    assert_string_equal(try_run(try, "OBJECT FREQ k"), ":5\r\n");
}

static void announces_the_moment_and_not_the_time_to_live(void **state)
{
    struct try *try = *state;
    struct span argv[] = { SPAN("RESTORE"), SPAN("k"), SPAN("5000"), FOO, SPAN("REPLACE") };
    try_argv(try, argv, COUNT(argv));
    const char *change = try_changes(try);
    assert_non_null(strstr(change, "0: RESTORE k 1700000005000 "));
    assert_string_equal(try_events(try), "0: new k\n0: restore k\n");

    /* Another one that is over already takes the key away. */
    restore(try, "RESTORE k 1 $ REPLACE ABSTTL");
    assert_string_equal(try_changes(try), "0: DEL k\n");
    assert_string_equal(try_events(try), "0: del k\n");
    restore(try, "RESTORE k 1 $ REPLACE ABSTTL");
    assert_string_equal(try_changes(try), "");
}

static void looks_at_the_sum_unless_told_not_to(void **state)
{
    struct try *try = *state;
    struct span argv[] = { SPAN("RESTORE"), SPAN("k"), SPAN("0"),
                           SPAN("\x00\x03"
                                "foo\x0a\x00--------") };
    assert_string_equal(try_argv(try, argv, COUNT(argv)).bytes, SUM);
    cache_set_sum_checks(try->cache, false);
    assert_string_equal(try_argv(try, argv, COUNT(argv)).bytes, "+OK\r\n");
    argv[3] = SPAN("\x00\x04"
                   "foo\x0a\x00--------");
    argv[1] = SPAN("other");
    assert_string_equal(try_argv(try, argv, COUNT(argv)).bytes, "-ERR Bad data format\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(restores_what_redis_dumped),
        TRY(restores_what_was_dumped),
        TRY(answers_as_redis_does),
        TRY(a_frequency_is_kept_where_it_is_counted),
        TRY(announces_the_moment_and_not_the_time_to_live),
        TRY(looks_at_the_sum_unless_told_not_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
