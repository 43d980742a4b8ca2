/* Requests out of bytes: whole, cut at every byte, broken, at limits. */

#include "proxy/protocol/resp_reader.h"

#include "cache/base/buf.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { BULK_MAX = 1024 * 1024 };

static const struct resp_limits friend_limits = { .bulk_max = BULK_MAX, .authenticated = true };
static const struct resp_limits stranger_limits = { .bulk_max = BULK_MAX };

/* What a reader made of some bytes, as text: "[GET|k|][PING|]" and how it ended. */
struct outcome {
    struct buf shown;
    enum err err;
    char error[RESP_ERROR_MAX];
    struct span error_text;
    size_t left; /* Bytes not used. */
};

static void show(struct buf *shown, struct span bytes)
{
    assert_true(buf_add(shown, bytes));
}

static void show_request(struct buf *shown, const struct resp_args *args)
{
    show(shown, SPAN("["));
    for (size_t i = 0; i < args->count; i++) {
        show(shown, args->spans[i]);
        show(shown, SPAN("|"));
    }
    show(shown, SPAN("]"));
}

/* Feeds the bytes `step` at a time, each time in a fresh place, as a server that copies what is
 * left over would. */
static struct outcome read_in_steps(struct span in, size_t step, const struct resp_limits *limits)
{
    struct outcome outcome = { .err = ERR_MORE };
    struct resp_reader reader = { 0 };
    struct resp_args args = { 0 };
    size_t start = 0, end = 0;

    buf_init(&outcome.shown, SIZE_MAX / 2);
    while (outcome.err == ERR_MORE && end < in.len) {
        end = in.len - end < step ? in.len : end + step;
        char *copy = memory_alloc(end - start + 1);
        memcpy(copy, in.bytes + start, end - start);
        struct span seen = { copy, end - start };
        size_t used;
        while ((outcome.err = resp_read(&reader, limits, seen, &args, &used)) == ERR_OK) {
            show_request(&outcome.shown, &args);
            resp_args_clear(&args);
            seen = span_skip(seen, used);
            start += used;
        }
        assert_int_equal(args.count, 0);
        memory_free(copy);
    }
    outcome.left = in.len - start;
    if (outcome.err != ERR_MORE) {
        outcome.error_text = resp_reader_error(&reader, outcome.error);
        outcome.error_text.bytes = outcome.error;
    }
    resp_reader_fini(&reader);
    resp_args_fini(&args);
    return outcome;
}

static void outcome_fini(struct outcome *outcome)
{
    buf_fini(&outcome->shown);
}

static void assert_shows(const struct outcome *outcome, const char *shown)
{
    struct span got = buf_span(&outcome->shown);
    assert_int_equal(got.len, strlen(shown));
    assert_memory_equal(got.bytes, shown, got.len);
}

static void assert_error(struct span in, const struct resp_limits *limits, enum err err,
                         struct span text)
{
    for (size_t step = 1; step <= in.len; step = step < 8 ? step + 1 : step * 2) {
        struct outcome outcome = read_in_steps(in, step, limits);
        assert_int_equal(outcome.err, err);
        assert_int_equal(outcome.error_text.len, text.len);
        assert_memory_equal(outcome.error, text.bytes, text.len);
        outcome_fini(&outcome);
    }
}

static const struct {
    const char *in, *shown;
} good[] = {
    { "*1\r\n$4\r\nPING\r\n", "[PING|]" },
    { "PING\r\n", "[PING|]" },
    { "PING\n", "[PING|]" },
    { "\r\n", "[]" },
    { "\n\n", "[][]" },
    { "*0\r\n", "[]" },
    { "*-10\r\nPING\r\n", "[][PING|]" },
    { "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "[GET|k|]" },
    { "*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "[GET||]" },
    { "*2\r\n$3\r\nGET\r\n$12\r\nkey:00000001\r\n*1\r\n$4\r\nPING\r\n",
      "[GET|key:00000001|][PING|]" },
    { "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$2\r\n\r\n\r\n", "[SET|a\r\nb|\r\n|]" },
    { "*11\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n$"
      "1\r\nh\r\n"
      "$1\r\ni\r\n$1\r\nj\r\n$1\r\nk\r\n",
      "[a|b|c|d|e|f|g|h|i|j|k|]" },
    { "SET k 'a b'\r\nGET \"\\x6b\"\r\n", "[SET|k|a b|][GET|k|]" },
    { "\"a\" \"\" b\r\n", "[a||b|]" },
    /* What follows an argument is not looked at, as in Redis. */
    { "*1\r\n$4\r\nPINGxx*1\r\n$1\r\na\r\n", "[PING|][a|]" },
    { "*1\rx$4\rxPING\r\n", "[PING|]" },
    /* Unfinished ones are waited for. */
    { "*2\r\n$3\r\nGET\r\n$5\r\nabc", "" },
    { "PING\r\n*", "[PING|]" },
    { "PING\r\n*1\r", "[PING|]" },
    { "GET k", "" },
};

static void reads_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct span in = span_from(good[i].in);
        for (size_t step = 1; step <= in.len; step++) {
            struct outcome outcome = read_in_steps(in, step, &friend_limits);
            assert_int_equal(outcome.err, ERR_MORE);
            assert_shows(&outcome, good[i].shown);
            outcome_fini(&outcome);
        }
    }
}

