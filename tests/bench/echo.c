/* The ceiling: one read, a division, one write.
 *
 * All requests of one run have the same length, so the bytes that arrived say how many answers
 * are due; nothing is parsed. The answers are slices of one long run of identical replies. */

#include "tests/bench/echo.h"

#include "tests/bench/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { READ_MAX = 64 * 1024, EVENTS_MAX = 256, CONNECTIONS_MAX = 4096 };

struct echo {
    int epoll;
    int listener;
    size_t request_len;
    size_t reply_len;
    char *replies; /* As many as one read can ask for. */
    char *input;
    size_t partial[CONNECTIONS_MAX]; /* By file descriptor: bytes of a request begun. */
};

static void accept_all(struct echo *echo)
{
    for (int fd = address_accept(echo->listener); fd >= 0; fd = address_accept(echo->listener)) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
        if (fd >= CONNECTIONS_MAX || epoll_ctl(echo->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            close(fd);
            continue;
        }
        echo->partial[fd] = 0;
    }
}

/* Closes the connection when the peer has, or when it does not take its answers: the client
 * never has more than one batch on the way, so the socket's buffer holds them. */
static void answer(struct echo *echo, int fd)
{
    ssize_t got = read(fd, echo->input, READ_MAX);

    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0) {
        close(fd);
        return;
    }
    size_t bytes = echo->partial[fd] + (size_t)got;
    echo->partial[fd] = bytes % echo->request_len;
    size_t due = bytes / echo->request_len * echo->reply_len;
    if (due > 0 && write(fd, echo->replies, due) != (ssize_t)due) {
        close(fd);
    }
}

static void fill(struct echo *echo, const struct traffic *traffic)
{
    struct batch batch;
    char reply[512];

    batch_init(&batch, traffic, 1);
    echo->request_len = batch.unit;
    batch_fini(&batch);

    echo->reply_len = traffic_fixed_reply(traffic, reply, sizeof reply);
    size_t count = READ_MAX / echo->request_len + 2;
    echo->input = malloc(READ_MAX);
    echo->replies = malloc(count * echo->reply_len);
    if (echo->input == NULL || echo->replies == NULL || echo->reply_len > sizeof reply) {
        address_die("echo server", "replies do not fit");
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(echo->replies + i * echo->reply_len, reply, echo->reply_len);
    }
}

void echo_serve(int listener, const struct traffic *traffic)
{
    struct echo *echo = calloc(1, sizeof *echo);
    struct epoll_event events[EVENTS_MAX] = { { .events = EPOLLIN, .data.fd = listener } };

    if (echo == NULL) {
        address_die("malloc", "out of memory");
    }
    echo->listener = listener;
    echo->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(echo->epoll, EPOLL_CTL_ADD, listener, &events[0]) != 0) {
        address_die("epoll", "listener");
    }
    fill(echo, traffic);
    for (;;) {
        int ready = epoll_wait(echo->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener) {
                accept_all(echo);
            } else {
                answer(echo, events[i].data.fd);
            }
        }
    }
}
