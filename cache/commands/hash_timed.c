/* Commands that read or set fields of a hash and do something else to them at once. */

#include "cache/call.h"
#include "cache/commands/hash_edit.h"
#include "cache/commands/hash_fields.h"
#include "cache/commands/rows.h"

/* Answers with the field's value; false if it is not there. */
static bool reply_field(struct hash_edit *edit, struct span field, struct hash_item *item)
{
    struct call *c = edit->call;
    if (!hash_find(hash_draft_value(&edit->draft), field, c->now_ms, item)) {
        reply_null(c->reply);
        return false;
    }
    reply_bulk(c->reply, item->value);
    return true;
}

/* --- HGETDEL --- */

static void get_and_remove(struct hash_edit *edit, const struct hash_fields *fields)
{
    struct call *c = edit->call;
    struct hash_touched touched = hash_touched_new(c, fields->count);
    struct hash_item item;

    hash_edit_drop_due(edit, fields->first, c->argc, 1);
    reply_array(c->reply, fields->count);
    for (size_t i = fields->first; i < c->argc; i++) {
        if (reply_field(edit, c->argv[i], &item)) {
            hash_draft_remove(&edit->draft, c->argv[i]);
            hash_touched_add(&touched, c->argv[i]);
            edit->changed = true;
        }
    }
    bool gone = hash_edit_end(edit);
    if (touched.count > 0) {
        hash_touched_removed(c, &touched);
        key_event(c, 1, EVENT_HASH, "hdel");
    }
    if (gone) {
        key_event(c, 1, EVENT_GENERIC, "del");
    }
}

static void hgetdel(struct call *c)
{
    struct hash_fields fields;
    struct hash_edit edit;

    if (!hash_edit_begin(c, &edit)) {
        return;
    }
    if (hash_fields_take(c, 2, hash_fields_not_positive, &fields)) {
        get_and_remove(&edit, &fields);
        return;
    }
    hash_edit_end(&edit);
}

/* --- HGETEX --- */

enum what { NOTHING, EXPIRE, REMOVE, PERSIST };

struct getex {
    enum what what;
    int64_t at_ms; /* With EXPIRE. */
    struct hash_fields fields;
};

/* Replies if it returns false. */
static bool take_getex(struct call *c, struct getex *getex)
{
    enum hash_time time = hash_time_named(c->argv[2]);
    size_t at = 2;

    *getex = (struct getex){ .what = NOTHING };
    if (time != HASH_TIME_NONE) {
        if (!hash_time_take(c, 3, time, &getex->at_ms)) {
            return false;
        }
        getex->what = getex->at_ms <= (int64_t)c->now_ms ? REMOVE : EXPIRE;
        at = 4;
    } else if (arg_is(c, 2, "PERSIST")) {
        getex->what = PERSIST;
        at = 3;
    }
    return hash_fields_take(c, at, hash_fields_not_positive, &getex->fields);
}

/* What is to be done to a field that is there; false if it was nothing. */
static bool touch_field(struct hash_edit *edit, const struct getex *getex, struct span field,
                        int64_t expires_at_ms)
{
    switch (getex->what) {
    case EXPIRE:
        return hash_draft_expire(&edit->draft, field, getex->at_ms);
    case REMOVE:
        return hash_draft_remove(&edit->draft, field);
    case PERSIST:
        return expires_at_ms != HASH_NEVER && hash_draft_expire(&edit->draft, field, HASH_NEVER);
    default:
        return false;
    }
}

static void tell_touched(struct call *c, struct hash_touched *touched, const struct getex *getex)
{
    if (getex->what == EXPIRE) {
        hash_touched_expire(c, touched, getex->at_ms);
        key_event(c, 1, EVENT_HASH, "hexpire");
    } else if (getex->what == REMOVE) {
        hash_touched_removed(c, touched);
        key_event(c, 1, EVENT_HASH, "hdel");
    } else {
        hash_touched_persist(c, touched);
        key_event(c, 1, EVENT_HASH, "hpersist");
    }
}