static void says_what_redis_says_of_bad_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *error;
    } bad[] = {
        { "*x\r\n", "Protocol error: invalid multibulk length" },
        { "*\r\n", "Protocol error: invalid multibulk length" },
        { "*1x\r\n", "Protocol error: invalid multibulk length" },
        { "*01\r\n", "Protocol error: invalid multibulk length" },
        { "*+1\r\n", "Protocol error: invalid multibulk length" },
        { "*2147483648\r\n", "Protocol error: invalid multibulk length" },
        { "*99999999999999999999\r\n", "Protocol error: invalid multibulk length" },
        { "*1\r\n:1\r\n", "Protocol error: expected '$', got ':'" },
        { "*2\r\n$3\r\nGET\r\nfoo\r\n", "Protocol error: expected '$', got 'f'" },
        { "*1\r\n\r\n", "Protocol error: expected '$', got '\r'" },
        { "*1\r\n$-1\r\n", "Protocol error: invalid bulk length" },
        { "*1\r\n$x\r\n", "Protocol error: invalid bulk length" },
        { "*1\r\n$@\r\n0123456789abcdef\r\n", "Protocol error: invalid bulk length" },
        { "*:\r\n", "Protocol error: invalid multibulk length" },
        { "*1\r\n$01\r\n", "Protocol error: invalid bulk length" },
        { "*1\r\n$\r\n", "Protocol error: invalid bulk length" },
        { "*2\r\n$3\r\nGET\r\n$1x\r\n", "Protocol error: invalid bulk length" },
        { "*1\r\n$99999999999999999999\r\n", "Protocol error: invalid bulk length" },
        { "'\r\n", "Protocol error: unbalanced quotes in request" },
        { "SET \"a\"b\r\n", "Protocol error: unbalanced quotes in request" },
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_error(span_from(bad[i].in), &friend_limits, ERR_PROTOCOL, span_from(bad[i].error));
    }
    assert_error((struct span){ "*1\r\n\0a\r\n", 8 }, &friend_limits, ERR_PROTOCOL,
                 (struct span){ "Protocol error: expected '$', got '\0'", 37 });
}

static void runs_what_came_before_an_error(void **state)
{
    (void)state;
    struct outcome outcome =
        read_in_steps(SPAN("PING\r\n*1\r\n$1\r\na\r\n*x\r\n"), 4, &friend_limits);

    assert_int_equal(outcome.err, ERR_PROTOCOL);
    assert_shows(&outcome, "[PING|][a|]");
    outcome_fini(&outcome);
}

/* `count` letters after a prefix, then a suffix. */
static struct span stretched(struct buf *buf, const char *prefix, size_t count, const char *suffix)
{
    buf_init(buf, SIZE_MAX / 2);
    show(buf, span_from(prefix));
    char *room = buf_reserve(buf, count);
    memset(room, 'a', count);
    buf_commit(buf, count);
    show(buf, span_from(suffix));
    return buf_span(buf);
}

static void bounds_an_inline_request(void **state)
{
    (void)state;
    struct buf buf;
    struct outcome outcome =
        read_in_steps(stretched(&buf, "", RESP_LINE_MAX, "\n"), 5000, &friend_limits);
    assert_int_equal(outcome.err, ERR_MORE);
    assert_int_equal(outcome.left, 0);
    outcome_fini(&outcome);
    buf_fini(&buf);

    const char *const endings[] = { "\n", "" };
    for (size_t i = 0; i < COUNT(endings); i++) {
        struct span over = stretched(&buf, "", RESP_LINE_MAX + 1, endings[i]);
        const size_t steps[] = { 5000, RESP_LINE_MAX, 1000000 };
        for (size_t j = 0; j < COUNT(steps); j++) {
            outcome = read_in_steps(over, steps[j], &friend_limits);
            assert_int_equal(outcome.err, ERR_TOO_BIG);
            assert_string_equal(outcome.error, "Protocol error: too big inline request");
            outcome_fini(&outcome);
        }
        buf_fini(&buf);
    }
}

static void bounds_the_lines_of_counts(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *error;
    } cases[] = {
        { "*", "Protocol error: too big mbulk count string" },
        { "*1\r\n$", "Protocol error: too big bulk count string" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf buf;
        struct span over = stretched(&buf, cases[i].prefix, RESP_LINE_MAX, "");
        struct outcome outcome = read_in_steps(over, 7000, &friend_limits);
        assert_int_equal(outcome.err, ERR_TOO_BIG);
        assert_string_equal(outcome.error, cases[i].error);
        outcome_fini(&outcome);
        buf_fini(&buf);

        outcome = read_in_steps(stretched(&buf, cases[i].prefix, RESP_LINE_MAX - 1, ""), 7000,
                                &friend_limits);
        assert_int_equal(outcome.err, ERR_MORE);
        outcome_fini(&outcome);
        buf_fini(&buf);
    }
}

