#ifndef PODIS_PROXY_SERVER_COMMANDS_MEMORY_H
#define PODIS_PROXY_SERVER_COMMANDS_MEMORY_H

/* MEMORY: what this process uses, and what a key costs. */

#include "cache/command.h"

extern const struct command memory_commands[];

#endif
