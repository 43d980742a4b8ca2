#ifndef PODIS_SIDECAR_CLIENT_H
#define PODIS_SIDECAR_CLIENT_H

/* A connection of `podis status` and `podis health` to a podis that runs. It blocks, for at most
 * two seconds at a time: these programs have nothing else to do. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/err.h"

#include <stdint.h>

/* The host is a numeric address or localhost. *fd is to be closed by the caller. */
must_check enum err client_connect(const char *host, uint16_t port, int *fd);
must_check enum err client_connect_unix(const char *path, int *fd);

must_check enum err client_send(int fd, struct span bytes);

/* Adds what arrives next. ERR_CLOSED: the other side is done. */
must_check enum err client_receive(int fd, struct buf *in);

/* One RESP request, and its answer's text: a bulk or verbatim string, a status, or an error with
 * ERR_REFUSED. `text` holds the answer alone. */
must_check enum err client_ask(int fd, const struct span *argv, size_t argc, struct buf *text);

#endif