static void bounds_an_argument(void **state)
{
    (void)state;
    struct resp_reader reader = { 0 };
    struct resp_args args = { 0 };
    size_t used;

    struct span at = SPAN("*1\r\n$1048576\r\n");
    assert_int_equal(resp_read(&reader, &friend_limits, at, &args, &used), ERR_MORE);
    assert_int_equal(resp_reader_missing(&reader, at.len), BULK_MAX + 2);
    resp_reader_fini(&reader);
    assert_error(SPAN("*1\r\n$1048577\r\n"), &friend_limits, ERR_TOO_BIG,
                 SPAN("Protocol error: invalid bulk length"));
    resp_args_fini(&args);
}

static void keeps_strangers_short(void **state)
{
    (void)state;
    struct outcome outcome = read_in_steps(SPAN("*10\r\n"), 5, &stranger_limits);
    assert_int_equal(outcome.err, ERR_MORE);
    outcome_fini(&outcome);
    outcome = read_in_steps(SPAN("*1\r\n$16384\r\n"), 5, &stranger_limits);
    assert_int_equal(outcome.err, ERR_MORE);
    outcome_fini(&outcome);

    assert_error(SPAN("*11\r\n"), &stranger_limits, ERR_TOO_BIG,
                 SPAN("Protocol error: unauthenticated multibulk length"));
    assert_error(SPAN("*1\r\n$16385\r\n"), &stranger_limits, ERR_TOO_BIG,
                 SPAN("Protocol error: unauthenticated bulk length"));
}

static void reads_many_arguments_cut_in_pieces(void **state)
{
    (void)state;
    enum { ARGS = 20003 };
    struct buf buf, expected;
    char text[64];

    buf_init(&buf, SIZE_MAX / 2);
    buf_init(&expected, SIZE_MAX / 2);
    int len = snprintf(text, sizeof(text), "*%d\r\n", ARGS);
    show(&buf, (struct span){ text, (size_t)len });
    show(&expected, SPAN("["));
    for (int i = 0; i < ARGS; i++) {
        len = snprintf(text, sizeof(text), "$5\r\n%05d\r\n", i);
        show(&buf, (struct span){ text, (size_t)len });
        len = snprintf(text, sizeof(text), "%05d|", i);
        show(&expected, (struct span){ text, (size_t)len });
    }
    show(&expected, SPAN("]"));

    const size_t steps[] = { 977, 16384, SIZE_MAX };
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct outcome outcome = read_in_steps(buf_span(&buf), steps[i], &friend_limits);
        assert_true(span_equal(buf_span(&outcome.shown), buf_span(&expected)));
        outcome_fini(&outcome);
    }
    buf_fini(&buf);
    buf_fini(&expected);
}

static void says_how_much_of_an_argument_is_missing(void **state)
{
    (void)state;
    struct resp_reader reader = { 0 };
    struct resp_args args = { 0 };
    size_t used;

    assert_int_equal(
        resp_read(&reader, &friend_limits, SPAN("*2\r\n$3\r\nGET\r\n$1"), &args, &used), ERR_MORE);
    assert_int_equal(resp_reader_missing(&reader, 15), 1);
    assert_int_equal(
        resp_read(&reader, &friend_limits, SPAN("*2\r\n$3\r\nGET\r\n$100\r\nab"), &args, &used),
        ERR_MORE);
    assert_int_equal(resp_reader_missing(&reader, 21), 100);
    resp_reader_fini(&reader);
    resp_args_fini(&args);
}

static void holds_no_memory_between_requests(void **state)
{
    (void)state;
    struct resp_reader reader = { 0 };
    struct resp_args args = { 0 };
    struct span in = SPAN("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    size_t used;

    assert_int_equal(
        resp_read(&reader, &friend_limits, (struct span){ in.bytes, 16 }, &args, &used), ERR_MORE);
    assert_non_null(reader.pieces);
    assert_int_equal(resp_read(&reader, &friend_limits, in, &args, &used), ERR_OK);
    assert_int_equal(used, in.len);
    assert_null(reader.pieces);
    resp_args_fini(&args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_same_however_it_is_cut),
        cmocka_unit_test(says_what_redis_says_of_bad_bytes),
        cmocka_unit_test(runs_what_came_before_an_error),
        cmocka_unit_test(bounds_an_inline_request),
        cmocka_unit_test(bounds_the_lines_of_counts),
        cmocka_unit_test(bounds_an_argument),
        cmocka_unit_test(keeps_strangers_short),
        cmocka_unit_test(reads_many_arguments_cut_in_pieces),
        cmocka_unit_test(says_how_much_of_an_argument_is_missing),
        cmocka_unit_test(holds_no_memory_between_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
