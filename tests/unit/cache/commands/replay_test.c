/* The announced changes, replayed on an empty store, make the same store; and each value is made
 * again by the commands of its rewrite(), and by its load() from what its save() wrote.
 *
 * The second store has other limits for its compact encodings, since a change must not depend on
 * them. Blocking commands are run as if a client waited: they pop, or nothing happens. */

#include "tests/unit/cache/commands/replay_templates.h"
#include "tests/unit/cache/commands/try.h"

#include "cache/base/digest.h"
#include "cache/base/hash.h"
#include "cache/base/number.h"
#include "cache/ds/saved.h"
#include "cache/types/type.h"
#include "cache/wait.h"

#include <stdlib.h>

enum { COMMANDS = 20000, SEEDS = 5, COMPARED_EVERY = 100, WORDS_MAX = 24 };

struct pair {
    struct try from;
    struct try to;
    struct call_wait wait;
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

static long long pick(struct pair *pair, long long from, long long below)
{
    return from + (long long)random_below(&pair->random, (uint64_t)(below - from));
}

/* The first letters of keys of one type each; replay_templates.h. */
static const char types[] = "lshzxqup";

static void fill_in_key(struct pair *pair, char what, char *text, size_t room)
{
    if (what == 'k' && pick(pair, 0, 3) > 0) {
        snprintf(text, room, "key%lld", pick(pair, 0, 6));
        return;
    }
    if (what == 'k') {
        what = types[pick(pair, 0, (long long)sizeof(types) - 1)];
    }
    snprintf(text, room, "%c%lld", what, pick(pair, 0, 3));
}

static void fill_in_time(struct pair *pair, char what, char *text, size_t room)
{
    long long now_ms = (long long)pair->from.now_ms;
    long long number = 0;

    switch (what) {
    case 't':
        number = pick(pair, -1, 3);
        break;
    case 'm':
        number = pick(pair, -10, 100);
        break;
    case 'a':
        number = now_ms / 1000 + pick(pair, -1, 3);
        break;
    default:
        assert_int_equal(what, 'b');
        number = now_ms + pick(pair, -10, 100);
    }
    snprintf(text, room, "%lld", number);
}

static void fill_in(struct pair *pair, char what, char *text, size_t room)
{
    static const char *const texts[] = {
        "x",  "",    "hello",      "12",
        "-7", "1.5", "3000000000", "a longer text that does not fit in an embedded one"
    };
    switch (what) {
    case 'v':
        snprintf(text, room, "%s", texts[pick(pair, 0, (long long)COUNT(texts))]);
        return;
    case 'e':
        snprintf(text, room, pick(pair, 0, 3) > 0 ? "%lld" : "element-%lld", pick(pair, 0, 20));
        return;
    case 'f':
        snprintf(text, room, "%g", (double)pick(pair, -8, 20) / 4);
        return;
    case 'i':
        snprintf(text, room, "%lld", (long long)pair->from.now_ms - pick(pair, -2, 300));
        return;
    case 'g':
        snprintf(text, room, "group%lld", pick(pair, 0, 2));
        return;
    case 'c':
        snprintf(text, room, "consumer%lld", pick(pair, 0, 3));
        return;
    case 'n':
        snprintf(text, room, "%lld", pick(pair, -300, 300));
        return;
    case 'w':
        snprintf(text, room, "%lld", pick(pair, -6, 9));
        return;
    case 'o':
        snprintf(text, room, "%lld", pick(pair, 1, 9));
        return;
    case 'd':
        snprintf(text, room, "%lld", pick(pair, 0, 3));
        return;
    default:
        if (what == 'k' || strchr(types, what) != NULL) {
            fill_in_key(pair, what, text, room);
        } else {
            fill_in_time(pair, what, text, room);
        }
    }
}

static void run_one(struct pair *pair)
{
    const char *template = replay_templates[pick(pair, 0, (long long)COUNT(replay_templates))];
    char texts[WORDS_MAX][64];
    struct span argv[WORDS_MAX];
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
    pair->wait = (struct call_wait){ 0 };
    try_argv(&pair->from, argv, argc);
}

/* --- what a store holds --- */

/* Of a value that is called `key`, and what else its rewrite() tells: a stream's groups, times to
 * live of fields. */
struct essence {
    struct digest digest;
    uint64_t rewritten;
};

static void add_command(void *context, const struct span *argv, size_t argc)
{
    uint64_t *sum = context;
    uint64_t hash = argc;
    for (size_t i = 0; i < argc; i++) {
        hash = hash_bytes(argv[i], hash + 1);
    }
    *sum += hash;
}

static struct essence essence_of(struct span key, const struct type *type, const void *value)
{
    struct essence essence = { 0 };

