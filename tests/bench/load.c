/* The load client of `make bench`, and the ceiling it is measured against.
 *
 *     load --connect HOST:PORT|unix:PATH [option ...]     asks, counts, prints one line
 *     load --echo-server HOST:PORT|unix:PATH [--op …]     a fixed answer to every request
 *
 *     --op get|set             what to ask                                    (get)
 *     --command WORDS          any other: SADD set member:@@@@@@; see traffic.h
 *     --reply-max N            bytes of its longest reply                     (512)
 *     --connections N          sockets, each with one batch under way         (50)
 *     --pipeline N             requests per batch                             (1)
 *     --requests N             stop after so many; else
 *     --seconds S              stop after so long                             (5)
 *     --keys N                 key space                                      (1000000)
 *     --key-prefix TEXT        keys are this and digits, 16 bytes in all      (key:)
 *     --value-len N            bytes of a value                               (64)
 *     --integer                values are integers of that many digits
 *     --ttl S                  SET … EX S
 *     --sequential             key after key, from 0: fills a server
 *     --any-value              do not compare a value with its key
 *     --spin                   poll without sleeping
 *
 * A connection sends a batch in one write, waits for all its replies, and sends the next: as many
 * requests are under way as connections × pipeline, whatever the server's speed. A reply's
 * latency is the time from its batch's write to the read that brought it.
 *
 * Every reply is looked at: errors are counted, and a value has to be the one that belongs to its
 * key. The exit status is 1 when there was either, or a connection was lost, or nothing at all
 * came for ten seconds. The printed line is NAME=VALUE pairs for tests/bench/run. */

#include "tests/bench/address.h"
#include "tests/bench/echo.h"
#include "tests/bench/histogram.h"
#include "tests/bench/traffic.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, CONNECTIONS_MAX = 20000, PIPELINE_MAX = 10000 };

static const uint64_t second_ns = 1000000000ULL;
static const uint64_t silence_max_ns = 10 * 1000000000ULL;

struct options {
    const char *connect;
    const char *serve;
    struct traffic traffic;
    size_t connections;
    size_t pipeline;
    uint64_t requests; /* 0: for `seconds`. */
    double seconds;
    bool spin;
};

struct connection {
    int fd;
    struct batch batch;
    size_t written;  /* Bytes of the batch that are on their way. */
    size_t answered; /* Requests of the batch. */
    uint64_t sent_at_ns;
    char *input;
    size_t input_len;
};

struct load {
    struct options *options;
    int epoll;
    struct connection *connections;
    size_t input_max;
    uint64_t unsent; /* Requests still to be sent, of options->requests. */
    uint64_t stop_at_ns;
    size_t busy; /* Connections with a batch under way. */
    uint64_t answered;
    struct replies replies;
    struct histogram histogram;
};

static uint64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

static void watch(struct load *load, struct connection *connection, uint32_t events, int op)
{
    struct epoll_event event = { .events = events, .data.ptr = connection };

    if (epoll_ctl(load->epoll, op, connection->fd, &event) != 0) {
        address_die("epoll_ctl", "connection");
    }
}

