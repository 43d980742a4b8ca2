/* Access points: where clients come in.
 *
 * Addresses are numbers, since a look-up of names would block. As in Redis, "*" and "::*"
 * are all addresses of IPv4 and IPv6, and one that begins with "-" may be missing on this
 * machine.
 *
 * The access points are a list in the order of the configuration. Another configuration makes
 * another list, which has the sockets of those that are in both: who waits there to be accepted
 * notices nothing. */

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

/* Who connects to the peers' port speaks as the directive says now. */
static bool speaks_tls(const struct listener *listener)
{
    return listener->kind == LISTENER_APP_TLS ||
           (listener->kind == LISTENER_PEER && listener->server->options->tls_cluster);
}

/* Says why, in one attempt to write, and closes. Over TLS that would take a handshake first, which
 * is too much for somebody who is not wanted. */
static void turn_away(struct listener *listener, int fd, const char *error)
{
    listener->server->statistics.totals.rejected_connections++;
    if (!speaks_tls(listener)) {
        ssize_t sent = send(fd, error, strlen(error), MSG_NOSIGNAL);
        (void)sent;
    }
    close(fd);
}

static bool is_loopback(const union any_address *address)
{
    if (address->any.sa_family == AF_INET) {
        return ntohl(address->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return address->any.sa_family != AF_INET6 || IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
}

/* Whether somebody from another machine would get in without a password. */
static bool is_protected(const struct listener *listener, const union any_address *address)
{
    const struct server *server = listener->server;

    return server->options->protected_mode && server->users.first->nopass &&
           listener->kind != LISTENER_PEER && !is_loopback(address);
}

static void welcome(struct listener *listener, int fd, const union any_address *address)
{
    struct server *server = listener->server;
    const struct options *options = server->options;
    int on = 1;

    server->statistics.totals.connections++;
    if (server->count >= (uint64_t)options->maxclients) {
        turn_away(listener, fd, "-ERR max number of clients reached\r\n");
        return;
    }
    if (is_protected(listener, address)) {
        turn_away(listener, fd,
                  "-DENIED podis is in protected mode: without a password it serves this machine "
                  "only. Set requirepass, or protected-mode no\r\n");
        return;
    }
    if (listener->kind != LISTENER_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        keep_alive(fd, options->tcp_keepalive_seconds);
    }
    connection_open(server, &(struct access){ .fd = fd,
                                              .from_peer = listener->kind == LISTENER_PEER,
                                              .unix_socket = listener->kind == LISTENER_UNIX,
                                              .tls = speaks_tls(listener) });
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
    for (struct listener *at = server->listeners; at != NULL; at = at->next) {
        if (at->fd >= 0) {
            accept_some(at, (size_t)server->options->tcp_backlog);
        }
    }
}

void listeners_tick(struct server *server)
{
    for (struct listener *at = server->listeners; at != NULL; at = at->next) {
        if (at->fd >= 0) {
            ev_io_start(server->parts.loop, &at->io);
        }
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
static int open_socket(const union any_address *address, socklen_t len, int backlog)
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
    if (bind(fd, &address->any, len) != 0 || listen(fd, backlog) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool may_be_missing(int error, bool optional)
{
    return error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == EPFNOSUPPORT ||
           error == ESOCKTNOSUPPORT || error == ENOPROTOOPT || (optional && error == EADDRNOTAVAIL);
}

/* ERR_OK without a socket: it may be missing, and is. */
static enum err open_tcp(struct listener *listener, int backlog, char *why, size_t why_size)
{
    bool optional = listener->address[0] == '-';
    const char *host = listener->address + optional;
    union any_address address;
    socklen_t len;
    char where[160];

    snprintf(where, sizeof(where), "port %u (%s), %s", listener->port,
             listener->kind == LISTENER_APP_TLS ? "tls" : "tcp", host);
    if (!parse_address(host, listener->port, &address, &len)) {
        errno = EINVAL;
        return failed(why, why_size, where);
    }
    listener->fd = open_socket(&address, len, backlog);
    return listener->fd >= 0 || may_be_missing(errno, optional) ? ERR_OK
                                                                : failed(why, why_size, where);
}

static enum err open_unix(struct listener *listener, int backlog, char *why, size_t why_size)
{
    const char *path = listener->address;
    union any_address address = { .un.sun_family = AF_UNIX };
    uint32_t permissions = listener->server->options->unixsocketperm;
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
    listener->fd = open_socket(&address, sizeof(address.un), backlog);
    if (listener->fd < 0) {
        return failed(why, why_size, where);
    }
    if (permissions != 0) {
        chmod(path, (mode_t)permissions);
    }
    return ERR_OK;
}

static void watch(struct listener *listener)
{
    ev_io_set(&listener->io, listener->fd, EV_READ);
    ev_io_start(listener->server->parts.loop, &listener->io);
}

static enum err open_listener(struct listener *listener, char *why, size_t why_size)
{
    int backlog = (int)listener->server->options->tcp_backlog;

    assert(listener->fd < 0);
    enum err err = listener->kind == LISTENER_UNIX ? open_unix(listener, backlog, why, why_size)
                                                   : open_tcp(listener, backlog, why, why_size);
    if (listener->fd >= 0) {
        watch(listener);
    }
    return err;
}

static void close_listener(struct listener *listener)
{
    if (listener->fd < 0) {
        return;
    }
    ev_io_stop(listener->server->parts.loop, &listener->io);
    close(listener->fd);
    listener->fd = -1;
    if (listener->kind == LISTENER_UNIX) {
        unlink(listener->address);
    }
}

/* --- lists of access points --- */

static void free_list(struct listener *list)
{
    while (list != NULL) {
        struct listener *next = list->next;
        close_listener(list);
        memory_free(list->address);
        memory_free(list);
        list = next;
    }
}

/* What a configuration asks for, as a list that is being made. */
struct plan {
    struct server *server;
    struct listener *first;
    struct listener **end;
};

static void plan_one(struct plan *plan, enum listener_kind kind, const char *address, uint16_t port)
{
    struct listener *listener = memory_zero(sizeof(*listener));

    listener->server = plan->server;
    listener->kind = kind;
    listener->address = memory_copy_text(address, strlen(address));
    listener->port = port;
    listener->fd = -1;
    ev_init(&listener->io, on_connect);
    listener->io.data = listener;
    *plan->end = listener;
    plan->end = &listener->next;
}

static void plan_all(struct plan *plan, const struct options *options)
{
    for (size_t i = 0; options->port != 0 && i < options->bind.count; i++) {
        plan_one(plan, LISTENER_APP, options->bind.items[i], options->port);
    }
    for (size_t i = 0; options->tls_port != 0 && i < options->bind.count; i++) {
        plan_one(plan, LISTENER_APP_TLS, options->bind.items[i], options->tls_port);
    }
    if (options->unixsocket[0] != '\0') {
        plan_one(plan, LISTENER_UNIX, options->unixsocket, 0);
    }
    if (options->peers[0] != '\0' && options->peer_port != 0) {
        const char *host = options->peer_bind[0] == '\0' ? "0.0.0.0" : options->peer_bind;
        plan_one(plan, LISTENER_PEER, host, options->peer_port);
    }
}

/* --- from one list to the next --- */

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

/* An open one that is the same, and that nobody has chosen yet. */
static struct listener *find(struct listener *list, const struct listener *like)
{
    for (; list != NULL; list = list->next) {
        bool same = list->kind == like->kind && list->port == like->port &&
                    strcmp(list->address, like->address) == 0;
        if (same && list->fd >= 0 && !list->stays) {
            return list;
        }
    }
    return NULL;
}

/* An address cannot be opened while a wider one of the same port is, or the other way round; so
 * those that are not wanted any more are closed first. */
static void close_others(struct listener *list, struct listener *plan)
{
    for (; plan != NULL; plan = plan->next) {
        plan->before = find(list, plan);
        if (plan->before != NULL) {
            plan->before->stays = true;
        }
    }
    for (; list != NULL; list = list->next) {
        if (!list->stays) {
            close_listener(list);
        }
    }
}

static enum err open_new(struct listener *plan, char *why, size_t why_size)
{
    enum err err = ERR_OK;

    for (; plan != NULL && err == ERR_OK; plan = plan->next) {
        if (plan->before == NULL) {
            err = open_listener(plan, why, why_size);
        }
    }
    return err;
}

/* As it was before close_others(). */
static void restore(struct listener *list)
{
    char why[256];

    for (; list != NULL; list = list->next) {
        if (!list->stays && open_listener(list, why, sizeof(why)) != ERR_OK) {
            log_warning(list->server->parts.log, "%s", why);
        }
        list->stays = false;
    }
}

static void take_over(struct listener *plan)
{
    for (; plan != NULL; plan = plan->next) {
        struct listener *before = plan->before;
        if (before != NULL) {
            ev_io_stop(before->server->parts.loop, &before->io);
            plan->fd = before->fd;
            before->fd = -1;
            plan->before = NULL;
            watch(plan);
        }
    }
}

enum err listeners_open(struct server *server, const struct options *options, char *why,
                        size_t why_size)
{
    struct plan plan = { .server = server, .end = &plan.first };
    struct listener *old = server->listeners;

    if (old == NULL) {
        raise_file_limit(server);
    }
    plan_all(&plan, options);
    close_others(old, plan.first);
    enum err err = open_new(plan.first, why, why_size);
    if (err != ERR_OK) {
        free_list(plan.first);
        restore(old);
        return err;
    }
    take_over(plan.first);
    server->listeners = plan.first;
    free_list(old);
    return ERR_OK;
}

void listeners_close(struct server *server)
{
    free_list(server->listeners);
    server->listeners = NULL;
}
