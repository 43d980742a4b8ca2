/* Commands that look at many keys without naming them. */

#include "cache/base/arena.h"
#include "cache/base/glob.h"
#include "cache/base/number.h"
#include "cache/call.h"
#include "cache/commands/rows.h"

/* What a key must be to be answered. */
struct filter {
    struct span pattern;
    bool any_name;
    struct span type_name;
    bool any_type;
};

static bool filter_accepts(const struct filter *filter, const struct cache_entry *entry)
{
    if (!filter->any_name && !glob_match(filter->pattern, entry->key, false)) {
        return false;
    }
    return filter->any_type || span_is(filter->type_name, entry->type->name);
}

static bool is_star(struct span pattern)
{
    return span_equal(pattern, SPAN("*"));
}

struct key_replies {
    struct reply *reply;
    struct filter filter;
    size_t count;
};

static void reply_key(void *context, const struct cache_entry *entry)
{
    struct key_replies *keys = context;
    if (filter_accepts(&keys->filter, entry)) {
        reply_bulk(keys->reply, entry->key);
        keys->count++;
    }
}

static void keys_matching(struct call *c)
{
    struct key_replies keys = {
        .reply = c->reply,
        .filter = { .pattern = c->argv[1], .any_name = is_star(c->argv[1]), .any_type = true },
    };
    uint64_t cursor = 0;

    struct reply_later later = reply_array_later(c->reply);
    do {
        cursor = keys_scan(c, cursor, reply_key, &keys);
    } while (cursor != 0);
    reply_later_end(c->reply, later, keys.count);
}

/* The keys of one SCAN. The cursor is answered before them and known after them, so
 * they are put aside: as spans, for nothing changes meanwhile. */
struct found {
    struct arena *arena;
    struct filter filter;
    uint64_t seen; /* Accepted or not. */
    struct span *keys;
    size_t count;
    size_t room;
};

static void find_key(void *context, const struct cache_entry *entry)
{
    struct found *found = context;

    found->seen++;
    if (!filter_accepts(&found->filter, entry)) {
        return;
    }
    if (found->count == found->room) {
        size_t room = found->room == 0 ? 16 : 2 * found->room;
        struct span *keys = arena_alloc(found->arena, room * sizeof(*keys));
        if (found->count > 0) {
            memcpy(keys, found->keys, found->count * sizeof(*keys));
        }
        found->keys = keys;
        found->room = room;
    }
    found->keys[found->count] = entry->key;
    found->count++;
}

static bool take_scan_options(struct call *c, struct filter *filter, int64_t *wanted)
{
    for (size_t i = 2; i < c->argc; i += 2) {
        bool more = i + 1 < c->argc;
        if (arg_is(c, i, "COUNT") && more) {
            if (!arg_integer(c, i + 1, wanted)) {
                return false;
            }
            if (*wanted < 1) {
                call_syntax_error(c);
                return false;
            }
        } else if (arg_is(c, i, "MATCH") && more) {
            filter->pattern = c->argv[i + 1];
            filter->any_name = is_star(filter->pattern);
        } else if (arg_is(c, i, "TYPE") && more) {
            filter->type_name = c->argv[i + 1];
            filter->any_type = false;
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

static void scan(struct call *c)
{
    enum { WANTED = 10, EMPTY_STEPS = 10 };
    struct found found = { .arena = c->arena, .filter = { .any_name = true, .any_type = true } };
    int64_t wanted = WANTED;
    uint64_t cursor;

    if (!arg_cursor(c, 1, &cursor) || !take_scan_options(c, &found.filter, &wanted)) {
        return;
    }
    /* A sparse table is not searched for ever: some steps for each key asked for. */
    uint64_t steps;
    if (__builtin_mul_overflow((uint64_t)wanted, EMPTY_STEPS, &steps)) {
        steps = UINT64_MAX;
    }
    do {
        cursor = keys_scan(c, cursor, find_key, &found);
        steps--;
    } while (cursor != 0 && steps > 0 && found.seen < (uint64_t)wanted);

    char text[NUMBER_TEXT_MAX];
    size_t len = number_format_unsigned(text, cursor);
    reply_array(c->reply, 2);
    reply_bulk(c->reply, (struct span){ text, len });
    reply_array(c->reply, found.count);
    for (size_t i = 0; i < found.count; i++) {
        reply_bulk(c->reply, found.keys[i]);
    }
}

static void randomkey(struct call *c)
{
    struct cache_entry entry;

    if (keys_random(c, &entry)) {
        reply_bulk(c->reply, entry.key);
    } else {
        reply_null(c->reply);
    }
}

static void dbsize(struct call *c)
{
    reply_integer(c->reply, (int64_t)cache_db_stats(c->cache, c->db).keys);
}

const struct command scan_commands[] = {
    { .name = "keys",
      .run = keys_matching,
      .arity = 2,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE | ACL_DANGEROUS,
      .across = ACROSS_ALL_ARRAY,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of keys in the database.",
      .synopsis = "pattern:pattern",
      .summary = "Returns all keys whose names match a pattern.",
      .tips = "request_policy:all_shards nondeterministic_output_order" },
    { .name = "scan",
      .run = scan,
      .arity = -2,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE,
      .across = ACROSS_ALL_SCAN,
      .group = "generic",
      .since = "2.8.0",
      .complexity = "O(1) for a call, O(N) until the cursor is 0 again, with N keys.",
      .synopsis = "cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT] "
                  "[type:string=TYPE@6.0.0]",
      .summary = "Returns some of the keys, and where to go on.",
      .tips = "nondeterministic_output request_policy:special",
      .history = "6.0.0 `TYPE`." },
    { .name = "randomkey",
      .run = randomkey,
      .arity = 1,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE,
      .across = ACROSS_ALL_RANDOM,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "Returns any one key.",
      .tips = "request_policy:all_shards nondeterministic_output" },
    { .name = "dbsize",
      .run = dbsize,
      .arity = 1,
      .flags = CMD_READ | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .across = ACROSS_ALL_SUM,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "Returns how many keys the database has.",
      .tips = "request_policy:all_shards response_policy:agg_sum" },
    { .name = NULL },
};
