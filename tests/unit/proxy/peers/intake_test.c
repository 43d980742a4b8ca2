/* Values as they are parsed: into replies, as pushes, as MOVED. */

#include "proxy/peers/intake.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What was pushed: keys, each with a space behind it; "* " for all. */
static void note_key(void *context, struct span key)
{
    bool added = buf_add(context, key.bytes == NULL ? SPAN("*") : key);

    assert_true(added && buf_add(context, SPAN(" ")));
}

static void push(struct intake *intake, const struct value *values, size_t count)
{
    intake_begin_push(intake);
    for (size_t i = 0; i < count; i++) {
        intake_value(intake, &values[i]);
    }
}

static void hears_which_keys_are_invalid(void **state)
{
    (void)state;
    const struct value some[] = {
        { .kind = '>', .count = 2 },
        { .kind = '$', .depth = 1, .index = 0, .text = SPAN("invalidate") },
        { .kind = '*', .depth = 1, .index = 1, .count = 2 },
        { .kind = '$', .depth = 2, .index = 0, .text = SPAN("a") },
        { .kind = '$', .depth = 2, .index = 1, .text = SPAN("") },
    };
    const struct value all[] = {
        { .kind = '>', .count = 2 },
        { .kind = '$', .depth = 1, .index = 0, .text = SPAN("invalidate") },
        { .kind = '_', .depth = 1, .index = 1 },
    };
    const struct value other[] = {
        { .kind = '>', .count = 2 },
        { .kind = '$', .depth = 1, .index = 0, .text = SPAN("message") },
        { .kind = '*', .depth = 1, .index = 1, .count = 1 },
        { .kind = '$', .depth = 2, .index = 0, .text = SPAN("b") },
        { .kind = '_', .depth = 1, .index = 2 },
    };
    struct intake intake;
    struct buf heard;

    buf_init(&heard, 4096);
    intake_init(&intake, note_key, &heard);
    push(&intake, some, COUNT(some));
    push(&intake, other, COUNT(other));
    push(&intake, all, COUNT(all));
    assert_true(span_equal(buf_span(&heard), SPAN("a  * ")));
    buf_fini(&heard);
}

static void takes_moved_for_itself_where_it_is_the_answer(void **state)
{
    (void)state;
    static const struct {
        const char *error, *moved_to;
        bool moved;
    } rows[] = {
        { "MOVED 5 10.0.0.1:6380", "10.0.0.1:6380", true },
        { "MOVED 5 ::1:6380", "::1:6380", true },
        { "MOVED 5", "", true },
        { "MOVED ", "", true },
        { "MOVEDX 5 a:1", "", false },
        { "ERR MOVED 5 a:1", "", false },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf;
        struct intake intake;
        buf_init(&buf, 4096);
        struct reply reply = reply_into(&buf, 2);
        struct reply *into = &reply;
        struct link_call call = { .into = &into };
        intake_init(&intake, note_key, NULL);
        intake_begin_call(&intake, &call);
        intake_value(&intake, &(struct value){ .kind = '-', .text = span_from(rows[i].error) });
        assert_int_equal(intake.moved, rows[i].moved);
        assert_int_equal(buf.len == 0, rows[i].moved);
        if (rows[i].moved) {
            assert_true(span_equal(intake_moved_to(&intake), span_from(rows[i].moved_to)));
        }
        buf_fini(&buf);
    }
}

static void an_error_inside_an_answer_is_not_moved(void **state)
{
    (void)state;
    struct buf buf;
    struct intake intake;

    buf_init(&buf, 4096);
    struct reply reply = reply_into(&buf, 2);
    struct reply *into = &reply;
    struct link_call call = { .into = &into };
    intake_init(&intake, note_key, NULL);
    intake_begin_call(&intake, &call);
    intake_value(&intake, &(struct value){ .kind = '*', .count = 1 });
    intake_value(&intake, &(struct value){ .kind = '-', .depth = 1, .text = SPAN("MOVED 1 a:1") });
    assert_false(intake.moved);
    assert_true(span_equal(buf_span(&buf), SPAN("*1\r\n-MOVED 1 a:1\r\n")));
    buf_fini(&buf);
}

