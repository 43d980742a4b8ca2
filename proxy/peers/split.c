/* A request that concerns several members: parts of it for each, and one answer of theirs.
 *
 *     keys of several owners   MGET, MSET, DEL ...     a part for each owner, with its keys
 *     all members              DBSIZE, KEYS, FLUSHALL  the same part for each
 *     one member after another SCAN, RANDOMKEY         one part at a time
 *
 * A part is answered into a buffer of its own, by its member or here. When the last one is in,
 * the answers are joined. The first error, in the order of the parts, is the answer of the
 * whole; what other parts did stays done, as there is nothing that holds them together.
 *
 * SCAN's cursor says where it is: the member's place in the sorted view, plus one, above the 48
 * bits of the store's own cursor. When the view changes between two calls places shift: keys may
 * be returned again, and those of a member that was skipped are missed, as are keys that move
 * between pods meanwhile. */

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/ds/textset.h"
#include "proxy/peers/inside.h"
#include "proxy/peers/walk.h"

enum { CURSOR_BITS = 48, ANSWER_MAX = 1 << 30 };

struct part {
    struct waiter waiter;
    struct split *split;
    uint16_t place; /* Whose: a member, or HERE. */
    struct buf answer;
    struct reply reply;
    struct span left; /* Of the answer, while it is joined. */
};

enum { HERE = RING_NOBODY };

struct split {
    struct peers *peers;
    struct task task; /* Its argv is there only while split_run() runs. */
    struct part *parts;
    size_t count;
    size_t pending;
    uint16_t *part_of_key; /* ACROSS_ARRAY: where each key's element comes from. */
    size_t keys;
    size_t at;    /* SCAN, RANDOMKEY: the member asked now, by its place among all. */
    size_t tries; /* RANDOMKEY: members not asked yet. */
    bool started; /* Everything was asked for; from now on the waiter is told. */
};

static const struct span not_understood = { .bytes = "ERR an owner's answer is not understood",
                                            .len = 39 };

static void part_done(struct waiter *waiter);

/* --- joining ---------------------------------------------------------------------------------- */

static const struct part *first_error(const struct split *split)
{
    for (size_t i = 0; i < split->count; i++) {
        if (split->parts[i].reply.failed || split->parts[i].reply.full) {
            return &split->parts[i];
        }
    }
    return NULL;
}

/* Takes the head of each part's answer; what is inside it is left. False if one is no array. */
static bool take_heads(struct split *split, size_t *total)
{
    struct element head;

    *total = 0;
    for (size_t i = 0; i < split->count; i++) {
        struct part *part = &split->parts[i];
        part->left = buf_span(&part->answer);
        if (!walk_head(&part->left, &head) || head.kind != '*') {
            return false;
        }
        *total += head.count;
    }
    return true;
}

static void join_in_order(struct split *split, struct reply *reply)
{
    size_t start = reply->out->len;
    struct span element;
    size_t total;

    bool good = take_heads(split, &total) && total == split->keys;
    reply_array(reply, split->keys);
    for (size_t i = 0; good && i < split->keys; i++) {
        good = walk_value(&split->parts[split->part_of_key[i]].left, &element);
        if (good) {
            reply_raw(reply, element);
        }
    }
    if (!good) {
        buf_cut(reply->out, start);
        reply_error(reply, not_understood);
    }
}

static void join_arrays(struct split *split, struct reply *reply)
{
    size_t total;

    if (!take_heads(split, &total)) {
        reply_error(reply, not_understood);
        return;
    }
    reply_array(reply, total);
    for (size_t i = 0; i < split->count; i++) {
        reply_raw(reply, split->parts[i].left);
    }
}

/* The elements of the arrays, each once, in the order in which they come. */
static void join_union(struct split *split, struct reply *reply)
{
    size_t total, count = 0;

    if (!take_heads(split, &total)) {
        reply_error(reply, not_understood);
        return;
    }
    struct textset *seen = textset_new(split->peers->parts.seed);
    struct reply_later later = reply_array_later(reply);
    for (size_t i = 0; i < split->count; i++) {
        struct span value;
        while (walk_value(&split->parts[i].left, &value)) {
            if (textset_add(seen, value)) {
                reply_raw(reply, value);
                count++;
            }
        }
    }
    reply_later_end(reply, later, count);
    textset_free(seen);
}

