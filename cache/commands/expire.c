/* Commands about when a key expires.
 *
 * All of them come to one moment on the clock, in milliseconds: that is what is
 * stored, and what is announced (PEXPIREAT), so that a change replayed later
 * means the same moment. A moment that has passed deletes the key. */

#include "cache/call.h"
#include "cache/commands/rows.h"

struct condition {
    bool nx; /* Only if it does not expire yet. */
    bool xx; /* Only if it does. */
    bool gt; /* Only if later than now set; never is latest. */
    bool lt; /* Only if earlier. */
};

static bool take_condition(struct call *c, struct condition *condition)
{
    for (size_t i = 3; i < c->argc; i++) {
        if (arg_is(c, i, "NX")) {
            condition->nx = true;
        } else if (arg_is(c, i, "XX")) {
            condition->xx = true;
        } else if (arg_is(c, i, "GT")) {
            condition->gt = true;
        } else if (arg_is(c, i, "LT")) {
            condition->lt = true;
        } else {
            reply_errorf(c->reply, "ERR Unsupported option %.*s", (int)c->argv[i].len,
                         c->argv[i].bytes);
            return false;
        }
    }
    if (condition->nx && (condition->xx || condition->gt || condition->lt)) {
        reply_error(c->reply, SPAN("ERR NX and XX, GT or LT options at the same time are not "
                                   "compatible"));
        return false;
    }
    if (condition->gt && condition->lt) {
        reply_error(c->reply, SPAN("ERR GT and LT options at the same time are not compatible"));
        return false;
    }
    return true;
}

/* How a command states its time. */
struct clock {
    int64_t scale;   /* To milliseconds. */
    int64_t zero_ms; /* What it counts from. */
};

static bool take_moment(struct call *c, struct clock clock, int64_t *at_ms)
{
    int64_t time;

    if (!arg_integer(c, 2, &time)) {
        return false;
    }
    if (__builtin_mul_overflow(time, clock.scale, &time) ||
        __builtin_add_overflow(time, clock.zero_ms, at_ms)) {
        reply_errorf(c->reply, "ERR invalid expire time in '%s' command", c->command->name);
        return false;
    }
    return true;
}

/* `present_ms` is -1 for a key that does not expire. */
static bool allows(const struct condition *condition, int64_t present_ms, int64_t at_ms)
{
    bool expires = present_ms != EXPIRY_NONE;
    if ((condition->nx && expires) || (condition->xx && !expires)) {
        return false;
    }
    if (condition->gt && (!expires || at_ms <= present_ms)) {
        return false;
    }
    return !(condition->lt && expires && at_ms >= present_ms);
}

static void expire_with(struct call *c, struct clock clock)
{
    struct condition condition = { 0 };
    struct key_view view;
    int64_t at_ms;

    if (!take_condition(c, &condition) || !take_moment(c, clock, &at_ms)) {
        return;
    }
    if (!key_look(c, 1, 0, &view) || !allows(&condition, view.expires_at_ms, at_ms)) {
        reply_integer(c->reply, 0);
        return;
    }
    if (at_ms <= (int64_t)c->now_ms) {
        key_delete(c, 1);
        call_changed_as_words(c, 2, SPAN("DEL"), c->argv[1]);
        key_event(c, 1, EVENT_GENERIC, "del");
    } else {
        key_expire(c, 1, at_ms);
        call_changed_as_words(c, 3, SPAN("PEXPIREAT"), c->argv[1], call_number(c, at_ms));
        key_event(c, 1, EVENT_GENERIC, "expire");
    }
    reply_integer(c->reply, 1);
}

static void expire(struct call *c)
{
    expire_with(c, (struct clock){ .scale = 1000, .zero_ms = (int64_t)c->now_ms });
}

static void pexpire(struct call *c)
{
    expire_with(c, (struct clock){ .scale = 1, .zero_ms = (int64_t)c->now_ms });
}

static void expireat(struct call *c)
{
    expire_with(c, (struct clock){ .scale = 1000, .zero_ms = 0 });
}

static void pexpireat(struct call *c)
{
    expire_with(c, (struct clock){ .scale = 1, .zero_ms = 0 });
}

/* Answers when a key expires: -2 if there is no such key, -1 if it never does. */
static void tell(struct call *c, bool in_seconds, bool from_now)
{
    struct key_view view;

    if (!key_look(c, 1, LOOK_COUNT, &view)) {
        reply_integer(c->reply, -2);
        return;
    }
    if (view.expires_at_ms == EXPIRY_NONE) {
        reply_integer(c->reply, -1);
        return;
    }
    int64_t time_ms = view.expires_at_ms - (from_now ? (int64_t)c->now_ms : 0);
    time_ms = time_ms < 0 ? 0 : time_ms;
    /* Rounded; written so that it cannot overflow. */
    reply_integer(c->reply, in_seconds ? time_ms / 1000 + (time_ms % 1000 >= 500) : time_ms);
}

static void ttl(struct call *c)
{
    tell(c, true, true);
}

static void pttl(struct call *c)
{
    tell(c, false, true);
}

static void expiretime(struct call *c)
{
    tell(c, true, false);
}

static void pexpiretime(struct call *c)
{
    tell(c, false, false);
}

static void persist(struct call *c)
{
    struct key_view view;

    if (!key_look(c, 1, 0, &view) || view.expires_at_ms == EXPIRY_NONE) {
        reply_integer(c->reply, 0);
        return;
    }
    key_expire(c, 1, EXPIRY_NONE);
    key_event(c, 1, EVENT_GENERIC, "persist");
    reply_integer(c->reply, 1);
}

#define CONDITION "[condition:(nx:NX | xx:XX | gt:GT | lt:LT)@7.0.0]"
#define HISTORY   "7.0.0 `NX`, `XX`, `GT` and `LT`."

const struct command expire_commands[] = {
    { .name = "expire",
      .run = expire,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key seconds:integer " CONDITION,
      .summary = "Lets a key expire some seconds from now.",
      .history = HISTORY },
    { .name = "pexpire",
      .run = pexpire,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(1)",
      .synopsis = "key:key milliseconds:integer " CONDITION,
      .summary = "Lets a key expire some milliseconds from now.",
      .history = HISTORY },
    { .name = "expireat",
      .run = expireat,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "generic",
      .since = "1.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key unix-time-seconds:unix-time " CONDITION,
      .summary = "Lets a key expire at a moment given in seconds since 1970.",
      .history = HISTORY },
    { .name = "pexpireat",
      .run = pexpireat,
      .arity = -3,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(1)",
      .synopsis = "key:key unix-time-milliseconds:unix-time " CONDITION,
      .summary = "Lets a key expire at a moment given in milliseconds since 1970.",
      .history = HISTORY },
    { .name = "ttl",
      .run = ttl,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns in how many seconds a key expires.",
      .tips = "nondeterministic_output",
      .history = "2.8.0 The answer -2." },
    { .name = "pttl",
      .run = pttl,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns in how many milliseconds a key expires.",
      .tips = "nondeterministic_output",
      .history = "2.8.0 The answer -2." },
    { .name = "expiretime",
      .run = expiretime,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "generic",
      .since = "7.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns at which second since 1970 a key expires." },
    { .name = "pexpiretime",
      .run = pexpiretime,
      .arity = 2,
      .flags = CMD_READ | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "generic",
      .since = "7.0.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Returns at which millisecond since 1970 a key expires." },
    { .name = "persist",
      .run = persist,
      .arity = 2,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "generic",
      .since = "2.2.0",
      .complexity = "O(1)",
      .synopsis = "key:key",
      .summary = "Lets a key never expire." },
    { .name = NULL },
};
