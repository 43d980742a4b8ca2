/* Changes as the bytes that repeat them. */

#include "cache/persist/change_text.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SELECT(db) "*2\r\n$6\r\nSELECT\r\n$1\r\n" db "\r\n"
#define MULTI      "*1\r\n$5\r\nMULTI\r\n"
#define EXEC       "*1\r\n$4\r\nEXEC\r\n"
#define DEL(key)   "*2\r\n$3\r\nDEL\r\n$1\r\n" key "\r\n"

struct fixture {
    struct change_text text;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    change_text_init(&fixture.text);
    buf_init(&fixture.out, SIZE_MAX / 2);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_fini(&f->out);
    return 0;
}

static void removed(struct fixture *f, int db, const char *key, bool joined)
{
    struct span argv[] = { SPAN("DEL"), span_from(key) };
    struct change change = { .db = db, .joined = joined, .argv = argv, .argc = COUNT(argv) };
    change_text_add(&f->text, &f->out, &change);
}

static void assert_text(struct fixture *f, const char *text)
{
    struct span out = buf_span(&f->out);
    assert_int_equal(out.len, strlen(text));
    assert_memory_equal(out.bytes, text, out.len);
}

static void says_the_database_when_it_is_another(void **state)
{
    struct fixture *f = *state;
    removed(f, 0, "a", false);
    removed(f, 0, "b", false);
    removed(f, 5, "c", false);
    change_text_end(&f->text, &f->out);
    assert_text(f, SELECT("0") DEL("a") DEL("b") SELECT("5") DEL("c"));
}

static void says_no_database_for_what_is_about_all(void **state)
{
    struct fixture *f = *state;
    removed(f, 3, "a", false);
    removed(f, -1, "b", false);
    removed(f, 3, "c", false);
    assert_text(f, SELECT("3") DEL("a") DEL("b") DEL("c"));
}

static void says_it_again_after_it_was_forgotten(void **state)
{
    struct fixture *f = *state;
    removed(f, 0, "a", false);
    change_text_forget_db(&f->text);
    removed(f, 0, "b", false);
    assert_text(f, SELECT("0") DEL("a") SELECT("0") DEL("b"));
}

static void puts_multi_and_exec_around_what_is_joined(void **state)
{
    struct fixture *f = *state;
    removed(f, 0, "a", false);
    removed(f, 0, "b", false);
    removed(f, 0, "c", true);
    removed(f, 7, "d", true);
    removed(f, 7, "e", false);
    change_text_end(&f->text, &f->out);
    assert_text(f, SELECT("0") DEL("a") MULTI DEL("b") DEL("c") SELECT("7") DEL("d") EXEC DEL("e"));
}

static void selects_the_database_ahead_of_multi(void **state)
{
    struct fixture *f = *state;
    removed(f, 2, "a", false);
    removed(f, 2, "b", true);
    change_text_end(&f->text, &f->out);
    assert_text(f, SELECT("2") MULTI DEL("a") DEL("b") EXEC);
}

static void goes_on_where_the_text_was_taken(void **state)
{
    struct fixture *f = *state;
    removed(f, 0, "a", false);
    change_text_end(&f->text, &f->out);
    buf_consume(&f->out, 1);
    buf_consume(&f->out, f->out.len);
    /* Joined to what has left already: a unit of its own. */
    removed(f, 0, "b", true);
    removed(f, 0, "c", true);
    change_text_end(&f->text, &f->out);
    change_text_end(&f->text, &f->out);
    assert_text(f, MULTI DEL("b") DEL("c") EXEC);
}

static void a_request_that_does_not_fit_is_not_begun(void **state)
{
    (void)state;
    struct span argv[] = { SPAN("PING"), SPAN("") };
    struct buf out;
    buf_init(&out, 10);
    assert_false(change_text_request(&out, argv, COUNT(argv)));
    assert_int_equal(out.len, 0);
    out.max = 1000;
    assert_true(change_text_request(&out, argv, COUNT(argv)));
    assert_true(span_equal(buf_span(&out), SPAN("*2\r\n$4\r\nPING\r\n$0\r\n\r\n")));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_the_database_when_it_is_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_no_database_for_what_is_about_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_it_again_after_it_was_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(puts_multi_and_exec_around_what_is_joined, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(selects_the_database_ahead_of_multi, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_where_the_text_was_taken, set_up, tear_down),
        cmocka_unit_test(a_request_that_does_not_fit_is_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
