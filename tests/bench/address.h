#ifndef PODIS_TESTS_BENCH_ADDRESS_H
#define PODIS_TESTS_BENCH_ADDRESS_H

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/socket.h>

/* Where the benchmark's programs listen and connect: `HOST:PORT` with a numeric IPv4 host, or
 * `unix:PATH`. These are tools for a person at a terminal: what cannot be done is said on
 * standard error and ends the program. */
struct address {
    struct sockaddr_storage bytes;
    socklen_t len;
};

/* Ends the program with status 2 and the message; the reason in errno is added unless it is 0. */
noreturn void address_die(const char *what, const char *detail);

struct address address_parse(const char *text);

/* A listening socket, non-blocking. An old Unix socket in the way is removed. */
int address_listen(const struct address *address);

/* A socket that is connected or becomes so (`wait` false: the connect may still be under way),
 * non-blocking and without Nagle's delay. */
int address_connect(const struct address *address, bool wait);

/* The next connection waiting on `listener`, non-blocking and without Nagle's delay, or -1. */
int address_accept(int listener);

#endif
