#ifndef PODIS_PROXY_SERVER_SCRIPTING_H
#define PODIS_PROXY_SERVER_SCRIPTING_H

/* The server's side of scripts: their commands are counted, timed and routed like a client's. */

#include "cache/script/host.h"

struct scripting {
    struct script_host host;
    /* Of the caller of the script that runs. */
    int db;
    const struct command *command;
};

struct server;

void scripting_init(struct server *server);

#endif
