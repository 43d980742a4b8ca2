/* Commands on keys of any type, one key or a few. */

#include "cache/call.h"
#include "cache/commands/rows.h"

static void del(struct call *c)
{
    int64_t count = 0;

    keys_prefetch(c, 1, 1);
    for (size_t i = 1; i < c->argc; i++) {
        if (key_delete(c, i)) {
            key_event(c, i, EVENT_GENERIC, "del");
            count++;
        }
    }
    reply_integer(c->reply, count);
}

/* How many of the keys are there; a key named twice counts twice. */
static void count_keys(struct call *c, unsigned how)
{
    int64_t count = 0;
    struct key_view view;

    keys_prefetch(c, 1, 1);
    for (size_t i = 1; i < c->argc; i++) {
        count += key_look(c, i, how, &view);
    }
    reply_integer(c->reply, count);
}

static void exists(struct call *c)
{
    count_keys(c, LOOK_COUNT);
}

static void touch(struct call *c)
{
    count_keys(c, LOOK_COUNT | LOOK_TOUCH);
}

static void type(struct call *c)
{
    struct key_view view;
    bool found = key_look(c, 1, LOOK_COUNT, &view);
    reply_status(c->reply, span_from(found ? view.type->name : "none"));
}

/* What a renaming does, and says, that finds the source there and the name free. */
static void rename_key(struct call *c, bool only_if_free)
{
    struct key_view view;

    if (!key_look(c, 1, 0, &view)) {
        reply_error(c->reply, SPAN("ERR no such key"));
        return;
    }
    bool same = span_equal(c->argv[1], c->argv[2]);
    if (only_if_free && (same || key_look(c, 2, 0, &view))) {
        reply_integer(c->reply, 0);
        return;
    }
    if (!same) {
        key_rename(c, 1, 2);
        key_event(c, 1, EVENT_GENERIC, "rename_from");
        key_event(c, 2, EVENT_GENERIC, "rename_to");
    }
    if (only_if_free) {
        reply_integer(c->reply, 1);
    } else {
        reply_ok(c->reply);
    }
}

static void rename_always(struct call *c)
{
    rename_key(c, false);
}

static void renamenx(struct call *c)
{
    rename_key(c, true);
}

static void reply_same_object(struct call *c)
{
    reply_error(c->reply, SPAN("ERR source and destination objects are the same"));
}

static void copy(struct call *c)
{
    struct key_view view;
    int db = c->db;
    bool replace = false;

    for (size_t i = 3; i < c->argc; i++) {
        if (arg_is(c, i, "REPLACE")) {
            replace = true;
        } else if (arg_is(c, i, "DB") && i + 1 < c->argc) {
            i++;
            if (!arg_db(c, i, &db)) {
                return;
            }
        } else {
            call_syntax_error(c);
            return;
        }
    }
    if (db == c->db && span_equal(c->argv[1], c->argv[2])) {
        reply_same_object(c);
        return;
    }
    if (!key_look(c, 1, LOOK_COUNT | LOOK_TOUCH, &view) || (!replace && key_exists_in(c, 2, db))) {
        reply_integer(c->reply, 0);
        return;
    }
    key_copy(c, 1, 2, db);
    key_event_in(c, 2, db, EVENT_GENERIC, "copy_to");
    reply_integer(c->reply, 1);
}

static void move(struct call *c)
{
    struct key_view view;
    int db;

    if (!arg_db(c, 2, &db)) {
        return;
    }
    if (db == c->db) {
        reply_same_object(c);
        return;
    }
    if (!key_look(c, 1, 0, &view) || key_exists_in(c, 1, db)) {
        reply_integer(c->reply, 0);
        return;
    }
    key_move(c, 1, db);
    key_event(c, 1, EVENT_GENERIC, "move_from");
    key_event_in(c, 1, db, EVENT_GENERIC, "move_to");
    reply_integer(c->reply, 1);
}

const struct command key_commands[] = {
    { .name = "del",
      .run = del,
      .arity = -2,
      .flags = CMD_WRITE,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, -1, 1, KEY_RM | KEY_DELETE) },
      .across = ACROSS_SUM,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of keys; O(M) for a key with M elements.",
      .synopsis = "key:key...",
      .summary = "Deletes keys and returns how many there were.",
      .tips = "request_policy:multi_shard response_policy:agg_sum" },
    { .name = "unlink",
      .run = del,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, -1, 1, KEY_RM | KEY_DELETE) },
      .across = ACROSS_SUM,
      .group = "generic",
      .since = "4.0.0",
      .complexity = "O(1) for each key; their memory is given back later.",
      .synopsis = "key:key...",
      .summary = "Deletes keys; big values are freed in the background.",
      .tips = "request_policy:multi_shard response_policy:agg_sum" },
    { .name = "exists",
      .run = exists,
      .arity = -2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, -1, 1, KEY_RO) },
      .across = ACROSS_SUM,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "key:key...",
      .summary = "Returns how many of the keys are there.",
      .tips = "request_policy:multi_shard response_policy:agg_sum",
      .history = "3.0.3 More than one `key`." },
    { .name = "touch",
      .run = touch,
      .arity = -2,
      .flags = CMD_READ | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, -1, 1, KEY_RO) },
      .across = ACROSS_SUM,
      .group = "generic",
      .since = "3.2.1",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "key:key...",
      .summary = "Marks keys as used just now and returns how many there are.",
      .tips = "request_policy:multi_shard response_policy:agg_sum" },
    { .name = "type",
      .run = type,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns of which type the value of a key is." },
    { .name = "rename",
      .run = rename_always,
      .arity = 3,
      .flags = CMD_WRITE,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
                KEYS(2, 2, 1, KEY_OW | KEY_UPDATE) },
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key newkey:key",
      .summary = "Gives a key another name, over whatever had that name." },
    { .name = "renamenx",
      .run = renamenx,
      .arity = 3,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
                KEYS(2, 2, 1, KEY_OW | KEY_INSERT) },
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key newkey:key",
      .summary = "Gives a key another name, if that is free.",
      .history = "3.2.0 The same name twice is no error any more." },
    { .name = "copy",
      .run = copy,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), KEYS(2, 2, 1, KEY_OW | KEY_UPDATE) },
      .group = "generic",
      .since = "6.2.0",
      .complexity = "O(1) for strings; O(N) for N elements.",
      .synopsis = "source:key destination:key [destination-db:integer=DB] [replace:REPLACE]",
      .summary = "Copies a key, its value and its time to live." },
    { .name = "move",
      .run = move,
      .arity = 3,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key db:integer",
      .summary = "Moves a key to another database, if its name is free there." },
    { .name = NULL },
};