/* Sends what is left of the batch, and waits for room when the socket is full. */
static void send_batch(struct load *load, struct connection *connection)
{
    size_t len = connection->batch.count * connection->batch.unit;
    bool was_full = connection->written > 0;
    const char *rest = connection->batch.bytes + connection->written;
    ssize_t sent = write(connection->fd, rest, len - connection->written);

    if (sent < 0 && errno != EAGAIN) {
        address_die("write", "connection lost");
    }
    connection->written += sent > 0 ? (size_t)sent : 0;
    if (connection->written < len) {
        watch(load, connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    } else if (was_full) {
        watch(load, connection, EPOLLIN, EPOLL_CTL_MOD);
    }
}

/* Starts the next batch, or leaves the connection idle when it is time to stop. */
static void next_batch(struct load *load, struct connection *connection, uint64_t now_ns)
{
    size_t count = load->options->pipeline;

    if (count > load->unsent) {
        count = (size_t)load->unsent;
    }
    if (count == 0 || now_ns >= load->stop_at_ns) {
        load->busy--;
        return;
    }
    load->unsent -= count;
    batch_next(&connection->batch, &load->options->traffic, count);
    connection->written = 0;
    connection->answered = 0;
    connection->sent_at_ns = now_ns;
    send_batch(load, connection);
}

static void take_replies(struct load *load, struct connection *connection, uint64_t now_ns)
{
    struct replies *replies = &load->replies;

    replies->used = 0;
    replies->count = 0;
    if (!batch_check(&connection->batch, &load->options->traffic, connection->answered,
                     connection->input, connection->input_len, replies)) {
        address_die("not a reply to what was asked", connection->input);
    }
    connection->input_len -= replies->used;
    memmove(connection->input, connection->input + replies->used, connection->input_len);
    connection->answered += replies->count;
    load->answered += replies->count;
    histogram_add(&load->histogram, now_ns - connection->sent_at_ns, replies->count);
}

static void read_replies(struct load *load, struct connection *connection)
{
    size_t room = load->input_max - connection->input_len;
    ssize_t got = read(connection->fd, connection->input + connection->input_len, room);

    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0) {
        address_die("read", room == 0 ? "reply too long" : "connection lost");
    }
    uint64_t now_ns = clock_ns();
    connection->input_len += (size_t)got;
    take_replies(load, connection, now_ns);
    if (connection->answered == connection->batch.count) {
        next_batch(load, connection, now_ns);
    }
}

static void open_connections(struct load *load)
{
    struct options *options = load->options;
    struct address address = address_parse(options->connect);

    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->connections = calloc(options->connections, sizeof *load->connections);
    if (load->epoll < 0 || load->connections == NULL) {
        address_die("load", "out of memory");
    }
    for (size_t i = 0; i < options->connections; i++) {
        struct connection *connection = &load->connections[i];
        batch_init(&connection->batch, &options->traffic, options->pipeline);
        load->input_max = batch_replies_max(&connection->batch, &options->traffic);
        connection->input = calloc(1, load->input_max + 1);
        if (connection->input == NULL) {
            address_die("load", "out of memory");
        }
        connection->fd = address_connect(&address, true);
        watch(load, connection, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void close_connections(struct load *load)
{
    for (size_t i = 0; i < load->options->connections; i++) {
        batch_fini(&load->connections[i].batch);
        free(load->connections[i].input);
        close(load->connections[i].fd);
    }
    free(load->connections);
    close(load->epoll);
}

/* Returns the nanoseconds it took. */
static uint64_t run(struct load *load)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t start_ns = clock_ns();
    uint64_t heard_at_ns = start_ns;

    load->stop_at_ns = UINT64_MAX;
    load->unsent = load->options->requests;
    if (load->unsent == 0) {
        load->unsent = UINT64_MAX;
        load->stop_at_ns = start_ns + (uint64_t)(load->options->seconds * (double)second_ns);
    }
    load->busy = load->options->connections;
    for (size_t i = 0; i < load->options->connections; i++) {
        next_batch(load, &load->connections[i], clock_ns());
    }
    while (load->busy > 0) {
        int ready = epoll_wait(load->epoll, events, EVENTS_MAX, load->options->spin ? 0 : 1000);
        if (ready > 0) {
            heard_at_ns = clock_ns();
        } else if (clock_ns() - heard_at_ns > silence_max_ns) {
            errno = ETIMEDOUT;
            address_die("load", "the server is silent");
        }
        for (int i = 0; i < ready; i++) {
            if (events[i].events & EPOLLOUT) {
                send_batch(load, events[i].data.ptr);
            }
            read_replies(load, events[i].data.ptr);
        }
    }
    return clock_ns() - start_ns;
}

static int ask(struct options *options)
{
    static struct load load; /* Its histogram is too large for the stack. */

    load.options = options;
    open_connections(&load);
    double seconds = (double)run(&load) / (double)second_ns;
    close_connections(&load);

    printf("requests=%llu seconds=%.6f per_second=%.0f p50_us=%.1f p99_us=%.1f hits=%llu "
           "misses=%llu errors=%llu wrong=%llu\n",
           (unsigned long long)load.answered, seconds, (double)load.answered / seconds,
           (double)histogram_quantile(&load.histogram, 0.50) / 1000,
           (double)histogram_quantile(&load.histogram, 0.99) / 1000,
           (unsigned long long)load.replies.hits, (unsigned long long)load.replies.misses,
           (unsigned long long)load.replies.errors, (unsigned long long)load.replies.wrong);
    return load.replies.errors > 0 || load.replies.wrong > 0 ? 1 : 0;
}

static uint64_t number(const char *name, const char *text, uint64_t min, uint64_t max)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < min || value > max) {
        fprintf(stderr, "--%s: expected %llu to %llu, found %s\n", name, (unsigned long long)min,
                (unsigned long long)max, text);
        exit(2);
    }
    return value;
}

