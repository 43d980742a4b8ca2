#ifndef PODIS_PROXY_SERVER_COMMANDS_DEBUG_H
#define PODIS_PROXY_SERVER_COMMANDS_DEBUG_H

/* DEBUG: what test suites need to look inside and to make time pass. Refused unless
 * enable-debug-command allows it. */

#include "cache/command.h"

extern const struct command debug_commands[];

/* DEBUG AOF-FLUSH-SLEEP: the job that writes the append-only file stops for so long. */
void debug_nap(uint64_t us);

#endif
