#ifndef PODIS_PROXY_PEERS_LINK_QUEUE_H
#define PODIS_PROXY_PEERS_LINK_QUEUE_H

/* The requests of a link in the order in which they are answered: first those that were sent,
 * then those that still have to be. Each keeps its bytes until it is answered, since an answer
 * may say that it has to be sent elsewhere. */

#include "cache/base/buf.h"
#include "proxy/peers/intake.h"
#include "proxy/peers/link.h"

enum {
    LINK_QUEUE_MAX = 1 << 20, /* Requests. */
    LINK_QUEUE_BYTES_MAX = 1 << 30,
};

struct flight {
    struct link_call *call; /* NULL: nobody wants the answer any more. */
    size_t len;             /* Of the request's bytes. */
    uint64_t deadline_ms;
    uint64_t sent_at_ms;
    bool sent; /* Stays false for one that was given up before its turn came. */
    bool ping; /* Our own sign of life. */
};

struct link_queue {
    struct flight *ring;
    size_t capacity; /* A power of two, or 0. */
    size_t head;
    size_t count;
    size_t passed; /* The first of them that were sent or skipped. */
    struct buf bytes;
    size_t passed_bytes;
    size_t pings;
};

void link_queue_init(struct link_queue *queue);
void link_queue_fini(struct link_queue *queue);

/* Formats the request at the back. NULL if too much waits already. */
struct flight *link_queue_add(struct link_queue *queue, const struct span *argv, size_t argc);

/* The next one to be sent, marked as sent at this time; its bytes, borrowed until the queue is
 * next changed. Skips those that were given up. NULL if there is none. */
struct flight *link_queue_send(struct link_queue *queue, uint64_t now_ms, struct span *request);

/* The sent one that is answered next; NULL if there is none. */
struct flight *link_queue_front(struct link_queue *queue, struct span *request);

/* Removes what link_queue_front() returned. */
void link_queue_pop(struct link_queue *queue);

/* By place, 0 is the front; index below count. */
struct flight *link_queue_at(const struct link_queue *queue, size_t index);

/* The connection is gone: ends as CUT all that were sent; half an answer is taken back. What
 * was not sent stays, to be sent on another connection. */
void link_queue_cut(struct link_queue *queue, struct intake *intake);

/* Ends as UNSENT or CUT all whose deadline has passed; with UINT64_MAX all that were not sent,
 * whatever their deadline. Requests that are added meanwhile are left alone. */
void link_queue_expire(struct link_queue *queue, uint64_t now_ms, struct intake *intake);

/* The earliest deadline; UINT64_MAX if there is none. */
uint64_t link_queue_deadline(const struct link_queue *queue);

/* This one is our own sign of life: it has no call and no deadline. */
void link_queue_mark_ping(struct link_queue *queue, struct flight *flight);

#endif