static void get_and_touch(struct hash_edit *edit, const struct getex *getex)
{
    struct call *c = edit->call;
    struct hash_touched touched = hash_touched_new(c, getex->fields.count);
    struct hash_item item;

    hash_edit_drop_due(edit, getex->fields.first, c->argc, 1);
    reply_array(c->reply, getex->fields.count);
    for (size_t i = getex->fields.first; i < c->argc; i++) {
        if (reply_field(edit, c->argv[i], &item) &&
            touch_field(edit, getex, c->argv[i], item.expires_at_ms)) {
            hash_touched_add(&touched, c->argv[i]);
            edit->changed = true;
        }
    }
    bool gone = hash_edit_end(edit);
    if (touched.count > 0) {
        tell_touched(c, &touched, getex);
    }
    if (gone) {
        key_event(c, 1, EVENT_GENERIC, "del");
    }
}

static void hgetex(struct call *c)
{
    struct hash_edit edit;
    struct getex getex;

    if (!hash_edit_begin(c, &edit)) {
        return;
    }
    if (take_getex(c, &getex)) {
        get_and_touch(&edit, &getex);
        return;
    }
    hash_edit_end(&edit);
}

/* --- HSETEX --- */

struct setex {
    bool fnx; /* Only if none of the fields is there. */
    bool fxx; /* Only if all are. */
    bool keep_ttl;
    bool expires;
    int64_t at_ms;
    size_t first; /* The first of the pairs, which are the last arguments. */
};

/* FIELDS is argv[at]. Replies if it returns false. */
static bool take_pairs(struct call *c, size_t at, struct setex *setex)
{
    int64_t count;

    if (c->argc - at < 4) {
        call_arity_error(c);
        return false;
    }
    if (!arg_integer_in(c, at + 1, 1, INT32_MAX, &count, "ERR invalid number of fields")) {
        return false;
    }
    size_t left = c->argc - at - 2;
    if (left % 2 != 0 || (uint64_t)count != left / 2) {
        call_arity_error(c);
        return false;
    }
    setex->first = at + 2;
    return true;
}

/* An option that says when the fields expire; moves *at to its last argument. */
static bool take_ttl(struct call *c, size_t *at, enum hash_time time, struct setex *setex)
{
    if (setex->expires || setex->keep_ttl) {
        reply_error(c->reply, SPAN("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can "
                                   "be specified"));
        return false;
    }
    if (time == HASH_TIME_NONE) {
        setex->keep_ttl = true;
        return true;
    }
    *at += 1;
    if (*at == c->argc) {
        reply_error(c->reply, SPAN("ERR missing expire time"));
        return false;
    }
    setex->expires = true;
    return hash_time_take(c, *at, time, &setex->at_ms);
}

static bool take_condition(struct call *c, size_t at, struct setex *setex)
{
    if (setex->fnx || setex->fxx) {
        reply_error(c->reply, SPAN("ERR Only one of FXX or FNX arguments can be specified"));
        return false;
    }
    setex->fnx = arg_is(c, at, "FNX");
    setex->fxx = !setex->fnx;
    return true;
}

static bool take_setex(struct call *c, struct setex *setex)
{
    *setex = (struct setex){ .at_ms = HASH_NEVER };
    for (size_t i = 2; i < c->argc; i++) {
        enum hash_time time = hash_time_named(c->argv[i]);
        bool taken;

        if (arg_is(c, i, "FIELDS")) {
            return take_pairs(c, i, setex);
        }
        if (time != HASH_TIME_NONE || arg_is(c, i, "KEEPTTL")) {
            taken = take_ttl(c, &i, time, setex);
        } else if (arg_is(c, i, "FNX") || arg_is(c, i, "FXX")) {
            taken = take_condition(c, i, setex);
        } else {
            reply_errorf(c->reply, "ERR unknown argument: %.*s", span_shown(c->argv[i]),
                         c->argv[i].bytes);
            return false;
        }
        if (!taken) {
            return false;
        }
    }
    call_arity_error(c);
    return false;
}

static bool condition_is_met(struct hash_edit *edit, const struct setex *setex)
{
    const struct call *c = edit->call;
    struct hash_item item;

    for (size_t i = setex->first; i < c->argc && (setex->fnx || setex->fxx); i += 2) {
        bool found = hash_find(hash_draft_value(&edit->draft), c->argv[i], c->now_ms, &item);
        if (found ? setex->fnx : setex->fxx) {
            return false;
        }
    }
    return true;
}

