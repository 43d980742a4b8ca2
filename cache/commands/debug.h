#ifndef PODIS_CACHE_COMMANDS_DEBUG_H
#define PODIS_CACHE_COMMANDS_DEBUG_H

/* DEBUG's subcommands about data. The command itself, which asks whether it is allowed and knows
 * those about the process, is in proxy/server/commands/debug.c. */

#include "cache/call.h"

struct debug_subject {
    const char *name; /* NULL ends a table. */
    size_t min_argc;  /* With DEBUG and the name. */
    size_t max_argc;
    void (*run)(struct call *call);
    const char *help;
};

extern const struct debug_subject debug_subjects[];

#endif
