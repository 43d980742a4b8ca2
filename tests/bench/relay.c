/* A TCP relay that adds distance: what arrives on one side leaves on the other a fixed delay
 * later, in each direction, so a round trip through it takes twice the delay longer.
 *
 *     relay --listen HOST:PORT --connect HOST:PORT [--delay-us 500]
 *           [--listen-in NETNS] [--connect-in NETNS]
 *
 * With the last two, paths of network namespaces, the two ends are in different namespaces, and
 * no wire between them is needed: a socket belongs to the namespace it was made in, so the relay
 * makes its listener in one, moves to the other, and connects from there.
 *
 *      read ──> chunk (due at: now + delay) ──> chunk ──> … ──> write when due
 *
 * Each direction is a queue of chunks in the order they came, which is also the order they fall
 * due. One timer, set for the earliest of them, drives all queues; it is a timerfd because the
 * time-outs of epoll are too coarse for half a millisecond. The delay is added to whatever the
 * real path takes, and does not depend on how much is sent: this relay has distance, not a
 * bandwidth. A queue that holds QUEUE_MAX bytes stops reading until it drains. */

#include "tests/bench/address.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_MAX = 16 * 1024, QUEUE_MAX = 4 << 20, EVENTS_MAX = 128 };

static const uint64_t second_ns = 1000000000ULL;

struct chunk {
    struct chunk *next;
    uint64_t due_ns;
    size_t len;
    size_t written;
    char bytes[CHUNK_MAX];
};

/* Bytes on their way out of one end. */
struct queue {
    struct chunk *first;
    struct chunk *last;
    size_t bytes;
    bool ended; /* The other end sent its last byte. */
};

struct end {
    int fd;
    struct pair *pair;
    struct end *other;
    struct queue out;
    uint32_t watched; /* Events asked of epoll; 0: not registered. */
    bool read_ended;
};

struct pair {
    struct end ends[2];
    struct pair *previous;
    struct pair *next;
    bool broken;
};

struct relay {
    int epoll;
    int listener;
    int timer;
    struct address target;
    uint64_t delay_ns;
    uint64_t timer_ns; /* What the timer is set for; 0: off. */
    struct pair *pairs;
    struct chunk *spare; /* Chunks to use again. */
};

static uint64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

static struct chunk *chunk_take(struct relay *relay)
{
    struct chunk *chunk = relay->spare;

    if (chunk == NULL) {
        chunk = malloc(sizeof *chunk);
    } else {
        relay->spare = chunk->next;
    }
    if (chunk == NULL) {
        address_die("relay", "out of memory");
    }
    chunk->next = NULL;
    chunk->written = 0;
    return chunk;
}

static void chunk_give(struct relay *relay, struct chunk *chunk)
{
    chunk->next = relay->spare;
    relay->spare = chunk;
}

static void queue_push(struct queue *queue, struct chunk *chunk)
{
    if (queue->last == NULL) {
        queue->first = chunk;
    } else {
        queue->last->next = chunk;
    }
    queue->last = chunk;
    queue->bytes += chunk->len;
}

static struct chunk *queue_pop(struct queue *queue)
{
    struct chunk *chunk = queue->first;

    queue->first = chunk->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    queue->bytes -= chunk->len;
    return chunk;
}

/* Reads while the other end's queue has room; asks for writability while the oldest chunk is due
 * and did not fit. */
static void watch(struct relay *relay, struct end *end, bool blocked)
{
    bool reads = !end->read_ended && end->other->out.bytes < QUEUE_MAX;
    uint32_t events = (reads ? (uint32_t)EPOLLIN : 0U) | (blocked ? (uint32_t)EPOLLOUT : 0U);
    struct epoll_event event = { .events = events, .data.ptr = end };
    int op = end->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (events == end->watched) {
        return;
    }
    if (epoll_ctl(relay->epoll, events == 0 ? EPOLL_CTL_DEL : op, end->fd, &event) != 0) {
        address_die("epoll_ctl", "relay");
    }
    end->watched = events;
}

static void read_end(struct relay *relay, struct end *end, uint64_t now_ns)
{
    while (!end->read_ended && end->other->out.bytes < QUEUE_MAX) {
        struct chunk *chunk = chunk_take(relay);
        ssize_t got = read(end->fd, chunk->bytes, sizeof chunk->bytes);
        if (got <= 0) {
            chunk_give(relay, chunk);
            end->pair->broken |= got < 0 && errno != EAGAIN && errno != EINTR;
            end->read_ended = got == 0;
            end->other->out.ended |= got == 0;
            return;
        }
        chunk->len = (size_t)got;
        chunk->due_ns = now_ns + relay->delay_ns;
        queue_push(&end->other->out, chunk);
    }
}

/* Writes what is due. Returns false when the socket is full. */
static bool write_end(struct relay *relay, struct end *end, uint64_t now_ns)
{
    struct queue *queue = &end->out;

    while (queue->first != NULL && queue->first->due_ns <= now_ns) {
        struct chunk *chunk = queue->first;
        size_t rest = chunk->len - chunk->written;
        ssize_t sent = write(end->fd, chunk->bytes + chunk->written, rest);
        if (sent < 0) {
            end->pair->broken |= errno != EAGAIN && errno != EINTR;
            return false;
        }
        chunk->written += (size_t)sent;
        if (chunk->written < chunk->len) {
            return false;
        }
        chunk_give(relay, queue_pop(queue));
    }
    if (queue->first == NULL && queue->ended) {
        (void)shutdown(end->fd, SHUT_WR);
    }
    return true;
}

