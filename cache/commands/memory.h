#ifndef PODIS_CACHE_COMMANDS_MEMORY_H
#define PODIS_CACHE_COMMANDS_MEMORY_H

/* MEMORY USAGE. The command and what it tells of the process are in
 * proxy/server/commands/memory.c. */

#include "cache/call.h"

void memory_usage_run(struct call *c);

#endif
