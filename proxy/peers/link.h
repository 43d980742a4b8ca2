#ifndef PODIS_PROXY_PEERS_LINK_H
#define PODIS_PROXY_PEERS_LINK_H

/* One asynchronous connection to one database of one other podis, on which requests of all our
 * clients are pipelined.
 *
 *     requests   | answered | sent, not yet answered | not sent: the link is not ready |
 *                           ^ front                                                    ^ back
 *
 * Answers come in the order of the requests and are written, while they are parsed, into the
 * reply of whoever asked; no tree is built in between. Pushes are told to the listener in their
 * place between the answers. What life a link leads is in link_life.h. */

#include "cache/base/log.h"
#include "cache/reply.h"
#include "proxy/peers/hello.h"
#include "proxy/peers/link_life.h"
#include "proxy/routing/view.h"
#include "proxy/peers/shape.h"

struct ev_loop;
struct link;
struct tls;

/* What all links of a process share. */
struct links;

struct links_settings {
    struct link_times times;
    const struct hello *hello; /* Borrowed. */
    struct tls *tls;           /* What new connections speak; NULL: they are plain. */
};

struct links *links_new(struct ev_loop *loop, const struct log *log, uint64_t seed);
void links_configure(struct links *links, const struct links_settings *settings);
/* After all links are freed. */
void links_free(struct links *links);

/* Milliseconds of a clock that only runs forward, also while the machine sleeps. */
uint64_t links_clock_ms(void);

/* The same clock when it was first asked for in this turn of the loop: for deadlines, which
 * many requests of one turn have in common. */
uint64_t links_turn_ms(struct links *links);

enum link_end {
    LINK_ANSWERED, /* The answer, which may be an error, is in the reply. */
    LINK_MOVED,    /* Not executed: the peer says that another member owns the slot. */
    LINK_UNSENT,   /* Not sent, and it will not be: the deadline passed, or the link is leaving. */
    LINK_CUT,      /* Sent, but no answer came: whether it was executed is not known. */
};

struct link_result {
    enum link_end end;
    struct span request;  /* The request as it was formatted. */
    struct span moved_to; /* "host:port", if MOVED. */
    uint64_t sent_at_ms;  /* Of links_clock_ms(). */
};

/* A request under way; embedded in the asker's own structure. */
struct link_call {
    struct reply **into; /* *into may be set to NULL at any time: the answer is dropped. */
    bool patient;        /* Once it was sent it has no deadline any more. */
    enum shape shape;    /* How the answer is nested for an app of RESP2. */
    /* Exactly once. The spans of the result are borrowed until it returns. */
    void (*done)(struct link_call *call, const struct link_result *result);
};

/* What a link tells. All are called between requests, never inside link_send(). */
struct link_listener {
    void *context;
    void (*greeted)(void *context, struct span answer); /* What the peer said to our hello. */
    void (*ready)(void *context);
    void (*lost)(void *context);                           /* Was ready: its epoch is over. */
    void (*invalidate)(void *context, struct span key);    /* .bytes is NULL: all keys. */
    void (*confirmed)(void *context, uint64_t sent_at_ms); /* A ping sent then was answered. */
};

/* Begins to connect. `address` must outlive the link. */
struct link *link_new(struct links *links, const struct address *address, int db,
                      const struct link_listener *listener);
/* The link will not notice silence: its peer may take its time with an answer. Just after
 * link_new(). */
void link_make_quiet(struct link *link);
/* Not from inside a call of its own. Requests under way end as CUT or UNSENT. */
void link_free(struct link *link);

/* Queues a request, or sends it at the end of this turn of the loop. False, and nothing was
 * done, if too much waits already. argv is borrowed for the call. After the deadline the
 * request ends as UNSENT or CUT. */
bool link_send(struct link *link, const struct span *argv, size_t argc, uint64_t deadline_ms,
               struct link_call *call);

/* Answers what was sent, then closes for ever; what was not sent ends at once. */
void link_drain(struct link *link);

/* Ends all that was not sent. */
void link_abandon_unsent(struct link *link);

/* Reads all that has arrived, within bounds. True if nothing more is there to be read. */
bool link_read_all(struct link *link);

bool link_is_ready(const struct link *link);
const struct link_life *link_life_of(const struct link *link);
/* Requests that wait for their answer. */
size_t link_waiting(const struct link *link);

#endif
