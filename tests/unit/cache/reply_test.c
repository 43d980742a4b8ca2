/* Answers in both protocols, byte by byte. */

#include "cache/reply.h"

#include "cache/base/check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef void (*write_fn)(struct reply *reply);

static void ok(struct reply *reply)
{
    reply_ok(reply);
}
static void status(struct reply *reply)
{
    reply_status(reply, SPAN("PONG"));
}
static void error(struct reply *reply)
{
    reply_error(reply, SPAN("ERR a\r\nb\n\r\n"));
}
static void errorf(struct reply *reply)
{
    reply_errorf(reply, "ERR %s, %d", "no", 5);
}
static void integers(struct reply *reply)
{
    reply_integer(reply, 0);
    reply_integer(reply, -1);
    reply_integer(reply, INT64_MIN);
}
static void bulks(struct reply *reply)
{
    reply_bulk(reply, SPAN(""));
    reply_bulk(reply, (struct span){ "a\r\n\0b", 5 });
    reply_bulk_text(reply, "0123456789");
    reply_bulk_integer(reply, -42);
}
static void nulls(struct reply *reply)
{
    reply_null(reply);
    reply_null_array(reply);
}
static void relayed_nulls(struct reply *reply)
{
    reply->relayed = true;
    nulls(reply);
}
static void doubles(struct reply *reply)
{
    reply_double(reply, 3.5);
    reply_double(reply, -INFINITY);
}
static void booleans(struct reply *reply)
{
    reply_boolean(reply, true);
    reply_boolean(reply, false);
}
static void verbatim(struct reply *reply)
{
    reply_verbatim(reply, SPAN("# Server"), "txt");
}
static void big_number(struct reply *reply)
{
    reply_big_number(reply, SPAN("12345678901234567890123"));
}
static void aggregates(struct reply *reply)
{
    reply_array(reply, 0);
    reply_array(reply, 12);
    reply_map(reply, 7);
    reply_set(reply, 3);
    reply_push(reply, 2);
}
static void raw(struct reply *reply)
{
    reply_raw(reply, SPAN("*-1\r\n"));
}
static void lengths_that_come_later(struct reply *reply)
{
    struct reply_later map = reply_map_later(reply);
    reply_bulk_text(reply, "k");
    struct reply_later array = reply_array_later(reply);
    for (int i = 0; i < 10; i++) {
        reply_integer(reply, i);
    }
    reply_later_end(reply, array, 10);
    reply_bulk_text(reply, "e");
    reply_later_end(reply, reply_set_later(reply), 0);
    reply_later_end(reply, map, 2);
}

#define TEN ":0\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n"

static const struct {
    write_fn write;
    const char *resp2;
    const char *resp3; /* NULL: the same. */
} rows[] = {
    { ok, "+OK\r\n", NULL },
    { status, "+PONG\r\n", NULL },
    { error, "-ERR a  b\r\n", NULL },
    { errorf, "-ERR no, 5\r\n", NULL },
    { integers, ":0\r\n:-1\r\n:-9223372036854775808\r\n", NULL },
    { nulls, "$-1\r\n*-1\r\n", "_\r\n_\r\n" },
    { relayed_nulls, "$-1\r\n*-1\r\n", "_\r\n*-1\r\n" },
    { doubles, "$3\r\n3.5\r\n$4\r\n-inf\r\n", ",3.5\r\n,-inf\r\n" },
    { booleans, ":1\r\n:0\r\n", "#t\r\n#f\r\n" },
    { verbatim, "$8\r\n# Server\r\n", "=12\r\ntxt:# Server\r\n" },
    { big_number, "$23\r\n12345678901234567890123\r\n", "(12345678901234567890123\r\n" },
    { aggregates, "*0\r\n*12\r\n*14\r\n*3\r\n*2\r\n", "*0\r\n*12\r\n%7\r\n~3\r\n>2\r\n" },
    { raw, "*-1\r\n", NULL },
    { lengths_that_come_later, "*4\r\n$1\r\nk\r\n*10\r\n" TEN "$1\r\ne\r\n*0\r\n",
      "%2\r\n$1\r\nk\r\n*10\r\n" TEN "$1\r\ne\r\n~0\r\n" },
};

