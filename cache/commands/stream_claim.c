/* What was delivered to consumers of a group and is not acknowledged: XACK, XPENDING, XCLAIM,
 * XAUTOCLAIM.
 *
 * Claims depend on the clock. Their changes are an XCLAIM for each entry with the time and count
 * that it has now; for an entry that the stream does not have any more, that removes it. */

#include "cache/base/check.h"
#include "cache/commands/rows.h"
#include "cache/commands/stream_part.h"

static void xack(struct call *c)
{
    struct stream *stream;
    int64_t acknowledged = 0;

    if (!stream_edit(c, 1, &stream)) {
        return;
    }
    struct stream_group *group = stream == NULL ? NULL : stream_group_find(stream, c->argv[2]);
    if (group == NULL) {
        reply_integer(c->reply, 0);
        return;
    }
    const struct stream_id *ids = arg_stream_ids(c, 3);
    if (ids == NULL) {
        return;
    }
    for (size_t i = 0; i < c->argc - 3; i++) {
        struct stream_pending *pending = stream_pending_find(group, ids[i]);
        if (pending != NULL) {
            stream_pending_remove(group, pending);
            acknowledged++;
        }
    }
    if (acknowledged > 0) {
        key_changed(c, 1);
    }
    reply_integer(c->reply, acknowledged);
}

/* --- XPENDING --- */

/* XPENDING key group [[IDLE ms] start end count [consumer]] */
struct listing {
    int64_t idle_min_ms;
    struct stream_id first;
    struct stream_id last;
    int64_t count;
    size_t consumer_at; /* 0: all consumers. */
};

static bool take_listing(struct call *c, struct listing *listing)
{
    size_t at = 3;

    *listing = (struct listing){ 0 };
    if (arg_is(c, 3, "IDLE")) {
        if (!arg_integer(c, 4, &listing->idle_min_ms)) {
            return false;
        }
        if (c->argc < 8) {
            call_syntax_error(c);
            return false;
        }
        at += 2;
    }
    if (!arg_integer(c, at + 2, &listing->count) || !arg_stream_start(c, at, &listing->first) ||
        !arg_stream_end(c, at + 1, &listing->last)) {
        return false;
    }
    listing->count = listing->count < 0 ? 0 : listing->count;
    listing->consumer_at = at + 3 < c->argc ? at + 3 : 0;
    return true;
}

