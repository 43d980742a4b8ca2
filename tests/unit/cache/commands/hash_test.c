/* HGET and the other commands that read hashes. */

#include "tests/unit/cache/commands/try.h"

static void gives_what_was_set(void **state)
{
    static const struct try_row rows[] = {
        { "HGET h f", "$-1\r\n" },
        { "HSET h f v g 12345", ":2\r\n" },
        { "HGET h f", "$1\r\nv\r\n" },
        { "HGET h g", "$5\r\n12345\r\n" },
        { "HGET h none", "$-1\r\n" },
        { "HMGET h g none f", "*3\r\n$5\r\n12345\r\n$-1\r\n$1\r\nv\r\n" },
        { "HMGET none f g", "*2\r\n$-1\r\n$-1\r\n" },
        { "HSTRLEN h g", ":5\r\n" },
        { "HSTRLEN h none", ":0\r\n" },
        { "HSTRLEN none f", ":0\r\n" },
        { "HEXISTS h f", ":1\r\n" },
        { "HEXISTS h none", ":0\r\n" },
        { "HEXISTS none f", ":0\r\n" },
        { "HLEN h", ":2\r\n" },
        { "HLEN none", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void lists_fields_and_values(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1 b 2", ":2\r\n" },
        { "HGETALL h", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n" },
        { "HKEYS h", "*2\r\n$1\r\na\r\n$1\r\nb\r\n" },
        { "HVALS h", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n" },
        { "HGETALL none", "*0\r\n" },
        { "HKEYS none", "*0\r\n" },
        { "HVALS none", "*0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void speaks_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h a 1", ":1\r\n" },
        { "HGETALL h", "%1\r\n$1\r\na\r\n$1\r\n1\r\n" },
        { "HGETALL none", "%0\r\n" },
        { "HGET h none", "_\r\n" },
        { "HRANDFIELD h 1 WITHVALUES", "*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n" },
        { "HRANDFIELD none", "_\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void refuses_what_is_no_hash(void **state)
{
#define WRONG "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
    static const struct try_row rows[] = {
        { "SET s v", "+OK\r\n" },
        { "HGET s f", WRONG },
        { "HMGET s f", WRONG },
        { "HGETALL s", WRONG },
        { "HKEYS s", WRONG },
        { "HVALS s", WRONG },
        { "HLEN s", WRONG },
        { "HSTRLEN s f", WRONG },
        { "HEXISTS s f", WRONG },
        { "HSCAN s 0", WRONG },
        { "HSET s f v", WRONG },
        { "HSETNX s f v", WRONG },
        { "HDEL s f", WRONG },
        { "HINCRBY s f 1", WRONG },
        { "HINCRBYFLOAT s f 1", WRONG },
        { "HRANDFIELD s", WRONG },
        { "HTTL s FIELDS 1 f", WRONG },
        { "HPERSIST s FIELDS 1 f", WRONG },
        { "HGETDEL s FIELDS 1 f", WRONG },
        { "HEXPIRE s 1 FIELDS 1 f", WRONG },
    };
    TRY_ROWS(state, rows);
}

static void scans_a_small_one_at_once(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h aa 1 ab 2 b 3", ":3\r\n" },
        { "HSCAN h 0 MATCH a* COUNT 1",
          "*2\r\n$1\r\n0\r\n*4\r\n$2\r\naa\r\n$1\r\n1\r\n$2\r\nab\r\n$1\r\n2\r\n" },
        { "HSCAN h 0 NOVALUES", "*2\r\n$1\r\n0\r\n*3\r\n$2\r\naa\r\n$2\r\nab\r\n$1\r\nb\r\n" },
        { "HSCAN none 0", "*2\r\n$1\r\n0\r\n*0\r\n" },
        { "HSCAN h x", "-ERR invalid cursor\r\n" },
        { "HSCAN h 0 COUNT 0", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void fill(struct try *try, unsigned fields)
{
    for (unsigned i = 0; i < fields; i++) {
        char text[32];
        int len = snprintf(text, sizeof(text), "HSET h %u %u", i, i);
        assert_in_range(len, 1, sizeof(text) - 1);
        assert_string_equal(try_run(try, text), ":1\r\n");
    }
}

/* Takes the number after a '$' line off *text. */
static unsigned take_number(const char **text)
{
    unsigned len, number;
    assert_int_equal(sscanf(*text, "$%u\r\n%u\r\n", &len, &number), 2);
    *text = strstr(strstr(*text, "\r\n") + 2, "\r\n") + 2;
    return number;
}

static void a_scan_of_a_large_one_meets_every_field(void **state)
{
    enum { FIELDS = 2000 };
    struct try *try = *state;
    bool met[FIELDS] = { false };
    char command[64] = "HSCAN h 0 COUNT 50";
    unsigned calls = 0;

    fill(try, FIELDS);
    for (;;) {
        unsigned long long cursor;
        unsigned len, count;
        const char *reply = try_run(try, command);
        assert_int_equal(sscanf(reply, "*2\r\n$%u\r\n%llu\r\n*%u\r\n", &len, &cursor, &count), 3);
        const char *at = strchr(strchr(reply, '*') + 1, '*');
        at = strstr(at, "\r\n") + 2;
        for (unsigned i = 0; i < count; i += 2) {
            unsigned field = take_number(&at);
            assert_int_equal(take_number(&at), field);
            met[field] = true;
        }
        calls++;
        if (cursor == 0) {
            break;
        }
        snprintf(command, sizeof(command), "HSCAN h %llu COUNT 50", cursor);
    }
    assert_in_range(calls, 20, 60);
    for (unsigned i = 0; i < FIELDS; i++) {
        assert_true(met[i]);
    }
}

static void one_field_by_chance_is_any_of_them(void **state)
{
    struct try *try = *state;
    bool met[4] = { false };
    fill(try, 4);
    for (int i = 0; i < 200; i++) {
        const char *reply = try_run(try, "HRANDFIELD h");
        met[take_number(&reply)] = true;
    }
    assert_true(met[0] && met[1] && met[2] && met[3]);
}

/* The answer to HRANDFIELD with so many fields, all of them different. */
static void picks(struct try *try, int wanted, unsigned expected)
{
    char command[64];
    bool met[2000] = { false };
    unsigned count;

    snprintf(command, sizeof(command), "HRANDFIELD h %d", wanted);
    const char *reply = try_run(try, command);
    assert_int_equal(sscanf(reply, "*%u\r\n", &count), 1);
    assert_int_equal(count, expected);
    reply = strstr(reply, "\r\n") + 2;
    for (unsigned i = 0; i < count; i++) {
        unsigned field = take_number(&reply);
        assert_true(wanted < 0 || !met[field]);
        met[field] = true;
    }
    assert_int_equal(*reply, '\0');
}

static void several_fields_by_chance_are_different_ones(void **state)
{
    struct try *try = *state;
    fill(try, 10);
    picks(try, 3, 3);
    picks(try, 9, 9);
    picks(try, 10, 10);
    picks(try, 11, 10);
    picks(try, -30, 30);
    assert_string_equal(try_run(try, "DEL h"), ":1\r\n");
    fill(try, 2000);
    picks(try, 1, 1);
    picks(try, 600, 600);
    picks(try, 700, 700);
    picks(try, 1999, 1999);
    picks(try, 2001, 2000);
    picks(try, -3000, 3000);
}

static void fields_by_chance_come_with_their_values(void **state)
{
    static const struct try_row rows[] = {
        { "HSET h f v", ":1\r\n" },
        { "HRANDFIELD h 5 WITHVALUES", "*2\r\n$1\r\nf\r\n$1\r\nv\r\n" },
        { "HRANDFIELD h -2 WITHVALUES", "*4\r\n$1\r\nf\r\n$1\r\nv\r\n$1\r\nf\r\n$1\r\nv\r\n" },
        { "HRANDFIELD h 0", "*0\r\n" },
        { "HRANDFIELD none 5", "*0\r\n" },
        { "HRANDFIELD none", "$-1\r\n" },
        { "HRANDFIELD h 1 VALUES", "-ERR syntax error\r\n" },
        { "HRANDFIELD h 1 WITHVALUES x", "-ERR syntax error\r\n" },
        { "HRANDFIELD h x", "-ERR value is not an integer or out of range\r\n" },
        { "HRANDFIELD h -5000000000000000000 WITHVALUES", "-ERR value is out of range\r\n" },
    };
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(gives_what_was_set),
        TRY(lists_fields_and_values),
        TRY(speaks_resp3),
        TRY(refuses_what_is_no_hash),
        TRY(scans_a_small_one_at_once),
        TRY(a_scan_of_a_large_one_meets_every_field),
        TRY(one_field_by_chance_is_any_of_them),
        TRY(several_fields_by_chance_are_different_ones),
        TRY(fields_by_chance_come_with_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
