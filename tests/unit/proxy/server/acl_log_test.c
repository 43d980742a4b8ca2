/* The log of what was denied. */

#include "proxy/server/acl_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct acl_event event(const char *object, uint64_t now_ms)
{
    return (struct acl_event){
        .denial = ACL_DENIED_KEY,
        .context = ACL_TOPLEVEL,
        .object = span_from(object),
        .user = SPAN("u"),
        .client = SPAN("id=1"),
        .now_ms = now_ms,
    };
}

static void add(struct acl_log *log, const char *object, uint64_t now_ms, size_t max)
{
    struct acl_event denied = event(object, now_ms);
    acl_log_add(log, &denied, max);
}

static void counts_what_happens_again_within_a_minute(void **state)
{
    (void)state;
    struct acl_log log = { 0 };

    add(&log, "a", 1000, 128);
    add(&log, "b", 2000, 128);
    add(&log, "a", 61000, 128);
    assert_int_equal(log.count, 2);
    assert_int_equal(log.newest->count, 2);
    assert_int_equal(log.newest->id, 0);
    assert_int_equal(log.newest->created_at_ms, 1000);
    assert_int_equal(log.newest->updated_at_ms, 61000);
    assert_string_equal(log.oldest->object, "b");
    /* A minute and a millisecond after the last time it is something new. */
    add(&log, "a", 121001, 128);
    assert_int_equal(log.count, 3);
    assert_int_equal(log.newest->count, 1);
    assert_int_equal(log.denied[ACL_DENIED_KEY], 4);
    acl_log_fini(&log);
}

static void tells_apart_what_differs(void **state)
{
    (void)state;
    struct acl_log log = { 0 };
    struct acl_event other = event("a", 0);

    add(&log, "a", 0, 128);
    other.user = SPAN("v");
    acl_log_add(&log, &other, 128);
    other.context = ACL_MULTI;
    acl_log_add(&log, &other, 128);
    other.denial = ACL_DENIED_AUTH;
    acl_log_add(&log, &other, 128);
    other.object = SPAN("a\0b");
    acl_log_add(&log, &other, 128);
    assert_int_equal(log.count, 5);
    acl_log_add(&log, &other, 128);
    assert_int_equal(log.count, 5);
    acl_log_fini(&log);
}

static void looks_for_the_same_among_the_newest_ten(void **state)
{
    (void)state;
    struct acl_log log = { 0 };
    static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10" };

    for (size_t i = 0; i < 10; i++) {
        add(&log, names[i], 0, 128);
    }
    add(&log, "0", 0, 128); /* The tenth. */
    assert_int_equal(log.count, 10);
    add(&log, "10", 0, 128);
    add(&log, "1", 0, 128); /* The eleventh. */
    assert_int_equal(log.count, 12);
    acl_log_fini(&log);
}

static void keeps_no_more_than_it_may(void **state)
{
    (void)state;
    struct acl_log log = { 0 };
    static char text[ACL_LOG_TEXT_MAX + 2];

    add(&log, "a", 0, 2);
    add(&log, "b", 0, 2);
    add(&log, "c", 0, 2);
    assert_int_equal(log.count, 2);
    assert_string_equal(log.oldest->object, "b");
    memset(text, 'x', sizeof(text) - 1);
    add(&log, text, 0, 2);
    assert_int_equal(log.newest->object_len, ACL_LOG_TEXT_MAX);
    text[ACL_LOG_TEXT_MAX] = '\0';
    add(&log, text, 0, 2);
    assert_int_equal(log.newest->count, 2);
    add(&log, "d", 0, 0);
    assert_int_equal(log.count, 0);
    assert_null(log.newest);
    assert_null(log.oldest);
    acl_log_fini(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_happens_again_within_a_minute),
        cmocka_unit_test(tells_apart_what_differs),
        cmocka_unit_test(looks_for_the_same_among_the_newest_ten),
        cmocka_unit_test(keeps_no_more_than_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
