#ifndef PODIS_TESTS_BENCH_ECHO_H
#define PODIS_TESTS_BENCH_ECHO_H

#include "tests/bench/traffic.h"

/* A server that does no work: it counts requests by their length and sends the same answer to
 * each. What the load client reaches against it is the ceiling that the machine's sockets and
 * the client set, and what it spends is what no server can do without. Serves until SIGTERM. */
void echo_serve(int listener, const struct traffic *traffic);

#endif