static void encodes_both_protocols(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int protocol = 2; protocol <= 3; protocol++) {
            const char *expected = protocol == 3 && rows[i].resp3 ? rows[i].resp3 : rows[i].resp2;
            struct buf out;
            buf_init(&out, 1000);
            assert_true(buf_add(&out, SPAN("before"))); /* Replies follow what is there. */
            struct reply reply = reply_into(&out, protocol);
            rows[i].write(&reply);
            assert_int_equal(buf_span(&out).len, 6 + strlen(expected));
            assert_memory_equal(buf_span(&out).bytes + 6, expected, strlen(expected));
            assert_false(reply.full);
            buf_fini(&out);
        }
    }
}

static void bulks_take_any_bytes(void **state)
{
    (void)state;
    static const char expected[] = "$0\r\n\r\n$5\r\na\r\n\0b\r\n$10\r\n0123456789\r\n$3\r\n-42\r\n";
    struct buf out;
    buf_init(&out, 1000);
    struct reply reply = reply_into(&out, 2);
    bulks(&reply);
    assert_true(span_equal(buf_span(&out), SPAN(expected)));
    buf_fini(&out);
}

static void an_attribute_is_for_resp3(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    struct reply reply = reply_into(&out, 3);
    reply_attribute(&reply, 1);
    assert_true(span_equal(buf_span(&out), SPAN("|1\r\n")));
    buf_fini(&out);
}

static void a_long_error_is_not_cut(void **state)
{
    (void)state;
    static char text[3000];
    memset(text, 'x', sizeof(text) - 1);
    struct buf out;
    buf_init(&out, 10000);
    struct reply reply = reply_into(&out, 2);
    reply_errorf(&reply, "ERR '%s'", text);
    assert_int_equal(buf_span(&out).len, 1 + 5 + sizeof(text) - 1 + 1 + 2);
    assert_true(reply.failed);
    buf_fini(&out);
}

static void remembers_that_an_error_was_written(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    struct reply reply = reply_into(&out, 2);
    reply_ok(&reply);
    assert_false(reply.failed);
    reply_error(&reply, SPAN("ERR no"));
    assert_true(reply.failed);
    buf_fini(&out);
}

static void a_full_buffer_takes_nothing_more(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    struct reply reply = reply_into(&out, 2);
    struct reply_later later = reply_array_later(&reply);
    reply_bulk(&reply, (struct span){ "0123456789012345678901234567890123456789", 40 });
    assert_false(reply.full);
    size_t len = buf_span(&out).len;
    reply_bulk(&reply, (struct span){ "0123456789012345678901234567890123456789", 40 });
    assert_true(reply.full);
    reply_ok(&reply); /* Would fit, but a reply with a gap is worse than none. */
    reply_later_end(&reply, later, 2);
    assert_int_equal(buf_span(&out).len, len);
    buf_fini(&out);
}

static void a_silent_reply_writes_nothing(void **state)
{
    (void)state;
    struct reply reply = { .protocol = 2, .silent = true };
    for (size_t i = 0; i < COUNT(rows); i++) {
        rows[i].write(&reply);
    }
    bulks(&reply);
    assert_true(reply.failed);
    assert_false(reply.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_both_protocols),
        cmocka_unit_test(bulks_take_any_bytes),
        cmocka_unit_test(an_attribute_is_for_resp3),
        cmocka_unit_test(a_long_error_is_not_cut),
        cmocka_unit_test(remembers_that_an_error_was_written),
        cmocka_unit_test(a_full_buffer_takes_nothing_more),
        cmocka_unit_test(a_silent_reply_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
