/* The announced changes, replayed on an empty store, make the same store. */

#include "tests/unit/cache/commands/try.h"

#include "cache/base/hash.h"
#include "cache/base/number.h"
#include "cache/types/string.h"
#include "cache/types/type.h"

#include <stdlib.h>

enum { COMMANDS = 20000, SEEDS = 5 };

struct pair {
    struct try from;
    struct try to;
    uint64_t random;
    uint64_t announced;
};

static void replay(void *context, const struct change *change)
{
    struct pair *pair = context;

    assert_int_equal(change->seq, pair->announced + 1);
    pair->announced = change->seq;
    assert_true(change->everything || change->key_count > 0);
    pair->to.now_ms = pair->from.now_ms;
    pair->to.db = change->db < 0 ? 0 : change->db;
    struct span reply = try_argv(&pair->to, change->argv, change->argc);
    assert_int_not_equal(reply.bytes[0], '-');
}

/* One command, from templates: %k a key, %n a number, %v a text, %t a time in seconds,
 * %m one in milliseconds, %a and %b moments, %d a database. */
static const char *const templates[] = {
    "SET %k %v",
    "SET %k %v EX %t",
    "SET %k %v PX %m GET",
    "SET %k %v PXAT %b",
    "SET %k %v KEEPTTL",
    "SET %k %v XX",
    "SET %k %v NX EXAT %a",
    "SETNX %k %v",
    "SETEX %k %t %v",
    "PSETEX %k %m %v",
    "GETSET %k %v",
    "GETDEL %k",
    "GETEX %k EX %t",
    "GETEX %k PXAT %b",
    "GETEX %k PERSIST",
    "APPEND %k %v",
    "SETRANGE %k 3 %v",
    "MSET %k %v %k %v",
    "MSETNX %k %v %k %v",
    "INCR %k",
    "DECRBY %k %n",
    "INCRBYFLOAT %k 0.1",
    "DEL %k %k",
    "UNLINK %k",
    "EXPIRE %k %t",
    "PEXPIRE %k %m GT",
    "EXPIREAT %k %a NX",
    "PEXPIREAT %k %b",
    "PERSIST %k",
    "RENAME %k %k",
    "RENAMENX %k %k",
    "COPY %k %k",
    "COPY %k %k DB %d REPLACE",
    "MOVE %k %d",
    "SWAPDB %d %d",
    "GET %k",
    "TOUCH %k",
};

static long long pick(struct pair *pair, long long from, long long below)
{
    return from + (long long)random_below(&pair->random, (uint64_t)(below - from));
}

static void fill_in(struct pair *pair, char what, char *text, size_t room)
{
    long long now_ms = (long long)pair->from.now_ms;
    static const char *const texts[] = {
        "x",  "",    "hello",      "12",
        "-7", "1.5", "3000000000", "a longer text that does not fit in an embedded one"
    };
    switch (what) {
    case 'k':
        snprintf(text, room, "key%lld", pick(pair, 0, 6));
        return;
    case 'v':
        snprintf(text, room, "%s", texts[pick(pair, 0, (long long)COUNT(texts))]);
        return;
    case 'n':
        snprintf(text, room, "%lld", pick(pair, -300, 300));
        return;
    case 't':
        snprintf(text, room, "%lld", pick(pair, -1, 3));
        return;
    case 'm':
        snprintf(text, room, "%lld", pick(pair, -10, 100));
        return;
    case 'a':
        snprintf(text, room, "%lld", now_ms / 1000 + pick(pair, -1, 3));
        return;
    case 'b':
        snprintf(text, room, "%lld", now_ms + pick(pair, -10, 100));
        return;
    case 'd':
        snprintf(text, room, "%lld", pick(pair, 0, 3));
        return;
    default:
        fail();
    }
}

static void run_one(struct pair *pair)
{
    const char *template = templates[pick(pair, 0, (long long)COUNT(templates))];
    char texts[8][64];
    struct span argv[8];
    size_t argc = 0;

    for (const char *word = template; *word != '\0'; argc++) {
        size_t len = strcspn(word, " ");
        assert_true(argc < COUNT(argv));
        if (*word == '%') {
            fill_in(pair, word[1], texts[argc], sizeof(texts[argc]));
            argv[argc] = span_from(texts[argc]);
        } else {
            argv[argc] = (struct span){ word, len };
        }
        word += len + (word[len] == ' ');
    }
    pair->from.db = (int)pick(pair, 0, 3);
    pair->from.now_ms += (uint64_t)pick(pair, 0, 5);
    try_argv(&pair->from, argv, argc);
}

/* Everything in one database, in no order: a sum that two equal databases share. */
struct sum {
    uint64_t now_ms;
    uint64_t total;
    uint64_t keys;
};

static void add_entry(void *context, const struct cache_entry *entry)
{
    struct sum *sum = context;
    char room[STRING_TEXT_ROOM];

    if (entry->expires_at_ms >= 0 && (uint64_t)entry->expires_at_ms <= sum->now_ms) {
        return;
    }
    assert_ptr_equal(entry->type, &type_string);
    uint64_t hash = hash_bytes(entry->key, 1);
    hash = hash_bytes(string_text(entry->value, room), hash);
    struct span time = { (const char *)&entry->expires_at_ms, sizeof(entry->expires_at_ms) };
    sum->total += hash_bytes(time, hash);
    sum->keys++;
}

static struct sum sum_of(const struct try *try, int db, uint64_t now_ms)
{
    struct sum sum = { .now_ms = now_ms };
    uint64_t cursor = 0;
    do {
        cursor = cache_scan(try->cache, db, cursor, add_entry, &sum);
    } while (cursor != 0);
    return sum;
}

static void assert_same(const struct pair *pair)
{
    for (int db = 0; db < 3; db++) {
        struct sum from = sum_of(&pair->from, db, pair->from.now_ms);
        struct sum to = sum_of(&pair->to, db, pair->from.now_ms);
        assert_int_equal(from.keys, to.keys);
        assert_int_equal(from.total, to.total);
    }
}

static void makes_the_same_store_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct pair pair = { .random = seed };
        try_start(&pair.from);
        try_start(&pair.to);
        cache_listen(pair.from.cache, replay, &pair);
        for (int i = 0; i < COMMANDS; i++) {
            run_one(&pair);
            if (i % 16 == 0) {
                cache_tick(pair.from.cache, pair.from.now_ms, 8);
            }
            if (i % 50 == 0) {
                assert_same(&pair);
            }
        }
        assert_same(&pair);
        assert_true(pair.announced > COMMANDS / 4);
        try_stop(&pair.from);
        try_stop(&pair.to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_same_store_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
