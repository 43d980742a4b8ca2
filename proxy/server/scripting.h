#ifndef PODIS_PROXY_SERVER_SCRIPTING_H
#define PODIS_PROXY_SERVER_SCRIPTING_H

/* The server's side of scripts: their commands are counted, timed and routed like a client's. */

#include "cache/script/host.h"
#include "proxy/server/request.h"

#include <stdint.h>

struct scripting {
    struct script_host host;
    /* Of the caller of the script that runs. */
    int db;
    const struct command *command;
    const struct command *write, *read; /* Any that do no more than that. */
    const struct command *eval, *eval_ro, *evalsha, *evalsha_ro;
    /* busy.c's */
    uint64_t since_ns, looked_at_ns;
    bool is_function; /* What is busy. */
};

struct server;

void scripting_init(struct server *server);

/* A request that another member is to run. If it is an EVALSHA of a script that is known here, then
 * `spelled` becomes the EVAL of its text, with `*take_argv` to be freed; else it is a copy of the
 * request, and that NULL. The text of an EVAL is remembered for next time. */
void scripting_spell_out(struct server *server, const struct request *request,
                         struct request *spelled, struct span **take_argv);

#endif
