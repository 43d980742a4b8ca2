/* Fetches a key to keep a near copy of it.
 *
 *     CLIENT CACHING YES        one write, on the link on which the push will come
 *     GET key
 *     PTTL key
 *
 * Only strings are kept. A read of something else, HGET, is forwarded (fetch_serves()); a read of a
 * string that meets another type is answered like the others, by running it on such a value: to
 * ask the owner then would be to ask after commands that came later.
 *
 * The read that asked for it, and all that join it before a write or a push makes the flight void,
 * are answered by running them on the value that came: on the copy, or if none may be kept on a
 * store of one key that exists for the moment. They were made before the write or the push, so
 * they may be answered with what was there then; what is read later starts anew (R1, R2). */

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "proxy/peers/inside.h"
#include "proxy/peers/walk.h"
#include "proxy/peers/words.h"

/* A read that waits for the fetch. */
struct reader {
    struct task task; /* Its argv points into `bytes`. */
    struct buf bytes;
    bool answered;
    struct reader *next;
};

enum part { PART_CACHING, PART_GET, PART_PTTL, PARTS };

struct fetch_part {
    struct link_call call;
    struct fetch *fetch;
    struct buf answer;
    struct reply reply;
    struct reply *into;
    enum link_end end;
};

struct fetch {
    struct peers *peers;
    struct lane *lane;
    struct buf key;
    uint64_t token;
    uint64_t sent_at_ms;
    struct fetch_part parts[PARTS];
    size_t left; /* Parts without an answer. */
    struct reader *readers;
    struct reader **last;
};

struct fetches {
    struct cache *scratch; /* For values that are not kept. */
    const struct command *set;
    const struct command *rpush;
    const struct command *del;
};

/* --- readers ---------------------------------------------------------------------------------- */

static struct buf copy_of(struct span bytes)
{
    struct buf copy;

    buf_init(&copy, bytes.len);
    bool added = buf_add(&copy, bytes);
    assert(added);
    return copy;
}

static void add_reader(struct fetch *fetch, const struct task *task)
{
    struct reader *reader = memory_zero(sizeof(*reader));
    const struct peers_request *request = &task->request;
    size_t len = words_len(request->argv, request->argc);

    reader->task = *task;
    buf_init(&reader->bytes, len);
    words_put(buf_reserve(&reader->bytes, len), request->argv, request->argc);
    buf_commit(&reader->bytes, len);
    reader->task.request.argv = NULL;
    *fetch->last = reader;
    fetch->last = &reader->next;
}

/* Calls `answer` with each reader's task; those for which it returns true are answered. All
 * are answered before the first is told so: being told, an app's next command may drop the
 * copy that the others are to be answered from. */
static void end_readers(struct fetch *fetch, void *context,
                        bool (*answer)(struct fetch *fetch, const struct task *task,
                                       struct span bytes, void *context))
{
    for (struct reader *reader = fetch->readers; reader != NULL; reader = reader->next) {
        size_t argc;
        struct span *argv = words_take(buf_span(&reader->bytes), &argc);
        reader->task.request.argv = argv;
        reader->answered = answer(fetch, &reader->task, buf_span(&reader->bytes), context);
        memory_free(argv);
    }
    while (fetch->readers != NULL) {
        struct reader *reader = fetch->readers;
        fetch->readers = reader->next;
        if (reader->answered) {
            reader->task.waiter->done(reader->task.waiter);
        }
        buf_fini(&reader->bytes);
        memory_free(reader);
    }
}

static bool answer_from_cache(struct fetch *fetch, const struct task *task, struct span bytes,
                              void *context)
{
    struct cache_request request = {
        .command = task->request.command,
        .argv = task->request.argv,
        .argc = task->request.argc,
        .now_ms = fetch->peers->unix_ms,
        .client_id = task->request.client_id,
        .reply = task->waiter->reply,
    };

    (void)bytes;
    if (request.reply != NULL) {
        cache_exec(context, &request);
    }
    return true;
}

static bool answer_unreachable(struct fetch *fetch, const struct task *task, struct span bytes,
                               void *context)
{
    (void)bytes;
    reply_unreachable(task->waiter->reply, &fetch->lane->peer->address, context);
    return true;
}

