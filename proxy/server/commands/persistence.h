#ifndef PODIS_PROXY_SERVER_COMMANDS_PERSISTENCE_H
#define PODIS_PROXY_SERVER_COMMANDS_PERSISTENCE_H

#include "cache/command.h"

struct call;

extern const struct command persistence_commands[];

/* DEBUG RELOAD [NOSAVE] [NOFLUSH] [MERGE]. */
void debug_reload(struct call *c);

#endif
