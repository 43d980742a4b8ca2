/* Takes a snapshot out of what a primary sends. */

#include "proxy/replication/payload.h"

#include "cache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MARK "0123456789abcdef0123456789abcdef01234567"

static void collect(void *context, struct span bytes)
{
    bool fits = buf_add(context, bytes);
    assert_true(fits);
}

/* The same for every way to cut it into pieces of one size. */
static void assert_takes(struct span sent, enum payload_state state, size_t used, const char *body)
{
    for (size_t step = 1; step <= sent.len; step++) {
        struct payload payload;
        struct buf got;
        size_t at = 0;
        buf_init(&got, SIZE_MAX / 2);
        payload_init(&payload);
        while (at < sent.len) {
            size_t len = sent.len - at < step ? sent.len - at : step;
            size_t taken =
                payload_feed(&payload, (struct span){ sent.bytes + at, len }, collect, &got);
            at += taken;
            if (taken < len) {
                break;
            }
        }
        assert_int_equal(payload.state, state);
        if (state == PAYLOAD_DONE) {
            assert_int_equal(at, used);
        }
        assert_int_equal(payload.len, got.len);
        assert_int_equal(got.len, strlen(body));
        assert_memory_equal(buf_span(&got).bytes, body, got.len);
        buf_fini(&got);
    }
}

static void takes_as_much_as_was_said(void **state)
{
    (void)state;
    assert_takes(SPAN("\n\n$5\r\nREDIS*1\r\n"), PAYLOAD_DONE, 11, "REDIS");
    assert_takes(SPAN("$6\r\nREDIS"), PAYLOAD_COUNTED, 0, "REDIS");
    assert_takes(SPAN("$0\r\n"), PAYLOAD_DONE, 4, "");
}

static void takes_all_up_to_the_mark(void **state)
{
    (void)state;
    assert_takes(SPAN("$EOF:" MARK "\r\nREDIS" MARK), PAYLOAD_DONE, 92, "REDIS");
    assert_takes(SPAN("\n$EOF:" MARK "\r\n" MARK), PAYLOAD_DONE, 88, "");
    /* Half of it in the middle is no mark. */
    assert_takes(SPAN("$EOF:" MARK "\r\n0123456789abcdef012345" MARK), PAYLOAD_DONE, 109,
                 "0123456789abcdef012345");
}

static void holds_back_what_may_be_the_mark(void **state)
{
    (void)state;
    struct payload payload;
    struct buf got;

    buf_init(&got, SIZE_MAX / 2);
    payload_init(&payload);
    assert_int_equal(payload_feed(&payload, SPAN("$EOF:" MARK "\r\nREDIS0123"), collect, &got), 56);
    assert_int_equal(got.len, 0);
    assert_int_equal(payload.state, PAYLOAD_MARKED);
    buf_fini(&got);
}

static void anything_else_fails(void **state)
{
    (void)state;
    static char endless[PAYLOAD_LINE_MAX * 2];

    memset(endless, 'x', sizeof(endless));
    assert_takes(SPAN("-ERR no memory\r\n"), PAYLOAD_FAILED, 0, "");
    assert_takes(SPAN("$-1\r\n"), PAYLOAD_FAILED, 0, "");
    assert_takes(SPAN("$12x\r\n"), PAYLOAD_FAILED, 0, "");
    assert_takes(SPAN("$EOF:tooshort\r\n"), PAYLOAD_FAILED, 0, "");
    assert_takes((struct span){ endless, sizeof(endless) }, PAYLOAD_FAILED, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_as_much_as_was_said),
        cmocka_unit_test(takes_all_up_to_the_mark),
        cmocka_unit_test(holds_back_what_may_be_the_mark),
        cmocka_unit_test(anything_else_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
