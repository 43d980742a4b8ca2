#ifndef PODIS_SIDECAR_TRANSFER_ENDPOINT_H
#define PODIS_SIDECAR_TRANSFER_ENDPOINT_H

/* A Redis, or a podis, at the other end of `podis import` and `podis export`:
 *
 *     redis://[[user:]password@]host[:port][/database]
 *
 * Requests are gathered and sent together; answers are read in their order. It blocks, for at most
 * half a minute at a time: these programs have nothing else to do. */

#include "cache/base/buf.h"
#include "cache/base/check.h"

#include <stdint.h>

enum { ENDPOINT_WHY = 1024 };

struct endpoint {
    int fd;      /* -1: not connected. */
    int db;      /* Selected. */
    bool one_db; /* The address names it. */
    struct buf out, in;
    size_t taken;           /* Of `in`: the answer that was given out last. */
    char why[ENDPOINT_WHY]; /* What went wrong. */
};

/* Connects, authenticates and selects. False: endpoint->why says what is wrong. */
must_check bool endpoint_open(struct endpoint *endpoint, const char *url);
void endpoint_close(struct endpoint *endpoint);

/* Adds a request to those that are sent with the next endpoint_answer(). */
void endpoint_ask(struct endpoint *endpoint, const struct span *argv, size_t argc);

/* The next answer, whole, as RESP2; good until the next call. False: the connection is lost, and
 * why says how. An error that was answered is an answer. */
must_check bool endpoint_answer(struct endpoint *endpoint, struct span *answer);

/* One request alone. False also if it was answered with an error, which is in why then. */
must_check bool endpoint_call(struct endpoint *endpoint, const struct span *argv, size_t argc,
                              struct span *answer);

/* SELECT, if another database is selected. */
must_check bool endpoint_select(struct endpoint *endpoint, int db);

#endif
