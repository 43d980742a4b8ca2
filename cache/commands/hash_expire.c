/* Commands about when fields of hashes expire.
 *
 * As with keys, all times come to one moment on the clock, in milliseconds: that is what is stored
 * and announced (HPEXPIREAT). A moment that has passed removes the field. The answer has a
 * number for each field. */

#include "cache/call.h"
#include "cache/commands/hash_edit.h"
#include "cache/commands/hash_fields.h"
#include "cache/commands/rows.h"

enum answer {
    NO_FIELD = -2,
    NO_TIME = -1, /* It does not expire. */
    NOT_MET = 0,  /* The condition. */
    DONE = 1,
    REMOVED = 2, /* The moment has passed. */
};

static void reply_no_fields(struct call *c, size_t count)
{
    reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_integer(c->reply, NO_FIELD);
    }
}

/* --- setting --- */

enum condition { ALWAYS, IF_NONE, IF_ANY, IF_LATER, IF_SOONER };

static enum condition condition_named(struct span word)
{
    static const char *const names[] = {
        [IF_NONE] = "NX",
        [IF_ANY] = "XX",
        [IF_LATER] = "GT",
        [IF_SOONER] = "LT",
    };
    for (size_t i = IF_NONE; i < COUNT(names); i++) {
        if (span_is(word, names[i])) {
            return (enum condition)i;
        }
    }
    return ALWAYS;
}

static bool allows(enum condition condition, int64_t before_ms, int64_t after_ms)
{
    bool expires = before_ms != HASH_NEVER;
    switch (condition) {
    case IF_NONE:
        return !expires;
    case IF_ANY:
        return expires;
    case IF_LATER:
        return expires && after_ms > before_ms;
    case IF_SOONER:
        return !expires || after_ms < before_ms;
    default:
        return true;
    }
}

struct expiration {
    int64_t at_ms;
    enum condition condition;
    struct hash_fields fields;
};

/* Replies if it returns false. */
static bool take_expiration(struct call *c, enum hash_time time, struct expiration *expiration)
{
    if (!hash_time_take(c, 2, time, &expiration->at_ms)) {
        return false;
    }
    expiration->condition = condition_named(c->argv[3]);
    size_t at = expiration->condition == ALWAYS ? 3 : 4;
    return hash_fields_take(c, at, "ERR Parameter `numFields` should be greater than 0",
                            &expiration->fields);
}

static enum answer expire_field(struct hash_edit *edit, struct span field,
                                const struct expiration *expiration)
{
    const struct call *c = edit->call;
    struct hash_item item;

    if (!hash_find(hash_draft_value(&edit->draft), field, c->now_ms, &item)) {
        return NO_FIELD;
    }
    if (!allows(expiration->condition, item.expires_at_ms, expiration->at_ms)) {
        return NOT_MET;
    }
    edit->changed = true;
    if (expiration->at_ms <= (int64_t)c->now_ms) {
        hash_draft_remove(&edit->draft, field);
        return REMOVED;
    }
    hash_draft_expire(&edit->draft, field, expiration->at_ms);
    return DONE;
}

static void expire_fields(struct hash_edit *edit, const struct expiration *expiration)
{
    struct call *c = edit->call;
    struct hash_touched touched = hash_touched_new(c, expiration->fields.count);
    bool removed = false;

    hash_edit_drop_due(edit, expiration->fields.first, c->argc, 1);
    reply_array(c->reply, expiration->fields.count);
    for (size_t i = expiration->fields.first; i < c->argc; i++) {
        enum answer answer = expire_field(edit, c->argv[i], expiration);
        reply_integer(c->reply, answer);
        if (answer == DONE || answer == REMOVED) {
            hash_touched_add(&touched, c->argv[i]);
        }
        removed |= answer == REMOVED;
    }
    bool gone = hash_edit_end(edit);
    if (touched.count > 0 && removed) {
        hash_touched_removed(c, &touched);
    } else if (touched.count > 0) {
        hash_touched_expire(c, &touched, expiration->at_ms);
    }
    if (touched.count > 0) {
        key_event(c, 1, EVENT_HASH, removed ? "hdel" : "hexpire");
    }
    if (gone) {
        key_event(c, 1, EVENT_GENERIC, "del");
    }
}

static void expire_with(struct call *c, enum hash_time time)
{
    struct expiration expiration;
    struct hash_edit edit;

    if (!hash_edit_begin(c, &edit)) {
        return;
    }
    if (take_expiration(c, time, &expiration)) {
        if (edit.found) {
            expire_fields(&edit, &expiration);
            return;
        }
        reply_no_fields(c, expiration.fields.count);
    }
    hash_edit_end(&edit);
}

static void hexpire(struct call *c)
{
    expire_with(c, HASH_TIME_EX);
}

static void hpexpire(struct call *c)
{
    expire_with(c, HASH_TIME_PX);
}

static void hexpireat(struct call *c)
{
    expire_with(c, HASH_TIME_EXAT);
}

static void hpexpireat(struct call *c)
{
    expire_with(c, HASH_TIME_PXAT);
}

/* --- taking back --- */

static enum answer persist_field(struct hash_edit *edit, struct span field)
{
    struct hash_item item;

    if (!hash_find(hash_draft_value(&edit->draft), field, edit->call->now_ms, &item)) {
        return NO_FIELD;
    }
    if (item.expires_at_ms == HASH_NEVER) {
        return NO_TIME;
    }
    hash_draft_expire(&edit->draft, field, HASH_NEVER);
    edit->changed = true;
    return DONE;
}