/* The time has passed: what would be set is gone at once. */
static void remove_pairs(struct hash_edit *edit, const struct setex *setex)
{
    struct call *c = edit->call;
    struct hash_touched touched = hash_touched_new(c, c->argc);

    for (size_t i = setex->first; i < c->argc; i += 2) {
        if (hash_draft_remove(&edit->draft, c->argv[i])) {
            hash_touched_add(&touched, c->argv[i]);
            edit->changed = true;
        }
    }
    bool gone = hash_edit_end(edit);
    if (touched.count > 0) {
        hash_touched_removed(c, &touched);
    }
    key_event(c, 1, EVENT_HASH, "hset");
    key_event(c, 1, EVENT_HASH, "hdel");
    if (gone) {
        key_event(c, 1, EVENT_GENERIC, "del");
    }
}

/* The same without a condition, and with a time that does not depend on when it is repeated. */
static void changed_as_absolute(struct call *c, const struct setex *setex)
{
    enum { FRONT_MAX = 6 };
    struct span *argv = arena_alloc(c->arena, (c->argc + FRONT_MAX) * sizeof(*argv));
    size_t pairs = c->argc - setex->first;
    size_t argc = 0;

    argv[argc++] = SPAN("HSETEX");
    argv[argc++] = c->argv[1];
    if (setex->keep_ttl) {
        argv[argc++] = SPAN("KEEPTTL");
    } else if (setex->expires) {
        argv[argc++] = SPAN("PXAT");
        argv[argc++] = call_number(c, setex->at_ms);
    }
    argv[argc++] = SPAN("FIELDS");
    argv[argc++] = c->argv[setex->first - 1];
    memcpy(argv + argc, c->argv + setex->first, pairs * sizeof(*argv));
    call_changed_as(c, argv, argc + pairs);
}

static void set_pairs(struct hash_edit *edit, const struct setex *setex)
{
    struct call *c = edit->call;
    int64_t expires_at_ms = setex->keep_ttl ? HASH_AS_IS : setex->at_ms;

    for (size_t i = setex->first; i < c->argc; i += 2) {
        hash_draft_set(&edit->draft, c->argv[i], c->argv[i + 1], expires_at_ms);
    }
    edit->changed = true;
    hash_edit_end(edit);
    changed_as_absolute(c, setex);
    key_event(c, 1, EVENT_HASH, "hset");
    if (setex->expires) {
        key_event(c, 1, EVENT_HASH, "hexpire");
    }
}

static void hsetex(struct call *c)
{
    struct hash_edit edit;
    struct setex setex;

    if (!take_setex(c, &setex) || !hash_edit_begin(c, &edit)) {
        return;
    }
    hash_edit_drop_due(&edit, setex.first, c->argc, 2);
    if (!condition_is_met(&edit, &setex)) {
        hash_edit_end(&edit);
        reply_integer(c->reply, 0);
        return;
    }
    if (setex.expires && setex.at_ms <= (int64_t)c->now_ms) {
        remove_pairs(&edit, &setex);
    } else {
        set_pairs(&edit, &setex);
    }
    reply_integer(c->reply, 1);
}

#define TIMES                                                                                      \
    "seconds:integer=EX | milliseconds:integer=PX | unix-time-seconds:unix-time=EXAT | "           \
    "unix-time-milliseconds:unix-time=PXAT | "

const struct command hash_timed_commands[] = {
    { .name = "hgetdel",
      .run = hgetdel,
      .arity = -5,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "hash",
      .since = "8.0.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key " HASH_FIELDS_SYNOPSIS,
      .summary = "Returns the values of fields of a hash and removes them." },
    { .name = "hgetex",
      .run = hgetex,
      .arity = -5,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "hash",
      .since = "8.0.0",
      .complexity = "O(N), N being the number of fields named.",
      .synopsis = "key:key [expiration:(" TIMES "persist:PERSIST)] " HASH_FIELDS_SYNOPSIS,
      .summary = "Returns the values of fields of a hash and may change when they expire.",
      .key_notes = "Written because the time to live may change" },
    { .name = "hsetex",
      .run = hsetex,
      .arity = -6,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "hash",
      .since = "8.0.0",
      .complexity = "O(N), N being the number of fields set.",
      .synopsis = "key:key [condition:(fnx:FNX | fxx:FXX)] [expiration:(" TIMES "keepttl:KEEPTTL)] "
                  "fields:{numfields:integer data:{field:string value:string}...}=FIELDS",
      .summary = "Sets fields of a hash, and may say when they expire." },
    { .name = NULL },
};
