/* A command that reads keys of several owners: SUNION, ZINTER, PFCOUNT …
 *
 *     DUMP of each key, from its owner  ->  restored in a store of its own  ->  run there
 *
 * The operands are copied, one after the other and not at one moment: what is written to them
 * meanwhile is seen in some and not in others, as with MGET over several owners. A missing key is
 * a missing key, and what is wrong with a type or an argument the command finds out by itself. The
 * first error of an owner is the answer of the whole.
 *
 * Memory: the payloads of one command may be OPERANDS_MAX bytes together. What is more is refused;
 * the way out is to keep the keys with one owner. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/peers/inside.h"
#include "proxy/peers/walk.h"
#include "proxy/peers/words.h"

enum { OPERANDS_MAX = 64 << 20 };

struct operand {
    struct waiter waiter; /* First. */
    struct compute *compute;
    struct buf answer;
    struct reply reply;
};

struct compute {
    struct peers *peers;
    struct task task; /* Its argv lies in `words`. */
    struct buf bytes;
    struct span *words;
    struct span *keys; /* Of words. */
    struct operand *operands;
    size_t count, pending;
    size_t payload_bytes;
    bool started;
};

static void compute_free(struct compute *compute)
{
    for (size_t i = 0; i < compute->count; i++) {
        buf_fini(&compute->operands[i].answer);
    }
    memory_free(compute->operands);
    memory_free(compute->keys);
    memory_free(compute->words);
    buf_fini(&compute->bytes);
    memory_free(compute);
}

/* --- here, on copies -------------------------------------------------------------------------- */

static const struct operand *first_error(const struct compute *compute)
{
    for (size_t i = 0; i < compute->count; i++) {
        if (compute->operands[i].reply.failed) {
            return &compute->operands[i];
        }
    }
    return NULL;
}

static bool is_too_much(const struct compute *compute)
{
    bool full = compute->payload_bytes > OPERANDS_MAX;

    for (size_t i = 0; i < compute->count; i++) {
        full |= compute->operands[i].reply.full;
    }
    return full;
}

static void run_on(struct cache *cache, const struct compute *compute,
                   const struct command *command, const struct span *argv, size_t argc,
                   struct reply *reply)
{
    cache_exec(cache, &(struct cache_request){ .command = command,
                                               .argv = argv,
                                               .argc = argc,
                                               .now_ms = compute->peers->unix_ms,
                                               .reply = reply });
}

/* Puts a copy of what the owner answered into the scratch store. A key that was named twice is
 * refused the second time. */
static void take_operand(struct cache *cache, const struct compute *compute, size_t index)
{
    struct span answer = buf_span(&compute->operands[index].answer);
    struct buf nowhere = { 0 };
    struct reply nobody = { .out = &nowhere, .protocol = 2, .silent = true };
    struct element payload;

    if (!walk_head(&answer, &payload) || payload.null) {
        return;
    }
    const struct span argv[] = { SPAN("RESTORE"), compute->keys[index], SPAN("0"), payload.text };
    run_on(cache, compute, command_named(compute->peers->parts.commands, SPAN("restore")), argv,
           COUNT(argv), &nobody);
}

static void compute_here(struct compute *compute, struct reply *reply)
{
    struct cache *cache = cache_new(&(struct cache_options){
        .databases = 1,
        .seed = compute->peers->random,
        .commands = compute->peers->parts.commands,
    });

    for (size_t i = 0; i < compute->count; i++) {
        take_operand(cache, compute, i);
        buf_fini(&compute->operands[i].answer);
    }
    run_on(cache, compute, compute->task.request.command, compute->task.request.argv,
           compute->task.request.argc, reply);
    cache_free(cache);
}

static void finish(struct compute *compute)
{
    struct reply *reply = compute->task.waiter->reply;
    const struct operand *bad = first_error(compute);

    if (reply == NULL) {
        return;
    }
    if (is_too_much(compute)) {
        reply_errorf(reply,
                     "ERR the keys have several owners, and are more than the %d MiB that are "
                     "brought together",
                     OPERANDS_MAX >> 20);
    } else if (bad != NULL) {
        reply->failed = true;
        reply_raw(reply, buf_span(&bad->answer));
    } else {
        compute_here(compute, reply);
    }
}

/* --- the operands ----------------------------------------------------------------------------- */

/* What does not fit any more is not kept. */
static void count_in(struct operand *operand)
{
    struct compute *compute = operand->compute;

    compute->pending--;
    compute->payload_bytes += operand->answer.len;
    if (compute->payload_bytes > OPERANDS_MAX && !operand->reply.failed) {
        buf_fini(&operand->answer);
    }
}

static void operand_done(struct waiter *waiter)
{
    struct operand *operand = (struct operand *)waiter;
    struct compute *compute = operand->compute;
    struct waiter *outer = compute->task.waiter;

    assert(compute->started);
    count_in(operand);
    if (compute->pending == 0) {
        finish(compute);
        compute_free(compute);
        outer->done(outer);
    }
}

static void fetch_operand(struct compute *compute, size_t index)
{
    struct operand *operand = &compute->operands[index];
    const struct span argv[] = { SPAN("DUMP"), compute->keys[index] };
    struct task task = compute->task;

    operand->compute = compute;
    buf_init(&operand->answer, OPERANDS_MAX);
    operand->reply = reply_into(&operand->answer, 2);
    operand->waiter = (struct waiter){ .reply = &operand->reply, .done = operand_done };
    task.request.command = command_named(compute->peers->parts.commands, SPAN("dump"));
    task.request.argv = argv;
    task.request.argc = COUNT(argv);
    task.waiter = &operand->waiter;
    if (task_route_and_run(compute->peers, &task)) {
        count_in(operand);
    }
}

/* A copy of the request, which is needed when its operands are here. */
static struct compute *compute_new(struct peers *peers, const struct task *task)
{
    struct compute *compute = memory_zero(sizeof(*compute));
    struct peers_request *request = &compute->task.request;
    size_t len = words_len(task->request.argv, task->request.argc);
    struct span on_stack[KEYS_ON_STACK];

    compute->peers = peers;
    compute->task = *task;
    buf_init(&compute->bytes, len);
    char *room = buf_reserve(&compute->bytes, len);
    assert(room != NULL);
    words_put(room, request->argv, request->argc);
    buf_commit(&compute->bytes, len);
    compute->words = words_take(buf_span(&compute->bytes), &request->argc);
    request->argv = compute->words;
    struct span *keys = request_keys(request, on_stack, &compute->count);
    if (keys == on_stack) {
        keys = memory_alloc(compute->count * sizeof(*keys));
        memcpy(keys, on_stack, compute->count * sizeof(*keys));
    }
    compute->keys = keys;
    compute->operands = memory_zero(compute->count * sizeof(*compute->operands));
    compute->pending = compute->count;
    return compute;
}

bool compute_run(struct peers *peers, const struct task *task)
{
    struct compute *compute = compute_new(peers, task);

    for (size_t i = 0; i < compute->count; i++) {
        fetch_operand(compute, i);
    }
    compute->started = true;
    if (compute->pending > 0) {
        return false;
    }
    finish(compute);
    compute_free(compute);
    return true;
}
