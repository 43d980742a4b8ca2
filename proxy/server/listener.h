#ifndef PODIS_PROXY_SERVER_LISTENER_H
#define PODIS_PROXY_SERVER_LISTENER_H

/* Access points: where clients come in. */

#include "cache/base/err.h"
#include "config/options.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct server;

/* What an access point is, but for its address. */
enum listener_kind {
    LISTENER_APP,
    LISTENER_APP_TLS,
    LISTENER_PEER,
    LISTENER_UNIX,
};

struct listener {
    struct ev_io io;
    struct server *server;
    struct listener *next; /* In the order of the configuration. */
    enum listener_kind kind;
    char *address; /* As the configuration has it; owned. */
    uint16_t port;
    int fd;
    /* While one list takes the place of another: */
    struct listener *before; /* That of the old list whose socket it will have. */
    bool stays;              /* Of the old list: somebody will have its socket. */
};

/* Opens the access points that these options ask for, and closes those that they do not; one that
 * is the same as before stays as it is. ERR_SYSTEM: those of before are open, and `why` says which
 * failed. The first time as any other. */
must_check enum err listeners_open(struct server *server, const struct options *options, char *why,
                                   size_t why_size);
void listeners_close(struct server *server);

/* Accepts those whose connection the kernel has made already. Closing the access points without
 * it would reset them, where a drain owes everybody an orderly end. */
void listeners_accept_waiting(struct server *server);

/* Once a tick: accepts again where we had run out of file descriptors. */
void listeners_tick(struct server *server);

#endif
