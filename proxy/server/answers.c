/* Answers leave in the client's order, whenever they come. */

#include "proxy/server/answers.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <stddef.h>

enum {
    POOL_MAX = 256,    /* Answers kept for later, … */
    POOL_BYTES = 4096, /* … each with a buffer no bigger than this. */
};

struct answer {
    struct waiter waiter;
    struct answer_pool *pool;
    struct answers *owner; /* NULL: the client has gone. */
    struct answer *next;
    struct buf bytes;
    struct reply reply;
    size_t counted; /* Of bytes.len, in owner->held_bytes. */
    bool done;      /* Answers made here may be added to it. */
};

void answers_init(struct answers *answers, struct answer_pool *pool, size_t max)
{
    *answers = (struct answers){ .pool = pool, .max = max };
    buf_init(&answers->out, max);
    answers->direct = reply_into(&answers->out, 2);
}

void answer_pool_fini(struct answer_pool *pool)
{
    while (pool->free != NULL) {
        struct answer *answer = pool->free;
        pool->free = answer->next;
        buf_fini(&answer->bytes);
        memory_free(answer);
    }
    pool->count = 0;
}

static void answer_free(struct answer *answer)
{
    struct answer_pool *pool = answer->pool;

    if (pool->count == POOL_MAX) {
        buf_fini(&answer->bytes);
        memory_free(answer);
        return;
    }
    buf_consume(&answer->bytes, answer->bytes.len);
    buf_trim(&answer->bytes, POOL_BYTES);
    answer->next = pool->free;
    pool->free = answer;
    pool->count++;
}

static struct answer *answer_new(struct answer_pool *pool)
{
    struct answer *answer = pool->free;
    struct buf bytes = { 0 };

    if (answer == NULL) {
        answer = memory_alloc(sizeof(*answer));
    } else {
        pool->free = answer->next;
        pool->count--;
        bytes = answer->bytes;
    }
    *answer = (struct answer){ .pool = pool, .bytes = bytes };
    return answer;
}

void answers_fini(struct answers *answers)
{
    struct answer *answer = answers->first;

    while (answer != NULL) {
        struct answer *next = answer->next;
        if (answer->done) {
            answer_free(answer);
        } else {
            answer->owner = NULL;
            answer->next = NULL;
            answer->waiter.reply = NULL;
        }
        answer = next;
    }
    buf_fini(&answers->out);
    answers->first = answers->last = NULL;
    answers->waiting = answers->held_bytes = 0;
}

void answers_set_max(struct answers *answers, size_t max)
{
    answers->max = max;
    answers->out.max = max;
}

/* Takes note of what was added to an answer that is queued. */
static void count_held(struct answer *answer)
{
    struct answers *answers = answer->owner;

    answers->held_bytes += answer->bytes.len - answer->counted;
    answer->counted = answer->bytes.len;
    if (answer->reply.full || answers_bytes(answers) > answers->max) {
        answers->full = true;
    }
}

/* Moves what is done from the front of the queue to `out`. */
static void let_out(struct answers *answers)
{
    while (answers->first != NULL && answers->first->done) {
        struct answer *answer = answers->first;
        answers->first = answer->next;
        answers->held_bytes -= answer->counted;
        if (answers->out.bytes == NULL && answer->bytes.len > POOL_BYTES) {
            struct buf empty = answers->out;
            answers->out = answer->bytes;
            answers->out.max = answers->max;
            answer->bytes = empty;
        } else if (!buf_add(&answers->out, buf_span(&answer->bytes))) {
            answers->full = true;
        }
        answer_free(answer);
    }
    if (answers->first == NULL) {
        answers->last = NULL;
        assert(answers->held_bytes == 0);
    }
}

static void arrived(struct waiter *waiter)
{
    struct answer *answer = (struct answer *)((char *)waiter - offsetof(struct answer, waiter));
    struct answers *answers = answer->owner;

    if (answers == NULL) {
        answer_free(answer);
        return;
    }
    assert(!answer->done);
    bool was_first = answer == answers->first;
    if (answers->arrived != NULL) {
        answers->arrived(answers, &answer->reply);
    }
    answers_at_once(waiter);
    if (was_first || answers->full) {
        answers->ready(answers);
    }
}

static struct answer *append(struct answers *answers, int protocol, bool silent)
{
    struct answer *answer = answer_new(answers->pool);

    answer->owner = answers;
    answer->bytes.max = answers->max;
    answer->reply = reply_into(&answer->bytes, protocol);
    answer->reply.silent = silent;
    answer->reply.relayed = answers->relayed;
    answer->waiter.reply = &answer->reply;
    answer->waiter.done = arrived;
    if (answers->last == NULL) {
        answers->first = answer;
    } else {
        answers->last->next = answer;
    }
    answers->last = answer;
    return answer;
}

struct reply *answers_reply_queued(struct answers *answers, int protocol, bool silent)
{
    struct answer *answer = answers->last;

    assert(answers->first != NULL);
    if (!answer->done) {
        answer = append(answers, protocol, silent);
        answer->done = true;
    }
    answer->reply.protocol = protocol;
    answer->reply.silent = silent;
    answer->reply.failed = false;
    return &answer->reply;
}

void answers_commit_queued(struct answers *answers, const struct reply *reply)
{
    assert(reply == &answers->last->reply);
    count_held(answers->last);
}

struct waiter *answers_wait(struct answers *answers, int protocol, bool silent)
{
    struct answer *answer = append(answers, protocol, silent);
    answers->waiting++;
    return &answer->waiter;
}

void answers_at_once(struct waiter *waiter)
{
    struct answer *answer = (struct answer *)((char *)waiter - offsetof(struct answer, waiter));
    struct answers *answers = answer->owner;

    answer->done = true;
    answers->waiting--;
    count_held(answer);
    if (answer == answers->first) {
        let_out(answers);
    }
}
