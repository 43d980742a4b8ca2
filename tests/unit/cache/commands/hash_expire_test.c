/* Fields that expire: HEXPIRE and its kin, HGETEX, HSETEX, HGETDEL. */

#include "tests/unit/cache/commands/try.h"

static void wait_ms(void **state, uint64_t ms)
{
    struct try *try = *state;
    try->now_ms += ms;
}

static void tells_when_fields_expire(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2 c 3", ":3\r\n" },
        { "HEXPIRE h 100 FIELDS 2 a none", "*2\r\n:1\r\n:-2\r\n" },
        { "HPEXPIRE h 1500 FIELDS 1 b", "*1\r\n:1\r\n" },
        { "HTTL h FIELDS 4 a b c none", "*4\r\n:100\r\n:2\r\n:-1\r\n:-2\r\n" },
        { "HPTTL h FIELDS 2 a b", "*2\r\n:100000\r\n:1500\r\n" },
        { "HEXPIRETIME h FIELDS 1 a", "*1\r\n:1700000100\r\n" },
        { "HPEXPIRETIME h FIELDS 1 a", "*1\r\n:1700000100000\r\n" },
        { "HEXPIREAT h 1700000200 FIELDS 1 c", "*1\r\n:1\r\n" },
        { "HPEXPIREAT h 1700000300000 FIELDS 1 b", "*1\r\n:1\r\n" },
        { "HTTL h FIELDS 3 a b c", "*3\r\n:100\r\n:300\r\n:200\r\n" },
        { "HTTL none FIELDS 2 a b", "*2\r\n:-2\r\n:-2\r\n" },
        { "HEXPIRE none 1 FIELDS 2 a b", "*2\r\n:-2\r\n:-2\r\n" },
        { "HPERSIST none FIELDS 1 a", "*1\r\n:-2\r\n" },
        { "HPERSIST h FIELDS 2 a none", "*2\r\n:1\r\n:-2\r\n" },
        { "HPERSIST h FIELDS 1 a", "*1\r\n:-1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_string_equal(try_changes(try), "0: HSET h a 1 b 2 c 3\n"
                                          "0: HPEXPIREAT h 1700000100000 FIELDS 1 a\n"
                                          "0: HPEXPIREAT h 1700000001500 FIELDS 1 b\n"
                                          "0: HPEXPIREAT h 1700000200000 FIELDS 1 c\n"
                                          "0: HPEXPIREAT h 1700000300000 FIELDS 1 b\n"
                                          "0: HPERSIST h FIELDS 1 a\n");
}

static void conditions_are_about_the_time_before(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2", ":2\r\n" },
        { "HEXPIRE h 100 XX FIELDS 2 a b", "*2\r\n:0\r\n:0\r\n" },
        { "HEXPIRE h 100 GT FIELDS 1 a", "*1\r\n:0\r\n" },
        { "HEXPIRE h 100 NX FIELDS 1 a", "*1\r\n:1\r\n" },
        { "HEXPIRE h 100 NX FIELDS 2 a b", "*2\r\n:0\r\n:1\r\n" },
        { "HEXPIRE h 100 GT FIELDS 1 a", "*1\r\n:0\r\n" },
        { "HEXPIRE h 101 GT FIELDS 1 a", "*1\r\n:1\r\n" },
        { "HEXPIRE h 101 LT FIELDS 2 a b", "*2\r\n:0\r\n:0\r\n" },
        { "HEXPIRE h 99 LT FIELDS 2 a b", "*2\r\n:1\r\n:1\r\n" },
        { "HEXPIRE h 50 XX FIELDS 1 a", "*1\r\n:1\r\n" },
        { "HPERSIST h FIELDS 1 a", "*1\r\n:1\r\n" },
        { "HEXPIRE h 50 LT FIELDS 1 a", "*1\r\n:1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void a_moment_that_has_passed_removes_the_field(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2 c 3", ":3\r\n" },
        { "HPEXPIREAT h 1700000000000 FIELDS 2 a none", "*2\r\n:2\r\n:-2\r\n" },
        { "HEXPIRE h 0 FIELDS 1 b", "*1\r\n:2\r\n" },
        { "HGETALL h", "*2\r\n$1\r\nc\r\n$1\r\n3\r\n" },
        { "HEXPIREAT h 1 FIELDS 1 c", "*1\r\n:2\r\n" },
        { "EXISTS h", ":0\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_string_equal(try_changes(try),
                        "0: HSET h a 1 b 2 c 3\n0: HDEL h a\n0: HDEL h b\n0: HDEL h c\n");
}

