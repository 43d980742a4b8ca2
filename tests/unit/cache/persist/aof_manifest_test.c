/* The list of the append-only file's parts: what Redis writes is read and written again, and what
 * is damaged is refused in Redis's words. */

#include "cache/persist/aof_manifest.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_text(const struct aof_manifest *manifest, const char *text)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    aof_manifest_write(manifest, &out);
    assert_true(buf_add(&out, (struct span){ "", 1 }));
    assert_string_equal(buf_span(&out).bytes, text);
    buf_fini(&out);
}

static void what_was_written_is_read(void **state)
{
    static const char text[] = "file a.7.base.rdb seq 7 type b\n"
                               "file a.2.incr.aof seq 2 type h\n"
                               "file a.6.base.rdb seq 6 type h\n"
                               "file \" seq \\n .3.incr.aof\" seq 3 type i\n"
                               "file a.5.incr.aof seq 5 type i\n";
    struct aof_manifest manifest = { 0 }, copy;
    struct aof_fault fault;

    (void)state;
    assert_true(aof_manifest_parse(&manifest, SPAN(text), &fault));
    assert_int_equal(manifest.base_seq, 7);
    assert_int_equal(manifest.incr_seq, 5);
    assert_int_equal(aof_manifest_count(&manifest), 3);
    assert_string_equal(manifest.incr->name, " seq \n .3.incr.aof");
    assert_string_equal(aof_manifest_last(&manifest)->name, "a.5.incr.aof");
    aof_manifest_copy(&copy, &manifest);
    assert_text(&copy, text);
    aof_manifest_fini(&copy);
    aof_manifest_fini(&manifest);
}

static void unknown_words_and_remarks_are_skipped(void **state)
{
    struct aof_manifest manifest = { 0 };
    struct aof_fault fault;

    (void)state;
    assert_true(aof_manifest_parse(
        &manifest, SPAN("# remark\nfile a seq 1 type b newkey newvalue\n"), &fault));
    assert_text(&manifest, "file a seq 1 type b\n");
    aof_manifest_fini(&manifest);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    static const struct {
        const char *text;
        size_t line;
        const char *why;
    } rows[] = {
        { "", 0, "Found an empty AOF manifest" },
        { "\n", 1, "Invalid AOF manifest file format" },
        { "file a seq 1 type b\n\n", 2, "Invalid AOF manifest file format" },
        { "file a seq 1 type b", 1, "The AOF manifest file contains too long line" },
        { "filx a seq 1 type b\n", 1, "Invalid AOF manifest file format" },
        { "file a type b\n", 1, "Invalid AOF manifest file format" },
        { "file a seq 1 type b more\n", 1, "Invalid AOF manifest file format" },
        { "file a seq 0 type b\n", 1, "Invalid AOF manifest file format" },
        { "file a seq one type b\n", 1, "Invalid AOF manifest file format" },
        { "file \"a seq 1 type b\n", 1, "Invalid AOF manifest file format" },
        { "file \"\" seq 1 type b\n", 1, "File can't be a path, just a filename" },
        { "file ../a seq 1 type b\n", 1, "File can't be a path, just a filename" },
        { "file a seq 1 type x\n", 1, "Unknown AOF file type" },
        { "file a seq 1 type b\nfile b seq 2 type b\n", 2,
          "Found duplicate base file information" },
        { "file a seq 2 type i\nfile b seq 1 type i\n", 2,
          "Found a non-monotonic sequence number" },
        { "file a seq 2 type i\nfile b seq 2 type i\n", 2,
          "Found a non-monotonic sequence number" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct aof_manifest manifest = { 0 };
        struct aof_fault fault;
        assert_false(aof_manifest_parse(&manifest, span_from(rows[i].text), &fault));
        assert_string_equal(fault.why, rows[i].why);
        assert_int_equal(fault.line, rows[i].line);
        assert_true(aof_manifest_is_empty(&manifest));
        assert_int_equal(manifest.incr_seq, 0);
    }
}

/* A line of `len` bytes, its newline included. */
static bool line_is_taken(size_t len)
{
    struct aof_manifest manifest = { 0 };
    struct aof_fault fault;
    char text[AOF_LINE_MAX + 16];
    static const char front[] = "file a seq 1 type b note ";

    memset(text, 'x', sizeof(text));
    memcpy(text, front, sizeof(front) - 1);
    text[len - 1] = '\n';
    bool taken = aof_manifest_parse(&manifest, (struct span){ text, len }, &fault);
    aof_manifest_fini(&manifest);
    return taken;
}

static void a_line_has_a_longest_length(void **state)
{
    (void)state;
    assert_true(line_is_taken(AOF_LINE_MAX));
    assert_false(line_is_taken(AOF_LINE_MAX + 1));
}

static void rewriting_makes_history(void **state)
{
    struct aof_manifest manifest = { 0 };

    (void)state;
    assert_string_equal(aof_manifest_new_base(&manifest, "x", true), "x.1.base.rdb");
    assert_string_equal(aof_manifest_new_incr(&manifest, "x"), "x.1.incr.aof");
    assert_string_equal(aof_manifest_new_incr(&manifest, "x"), "x.2.incr.aof");
    assert_string_equal(aof_manifest_new_base(&manifest, "x", false), "x.2.base.aof");
    aof_manifest_retire(&manifest, 1);
    assert_text(&manifest, "file x.2.base.aof seq 2 type b\n"
                           "file x.1.incr.aof seq 1 type h\n"
                           "file x.1.base.rdb seq 1 type h\n"
                           "file x.2.incr.aof seq 2 type i\n");
    aof_manifest_forget_history(&manifest);
    assert_text(&manifest, "file x.2.base.aof seq 2 type b\nfile x.2.incr.aof seq 2 type i\n");
    aof_manifest_fini(&manifest);
}

static void an_old_file_becomes_the_base(void **state)
{
    struct aof_manifest manifest = { 0 };

    (void)state;
    aof_manifest_adopt(&manifest, "appendonly.aof");
    assert_text(&manifest, "file appendonly.aof seq 1 type b\n");
    assert_string_equal(aof_manifest_new_base(&manifest, "a", true), "a.2.base.rdb");
    aof_manifest_fini(&manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(unknown_words_and_remarks_are_skipped),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
        cmocka_unit_test(a_line_has_a_longest_length),
        cmocka_unit_test(rewriting_makes_history),
        cmocka_unit_test(an_old_file_becomes_the_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