/* What is asked; false if it is another option. */
static bool set_traffic(struct traffic *traffic, const char *name, int which, const char *text)
{
    switch (which) {
    case 'o':
        traffic->op = strcmp(text, "set") == 0 ? TRAFFIC_SET : TRAFFIC_GET;
        return true;
    case 'w':
        traffic->op = TRAFFIC_COMMAND;
        traffic->command = text;
        return true;
    case 'm':
        traffic->reply_max = number(name, text, 1, 1 << 20);
        return true;
    case 'k':
        traffic->key_count = number(name, text, 1, UINT32_MAX);
        return true;
    case 'x':
        traffic->key_prefix = text;
        return true;
    case 'v':
        traffic->value_len = number(name, text, 1, 1 << 20);
        return true;
    case 't':
        traffic->ttl_s = number(name, text, 1, 1000000000);
        return true;
    case 'i':
        traffic->integer = true;
        return true;
    case 'q':
        traffic->sequential = true;
        return true;
    case 'a':
        traffic->any_value = true;
        return true;
    default:
        return false;
    }
}

/* How it is asked. */
static void set_option(struct options *options, const char *name, int which, const char *text)
{
    switch (which) {
    case 'c':
        options->connect = text;
        break;
    case 'e':
        options->serve = text;
        break;
    case 'n':
        options->connections = number(name, text, 1, CONNECTIONS_MAX);
        break;
    case 'p':
        options->pipeline = number(name, text, 1, PIPELINE_MAX);
        break;
    case 'r':
        options->requests = number(name, text, 1, UINT64_MAX);
        break;
    case 's':
        options->seconds = strtod(text, NULL);
        break;
    case 'S':
        options->spin = true;
        break;
    default:
        exit(2);
    }
}

static const struct option names[] = {
    { "connect", required_argument, NULL, 'c' },
    { "echo-server", required_argument, NULL, 'e' },
    { "op", required_argument, NULL, 'o' },
    { "command", required_argument, NULL, 'w' },
    { "reply-max", required_argument, NULL, 'm' },
    { "connections", required_argument, NULL, 'n' },
    { "pipeline", required_argument, NULL, 'p' },
    { "requests", required_argument, NULL, 'r' },
    { "seconds", required_argument, NULL, 's' },
    { "keys", required_argument, NULL, 'k' },
    { "key-prefix", required_argument, NULL, 'x' },
    { "value-len", required_argument, NULL, 'v' },
    { "integer", no_argument, NULL, 'i' },
    { "ttl", required_argument, NULL, 't' },
    { "sequential", no_argument, NULL, 'q' },
    { "any-value", no_argument, NULL, 'a' },
    { "spin", no_argument, NULL, 'S' },
    { NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
    struct options options = {
        .traffic = { .key_prefix = "key:",
                     .key_len = 16,
                     .value_len = 64,
                     .key_count = 1000000,
                     .reply_max = 512,
                     .random = 0x9E3779B97F4A7C15ULL ^ (clock_ns() | 1) },
        .connections = 50,
        .pipeline = 1,
        .seconds = 5,
    };
    int index = 0;

    for (int which = 0; (which = getopt_long(argc, argv, "", names, &index)) != -1;) {
        if (!set_traffic(&options.traffic, names[index].name, which, optarg)) {
            set_option(&options, names[index].name, which, optarg);
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if ((options.connect == NULL) == (options.serve == NULL) || optind != argc ||
        strlen(options.traffic.key_prefix) + 10 > options.traffic.key_len) {
        fprintf(stderr, "usage: load --connect ADDRESS | --echo-server ADDRESS [option ...]\n");
        return 2;
    }
    if (options.serve != NULL) {
        struct address address = address_parse(options.serve);
        echo_serve(address_listen(&address), &options.traffic);
        return 0;
    }
    return ask(&options);
}