static bool route_again(struct fetch *fetch, const struct task *task, struct span bytes,
                        void *context)
{
    (void)context;
    if (forward_again(fetch->peers, task, bytes)) {
        return false;
    }
    reply_unreachable(task->waiter->reply, &fetch->lane->peer->address,
                      "has too many requests waiting");
    return true;
}

/* Something went wrong at the owner: it is asked for the command itself. */
static bool ask_owner(struct fetch *fetch, const struct task *task, struct span bytes,
                      void *context)
{
    (void)bytes;
    (void)context;
    return forward(fetch->peers, fetch->lane, task);
}

/* --- what came -------------------------------------------------------------------------------- */

static bool read_answers(const struct fetch *fetch, struct near_fetched *fetched)
{
    struct span value = buf_span(&fetch->parts[PART_GET].answer);
    struct span ttl = buf_span(&fetch->parts[PART_PTTL].answer);
    struct element element;

    if (fetch->parts[PART_CACHING].reply.failed || !walk_head(&value, &element) ||
        (element.kind != '$' && !element.null)) {
        return false;
    }
    fetched->missing = element.null;
    fetched->value = element.text;
    fetched->sent_at_ms = fetch->sent_at_ms;
    return walk_head(&ttl, &element) && element.kind == ':' &&
           number_parse(element.text, &fetched->ttl_ms);
}

static void run_scratch(struct fetch *fetch, const struct command *command, const struct span *argv,
                        size_t argc)
{
    struct buf nowhere = { 0 };
    struct reply reply = { .out = &nowhere, .protocol = 2, .silent = true };
    struct cache_request request = {
        .command = command,
        .argv = argv,
        .argc = argc,
        .now_ms = fetch->peers->unix_ms,
        .reply = &reply,
    };
    cache_exec(fetch->peers->fetches->scratch, &request);
}

static bool is_of_another_type(const struct fetch *fetch)
{
    static const char wrong_type[] = "WRONGTYPE ";
    struct span answer = buf_span(&fetch->parts[PART_GET].answer);
    struct element element;

    return !fetch->parts[PART_CACHING].reply.failed && walk_head(&answer, &element) &&
           element.kind == '-' && element.text.len > strlen(wrong_type) &&
           memcmp(element.text.bytes, wrong_type, strlen(wrong_type)) == 0;
}

/* For commands on strings, and EXISTS, every other type is the same. */
static void answer_of_another_type(struct fetch *fetch)
{
    struct fetches *fetches = fetch->peers->fetches;
    struct span push[] = { SPAN("RPUSH"), buf_span(&fetch->key), SPAN("") };
    struct span del[] = { SPAN("DEL"), buf_span(&fetch->key) };

    run_scratch(fetch, fetches->rpush, push, COUNT(push));
    end_readers(fetch, fetches->scratch, answer_from_cache);
    run_scratch(fetch, fetches->del, del, COUNT(del));
}

static void answer_once(struct fetch *fetch, const struct near_fetched *fetched)
{
    struct fetches *fetches = fetch->peers->fetches;
    struct span set[] = { SPAN("SET"), buf_span(&fetch->key), fetched->value };
    struct span del[] = { SPAN("DEL"), buf_span(&fetch->key) };
    struct cache *scratch = fetches->scratch;

    if (!fetched->missing) {
        run_scratch(fetch, fetches->set, set, COUNT(set));
    }
    end_readers(fetch, scratch, answer_from_cache);
    run_scratch(fetch, fetches->del, del, COUNT(del));
}

/* A key that expired between the two questions is not kept: it has no time to live to go by. */
static void land(struct fetch *fetch, struct near_fetched *fetched)
{
    struct near *near = fetch->lane->near;
    struct near_time now = { .clock_ms = links_clock_ms(), .unix_ms = fetch->peers->unix_ms };
    struct span key = buf_span(&fetch->key);

    if (!fetched->missing && fetched->ttl_ms == -2) {
        near_abort(near, key, fetch->token);
        answer_once(fetch, fetched);
    } else if (near_land(near, key, fetch->token, fetched, &now)) {
        end_readers(fetch, near_cache(near), answer_from_cache);
    } else {
        answer_once(fetch, fetched);
    }
}

