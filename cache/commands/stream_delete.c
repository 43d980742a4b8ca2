/* XDELEX and XACKDEL, of Redis 8.2: deleting with regard to the groups that want an entry.
 *
 *     KEEPREF   it is deleted, and stays pending where it is
 *     DELREF    it is deleted, and is pending nowhere any more
 *     ACKED     it is deleted if no group has it pending or may still deliver it
 */

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/stream_part.h"

enum policy { KEEP, RELEASE, ACKNOWLEDGED };

/* What is replied for each id. */
enum outcome { NOT_THERE = -1, DELETED = 1, STILL_WANTED = 2 };

struct deletion {
    enum policy policy;
    size_t ids_at; /* 0: IDS is missing. */
    size_t id_count;
    struct stream_id *ids;
    struct stream *stream;
    struct stream_group *group; /* XACKDEL's. */
    bool deleted;
    bool changed;
};

static bool take_policy(const struct call *c, size_t at, enum policy *policy)
{
    static const struct {
        const char *word;
        enum policy policy;
    } policies[] = { { "KEEPREF", KEEP }, { "DELREF", RELEASE }, { "ACKED", ACKNOWLEDGED } };

    for (size_t i = 0; i < COUNT(policies); i++) {
        if (arg_is(c, at, policies[i].word)) {
            *policy = policies[i].policy;
            return true;
        }
    }
    return false;
}

static bool take_ids(struct call *c, size_t at, struct deletion *deletion)
{
    int64_t count;

    if (!arg_integer_in(c, at, 1, INT64_MAX, &count,
                        "ERR Number of IDs must be a positive integer")) {
        return false;
    }
    if ((uint64_t)count > c->argc - at - 1) {
        return stream_refuse(c, "ERR The `numids` parameter must match the number of arguments");
    }
    deletion->ids_at = at + 1;
    deletion->id_count = (size_t)count;
    deletion->ids = arena_alloc(c->arena, deletion->id_count * sizeof(*deletion->ids));
    for (size_t i = 0; i < deletion->id_count; i++) {
        if (!arg_stream_id(c, deletion->ids_at + i, 0, &deletion->ids[i])) {
            return false;
        }
    }
    return true;
}

/* [KEEPREF | DELREF | ACKED] IDS numids id…, in any order. */
static bool take_arguments(struct call *c, size_t at, struct deletion *deletion)
{
    bool chosen = false;

    while (at < c->argc) {
        if (!chosen && take_policy(c, at, &deletion->policy)) {
            chosen = true;
            at++;
        } else if (deletion->ids_at == 0 && at + 1 < c->argc && arg_is(c, at, "IDS")) {
            if (!take_ids(c, at + 1, deletion)) {
                return false;
            }
            at = deletion->ids_at + deletion->id_count;
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    if (deletion->ids_at == 0) {
        call_syntax_error(c);
    }
    return deletion->ids_at > 0;
}

static enum outcome delete_one(struct deletion *deletion, struct stream_id id)
{
    if (deletion->policy == RELEASE && stream_release(deletion->stream, id)) {
        deletion->changed = true;
    }
    if (deletion->policy == ACKNOWLEDGED && stream_has(deletion->stream, id) &&
        stream_is_wanted(deletion->stream, id)) {
        return STILL_WANTED;
    }
    if (!stream_delete(deletion->stream, id)) {
        return NOT_THERE;
    }
    deletion->deleted = true;
    deletion->changed = true;
    return DELETED;
}

/* An entry that was deleted before is as good as deleted. */
static enum outcome acknowledge_one(struct deletion *deletion, struct stream_id id)
{
    struct stream_pending *pending =
        deletion->group == NULL ? NULL : stream_pending_find(deletion->group, id);

    if (pending == NULL) {
        return NOT_THERE;
    }
    stream_pending_remove(deletion->group, pending);
    deletion->changed = true;
    return delete_one(deletion, id) == STILL_WANTED ? STILL_WANTED : DELETED;
}

static void finish(struct call *c, const struct deletion *deletion)
{
    if (deletion->changed) {
        key_changed(c, 1);
    }
    if (deletion->deleted) {
        key_event(c, 1, EVENT_STREAM, "xdel");
    }
}

static void xdelex(struct call *c)
{
    struct deletion deletion = { 0 };

    if (!take_arguments(c, 2, &deletion) || !stream_edit(c, 1, &deletion.stream)) {
        return;
    }
    reply_array(c->reply, deletion.id_count);
    for (size_t i = 0; i < deletion.id_count; i++) {
        reply_integer(c->reply,
                      deletion.stream == NULL ? NOT_THERE : delete_one(&deletion, deletion.ids[i]));
    }
    finish(c, &deletion);
}

static void xackdel(struct call *c)
{
    struct deletion deletion = { 0 };

    if (!take_arguments(c, 3, &deletion) || !stream_edit(c, 1, &deletion.stream)) {
        return;
    }
    if (deletion.stream != NULL) {
        deletion.group = stream_group_find(deletion.stream, c->argv[2]);
    }
    reply_array(c->reply, deletion.id_count);
    for (size_t i = 0; i < deletion.id_count; i++) {
        reply_integer(c->reply, acknowledge_one(&deletion, deletion.ids[i]));
    }
    finish(c, &deletion);
}

#define POLICY "[condition:(keepref:KEEPREF | delref:DELREF | acked:ACKED)]"
#define IDS    "ids:{numids:integer id:string...}=IDS"

const struct command stream_delete_commands[] = {
    { .name = "xdelex",
      .run = xdelex,
      .arity = -5,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "stream",
      .since = "8.2.0",
      .complexity = "O(N) for each id, N being the number of groups; O(1) with KEEPREF.",
      .synopsis = "key:key " POLICY " " IDS,
      .summary = "Deletes entries of a stream, with regard to groups that want them." },
    { .name = "xackdel",
      .run = xackdel,
      .arity = -6,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "stream",
      .since = "8.2.0",
      .complexity = "O(N) for each id, N being the number of groups; O(1) with KEEPREF.",
      .synopsis = "key:key group:string " POLICY " " IDS,
      .summary = "Acknowledges entries and deletes them, with regard to other groups." },
    { .name = NULL },
};
