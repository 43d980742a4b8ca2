#ifndef PODIS_PROXY_SERVER_ANSWERS_H
#define PODIS_PROXY_SERVER_ANSWERS_H

/* Answers leave in the client's order, whenever they come.
 *
 *     out                   first                             last
 *     | may leave now | <-- waiting <-- done <-- waiting <-- done, and open for more |
 *
 * An answer that is made here while nothing is outstanding goes straight to `out`. A
 * forwarded request reserves an answer of its own, which is filled in when the owner
 * says something; all that follows queues behind it. When the first answer is done its
 * bytes move to `out`, and so on up to the first that still waits.
 *
 * An answer outlives its client: if the client hangs up, what comes is dropped.
 *
 * Invariants
 * 1. `first` is NULL or waits.
 * 2. `out` and what is held behind it never pass `max` together for longer than it takes
 *    the owner to look at `full` and close. */

#include "cache/base/buf.h"
#include "cache/reply.h"
#include "proxy/peers/peers.h"

struct answer;

/* Answers that can be used again, shared by all clients of a server. Zeroed storage is empty. */
struct answer_pool {
    struct answer *free;
    size_t count;
};
void answer_pool_fini(struct answer_pool *pool);

struct answers {
    struct answer_pool *pool;
    struct buf out;
    struct answer *first, *last;
    size_t waiting;      /* Answers that are not done. */
    size_t held_bytes;   /* In answers that are done but queued. */
    size_t max;          /* Of out and held_bytes together. */
    bool full;           /* Something was lost because of `max`: the client must be closed. */
    struct reply direct; /* Writes to `out`. */
    bool relayed;        /* All of it is passed on by another podis: see struct reply. */
    /* `out` has grown, or `full` was set, because an answer came from elsewhere. */
    void (*ready)(struct answers *answers);
    /* An answer from elsewhere is complete, and these are its bytes. NULL: not asked for. */
    void (*arrived)(struct answers *answers, const struct reply *reply);
};

/* Sets everything but the two callbacks. The pool must outlive all that waits. */
void answers_init(struct answers *answers, struct answer_pool *pool, size_t max);
/* Frees what is done; lets go of what waits. */
void answers_fini(struct answers *answers);
void answers_set_max(struct answers *answers, size_t max);

struct reply *answers_reply_queued(struct answers *answers, int protocol, bool silent);
void answers_commit_queued(struct answers *answers, const struct reply *reply);

/* Where the next answer that is made here goes. Complete it, then answers_commit(). */
static inline struct reply *answers_reply(struct answers *answers, int protocol, bool silent)
{
    if (answers->first != NULL) {
        return answers_reply_queued(answers, protocol, silent);
    }
    answers->direct.protocol = protocol;
    answers->direct.silent = silent;
    answers->direct.failed = false;
    return &answers->direct;
}

static inline void answers_commit(struct answers *answers, const struct reply *reply)
{
    if (reply == &answers->direct) {
        answers->full |= reply->full;
    } else {
        answers_commit_queued(answers, reply);
    }
}

/* Reserves the next place for an answer that comes later. */
struct waiter *answers_wait(struct answers *answers, int protocol, bool silent);
/* The answer was written to the waiter at once: its done() will not be called. */
void answers_at_once(struct waiter *waiter);

/* All bytes queued for the client. */
static inline size_t answers_bytes(const struct answers *answers)
{
    return answers->out.len + answers->held_bytes;
}

#endif
