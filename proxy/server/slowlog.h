#ifndef PODIS_PROXY_SERVER_SLOWLOG_H
#define PODIS_PROXY_SERVER_SLOWLOG_H

/* The slow log: the latest requests that took longer than slowlog-log-slower-than. */

#include "proxy/server/request.h"

struct session;

enum {
    SLOWLOG_ARGS_MAX = 32,     /* More arguments are told in the last one … */
    SLOWLOG_ARG_LEN_MAX = 128, /* … and so are longer ones than this. */
};

struct slow_request {
    struct slow_request *older, *newer;
    uint64_t id; /* From 0, never used twice. */
    uint64_t at_s, took_us;
    char *client_name; /* "": none. */
    char *address;
    size_t argc;
    char *args[SLOWLOG_ARGS_MAX]; /* Owned; lens[] long. */
    size_t lens[SLOWLOG_ARGS_MAX];
};

struct slowlog {
    struct slow_request *newest, *oldest;
    size_t count;
    uint64_t next_id;
};

/* All zeroes is an empty one. */
void slowlog_fini(struct slowlog *log);
/* Forgets all requests; the next one's id goes on. */
void slowlog_reset(struct slowlog *log);

/* Keeps a copy of the request, secrets taken out, and forgets the oldest over `max`. */
void slowlog_add(struct slowlog *log, const struct session *session, const struct request *request,
                 uint64_t took_us, size_t max);

#endif
