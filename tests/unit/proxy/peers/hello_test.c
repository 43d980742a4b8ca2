/* Introductions: accepted, refused, garbled. */

#include "proxy/peers/hello.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct hello us = {
    .mesh = "shop",
    .secret = "s3cret",
    .node_id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    .run_id = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    .address = "10.0.0.1:6380",
    .zone = "",
};

struct answer {
    struct buf buf;
    struct reply reply;
    bool accepted;
};

static struct answer check(const struct span *words, size_t count)
{
    struct answer answer;

    buf_init(&answer.buf, 4096);
    answer.reply = reply_into(&answer.buf, 3);
    answer.accepted = hello_check(&us, words, count, &answer.reply);
    answer.reply.out = NULL;
    return answer;
}

static void accepts_its_like_and_answers_without_the_secret(void **state)
{
    (void)state;
    struct span words[HELLO_WORDS];
    char version[8];
    char node_id[HELLO_ID_SIZE];

    hello_words(&us, version, words);
    struct answer answer = check(words, HELLO_WORDS);
    assert_true(answer.accepted);
    assert_false(answer.reply.failed);
    assert_true(hello_read(buf_span(&answer.buf), node_id));
    assert_string_equal(node_id, us.node_id);
    assert_null(memmem(buf_span(&answer.buf).bytes, answer.buf.len, "s3cret", 6));
    buf_fini(&answer.buf);
}

static void refuses_and_says_why(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *word, *why;
    } rows[] = {
        { 2, "2", "-ERR mesh version 2 is not spoken here, only 1\r\n" },
        { 2, "x", "-ERR not a hello of podis\r\n" },
        { 3, "other", "-ERR this is mesh 'shop', not yours\r\n" },
        { 4, "", "-WRONGPASS mesh-secret differs\r\n" },
        { 4, "s3cre", "-WRONGPASS mesh-secret differs\r\n" },
        { 4, "s3cret2", "-WRONGPASS mesh-secret differs\r\n" },
        { 4, "S3cret", "-WRONGPASS mesh-secret differs\r\n" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span words[HELLO_WORDS];
        char version[8];
        hello_words(&us, version, words);
        words[rows[i].at] = span_from(rows[i].word);
        struct answer answer = check(words, HELLO_WORDS);
        assert_false(answer.accepted);
        assert_true(answer.reply.failed);
        assert_true(span_equal(buf_span(&answer.buf), span_from(rows[i].why)));
        buf_fini(&answer.buf);
    }
}

static void refuses_a_wrong_number_of_words(void **state)
{
    (void)state;
    struct span words[HELLO_WORDS];
    char version[8];

    hello_words(&us, version, words);
    for (size_t count = 2; count < HELLO_WORDS; count++) {
        struct answer answer = check(words, count);
        assert_false(answer.accepted);
        buf_fini(&answer.buf);
    }
}

static void reads_no_node_id_out_of_anything_else(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "+OK\r\n",
        "*2\r\n$1\r\n1\r\n$4\r\nshop\r\n",
        "*6\r\n$1\r\n1\r\n$4\r\nshop\r\n$5\r\nshort\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n",
        "*6\r\n$1\r\n1\r\n$4\r\nshop\r\n:1\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n",
        "*6\r\n$1\r\n1\r\n$4\r\nshop\r\n$-1\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char node_id[HELLO_ID_SIZE];
        assert_false(hello_read(span_from(rows[i]), node_id));
    }
}

static void ids_are_forty_hex_digits_and_differ(void **state)
{
    (void)state;
    uint64_t random = 1;
    char first[HELLO_ID_SIZE], second[HELLO_ID_SIZE];

    hello_make_id(&random, first);
    hello_make_id(&random, second);
    assert_int_equal(strspn(first, "0123456789abcdef"), 40);
    assert_int_equal(strlen(first), 40);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_its_like_and_answers_without_the_secret),
        cmocka_unit_test(refuses_and_says_why),
        cmocka_unit_test(refuses_a_wrong_number_of_words),
        cmocka_unit_test(reads_no_node_id_out_of_anything_else),
        cmocka_unit_test(ids_are_forty_hex_digits_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
