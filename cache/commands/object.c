/* OBJECT: how a value is kept. */

#include "cache/call.h"
#include "cache/commands/describe.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

/* Redis keeps one shared object for each integer below this, and says so in REFCOUNT. */
enum { SHARED_INTEGERS = 10000 };

/* Replies null if it returns false. */
static bool find(struct call *c, struct key_view *view)
{
    if (!key_look(c, 2, LOOK_COUNT | LOOK_QUIET, view)) {
        reply_null(c->reply);
        return false;
    }
    return true;
}

static void encoding(struct call *c)
{
    struct key_view view;
    if (find(c, &view)) {
        reply_bulk_text(c->reply, view.type->encoding(view.value));
    }
}

static void frequency(struct call *c)
{
    struct key_view view;
    if (!find(c, &view)) {
        return;
    }
    if (!cache_counts_frequency(c->cache)) {
        reply_error(c->reply,
                    SPAN("ERR An LFU maxmemory policy is not selected, access frequency not "
                         "tracked. Please note that when switching between policies at runtime "
                         "LRU and LFU data will take some time to adjust."));
        return;
    }
    reply_integer(c->reply, view.frequency);
}

static void idletime(struct call *c)
{
    struct key_view view;
    if (!find(c, &view)) {
        return;
    }
    if (cache_counts_frequency(c->cache)) {
        reply_error(c->reply,
                    SPAN("ERR An LFU maxmemory policy is selected, idle time not tracked. Please "
                         "note that when switching between policies at runtime LRU and LFU data "
                         "will take some time to adjust."));
        return;
    }
    reply_integer(c->reply, (int64_t)(view.idle_ms / 1000));
}

static bool is_shared(const struct key_view *view)
{
    int64_t number;
    return view->type == &type_string && string_is_integer(view->value) &&
           string_integer(view->value, &number) && number >= 0 && number < SHARED_INTEGERS;
}

static void refcount(struct call *c)
{
    struct key_view view;
    if (find(c, &view)) {
        reply_integer(c->reply, is_shared(&view) ? INT32_MAX : 1);
    }
}

static void help(struct call *c)
{
    const struct command *object = command_named(cache_commands(c->cache), SPAN("object"));
    describe_help(c->reply, object);
}

#define VALUE_KEYS                                                                                 \
    {                                                                                              \
        KEYS(2, 2, 1, KEY_RO)                                                                      \
    }

static const struct command subcommands[] = {
    { .name = "object|encoding",
      .run = encoding,
      .arity = 3,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE,
      .keys = VALUE_KEYS,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how the value of a key is encoded in memory.",
      .tips = "nondeterministic_output" },
    { .name = "object|freq",
      .run = frequency,
      .arity = 3,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE,
      .keys = VALUE_KEYS,
      .group = "generic",
      .since = "4.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns the logarithm of how often a key is used.",
      .tips = "nondeterministic_output" },
    { .name = "object|help",
      .run = help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .categories = ACL_KEYSPACE,
      .group = "generic",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "object|idletime",
      .run = idletime,
      .arity = 3,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE,
      .keys = VALUE_KEYS,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many seconds ago a key was last used.",
      .tips = "nondeterministic_output" },
    { .name = "object|refcount",
      .run = refcount,
      .arity = 3,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE,
      .keys = VALUE_KEYS,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many share the value of a key.",
      .tips = "nondeterministic_output" },
    { .name = NULL },
};

const struct command object_commands[] = {
    { .name = "object",
      .arity = -2,
      .subcommands = subcommands,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "That of the subcommand.",
      .summary = "Tells how the value of a key is kept." },
    { .name = NULL },
};
