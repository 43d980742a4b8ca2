#ifndef PODIS_PROXY_SERVER_FIGURES_H
#define PODIS_PROXY_SERVER_FIGURES_H

/* What the memory in use is for, as far as anybody can tell: for INFO memory and MEMORY. */

#include "cache/base/memory.h"
#include "cache/script/functions.h"
#include "cache/script/scripts.h"

struct server;

struct figures {
    struct memory_stats memory;
    uint64_t peak, start;
    uint64_t resident; /* Of the whole process. */
    uint64_t tables;   /* Of keys, in all databases. */
    uint64_t keys;
    uint64_t clients; /* Connections: what they sent and were not sent yet, and their own state. */
    struct scripts_stats scripts;
    struct functions_stats functions;

    /* Made of these: */
    uint64_t overhead;    /* All that is not data. */
    uint64_t data;        /* And all that is. */
    uint64_t since_start; /* In use, and was not at the start. */
};

/* Walks all connections. */
struct figures figures_look(const struct server *server);

/* Part of a whole; 0 if there is no whole. */
double figures_ratio(uint64_t part, uint64_t whole);

#endif
