/* Commands that take elements off the first list that has some, or move one to another list; and
 * those of them that wait until there is one.
 *
 * Elsewhere a change is repeated when it was made, so none of them waits there: BLPOP is announced
 * as the LPOP that it was, BLMOVE as LMOVE. */

#include "cache/base/check.h"
#include "cache/commands/list_edit.h"
#include "cache/commands/rows.h"
#include "cache/wait.h"

/* --- waiting --- */

/* Nothing is there: waits for any of so many keys from argv[first] on. False if that is not
 * possible. When the time is over all of them answer RESP2's null array. */
static bool wait_for(struct call *c, size_t first, size_t count, uint64_t timeout_ms)
{
    if (!call_may_wait(c)) {
        return false;
    }
    uint32_t *keys = arena_alloc(c->arena, count * sizeof(*keys));
    for (size_t i = 0; i < count; i++) {
        keys[i] = (uint32_t)(first + i);
    }
    struct call_wait wait = {
        .type = &type_list,
        .keys = keys,
        .key_count = count,
        .timeout_ms = timeout_ms,
        .null_array = true,
    };
    call_wait(c, &wait);
    return true;
}

/* Begins to edit the first of the keys that is there; *at is 0 if none is. False after the reply
 * WRONGTYPE. */
static bool begin_first(struct call *c, size_t first, size_t count, struct list_edit *edit,
                        size_t *at)
{
    *at = 0;
    for (size_t i = first; i < first + count; i++) {
        if (!list_edit_begin(c, i, edit)) {
            return false;
        }
        if (edit->items != NULL) {
            *at = i;
            return true;
        }
    }
    return true;
}

/* --- BLPOP, BRPOP --- */

static void blocking_pop(struct call *c, enum quicklist_end end)
{
    struct list_edit edit;
    uint64_t timeout_ms;
    char room[NUMBER_TEXT_MAX];
    size_t count = c->argc - 2;
    size_t at;

    if (!arg_timeout_ms(c, c->argc - 1, &timeout_ms) || !begin_first(c, 1, count, &edit, &at)) {
        return;
    }
    if (at == 0) {
        if (!wait_for(c, 1, count, timeout_ms)) {
            reply_null_array(c->reply);
        }
        return;
    }
    reply_array(c->reply, 2);
    reply_bulk(c->reply, c->argv[at]);
    reply_bulk(c->reply, quicklist_peek(edit.items, end, room));
    list_edit_remove(&edit, end == QUICKLIST_HEAD ? 0 : edit.items->count - 1, 1);
    list_edit_tell_popped(c, at, end, list_edit_end(&edit, true));
    call_changed_as_words(c, 2, end == QUICKLIST_HEAD ? SPAN("LPOP") : SPAN("RPOP"), c->argv[at]);
}

static void blpop(struct call *c)
{
    blocking_pop(c, QUICKLIST_HEAD);
}

static void brpop(struct call *c)
{
    blocking_pop(c, QUICKLIST_TAIL);
}

/* --- LMPOP, BLMPOP --- */

/* numkeys key… LEFT|RIGHT [COUNT count], from argv[at] on. */
struct popping {
    size_t first_key;
    size_t key_count;
    enum quicklist_end end;
    int64_t count;
};

/* Replies if it returns false. */
static bool take_popping(struct call *c, size_t at, struct popping *popping)
{
    int64_t key_count;

    if (!arg_integer_in(c, at, 1, INT64_MAX, &key_count, "ERR numkeys should be greater than 0")) {
        return false;
    }
    if ((uint64_t)key_count >= c->argc - at - 1) {
        call_syntax_error(c);
        return false;
    }
    size_t end_at = at + 1 + (size_t)key_count;
    *popping = (struct popping){ .first_key = at + 1, .key_count = (size_t)key_count, .count = 1 };
    if (!list_edit_end_named(c, end_at, &popping->end)) {
        return false;
    }
    if (c->argc == end_at + 1) {
        return true;
    }
    if (c->argc < end_at + 3 || !arg_is(c, end_at + 1, "COUNT")) {
        call_syntax_error(c);
        return false;
    }
    if (!arg_integer_in(c, end_at + 2, 1, INT64_MAX, &popping->count,
                        "ERR count should be greater than 0")) {
        return false;
    }
    if (c->argc > end_at + 3) {
        call_syntax_error(c);
        return false;
    }
    return true;
}

