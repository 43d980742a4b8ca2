/* Ziplists as Redis up to 6.2 wrote them, and what is none. */

#include "cache/ds/ziplist.h"

#include "cache/base/buf.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static bool note(void *context, struct span text)
{
    return buf_add(context, text) && buf_add(context, SPAN(" "));
}

static bool read_from_heap(struct span bytes, struct buf *out)
{
    /* Exactly as long as it is, so that a sanitizer sees every byte too far. */
    char *copy = memory_alloc(bytes.len + (bytes.len == 0));
    if (bytes.len > 0) {
        memcpy(copy, bytes.bytes, bytes.len);
    }
    bool sound = ziplist_read((struct span){ copy, bytes.len }, note, out);
    memory_free(copy);
    return sound;
}

static void assert_reads(struct span bytes, const char *elements)
{
    struct buf out;
    buf_init(&out, SIZE_MAX);
    assert_true(read_from_heap(bytes, &out));
    assert_true(span_equal(buf_span(&out), span_from(elements)));
    buf_fini(&out);
}

static void reads_an_empty_one(void **state)
{
    (void)state;
    assert_reads(SPAN("\x0b\0\0\0\x0a\0\0\0\0\0\xff"), "");
}

/* RPUSH l 2 5 in Redis 6.2, as its source documents it. */
static void reads_small_integers(void **state)
{
    (void)state;
    assert_reads(SPAN("\x0f\0\0\0\x0c\0\0\0\x02\0\x00\xf3\x02\xf6\xff"), "2 5 ");
    assert_reads(SPAN("\x0f\0\0\0\x0c\0\0\0\x02\0\x00\xf1\x02\xfd\xff"), "0 12 ");
}

static void reads_integers_of_every_width(void **state)
{
    (void)state;
    static const char bytes[] = "\x27\0\0\0\x1c\0\0\0\x05\0"
                                "\x00\xfe\x80"                             /* -128 */
                                "\x03\xc0\xff\x7f"                         /* 32767 */
                                "\x04\xf0\x00\x00\x80"                     /* -8388608 */
                                "\x05\xd0\xff\xff\xff\x7f"                 /* 2147483647 */
                                "\x06\xe0\x00\x00\x00\x00\x00\x00\x00\x80" /* INT64_MIN */
                                "\xff";
    assert_reads((struct span){ bytes, sizeof(bytes) - 1 },
                 "-128 32767 -8388608 2147483647 -9223372036854775808 ");
}

/* A text of `len` bytes between two short ones. */
static void assert_reads_length(size_t len)
{
    struct buf bytes, wanted;
    char *text = memory_alloc(len + 1);
    memset(text, 'x', len);
    text[len] = '\0';
    buf_init(&bytes, SIZE_MAX);
    buf_init(&wanted, SIZE_MAX);

    buf_add(&bytes, SPAN("\0\0\0\0\0\0\0\0\x03\0\x00\x01"
                         "a\x03"));
    if (len < 64) {
        buf_add(&bytes, (struct span){ (char[]){ (char)len }, 1 });
    } else if (len < 16384) {
        buf_add(&bytes, (struct span){ (char[]){ (char)(0x40 | len >> 8), (char)len }, 2 });
    } else {
        buf_add(&bytes,
                (struct span){
                    (char[]){ (char)0x80, 0, (char)(len >> 16), (char)(len >> 8), (char)len }, 5 });
    }
    buf_add(&bytes, (struct span){ text, len });
    size_t tail = bytes.len;
    size_t before = tail - 13;
    if (before < 254) {
        buf_add(&bytes, (struct span){ (char[]){ (char)before }, 1 });
    } else {
        buf_add(&bytes, (struct span){ (char[]){ (char)0xfe, (char)before, (char)(before >> 8),
                                                 (char)(before >> 16), 0 },
                                       5 });
    }
    buf_add(&bytes, SPAN("\x01"
                         "b\xff"));
    char *start = bytes.bytes;
    for (size_t i = 0; i < 4; i++) {
        start[i] = (char)(bytes.len >> (8 * i));
        start[4 + i] = (char)(tail >> (8 * i));
    }
    assert_true(buf_addf(&wanted, "a %s b ", text));
    *buf_reserve(&wanted, 1) = '\0';
    assert_reads(buf_span(&bytes), wanted.bytes);
    buf_fini(&bytes);
    buf_fini(&wanted);
    memory_free(text);
}

static void reads_texts_of_any_length(void **state)
{
    (void)state;
    static const size_t lens[] = { 0, 1, 63, 64, 250, 251, 252, 253, 16383, 16384, 70000 };
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        assert_reads_length(lens[i]);
    }
}

