#ifndef PODIS_PROXY_REPLICATION_GREETING_H
#define PODIS_PROXY_REPLICATION_GREETING_H

/* How a replica introduces itself to its primary: the requests, and what the answers mean. Does no
 * input or output, and knows no time.
 *
 *     we                                        it
 *     PING                                      +PONG, or an error that asks for a password
 *     [AUTH …] REPLCONF listening-port …        as many answers, in order
 *     [REPLCONF ip-address …]
 *     REPLCONF capa eof capa psync2
 *     PSYNC id offset                           +FULLRESYNC id offset   a snapshot follows
 *                                               +CONTINUE [id]          the stream goes on
 *                                               -NOMASTERLINK, -LOADING later, it is not ready
 *                                               -ERR                    it is old: SYNC
 *     SYNC                                      a snapshot of no known history follows
 *
 *     PING ---> DETAILS ---> PSYNC ---> FULL, CONTINUES      each of them may end in FAILED
 *                              |  \---> LATER
 *                              +------> UNNAMED
 *
 * Empty lines mean that the primary is alive and busy, in any state. */

#include "cache/base/buf.h"
#include "cache/base/span.h"

#include <stdint.h>

enum greeting_state {
    GREETING_PING,
    GREETING_DETAILS,
    GREETING_PSYNC,
    /* The rest are ends. */
    GREETING_FULL,      /* `id` and `offset` are the primary's; a snapshot follows. */
    GREETING_CONTINUES, /* The stream follows; `id` is what it is called now, or as before. */
    GREETING_UNNAMED,   /* SYNC was said; a snapshot follows. */
    GREETING_LATER,
    GREETING_FAILED, /* `why` says why. */
};

enum { GREETING_LINE_MAX = 1024 };

/* Borrowed while it lasts. */
struct greeting_words {
    const char *user, *password; /* "": none. */
    const char *announce_ip;     /* "": the primary sees for itself. */
    uint16_t announce_port;
    const char *history; /* Of what we have, 40 hex digits; NULL: nothing. */
    uint64_t offset;     /* Of the byte we want next. */
};

struct greeting {
    struct greeting_words words;
    enum greeting_state state;
    unsigned answers; /* Still to come in DETAILS … */
    unsigned auth;    /* … the first of which is AUTH's. */
    char line[GREETING_LINE_MAX];
    size_t line_len;
    bool has_history; /* `id` was said. */
    char id[41];
    uint64_t offset;
    char why[GREETING_LINE_MAX + 128];
};

/* Begins: adds the first request to `out`. */
void greeting_begin(struct greeting *greeting, const struct greeting_words *words, struct buf *out);

/* Takes answers from the front of `in` and adds what is to be said next to `out`. Returns how much
 * it took: all of it, unless it is at an end. */
size_t greeting_feed(struct greeting *greeting, struct span in, struct buf *out);

static inline bool greeting_is_over(const struct greeting *greeting)
{
    return greeting->state >= GREETING_FULL;
}

#endif