/* The number that comes next in all parts, added up. The name ahead of it is in *name. */
static bool take_count(struct split *split, struct span *name, int64_t *sum)
{
    struct element number;

    *sum = 0;
    for (size_t i = 0; i < split->count; i++) {
        int64_t one;
        if (!walk_value(&split->parts[i].left, name) ||
            !walk_head(&split->parts[i].left, &number) || !number_parse(number.text, &one)) {
            return false;
        }
        *sum += one;
    }
    return true;
}

static void join_counts(struct split *split, struct reply *reply)
{
    size_t start = reply->out->len;
    size_t total;

    bool good = take_heads(split, &total);
    size_t names = good ? total / split->count / 2 : 0;
    reply_array(reply, 2 * names);
    for (size_t i = 0; good && i < names; i++) {
        struct span name;
        int64_t sum;
        good = take_count(split, &name, &sum);
        if (good) {
            reply_raw(reply, name);
            reply_integer(reply, sum);
        }
    }
    if (!good) {
        buf_cut(reply->out, start);
        reply_error(reply, not_understood);
    }
}

static void join_sum(const struct split *split, struct reply *reply)
{
    int64_t sum = 0;

    for (size_t i = 0; i < split->count; i++) {
        struct span answer = buf_span(&split->parts[i].answer);
        struct element element;
        int64_t number = 0;
        if (walk_head(&answer, &element) && number_parse(element.text, &number)) {
            sum += number;
        }
    }
    reply_integer(reply, sum);
}

/* Members in the view, and this process, which is last if it is not in it. */
static size_t places(const struct peers *peers)
{
    const struct view *view = ring_view(peers->ring);
    return view->count + (view->self == VIEW_NO_SELF ? (size_t)1 : 0);
}

static uint16_t place_at(const struct peers *peers, size_t at)
{
    const struct view *view = ring_view(peers->ring);
    return at == view->count || at == view->self ? HERE : (uint16_t)at;
}

/* Says where the next call has to go on. */
static void join_scan(const struct split *split, struct reply *reply)
{
    struct span answer = buf_span(&split->parts[0].answer);
    struct element head, cursor;
    uint64_t number;
    char text[NUMBER_TEXT_MAX];

    if (!walk_head(&answer, &head) || head.count != 2 || !walk_head(&answer, &cursor) ||
        !number_parse_unsigned(cursor.text, &number) || number >> CURSOR_BITS != 0) {
        reply_error(reply, not_understood);
        return;
    }
    if (number != 0) {
        number |= (uint64_t)(split->at + 1) << CURSOR_BITS;
    } else if (split->at + 1 < places(split->peers)) {
        number = (uint64_t)(split->at + 2) << CURSOR_BITS;
    }
    reply_array(reply, 2);
    reply_bulk(reply, (struct span){ text, number_format_unsigned(text, number) });
    reply_raw(reply, answer);
}

static void join(struct split *split, struct reply *reply)
{
    const struct part *bad = first_error(split);

    if (bad != NULL) {
        reply->failed = true;
        reply->full = reply->full || bad->reply.full;
        reply_raw(reply, buf_span(&bad->answer));
        return;
    }
    switch (split->task.request.command->across) {
    case ACROSS_ARRAY:
        join_in_order(split, reply);
        break;
    case ACROSS_SUM:
    case ACROSS_ALL_SUM:
        join_sum(split, reply);
        break;
    case ACROSS_ALL_ARRAY:
        join_arrays(split, reply);
        break;
    case ACROSS_ALL_UNION:
        join_union(split, reply);
        break;
    case ACROSS_ALL_COUNTS:
        join_counts(split, reply);
        break;
    case ACROSS_ALL_SCAN:
        join_scan(split, reply);
        break;
    case ACROSS_OK:
    case ACROSS_ALL_OK:
    case ACROSS_ALL_RANDOM:
        reply_raw(reply, buf_span(&split->parts[0].answer));
        break;
    case ACROSS_NONE:
    case ACROSS_COMPUTE:
        unreachable("a command that cannot be split was split");
    }
}

