/* Requests as bytes, and back. */

#include "proxy/peers/words.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void writes_an_array_of_bulks(void **state)
{
    (void)state;
    const struct span argv[] = {
        SPAN("SET"), SPAN("k"), { "", 0 }, { "\r\n\0", 3 }, SPAN("0123456789")
    };
    const struct span bytes =
        SPAN("*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$3\r\n\r\n\0\r\n$10\r\n0123456789\r\n");
    char room[128];

    assert_int_equal(words_len(argv, COUNT(argv)), bytes.len);
    words_put(room, argv, COUNT(argv));
    assert_memory_equal(room, bytes.bytes, bytes.len);
}

static void takes_back_what_it_wrote(void **state)
{
    (void)state;
    static const size_t lens[] = { 0, 1, 9, 10, 99, 100, 999, 1000, 70000 };

    for (size_t i = 0; i < COUNT(lens); i++) {
        char *text = memory_zero(lens[i] + 1);
        struct span argv[] = { SPAN("X"), { text, lens[i] } };
        size_t len = words_len(argv, 2);
        char *room = memory_alloc(len);
        size_t argc;
        words_put(room, argv, 2);
        struct span *words = words_take((struct span){ room, len }, &argc);
        assert_int_equal(argc, 2);
        assert_true(span_equal(words[0], argv[0]));
        assert_true(span_equal(words[1], argv[1]));
        memory_free(words);
        memory_free(room);
        memory_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_an_array_of_bulks),
        cmocka_unit_test(takes_back_what_it_wrote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
