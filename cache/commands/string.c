/* Commands that read strings. The ones that write are in string_write.c and
 * string_number.c. */

#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

static void get(struct call *c)
{
    const void *value;
    char room[STRING_TEXT_ROOM];

    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    if (value == NULL) {
        reply_null(c->reply);
        return;
    }
    reply_bulk(c->reply, string_text(value, room));
}

static void mget(struct call *c)
{
    char room[STRING_TEXT_ROOM];

    keys_prefetch(c, 1, 1);
    reply_array(c->reply, c->argc - 1);
    for (size_t i = 1; i < c->argc; i++) {
        struct key_view view;
        /* A key of another type is no error here: it has no string to give. */
        if (!key_look(c, i, LOOK_TOUCH | LOOK_COUNT, &view) || view.type != &type_string) {
            reply_null(c->reply);
            continue;
        }
        reply_bulk(c->reply, string_text(view.value, room));
    }
}

static void length(struct call *c)
{
    const void *value;

    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    reply_integer(c->reply, value == NULL ? 0 : (int64_t)string_len(value));
}

/* The part of `text` from `start` to `end`, both included; negative ones count from the
 * end, and what lies outside is left out. */
static struct span part(struct span text, int64_t start, int64_t end)
{
    int64_t len = (int64_t)text.len;

    if (start < 0 && end < 0 && start > end) {
        return SPAN("");
    }
    start = start < 0 ? start + len : start;
    end = end < 0 ? end + len : end;
    start = start < 0 ? 0 : start;
    end = end < 0 ? 0 : end;
    end = end >= len ? len - 1 : end;
    if (start > end) {
        return SPAN("");
    }
    return (struct span){ text.bytes + start, (size_t)(end - start) + 1 };
}

static void getrange(struct call *c)
{
    int64_t start;
    int64_t end;
    const void *value;
    char room[STRING_TEXT_ROOM];

    if (!arg_integer(c, 2, &start) || !arg_integer(c, 3, &end)) {
        return;
    }
    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    reply_bulk(c->reply, value == NULL ? SPAN("") : part(string_text(value, room), start, end));
}

const struct command string_commands[] = {
    { .name = "get",
      .run = get,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns the text of a string." },
    { .name = "mget",
      .run = mget,
      .arity = -2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, -1, 1, KEY_RO | KEY_ACCESS) },
      .across = ACROSS_ARRAY,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "key:key...",
      .summary = "Returns the texts of several strings.",
      .tips = "request_policy:multi_shard" },
    { .name = "strlen",
      .run = length,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "string",
      .since = "2.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many bytes a string has." },
    { .name = "getrange",
      .run = getrange,
      .arity = 4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "string",
      .since = "2.4.0",
      .complexity = "O(N), N being the length of the part returned.",
      .synopsis = "key:key start:integer end:integer",
      .summary = "Returns a part of a string." },
    { .name = "substr",
      .run = getrange,
      .arity = 4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(N), N being the length of the part returned.",
      .synopsis = "key:key start:integer end:integer",
      .summary = "Returns a part of a string, as GETRANGE does.",
      .deprecated_since = "2.0.0",
      .replaced_by = "`GETRANGE`" },
    { .name = NULL },
};
