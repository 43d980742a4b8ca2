/* Arguments and changes of the commands about fields that expire. */

#include "cache/commands/hash_fields.h"

#include "cache/base/check.h"

/* --- arguments --- */

const char hash_fields_not_positive[] = "ERR Number of fields must be a positive integer";

bool hash_fields_take(struct call *c, size_t at, const char *not_positive,
                      struct hash_fields *fields)
{
    static const char mismatch[] =
        "ERR The `numfields` parameter must match the number of arguments";
    int64_t count;

    if (!arg_is(c, at, "FIELDS")) {
        reply_error(c->reply, SPAN("ERR Mandatory argument FIELDS is missing or not at the right "
                                   "position"));
        return false;
    }
    if (at + 1 >= c->argc) {
        reply_error(c->reply, span_from(mismatch));
        return false;
    }
    if (!arg_integer_in(c, at + 1, 1, INT64_MAX, &count, not_positive)) {
        return false;
    }
    fields->first = at + 2;
    fields->count = c->argc - fields->first;
    if ((uint64_t)count != fields->count) {
        reply_error(c->reply, span_from(mismatch));
        return false;
    }
    return true;
}

enum hash_time hash_time_named(struct span word)
{
    static const char *const names[] = {
        [HASH_TIME_EX] = "EX",
        [HASH_TIME_PX] = "PX",
        [HASH_TIME_EXAT] = "EXAT",
        [HASH_TIME_PXAT] = "PXAT",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (span_is(word, names[i])) {
            return (enum hash_time)i;
        }
    }
    return HASH_TIME_NONE;
}

bool hash_time_take(struct call *c, size_t at, enum hash_time time, int64_t *expires_at_ms)
{
    /* As far as Redis goes: two bits less than the six bytes of a time could hold. */
    const int64_t max_ms = (INT64_C(1) << 46) - 1;
    int64_t scale = time == HASH_TIME_EX || time == HASH_TIME_EXAT ? 1000 : 1;
    int64_t from_ms = time == HASH_TIME_EX || time == HASH_TIME_PX ? (int64_t)c->now_ms : 0;
    int64_t number;

    if (!arg_integer(c, at, &number)) {
        return false;
    }
    if (number < 0) {
        reply_error(c->reply, SPAN("ERR invalid expire time, must be >= 0"));
        return false;
    }
    if (number > max_ms / scale || number * scale > max_ms - from_ms) {
        reply_errorf(c->reply, "ERR invalid expire time in '%s' command", c->command->name);
        return false;
    }
    *expires_at_ms = number * scale + from_ms;
    return true;
}

/* --- changes --- */

enum { FRONT_MAX = 5 };

struct hash_touched hash_touched_new(struct call *c, size_t max)
{
    return (struct hash_touched){
        .argv = arena_alloc(c->arena, (FRONT_MAX + max) * sizeof(struct span)),
    };
}

void hash_touched_add(struct hash_touched *touched, struct span field)
{
    touched->argv[FRONT_MAX + touched->count] = field;
    touched->count++;
}

/* Says the change; `front` is what goes in front of the fields. */
static void changed(struct call *c, struct hash_touched *touched, const struct span *front,
                    size_t count)
{
    struct span *argv = touched->argv + FRONT_MAX - count;
    assert(count <= FRONT_MAX);
    assert(touched->count > 0);
    memcpy(argv, front, count * sizeof(*front));
    call_changed_as(c, argv, count + touched->count);
}

void hash_touched_removed(struct call *c, struct hash_touched *touched)
{
    struct span front[] = { SPAN("HDEL"), c->argv[1] };
    changed(c, touched, front, COUNT(front));
}

void hash_touched_expire(struct call *c, struct hash_touched *touched, int64_t expires_at_ms)
{
    struct span front[] = {
        SPAN("HPEXPIREAT"),
        c->argv[1],
        call_number(c, expires_at_ms),
        SPAN("FIELDS"),
        call_number(c, (int64_t)touched->count),
    };
    changed(c, touched, front, COUNT(front));
}

void hash_touched_persist(struct call *c, struct hash_touched *touched)
{
    struct span front[] = {
        SPAN("HPERSIST"),
        c->argv[1],
        SPAN("FIELDS"),
        call_number(c, (int64_t)touched->count),
    };
    changed(c, touched, front, COUNT(front));
}