static void writes_nothing_for_a_client_that_goes_half_way(void **state)
{
    (void)state;
    struct buf buf;
    struct intake intake;

    buf_init(&buf, 4096);
    struct reply reply = reply_into(&buf, 2);
    struct reply *into = &reply;
    struct link_call call = { .into = &into };
    intake_init(&intake, note_key, NULL);
    intake_begin_call(&intake, &call);
    intake_value(&intake, &(struct value){ .kind = '*', .count = 2 });
    into = NULL;
    intake_value(&intake, &(struct value){ .kind = ':', .depth = 1, .text = SPAN("1") });
    intake_cut(&intake);
    intake_value(&intake, &(struct value){ .kind = ':', .depth = 1, .text = SPAN("2") });
    assert_true(span_equal(buf_span(&buf), SPAN("*2\r\n")));
    buf_fini(&buf);
}

/* The values of an answer, into a reply of RESP2. */
static void assert_becomes(enum shape shape, const struct value *values, size_t count,
                           const char *text)
{
    struct buf out;
    struct intake intake;

    buf_init(&out, 4096);
    struct reply reply = reply_into(&out, 2);
    struct reply *into = &reply;
    struct link_call call = { .into = &into, .shape = shape };
    intake_init(&intake, note_key, NULL);
    intake_begin_call(&intake, &call);
    for (size_t i = 0; i < count; i++) {
        intake_value(&intake, &values[i]);
    }
    intake_end(&intake);
    assert_true(span_equal(buf_span(&out), span_from(text)));
    buf_fini(&out);
}

static void pairs_become_flat_for_an_app_of_resp2(void **state)
{
    (void)state;
    const struct value pairs[] = {
        { .kind = '*', .count = 2 },
        { .kind = '*', .depth = 1, .index = 0, .count = 2 },
        { .kind = '$', .depth = 2, .index = 0, .text = SPAN("a") },
        { .kind = ',', .depth = 2, .index = 1, .text = SPAN("1") },
        { .kind = '*', .depth = 1, .index = 1, .count = 2 },
        { .kind = '$', .depth = 2, .index = 0, .text = SPAN("b") },
        { .kind = ',', .depth = 2, .index = 1, .text = SPAN("2") },
    };
    const struct value names[] = {
        { .kind = '*', .count = 1 },
        { .kind = '$', .depth = 1, .index = 0, .text = SPAN("a") },
    };
    const struct value none[] = { { .kind = '*', .count = 0 } };

    assert_becomes(SHAPE_PAIRS, pairs, COUNT(pairs),
                   "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n");
    assert_becomes(SHAPE_PAIRS, names, COUNT(names), "*1\r\n$1\r\na\r\n");
    assert_becomes(SHAPE_PAIRS, none, COUNT(none), "*0\r\n");
}

static void a_map_of_entries_becomes_pairs_for_an_app_of_resp2(void **state)
{
    (void)state;
    const struct value values[] = {
        { .kind = '%', .count = 4 },
        { .kind = '$', .depth = 1, .index = 0, .text = SPAN("k") },
        { .kind = '*', .depth = 1, .index = 1, .count = 1 },
        { .kind = '$', .depth = 2, .index = 0, .text = SPAN("e") },
        { .kind = '$', .depth = 1, .index = 2, .text = SPAN("m") },
        { .kind = '*', .depth = 1, .index = 3, .count = 0 },
    };

    assert_becomes(SHAPE_ENTRIES, values, COUNT(values),
                   "*2\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\ne\r\n*2\r\n$1\r\nm\r\n*0\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_which_keys_are_invalid),
        cmocka_unit_test(pairs_become_flat_for_an_app_of_resp2),
        cmocka_unit_test(a_map_of_entries_becomes_pairs_for_an_app_of_resp2),
        cmocka_unit_test(takes_moved_for_itself_where_it_is_the_answer),
        cmocka_unit_test(an_error_inside_an_answer_is_not_moved),
        cmocka_unit_test(writes_nothing_for_a_client_that_goes_half_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
