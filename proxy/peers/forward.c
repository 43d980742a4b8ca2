/* A request to the one member that owns its keys, and what happens when it does not arrive.
 *
 *     answered           the answer is in the waiter's reply already
 *     moved              not executed: after a moment sent to the member that was named, if we
 *                        know it; when that one does not own it either, by our own ring again,
 *                        and so on until the views agree or the deadline has passed
 *     could not be sent  routed anew; past the deadline UNREACHABLE
 *     cut off            UNREACHABLE at once: whether it was executed is not known, so it
 *                        is never sent twice
 */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/peers/inside.h"
#include "proxy/peers/tidings.h"
#include "proxy/peers/words.h"

enum {
    RETRY_AFTER_MS = 20,
    RETRY_BYTES_MAX = 64 << 20, /* Of all requests that wait to be routed again. */
    POOLED_MAX = 1024
};

struct forward {
    struct link_call call;
    struct peers *peers;
    struct lane *lane;
    struct task task; /* Its argv is not there any more. */
    bool closed_others;
    uint64_t pass;        /* For near_pass_ended(). */
    struct span tracked;  /* The keys, if request.track; owned. */
    struct forward *next; /* In the pool. */
};

/* A request that waits a moment before it is routed again. */
struct retry {
    struct task task;
    struct buf bytes;     /* As formatted. */
    struct address named; /* Where MOVED said; no host: nowhere. */
    struct retry *next;
};

struct forwards {
    struct peers *peers;
    struct forward *pool;
    size_t pooled;
    struct retry *retries; /* Oldest first. */
    struct retry **last;
    size_t retry_bytes;
    ev_timer timer;
};

static struct forward *take_forward(struct forwards *forwards)
{
    struct forward *forward = forwards->pool;

    if (forward == NULL) {
        return memory_alloc(sizeof(*forward));
    }
    forwards->pool = forward->next;
    forwards->pooled--;
    return forward;
}

static void give_back(struct forwards *forwards, struct forward *forward)
{
    if (forwards->pooled == POOLED_MAX) {
        memory_free(forward);
        return;
    }
    forward->next = forwards->pool;
    forwards->pool = forward;
    forwards->pooled++;
}

void reply_unreachable(struct reply *reply, const struct address *address, const char *why)
{
    peer_metrics.peer_forward_errors_total++;
    if (reply != NULL) {
        reply_errorf(reply, "UNREACHABLE peer %s:%u %s", address->host, (unsigned)address->port,
                     why);
    }
}

/* --- again ------------------------------------------------------------------------------------ */

/* NULL if too much waits already. */
static struct retry *add_retry(struct peers *peers, const struct task *task, struct span request)
{
    struct forwards *forwards = peers->forwards;

    if (request.len > RETRY_BYTES_MAX - forwards->retry_bytes) {
        return NULL;
    }
    struct retry *retry = memory_zero(sizeof(*retry));
    forwards->retry_bytes += request.len;
    retry->task = *task;
    buf_init(&retry->bytes, request.len);
    bool added = buf_add(&retry->bytes, request);
    assert(added);
    *forwards->last = retry;
    forwards->last = &retry->next;
    if (!ev_is_active(&forwards->timer)) {
        ev_timer_set(&forwards->timer, RETRY_AFTER_MS / 1000.0, 0.);
        ev_timer_start(peers->parts.loop, &forwards->timer);
    }
    return retry;
}

bool forward_again(struct peers *peers, const struct task *task, struct span request)
{
    return add_retry(peers, task, request) != NULL;
}

static void retry_free(struct forwards *forwards, struct retry *retry)
{
    forwards->retry_bytes -= retry->bytes.max;
    buf_fini(&retry->bytes);
    memory_free(retry);
}

/* To the member that was named, if it is one; else by our own ring. */
static bool run_named(struct peers *peers, const struct retry *retry, struct task *task)
{
    const struct view *view = ring_view(peers->ring);
    int member = view_find(view, &retry->named);

    task->followed = !task->followed && member >= 0 && member != view->self;
    if (!task->followed) {
        return task_route_and_run(peers, task);
    }
    task->request.route = (struct route){ .kind = ROUTE_PEER, .member = (uint16_t)member };
    return task_run(peers, task);
}

static void run_again(struct peers *peers, struct retry *retry)
{
    struct task task = retry->task;
    size_t argc;
    struct span *argv = words_take(buf_span(&retry->bytes), &argc);

    task.request.argv = argv;
    task.request.argc = argc;
    task.request.now_ms = peers->unix_ms;
    if (run_named(peers, retry, &task)) {
        task.waiter->done(task.waiter);
    }
    memory_free(argv);
}

static void on_retry(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct forwards *forwards = watcher->data;
    struct retry *retry = forwards->retries;

    (void)loop;
    (void)events;
    forwards->retries = NULL;
    forwards->last = &forwards->retries;
    while (retry != NULL) {
        struct retry *next = retry->next;
        run_again(forwards->peers, retry);
        retry_free(forwards, retry);
        retry = next;
    }
}

/* --- there and back --------------------------------------------------------------------------- */

/* Moved, or not sent because the member left: true if it was put back for another try. */
static bool try_again(struct forward *forward, const struct link_result *result)
{
    struct peers *peers = forward->peers;

    if (forward->task.fixed || peers->draining ||
        links_clock_ms() + RETRY_AFTER_MS >= forward->task.deadline_ms) {
        return false;
    }
    struct retry *retry = add_retry(peers, &forward->task, result->request);
    if (retry == NULL) {
        return false;
    }
    if (result->end != LINK_MOVED || !address_read(result->moved_to, &retry->named)) {
        retry->task.followed = false;
    }
    return true;
}

