#ifndef PODIS_PROXY_SERVER_LISTENER_H
#define PODIS_PROXY_SERVER_LISTENER_H

/* Access points: where clients come in. */

#include "cache/base/err.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct server;

struct listener {
    struct ev_io io;
    struct server *server;
    int fd;
    bool from_peer;
    bool unix_socket;
};

/* Opens all access points of the configuration; see server_listen(). */
must_check enum err listeners_open(struct server *server, char *why, size_t why_size);
void listeners_close(struct server *server);

/* Accepts those whose connection the kernel has made already. Closing the access points without
 * it would reset them, where a drain owes everybody an orderly end. */
void listeners_accept_waiting(struct server *server);

/* Once a tick: accepts again where we had run out of file descriptors. */
void listeners_tick(struct server *server);

#endif
