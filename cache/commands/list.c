/* Commands that read lists. The ones that write are in list_write.c, those that write two or may
 * wait in list_move.c. */

#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/ds/quicklist_walk.h"
#include "cache/types/list.h"

static void llen(struct call *c)
{
    const void *value;
    struct list_room room;

    if (!key_read(c, 1, &type_list, &value)) {
        return;
    }
    reply_integer(c->reply, value == NULL ? 0 : (int64_t)list_items(value, &room)->count);
}

static void lindex(struct call *c)
{
    const void *value;
    struct list_room room;
    struct quicklist_walk walk;
    struct span text;
    int64_t index;

    if (!key_read(c, 1, &type_list, &value)) {
        return;
    }
    if (value == NULL) {
        reply_null(c->reply);
        return;
    }
    if (!arg_integer(c, 2, &index)) {
        return;
    }
    const struct quicklist *items = list_items(value, &room);
    index = index < 0 ? index + (int64_t)items->count : index;
    /* A negative one is beyond any list. */
    quicklist_walk_start(&walk, items, (size_t)index, QUICKLIST_TAIL);
    if (quicklist_walk_next(&walk, &text)) {
        reply_bulk(c->reply, text);
    } else {
        reply_null(c->reply);
    }
    quicklist_walk_end(&walk);
}

static void lrange(struct call *c)
{
    const void *value;
    struct list_room room;
    struct quicklist_walk walk;
    struct span text;
    int64_t start;
    int64_t stop;
    size_t first;
    size_t count;

    if (!arg_integer(c, 2, &start) || !arg_integer(c, 3, &stop) ||
        !key_read(c, 1, &type_list, &value)) {
        return;
    }
    if (value == NULL || !list_part(list_items(value, &room), start, stop, &first, &count)) {
        reply_array(c->reply, 0);
        return;
    }
    reply_array(c->reply, count);
    quicklist_walk_start(&walk, list_items(value, &room), first, QUICKLIST_TAIL);
    while (count-- > 0 && quicklist_walk_next(&walk, &text)) {
        reply_bulk(c->reply, text);
    }
    quicklist_walk_end(&walk);
}

/* --- LPOS --- */

struct options {
    int64_t rank;    /* The first match that counts; negative from the end. */
    bool wants_many; /* COUNT was given. */
    int64_t count;   /* 0: all. */
    int64_t max_len; /* How many elements are compared; 0: all. */
};

/* Replies if it returns false. */
static bool take_options(struct call *c, struct options *options)
{
    *options = (struct options){ .rank = 1 };
    for (size_t at = 3; at < c->argc; at += 2) {
        bool valid = false;
        if (at + 1 < c->argc && arg_is(c, at, "RANK")) {
            valid = arg_integer_in(c, at + 1, -INT64_MAX, INT64_MAX, &options->rank, NULL);
            if (valid && options->rank == 0) {
                reply_error(c->reply,
                            SPAN("ERR RANK can't be zero: use 1 to start from the first match, "
                                 "2 from the second ... or use negative to start from the end of "
                                 "the list"));
                return false;
            }
        } else if (at + 1 < c->argc && arg_is(c, at, "COUNT")) {
            options->wants_many = true;
            valid = arg_integer_in(c, at + 1, 0, INT64_MAX, &options->count,
                                   "ERR COUNT can't be negative");
        } else if (at + 1 < c->argc && arg_is(c, at, "MAXLEN")) {
            valid = arg_integer_in(c, at + 1, 0, INT64_MAX, &options->max_len,
                                   "ERR MAXLEN can't be negative");
        } else {
            call_syntax_error(c);
        }
        if (!valid) {
            return false;
        }
    }
    return true;
}

/* Replies with the places, and returns how many those are. */
static size_t reply_places(struct call *c, const struct quicklist *items,
                           const struct options *options)
{
    struct quicklist_walk walk;
    bool forwards = options->rank > 0;
    uint64_t skipped = (uint64_t)(forwards ? options->rank : -options->rank) - 1;
    uint64_t wanted = options->wants_many ? (uint64_t)options->count : 1;
    size_t most = options->max_len == 0 ? SIZE_MAX : (size_t)options->max_len - 1;
    size_t compared = 0; /* With the match found last. */
    size_t replied = 0;

    quicklist_walk_start(&walk, items, forwards ? 0 : items->count - 1,
                         forwards ? QUICKLIST_TAIL : QUICKLIST_HEAD);
    while (quicklist_walk_find(&walk, c->argv[2], most, &compared)) {
        size_t place = forwards ? compared : items->count - 1 - compared;
        compared++;
        if (skipped > 0) {
            skipped--;
            continue;
        }
        reply_integer(c->reply, (int64_t)place);
        replied++;
        if (replied == wanted) {
            break;
        }
    }
    quicklist_walk_end(&walk);
    return replied;
}

static void lpos(struct call *c)
{
    const void *value;
    struct list_room room;
    struct options options;

    if (!take_options(c, &options) || !key_read(c, 1, &type_list, &value)) {
        return;
    }
    if (options.wants_many) {
        struct reply_later later = reply_array_later(c->reply);
        size_t count = value == NULL ? 0 : reply_places(c, list_items(value, &room), &options);
        reply_later_end(c->reply, later, count);
    } else if (value == NULL || reply_places(c, list_items(value, &room), &options) == 0) {
        reply_null(c->reply);
    }
}

const struct command list_commands[] = {
    { .name = "llen",
      .run = llen,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO) },
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns how many elements a list has." },
    { .name = "lindex",
      .run = lindex,
      .arity = 3,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of nodes between the element and the nearer end.",
      .synopsis = "key:key index:integer",
      .summary = "Returns the element at a place of a list." },
    { .name = "lrange",
      .run = lrange,
      .arity = 4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "list",
      .since = "1.0.0",
      .complexity = "O(S+N), S being the distance of the start from the nearer end and N the "
                    "number of elements returned.",
      .synopsis = "key:key start:integer stop:integer",
      .summary = "Returns the elements from one place of a list to another." },
    { .name = "lpos",
      .run = lpos,
      .arity = -3,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "list",
      .since = "6.0.6",
      .complexity = "O(N), N being the number of elements; O(1) near the end that is searched "
                    "from, or with MAXLEN.",
      .synopsis = "key:key element:string [rank:integer=RANK] [num-matches:integer=COUNT] "
                  "[len:integer=MAXLEN]",
      .summary = "Returns the places at which a list has an element." },
    { .name = NULL },
};
