/* Arguments: each row runs a helper on one word and compares what was replied. */

#include "cache/call.h"

#include "cache/base/check.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOT_INTEGER "-ERR value is not an integer or out of range\r\n"
#define NOT_FLOAT   "-ERR value is not a valid float\r\n"

static void integer(struct call *c)
{
    int64_t number;
    if (arg_integer(c, 1, &number)) {
        reply_integer(c->reply, number);
    }
}

static void positive(struct call *c)
{
    int64_t number;
    if (arg_integer_in(c, 1, 0, INT64_MAX, &number, NULL)) {
        reply_integer(c->reply, number);
    }
}

static void small(struct call *c)
{
    int64_t number;
    if (arg_integer_in(c, 1, -5, 5, &number, NULL)) {
        reply_integer(c->reply, number);
    }
}

static void with_words(struct call *c)
{
    int64_t number;
    if (arg_integer_in(c, 1, 1, 9, &number, "ERR no such thing")) {
        reply_integer(c->reply, number);
    }
}

static void floating(struct call *c)
{
    double number;
    if (arg_double(c, 1, &number)) {
        reply_double(c->reply, number);
    }
}

static void long_floating(struct call *c)
{
    long double number;
    if (arg_long_double(c, 1, &number)) {
        reply_double(c->reply, (double)number);
    }
}

static void timeout(struct call *c)
{
    uint64_t ms;
    if (arg_timeout_ms(c, 1, &ms)) {
        reply_integer(c->reply, (int64_t)ms);
    }
}

static void cursor(struct call *c)
{
    uint64_t number;
    if (arg_cursor(c, 1, &number)) {
        reply_integer(c->reply, (int64_t)number);
    }
}

static void db(struct call *c)
{
    int number;
    if (arg_db(c, 1, &number)) {
        reply_integer(c->reply, number);
    }
}

static void word(struct call *c)
{
    reply_boolean(c->reply, arg_is(c, 1, "match") && !arg_is(c, 2, "match"));
}

static void wrong_count(struct call *c)
{
    call_arity_error(c);
}

static void wrong_syntax(struct call *c)
{
    call_syntax_error(c);
}

static const struct {
    void (*handler)(struct call *c);
    const char *word;
    const char *reply;
} rows[] = {
    { integer, "42", ":42\r\n" },
    { integer, "9223372036854775807", ":9223372036854775807\r\n" },
    { integer, "9223372036854775808", NOT_INTEGER },
    { integer, "4.2", NOT_INTEGER },
    { integer, "", NOT_INTEGER },
    { positive, "0", ":0\r\n" },
    { positive, "-1", "-ERR value is out of range, must be positive\r\n" },
    { positive, "x", "-ERR value is out of range, must be positive\r\n" },
    { small, "5", ":5\r\n" },
    { small, "-5", ":-5\r\n" },
    { small, "6", "-ERR value is out of range, value must between -5 and 5\r\n" },
    { small, "-6", "-ERR value is out of range, value must between -5 and 5\r\n" },
    { small, "x", NOT_INTEGER },
    { with_words, "9", ":9\r\n" },
    { with_words, "10", "-ERR no such thing\r\n" },
    { with_words, "x", "-ERR no such thing\r\n" },
    { floating, "3.5", "$3\r\n3.5\r\n" },
    { floating, "inf", "$3\r\ninf\r\n" },
    { floating, "nan", NOT_FLOAT },
    { floating, "3,5", NOT_FLOAT },
    { long_floating, "-2", "$2\r\n-2\r\n" },
    { long_floating, " 2", NOT_FLOAT },
    { timeout, "0", ":0\r\n" },
    { timeout, "1.5", ":1500\r\n" },
    { timeout, "0.0001", ":1\r\n" },
    { timeout, "-1", "-ERR timeout is negative\r\n" },
    { timeout, "x", "-ERR timeout is not a float or out of range\r\n" },
    { timeout, "inf", "-ERR timeout is out of range\r\n" },
    { timeout, "9223372036854775", "-ERR timeout is out of range\r\n" },
    { cursor, "0", ":0\r\n" },
    { cursor, "281474976710655", ":281474976710655\r\n" },
    { cursor, "99999999999999999999", "-ERR invalid cursor\r\n" },
    { cursor, "1x", "-ERR invalid cursor\r\n" },
    { cursor, "0000000000000000000000000000000000000000000000000000000000000000",
      "-ERR invalid cursor\r\n" },
    { db, "15", ":15\r\n" },
    { db, "16", "-ERR DB index is out of range\r\n" },
    { db, "-1", "-ERR DB index is out of range\r\n" },
    { db, "x", NOT_INTEGER },
    { db, "2147483648",
      "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n" },
    { word, "MaTCh", ":1\r\n" },
    { word, "matc", ":0\r\n" },
    { wrong_count, "x", "-ERR wrong number of arguments for 'test' command\r\n" },
    { wrong_syntax, "x", "-ERR syntax error\r\n" },
};

static void says_what_redis_says(void **state)
{
    (void)state;
    struct cache_options options = { .databases = 16, .seed = 1 };
    struct cache *cache = cache_new(&options);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct command row = { .name = "test", .run = rows[i].handler };
        struct span argv[] = { SPAN("TEST"), span_from(rows[i].word) };
        struct buf out;
        buf_init(&out, 1000);
        struct reply reply = reply_into(&out, 2);
        struct cache_request request = {
            .command = &row, .argv = argv, .argc = 2, .now_ms = 1700000000000, .reply = &reply
        };
        cache_exec(cache, &request);
        if (!span_equal(buf_span(&out), span_from(rows[i].reply))) {
            fail_msg("\"%s\": %.*s", rows[i].word, (int)out.len, buf_span(&out).bytes);
        }
        buf_fini(&out);
    }
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_redis_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
