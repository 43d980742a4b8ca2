/* Sockets for the benchmark's programs.
 *
 * Numeric addresses only: a benchmark that asks a name server measures the name server. */

#include "tests/bench/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

noreturn void address_die(const char *what, const char *detail)
{
    if (errno != 0) {
        fprintf(stderr, "%s: %s: %s\n", what, detail, strerror(errno));
    } else {
        fprintf(stderr, "%s: %s\n", what, detail);
    }
    exit(2);
}

static struct address parse_unix(const char *path)
{
    struct address address = { .len = sizeof(struct sockaddr_un) };
    struct sockaddr_un *un = (struct sockaddr_un *)&address.bytes;

    if (strlen(path) >= sizeof un->sun_path) {
        errno = ENAMETOOLONG;
        address_die("address", path);
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path));
    return address;
}

struct address address_parse(const char *text)
{
    struct address address = { .len = sizeof(struct sockaddr_in) };
    struct sockaddr_in *in = (struct sockaddr_in *)&address.bytes;
    const char *colon = strrchr(text, ':');
    char host[64] = "";

    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(text + 5);
    }
    if (colon != NULL && (size_t)(colon - text) < sizeof host) {
        memcpy(host, text, (size_t)(colon - text));
    }
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, NULL, 10);
    if (port == 0 || port > 65535 || inet_pton(AF_INET, host, &in->sin_addr) != 1) {
        errno = 0;
        address_die("expected HOST:PORT or unix:PATH, found", text);
    }
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    return address;
}

static void set_non_blocking(int fd)
{
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
        address_die("fcntl", "O_NONBLOCK");
    }
}

/* Harmless on a Unix socket, where it fails. */
static void set_no_delay(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int address_listen(const struct address *address)
{
    const struct sockaddr *bytes = (const struct sockaddr *)&address->bytes;
    int fd = socket(bytes->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (bytes->sa_family == AF_UNIX) {
        (void)unlink(((const struct sockaddr_un *)&address->bytes)->sun_path);
    }
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, bytes, address->len) != 0 || listen(fd, 511) != 0) {
        address_die("listen", "address");
    }
    set_non_blocking(fd);
    return fd;
}

int address_connect(const struct address *address, bool wait)
{
    const struct sockaddr *bytes = (const struct sockaddr *)&address->bytes;
    int fd = socket(bytes->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        address_die("connect", "socket");
    }
    if (!wait) {
        set_non_blocking(fd);
    }
    if (connect(fd, bytes, address->len) != 0 && (wait || errno != EINPROGRESS)) {
        address_die("connect", "no server at the address");
    }
    set_non_blocking(fd);
    set_no_delay(fd);
    return fd;
}

int address_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        set_no_delay(fd);
    }
    return fd;
}
