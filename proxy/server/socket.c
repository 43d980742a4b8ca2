/* A connection's bytes, plain or through TLS: the one place where the two differ. */

#include "proxy/server/socket.h"

#include "proxy/server/connection.h"
#include "proxy/server/state.h"
#include "proxy/tls/tls_stream.h"

#include <sys/socket.h>

ssize_t socket_receive(struct connection *connection, char *room, size_t size)
{
    int fd = connection->session.fd;
    return connection->tls == NULL ? recv(fd, room, size, 0)
                                   : tls_stream_read(connection->tls, fd, room, size);
}

ssize_t socket_transmit(struct connection *connection, struct span bytes)
{
    int fd = connection->session.fd;
    return connection->tls == NULL ? send(fd, bytes.bytes, bytes.len, MSG_NOSIGNAL)
                                   : tls_stream_write(connection->tls, fd, bytes);
}

bool socket_is_shaking(const struct connection *connection)
{
    return connection->tls != NULL && tls_stream_is_shaking(connection->tls);
}

bool socket_has_output(const struct connection *connection)
{
    bool answers = withheld_open(&connection->withheld, connection->session.answers.out.len) > 0;

    if (connection->tls == NULL) {
        return answers;
    }
    return tls_stream_wants_write(connection->tls) ||
           (answers && !tls_stream_is_shaking(connection->tls));
}

void socket_describe_handshake(struct connection *connection)
{
    char address[SESSION_ADDRESS_MAX];
    const char *why = tls_stream_error(connection->tls);

    if (why[0] != '\0') {
        session_address(&connection->session, false, address);
        log_verbose(connection->session.server->parts.log, "TLS handshake with %s failed: %s",
                    address, why);
    }
}