static void reply_consumers_pending(struct call *c, const struct stream_group *group)
{
    struct reply_later later = reply_array_later(c->reply);
    const struct stream_consumer *consumer = radix_first(&group->consumers);
    size_t replied = 0;

    while (consumer != NULL) {
        if (consumer->pending.count > 0) {
            reply_array(c->reply, 2);
            reply_bulk(c->reply, stream_consumer_name(consumer));
            reply_bulk_integer(c->reply, (int64_t)consumer->pending.count);
            replied++;
        }
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
    reply_later_end(c->reply, later, replied);
}

static void reply_summary(struct call *c, const struct stream_group *group)
{
    reply_array(c->reply, 4);
    reply_integer(c->reply, (int64_t)group->pending.count);
    if (group->pending.count == 0) {
        reply_null(c->reply);
        reply_null(c->reply);
        reply_null_array(c->reply);
        return;
    }
    reply_stream_id(c->reply, stream_pending_id(radix_first(&group->pending)));
    reply_stream_id(c->reply, stream_pending_id(radix_last(&group->pending)));
    reply_consumers_pending(c, group);
}

/* Whether the entry was delivered at least so long ago. */
static bool is_idle(const struct call *c, const struct stream_pending *pending, int64_t min_ms)
{
    return min_ms <= 0 || (int64_t)c->now_ms - min_ms >= pending->delivered_at_ms;
}

static void reply_listing(struct call *c, const struct stream_group *group,
                          const struct listing *listing)
{
    const struct radix *tree = &group->pending;
    int64_t replied = 0;

    if (listing->consumer_at > 0) {
        const struct stream_consumer *consumer =
            stream_consumer_find(group, c->argv[listing->consumer_at]);
        if (consumer == NULL) {
            reply_array(c->reply, 0);
            return;
        }
        tree = &consumer->pending;
    }
    struct reply_later later = reply_array_later(c->reply);
    const struct stream_pending *pending = stream_pending_from(tree, listing->first);
    while (pending != NULL && replied < listing->count &&
           stream_id_compare(stream_pending_id(pending), listing->last) <= 0) {
        struct stream_id id = stream_pending_id(pending);
        if (is_idle(c, pending, listing->idle_min_ms)) {
            reply_array(c->reply, 4);
            reply_stream_id(c->reply, id);
            reply_bulk(c->reply, stream_consumer_name(pending->consumer));
            reply_integer(c->reply, stream_elapsed_ms(c, pending->delivered_at_ms));
            reply_integer(c->reply, (int64_t)pending->deliveries);
            replied++;
        }
        pending = stream_pending_next(tree, id);
    }
    reply_later_end(c->reply, later, (size_t)replied);
}

static void xpending(struct call *c)
{
    struct listing listing;
    struct stream *stream;

    if (c->argc != 3 && (c->argc < 6 || c->argc > 9)) {
        call_syntax_error(c);
        return;
    }
    if (c->argc > 3 && !take_listing(c, &listing)) {
        return;
    }
    const struct stream_group *group = stream_edit_group(c, 1, 2, &stream);
    if (group == NULL) {
        return;
    }
    if (c->argc == 3) {
        reply_summary(c, group);
    } else {
        reply_listing(c, group, &listing);
    }
}

/* --- XCLAIM --- */

/* A claim of some entries, XCLAIM's or XAUTOCLAIM's. */
struct claim {
    struct stream *stream;
    struct stream_group *group;
    struct stream_consumer *consumer;
    int64_t idle_min_ms;
    int64_t delivered_at_ms;
    int64_t deliveries; /* -1: one more, or with just_id as before. */
    bool force;
    bool just_id;
};

static bool take_claim_number(struct call *c, size_t at, int64_t *number, const char *error)
{
    return arg_integer_in(c, at, INT64_MIN, INT64_MAX, number, error);
}

/* One option of XCLAIM at *at; moves to its last argument. A time of delivery that cannot be is
 * no error, since clients compute it from clocks of their own. */
static bool take_claim_option(struct call *c, size_t *at, struct claim *claim,
                              struct stream_id *last_id)
{
    bool more = *at + 1 < c->argc;

    if (arg_is(c, *at, "FORCE")) {
        claim->force = true;
        return true;
    }
    if (arg_is(c, *at, "JUSTID")) {
        claim->just_id = true;
        return true;
    }
    if (more && arg_is(c, *at, "IDLE")) {
        int64_t idle;
        if (!take_claim_number(c, ++*at, &idle, "ERR Invalid IDLE option argument for XCLAIM")) {
            return false;
        }
        if (__builtin_sub_overflow((int64_t)c->now_ms, idle, &claim->delivered_at_ms)) {
            claim->delivered_at_ms = INT64_MIN;
        }
        return true;
    }
    if (more && arg_is(c, *at, "TIME")) {
        return take_claim_number(c, ++*at, &claim->delivered_at_ms,
                                 "ERR Invalid TIME option argument for XCLAIM");
    }
    if (more && arg_is(c, *at, "RETRYCOUNT")) {
        return take_claim_number(c, ++*at, &claim->deliveries,
                                 "ERR Invalid RETRYCOUNT option argument for XCLAIM");
    }
    if (more && arg_is(c, *at, "LASTID")) {
        return arg_stream_id(c, ++*at, 0, last_id);
    }
    reply_errorf(c->reply, "ERR Unrecognized XCLAIM option '%.*s'", span_shown(c->argv[*at]),
                 c->argv[*at].bytes);
    return false;
}

static bool take_claim_options(struct call *c, size_t at, struct claim *claim,
                               struct stream_id *last_id)
{
    int64_t now_ms = (int64_t)c->now_ms;

    claim->delivered_at_ms = now_ms;
    claim->deliveries = -1;
    for (; at < c->argc; at++) {
        if (!take_claim_option(c, &at, claim, last_id)) {
            return false;
        }
    }
    if (claim->delivered_at_ms < 0 || claim->delivered_at_ms > now_ms) {
        claim->delivered_at_ms = now_ms;
    }
    return true;
}

/* Removes a pending entry that the stream does not have any more. */
static void forget(struct call *c, const struct claim *claim, struct stream_pending *pending)
{
    call_adds_claim(c, c->argv[1], claim->group, pending);
    key_changed(c, 1);
    stream_pending_remove(claim->group, pending);
}

static void take_over(struct call *c, const struct claim *claim, struct stream_pending *pending)
{
    stream_pending_give(pending, claim->consumer);
    pending->delivered_at_ms = claim->delivered_at_ms;
    if (claim->deliveries >= 0) {
        pending->deliveries = (uint64_t)claim->deliveries;
    } else if (!claim->just_id) {
        pending->deliveries++;
    }
    claim->consumer->active_at_ms = (int64_t)c->now_ms;
    call_adds_claim(c, c->argv[1], claim->group, pending);
    key_changed(c, 1);
}

static void reply_claimed(struct call *c, const struct claim *claim, struct stream_id id)
{
    if (claim->just_id) {
        reply_stream_id(c->reply, id);
        return;
    }
    bool there = reply_stream_entry_of(c->reply, claim->stream, id);
    assert(there);
}

/* True if it was claimed, and replied. */
static bool claim_one(struct call *c, const struct claim *claim, struct stream_id id)
{
    struct stream_pending *pending = stream_pending_find(claim->group, id);

    if (pending == NULL && !claim->force) {
        return false;
    }
    if (!stream_has(claim->stream, id)) {
        if (pending != NULL) {
            forget(c, claim, pending);
        }
        return false;
    }
    if (pending == NULL) {
        pending = stream_pending_add(claim->group, NULL, id, claim->delivered_at_ms);
    } else if (!is_idle(c, pending, claim->idle_min_ms)) {
        return false;
    }
    take_over(c, claim, pending);
    reply_claimed(c, claim, id);
    return true;
}

/* How many arguments from `first` on are ids; what follows are options. */
static size_t count_ids(const struct call *c, size_t first, struct stream_id *ids)
{
    size_t count = 0;

    while (first + count < c->argc &&
           stream_id_parse(c->argv[first + count], 0, &ids[count], NULL)) {
        count++;
    }
    return count;
}

static void join_claimer(struct call *c, struct claim *claim)
{
    bool is_new;

    claim->consumer = stream_join(c, 1, claim->group, c->argv[3], &is_new);
    claim->consumer->seen_at_ms = (int64_t)c->now_ms;
    if (is_new) {
        call_adds_change_words(c, 5, SPAN("XGROUP"), SPAN("CREATECONSUMER"), c->argv[1], c->argv[2],
                               c->argv[3]);
    }
}

static void xclaim(struct call *c)
{
    struct claim claim = { 0 };
    struct stream_id last_id = STREAM_ID_MIN;

    claim.group = stream_edit_group(c, 1, 2, &claim.stream);
    if (claim.group == NULL ||
        !take_claim_number(c, 4, &claim.idle_min_ms,
                           "ERR Invalid min-idle-time argument for XCLAIM")) {
        return;
    }
    claim.idle_min_ms = claim.idle_min_ms < 0 ? 0 : claim.idle_min_ms;
    struct stream_id *ids = arena_alloc(c->arena, (c->argc - 5) * sizeof(*ids));
    size_t count = count_ids(c, 5, ids);
    if (!take_claim_options(c, 5 + count, &claim, &last_id)) {
        return;
    }
    bool moves = stream_id_compare(last_id, claim.group->last_id) > 0;
    if (moves) {
        claim.group->last_id = last_id;
    }
    join_claimer(c, &claim);
    struct reply_later later = reply_array_later(c->reply);
    size_t claimed = 0;
    for (size_t i = 0; i < count; i++) {
        claimed += claim_one(c, &claim, ids[i]);
    }
    reply_later_end(c->reply, later, claimed);
    if (moves) {
        key_changed(c, 1);
        call_adds_position(c, c->argv[1], claim.group);
    }
}

/* --- XAUTOCLAIM --- */

/* Ids in the arena. */
struct id_list {
    struct stream_id *ids;
    size_t count;
    size_t room;
};

static void id_list_add(struct call *c, struct id_list *list, struct stream_id id)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        struct stream_id *ids = arena_alloc(c->arena, room * sizeof(*ids));
        if (list->count > 0) {
            memcpy(ids, list->ids, list->count * sizeof(*ids));
        }
        list->ids = ids;
        list->room = room;
    }
    list->ids[list->count++] = id;
}