/* --- parts ------------------------------------------------------------------------------------ */

static void init_part(struct split *split, struct part *part, uint16_t place)
{
    const struct reply *outer = split->task.waiter->reply;

    part->split = split;
    part->place = place;
    buf_init(&part->answer, outer == NULL ? ANSWER_MAX : outer->out->max);
    part->reply = reply_into(&part->answer, outer == NULL ? 2 : outer->protocol);
    part->waiter = (struct waiter){ .reply = &part->reply, .done = part_done };
}

static void split_free(struct split *split)
{
    for (size_t i = 0; i < split->count; i++) {
        buf_fini(&split->parts[i].answer);
    }
    memory_free(split->parts);
    memory_free(split->part_of_key);
    memory_free(split);
}

/* Runs a part with these words where it belongs. True: it is answered. */
static bool start_part(struct part *part, const struct span *argv, size_t argc)
{
    struct split *split = part->split;
    struct task task = split->task;

    task.request.argv = argv;
    task.request.argc = argc;
    task.waiter = &part->waiter;
    if (split->task.request.route.kind == ROUTE_SPLIT) {
        return task_route_and_run(split->peers, &task);
    }
    task.fixed = true;
    task.request.route = (struct route){
        .kind = part->place == HERE ? ROUTE_HERE : ROUTE_PEER,
        .member = part->place,
    };
    return task_run(split->peers, &task);
}

static void count_in(struct split *split, bool answered)
{
    split->pending += !answered;
}

/* --- one member after another ----------------------------------------------------------------- */

static bool is_null(const struct part *part)
{
    struct span answer = buf_span(&part->answer);
    struct element element;
    return walk_head(&answer, &element) && element.null;
}

/* RANDOMKEY: asks the next member while the answer is that it has no keys. True: answered. */
static bool ask_random(struct split *split)
{
    struct part *part = &split->parts[0];
    struct span name = SPAN("RANDOMKEY");
    size_t count = places(split->peers);

    while (split->tries > 0) {
        split->tries--;
        split->at = (split->at + 1) % count;
        buf_cut(&part->answer, 0);
        part->place = place_at(split->peers, split->at);
        if (!start_part(part, &name, 1)) {
            return false;
        }
        if (!is_null(part)) {
            return true;
        }
    }
    return true;
}

static bool start_random(struct split *split)
{
    size_t count = places(split->peers);

    init_part(split, &split->parts[0], HERE);
    split->at = (size_t)random_below(&split->peers->random, count);
    split->tries = count;
    return ask_random(split);
}

/* A cursor of a member that is gone is at the end. */
static bool start_scan(struct split *split)
{
    const struct peers_request *request = &split->task.request;
    struct span *argv = memory_alloc(request->argc * sizeof(*argv));
    struct part *part = &split->parts[0];
    char text[NUMBER_TEXT_MAX];
    uint64_t cursor;
    bool answered = true;

    memcpy(argv, request->argv, request->argc * sizeof(*argv));
    init_part(split, part, HERE);
    if (!number_parse_unsigned(argv[1], &cursor)) {
        reply_error(&part->reply, SPAN("ERR invalid cursor"));
    } else {
        split->at = cursor >> CURSOR_BITS == 0 ? 0 : (size_t)(cursor >> CURSOR_BITS) - 1;
        cursor &= ((uint64_t)1 << CURSOR_BITS) - 1;
        if (split->at >= places(split->peers)) {
            reply_array(&part->reply, 2);
            reply_bulk(&part->reply, SPAN("0"));
            reply_array(&part->reply, 0);
        } else {
            part->place = place_at(split->peers, split->at);
            argv[1] = (struct span){ text, number_format_unsigned(text, cursor) };
            answered = start_part(part, argv, request->argc);
        }
    }
    memory_free(argv);
    return answered;
}

/* --- all members ------------------------------------------------------------------------------ */

