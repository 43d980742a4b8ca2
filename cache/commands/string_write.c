/* Commands that write strings.
 *
 * What a SET did may depend on when it ran and on what it found. Its change does
 * not: a time to live is announced as the moment it ends, and options that were
 * fulfilled are left out. */

#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

enum compare { COMPARE_NONE, COMPARE_EQUAL, COMPARE_DIFFERENT };

enum unit { UNIT_NONE, UNIT_EX, UNIT_PX, UNIT_EXAT, UNIT_PXAT };

/* The options of SET and GETEX. */
struct options {
    bool nx;
    bool xx;
    bool get;
    bool keep_ttl;
    bool persist;
    enum unit unit;
    size_t time_at; /* The argument with the time; unless UNIT_NONE. */
    enum compare compare;
    size_t compare_at; /* The argument to compare with; unless COMPARE_NONE. */
};

/* IFEQ, IFNE: what Valkey 8.1 and Redis 8.4 have for a change that depends on the present text. */
static enum compare compare_named(struct span word)
{
    if (span_is(word, "IFEQ")) {
        return COMPARE_EQUAL;
    }
    return span_is(word, "IFNE") ? COMPARE_DIFFERENT : COMPARE_NONE;
}

static enum unit unit_named(struct span word)
{
    static const struct {
        const char *name;
        enum unit unit;
    } units[] = {
        { "EX", UNIT_EX },
        { "PX", UNIT_PX },
        { "EXAT", UNIT_EXAT },
        { "PXAT", UNIT_PXAT },
    };
    for (size_t i = 0; i < COUNT(units); i++) {
        if (span_is(word, units[i].name)) {
            return units[i].unit;
        }
    }
    return UNIT_NONE;
}

/* One option without an argument. False if it is none, or goes ill with the others. */
static bool take_word_of_set(struct options *options, struct span word)
{
    bool compares = options->compare != COMPARE_NONE;

    if (span_is(word, "NX") && !options->xx && !compares) {
        options->nx = true;
    } else if (span_is(word, "XX") && !options->nx && !compares) {
        options->xx = true;
    } else if (span_is(word, "GET")) {
        options->get = true;
    } else if (span_is(word, "KEEPTTL") && options->unit == UNIT_NONE) {
        options->keep_ttl = true;
    } else {
        return false;
    }
    return true;
}

static bool take_word_of_getex(struct options *options, struct span word)
{
    if (!span_is(word, "PERSIST") || options->unit != UNIT_NONE) {
        return false;
    }
    options->persist = true;
    return true;
}

/* SET's IFEQ and IFNE, argv[*at], which is moved to the text to compare with. False if it is
 * neither, or goes ill with the others. */
static bool take_compare(struct call *c, size_t *at, struct options *options)
{
    enum compare compare = compare_named(c->argv[*at]);
    if (compare == COMPARE_NONE || *at + 1 == c->argc || options->nx || options->xx ||
        options->compare != COMPARE_NONE) {
        return false;
    }
    *at += 1;
    options->compare = compare;
    options->compare_at = *at;
    return true;
}

/* Replies if it returns false. The same option may be given twice, as in Redis. */
static bool take_options(struct call *c, size_t first, struct options *options,
                         bool (*take_word)(struct options *, struct span))
{
    for (size_t i = first; i < c->argc; i++) {
        if (take_word(options, c->argv[i]) ||
            (take_word == take_word_of_set && take_compare(c, &i, options))) {
            continue;
        }
        enum unit unit = unit_named(c->argv[i]);
        bool alone = !options->keep_ttl && !options->persist &&
                     (options->unit == UNIT_NONE || options->unit == unit);
        if (unit == UNIT_NONE || !alone || i + 1 == c->argc) {
            call_syntax_error(c);
            return false;
        }
        i++;
        options->unit = unit;
        options->time_at = i;
    }
    return true;
}

