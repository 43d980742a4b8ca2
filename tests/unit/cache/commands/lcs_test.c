/* LCS, against the examples of its definition and against a search of all subsequences. */

#include "tests/unit/cache/commands/try.h"

#include "cache/base/hash.h"

static void finds_the_subsequence(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a ohmytext b mynewtext n 12345 m 2345", "+OK\r\n" },
        { "LCS a b", "$6\r\nmytext\r\n" },
        { "LCS a b LEN", ":6\r\n" },
        { "LCS n m", "$4\r\n2345\r\n" },
        { "LCS a none", "$0\r\n\r\n" },
        { "LCS none other LEN", ":0\r\n" },
        { "LCS a a LEN", ":8\r\n" },
    };
    TRY_ROWS(state, rows);
}

#define TEXT_RANGES                                                                                \
    "*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n"                                                   \
    "*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n"

static void gives_ranges(void **state)
{
    static const struct try_row rows[] = {
        { "MSET a ohmytext b mynewtext", "+OK\r\n" },
        { "LCS a b IDX", "*4\r\n$7\r\nmatches\r\n*2\r\n" TEXT_RANGES "$3\r\nlen\r\n:6\r\n" },
        { "LCS a b IDX MINMATCHLEN 4",
          "*4\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n"
          "$3\r\nlen\r\n:6\r\n" },
        { "LCS a b IDX WITHMATCHLEN MINMATCHLEN 4",
          "*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n"
          "$3\r\nlen\r\n:6\r\n" },
        { "LCS a b IDX MINMATCHLEN 5", "*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:6\r\n" },
        { "LCS a b IDX MINMATCHLEN -5",
          "*4\r\n$7\r\nmatches\r\n*2\r\n" TEXT_RANGES "$3\r\nlen\r\n:6\r\n" },
        { "LCS a none IDX", "*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void gives_ranges_as_a_map_in_resp3(void **state)
{
    struct try *try = *state;
    try->protocol = 3;
    try_run(try, "MSET a xay b zaw");
    assert_string_equal(try_run(try, "LCS a b IDX"),
                        "%2\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:1\r\n:1\r\n*2\r\n:1\r\n:1\r\n"
                        "$3\r\nlen\r\n:1\r\n");
}

static void refuses_what_does_not_fit(void **state)
{
    static const struct try_row rows[] = {
        { "LCS a b LEN IDX",
          "-ERR If you want both the length and indexes, please just use IDX.\r\n" },
        { "LCS a b FOO", "-ERR syntax error\r\n" },
        { "LCS a b MINMATCHLEN", "-ERR syntax error\r\n" },
        { "LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range\r\n" },
        { "MSET a 123456789 b 123456789", "+OK\r\n" },
        { "LCS a b LEN", ":9\r\n" },
        { "SETRANGE a 9 x", ":10\r\n" },
        { "LCS a b LEN", "-ERR Insufficient memory, transient memory for LCS exceeds "
                         "proto-max-bulk-len\r\n" },
    };
    struct try *try = *state;
    cache_set_string_max(try->cache, 4 * 10 * 10);
    TRY_ROWS(state, rows);
}

static bool is_subsequence(const char *part, size_t part_len, const char *text, size_t text_len)
{
    size_t at = 0;
    for (size_t i = 0; i < text_len && at < part_len; i++) {
        at += text[i] == part[at];
    }
    return at == part_len;
}

/* By trying all 2^len subsequences of a. */
static size_t longest(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t best = 0;
    for (unsigned mask = 0; mask < 1u << a_len; mask++) {
        char part[16];
        size_t len = 0;
        for (size_t i = 0; i < a_len; i++) {
            if ((mask & 1u << i) != 0) {
                part[len++] = a[i];
            }
        }
        if (len > best && is_subsequence(part, len, b, b_len)) {
            best = len;
        }
    }
    return best;
}

static void agrees_with_a_search_of_all(void **state)
{
    uint64_t random = 1;
    for (int round = 0; round < 300; round++) {
        char a[16];
        char b[16];
        size_t a_len = random_below(&random, 10);
        size_t b_len = random_below(&random, 10);
        for (size_t i = 0; i < 10; i++) {
            a[i] = (char)('a' + random_below(&random, 3));
            b[i] = (char)('a' + random_below(&random, 3));
        }
        const struct span set[] = {
            SPAN("MSET"), SPAN("a"), { a, a_len }, SPAN("b"), { b, b_len }
        };
        try_argv(*state, set, 5);
        const char *reply = try_run(*state, "LCS a b");
        size_t len = longest(a, a_len, b, b_len);
        assert_int_equal(reply[1] - '0', len);
        assert_true(is_subsequence(reply + 4, len, a, a_len));
        assert_true(is_subsequence(reply + 4, len, b, b_len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(finds_the_subsequence),          TRY(gives_ranges),
        TRY(gives_ranges_as_a_map_in_resp3), TRY(refuses_what_does_not_fit),
        TRY(agrees_with_a_search_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