/* False, and nothing replied, if there is nothing to pop. */
static bool pop_from_first(struct call *c, const struct popping *popping)
{
    struct list_edit edit;
    size_t at;

    if (!begin_first(c, popping->first_key, popping->key_count, &edit, &at)) {
        return true;
    }
    if (at == 0) {
        return false;
    }
    size_t len = edit.items->count;
    size_t count = (uint64_t)popping->count < len ? (size_t)popping->count : len;
    reply_array(c->reply, 2);
    reply_bulk(c->reply, c->argv[at]);
    list_edit_pop(&edit, popping->end, count);
    list_edit_tell_popped(c, at, popping->end, list_edit_end(&edit, true));
    call_changed_as_words(c, 3, popping->end == QUICKLIST_HEAD ? SPAN("LPOP") : SPAN("RPOP"),
                          c->argv[at], call_number(c, (int64_t)count));
    return true;
}

static void lmpop(struct call *c)
{
    struct popping popping;
    if (take_popping(c, 1, &popping) && !pop_from_first(c, &popping)) {
        reply_null_array(c->reply);
    }
}

static void blmpop(struct call *c)
{
    struct popping popping;
    uint64_t timeout_ms;
    if (take_popping(c, 2, &popping) && arg_timeout_ms(c, 1, &timeout_ms) &&
        !pop_from_first(c, &popping) &&
        !wait_for(c, popping.first_key, popping.key_count, timeout_ms)) {
        reply_null_array(c->reply);
    }
}

/* --- LMOVE, RPOPLPUSH and those that wait --- */

/* Takes the element off one end; *emptied says whether the key is gone. */
static struct span take(struct call *c, struct list_edit *source, enum quicklist_end from,
                        bool *emptied)
{
    char room[NUMBER_TEXT_MAX];
    struct span text = call_keep(c, quicklist_peek(source->items, from, room));
    list_edit_remove(source, from == QUICKLIST_HEAD ? 0 : source->items->count - 1, 1);
    *emptied = list_edit_end(source, true);
    return text;
}

/* Within one list. */
static void rotate(struct call *c, struct list_edit *edit, enum quicklist_end from,
                   enum quicklist_end to)
{
    char room[NUMBER_TEXT_MAX];
    struct span text = call_keep(c, quicklist_peek(edit->items, from, room));
    reply_bulk(c->reply, text);
    quicklist_remove(edit->items, from == QUICKLIST_HEAD ? 0 : edit->items->count - 1, 1,
                     &edit->limits);
    list_edit_push(edit, to, text);
    list_edit_end(edit, true);
    key_event(c, 2, EVENT_LIST, list_edit_push_event(to));
    list_edit_tell_popped(c, 1, from, false);
}

/* From argv[1] to argv[2]. False, and nothing replied, if there is nothing to move. */
static bool move(struct call *c, enum quicklist_end from, enum quicklist_end to)
{
    struct list_edit source;
    struct list_edit destination;
    void *there;
    bool emptied;

    if (!key_edit(c, 1, &type_list, &there)) {
        return true;
    }
    if (there == NULL) {
        return false;
    }
    if (!key_edit(c, 2, &type_list, &there)) {
        return true;
    }
    bool begun = list_edit_begin(c, 1, &source);
    assert(begun);
    if (span_equal(c->argv[1], c->argv[2])) {
        rotate(c, &source, from, to);
        return true;
    }
    struct span text = take(c, &source, from, &emptied);
    begun = list_edit_begin(c, 2, &destination);
    assert(begun);
    if (destination.items == NULL) {
        list_edit_create(&destination);
    }
    list_edit_push(&destination, to, text);
    list_edit_end(&destination, true);
    reply_bulk(c->reply, text);
    key_event(c, 2, EVENT_LIST, list_edit_push_event(to));
    list_edit_tell_popped(c, 1, from, emptied);
    return true;
}

static void lmove(struct call *c)
{
    enum quicklist_end from;
    enum quicklist_end to;
    if (list_edit_end_named(c, 3, &from) && list_edit_end_named(c, 4, &to) && !move(c, from, to)) {
        reply_null(c->reply);
    }
}

static void rpoplpush(struct call *c)
{
    if (!move(c, QUICKLIST_TAIL, QUICKLIST_HEAD)) {
        reply_null(c->reply);
    }
}