/* When the key is to expire. Replies if it returns false. */
static bool take_time(struct call *c, const struct options *options, int64_t *expires_at_ms)
{
    bool in_seconds = options->unit == UNIT_EX || options->unit == UNIT_EXAT;
    bool from_now = options->unit == UNIT_EX || options->unit == UNIT_PX;
    int64_t now_ms = (int64_t)c->now_ms;
    int64_t time;

    if (!arg_integer(c, options->time_at, &time)) {
        return false;
    }
    int64_t max = in_seconds ? INT64_MAX / 1000 : INT64_MAX;
    bool good = time > 0 && time <= max;
    if (good && in_seconds) {
        time *= 1000;
    }
    if (good && from_now) {
        good = time <= INT64_MAX - now_ms;
    }
    if (!good) {
        reply_errorf(c->reply, "ERR invalid expire time in '%s' command", c->command->name);
        return false;
    }
    *expires_at_ms = from_now ? time + now_ms : time;
    return true;
}

static void put(struct call *c, size_t key, size_t text, int64_t expires_at_ms)
{
    struct string_form form = string_form(c->argv[text]);
    string_write(key_put(c, key, &type_string, form.size, expires_at_ms), &form);
}

static void set_to(struct call *c, size_t key, size_t text, int64_t expires_at_ms)
{
    put(c, key, text, expires_at_ms);
    key_event(c, key, EVENT_STRING, "set");
    if (expires_at_ms >= 0) {
        key_event(c, key, EVENT_GENERIC, "expire");
    }
}

static void changed_as_set(struct call *c, size_t text, int64_t expires_at_ms)
{
    if (expires_at_ms >= 0) {
        call_changed_as_words(c, 5, SPAN("SET"), c->argv[1], c->argv[text], SPAN("PXAT"),
                              call_number(c, expires_at_ms));
    } else if (expires_at_ms == EXPIRY_KEEP) {
        call_changed_as_words(c, 4, SPAN("SET"), c->argv[1], c->argv[text], SPAN("KEEPTTL"));
    } else {
        call_changed_as_words(c, 3, SPAN("SET"), c->argv[1], c->argv[text]);
    }
}

/* Answers with the text that is there; *found says whether there is one. False after the
 * reply WRONGTYPE. */
static bool reply_old(struct call *c, bool *found)
{
    const void *value;
    char room[STRING_TEXT_ROOM];

    if (!key_read(c, 1, &type_string, &value)) {
        return false;
    }
    *found = value != NULL;
    if (value == NULL) {
        reply_null(c->reply);
    } else {
        reply_bulk(c->reply, string_text(value, room));
    }
    return true;
}

/* Whether the text of a key, which need not be there, is as argv[at] and `compare` say. False after
 * the reply WRONGTYPE. */
static bool compare_text(struct call *c, enum compare compare, size_t at, bool *fits)
{
    void *value;
    char room[STRING_TEXT_ROOM];

    if (!key_edit(c, 1, &type_string, &value)) {
        return false;
    }
    bool equal = value != NULL && span_equal(string_text(value, room), c->argv[at]);
    *fits = equal == (compare == COMPARE_EQUAL);
    return true;
}

static void set_with(struct call *c, const struct options *options)
{
    int64_t expires_at_ms = EXPIRY_NONE;
    bool found = false;
    bool fits = true;
    struct key_view view;

    if (options->unit != UNIT_NONE && !take_time(c, options, &expires_at_ms)) {
        return;
    }
    if (options->get) {
        if (!reply_old(c, &found)) {
            return;
        }
    } else if (options->nx || options->xx || options->keep_ttl) {
        found = key_look(c, 1, 0, &view);
    }
    if (options->compare != COMPARE_NONE &&
        !compare_text(c, options->compare, options->compare_at, &fits)) {
        return;
    }
    if ((options->nx && found) || (options->xx && !found) || !fits) {
        if (!options->get) {
            reply_null(c->reply);
        }
        return;
    }
    if (options->keep_ttl && found) {
        expires_at_ms = EXPIRY_KEEP;
    }
    set_to(c, 1, 2, expires_at_ms);
    changed_as_set(c, 2, expires_at_ms);
    if (!options->get) {
        reply_ok(c->reply);
    }
}

static void set(struct call *c)
{
    if (c->argc == 3) {
        set_to(c, 1, 2, EXPIRY_NONE);
        reply_ok(c->reply);
        return;
    }
    struct options options = { 0 };
    if (take_options(c, 3, &options, take_word_of_set)) {
        set_with(c, &options);
    }
}

