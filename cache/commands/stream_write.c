/* Commands that add and remove entries of streams.
 *
 * What a clock or a limit decided is not for others to decide again: an id made here is announced
 * as it came out, and an approximate trim as the exact one that has the same effect. */

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/stream_part.h"

enum { LIMIT_BLOCKS = 100, LIMIT_DEFAULT = 10000, LIMIT_MAX = 1000000 };

/* The options of XADD and XTRIM. */
struct options {
    bool nomkstream;
    bool trims;
    struct stream_trim trim;
    size_t strategy_at;  /* MAXLEN or MINID, … */
    size_t threshold_at; /* … and its argument: between them there may be a "~" or "=". */
    bool limited;
    size_t id_at; /* XADD's; argc if it is missing. */
    bool auto_id;
    bool auto_seq;
    struct stream_id id;
};

static bool take_threshold(struct call *c, struct options *options)
{
    struct stream_trim *trim = &options->trim;
    int64_t number;

    if (trim->by_id) {
        return arg_stream_id(c, options->threshold_at, 0, &trim->min_id);
    }
    if (!arg_integer(c, options->threshold_at, &number)) {
        return false;
    }
    trim->length_max = (uint64_t)number;
    return number >= 0 || stream_refuse(c, "ERR The MAXLEN argument must be >= 0.");
}

/* MAXLEN or MINID at *at; moves to its last argument. */
static bool take_strategy(struct call *c, size_t *at, struct options *options)
{
    bool by_id = arg_is(c, *at, "MINID");

    if (options->trims) {
        return stream_refuse(c,
                             "ERR syntax error, MAXLEN and MINID options at the same time are not "
                             "compatible");
    }
    options->trims = true;
    options->strategy_at = *at;
    options->trim.by_id = by_id;
    (*at)++;
    if (*at + 1 < c->argc) {
        options->trim.approximate = span_equal(c->argv[*at], SPAN("~"));
        *at += options->trim.approximate || span_equal(c->argv[*at], SPAN("="));
    }
    options->threshold_at = *at;
    return take_threshold(c, options);
}

static bool take_limit(struct call *c, size_t at, struct options *options)
{
    int64_t limit;

    if (!arg_integer(c, at, &limit)) {
        return false;
    }
    options->limited = true;
    options->trim.limit = (uint64_t)limit;
    return limit >= 0 || stream_refuse(c, "ERR The LIMIT argument must be >= 0.");
}

static bool take_id(struct call *c, size_t at, struct options *options)
{
    options->id_at = at;
    options->auto_id = span_equal(c->argv[at], SPAN("*"));
    if (options->auto_id || stream_id_parse(c->argv[at], 0, &options->id, &options->auto_seq)) {
        return true;
    }
    return stream_refuse(c, "ERR Invalid stream ID specified as stream command argument");
}

