/* ZRANDMEMBER, by the properties of what it answers. */

#include "tests/unit/cache/commands/try.h"

#include <stdlib.h>

enum { MANY = 1000 };

static void answers_without_chance(void **state)
{
    static const struct try_row rows[] = {
        { "ZRANDMEMBER no", "$-1\r\n" },
        { "ZRANDMEMBER no 3", "*0\r\n" },
        { "ZADD k 1 a", ":1\r\n" },
        { "ZRANDMEMBER k", "$1\r\na\r\n" },
        { "ZRANDMEMBER k 0", "*0\r\n" },
        { "ZRANDMEMBER k 5", "*1\r\n$1\r\na\r\n" },
        { "ZRANDMEMBER k -2", "*2\r\n$1\r\na\r\n$1\r\na\r\n" },
        { "ZRANDMEMBER k 1 WITHSCORES", "*2\r\n$1\r\na\r\n$1\r\n1\r\n" },
        { "ZRANDMEMBER k x", "-ERR value is not an integer or out of range\r\n" },
        { "ZRANDMEMBER k -9223372036854775808",
          "-ERR value is out of range, value must between -9223372036854775807 and "
          "9223372036854775807\r\n" },
        { "ZRANDMEMBER k 4611686018427387904 WITHSCORES", "-ERR value is out of range\r\n" },
        { "ZRANDMEMBER k 1 WITHSCORES x", "-ERR syntax error\r\n" },
        { "ZRANDMEMBER k 1 foo", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void pairs_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "ZADD k 1 a", ":1\r\n" },
        { "ZRANDMEMBER no", "_\r\n" },
        { "ZRANDMEMBER k -2 WITHSCORES", "*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\na\r\n,1\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

/* Members 0 … count - 1. */
static void fill(struct try *try, int count)
{
    char command[64];
    for (int i = 0; i < count; i++) {
        snprintf(command, sizeof(command), "ZADD k %d %d", i % 7, i);
        try_run(try, command);
    }
}

/* How often each member was answered; returns the number of answers. */
static size_t count_answers(const char *reply, unsigned seen[MANY])
{
    size_t answers = 0;
    memset(seen, 0, MANY * sizeof(*seen));
    for (const char *at = strchr(reply, '$'); at != NULL; at = strchr(at, '$')) {
        at = strchr(at, '\n') + 1;
        long member = strtol(at, NULL, 10);
        assert_in_range(member, 0, MANY - 1);
        seen[member]++;
        answers++;
    }
    return answers;
}

static void sample_is_right(struct try *try, int size, int wanted)
{
    char command[64];
    unsigned seen[MANY];
    snprintf(command, sizeof(command), "ZRANDMEMBER k %d", wanted);
    size_t answers = count_answers(try_run(try, command), seen);
    assert_int_equal(answers, wanted < size ? wanted : size);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(seen[i] <= 1);
    }
}

static void no_member_comes_twice(void **state)
{
    struct try *try = *state;
    fill(try, 100);
    for (int wanted = 1; wanted < 110; wanted++) {
        sample_is_right(try, 100, wanted);
    }
    fill(try, MANY);
    static const int counts[] = { 1, 2, 10, 100, 300, 333, 334, 500, 999, 1000, 1001 };
    for (size_t i = 0; i < COUNT(counts); i++) {
        sample_is_right(try, MANY, counts[i]);
    }
}

static void each_member_is_as_likely(void **state)
{
    struct try *try = *state;
    unsigned seen[MANY];
    fill(try, 10);
    assert_int_equal(count_answers(try_run(try, "ZRANDMEMBER k -10000"), seen), 10000);
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(seen[i], 850, 1150); /* Five standard deviations. */
    }
    unsigned total[MANY] = { 0 };
    for (int round = 0; round < 2000; round++) {
        count_answers(try_run(try, "ZRANDMEMBER k 5"), seen);
        for (size_t i = 0; i < 10; i++) {
            total[i] += seen[i];
        }
    }
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(total[i], 880, 1120);
    }
}

static void a_full_buffer_ends_it(void **state)
{
    struct try *try = *state;
    fill(try, 10);
    try->out.max = 4096;
    try_run(try, "ZRANDMEMBER k -9223372036854775807");
    assert_true(buf_span(&try->out).len <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(answers_without_chance),   TRY(pairs_in_resp3),        TRY(no_member_comes_twice),
        TRY(each_member_is_as_likely), TRY(a_full_buffer_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
