/* Commands that read hashes, but for those that pick fields by chance: hash_random.c. */

#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/commands/scan.h"
#include "cache/types/hash.h"

static void reply_value(struct call *c, const void *hash, struct span field)
{
    struct hash_item item;
    if (hash != NULL && hash_find(hash, field, c->now_ms, &item)) {
        reply_bulk(c->reply, item.value);
    } else {
        reply_null(c->reply);
    }
}

static void hget(struct call *c)
{
    const void *hash;
    if (key_read(c, 1, &type_hash, &hash)) {
        reply_value(c, hash, c->argv[2]);
    }
}

static void hmget(struct call *c)
{
    const void *hash;

    if (!key_read(c, 1, &type_hash, &hash)) {
        return;
    }
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        reply_value(c, hash, c->argv[i]);
    }
}

static size_t count_of(const struct call *c, const void *hash)
{
    return hash == NULL ? 0 : hash_count(hash, c->now_ms);
}

static void reply_field(void *context, const struct hash_item *item)
{
    const struct call *c = context;
    reply_bulk(c->reply, item->field);
}

static void reply_item_value(void *context, const struct hash_item *item)
{
    const struct call *c = context;
    reply_bulk(c->reply, item->value);
}

static void reply_pair(void *context, const struct hash_item *item)
{
    reply_field(context, item);
    reply_item_value(context, item);
}

static void reply_each(struct call *c, const void *hash, hash_visit_fn reply)
{
    if (hash != NULL) {
        hash_each(hash, c->now_ms, reply, c);
    }
}

static void hgetall(struct call *c)
{
    const void *hash;
    if (key_read(c, 1, &type_hash, &hash)) {
        reply_map(c->reply, count_of(c, hash));
        reply_each(c, hash, reply_pair);
    }
}

static void hkeys(struct call *c)
{
    const void *hash;
    if (key_read(c, 1, &type_hash, &hash)) {
        reply_array(c->reply, count_of(c, hash));
        reply_each(c, hash, reply_field);
    }
}

static void hvals(struct call *c)
{
    const void *hash;
    if (key_read(c, 1, &type_hash, &hash)) {
        reply_array(c->reply, count_of(c, hash));
        reply_each(c, hash, reply_item_value);
    }
}

static void hlen(struct call *c)
{
    const void *hash;
    if (key_read(c, 1, &type_hash, &hash)) {
        reply_integer(c->reply, (int64_t)count_of(c, hash));
    }
}

static void hstrlen(struct call *c)
{
    const void *hash;
    struct hash_item item;

    if (key_read(c, 1, &type_hash, &hash)) {
        bool found = hash != NULL && hash_find(hash, c->argv[2], c->now_ms, &item);
        reply_integer(c->reply, found ? (int64_t)item.value.len : 0);
    }
}

static void hexists(struct call *c)
{
    const void *hash;
    struct hash_item item;

    if (key_read(c, 1, &type_hash, &hash)) {
        reply_integer(c->reply, hash != NULL && hash_find(hash, c->argv[2], c->now_ms, &item));
    }
}

/* A text of an item that lasts as long as the call: numbers are in rooms of the item. */
static struct span lasting(struct call *c, struct span text, const char *room)
{
    return text.bytes == room ? call_keep(c, text) : text;
}

static void scan_item(void *context, const struct hash_item *item)
{
    struct scan *scan = context;

    if (!scan_meets(scan, item->field)) {
        return;
    }
    scan_add(scan, lasting(scan->call, item->field, item->field_room));
    if (!scan->no_values) {
        scan_add(scan, lasting(scan->call, item->value, item->value_room));
    }
}

static void hscan(struct call *c)
{
    struct scan scan;
    const void *hash;
    uint64_t cursor;

    if (!arg_cursor(c, 2, &cursor) || !key_read(c, 1, &type_hash, &hash)) {
        return;
    }
    if (hash == NULL) {
        scan_reply_empty(c);
        return;
    }
    if (!scan_take(c, 3, SCAN_NOVALUES, &scan)) {
        return;
    }
    do {
        cursor = hash_scan(hash, cursor, c->now_ms, scan_item, &scan);
    } while (scan_goes_on(&scan, cursor));
    scan_reply(&scan, cursor);
}

const struct command hash_commands[] = {
    { .name = "hget",
      .run = hget,
      .arity = 3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key field:string",
      .summary = "Returns the value of a field of a hash." },
    { .name = "hmget",
      .run = hmget,
      .arity = -3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of fields asked for.",
      .synopsis = "key:key field:string...",
      .summary = "Returns the values of several fields of a hash." },
    { .name = "hgetall",
      .run = hgetall,
      .arity = 2,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of fields.",
      .synopsis = "key:key",
      .summary = "Returns all fields of a hash with their values.",
      .tips = "nondeterministic_output_order" },
    { .name = "hkeys",
      .run = hkeys,
      .arity = 2,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of fields.",
      .synopsis = "key:key",
      .summary = "Returns all fields of a hash.",
      .tips = "nondeterministic_output_order" },
    { .name = "hvals",
      .run = hvals,
      .arity = 2,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of fields.",
      .synopsis = "key:key",
      .summary = "Returns all values in a hash.",
      .tips = "nondeterministic_output_order" },
    { .name = "hlen",
      .run = hlen,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many fields a hash has." },
    { .name = "hstrlen",
      .run = hstrlen,
      .arity = 3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "hash",
      .since = "3.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key field:string",
      .summary = "Returns how many bytes the value of a field has." },
    { .name = "hexists",
      .run = hexists,
      .arity = 3,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "hash",
      .since = "2.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key field:string",
      .summary = "Tells whether a hash has a field." },
    { .name = "hscan",
      .run = hscan,
      .arity = -3,
      .flags = CMD_READ,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "2.8.0",
      .complexity = "O(1) for a call, O(N) until the cursor is 0 again, with N fields.",
      .synopsis = "key:key cursor:integer [pattern:pattern=MATCH] [count:integer=COUNT]",
      .summary = "Returns some of the fields of a hash, and where to go on.",
      .tips = "nondeterministic_output" },
    { .name = NULL },
};