/* Up to XADD's id, or to the end. */
static bool take_all(struct call *c, struct options *options, bool xadd)
{
    for (size_t at = 2; at < c->argc; at++) {
        bool more = at + 1 < c->argc;
        if (xadd && span_equal(c->argv[at], SPAN("*"))) {
            return take_id(c, at, options);
        }
        if (more && (arg_is(c, at, "MAXLEN") || arg_is(c, at, "MINID"))) {
            if (!take_strategy(c, &at, options)) {
                return false;
            }
        } else if (more && arg_is(c, at, "LIMIT")) {
            if (!take_limit(c, ++at, options)) {
                return false;
            }
        } else if (xadd && arg_is(c, at, "NOMKSTREAM")) {
            options->nomkstream = true;
        } else if (xadd) {
            return take_id(c, at, options);
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

static uint64_t default_limit(const struct call *c)
{
    uint64_t entries = c->limits->stream_node_max_entries;

    if (entries == 0) {
        return LIMIT_DEFAULT;
    }
    return entries >= LIMIT_MAX / LIMIT_BLOCKS ? LIMIT_MAX : entries * LIMIT_BLOCKS;
}

static bool take_options(struct call *c, struct options *options, bool xadd)
{
    *options = (struct options){ .id_at = c->argc };
    if (!take_all(c, options, xadd)) {
        return false;
    }
    if (options->trim.limit > 0 && !options->trims) {
        return stream_refuse(c,
                             "ERR syntax error, LIMIT cannot be used without specifying a trimming "
                             "strategy");
    }
    if (!xadd && !options->trims) {
        return stream_refuse(c, "ERR syntax error, XTRIM must be called with a trimming strategy");
    }
    if (options->limited && !options->trim.approximate) {
        return stream_refuse(c,
                             "ERR syntax error, LIMIT cannot be used without the special ~ option");
    }
    if (!options->limited && options->trim.approximate) {
        options->trim.limit = default_limit(c);
    }
    return true;
}

/* --- trimming --- */

static uint64_t trim(struct call *c, struct stream *stream, const struct options *options)
{
    uint64_t trimmed = stream_trim(stream, &options->trim);

    if (trimmed > 0) {
        key_changed(c, 1);
        key_event(c, 1, EVENT_STREAM, "xtrim");
    }
    return trimmed;
}

/* The threshold of the exact trim that leaves what is there now. */
static struct span threshold_now(struct call *c, const struct stream *stream,
                                 const struct options *options)
{
    if (!options->trim.by_id) {
        return call_number(c, (int64_t)stream->length);
    }
    return call_stream_id(c, stream->length == 0 ? STREAM_ID_MAX : stream->first_id);
}

/* argv as it is to be repeated: with the id that was made, and with "STRATEGY = threshold" for all
 * options of an approximate trim. */
static void announce(struct call *c, const struct stream *stream, const struct options *options)
{
    struct span *argv = arena_alloc(c->arena, (c->argc + 4) * sizeof(*argv));
    size_t argc = 2;

    argv[0] = c->argv[0];
    argv[1] = c->argv[1];
    if (options->trims) {
        bool exact = !options->trim.approximate;
        argv[argc++] = c->argv[options->strategy_at];
        argv[argc++] = SPAN("=");
        argv[argc++] = exact ? c->argv[options->threshold_at] : threshold_now(c, stream, options);
    }
    if (options->id_at < c->argc) {
        argv[argc++] = call_stream_id(c, stream->last_id);
        for (size_t at = options->id_at + 1; at < c->argc; at++) {
            argv[argc++] = c->argv[at];
        }
    }
    call_changed_as(c, argv, argc);
}

static void xtrim(struct call *c)
{
    struct options options;
    void *value;

    if (!take_options(c, &options, false) || !key_edit(c, 1, &type_stream, &value)) {
        return;
    }
    uint64_t trimmed = 0;
    if (value != NULL) {
        trimmed = trim(c, value, &options);
        if (trimmed > 0 && options.trim.approximate) {
            announce(c, value, &options);
        }
    }
    reply_integer(c->reply, (int64_t)trimmed);
}

/* --- XADD --- */

/* The id of the new entry; false if there is none that is greater than the last. */
static bool next_id(const struct call *c, const struct options *options, struct stream_id last,
                    struct stream_id *id)
{
    *id = options->id;
    if (options->auto_id) {
        *id = (struct stream_id){ c->now_ms, 0 };
        if (stream_id_compare(*id, last) <= 0) {
            *id = last;
            return stream_id_increment(id);
        }
    } else if (options->auto_seq && last.ms == id->ms) {
        *id = last;
        return id->seq < UINT64_MAX && stream_id_increment(id);
    }
    return stream_id_compare(*id, last) > 0;
}

/* What is wrong with this call, whatever the stream is. */
static bool xadd_is_valid(struct call *c, const struct options *options)
{
    size_t fields = c->argc - options->id_at - (options->id_at < c->argc);

    if (fields < 2 || fields % 2 == 1) {
        call_arity_error(c);
        return false;
    }
    if (!options->auto_id && !options->auto_seq && stream_id_is_zero(options->id)) {
        return stream_refuse(c, "ERR The ID specified in XADD must be greater than 0-0");
    }
    return true;
}

/* An id and place for the fields; false after a reply. */
static bool can_add(struct call *c, const struct options *options, const struct stream *stream,
                    struct stream_id *id)
{
    struct stream_id last = stream == NULL ? STREAM_ID_MIN : stream->last_id;
    size_t first = options->id_at + 1;

    if (stream_id_equal(last, STREAM_ID_MAX)) {
        return stream_refuse(
            c, "ERR The stream has exhausted the last possible ID, unable to add more "
               "items");
    }
    if (!next_id(c, options, last, id)) {
        return stream_refuse(
            c, "ERR The ID specified in XADD is equal or smaller than the target stream "
               "top item");
    }
    if (!stream_can_hold(c->argv + first, (c->argc - first) / 2)) {
        return stream_refuse(c, "ERR Elements are too large to be stored");
    }
    return true;
}

static struct stream *make_stream(struct call *c, size_t at)
{
    struct stream *stream = stream_new();
    void *value = stream;

    key_put_heap(c, at, &type_stream, &value, EXPIRY_NONE);
    return stream;
}

static void xadd(struct call *c)
{
    struct options options;
    struct stream_id id;
    void *value;

    if (!take_options(c, &options, true) || !xadd_is_valid(c, &options) ||
        !key_edit(c, 1, &type_stream, &value)) {
        return;
    }
    if (value == NULL && options.nomkstream) {
        reply_null(c->reply);
        return;
    }
    if (!can_add(c, &options, value, &id)) {
        return;
    }
    struct stream *stream = value == NULL ? make_stream(c, 1) : value;
    size_t first = options.id_at + 1;
    stream_append(stream, id, c->argv + first, (c->argc - first) / 2, c->limits);
    reply_stream_id(c->reply, id);
    key_changed(c, 1);
    key_event(c, 1, EVENT_STREAM, "xadd");
    if (options.trims) {
        trim(c, stream, &options);
    }
    if (options.auto_id || options.auto_seq || options.trim.approximate) {
        announce(c, stream, &options);
    }
}

/* --- the others --- */

static void xdel(struct call *c)
{
    void *value;

    if (!key_edit(c, 1, &type_stream, &value)) {
        return;
    }
    if (value == NULL) {
        reply_integer(c->reply, 0);
        return;
    }
    const struct stream_id *ids = arg_stream_ids(c, 2);
    if (ids == NULL) {
        return;
    }
    int64_t deleted = 0;
    for (size_t i = 0; i < c->argc - 2; i++) {
        deleted += stream_delete(value, ids[i]);
    }
    if (deleted > 0) {
        key_changed(c, 1);
        key_event(c, 1, EVENT_STREAM, "xdel");
    }
    reply_integer(c->reply, deleted);
}

/* What XSETID sets. */
struct setting {
    struct stream_id last_id;
    int64_t entries_added; /* -1: as it is */
    struct stream_id max_deleted_id;
};

static bool take_setting(struct call *c, struct setting *setting)
{
    setting->entries_added = -1;
    setting->max_deleted_id = STREAM_ID_MIN;
    if (!arg_stream_id(c, 2, 0, &setting->last_id)) {
        return false;
    }
    for (size_t at = 3; at < c->argc; at += 2) {
        bool more = at + 1 < c->argc;
        if (more && arg_is(c, at, "ENTRIESADDED")) {
            if (!arg_integer(c, at + 1, &setting->entries_added)) {
                return false;
            }
            if (setting->entries_added < 0) {
                return stream_refuse(c, "ERR entries_added must be positive");
            }
        } else if (more && arg_is(c, at, "MAXDELETEDID")) {
            if (!arg_stream_id(c, at + 1, 0, &setting->max_deleted_id)) {
                return false;
            }
            if (stream_id_compare(setting->last_id, setting->max_deleted_id) < 0) {
                return stream_refuse(c,
                                     "ERR The ID specified in XSETID is smaller than the provided "
                                     "max_deleted_entry_id");
            }
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

static bool setting_fits(struct call *c, const struct setting *setting, const struct stream *stream)
{
    if (stream_id_compare(setting->last_id, stream->max_deleted_id) < 0) {
        return stream_refuse(c, "ERR The ID specified in XSETID is smaller than current "
                                "max_deleted_entry_id");
    }
    if (stream->length == 0) {
        return true;
    }
    if (stream_id_compare(setting->last_id, stream_last_entry(stream)) < 0) {
        return stream_refuse(c,
                             "ERR The ID specified in XSETID is smaller than the target stream top "
                             "item");
    }
    if (setting->entries_added != -1 && stream->length > (uint64_t)setting->entries_added) {
        return stream_refuse(c,
                             "ERR The entries_added specified in XSETID is smaller than the target "
                             "stream length");
    }
    return true;
}

static void xsetid(struct call *c)
{
    struct setting setting;
    void *value;

    if (!take_setting(c, &setting) || !key_edit(c, 1, &type_stream, &value)) {
        return;
    }
    struct stream *stream = value;
    if (stream == NULL) {
        stream_refuse(c, "ERR no such key");
        return;
    }
    if (!setting_fits(c, &setting, stream)) {
        return;
    }
    stream->last_id = setting.last_id;
    if (setting.entries_added != -1) {
        stream->entries_added = (uint64_t)setting.entries_added;
    }
    if (!stream_id_is_zero(setting.max_deleted_id)) {
        stream->max_deleted_id = setting.max_deleted_id;
    }
    key_changed(c, 1);
    key_event(c, 1, EVENT_STREAM, "xsetid");
    reply_ok(c->reply);
}

#define TRIM                                                                                       \
    "{strategy:(maxlen:MAXLEN | minid:MINID@6.2.0) [operator:(equal:= | approximately:~)] "        \
    "threshold:string [count:integer=LIMIT@6.2.0]}"

const struct command stream_write_commands[] = {
    { .name = "xadd",
      .run = xadd,
      .arity = -5,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1), and O(N) when trimming, N being the number of entries deleted.",
      .synopsis = "key:key [nomkstream:NOMKSTREAM@6.2.0] [trim:" TRIM "] "
                  "id_or_auto:(auto_id:* | id:string) "
                  "field_value:{field:string value:string}...",
      .summary = "Adds an entry to the end of a stream.",
      .tips = "nondeterministic_output",
      .history = "6.2.0 `NOMKSTREAM`, `MINID` and `LIMIT`.\n"
                 "7.0.0 Ids whose second part is made here: `<ms>-*`.",
      .key_notes = "UPDATE instead of INSERT because of the optional trimming feature" },
    { .name = "xdel",
      .run = xdel,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1) for each id, however long the stream is.",
      .synopsis = "key:key id:string...",
      .summary = "Deletes entries of a stream, and returns how many there were." },
    { .name = "xtrim",
      .run = xtrim,
      .arity = -4,
      .flags = CMD_WRITE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(N), N being the number of entries deleted; whole blocks go at once.",
      .synopsis = "key:key trim:" TRIM,
      .summary = "Deletes the oldest entries of a stream.",
      .tips = "nondeterministic_output",
      .history = "6.2.0 `MINID` and `LIMIT`." },
    { .name = "xsetid",
      .run = xsetid,
      .arity = -3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key last-id:string [entries_added:integer=ENTRIESADDED@7.0.0] "
                  "[max_deleted_entry_id:string=MAXDELETEDID@7.0.0]",
      .summary = "Sets the counters of a stream, to make it again elsewhere.",
      .history = "7.0.0 `ENTRIESADDED` and `MAXDELETEDID`." },
    { .name = NULL },
};