static void blmove(struct call *c)
{
    enum quicklist_end from;
    enum quicklist_end to;
    uint64_t timeout_ms;
    if (!list_edit_end_named(c, 3, &from) || !list_edit_end_named(c, 4, &to) ||
        !arg_timeout_ms(c, 5, &timeout_ms)) {
        return;
    }
    if (move(c, from, to)) {
        call_changed_as_words(c, 5, SPAN("LMOVE"), c->argv[1], c->argv[2], c->argv[3], c->argv[4]);
    } else if (!wait_for(c, 1, 1, timeout_ms)) {
        reply_null(c->reply);
    }
}

static void brpoplpush(struct call *c)
{
    uint64_t timeout_ms;
    if (!arg_timeout_ms(c, 3, &timeout_ms)) {
        return;
    }
    if (move(c, QUICKLIST_TAIL, QUICKLIST_HEAD)) {
        call_changed_as_words(c, 3, SPAN("RPOPLPUSH"), c->argv[1], c->argv[2]);
    } else if (!wait_for(c, 1, 1, timeout_ms)) {
        reply_null(c->reply);
    }
}

#define ENDS "wherefrom:(left:LEFT | right:RIGHT) whereto:(left:LEFT | right:RIGHT)"
#define MOVED_KEYS                                                                                 \
    {                                                                                              \
        KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE), KEYS(2, 2, 1, KEY_RW | KEY_INSERT)        \
    }

const struct command list_move_commands[] = {
    { .name = "blpop",
      .run = blpop,
      .arity = -3,
      .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING,
      .keys = { KEYS(1, -2, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "list",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "key:key... timeout:double",
      .summary = "Takes the leftmost element off the first list that has one; waits for it.",
      .history = "6.0.0 `timeout` may have a fraction." },
    { .name = "brpop",
      .run = brpop,
      .arity = -3,
      .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING,
      .keys = { KEYS(1, -2, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "list",
      .since = "2.0.0",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "key:key... timeout:double",
      .summary = "Takes the rightmost element off the first list that has one; waits for it.",
      .history = "6.0.0 `timeout` may have a fraction." },
    { .name = "lmpop",
      .run = lmpop,
      .arity = -4,
      .flags = CMD_WRITE | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "list",
      .since = "7.0.0",
      .complexity = "O(N+M), N being the number of keys and M the number of elements returned.",
      .synopsis = "numkeys:integer key:key... where:(left:LEFT | right:RIGHT) "
                  "[count:integer=COUNT]",
      .summary = "Takes elements off the first list that has some." },
    { .name = "blmpop",
      .run = blmpop,
      .arity = -5,
      .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLE_KEYS,
      .keys = { KEYS_NUMBERED(2, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "list",
      .since = "7.0.0",
      .complexity = "O(N+M), N being the number of keys and M the number of elements returned.",
      .synopsis = "timeout:double numkeys:integer key:key... where:(left:LEFT | right:RIGHT) "
                  "[count:integer=COUNT]",
      .summary = "Takes elements off the first list that has some; waits for one." },
    { .name = "lmove",
      .run = lmove,
      .arity = 5,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = MOVED_KEYS,
      .group = "list",
      .since = "6.2.0",
      .complexity = "O(1)",
      .synopsis = "source:key destination:key " ENDS,
      .summary = "Moves an element from an end of a list to an end of another." },
    { .name = "rpoplpush",
      .run = rpoplpush,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = MOVED_KEYS,
      .group = "list",
      .since = "1.2.0",
      .complexity = "O(1)",
      .synopsis = "source:key destination:key",
      .summary = "Moves the rightmost element of a list to the left end of another.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments" },
    { .name = "blmove",
      .run = blmove,
      .arity = 6,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_NOSCRIPT | CMD_BLOCKING,
      .keys = MOVED_KEYS,
      .group = "list",
      .since = "6.2.0",
      .complexity = "O(1)",
      .synopsis = "source:key destination:key " ENDS " timeout:double",
      .summary = "Moves an element from an end of a list to an end of another; waits for it." },
    { .name = "brpoplpush",
      .run = brpoplpush,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_NOSCRIPT | CMD_BLOCKING,
      .keys = MOVED_KEYS,
      .group = "list",
      .since = "2.2.0",
      .complexity = "O(1)",
      .synopsis = "source:key destination:key timeout:double",
      .summary = "Moves the rightmost element of a list to the left end of another; waits for it.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
      .history = "6.0.0 `timeout` may have a fraction." },
    { .name = NULL },
};
