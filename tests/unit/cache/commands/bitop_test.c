/* BITOP, against joining the texts byte by byte. */

#include "cache/base/hash.h"

#include "tests/unit/cache/commands/try.h"

enum { SOURCES_MAX = 4, TEXT_MAX = 10000 };

struct text {
    unsigned char bytes[TEXT_MAX];
    size_t len;
};

static unsigned byte_of(const struct text *text, size_t at)
{
    return at < text->len ? text->bytes[at] : 0;
}

/* What the definition says of one byte. */
static unsigned expected(const char *name, const struct text *texts, size_t count, size_t at)
{
    unsigned first = byte_of(&texts[0], at);
    unsigned all_and = first, all_or = first, all_xor = first, others = 0, one = 0;

    for (size_t i = 1; i < count; i++) {
        all_and &= byte_of(&texts[i], at);
        all_or |= byte_of(&texts[i], at);
        all_xor ^= byte_of(&texts[i], at);
        others |= byte_of(&texts[i], at);
    }
    for (unsigned bit = 1; bit < 256; bit *= 2) {
        unsigned seen = 0;
        for (size_t i = 0; i < count; i++) {
            seen += (byte_of(&texts[i], at) & bit) != 0;
        }
        one |= seen == 1 ? bit : 0;
    }
    const struct {
        const char *name;
        unsigned byte;
    } rows[] = {
        { "AND", all_and },
        { "OR", all_or },
        { "XOR", all_xor },
        { "NOT", ~first & 255 },
        { "ONE", one },
        { "DIFF", first & ~others },
        { "DIFF1", ~first & others },
        { "ANDOR", first & others },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].byte;
        }
    }
    fail_msg("%s?", name);
    return 0;
}

static size_t some_len(uint64_t *random)
{
    static const size_t lens[] = { 0, 1, 7, 8, 9, 4095, 4096, 4097, 8192, 9999 };
    return lens[random_below(random, COUNT(lens))];
}

static void try_once(struct try *try, const char *name, size_t count, uint64_t *random)
{
    static struct text texts[SOURCES_MAX];
    static const char *const keys[] = { "a", "b", "c", "d" };
    struct span argv[3 + SOURCES_MAX] = { SPAN("BITOP"), span_from(name), SPAN("to") };
    size_t longest = 0;

    for (size_t i = 0; i < count; i++) {
        texts[i].len = some_len(random);
        longest = texts[i].len > longest ? texts[i].len : longest;
        for (size_t at = 0; at < texts[i].len; at++) {
            texts[i].bytes[at] = (unsigned char)random_next(random);
        }
        struct span text = { (const char *)texts[i].bytes, texts[i].len };
        struct span set[] = { SPAN("SET"), span_from(keys[i]), text };
        try_argv(try, set, COUNT(set));
        argv[3 + i] = set[1];
    }
    char reply[32];
    snprintf(reply, sizeof(reply), ":%zu\r\n", longest);
    assert_string_equal(try_argv(try, argv, 3 + count).bytes, reply);
    if (longest == 0) {
        assert_string_equal(try_run(try, "EXISTS to"), ":0\r\n");
        return;
    }
    struct span got = SPAN("GET");
    struct span get[] = { got, SPAN("to") };
    got = try_argv(try, get, COUNT(get));
    got = span_skip(got, (size_t)snprintf(reply, sizeof(reply), "$%zu\r\n", longest));
    for (size_t at = 0; at < longest; at++) {
        assert_int_equal((unsigned char)got.bytes[at], expected(name, texts, count, at));
    }
}

static void is_what_the_definition_says(void **state)
{
    static const struct {
        const char *name;
        size_t min, max;
    } rows[] = {
        { "AND", 1, 4 }, { "OR", 1, 4 },   { "XOR", 1, 4 },   { "NOT", 1, 1 },
        { "ONE", 1, 4 }, { "DIFF", 2, 4 }, { "DIFF1", 2, 4 }, { "ANDOR", 2, 4 },
    };
    uint64_t random = 4;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t count = rows[i].min; count <= rows[i].max; count++) {
            for (int round = 0; round < 10; round++) {
                try_once(*state, rows[i].name, count, &random);
            }
        }
    }
}

static void answers_and_errors_are_those_of_redis(void **state)
{
    static const struct try_row rows[] = {
        { "BITOP NOT to a b", "-ERR BITOP NOT must be called with a single source key.\r\n" },
        { "BITOP nope to a", "-ERR syntax error\r\n" },
        { "BITOP diff to a", "-ERR BITOP DIFF must be called with at least two source keys.\r\n" },
        { "BITOP DIFF1 to a",
          "-ERR BITOP DIFF1 must be called with at least two source keys.\r\n" },
        { "BITOP ANDOR to a",
          "-ERR BITOP ANDOR must be called with at least two source keys.\r\n" },
        { "MSET a 12 b ab", "+OK\r\n" },
        { "BITOP or to a b", ":2\r\n" },
        { "GET to", "$2\r\nqr\r\n" },
        { "OBJECT ENCODING to", "$3\r\nraw\r\n" },
        { "SETEX to 100 x", "+OK\r\n" },
        { "BITOP OR to to to", ":1\r\n" },
        { "TTL to", ":-1\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void an_empty_result_deletes_the_key(void **state)
{
    struct try *try = *state;
    try_run(try, "SET to x");
    try_run(try, "SET a ''");
    try_changes(try);
    try_events(try);
    assert_string_equal(try_run(try, "BITOP AND to a none"), ":0\r\n");
    assert_string_equal(try_changes(try), "0: BITOP AND to a none\n");
    assert_string_equal(try_events(try), "0: keymiss none\n0: del to\n");
    try_run(try, "BITOP AND to a none");
    assert_string_equal(try_changes(try), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(is_what_the_definition_says),
        TRY(answers_and_errors_are_those_of_redis),
        TRY(an_empty_result_deletes_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
