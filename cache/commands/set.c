/* Commands that read one set. The ones that write are in set_write.c, those on several sets in
 * set_algebra.c. */

#include "cache/types/set.h"

#include "cache/base/arena.h"
#include "cache/base/hash.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/commands/scan.h"

static void sismember(struct call *c)
{
    const void *value;

    if (!key_read(c, 1, &type_set, &value)) {
        return;
    }
    reply_integer(c->reply, value != NULL && set_has(value, c->argv[2]));
}

static void smismember(struct call *c)
{
    const void *value;

    if (!key_read(c, 1, &type_set, &value)) {
        return;
    }
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        reply_integer(c->reply, value != NULL && set_has(value, c->argv[i]));
    }
}

static void scard(struct call *c)
{
    const void *value;

    if (!key_read(c, 1, &type_set, &value)) {
        return;
    }
    reply_integer(c->reply, value == NULL ? 0 : (int64_t)set_count(value));
}

static void reply_member(void *reply, struct span text)
{
    reply_bulk(reply, text);
}

static void smembers(struct call *c)
{
    const void *value;

    if (!key_read(c, 1, &type_set, &value)) {
        return;
    }
    if (value == NULL) {
        reply_set(c->reply, 0);
        return;
    }
    reply_set(c->reply, set_count(value));
    set_each(value, reply_member, c->reply);
}

/* --- SRANDMEMBER --- */

static void random_member(struct call *c)
{
    const void *value;
    char room[NUMBER_TEXT_MAX];

    if (!key_read(c, 1, &type_set, &value)) {
        return;
    }
    if (value == NULL) {
        reply_null(c->reply);
        return;
    }
    uint64_t random = call_random(c);
    reply_bulk(c->reply, set_random(value, &random, room));
}

struct collected {
    struct call *call;
    struct span *members;
    size_t count;
};

static void collect(void *context, struct span text)
{
    struct collected *collected = context;
    collected->members[collected->count++] = call_keep(collected->call, text);
}

/* The same member may be answered again. Where the n-th member is not found in O(1) all of them
 * are looked up first. */
static void reply_any(struct call *c, const void *value, uint64_t count)
{
    struct collected all = { .call = c };
    uint64_t random = call_random(c);
    char room[NUMBER_TEXT_MAX];

    reply_array(c->reply, count);
    if (!set_is_hashed(value) && !set_is_integers(value)) {
        all.members = arena_alloc(c->arena, set_count(value) * sizeof(*all.members));
        set_each(value, collect, &all);
    }
    /* Nothing comes of going on when nothing is written any more. */
    for (uint64_t i = 0; i < count && !c->reply->full && !c->reply->silent; i++) {
        if (all.count > 0) {
            reply_bulk(c->reply, all.members[random_below(&random, all.count)]);
        } else {
            reply_bulk(c->reply, set_random(value, &random, room));
        }
    }
}

static void reply_distinct(struct call *c, const void *value, uint64_t count)
{
    uint64_t random = call_random(c);
    size_t all = set_count(value);

    if (count > all) {
        count = all;
    }
    reply_array(c->reply, count);
    set_sample(value, count, &random, reply_member, c->reply);
}

static void srandmember(struct call *c)
{
    const void *value;
    int64_t count;

    if (c->argc == 2) {
        random_member(c);
        return;
    }
    if (c->argc > 3) {
        call_syntax_error(c);
        return;
    }
    if (!arg_integer_in(c, 2, -INT64_MAX, INT64_MAX, &count, NULL) ||
        !key_read(c, 1, &type_set, &value)) {
        return;
    }
    if (value == NULL || count == 0) {
        reply_array(c->reply, 0);
    } else if (count < 0) {
        reply_any(c, value, (uint64_t)-count);
    } else {
        reply_distinct(c, value, (uint64_t)count);
    }
}

/* --- SSCAN --- */

struct set_scan {
    struct scan scan;
    const void *value;
};

static void scan_member(void *context, struct span text)
{
    struct set_scan *found = context;
    struct scan *scan = &found->scan;
    if (scan_meets(scan, text)) {
        bool lasts = set_text_lasts(found->value, text);
        scan_add(scan, lasts ? text : call_keep(scan->call, text));
    }
}

static void sscan(struct call *c)
{
    struct set_scan found;
    uint64_t cursor;

    if (!arg_cursor(c, 2, &cursor) || !key_read(c, 1, &type_set, &found.value)) {
        return;
    }
    if (found.value == NULL) {
        scan_reply_empty(c);
        return;
    }
    if (!scan_take(c, 3, 0, &found.scan)) {
        return;
    }
    do {
        cursor = set_scan(found.value, cursor, scan_member, &found);
    } while (scan_goes_on(&found.scan, cursor));
    scan_reply(&found.scan, cursor);
}

const struct command set_commands[] = {
    { .name = "sismember",
      .run = sismember,
      .arity = 3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key member:string",
      .summary = "Returns whether a set has a member." },
    { .name = "smismember",
      .run = smismember,
      .arity = -3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "set",
      .since = "6.2.0",
      .complexity = "O(N), N being the number of members asked for.",
      .synopsis = "key:key member:string...",
      .summary = "Returns for each of several texts whether a set has it as a member." },
    { .name = "scard",
      .run = scard,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many members a set has." },
    { .name = "smembers",
      .run = smembers,
      .arity = 2,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of members.",
      .synopsis = "key:key",
      .summary = "Returns all members of a set.",
      .tips = "nondeterministic_output_order" },
    { .name = "srandmember",
      .run = srandmember,
      .arity = -2,
      .flags = CMD_READ,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(1); with a count O(N), N being its absolute value.",
      .synopsis = "key:key [count:integer@2.6.0]",
      .summary = "Returns members of a set picked by chance.",
      .tips = "nondeterministic_output",
      .history = "2.6.0 `count`." },
    { .name = "sscan",
      .run = sscan,
      .arity = -3,
      .flags = CMD_READ,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "set",
      .since = "2.8.0",
      .complexity = "O(1) for a call, O(N) until the cursor is 0 again, with N members.",
      .synopsis = "key:key cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT]",
      .summary = "Returns some of the members of a set, and where to go on.",
      .tips = "nondeterministic_output" },
    { .name = NULL },
};
