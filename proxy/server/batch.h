#ifndef PODIS_PROXY_SERVER_BATCH_H
#define PODIS_PROXY_SERVER_BATCH_H

/* Runs what one read brought, many requests at a time.
 *
 *     read all  ->  find rows, hash keys,  ->  prefetch entries  ->  run in order
 *                   prefetch buckets
 *
 * With random keys a request spends most of its time waiting for memory: for its bucket,
 * then for its entry. Asking for those of the whole batch first lets the processor fetch
 * them side by side (the AMAC idea: Kocberber et al., VLDB 2015, in its simplest form).
 *
 * Each database of a peer has a link of its own. So that a client's requests are not overtaken by
 * its later ones in another database, it waits for its outstanding answers after SELECT. */

#include "proxy/protocol/resp_reader.h"
#include "proxy/server/request.h"

struct server;
struct session;

enum {
    BATCH_MAX = 128,           /* Requests prefetched together. */
    BATCH_TURN_MAX = 8 * 1024, /* Requests of one client in one turn of the loop. */
    BATCH_OUTPUT_MAX =
        256 * 1024 * 1024,         /* Unread answers at which a client is no longer served … */
    BATCH_WAITING_MAX = 64 * 1024, /* … and so for answers that others owe it. */
};

struct batch {
    struct request requests[BATCH_MAX];
    size_t firsts[BATCH_MAX]; /* Where each request's arguments begin, while args may move. */
    size_t count;
    bool in_mesh;
    struct resp_args args;
    struct familiar familiar[FAMILIAR_COUNT];
};

enum batch_end {
    BATCH_MORE,    /* All whole requests were run; more bytes are needed for the next. */
    BATCH_AGAIN,   /* There may be whole requests left: it was enough for this turn. */
    BATCH_FULL,    /* The same, but the client must first read its answers, or waits for one. */
    BATCH_BROKEN,  /* The reader has an error: what came before was run. */
    BATCH_CLOSING, /* The session was closed by one of its commands. */
};

/* Runs the requests at the front of `in`; *used bytes of it are done. */
enum batch_end batch_run(struct server *server, struct session *session, struct resp_reader *reader,
                         struct span in, size_t *used);

/* Whether the client has so much unread, or outstanding, that it must wait. */
bool batch_must_wait(const struct session *session);
/* Whether one that had to wait has so little left that it need not wait any more. */
bool batch_may_go_on(const struct session *session);

#endif