static uint16_t set_key_flags(const struct span *argv, size_t argc)
{
    for (size_t i = 3; i < argc; i++) {
        if (span_is(argv[i], "GET") || compare_named(argv[i]) != COMPARE_NONE) {
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        }
    }
    return KEY_OW | KEY_UPDATE;
}

static void setnx(struct call *c)
{
    struct key_view view;

    if (key_look(c, 1, 0, &view)) {
        reply_integer(c->reply, 0);
        return;
    }
    set_to(c, 1, 2, EXPIRY_NONE);
    reply_integer(c->reply, 1);
}

static void set_for(struct call *c, enum unit unit)
{
    struct options options = { .unit = unit, .time_at = 2 };
    int64_t expires_at_ms;

    if (!take_time(c, &options, &expires_at_ms)) {
        return;
    }
    set_to(c, 1, 3, expires_at_ms);
    changed_as_set(c, 3, expires_at_ms);
    reply_ok(c->reply);
}

static void setex(struct call *c)
{
    set_for(c, UNIT_EX);
}

static void psetex(struct call *c)
{
    set_for(c, UNIT_PX);
}

static void getset(struct call *c)
{
    bool found;

    if (!reply_old(c, &found)) {
        return;
    }
    set_to(c, 1, 2, EXPIRY_NONE);
    changed_as_set(c, 2, EXPIRY_NONE);
}

static void getdel(struct call *c)
{
    bool found;

    if (!reply_old(c, &found) || !found) {
        return;
    }
    key_delete(c, 1);
    call_changed_as_words(c, 2, SPAN("DEL"), c->argv[1]);
    key_event(c, 1, EVENT_GENERIC, "del");
}

/* Answers whether it was there. */
static void delete_key(struct call *c)
{
    bool deleted = key_delete(c, 1);
    if (deleted) {
        call_changed_as_words(c, 2, SPAN("DEL"), c->argv[1]);
        key_event(c, 1, EVENT_GENERIC, "del");
    }
    reply_integer(c->reply, deleted);
}

static void delete_if(struct call *c, enum compare compare, size_t at)
{
    bool fits;

    if (!compare_text(c, compare, at, &fits)) {
        return;
    }
    if (fits) {
        delete_key(c);
    } else {
        reply_integer(c->reply, 0);
    }
}

static void delifeq(struct call *c)
{
    delete_if(c, COMPARE_EQUAL, 2);
}

static void delex(struct call *c)
{
    if (c->argc == 2) {
        delete_key(c);
        return;
    }
    if (c->argc != 4) {
        call_arity_error(c);
        return;
    }
    enum compare compare = compare_named(c->argv[2]);
    if (compare == COMPARE_NONE) {
        call_syntax_error(c);
        return;
    }
    delete_if(c, compare, 3);
}

static void expire_read_key(struct call *c, const struct options *options, int64_t expires_at_ms)
{
    struct key_view view;

    if (options->unit == UNIT_NONE) {
        if (options->persist && key_look(c, 1, 0, &view) && view.expires_at_ms >= 0) {
            key_expire(c, 1, EXPIRY_NONE);
            call_changed_as_words(c, 2, SPAN("PERSIST"), c->argv[1]);
            key_event(c, 1, EVENT_GENERIC, "persist");
        }
        return;
    }
    if (expires_at_ms <= (int64_t)c->now_ms) {
        key_delete(c, 1);
        call_changed_as_words(c, 2, SPAN("DEL"), c->argv[1]);
        key_event(c, 1, EVENT_GENERIC, "del");
        return;
    }
    key_expire(c, 1, expires_at_ms);
    call_changed_as_words(c, 3, SPAN("PEXPIREAT"), c->argv[1], call_number(c, expires_at_ms));
    key_event(c, 1, EVENT_GENERIC, "expire");
}