static void arguments_are_checked(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1", ":1\r\n" },
        { "HEXPIRE h x FIELDS 1 a", "-ERR value is not an integer or out of range\r\n" },
        { "HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0\r\n" },
        { "HEXPIRE h 70368744178 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command\r\n" },
        { "HPEXPIREAT h 70368744177664 FIELDS 1 a",
          "-ERR invalid expire time in 'hpexpireat' command\r\n" },
        { "HPEXPIREAT h 70368744177663 FIELDS 1 a", "*1\r\n:1\r\n" },
        { "HEXPIRE h 9223372036854775807 FIELDS 1 a",
          "-ERR invalid expire time in 'hexpire' command\r\n" },
        { "HEXPIRE h 1 FIELD 1 a",
          "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n" },
        { "HEXPIRE h 1 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0\r\n" },
        { "HEXPIRE h 1 FIELDS 2 a",
          "-ERR The `numfields` parameter must match the number of arguments\r\n" },
        { "HEXPIRE h 1 NX FIELDS 1",
          "-ERR The `numfields` parameter must match the number of arguments\r\n" },
        { "HTTL h FIELDS x a", "-ERR Number of fields must be a positive integer\r\n" },
        { "HTTL h FIELDS -9223372036854775808 a",
          "-ERR Number of fields must be a positive integer\r\n" },
        { "HTTL h FIELDS 1 a b",
          "-ERR The `numfields` parameter must match the number of arguments\r\n" },
        { "HGETEX h EX 1 FIELDS",
          "-ERR The `numfields` parameter must match the number of arguments\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void an_expired_field_is_not_there(void **state)
{
    static const struct try_row before[] = {
        { "HSET h a 1 b 2 c 3", ":3\r\n" },
        { "HPEXPIRE h 10 FIELDS 2 a b", "*2\r\n:1\r\n:1\r\n" },
    };
    static const struct try_row after[] = {
        { "HGET h a", "$-1\r\n" },
        { "HLEN h", ":1\r\n" },
        { "HGETALL h", "*2\r\n$1\r\nc\r\n$1\r\n3\r\n" },
        { "HEXISTS h b", ":0\r\n" },
        { "HDEL h a b", ":0\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, before);
    try_changes(try);
    wait_ms(state, 10);
    assert_string_equal(try_run(try, "HLEN h"), ":3\r\n");
    wait_ms(state, 1);
    TRY_ROWS(state, after);
    assert_string_equal(try_changes(try), "0: HDEL h a\n0: HDEL h b\n");
}

static void a_key_is_gone_when_all_its_fields_have_expired(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2", ":2\r\n" },
        { "HPEXPIRE h 10 FIELDS 2 a b", "*2\r\n:1\r\n:1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    try_changes(try);
    wait_ms(state, 11);
    assert_string_equal(try_run(try, "EXISTS h"), ":0\r\n");
    assert_string_equal(try_changes(try), "0: DEL h\n");
}

static void expired_fields_are_removed_in_the_background(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2", ":2\r\n" },
        { "HPEXPIRE h 10 FIELDS 1 a", "*1\r\n:1\r\n" },
        { "HSET i a 1", ":1\r\n" },
        { "HPEXPIRE i 20 FIELDS 1 a", "*1\r\n:1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    try_changes(try);
    cache_tick(try->cache, try->now_ms + 10, 1000);
    assert_string_equal(try_changes(try), "");
    cache_tick(try->cache, try->now_ms + 11, 1000);
    assert_string_equal(try_changes(try), "0: HDEL h a\n");
    cache_tick(try->cache, try->now_ms + 21, 1000);
    assert_string_equal(try_changes(try), "0: DEL i\n");
    assert_true(cache_db_stats(try->cache, 0).keys == 1);
    assert_true(cache_stats(try->cache).expired_parts == 1);
}

static void setting_a_field_makes_it_stay(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2 c 1.5", ":3\r\n" },
        { "HEXPIRE h 100 FIELDS 3 a b c", "*3\r\n:1\r\n:1\r\n:1\r\n" },
        { "HSET h a 3", ":0\r\n" },
        { "HINCRBY h b 1", ":3\r\n" },
        { "HINCRBYFLOAT h c 1", "$3\r\n2.5\r\n" },
        { "HTTL h FIELDS 3 a b c", "*3\r\n:-1\r\n:100\r\n:100\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_non_null(strstr(try_changes(try), "0: HSETEX h KEEPTTL FIELDS 1 c 2.5\n"));
}

static void a_write_that_meets_an_expired_field_finds_none(void **state)
{
    static const struct try_row before[] = {
        { "HSET h a 5 b 5 c 5 d 5", ":4\r\n" },
        { "HPEXPIRE h 10 FIELDS 3 a b c", "*3\r\n:1\r\n:1\r\n:1\r\n" },
    };
    static const struct try_row after[] = {
        { "HINCRBY h a 1", ":1\r\n" },
        { "HSETNX h b 1", ":1\r\n" },
        { "HSET h c 1", ":1\r\n" },
        { "HTTL h FIELDS 3 a b c", "*3\r\n:-1\r\n:-1\r\n:-1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, before);
    try_changes(try);
    wait_ms(state, 11);
    TRY_ROWS(state, after);
    assert_string_equal(try_changes(try), "0: HDEL h a\n0: HDEL h b\n0: HDEL h c\n"
                                          "0: HINCRBY h a 1\n0: HSETNX h b 1\n0: HSET h c 1\n");
}

/* `fields` fields that expire in 10 ms, and one that stays. */
static void fill(struct try *try, unsigned fields)
{
    char command[128];
    try_run(try, "HSET h stays 1");
    for (unsigned i = 0; i < fields; i++) {
        snprintf(command, sizeof(command), "HSETEX h PX 10 FIELDS 1 f%u %u", i, i);
        assert_string_equal(try_run(try, command), ":1\r\n");
    }
    try_changes(try);
}

static unsigned count_lines(const char *text, const char *line_start)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, line_start)) != NULL; at++) {
        count++;
    }
    return count;
}

static void very_many_are_not_seen_though_they_are_not_removed_at_once(void **state)
{
    static const struct try_row rows[] = {
        { "HLEN h", ":1\r\n" },
        { "HGETALL h", "*2\r\n$5\r\nstays\r\n$1\r\n1\r\n" },
        { "HRANDFIELD h 5", "*1\r\n$5\r\nstays\r\n" },
        { "HRANDFIELD h", "$5\r\nstays\r\n" },
        { "HGET h f4999", "$-1\r\n" },
        { "HINCRBY h f4998 1", ":1\r\n" },
        { "HTTL h FIELDS 2 f4998 f4997", "*2\r\n:-1\r\n:-2\r\n" },
        { "HSETEX h FXX FIELDS 1 f4996 1", ":0\r\n" },
        { "HDEL h f4995 stays f4998", ":2\r\n" },
    };
    struct try *try = *state;
    unsigned removed = 0;
    bool more = true;

    fill(try, 5000);
    wait_ms(state, 11);
    TRY_ROWS(state, rows);
    removed = count_lines(try_changes(try), "HDEL h f");
    assert_in_range(removed, 900, 1500);
    for (int i = 0; i < 100 && more; i++) {
        more = cache_tick(try->cache, try->now_ms, 100);
    }
    assert_false(more);
    assert_string_equal(try_run(try, "EXISTS h"), ":0\r\n");
}

static void gets_and_removes(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2 c 3", ":3\r\n" },
        { "HGETDEL h FIELDS 3 a none a", "*3\r\n$1\r\n1\r\n$-1\r\n$-1\r\n" },
        { "HGETDEL none FIELDS 1 a", "*1\r\n$-1\r\n" },
        { "HGETDEL h FIELDS 2 b c", "*2\r\n$1\r\n2\r\n$1\r\n3\r\n" },
        { "EXISTS h", ":0\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_string_equal(try_changes(try), "0: HSET h a 1 b 2 c 3\n0: HDEL h a\n0: HDEL h b c\n");
}

static void gets_and_changes_the_time(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2", ":2\r\n" },
        { "HGETEX h FIELDS 2 a none", "*2\r\n$1\r\n1\r\n$-1\r\n" },
        { "HGETEX h EX 10 FIELDS 2 a none", "*2\r\n$1\r\n1\r\n$-1\r\n" },
        { "HTTL h FIELDS 2 a b", "*2\r\n:10\r\n:-1\r\n" },
        { "HGETEX h PERSIST FIELDS 2 a b", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n" },
        { "HGETEX h PXAT 1 FIELDS 1 a", "*1\r\n$1\r\n1\r\n" },
        { "HGETALL h", "*2\r\n$1\r\nb\r\n$1\r\n2\r\n" },
        { "HGETEX none FIELDS 1 a", "*1\r\n$-1\r\n" },
        { "HGETEX h EX -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_string_equal(try_changes(try), "0: HSET h a 1 b 2\n"
                                          "0: HPEXPIREAT h 1700000010000 FIELDS 1 a\n"
                                          "0: HPERSIST h FIELDS 1 a\n"
                                          "0: HDEL h a\n");
}

static void sets_with_a_time(void **state)
{
    static const struct try_row rows[] = {
        { "HSETEX h FXX EX 10 FIELDS 1 a 1", ":0\r\n" },
        { "EXISTS h", ":0\r\n" },
        { "HSETEX h FNX EX 10 FIELDS 2 a 1 b 2", ":1\r\n" },
        { "HSETEX h FNX EX 10 FIELDS 2 c 1 b 2", ":0\r\n" },
        { "HSETEX h FXX EX 10 FIELDS 2 c 1 b 2", ":0\r\n" },
        { "HSETEX h KEEPTTL FXX FIELDS 1 a 3", ":1\r\n" },
        { "HTTL h FIELDS 2 a b", "*2\r\n:10\r\n:10\r\n" },
        { "HSETEX h FIELDS 1 a 4", ":1\r\n" },
        { "HTTL h FIELDS 1 a", "*1\r\n:-1\r\n" },
        { "HSETEX h PXAT 1 FIELDS 2 a 5 c 6", ":1\r\n" },
        { "HGETALL h", "*2\r\n$1\r\nb\r\n$1\r\n2\r\n" },
        { "HSETEX h FNX FXX FIELDS 1 a 1",
          "-ERR Only one of FXX or FNX arguments can be specified\r\n" },
        { "HSETEX h EX 1 KEEPTTL FIELDS 1 a 1",
          "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n" },
        { "HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields\r\n" },
        { "HSETEX h FIELDS 2 a 1", "-ERR wrong number of arguments for 'hsetex' command\r\n" },
        { "HSETEX h NX FIELDS 1 a 1", "-ERR unknown argument: NX\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    assert_string_equal(try_changes(try), "0: HSETEX h PXAT 1700000010000 FIELDS 2 a 1 b 2\n"
                                          "0: HSETEX h KEEPTTL FIELDS 1 a 3\n"
                                          "0: HSETEX h FIELDS 1 a 4\n"
                                          "0: HDEL h a\n");
}

static void the_encoding_says_that_fields_expire(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1", ":1\r\n" },
        { "HEXPIRE h 100 FIELDS 1 none", "*1\r\n:-2\r\n" },
        { "OBJECT ENCODING h", "$8\r\nlistpack\r\n" },
        { "HEXPIRE h 100 FIELDS 1 a", "*1\r\n:1\r\n" },
        { "OBJECT ENCODING h", "$10\r\nlistpackex\r\n" },
        { "COPY h i", ":1\r\n" },
        { "HTTL i FIELDS 1 a", "*1\r\n:100\r\n" },
        { "EXPIRE i 1000", ":1\r\n" },
        { "RENAME i j", "+OK\r\n" },
        { "HTTL j FIELDS 1 a", "*1\r\n:100\r\n" },
        { "MOVE j 1", ":1\r\n" },
    };
    struct try *try = *state;
    TRY_ROWS(state, rows);
    wait_ms(state, 100001);
    try->db = 1;
    assert_string_equal(try_run(try, "EXISTS j"), ":0\r\n");
    try->db = 0;
    assert_string_equal(try_run(try, "DBSIZE"), ":1\r\n");
    cache_tick(try->cache, try->now_ms, 1000);
    assert_string_equal(try_run(try, "DBSIZE"), ":0\r\n");
}

static void tells_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *events;
    } rows[] = {
        { "HSET h a 1 b 2", "0: new h\n0: hset h\n" },
        { "HSETNX h c 3", "0: hset h\n" },
        { "HSETNX h c 3", "" },
        { "HINCRBY h a 1", "0: hincrby h\n" },
        { "HINCRBYFLOAT h a 1", "0: hincrbyfloat h\n" },
        { "HDEL h none", "" },
        { "HDEL h c", "0: hdel h\n" },
        { "HEXPIRE h 10 FIELDS 1 a", "0: hexpire h\n" },
        { "HEXPIRE h 10 NX FIELDS 1 a", "" },
        { "HPERSIST h FIELDS 1 a", "0: hpersist h\n" },
        { "HPERSIST h FIELDS 1 a", "" },
        { "HGETEX h EX 10 FIELDS 1 a", "0: hexpire h\n" },
        { "HGETEX h PERSIST FIELDS 1 a", "0: hpersist h\n" },
        { "HSETEX h EX 10 FIELDS 1 c 1", "0: hset h\n0: hexpire h\n" },
        { "HSETEX h PXAT 1 FIELDS 1 c 1", "0: hset h\n0: hdel h\n" },
        { "HEXPIREAT h 1 FIELDS 1 a", "0: hdel h\n" },
        { "HGETDEL h FIELDS 1 b", "0: hdel h\n0: del h\n" },
    };
    struct try *try = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_events(try), rows[i].events);
    }
}

static void tells_what_expired(void **state)
{
    struct try *try = *state;
    try_run(try, "HSETEX h PX 10 FIELDS 2 a 1 b 2");
    try_run(try, "HSETEX h PX 20 FIELDS 1 c 3");
    try_events(try);
    wait_ms(state, 11);
    try_run(try, "HLEN h");
    assert_string_equal(try_events(try), "0: hexpired h\n");
    wait_ms(state, 10);
    try_run(try, "HSET h d 1");
    assert_string_equal(try_events(try), "0: hexpired h\n0: del h\n0: new h\n0: hset h\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(tells_when_fields_expire),
        TRY(conditions_are_about_the_time_before),
        TRY(a_moment_that_has_passed_removes_the_field),
        TRY(arguments_are_checked),
        TRY(an_expired_field_is_not_there),
        TRY(a_key_is_gone_when_all_its_fields_have_expired),
        TRY(expired_fields_are_removed_in_the_background),
        TRY(setting_a_field_makes_it_stay),
        TRY(a_write_that_meets_an_expired_field_finds_none),
        TRY(very_many_are_not_seen_though_they_are_not_removed_at_once),
        TRY(gets_and_removes),
        TRY(gets_and_changes_the_time),
        TRY(sets_with_a_time),
        TRY(the_encoding_says_that_fields_expire),
        TRY(tells_what_happened),
        TRY(tells_what_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
