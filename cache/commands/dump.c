/* DUMP and RESTORE: a value as bytes, and back.
 *
 * RESTORE's change names the moment at which the key expires, and not how long it has to live:
 * a change may be repeated later. */

#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/persist/dump.h"
#include "cache/persist/settle.h"

static const size_t payload_max = UINT32_MAX;

static void dump(struct call *c)
{
    struct key_view view;
    struct buf payload;

    if (!key_look(c, 1, LOOK_TOUCH | LOOK_COUNT, &view)) {
        reply_null(c->reply);
        return;
    }
    buf_init(&payload, payload_max);
    if (dump_write(&payload, view.type, view.value)) {
        reply_bulk(c->reply, buf_span(&payload));
    } else {
        reply_error(c->reply, SPAN("ERR the value is too large to be dumped"));
    }
    buf_fini(&payload);
}

/* --- RESTORE --- */

enum { NOT_GIVEN = -1 };

struct options {
    bool replace;
    bool absolute;
    int64_t ttl_ms; /* 0: never */
    int64_t idle_s;
    int64_t frequency;
};

/* Takes argv[*at], and the number behind it if it has one. Replies if it returns false. */
static bool take_option(struct call *c, size_t *at, struct options *options)
{
    bool more = *at + 1 < c->argc;

    if (arg_is(c, *at, "REPLACE")) {
        options->replace = true;
        return true;
    }
    if (arg_is(c, *at, "ABSTTL")) {
        options->absolute = true;
        return true;
    }
    if (more && arg_is(c, *at, "IDLETIME") && options->frequency == NOT_GIVEN) {
        *at += 1;
        if (!arg_integer(c, *at, &options->idle_s)) {
            return false;
        }
        return arg_integer_in(c, *at, 0, INT64_MAX, &options->idle_s,
                              "ERR Invalid IDLETIME value, must be >= 0");
    }
    if (more && arg_is(c, *at, "FREQ") && options->idle_s == NOT_GIVEN) {
        *at += 1;
        if (!arg_integer(c, *at, &options->frequency)) {
            return false;
        }
        return arg_integer_in(c, *at, 0, UINT8_MAX, &options->frequency,
                              "ERR Invalid FREQ value, must be >= 0 and <= 255");
    }
    call_syntax_error(c);
    return false;
}

static bool take_options(struct call *c, struct options *options)
{
    for (size_t i = 4; i < c->argc; i++) {
        if (!take_option(c, &i, options)) {
            return false;
        }
    }
    return true;
}

static bool take_ttl(struct call *c, struct options *options)
{
    if (!arg_integer(c, 2, &options->ttl_ms)) {
        return false;
    }
    int64_t max = options->absolute ? INT64_MAX : INT64_MAX - (int64_t)c->now_ms;
    return arg_integer_in(c, 2, 0, max, &options->ttl_ms, "ERR Invalid TTL value, must be >= 0");
}

/* Replies if it returns NULL. */
static void *take_value(struct call *c, const struct type **type)
{
    const char *why;

    if (!dump_is_intact(c->argv[3], cache_checks_sums(c->cache))) {
        reply_error(c->reply, SPAN("ERR DUMP payload version or checksum are wrong"));
        return NULL;
    }
    void *value = dump_read(c->argv[3], c->limits, type, &why);
    if (value == NULL) {
        reply_error(c->reply, SPAN("ERR Bad data format"));
    }
    return value;
}

/* argv with a time to live that means the same whenever it is repeated. */
static void changed_as_absolute(struct call *c, int64_t expires_at_ms)
{
    struct span *argv = arena_alloc(c->arena, (c->argc + 1) * sizeof(*argv));

    memcpy(argv, c->argv, c->argc * sizeof(*argv));
    argv[2] = call_number(c, expires_at_ms);
    argv[c->argc] = SPAN("ABSTTL");
    call_changed_as(c, argv, c->argc + 1);
}

static void set_access(struct call *c, const struct options *options)
{
    if (options->idle_s != NOT_GIVEN) {
        key_set_idle(c, 1, (uint64_t)options->idle_s);
    }
    if (options->frequency != NOT_GIVEN) {
        key_set_frequency(c, 1, (uint8_t)options->frequency);
    }
}

/* The key and the value are good; the key is free, or may be replaced. */
static void restore_value(struct call *c, const struct options *options, const struct type *type,
                          void *value)
{
    int64_t expires_at_ms = EXPIRY_NONE;
    bool deleted = options->replace && key_delete(c, 1);

    if (options->ttl_ms > 0) {
        expires_at_ms = options->ttl_ms + (options->absolute ? 0 : (int64_t)c->now_ms);
    }
    if (options->ttl_ms > 0 && expires_at_ms <= (int64_t)c->now_ms) {
        type->free(value);
        if (deleted) {
            call_changed_as_words(c, 2, SPAN("DEL"), c->argv[1]);
            key_event(c, 1, EVENT_GENERIC, "del");
        }
        return;
    }
    settle_key(c, 1, type, &value, expires_at_ms);
    set_access(c, options);
    if (options->ttl_ms > 0 && !options->absolute) {
        changed_as_absolute(c, expires_at_ms);
    }
    key_event(c, 1, EVENT_GENERIC, "restore");
}

static void restore(struct call *c)
{
    struct options options = { .idle_s = NOT_GIVEN, .frequency = NOT_GIVEN };
    const struct type *type;
    struct key_view view;

    if (!take_options(c, &options)) {
        return;
    }
    if (!options.replace && key_look(c, 1, 0, &view)) {
        reply_error(c->reply, SPAN("BUSYKEY Target key name already exists."));
        return;
    }
    if (!take_ttl(c, &options)) {
        return;
    }
    void *value = take_value(c, &type);
    if (value != NULL) {
        restore_value(c, &options, type, value);
        reply_ok(c->reply);
    }
}

const struct command dump_commands[] = {
    { .name = "dump",
      .run = dump,
      .arity = 2,
      .flags = CMD_READ,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(N), N being the size of the value.",
      .synopsis = "key:key",
      .summary = "Returns a value as bytes from which RESTORE makes it again.",
      .tips = "nondeterministic_output" },
    { .name = "restore",
      .run = restore,
      .arity = -4,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .categories = ACL_KEYSPACE | ACL_DANGEROUS,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE) },
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(N), N being the size of the value; O(N*log(N)) for sorted sets.",
      .synopsis = "key:key ttl:integer serialized-value:string [replace:REPLACE@3.0.0] "
                  "[absttl:ABSTTL@5.0.0] [seconds:integer=IDLETIME@5.0.0] "
                  "[frequency:integer=FREQ@5.0.0]",
      .summary = "Makes a key hold the value that DUMP returned.",
      .history = "3.0.0 `REPLACE`.\n"
                 "5.0.0 `ABSTTL`.\n"
                 "5.0.0 `IDLETIME` and `FREQ`." },
    { .name = NULL },
};