struct sweep {
    struct stream_id from;
    int64_t count;
    struct id_list claimed;
    struct id_list deleted;
};

static bool take_sweep(struct call *c, struct claim *claim, struct sweep *sweep)
{
    enum { COUNT_DEFAULT = 100, COUNT_PART = 16 };

    sweep->count = COUNT_DEFAULT;
    if (!take_claim_number(c, 4, &claim->idle_min_ms,
                           "ERR Invalid min-idle-time argument for XAUTOCLAIM") ||
        !arg_stream_start(c, 5, &sweep->from)) {
        return false;
    }
    claim->idle_min_ms = claim->idle_min_ms < 0 ? 0 : claim->idle_min_ms;
    for (size_t at = 6; at < c->argc; at++) {
        if (at + 1 < c->argc && arg_is(c, at, "COUNT")) {
            if (!arg_integer_in(c, ++at, 1, INT64_MAX / COUNT_PART, &sweep->count,
                                "ERR COUNT must be > 0")) {
                return false;
            }
        } else if (arg_is(c, at, "JUSTID")) {
            claim->just_id = true;
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

/* Looks at pending entries from `from` on, at ten for each that may be answered. Returns the one
 * at which the next sweep begins, or NULL. */
static struct stream_pending *run_sweep(struct call *c, const struct claim *claim,
                                        struct sweep *sweep)
{
    enum { ATTEMPTS = 10 };
    const struct radix *tree = &claim->group->pending;
    struct stream_pending *pending = stream_pending_from(tree, sweep->from);
    int64_t attempts = sweep->count * ATTEMPTS;

    for (; pending != NULL && attempts > 0 && sweep->count > 0; attempts--) {
        struct stream_id id = stream_pending_id(pending);
        if (!stream_has(claim->stream, id)) {
            forget(c, claim, pending);
            id_list_add(c, &sweep->deleted, id);
            sweep->count--;
        } else if (is_idle(c, pending, claim->idle_min_ms)) {
            take_over(c, claim, pending);
            id_list_add(c, &sweep->claimed, id);
            sweep->count--;
        }
        pending = stream_pending_next(tree, id);
    }
    return pending;
}

static void xautoclaim(struct call *c)
{
    struct claim claim = { .delivered_at_ms = (int64_t)c->now_ms, .deliveries = -1 };
    struct sweep sweep = { 0 };

    if (!take_sweep(c, &claim, &sweep)) {
        return;
    }
    claim.group = stream_edit_group(c, 1, 2, &claim.stream);
    if (claim.group == NULL) {
        return;
    }
    join_claimer(c, &claim);
    const struct stream_pending *next = run_sweep(c, &claim, &sweep);
    reply_array(c->reply, 3);
    reply_stream_id(c->reply, next == NULL ? STREAM_ID_MIN : stream_pending_id(next));
    reply_array(c->reply, sweep.claimed.count);
    for (size_t i = 0; i < sweep.claimed.count; i++) {
        reply_claimed(c, &claim, sweep.claimed.ids[i]);
    }
    reply_array(c->reply, sweep.deleted.count);
    for (size_t i = 0; i < sweep.deleted.count; i++) {
        reply_stream_id(c->reply, sweep.deleted.ids[i]);
    }
}

const struct command stream_claim_commands[] = {
    { .name = "xack",
      .run = xack,
      .arity = -4,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(1) for each id.",
      .synopsis = "key:key group:string id:string...",
      .summary = "Acknowledges entries, and returns how many of them were pending." },
    { .name = "xpending",
      .run = xpending,
      .arity = -3,
      .flags = CMD_READ,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(N), N being the number of entries looked at: those returned, and with IDLE "
                    "those passed over. For the summary, the number of consumers.",
      .synopsis = "key:key group:string [filters:{[min-idle-time:integer=IDLE@6.2.0] "
                  "start:string end:string count:integer [consumer:string]}]",
      .summary = "Returns which entries of a group are not acknowledged, and whose they are.",
      .tips = "nondeterministic_output",
      .history = "6.2.0 `IDLE`, and ranges without their ends." },
    { .name = "xclaim",
      .run = xclaim,
      .arity = -6,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "stream",
      .since = "5.0.0",
      .complexity = "O(log N) for each id, N being the number of entries pending in the group.",
      .synopsis = "key:key group:string consumer:string min-idle-time:string id:string... "
                  "[ms:integer=IDLE] [unix-time-milliseconds:unix-time=TIME] "
                  "[count:integer=RETRYCOUNT] [force:FORCE] [justid:JUSTID] [id:string=LASTID]",
      .summary = "Makes pending entries another consumer's, as if delivered to it.",
      .tips = "nondeterministic_output" },
    { .name = "xautoclaim",
      .run = xautoclaim,
      .arity = -6,
      .flags = CMD_WRITE | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_DELETE) },
      .group = "stream",
      .since = "6.2.0",
      .complexity = "O(1) if COUNT is small.",
      .synopsis = "key:key group:string consumer:string min-idle-time:string start:string "
                  "[count:integer=COUNT] [justid:JUSTID]",
      .summary = "Makes entries that are pending for long another consumer's, from an id on.",
      .tips = "nondeterministic_output",
      .history = "7.0.0 Replies also which entries were deleted meanwhile." },
    { .name = NULL },
};
