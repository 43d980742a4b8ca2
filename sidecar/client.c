/* A connection of `podis status` and `podis health` to a podis that runs. */

#include "sidecar/client.h"

#include "cache/base/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 2, RECEIVE_BYTES = 16 * 1024 };

static enum err connect_to(const struct sockaddr *address, socklen_t len, int *fd)
{
    struct timeval patience = { .tv_sec = PATIENCE_SECONDS };

    *fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        return ERR_SYSTEM;
    }
    if (setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
        setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(*fd, address, len) == 0) {
        return ERR_OK;
    }
    int error = errno;
    close(*fd);
    *fd = -1;
    errno = error;
    return ERR_SYSTEM;
}

enum err client_connect(const char *host, uint16_t port, int *fd)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    host = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        return connect_to((struct sockaddr *)&four, sizeof(four), fd);
    }
    if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
        return connect_to((struct sockaddr *)&six, sizeof(six), fd);
    }
    return ERR_INVALID;
}

enum err client_connect_unix(const char *path, int *fd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    if (len >= sizeof(address.sun_path)) {
        return ERR_TOO_BIG;
    }
    memcpy(address.sun_path, path, len + 1);
    return connect_to((struct sockaddr *)&address, sizeof(address), fd);
}

enum err client_send(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.bytes, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        bytes = span_skip(bytes, sent < 0 ? 0 : (size_t)sent);
    }
    return ERR_OK;
}

enum err client_receive(int fd, struct buf *in)
{
    char *room = buf_reserve(in, RECEIVE_BYTES);
    if (room == NULL) {
        return ERR_TOO_BIG;
    }
    ssize_t got = recv(fd, room, RECEIVE_BYTES, 0);
    if (got == 0) {
        return ERR_CLOSED;
    }
    if (got < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_TIMEOUT : ERR_SYSTEM;
    }
    buf_commit(in, (size_t)got);
    return ERR_OK;
}

static enum err send_request(int fd, const struct span *argv, size_t argc)
{
    struct buf out;
    char text[NUMBER_TEXT_MAX + 8];

    buf_init(&out, RECEIVE_BYTES);
    snprintf(text, sizeof(text), "*%zu\r\n", argc);
    buf_add(&out, span_from(text));
    for (size_t i = 0; i < argc; i++) {
        snprintf(text, sizeof(text), "$%zu\r\n", argv[i].len);
        buf_add(&out, span_from(text));
        buf_add(&out, argv[i]);
        buf_add(&out, SPAN("\r\n"));
    }
    enum err err = client_send(fd, buf_span(&out));
    buf_fini(&out);
    return err;
}

/* Where the answer's text is, once all of it has arrived. */
static enum err find_answer(struct span in, struct span *answer)
{
    const char *end = memmem(in.bytes, in.len, "\r\n", 2);
    int64_t len;

    if (end == NULL) {
        return ERR_MORE;
    }
    struct span line = { in.bytes + 1, (size_t)(end - in.bytes) - 1 };
    switch (in.bytes[0]) {
    case '+':
    case ':':
        *answer = line;
        return ERR_OK;
    case '-':
        *answer = line;
        return ERR_REFUSED;
    case '$':
        if (!number_parse(line, &len) || len < 0) {
            return ERR_PROTOCOL;
        }
        *answer = (struct span){ end + 2, (size_t)len };
        return in.len >= line.len + (size_t)len + 5 ? ERR_OK : ERR_MORE;
    default:
        return ERR_PROTOCOL;
    }
}

enum err client_ask(int fd, const struct span *argv, size_t argc, struct buf *text)
{
    struct buf in;
    struct span answer = SPAN("");
    enum err found;

    enum err err = send_request(fd, argv, argc);
    if (err != ERR_OK) {
        return err;
    }
    buf_init(&in, text->max + RECEIVE_BYTES);
    do {
        err = client_receive(fd, &in);
        found = err == ERR_OK ? find_answer(buf_span(&in), &answer) : err;
    } while (found == ERR_MORE);
    buf_cut(text, 0);
    if ((found == ERR_OK || found == ERR_REFUSED) && !buf_add(text, answer)) {
        found = ERR_TOO_BIG;
    }
    buf_fini(&in);
    return found;
}
