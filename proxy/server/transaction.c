/* What is queued, and what is watched for it. */

#include "proxy/server/transaction.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/server/pin.h"
#include "proxy/server/session.h"

#include <stddef.h>

struct transaction {
    struct watcher watcher;
    struct pin *pin; /* NULL: nothing is watched, or podis is alone. */
    bool open;
    bool spoiled;
    struct queue queue;
};

static struct transaction *transaction_of(struct session *session)
{
    if (session->transaction == NULL) {
        session->transaction = memory_zero(sizeof(*session->transaction));
        session->transaction->queue.last = &session->transaction->queue.first;
    }
    return session->transaction;
}

void transaction_watch(struct session *session, struct watches *watches, struct span key,
                       bool exists)
{
    struct transaction *transaction = transaction_of(session);

    assert(!transaction->open);
    watcher_add(&transaction->watcher, watches, session->db, key, exists);
}

struct pin *transaction_pin(struct session *session)
{
    struct transaction *transaction = transaction_of(session);

    assert(!transaction->open);
    if (transaction->pin == NULL) {
        transaction->pin = pin_new(session->server);
    }
    return transaction->pin;
}

bool transaction_is_elsewhere(const struct session *session)
{
    return session->transaction != NULL && pin_is_elsewhere(session->transaction->pin);
}

struct pin *transaction_take_pin(struct session *session)
{
    struct pin *pin = session->transaction->pin;
    session->transaction->pin = NULL;
    return pin;
}

static void forget_watches(struct transaction *transaction)
{
    watcher_forget(&transaction->watcher);
    pin_release(transaction->pin);
    transaction->pin = NULL;
}

static void free_if_idle(struct session *session)
{
    struct transaction *transaction = session->transaction;

    if (!transaction->open && watcher_is_idle(&transaction->watcher)) {
        memory_free(transaction);
        session->transaction = NULL;
    }
}

void transaction_unwatch(struct session *session)
{
    if (session->transaction != NULL) {
        forget_watches(session->transaction);
        free_if_idle(session);
    }
}

bool transaction_is_void(const struct session *session, uint64_t now_ms)
{
    const struct transaction *transaction = session->transaction;

    return pin_is_outdated(transaction->pin) || watcher_is_void(&transaction->watcher, now_ms);
}

bool transaction_is_touched(const struct session *session)
{
    return session->transaction != NULL && session->transaction->watcher.touched;
}

/* --- queueing --- */

bool transaction_is_open(const struct session *session)
{
    return session->transaction != NULL && session->transaction->open;
}

bool transaction_is_spoiled(const struct session *session)
{
    return session->transaction->spoiled;
}

size_t transaction_count(const struct session *session)
{
    return transaction_is_open(session) ? session->transaction->queue.count : 0;
}

size_t transaction_bytes(const struct session *session)
{
    return session->transaction == NULL ? 0 : session->transaction->queue.bytes;
}

size_t transaction_watched_bytes(const struct session *session)
{
    return session->transaction == NULL ? 0 : session->transaction->watcher.bytes;
}

void transaction_begin(struct session *session)
{
    struct transaction *transaction = transaction_of(session);
    assert(!transaction->open);
    transaction->open = true;
}

void transaction_spoil(struct session *session)
{
    if (transaction_is_open(session)) {
        session->transaction->spoiled = true;
    }
}

/* One block: the request, its spans, their bytes. */
static struct queued *queued_new(const struct request *request, size_t *size)
{
    size_t text = 0;
    for (size_t i = 0; i < request->argc; i++) {
        text += request->argv[i].len;
    }
    *size = sizeof(struct queued) + request->argc * sizeof(struct span) + text;

    struct queued *queued = memory_alloc(*size);
    struct span *argv = (struct span *)(queued + 1);
    char *bytes = (char *)(argv + request->argc);
    *queued = (struct queued){ .request = *request };
    queued->request.argv = argv;
    for (size_t i = 0; i < request->argc; i++) {
        argv[i] = (struct span){ bytes, request->argv[i].len };
        if (argv[i].len > 0) {
            memcpy(bytes, request->argv[i].bytes, argv[i].len);
        }
        bytes += argv[i].len;
    }
    return queued;
}

void transaction_queue(struct session *session, const struct request *request)
{
    struct queue *queue = &session->transaction->queue;
    size_t size;
    struct queued *queued = queued_new(request, &size);

    assert(session->transaction->open);
    *queue->last = queued;
    queue->last = &queued->next;
    queue->count++;
    queue->bytes += size;
}

const struct queue *transaction_queued(const struct session *session)
{
    assert(transaction_is_open(session));
    return &session->transaction->queue;
}

void queue_free(struct queue *queue)
{
    while (queue->first != NULL) {
        struct queued *queued = queue->first;
        queue->first = queued->next;
        memory_free(queued);
    }
    queue->last = &queue->first;
    queue->count = queue->bytes = 0;
}

void transaction_take(struct session *session, struct queue *queue)
{
    struct transaction *transaction = session->transaction;

    assert(transaction_is_open(session));
    *queue = transaction->queue;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }
    forget_watches(transaction);
    memory_free(transaction);
    session->transaction = NULL;
}

void transaction_end(struct session *session)
{
    if (session->transaction != NULL) {
        queue_free(&session->transaction->queue);
        forget_watches(session->transaction);
        memory_free(session->transaction);
        session->transaction = NULL;
    }
}