static void pair_close(struct relay *relay, struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        close(pair->ends[i].fd);
        while (pair->ends[i].out.first != NULL) {
            chunk_give(relay, queue_pop(&pair->ends[i].out));
        }
    }
    if (pair->previous != NULL) {
        pair->previous->next = pair->next;
    } else {
        relay->pairs = pair->next;
    }
    if (pair->next != NULL) {
        pair->next->previous = pair->previous;
    }
    free(pair);
}

static void pair_open(struct relay *relay, int fd)
{
    struct pair *pair = calloc(1, sizeof *pair);

    if (pair == NULL) {
        address_die("relay", "out of memory");
    }
    pair->ends[0] = (struct end){ .fd = fd, .pair = pair, .other = &pair->ends[1] };
    pair->ends[1] = (struct end){ .fd = address_connect(&relay->target, false),
                                  .pair = pair,
                                  .other = &pair->ends[0] };
    pair->next = relay->pairs;
    if (pair->next != NULL) {
        pair->next->previous = pair;
    }
    relay->pairs = pair;
    watch(relay, &pair->ends[0], false);
    watch(relay, &pair->ends[1], false);
}

/* Writes all that is due, closes what is finished or broken, and returns when the next chunk
 * falls due (0: none is waiting). */
static uint64_t deliver(struct relay *relay, uint64_t now_ns)
{
    uint64_t earliest_ns = UINT64_MAX;

    for (struct pair *pair = relay->pairs, *next; pair != NULL; pair = next) {
        next = pair->next;
        bool done = true;
        for (int i = 0; i < 2 && !pair->broken; i++) {
            struct end *end = &pair->ends[i];
            bool blocked = !write_end(relay, end, now_ns);
            if (!blocked && end->out.first != NULL && end->out.first->due_ns < earliest_ns) {
                earliest_ns = end->out.first->due_ns;
            }
            done = done && end->out.ended && end->out.first == NULL;
            watch(relay, end, blocked);
            watch(relay, end->other, end->other->watched & EPOLLOUT);
        }
        if (pair->broken || done) {
            pair_close(relay, pair);
        }
    }
    return earliest_ns == UINT64_MAX ? 0 : earliest_ns;
}

static void set_timer(struct relay *relay, uint64_t due_ns)
{
    struct itimerspec when = { .it_value = { .tv_sec = (time_t)(due_ns / second_ns),
                                             .tv_nsec = (long)(due_ns % second_ns) } };

    if (due_ns != relay->timer_ns &&
        timerfd_settime(relay->timer, TFD_TIMER_ABSTIME, &when, NULL)) {
        address_die("timerfd_settime", "relay");
    }
    relay->timer_ns = due_ns;
}

static void handle(struct relay *relay, const struct epoll_event *event, uint64_t now_ns)
{
    uint64_t expirations;

    if (event->data.ptr == &relay->listener) {
        for (int fd = address_accept(relay->listener); fd >= 0;
             fd = address_accept(relay->listener)) {
            pair_open(relay, fd);
        }
    } else if (event->data.ptr == &relay->timer) {
        (void)!read(relay->timer, &expirations, sizeof expirations);
        relay->timer_ns = 0;
    } else if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        read_end(relay, event->data.ptr, now_ns);
    }
}

static void relay_run(struct relay *relay)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int ready = epoll_wait(relay->epoll, events, EVENTS_MAX, -1);
        uint64_t now_ns = clock_ns();
        for (int i = 0; i < ready; i++) {
            handle(relay, &events[i], now_ns);
        }
        set_timer(relay, deliver(relay, clock_ns()));
    }
}

static void register_fd(struct relay *relay, int *fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = fd };

    if (epoll_ctl(relay->epoll, EPOLL_CTL_ADD, *fd, &event) != 0) {
        address_die("epoll_ctl", "relay");
    }
}

static void enter_namespace(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
        address_die("network namespace", path);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        { "listen", required_argument, NULL, 'l' },
        { "connect", required_argument, NULL, 'c' },
        { "listen-in", required_argument, NULL, 'L' },
        { "connect-in", required_argument, NULL, 'C' },
        { "delay-us", required_argument, NULL, 'd' },
        { NULL, 0, NULL, 0 },
    };
    const char *text[128] = { ['d'] = "500" };
    struct relay relay = { .pairs = NULL };

    for (int which = 0; (which = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        text[which] = optarg;
    }
    if (text['?'] != NULL || text['l'] == NULL || text['c'] == NULL || optind != argc) {
        fprintf(stderr, "usage: relay --listen ADDRESS --connect ADDRESS [--delay-us N] "
                        "[--listen-in NETNS] [--connect-in NETNS]\n");
        return 2;
    }
    struct address listen_at = address_parse(text['l']);
    relay.target = address_parse(text['c']);
    relay.delay_ns = strtoull(text['d'], NULL, 10) * 1000;

    if (text['L'] != NULL) {
        enter_namespace(text['L']);
    }
    relay.listener = address_listen(&listen_at);
    if (text['C'] != NULL) {
        enter_namespace(text['C']);
    }
    relay.epoll = epoll_create1(EPOLL_CLOEXEC);
    relay.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    register_fd(&relay, &relay.listener);
    register_fd(&relay, &relay.timer);
    (void)signal(SIGPIPE, SIG_IGN);
    relay_run(&relay);
}