static void getex(struct call *c)
{
    struct options options = { 0 };
    int64_t expires_at_ms = EXPIRY_NONE;
    const void *value;
    char room[STRING_TEXT_ROOM];

    if (!take_options(c, 2, &options, take_word_of_getex)) {
        return;
    }
    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    if (value == NULL) {
        reply_null(c->reply);
        return;
    }
    if (options.unit != UNIT_NONE && !take_time(c, &options, &expires_at_ms)) {
        return;
    }
    reply_bulk(c->reply, string_text(value, room));
    expire_read_key(c, &options, expires_at_ms);
}

/* Whether a string may become `len` + `more` bytes long. Replies if not. */
static bool may_grow(struct call *c, uint64_t len, uint64_t more)
{
    uint64_t max = cache_string_max(c->cache);
    if (len > max || more > max - len) {
        reply_error(c->reply, SPAN("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
        return false;
    }
    return true;
}

static void append(struct call *c)
{
    struct span more = c->argv[2];
    void *value;

    if (!key_edit(c, 1, &type_string, &value)) {
        return;
    }
    if (value == NULL) {
        put(c, 1, 2, EXPIRY_NONE);
        key_event(c, 1, EVENT_STRING, "append");
        reply_integer(c->reply, (int64_t)more.len);
        return;
    }
    size_t old_len = string_len(value);
    if (!may_grow(c, old_len, more.len)) {
        return;
    }
    size_t len = old_len + more.len;
    char *bytes = string_stretch(key_resize(c, 1, string_raw_size(len)), len);
    memcpy(bytes + old_len, more.bytes, more.len);
    key_event(c, 1, EVENT_STRING, "append");
    reply_integer(c->reply, (int64_t)len);
}

/* An empty string in a room for one of `len` bytes. */
static void *put_empty(struct call *c, size_t len)
{
    struct string_form form = string_form_text(SPAN(""));
    void *value = key_put(c, 1, &type_string, string_raw_size(len), EXPIRY_NONE);
    string_write(value, &form);
    return value;
}

static void setrange(struct call *c)
{
    struct span piece = c->argv[3];
    int64_t offset;
    void *value;

    if (!arg_integer(c, 2, &offset)) {
        return;
    }
    if (offset < 0) {
        reply_error(c->reply, SPAN("ERR offset is out of range"));
        return;
    }
    if (!key_edit(c, 1, &type_string, &value)) {
        return;
    }
    size_t old_len = value == NULL ? 0 : string_len(value);
    if (piece.len == 0) {
        reply_integer(c->reply, (int64_t)old_len);
        return;
    }
    if (!may_grow(c, (uint64_t)offset, piece.len)) {
        return;
    }
    size_t end = (size_t)offset + piece.len;
    size_t len = end > old_len ? end : old_len;
    value = value == NULL ? put_empty(c, len) : key_resize(c, 1, string_raw_size(len));
    memcpy(string_stretch(value, len) + offset, piece.bytes, piece.len);
    key_event(c, 1, EVENT_STRING, "setrange");
    reply_integer(c->reply, (int64_t)len);
}

static void put_pairs(struct call *c)
{
    for (size_t i = 1; i < c->argc; i += 2) {
        set_to(c, i, i + 1, EXPIRY_NONE);
    }
}

static void mset(struct call *c)
{
    if (c->argc % 2 == 0) {
        call_arity_error(c);
        return;
    }
    keys_prefetch(c, 1, 2);
    put_pairs(c);
    reply_ok(c->reply);
}

static void msetnx(struct call *c)
{
    struct key_view view;

    if (c->argc % 2 == 0) {
        call_arity_error(c);
        return;
    }
    keys_prefetch(c, 1, 2);
    for (size_t i = 1; i < c->argc; i += 2) {
        if (key_look(c, i, 0, &view)) {
            reply_integer(c->reply, 0);
            return;
        }
    }
    put_pairs(c);
    reply_integer(c->reply, 1);
}

const struct command string_write_commands[] = {
    { .name = "set",
      .run = set,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE) },
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key value:string [condition:(nx:NX | xx:XX | equal:string=IFEQ@8.1.0 | "
                  "different:string=IFNE@8.4.0)@2.6.12] [get:GET@6.2.0] "
                  "[expiration:(seconds:integer=EX@2.6.12 | milliseconds:integer=PX@2.6.12 | "
                  "unix-time-seconds:unix-time=EXAT@6.2.0 | "
                  "unix-time-milliseconds:unix-time=PXAT@6.2.0 | keepttl:KEEPTTL@6.0.0)]",
      .summary = "Makes a key hold a string, whatever it held before.",
      .history = "2.6.12 `EX`, `PX`, `NX` and `XX`.\n"
                 "6.0.0 `KEEPTTL`.\n"
                 "6.2.0 `GET`, `EXAT` and `PXAT`.\n"
                 "7.0.0 `NX` and `GET` together.\n"
                 "8.1.0 `IFEQ`, as in Valkey.\n"
                 "8.4.0 `IFNE`, as in Redis.",
      .key_notes = "Read only if `GET`, `IFEQ` or `IFNE` is given",
      .key_flags = set_key_flags },
    { .name = "setnx",
      .run = setnx,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_INSERT) },
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key value:string",
      .summary = "Makes a key hold a string if there is no such key yet." },
    { .name = "setex",
      .run = setex,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE) },
      .group = "string",
      .since = "2.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key seconds:integer value:string",
      .summary = "Makes a key hold a string for some seconds." },
    { .name = "psetex",
      .run = psetex,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE) },
      .group = "string",
      .since = "2.6.0",
      .complexity = "O(1)",
      .synopsis = "key:key milliseconds:integer value:string",
      .summary = "Makes a key hold a string for some milliseconds." },
    { .name = "getset",
      .run = getset,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key value:string",
      .summary = "Makes a key hold a string and returns the one before.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`SET` with the `!GET` argument" },
    { .name = "getdel",
      .run = getdel,
      .arity = 2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "string",
      .since = "6.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns the text of a string and deletes its key." },
    { .name = "delifeq",
      .run = delifeq,
      .arity = 3,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "string",
      .since = "9.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key value:string",
      .summary = "Deletes a string if it is equal to a text, as in Valkey." },
    { .name = "delex",
      .run = delex,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE) },
      .group = "string",
      .since = "8.4.0",
      .complexity = "O(1); O(M) for a key with M elements and no condition.",
      .synopsis = "key:key [condition:(equal:string=IFEQ | different:string=IFNE)]",
      .summary = "Deletes a key, if need be only a string that is equal to a text or is not." },
    { .name = "getex",
      .run = getex,
      .arity = -2,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "string",
      .since = "6.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key [expiration:(seconds:integer=EX | milliseconds:integer=PX | "
                  "unix-time-seconds:unix-time=EXAT | unix-time-milliseconds:unix-time=PXAT | "
                  "persist:PERSIST)]",
      .summary = "Returns the text of a string and may change when its key expires.",
      .key_notes = "Written because the time to live may change" },
    { .name = "append",
      .run = append,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "string",
      .since = "2.0.0",
      .complexity = "O(1), amortized, for small values: room doubles when it runs out.",
      .synopsis = "key:key value:string",
      .summary = "Adds text at the end of a string; makes the string if need be." },
    { .name = "setrange",
      .run = setrange,
      .arity = 4,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "string",
      .since = "2.2.0",
      .complexity = "O(M), M being the length of the value; O(1) where that is small.",
      .synopsis = "key:key offset:integer value:string",
      .summary = "Writes over a part of a string, with zeroes before it if it was shorter." },
    { .name = "mset",
      .run = mset,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, -1, 2, KEY_OW | KEY_UPDATE) },
      .across = ACROSS_OK,
      .group = "string",
      .since = "1.0.1",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "key_value:{key:key value:string}...",
      .summary = "Makes several keys hold strings, at once.",
      .tips = "request_policy:multi_shard response_policy:all_succeeded" },
    { .name = "msetnx",
      .run = msetnx,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, -1, 2, KEY_OW | KEY_INSERT) },
      .group = "string",
      .since = "1.0.1",
      .complexity = "O(N), N being the number of keys.",
      .synopsis = "key_value:{key:key value:string}...",
      .summary = "Makes several keys hold strings, if none of the keys is there yet.",
      .tips = "request_policy:multi_shard response_policy:agg_min" },
    { .name = NULL },
};