static const char *why_not(enum link_end end)
{
    return end == LINK_CUT     ? "was lost before it answered: the outcome is not known"
           : end == LINK_MOVED ? "owns the key no longer, and its new owner is not known"
                               : "did not answer in time";
}

/* Of a client that keeps what it reads. */
static void end_tracked(struct forward *forward, bool answered)
{
    if (forward->tracked.bytes == NULL) {
        return;
    }
    if (answered) {
        tidings_of_read(forward->peers, &forward->task.request, forward->tracked);
    }
    memory_free((char *)(uintptr_t)forward->tracked.bytes);
    forward->tracked.bytes = NULL;
}

static void on_done(struct link_call *call, const struct link_result *result)
{
    struct forward *forward = (struct forward *)call;
    struct waiter *waiter = forward->task.waiter;
    bool over = true;

    if (forward->closed_others) {
        peer_reopen_others(forward->lane->peer, forward->lane);
    }
    if (result->end == LINK_ANSWERED) { /* Else it is not known what of it was. */
        near_pass_ended(forward->lane->near, forward->pass);
    }
    end_tracked(forward, result->end == LINK_ANSWERED);
    if (result->end == LINK_MOVED || result->end == LINK_UNSENT) {
        over = !try_again(forward, result);
    }
    if (over && result->end != LINK_ANSWERED) {
        reply_unreachable(forward->task.waiter->reply, &forward->lane->peer->address,
                          why_not(result->end));
    }
    give_back(forward->peers->forwards, forward);
    if (over) {
        waiter->done(waiter);
    }
}

/* The commands that reach into other databases than the one they are sent in. */
static bool reaches_others(const struct command *command, size_t keys)
{
    static const char *const names[] = { "copy", "move" };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(command->name, names[i]) == 0) {
            return true;
        }
    }
    return keys == 0; /* FLUSHALL, SWAPDB: it does not say which. */
}

/* Before a request is sent. What it writes has no copies from now on (R3), what it reads is not
 * answered from older ones while it is under way (R4). */
static void prepare(struct lane *lane, const struct peers_request *request, struct forward *forward)
{
    struct span on_stack[KEYS_ON_STACK];
    size_t count;
    struct span *keys = request_keys(request, on_stack, &count);

    if (!(request->command->flags & CMD_WRITE)) {
        forward->pass = near_pass(lane->near, keys, count);
    } else if (count == 0) {
        near_write_all(lane->near);
    } else {
        for (size_t i = 0; i < count; i++) {
            near_write(lane->near, keys[i]);
        }
    }
    if (keys != on_stack) {
        memory_free(keys);
    }
    if ((request->command->flags & CMD_WRITE) && reaches_others(request->command, count)) {
        peer_close_others(lane->peer, lane);
        forward->closed_others = true;
    }
}

bool forward(struct peers *peers, struct lane *lane, const struct task *task)
{
    const struct peers_request *request = &task->request;
    bool may_wait = link_is_ready(lane->link) || !peers->draining;

    if (!may_wait || roster_turn_ms(peers->roster) >= task->deadline_ms) {
        reply_unreachable(task->waiter->reply, &lane->peer->address, "cannot be reached");
        return true;
    }
    struct forward *forward = take_forward(peers->forwards);
    *forward = (struct forward){ .peers = peers, .lane = lane, .task = *task };
    forward->call = (struct link_call){ .into = &task->waiter->reply,
                                        .shape = shape_of(request->command),
                                        .done = on_done };
    forward->task.request.argv = NULL;
    prepare(lane, request, forward);
    if (request->track) {
        forward->tracked = tidings_keys(request);
    }
    bool ahead = !request->track || tidings_ahead(lane, task->deadline_ms);
    if (!ahead ||
        !link_send(lane->link, request->argv, request->argc, task->deadline_ms, &forward->call)) {
        if (forward->closed_others) {
            peer_reopen_others(lane->peer, lane);
        }
        end_tracked(forward, false);
        give_back(peers->forwards, forward);
        reply_unreachable(task->waiter->reply, &lane->peer->address,
                          "has too many requests waiting");
        return true;
    }
    peer_metrics.peer_forwards_total++;
    return false;
}

struct forwards *forwards_new(struct peers *peers)
{
    struct forwards *forwards = memory_zero(sizeof(*forwards));

    forwards->peers = peers;
    forwards->last = &forwards->retries;
    ev_init(&forwards->timer, on_retry);
    forwards->timer.data = forwards;
    return forwards;
}

void forwards_free(struct forwards *forwards)
{
    static const struct address nobody = { .host = "?" };

    if (forwards == NULL) {
        return;
    }
    ev_timer_stop(forwards->peers->parts.loop, &forwards->timer);
    while (forwards->retries != NULL) {
        struct retry *retry = forwards->retries;
        struct waiter *waiter = retry->task.waiter;
        forwards->retries = retry->next;
        reply_unreachable(retry->task.waiter->reply, &nobody, "cannot be reached any more");
        retry_free(forwards, retry);
        waiter->done(waiter);
    }
    while (forwards->pool != NULL) {
        struct forward *forward = forwards->pool;
        forwards->pool = forward->next;
        memory_free(forward);
    }
    memory_free(forwards);
}
