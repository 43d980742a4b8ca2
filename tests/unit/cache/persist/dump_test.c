/* DUMP payloads: what is written is Redis's, and what is broken is refused. */

#include "cache/persist/dump.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void *string_made(struct span text)
{
    struct string_form form = string_form(text);
    void *value = memory_alloc(form.size);
    string_write(value, &form);
    return value;
}

static void dump_text(struct buf *out, struct span text)
{
    void *value = string_made(text);
    buf_init(out, 1 << 20);
    assert_true(dump_write(out, &type_string, value));
    memory_free(value);
}

static void writes_what_redis_writes(void **state)
{
    (void)state;
    struct buf out;
    dump_text(&out, SPAN("foo"));
    /* SET k foo, DUMP k of redis-server, but for version 11. */
    assert_true(span_equal(buf_span(&out), SPAN("\x00\x03"
                                                "foo\x0b\x00\x1a\x96\x84\xa8\xb0\x5e\x53\x1e")));
    buf_fini(&out);
}

static void a_value_comes_back(void **state)
{
    (void)state;
    static const char *texts[] = { "", "foo", "12345", "-7" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buf out;
        const struct type *type;
        const char *why;
        char room[STRING_TEXT_ROOM];
        dump_text(&out, span_from(texts[i]));
        assert_true(dump_is_intact(buf_span(&out), true));
        void *value = dump_read(buf_span(&out), &type_limits_default, &type, &why);
        assert_non_null(value);
        assert_null(why);
        assert_ptr_equal(type, &type_string);
        assert_true(span_equal(string_text(value, room), span_from(texts[i])));
        type->free(value);
        buf_fini(&out);
    }
}

static void follows_what_is_in_the_buffer_already(void **state)
{
    (void)state;
    struct buf out;
    void *value = string_made(SPAN("foo"));
    buf_init(&out, 1000);
    assert_true(buf_add(&out, SPAN("before")));
    assert_true(dump_write(&out, &type_string, value));
    assert_true(dump_is_intact(span_skip(buf_span(&out), 6), true));
    buf_fini(&out);
    memory_free(value);
}

static void says_when_the_buffer_is_full(void **state)
{
    (void)state;
    void *value = string_made(SPAN("some text"));
    for (size_t max = 0; max < 21; max++) {
        struct buf out;
        buf_init(&out, max);
        assert_false(dump_write(&out, &type_string, value));
        buf_fini(&out);
    }
    memory_free(value);
}

static void any_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct buf out;
    dump_text(&out, SPAN("a text of some length, as it goes"));
    for (size_t i = 0; i < out.len; i++) {
        out.bytes[i] ^= 1;
        assert_false(dump_is_intact(buf_span(&out), true));
        out.bytes[i] ^= 1;
    }
    assert_true(dump_is_intact(buf_span(&out), true));
    buf_fini(&out);
}

static void versions_up_to_twelve_are_read(void **state)
{
    (void)state;
    assert_true(dump_is_intact(SPAN("\x00\x01x\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), false));
    assert_true(dump_is_intact(SPAN("\x00\x01x\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), false));
    assert_false(dump_is_intact(SPAN("\x00\x01x\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00"), false));
    assert_false(dump_is_intact(SPAN("\x00\x01x\x0b\x01\x00\x00\x00\x00\x00\x00\x00\x00"), false));
    assert_false(dump_is_intact(SPAN("short"), false));
    assert_false(dump_is_intact(SPAN(""), false));
}

#define FOOTER "\x0b\x00--------"

static void a_broken_body_is_refused(void **state)
{
    (void)state;
    const struct span rows[] = {
        SPAN(FOOTER),        /* nothing */
        SPAN("\x00" FOOTER), /* no body */
        SPAN("\x00\x04"
             "foo" FOOTER), /* too short */
        SPAN("\x00\x02"
             "foo" FOOTER),              /* something left over */
        SPAN("\x06\x01x" FOOTER),        /* a module's */
        SPAN("\xff\x01x" FOOTER),        /* the end of a file */
        SPAN("\x00\xc4\x01" FOOTER),     /* an encoding that is none */
        SPAN("\x12\x01\x01\x00" FOOTER), /* a plain node of a list, of no bytes */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct type *type;
        const char *why = NULL;
        assert_null(dump_read(rows[i], &type_limits_default, &type, &why));
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_redis_writes),
        cmocka_unit_test(a_value_comes_back),
        cmocka_unit_test(follows_what_is_in_the_buffer_already),
        cmocka_unit_test(says_when_the_buffer_is_full),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(versions_up_to_twelve_are_read),
        cmocka_unit_test(a_broken_body_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
