/* Connections that we make. */

#include "proxy/server/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union place {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* Returns its length, 0 if it is no address. */
static socklen_t parse(const char *host, uint16_t port, union place *place)
{
    const char *text = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;

    memset(place, 0, sizeof(*place));
    if (inet_pton(AF_INET, text, &place->in.sin_addr) == 1) {
        place->in.sin_family = AF_INET;
        place->in.sin_port = htons(port);
        return sizeof(place->in);
    }
    if (inet_pton(AF_INET6, text, &place->in6.sin6_addr) == 1) {
        place->in6.sin6_family = AF_INET6;
        place->in6.sin6_port = htons(port);
        return sizeof(place->in6);
    }
    return 0;
}

bool dial_is_numeric(const char *host)
{
    union place place;
    return parse(host, 0, &place) != 0;
}

static int give_up(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

int dial_begin(const char *host, uint16_t port, const char *source)
{
    union place to, from;
    socklen_t to_len = parse(host, port, &to);
    socklen_t from_len = parse(source, 0, &from);
    int on = 1;

    if (to_len == 0 || (source[0] != '\0' && from_len == 0)) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (from_len > 0 && bind(fd, &from.any, from_len) != 0) {
        return give_up(fd);
    }
    if (connect(fd, &to.any, to_len) != 0 && errno != EINPROGRESS) {
        return give_up(fd);
    }
    return fd;
}
