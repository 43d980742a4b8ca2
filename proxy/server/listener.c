/* Access points: where clients come in.
 *
 * Addresses are numbers, since a look-up of names would block. As in Redis, "*" and "::*"
 * are all addresses of IPv4 and IPv6, and one that begins with "-" may be missing on this
 * machine. */

#include "proxy/server/listener.h"

#include "cache/base/memory.h"
#include "proxy/server/connection.h"
#include "proxy/server/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ACCEPTS_PER_TURN = 64,
    OTHER_FILES = 64, /* Files and links that are not connections of clients. */
};

union any_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

/* --- accepting --- */

static void keep_alive(int fd, int64_t seconds)
{
    int on = 1, idle = (int)seconds;
    int every = idle / 3 > 0 ? idle / 3 : 1;
    int count = 3;

    if (seconds <= 0) {
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

/* Says why, in one attempt to write, and closes. */
static void turn_away(struct server *server, int fd, const char *error)
{
    server->statistics.totals.rejected_connections++;
    ssize_t sent = send(fd, error, strlen(error), MSG_NOSIGNAL);
    (void)sent;
    close(fd);
}

static bool is_loopback(const union any_address *address)
{
    if (address->any.sa_family == AF_INET) {
        return ntohl(address->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return address->any.sa_family != AF_INET6 || IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
}

static void welcome(struct listener *listener, int fd, const union any_address *address)
{
    struct server *server = listener->server;
    const struct options *options = server->options;
    int on = 1;

    server->statistics.totals.connections++;
    if (server->count >= (uint64_t)options->maxclients) {
        turn_away(server, fd, "-ERR max number of clients reached\r\n");
        return;
    }
    if (options->protected_mode && server->users.first->nopass && !listener->from_peer &&
        !is_loopback(address)) {
        turn_away(server, fd,
                  "-DENIED podis is in protected mode: without a password it serves this machine "
                  "only. Set requirepass, or protected-mode no\r\n");
        return;
    }
    if (!listener->unix_socket) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        keep_alive(fd, options->tcp_keepalive_seconds);
    }
    connection_open(server, &(struct access){ .fd = fd,
                                              .from_peer = listener->from_peer,
                                              .unix_socket = listener->unix_socket });
}

/* Accepts up to `most` of those who wait, and says whether nobody is left. */
static bool accept_some(struct listener *listener, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        union any_address address = { .any.sa_family = AF_UNSPEC };
        socklen_t len = sizeof(address);
        int fd = accept4(listener->fd, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            welcome(listener, fd, &address);
            continue;
        }
        if (errno == ECONNABORTED || errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN) {
            log_warning(listener->server->parts.log, "Cannot accept a connection: %s",
                        strerror(errno));
            ev_io_stop(listener->server->parts.loop, &listener->io);
        }
        return true;
    }
    return false;
}

static void on_connect(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop;
    (void)events;
    accept_some(io->data, ACCEPTS_PER_TURN);
}

void listeners_accept_waiting(struct server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        accept_some(&server->listeners[i], (size_t)server->options->tcp_backlog);
    }
}

void listeners_tick(struct server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        ev_io_start(server->parts.loop, &server->listeners[i].io);
    }
}

/* --- opening --- */

static enum err failed(char *why, size_t why_size, const char *where)
{
    snprintf(why, why_size, "Failed listening on %s: %s", where, strerror(errno));
    return ERR_SYSTEM;
}

static bool parse_address(const char *text, uint16_t port, union any_address *address,
                          socklen_t *len)
{
    const char *host = text;

    *address = (union any_address){ .any.sa_family = AF_UNSPEC };
    if (strcmp(text, "*") == 0) {
        host = "0.0.0.0";
    } else if (strcmp(text, "::*") == 0) {
        host = "::";
    } else if (strcmp(text, "localhost") == 0) {
        host = "127.0.0.1";
    }
    if (inet_pton(AF_INET, host, &address->in.sin_addr) == 1) {
        address->in.sin_family = AF_INET;
        address->in.sin_port = htons(port);
        *len = sizeof(address->in);
        return true;
    }
    if (inet_pton(AF_INET6, host, &address->in6.sin6_addr) == 1) {
        address->in6.sin6_family = AF_INET6;
        address->in6.sin6_port = htons(port);
        *len = sizeof(address->in6);
        return true;
    }
    return false;
}