static void start_all(struct split *split)
{
    for (size_t i = 0; i < split->count; i++) {
        init_part(split, &split->parts[i], place_at(split->peers, i));
        count_in(split,
                 start_part(&split->parts[i], split->task.request.argv, split->task.request.argc));
    }
}

/* --- keys of several owners ------------------------------------------------------------------- */

static uint16_t place_of(const struct peers *peers, struct span key)
{
    uint16_t owner;
    bool here = route_is_here(peers->ring, peers->config->rules, key, &owner);

    return here ? HERE : owner;
}

static uint16_t part_for(struct split *split, uint16_t place)
{
    for (size_t i = 0; i < split->count; i++) {
        if (split->parts[i].place == place) {
            return (uint16_t)i;
        }
    }
    init_part(split, &split->parts[split->count], place);
    return (uint16_t)split->count++;
}

/* The words of one part: the name, then each of its keys with what goes with it. */
static size_t words_of_part(const struct split *split, size_t index, const uint32_t *indexes,
                            struct span *words)
{
    const struct peers_request *request = &split->task.request;
    size_t step = request->command->keys[0].step;
    size_t count = 0;

    words[count++] = request->argv[0];
    for (size_t i = 0; i < split->keys; i++) {
        for (size_t j = 0; split->part_of_key[i] == index && j < step; j++) {
            words[count++] = request->argv[indexes[i] + j];
        }
    }
    return count;
}

static void start_by_keys(struct split *split)
{
    const struct peers_request *request = &split->task.request;
    uint32_t *indexes = memory_alloc(request->argc * sizeof(*indexes));
    struct span *words = memory_alloc(request->argc * sizeof(*words));

    split->keys =
        command_keys(request->command, request->argv, request->argc, indexes, request->argc);
    split->part_of_key = memory_alloc(split->keys * sizeof(*split->part_of_key));
    split->count = 0;
    for (size_t i = 0; i < split->keys; i++) {
        uint16_t place = place_of(split->peers, request->argv[indexes[i]]);
        split->part_of_key[i] = part_for(split, place);
    }
    for (size_t i = 0; i < split->count; i++) {
        size_t count = words_of_part(split, i, indexes, words);
        count_in(split, start_part(&split->parts[i], words, count));
    }
    memory_free(words);
    memory_free(indexes);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void finish(struct split *split)
{
    struct reply *reply = split->task.waiter->reply;

    if (reply != NULL) {
        join(split, reply);
    }
}

static void part_done(struct waiter *waiter)
{
    struct split *split = ((struct part *)waiter)->split;
    struct waiter *outer = split->task.waiter;

    assert(split->started);
    split->pending--;
    if (split->tries > 0 && is_null(&split->parts[0])) {
        count_in(split, ask_random(split));
    }
    if (split->pending == 0) {
        finish(split);
        split_free(split);
        outer->done(outer);
    }
}

static void start(struct split *split)
{
    switch (split->task.request.command->across) {
    case ACROSS_ALL_SCAN:
        count_in(split, start_scan(split));
        break;
    case ACROSS_ALL_RANDOM:
        count_in(split, start_random(split));
        break;
    case ACROSS_ALL_SUM:
    case ACROSS_ALL_ARRAY:
    case ACROSS_ALL_UNION:
    case ACROSS_ALL_COUNTS:
    case ACROSS_ALL_OK:
        start_all(split);
        break;
    default:
        start_by_keys(split);
        break;
    }
}

bool split_run(struct peers *peers, const struct task *task)
{
    struct split *split = memory_zero(sizeof(*split));
    enum command_across across = task->request.command->across;
    bool one = across == ACROSS_ALL_SCAN || across == ACROSS_ALL_RANDOM;

    split->peers = peers;
    split->task = *task;
    split->count = one ? 1 : places(peers);
    split->parts = memory_zero(places(peers) * sizeof(*split->parts));
    start(split);
    split->started = true;
    if (split->pending > 0) {
        split->task.request.argv = NULL;
        return false;
    }
    finish(split);
    split_free(split);
    return true;
}