    digest_mix(&essence.digest, key);
    type->digest(value, &essence.digest);
    if (type->tag == TAG_STREAM) {
        type->rewrite(key, value, add_command, &essence.rewritten);
    }
    return essence;
}

/* Everything in one database, in no order: a sum that two equal databases share. */
struct sum {
    uint64_t now_ms;
    struct digest digest;
    uint64_t rest;
    uint64_t keys;
};

static bool is_over(const struct cache_entry *entry, uint64_t now_ms)
{
    return entry->expires_at_ms >= 0 && (uint64_t)entry->expires_at_ms <= now_ms;
}

static void add_entry(void *context, const struct cache_entry *entry)
{
    struct sum *sum = context;

    if (is_over(entry, sum->now_ms)) {
        return;
    }
    struct essence essence = essence_of(entry->key, entry->type, entry->value);
    digest_join(&sum->digest, &essence.digest);
    struct span time = { (const char *)&entry->expires_at_ms, sizeof(entry->expires_at_ms) };
    sum->rest += essence.rewritten + hash_bytes(time, hash_bytes(entry->key, 1));
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
        assert_memory_equal(&from.digest, &to.digest, sizeof(from.digest));
        assert_int_equal(from.rest, to.rest);
    }
}

/* --- each value, made again --- */

static void run_emitted(void *context, const struct span *argv, size_t argc)
{
    struct span reply = try_argv(context, argv, argc);
    assert_int_not_equal(reply.bytes[0], '-');
}

/* `again` is what was made of the entry's value. Commands cannot make all of it again, as in Redis:
 * what is pending of an entry that was deleted cannot be claimed. */
static void assert_made(const struct cache_entry *entry, const struct essence *again, bool whole,
                        const char *how)
{
    struct essence essence = essence_of(entry->key, entry->type, entry->value);
    bool same = memcmp(&essence.digest, &again->digest, sizeof(again->digest)) == 0;

    if (!same || (whole && essence.rewritten != again->rewritten)) {
        fail_msg("%.*s, a %s as %s, is another one after %s", (int)entry->key.len, entry->key.bytes,
                 entry->type->name, entry->type->encoding(entry->value), how);
    }
}

static void rewrites_to_the_same(const struct cache_entry *entry, uint64_t now_ms)
{
    struct try copy;
    struct cache_entry made;

    try_start(&copy);
    /* Fields that are over, but not removed yet, are part of the value: made long ago they stay. */
    copy.now_ms = entry->type->tag == TAG_HASH ? 1 : now_ms;
    entry->type->rewrite(entry->key, entry->value, run_emitted, &copy);
    assert_true(cache_peek(copy.cache, 0, entry->key, copy.now_ms, &made));
    assert_ptr_equal(made.type, entry->type);
    struct essence again = essence_of(made.key, made.type, made.value);
    assert_made(entry, &again, false, "its rewrite()");
    try_stop(&copy);
}

static void saves_to_the_same(const struct cache_entry *entry)
{
    struct buf bytes;
    struct loader loader;
    uint8_t code = 0;

    buf_init(&bytes, SIZE_MAX);
    struct saver saver = { .out = &bytes, .compress = true };
    entry->type->save(entry->value, &saver);
    assert_false(saver.full);

    loader_init(&loader, buf_span(&bytes));
    assert_true(load_byte(&loader, &code));
    assert_ptr_equal(type_by_code(code), entry->type);
    void *value = entry->type->load(code, &loader, &type_limits_default);
    assert_non_null(value);
    assert_int_equal(loader.in.len, 0);
    struct essence again = essence_of(entry->key, entry->type, value);
    assert_made(entry, &again, true, "save() and load()");

    entry->type->free(value);
    loader_fini(&loader);
    buf_fini(&bytes);
}

static void make_again(void *context, const struct cache_entry *entry)
{
    const struct pair *pair = context;

    if (!is_over(entry, pair->from.now_ms)) {
        rewrites_to_the_same(entry, pair->from.now_ms);
        saves_to_the_same(entry);
    }
}

/* --- tests --- */

static void start(struct pair *pair, uint64_t seed)
{
    struct type_limits small = type_limits_default;

    *pair = (struct pair){ .random = seed };
    try_start(&pair->from);
    try_start(&pair->to);
    pair->from.wait = &pair->wait;
    small.hash_max_listpack_entries = 6;
    small.set_max_intset_entries = 5;
    small.set_max_listpack_entries = 8;
    small.zset_max_listpack_entries = 7;
    small.list_max_listpack_size = 4;
    small.list_compress_depth = 1;
    small.stream_node_max_entries = 5;
    cache_set_limits(seed % 2 == 0 ? pair->from.cache : pair->to.cache, &small);
    cache_listen(pair->from.cache, replay, pair);
}

static void stop(struct pair *pair)
{
    try_stop(&pair->from);
    try_stop(&pair->to);
}

static void run_all(struct pair *pair)
{
    for (int i = 0; i < COMMANDS; i++) {
        run_one(pair);
        if (i % 16 == 0) {
            cache_tick(pair->from.cache, pair->from.now_ms, 8);
        }
        if (i % COMPARED_EVERY == 0) {
            assert_same(pair);
        }
    }
}

static void makes_the_same_store_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct pair pair;
        start(&pair, seed);
        run_all(&pair);
        assert_same(&pair);
        assert_true(pair.announced > COMMANDS / 4);
        stop(&pair);
    }
}

static void makes_each_value_again(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed < 11 + SEEDS; seed++) {
        struct pair pair;
        start(&pair, seed);
        run_all(&pair);
        for (int db = 0; db < 3; db++) {
            uint64_t cursor = 0;
            do {
                cursor = cache_scan(pair.from.cache, db, cursor, make_again, &pair);
            } while (cursor != 0);
        }
        stop(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_same_store_again),
        cmocka_unit_test(makes_each_value_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