static void finish(struct fetch *fetch)
{
    struct near_fetched fetched = { 0 };
    enum link_end end = LINK_ANSWERED;

    for (size_t i = 0; i < PARTS; i++) {
        end = fetch->parts[i].end > end ? fetch->parts[i].end : end;
    }
    if (end == LINK_ANSWERED && read_answers(fetch, &fetched)) {
        land(fetch, &fetched);
        return;
    }
    near_abort(fetch->lane->near, buf_span(&fetch->key), fetch->token);
    if (end == LINK_ANSWERED && is_of_another_type(fetch)) {
        answer_of_another_type(fetch);
    } else if (end == LINK_ANSWERED) {
        end_readers(fetch, NULL, ask_owner);
    } else if (end == LINK_CUT || links_clock_ms() >= fetch->readers->task.deadline_ms) {
        char why[] = "did not answer";
        end_readers(fetch, why, answer_unreachable);
    } else {
        end_readers(fetch, NULL, route_again);
    }
}

static void fetch_free(struct fetch *fetch)
{
    for (size_t i = 0; i < PARTS; i++) {
        buf_fini(&fetch->parts[i].answer);
    }
    buf_fini(&fetch->key);
    memory_free(fetch);
}

static void on_part(struct link_call *call, const struct link_result *result)
{
    struct fetch_part *part = (struct fetch_part *)call;
    struct fetch *fetch = part->fetch;

    part->end = result->end;
    if (part == &fetch->parts[PART_GET]) {
        fetch->sent_at_ms = result->sent_at_ms;
    }
    if (--fetch->left == 0) {
        finish(fetch);
        fetch_free(fetch);
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool ask(struct fetch *fetch, enum part which, const struct span *argv, size_t argc,
                uint64_t deadline_ms)
{
    struct fetch_part *part = &fetch->parts[which];

    part->fetch = fetch;
    part->reply = reply_into(&part->answer, 3);
    part->into = &part->reply;
    part->call = (struct link_call){ .into = &part->into, .done = on_part };
    part->end = LINK_UNSENT;
    buf_init(&part->answer, SIZE_MAX / 2);
    if (!link_send(fetch->lane->link, argv, argc, deadline_ms, &part->call)) {
        return false;
    }
    fetch->left++;
    return true;
}

bool fetch_serves(const struct command *command)
{
    struct span group = span_from(command->group);

    return span_is(group, "string") || span_is(group, "bitmap") ||
           strcmp(command->name, "exists") == 0;
}

bool fetch_begin(struct peers *peers, struct lane *lane, struct span key, const struct task *task)
{
    struct fetch *fetch = memory_zero(sizeof(*fetch));
    struct span caching[] = { SPAN("CLIENT"), SPAN("CACHING"), SPAN("YES") };
    struct span get[] = { SPAN("GET"), key };
    struct span pttl[] = { SPAN("PTTL"), key };

    fetch->peers = peers;
    fetch->lane = lane;
    fetch->key = copy_of(key);
    fetch->last = &fetch->readers;
    bool sent = ask(fetch, PART_CACHING, caching, COUNT(caching), task->deadline_ms) &&
                ask(fetch, PART_GET, get, COUNT(get), task->deadline_ms) &&
                ask(fetch, PART_PTTL, pttl, COUNT(pttl), task->deadline_ms);
    if (fetch->left == 0) {
        fetch_free(fetch);
        return forward(peers, lane, task); /* Says what is wrong. */
    }
    add_reader(fetch, task);
    if (sent) {
        fetch->token = near_fetching(lane->near, key, fetch);
    }
    return false;
}

void fetch_join(void *flight, const struct task *task)
{
    add_reader(flight, task);
}

struct fetches *fetches_new(struct peers *peers)
{
    struct fetches *fetches = memory_zero(sizeof(*fetches));
    struct cache_options options = { .databases = 1, .seed = random_next(&peers->random) };

    fetches->scratch = cache_new(&options);
    fetches->set = command_named(peers->parts.commands, SPAN("set"));
    fetches->rpush = command_named(peers->parts.commands, SPAN("rpush"));
    fetches->del = command_named(peers->parts.commands, SPAN("del"));
    return fetches;
}

void fetches_free(struct fetches *fetches)
{
    if (fetches != NULL) {
        cache_free(fetches->scratch);
        memory_free(fetches);
    }
}