static void persist_fields(struct hash_edit *edit, const struct hash_fields *fields)
{
    struct call *c = edit->call;
    struct hash_touched touched = hash_touched_new(c, fields->count);

    hash_edit_drop_due(edit, fields->first, c->argc, 1);
    reply_array(c->reply, fields->count);
    for (size_t i = fields->first; i < c->argc; i++) {
        enum answer answer = persist_field(edit, c->argv[i]);
        reply_integer(c->reply, answer);
        if (answer == DONE) {
            hash_touched_add(&touched, c->argv[i]);
        }
    }
    hash_edit_end(edit);
    if (touched.count > 0) {
        hash_touched_persist(c, &touched);
        key_event(c, 1, EVENT_HASH, "hpersist");
    }
}

static void hpersist(struct call *c)
{
    struct hash_fields fields;
    struct hash_edit edit;

    if (!hash_edit_begin(c, &edit)) {
        return;
    }
    if (hash_fields_take(c, 2, hash_fields_not_positive, &fields)) {
        if (edit.found) {
            persist_fields(&edit, &fields);
            return;
        }
        reply_no_fields(c, fields.count);
    }
    hash_edit_end(&edit);
}

/* --- asking --- */

static int64_t time_of(const struct call *c, const void *hash, struct span field,
                       enum hash_time time)
{
    struct hash_item item;

    if (!hash_find(hash, field, c->now_ms, &item)) {
        return NO_FIELD;
    }
    if (item.expires_at_ms == HASH_NEVER) {
        return NO_TIME;
    }
    bool from_now = time == HASH_TIME_EX || time == HASH_TIME_PX;
    bool in_seconds = time == HASH_TIME_EX || time == HASH_TIME_EXAT;
    int64_t left_ms = item.expires_at_ms - (from_now ? (int64_t)c->now_ms : 0);
    return in_seconds ? (left_ms + 999) / 1000 : left_ms;
}

static void tell(struct call *c, enum hash_time time)
{
    struct hash_fields fields;
    const void *hash;

    if (!key_read(c, 1, &type_hash, &hash) ||
        !hash_fields_take(c, 2, hash_fields_not_positive, &fields)) {
        return;
    }
    if (hash == NULL) {
        reply_no_fields(c, fields.count);
        return;
    }
    reply_array(c->reply, fields.count);
    for (size_t i = fields.first; i < c->argc; i++) {
        reply_integer(c->reply, time_of(c, hash, c->argv[i], time));
    }
}

static void httl(struct call *c)
{
    tell(c, HASH_TIME_EX);
}

static void hpttl(struct call *c)
{
    tell(c, HASH_TIME_PX);
}

static void hexpiretime(struct call *c)
{
    tell(c, HASH_TIME_EXAT);
}

static void hpexpiretime(struct call *c)
{
    tell(c, HASH_TIME_PXAT);
}

#define CONDITION "[condition:(nx:NX | xx:XX | gt:GT | lt:LT)] "

const struct command hash_expire_commands[] = {
    { .name = "hexpire",
      .run = hexpire,
      .arity = -6,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key seconds:integer " CONDITION HASH_FIELDS_SYNOPSIS,
      .summary = "Makes fields of a hash expire after some seconds." },
    { .name = "hpexpire",
      .run = hpexpire,
      .arity = -6,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key milliseconds:integer " CONDITION HASH_FIELDS_SYNOPSIS,
      .summary = "Makes fields of a hash expire after some milliseconds." },
    { .name = "hexpireat",
      .run = hexpireat,
      .arity = -6,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key unix-time-seconds:unix-time " CONDITION HASH_FIELDS_SYNOPSIS,
      .summary = "Makes fields of a hash expire at a moment, in seconds of Unix time." },
    { .name = "hpexpireat",
      .run = hpexpireat,
      .arity = -6,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key unix-time-milliseconds:unix-time " CONDITION HASH_FIELDS_SYNOPSIS,
      .summary = "Makes fields of a hash expire at a moment, in milliseconds of Unix time." },
    { .name = "hpersist",
      .run = hpersist,
      .arity = -5,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key " HASH_FIELDS_SYNOPSIS,
      .summary = "Makes fields of a hash stay." },
    { .name = "httl",
      .run = httl,
      .arity = -5,
      .flags = CMD_READ | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key " HASH_FIELDS_SYNOPSIS,
      .summary = "Returns how many seconds fields of a hash have to live.",
      .tips = "nondeterministic_output" },
    { .name = "hpttl",
      .run = hpttl,
      .arity = -5,
      .flags = CMD_READ | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key " HASH_FIELDS_SYNOPSIS,
      .summary = "Returns how many milliseconds fields of a hash have to live.",
      .tips = "nondeterministic_output" },
    { .name = "hexpiretime",
      .run = hexpiretime,
      .arity = -5,
      .flags = CMD_READ | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key " HASH_FIELDS_SYNOPSIS,
      .summary = "Returns when fields of a hash expire, in seconds of Unix time." },
    { .name = "hpexpiretime",
      .run = hpexpiretime,
      .arity = -5,
      .flags = CMD_READ | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hash",
      .since = "7.4.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key " HASH_FIELDS_SYNOPSIS,
      .summary = "Returns when fields of a hash expire, in milliseconds of Unix time." },
    { .name = NULL },
};
