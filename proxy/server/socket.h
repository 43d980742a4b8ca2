#ifndef PODIS_PROXY_SERVER_SOCKET_H
#define PODIS_PROXY_SERVER_SOCKET_H

/* A connection's bytes, plain or through TLS. */

#include "cache/base/span.h"

#include <sys/types.h>

struct connection;

/* As recv() and send() on a socket that does not block. Over TLS a room to receive into is at least
 * half of READ_BYTES. */
ssize_t socket_receive(struct connection *connection, char *room, size_t size);
ssize_t socket_transmit(struct connection *connection, struct span bytes);

/* Hands are shaken: nothing can be sent yet. */
bool socket_is_shaking(const struct connection *connection);
/* There is something that the socket is to take, and may. */
bool socket_has_output(const struct connection *connection);

/* Logs why hands were not shaken, if they were not. */
void socket_describe_handshake(struct connection *connection);

#endif
