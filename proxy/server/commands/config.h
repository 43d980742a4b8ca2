#ifndef PODIS_PROXY_SERVER_COMMANDS_CONFIG_H
#define PODIS_PROXY_SERVER_COMMANDS_CONFIG_H

/* CONFIG GET, SET, REWRITE, RESETSTAT: https://redis.io/commands/config/ */

#include "cache/command.h"

extern const struct command config_commands[];

#endif