static void a_short_length_may_be_written_long(void **state)
{
    (void)state;
    assert_reads(SPAN("\x13\0\0\0\x0c\0\0\0\x02\0\x00\xf3\xfe\x02\0\0\0\xf6\xff"), "2 5 ");
}

static void a_count_may_be_unknown(void **state)
{
    (void)state;
    assert_reads(SPAN("\x0f\0\0\0\x0c\0\0\0\xff\xff\x00\xf3\x02\xf6\xff"), "2 5 ");
}

static bool refuse(void *context, struct span text)
{
    (void)text;
    *(int *)context += 1;
    return false;
}

static void ends_when_it_is_told(void **state)
{
    (void)state;
    int count = 0;
    assert_false(
        ziplist_read(SPAN("\x0f\0\0\0\x0c\0\0\0\x02\0\x00\xf3\x02\xf6\xff"), refuse, &count));
    assert_int_equal(count, 1);
}

static void refuses_what_is_broken(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct span bytes;
    } rows[] = {
        { "nothing", { "", 0 } },
        { "no end", { "\x0a\0\0\0\x0a\0\0\0\0\0", 10 } },
        { "another end", { "\x0b\0\0\0\x0a\0\0\0\0\0\xfe", 11 } },
        { "longer than it says", { "\x0b\0\0\0\x0a\0\0\0\0\0\xff\xff", 12 } },
        { "shorter than it says", { "\x0c\0\0\0\x0a\0\0\0\0\0\xff", 11 } },
        { "wrong tail", { "\x0f\0\0\0\x0a\0\0\0\x02\0\x00\xf3\x02\xf6\xff", 15 } },
        { "tail outside", { "\x0f\0\0\0\xff\xff\xff\xff\x02\0\x00\xf3\x02\xf6\xff", 15 } },
        { "wrong count", { "\x0f\0\0\0\x0c\0\0\0\x03\0\x00\xf3\x02\xf6\xff", 15 } },
        { "wrong length before", { "\x0f\0\0\0\x0c\0\0\0\x02\0\x00\xf3\x03\xf6\xff", 15 } },
        { "length before the first", { "\x0d\0\0\0\x0a\0\0\0\x01\0\x01\xf3\xff", 13 } },
        { "end inside", { "\x0f\0\0\0\x0c\0\0\0\x02\0\x00\xf3\xff\xf6\xff", 15 } },
        { "no encoding", { "\x0d\0\0\0\x0a\0\0\0\x01\0\x00\xc1\xff", 13 } },
        { "no encoding", { "\x0d\0\0\0\x0a\0\0\0\x01\0\x00\x81\xff", 13 } },
        { "no encoding", { "\x0d\0\0\0\x0a\0\0\0\x01\0\x00\xff\xff", 13 } },
        { "half an element", { "\x0c\0\0\0\x0a\0\0\0\x01\0\x00\xff", 12 } },
        { "half a length", { "\x0d\0\0\0\x0a\0\0\0\x01\0\xfe\x00\xff", 13 } },
        { "text past the end", { "\x0d\0\0\0\x0a\0\0\0\x01\0\x00\x01\xff", 13 } },
        { "long text past the end", { "\x0d\0\0\0\x0a\0\0\0\x01\0\x00\x40\xff", 13 } },
        { "long text past the end", { "\x0e\0\0\0\x0a\0\0\0\x01\0\x00\x7f\xff\xff", 14 } },
        { "longest text past the end", { "\x0d\0\0\0\x0a\0\0\0\x01\0\x00\x80\xff", 13 } },
        { "huge text", { "\x11\0\0\0\x0a\0\0\0\x01\0\x00\x80\xff\xff\xff\xff\xff", 17 } },
        { "integer past the end", { "\x0e\0\0\0\x0a\0\0\0\x01\0\x00\xc0\x00\xff", 14 } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf out;
        buf_init(&out, SIZE_MAX);
        if (read_from_heap(rows[i].bytes, &out)) {
            fail_msg("row %zu was accepted: %s", i, rows[i].why);
        }
        buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_empty_one),
        cmocka_unit_test(reads_small_integers),
        cmocka_unit_test(reads_integers_of_every_width),
        cmocka_unit_test(reads_texts_of_any_length),
        cmocka_unit_test(a_short_length_may_be_written_long),
        cmocka_unit_test(a_count_may_be_unknown),
        cmocka_unit_test(ends_when_it_is_told),
        cmocka_unit_test(refuses_what_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
