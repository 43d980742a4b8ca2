/* Commands that change one set, or two. What SPOP picked by chance is announced as what is to be
 * removed elsewhere too. */

#include "cache/base/arena.h"
#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/commands/set_edit.h"

static void sadd(struct call *c)
{
    struct set_edit edit;
    int64_t added = 0;

    if (!set_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.set == NULL) {
        set_edit_create(&edit, c->argv[2], c->argc - 2);
    } else {
        set_expect(edit.set, c->argc - 2, c->limits);
    }
    for (size_t i = 2; i < c->argc; i++) {
        added += set_add(edit.set, c->argv[i], c->limits);
    }
    set_edit_end(&edit, added > 0);
    if (added > 0) {
        key_event(c, 1, EVENT_SET, "sadd");
    }
    reply_integer(c->reply, added);
}

static void tell_removed(struct call *c, size_t at, const char *how, bool emptied)
{
    key_event(c, at, EVENT_SET, how);
    if (emptied) {
        key_event(c, at, EVENT_GENERIC, "del");
    }
}

static void srem(struct call *c)
{
    struct set_edit edit;
    int64_t removed = 0;

    if (!set_edit_begin(c, 1, &edit)) {
        return;
    }
    for (size_t i = 2; i < c->argc && edit.set != NULL; i++) {
        removed += set_remove(edit.set, c->argv[i]);
    }
    bool emptied = set_edit_end(&edit, removed > 0);
    if (removed > 0) {
        tell_removed(c, 1, "srem", emptied);
    }
    reply_integer(c->reply, removed);
}

/* --- SMOVE --- */

/* Takes the member out of the source; false if it is not there. */
static bool take_out(struct call *c)
{
    struct set_edit source;
    bool valid = set_edit_begin(c, 1, &source);
    assert(valid);
    bool removed = set_remove(source.set, c->argv[3]);
    bool emptied = set_edit_end(&source, removed);
    if (removed) {
        tell_removed(c, 1, "srem", emptied);
    }
    return removed;
}

static void put_in(struct call *c)
{
    struct set_edit destination;
    bool valid = set_edit_begin(c, 2, &destination);
    assert(valid);
    if (destination.set == NULL) {
        set_edit_create(&destination, c->argv[3], 1);
    }
    bool added = set_add(destination.set, c->argv[3], c->limits);
    set_edit_end(&destination, added);
    if (added) {
        key_event(c, 2, EVENT_SET, "sadd");
    }
}

static void smove(struct call *c)
{
    void *source;
    void *destination;

    if (!key_edit(c, 1, &type_set, &source)) {
        return;
    }
    if (source == NULL) {
        reply_integer(c->reply, 0);
        return;
    }
    if (span_equal(c->argv[1], c->argv[2])) {
        reply_integer(c->reply, set_has(source, c->argv[3]));
        return;
    }
    if (!key_edit(c, 2, &type_set, &destination)) {
        return;
    }
    bool moved = take_out(c);
    if (moved) {
        put_in(c);
    }
    reply_integer(c->reply, moved);
}

/* --- SPOP --- */

static void pop_one(struct call *c)
{
    struct set_edit edit;
    uint64_t random = call_random(c);
    char room[NUMBER_TEXT_MAX];

    if (!set_edit_begin(c, 1, &edit)) {
        return;
    }
    if (edit.set == NULL) {
        reply_null(c->reply);
        return;
    }
    struct span member = call_keep(c, set_random(edit.set, &random, room));
    set_remove(edit.set, member);
    reply_bulk(c->reply, member);
    tell_removed(c, 1, "spop", set_edit_end(&edit, true));
    call_changed_as_words(c, 3, SPAN("SREM"), c->argv[1], member);
}

static void reply_member(void *reply, struct span text)
{
    reply_bulk(reply, text);
}

static void pop_all(struct call *c, const void *value)
{
    reply_set(c->reply, set_count(value));
    set_each(value, reply_member, c->reply);
    key_delete(c, 1);
    call_changed_as_words(c, 2, SPAN("DEL"), c->argv[1]);
    tell_removed(c, 1, "spop", true);
}

/* The commands that repeat it: SREM of so many members at a time. */
enum { REMOVED_AT_ONCE = 1024 };

struct popped {
    struct call *call;
    struct span *argv;
    size_t argc;
};

static void flush(struct popped *popped)
{
    if (popped->argc > 2) {
        call_adds_change(popped->call, popped->argv, popped->argc);
    }
    popped->argc = 0;
}

static void pop_member(void *context, struct span text)
{
    struct popped *popped = context;
    struct call *c = popped->call;

    if (popped->argc == 0) {
        popped->argv = arena_alloc(c->arena, (2 + REMOVED_AT_ONCE) * sizeof(*popped->argv));
        popped->argv[0] = SPAN("SREM");
        popped->argv[1] = c->argv[1];
        popped->argc = 2;
    }
    popped->argv[popped->argc++] = call_keep(c, text);
    reply_bulk(c->reply, text);
    if (popped->argc == 2 + REMOVED_AT_ONCE) {
        flush(popped);
    }
}

static void pop_some(struct call *c, size_t count)
{
    struct set_edit edit;
    struct popped popped = { .call = c };
    uint64_t random = call_random(c);
    bool valid = set_edit_begin(c, 1, &edit);
    assert(valid);

    reply_set(c->reply, count);
    set_pop(edit.set, count, &random, pop_member, &popped);
    flush(&popped);
    set_edit_end(&edit, true);
    tell_removed(c, 1, "spop", false);
}

static void spop(struct call *c)
{
    void *value;
    int64_t count;

    if (c->argc == 2) {
        pop_one(c);
        return;
    }
    if (c->argc > 3) {
        call_syntax_error(c);
        return;
    }
    if (!arg_integer_in(c, 2, 0, INT64_MAX, &count, NULL) || !key_edit(c, 1, &type_set, &value)) {
        return;
    }
    if (value == NULL || count == 0) {
        reply_set(c->reply, 0);
    } else if ((uint64_t)count >= set_count(value)) {
        pop_all(c, value);
    } else {
        pop_some(c, (size_t)count);
    }
}

const struct command set_write_commands[] = {
    { .name = "sadd",
      .run = sadd,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of members given.",
      .synopsis = "key:key member:string...",
      .summary = "Adds members to a set and returns how many were new.",
      .history = "2.4.0 More than one `member`." },
    { .name = "srem",
      .run = srem,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of members given.",
      .synopsis = "key:key member:string...",
      .summary = "Removes members from a set and returns how many there were.",
      .history = "2.4.0 More than one `member`." },
    { .name = "smove",
      .run = smove,
      .arity = 4,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
                KEYS(2, 2, 1, KEY_RW | KEY_INSERT) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "source:key destination:key member:string",
      .summary = "Moves a member from one set to another." },
    { .name = "spop",
      .run = spop,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "set",
      .since = "1.0.0",
      .complexity = "O(1); with a count O(N), N being the count.",
      .synopsis = "key:key [count:integer@3.2.0]",
      .summary = "Removes members picked by chance from a set and returns them.",
      .tips = "nondeterministic_output",
      .history = "3.2.0 `count`." },
    { .name = NULL },
};
