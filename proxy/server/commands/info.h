#ifndef PODIS_PROXY_SERVER_COMMANDS_INFO_H
#define PODIS_PROXY_SERVER_COMMANDS_INFO_H

/* INFO: what an operator or a client library asks about this process
 * (https://redis.io/commands/info/). */

#include "cache/command.h"

extern const struct command info_commands[];

/* The version of Redis that podis behaves like; clients choose features by it. */
#define REDIS_VERSION "7.2.4"

#endif