/* A bound, listening socket, or -1 with errno. */
static int open_socket(const struct server *server, const union any_address *address, socklen_t len)
{
    int on = 1;
    int family = address->any.sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    if (family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, &address->any, len) != 0 || listen(fd, (int)server->options->tcp_backlog) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void add(struct server *server, int fd, bool from_peer, bool unix_socket)
{
    struct listener *listener = &server->listeners[server->listener_count++];

    *listener = (struct listener){
        .server = server, .fd = fd, .from_peer = from_peer, .unix_socket = unix_socket
    };
    ev_io_init(&listener->io, on_connect, fd, EV_READ);
    listener->io.data = listener;
    ev_io_start(server->parts.loop, &listener->io);
}

static bool may_be_missing(int error, bool optional)
{
    return error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == EPFNOSUPPORT ||
           error == ESOCKTNOSUPPORT || error == ENOPROTOOPT || (optional && error == EADDRNOTAVAIL);
}

static enum err open_tcp(struct server *server, const char *text, bool from_peer, char *why,
                         size_t why_size)
{
    const struct options *options = server->options;
    uint16_t port = from_peer ? options->peer_port : options->port;
    bool optional = text[0] == '-';
    const char *host = text + optional;
    union any_address address;
    socklen_t len;
    char where[160];

    snprintf(where, sizeof(where), "port %u (tcp), %s", port, host);
    if (!parse_address(host, port, &address, &len)) {
        errno = EINVAL;
        return failed(why, why_size, where);
    }
    int fd = open_socket(server, &address, len);
    if (fd < 0) {
        return may_be_missing(errno, optional) ? ERR_OK : failed(why, why_size, where);
    }
    add(server, fd, from_peer, false);
    return ERR_OK;
}

static enum err open_unix(struct server *server, char *why, size_t why_size)
{
    const char *path = server->options->unixsocket;
    union any_address address = { .un.sun_family = AF_UNIX };
    char where[160];

    snprintf(where, sizeof(where), "unix socket %.120s", path);
    if (strlen(path) >= sizeof(address.un.sun_path)) {
        errno = ENAMETOOLONG;
        return failed(why, why_size, where);
    }
    memcpy(address.un.sun_path, path, strlen(path) + 1);
    /* What an earlier process left behind; a socket only, never a file of somebody. */
    struct stat found;
    if (lstat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
        unlink(path);
    }
    int fd = open_socket(server, &address, sizeof(address.un));
    if (fd < 0) {
        return failed(why, why_size, where);
    }
    if (server->options->unixsocketperm != 0) {
        chmod(path, (mode_t)server->options->unixsocketperm);
    }
    add(server, fd, false, true);
    return ERR_OK;
}

/* As many open files as maxclients needs, if we may. */
static void raise_file_limit(const struct server *server)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)server->options->maxclients + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
        log_warning(server->parts.log,
                    "maxclients %lld needs %llu open files, the system allows %llu",
                    (long long)server->options->maxclients, (unsigned long long)wanted,
                    (unsigned long long)limit.rlim_cur);
    }
}

static enum err open_all(struct server *server, char *why, size_t why_size)
{
    const struct options *options = server->options;
    enum err err = ERR_OK;

    for (size_t i = 0; options->port != 0 && i < options->bind.count && err == ERR_OK; i++) {
        err = open_tcp(server, options->bind.items[i], false, why, why_size);
    }
    if (err == ERR_OK && options->unixsocket[0] != '\0') {
        err = open_unix(server, why, why_size);
    }
    if (err == ERR_OK && options->peers[0] != '\0' && options->peer_port != 0) {
        const char *host = options->peer_bind[0] == '\0' ? "0.0.0.0" : options->peer_bind;
        err = open_tcp(server, host, true, why, why_size);
    }
    return err;
}

enum err listeners_open(struct server *server, char *why, size_t why_size)
{
    assert(server->listeners == NULL);
    /* They are watched where they lie, so the array never moves. */
    server->listeners = memory_zero((server->options->bind.count + 2) * sizeof(*server->listeners));
    raise_file_limit(server);

    enum err err = open_all(server, why, why_size);
    if (err != ERR_OK) {
        listeners_close(server);
    }
    return err;
}

void listeners_close(struct server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        struct listener *listener = &server->listeners[i];
        ev_io_stop(server->parts.loop, &listener->io);
        close(listener->fd);
        if (listener->unix_socket) {
            unlink(server->options->unixsocket);
        }
    }
    memory_free(server->listeners);
    server->listeners = NULL;
    server->listener_count = 0;
}
