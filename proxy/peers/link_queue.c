/* The requests of a link, in order. */

#include "proxy/peers/link_queue.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/peers/words.h"

enum { RING_SMALLEST = 16, BYTES_KEPT = 1 << 16 };

void link_queue_init(struct link_queue *queue)
{
    *queue = (struct link_queue){ 0 };
    buf_init(&queue->bytes, LINK_QUEUE_BYTES_MAX);
}

void link_queue_fini(struct link_queue *queue)
{
    memory_free(queue->ring);
    buf_fini(&queue->bytes);
    *queue = (struct link_queue){ 0 };
}

struct flight *link_queue_at(const struct link_queue *queue, size_t index)
{
    assert(index < queue->count);
    return &queue->ring[(queue->head + index) & (queue->capacity - 1)];
}

static void grow(struct link_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? RING_SMALLEST : queue->capacity * 2;
    struct flight *ring = memory_alloc(capacity * sizeof(*ring));

    for (size_t i = 0; i < queue->count; i++) {
        ring[i] = *link_queue_at(queue, i);
    }
    memory_free(queue->ring);
    queue->ring = ring;
    queue->capacity = capacity;
    queue->head = 0;
}

/* When more than half is in use the buffer had better grow than move what it holds, or a queue
 * that stays long would be moved again and again. */
static char *reserve(struct buf *bytes, size_t len)
{
    size_t ask = len;

    if (bytes->capacity - bytes->start - bytes->len < len && bytes->len > bytes->capacity / 2 &&
        bytes->max - bytes->len > bytes->capacity) {
        ask = bytes->capacity > len ? bytes->capacity : len;
    }
    return buf_reserve(bytes, ask);
}

struct flight *link_queue_add(struct link_queue *queue, const struct span *argv, size_t argc)
{
    size_t len = words_len(argv, argc);
    char *room = queue->count == LINK_QUEUE_MAX ? NULL : reserve(&queue->bytes, len);

    if (room == NULL) {
        return NULL;
    }
    words_put(room, argv, argc);
    buf_commit(&queue->bytes, len);
    if (queue->count == queue->capacity) {
        grow(queue);
    }
    queue->count++;
    struct flight *flight = link_queue_at(queue, queue->count - 1);
    *flight = (struct flight){ .len = len };
    return flight;
}

struct flight *link_queue_send(struct link_queue *queue, uint64_t now_ms, struct span *request)
{
    while (queue->passed < queue->count) {
        struct flight *flight = link_queue_at(queue, queue->passed);
        struct span bytes = span_skip(buf_span(&queue->bytes), queue->passed_bytes);

        queue->passed++;
        queue->passed_bytes += flight->len;
        if (flight->call != NULL || flight->ping) {
            flight->sent = true;
            flight->sent_at_ms = now_ms;
            if (flight->call != NULL && flight->call->patient) {
                flight->deadline_ms = UINT64_MAX;
            }
            *request = (struct span){ .bytes = bytes.bytes, .len = flight->len };
            return flight;
        }
    }
    return NULL;
}

void link_queue_pop(struct link_queue *queue)
{
    size_t len = link_queue_at(queue, 0)->len;

    queue->pings -= link_queue_at(queue, 0)->ping;
    buf_consume(&queue->bytes, len);
    buf_trim(&queue->bytes, BYTES_KEPT);
    queue->head = (queue->head + 1) & (queue->capacity - 1);
    queue->count--;
    if (queue->passed > 0) {
        queue->passed--;
        queue->passed_bytes -= len;
    }
}

/* Removes those at the front that were given up before they were sent. */
static void settle(struct link_queue *queue)
{
    while (queue->count > 0) {
        const struct flight *flight = link_queue_at(queue, 0);
        if (flight->sent || flight->call != NULL || flight->ping) {
            return;
        }
        link_queue_pop(queue);
    }
}

struct flight *link_queue_front(struct link_queue *queue, struct span *request)
{
    settle(queue);
    if (queue->passed == 0) {
        return NULL;
    }
    struct flight *flight = link_queue_at(queue, 0);
    assert(flight->sent);
    *request = (struct span){ .bytes = buf_span(&queue->bytes).bytes, .len = flight->len };
    return flight;
}

void link_queue_mark_ping(struct link_queue *queue, struct flight *flight)
{
    flight->ping = true;
    flight->deadline_ms = UINT64_MAX;
    queue->pings++;
}

static void end(struct flight *flight, struct span request)
{
    struct link_call *call = flight->call;
    struct link_result result = {
        .end = flight->sent ? LINK_CUT : LINK_UNSENT,
        .request = request,
        .sent_at_ms = flight->sent_at_ms,
    };

    flight->call = NULL; /* Not touched after this: the call may add to the queue. */
    if (call != NULL) {
        call->done(call, &result);
    }
}

void link_queue_cut(struct link_queue *queue, struct intake *intake)
{
    struct span request;
    struct flight *flight;

    intake_cut(intake);
    while ((flight = link_queue_front(queue, &request)) != NULL) {
        end(flight, request);
        link_queue_pop(queue);
    }
    assert(queue->passed == 0);
}

void link_queue_expire(struct link_queue *queue, uint64_t now_ms, struct intake *intake)
{
    size_t count = queue->count;
    size_t offset = 0;

    for (size_t i = 0; i < count; i++) {
        struct flight *flight = link_queue_at(queue, i);
        struct span bytes = span_skip(buf_span(&queue->bytes), offset);
        bool over = now_ms == UINT64_MAX ? !flight->sent : flight->deadline_ms <= now_ms;

        bytes.len = flight->len;
        offset += flight->len;
        if (flight->call != NULL && over) {
            if (i == 0) {
                intake_cut(intake);
            }
            end(flight, bytes);
        }
    }
    settle(queue);
}

uint64_t link_queue_deadline(const struct link_queue *queue)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < queue->count; i++) {
        const struct flight *flight = link_queue_at(queue, i);
        if (flight->call != NULL && flight->deadline_ms < next) {
            next = flight->deadline_ms;
        }
    }
    return next;
}
