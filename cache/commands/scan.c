/* Commands that look at many keys without naming them, and what the commands that scan a value
 * share with SCAN.
 *
 * A sparse table is not searched for ever: a call makes some steps for each element asked for, and
 * then answers with what it has. What it met counts, not what it let through: a pattern that
 * matches nothing makes no call longer. */

#include "cache/commands/scan.h"

#include "cache/base/arena.h"
#include "cache/base/glob.h"
#include "cache/base/number.h"
#include "cache/call.h"
#include "cache/commands/rows.h"

enum { WANTED = 10, STEPS_FOR_EACH = 10, FOUND_MIN = 16 };

static bool is_star(struct span pattern)
{
    return span_equal(pattern, SPAN("*"));
}

/* --- of all scans --- */

/* One option at argv[at]; returns how many arguments it takes. Replies if that is 0. */
static size_t take_option(struct call *c, size_t at, unsigned words, struct scan *scan)
{
    bool more = at + 1 < c->argc;
    int64_t wanted;

    if (arg_is(c, at, "COUNT") && more) {
        if (!arg_integer(c, at + 1, &wanted)) {
            return 0;
        }
        if (wanted < 1) {
            call_syntax_error(c);
            return 0;
        }
        scan->wanted = (uint64_t)wanted;
        return 2;
    }
    if (arg_is(c, at, "MATCH") && more) {
        scan->pattern = c->argv[at + 1];
        scan->any_text = is_star(scan->pattern);
        return 2;
    }
    if (words & SCAN_TYPE && arg_is(c, at, "TYPE") && more) {
        scan->type_name = c->argv[at + 1];
        scan->any_type = false;
        return 2;
    }
    if (words & SCAN_NOVALUES && arg_is(c, at, "NOVALUES")) {
        scan->no_values = true;
        return 1;
    }
    call_syntax_error(c);
    return 0;
}

bool scan_take(struct call *c, size_t first, unsigned words, struct scan *scan)
{
    *scan = (struct scan){ .call = c, .any_text = true, .any_type = true, .wanted = WANTED };
    for (size_t at = first, taken; at < c->argc; at += taken) {
        taken = take_option(c, at, words, scan);
        if (taken == 0) {
            return false;
        }
    }
    if (__builtin_mul_overflow(scan->wanted, STEPS_FOR_EACH, &scan->steps)) {
        scan->steps = UINT64_MAX;
    }
    return true;
}

bool scan_meets(struct scan *scan, struct span name)
{
    scan->met++;
    return scan->any_text || glob_match(scan->pattern, name, false);
}

void scan_add(struct scan *scan, struct span text)
{
    if (scan->found_count == scan->found_room) {
        size_t room = scan->found_room == 0 ? FOUND_MIN : 2 * scan->found_room;
        struct span *found = arena_alloc(scan->call->arena, room * sizeof(*found));
        if (scan->found_count > 0) {
            memcpy(found, scan->found, scan->found_count * sizeof(*found));
        }
        scan->found = found;
        scan->found_room = room;
    }
    scan->found[scan->found_count] = text;
    scan->found_count++;
}

bool scan_goes_on(struct scan *scan, uint64_t cursor)
{
    scan->steps--;
    return cursor != 0 && scan->steps > 0 && scan->met < scan->wanted;
}

static void reply_cursor(struct reply *reply, uint64_t cursor)
{
    char text[NUMBER_TEXT_MAX];
    size_t len = number_format_unsigned(text, cursor);
    reply_array(reply, 2);
    reply_bulk(reply, (struct span){ text, len });
}

void scan_reply(const struct scan *scan, uint64_t cursor)
{
    struct reply *reply = scan->call->reply;
    reply_cursor(reply, cursor);
    reply_array(reply, scan->found_count);
    for (size_t i = 0; i < scan->found_count; i++) {
        reply_bulk(reply, scan->found[i]);
    }
}

void scan_reply_empty(struct call *c)
{
    reply_cursor(c->reply, 0);
    reply_array(c->reply, 0);
}

/* --- of keys --- */

struct key_replies {
    struct reply *reply;
    struct span pattern;
    bool any_name;
    size_t count;
};

static void reply_key(void *context, const struct cache_entry *entry)
{
    struct key_replies *keys = context;
    if (keys->any_name || glob_match(keys->pattern, entry->key, false)) {
        reply_bulk(keys->reply, entry->key);
        keys->count++;
    }
}

static void keys_matching(struct call *c)
{
    struct key_replies keys = {
        .reply = c->reply,
        .pattern = c->argv[1],
        .any_name = is_star(c->argv[1]),
    };
    uint64_t cursor = 0;

    struct reply_later later = reply_array_later(c->reply);
    do {
        cursor = keys_scan(c, cursor, reply_key, &keys);
    } while (cursor != 0);
    reply_later_end(c->reply, later, keys.count);
}

static void find_key(void *context, const struct cache_entry *entry)
{
    struct scan *scan = context;
    if (scan_meets(scan, entry->key) &&
        (scan->any_type || span_is(scan->type_name, entry->type->name))) {
        scan_add(scan, entry->key);
    }
}

static void scan(struct call *c)
{
    struct scan scan;
    uint64_t cursor;

    if (!arg_cursor(c, 1, &cursor) || !scan_take(c, 2, SCAN_TYPE, &scan)) {
        return;
    }
    do {
        cursor = keys_scan(c, cursor, find_key, &scan);
    } while (scan_goes_on(&scan, cursor));
    scan_reply(&scan, cursor);
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
