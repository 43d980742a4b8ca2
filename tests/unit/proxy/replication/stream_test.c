/* The stream that replicas follow. */

#include "proxy/replication/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ID     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SELECT "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
#define DEL    "*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
#define PING   "*1\r\n$4\r\nPING\r\n"
#define MULTI  "*1\r\n$5\r\nMULTI\r\n"
#define EXEC   "*1\r\n$4\r\nEXEC\r\n"

struct fixture {
    struct stream stream;
    struct buf heard;
};

static void hear(void *context, struct span bytes)
{
    bool fits = buf_add(context, bytes);
    assert_true(fits);
}

static int set_up(void **state)
{
    static struct fixture fixture;

    stream_init(&fixture.stream, ID);
    buf_init(&fixture.heard, SIZE_MAX / 2);
    fixture.stream.heard = hear;
    fixture.stream.context = &fixture.heard;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    stream_fini(&f->stream);
    buf_fini(&f->heard);
    return 0;
}

static void removed(struct fixture *f, bool joined)
{
    struct span argv[] = { SPAN("DEL"), SPAN("a") };
    struct change change = { .argv = argv, .argc = 2, .joined = joined };
    stream_change(&f->stream, &change);
}

static void ping(struct fixture *f, bool joined)
{
    struct span argv[] = { SPAN("PING") };
    stream_request(&f->stream, argv, 1, joined);
}

static void assert_heard(struct fixture *f, const char *text)
{
    assert_int_equal(f->heard.len, strlen(text));
    assert_memory_equal(buf_span(&f->heard).bytes, text, f->heard.len);
    assert_int_equal(f->stream.history.offset, f->heard.len);
    assert_int_equal(f->stream.backlog.end, f->heard.len + 1);
}

static void is_not_made_for_nobody(void **state)
{
    struct fixture *f = *state;
    removed(f, false);
    stream_flush(&f->stream);
    assert_int_equal(f->stream.history.offset, 0);
    stream_open(&f->stream, 1000);
    removed(f, false);
    stream_flush(&f->stream);
    assert_heard(f, SELECT DEL);
}

static void leaves_in_whole_units(void **state)
{
    struct fixture *f = *state;
    stream_open(&f->stream, 1000);
    removed(f, false);
    ping(f, true);
    assert_heard(f, "");
    stream_flush(&f->stream);
    ping(f, false);
    stream_flush(&f->stream);
    assert_heard(f, SELECT MULTI DEL PING EXEC PING);
}

static void says_the_database_to_whoever_begins_to_read(void **state)
{
    struct fixture *f = *state;
    stream_open(&f->stream, 1000);
    removed(f, false);
    stream_forget_db(&f->stream);
    removed(f, false);
    stream_flush(&f->stream);
    assert_heard(f, SELECT DEL SELECT DEL);
}

static void is_the_primarys_while_following(void **state)
{
    struct fixture *f = *state;
    stream_open(&f->stream, 1000);
    f->stream.following = true;
    removed(f, false);
    ping(f, false);
    stream_flush(&f->stream);
    stream_relay(&f->stream, SPAN("whatever it says"));
    assert_heard(f, "whatever it says");
}

static void counts_what_a_primary_sends_without_a_backlog(void **state)
{
    struct fixture *f = *state;
    f->stream.following = true;
    stream_relay(&f->stream, SPAN("12345"));
    assert_int_equal(f->stream.history.offset, 5);
    assert_int_equal(f->heard.len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(is_not_made_for_nobody),
        TEST(leaves_in_whole_units),
        TEST(says_the_database_to_whoever_begins_to_read),
        TEST(is_the_primarys_while_following),
        TEST(counts_what_a_primary_sends_without_a_backlog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
