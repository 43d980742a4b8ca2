#ifndef PODIS_PROXY_SERVER_SCRIPTING_H
#define PODIS_PROXY_SERVER_SCRIPTING_H

/* The server's side of scripts: their commands are counted, timed and routed like a client's. */

#include "cache/script/host.h"

#include <stdint.h>

struct scripting {
    struct script_host host;
    /* Of the caller of the script that runs. */
    int db;
    const struct command *command;
    /* busy.c's */
    uint64_t since_ns, looked_at_ns;
    bool is_function; /* What is busy. */
};

struct server;

void scripting_init(struct server *server);

#endif
