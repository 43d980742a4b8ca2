#ifndef PODIS_CACHE_SCRIPT_HOST_H
#define PODIS_CACHE_SCRIPT_HOST_H

/* What a script asks of whoever runs the store. Without a host its commands go to cache_exec(). */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache_request;
struct command;
struct script_run;

struct script_host {
    void *context;

    /* A script is about to begin, for this caller (cache_request.caller). Tells whether there is so
     * little memory that what takes more is to be refused. */
    bool (*begin)(void *context, void *caller);
    /* Why no command may write just now ("MISCONF …", constant); empty if that is not so. */
    struct span (*write_refusal)(void *context, void *caller);
    /* Whether the data may be old: a replica that does not hear its primary. */
    bool (*is_stale)(void *context, void *caller);
    /* It has ended. */
    void (*end)(void *context, void *caller);

    /* Whether the caller may run this command; false after the error in its reply. Row and arity
     * fit. */
    bool (*admits)(void *context, const struct cache_request *request);
    /* Runs a command of the script, or refuses it with an error. It was admitted. */
    void (*run)(void *context, const struct cache_request *request);
    /* A command was refused with this error ("ERR …") before run() was asked; row NULL: there is
     * none. */
    void (*refused)(void *context, const struct command *command, struct span error);

    /* Called now and then while a script runs. False: it is to stop. */
    bool (*pause)(void *context, const struct script_run *run);

    /* redis.acl_check_cmd: whether the caller might run this, asked out of curiosity. */
    bool (*allows)(void *context, const struct cache_request *request);
    /* redis.log: 0 (debug) to 3 (warning). */
    void (*log)(void *context, int level, struct span text);
    /* The most bytes that scripts may hold; 0: no limit but the engine's own. */
    size_t (*memory_max)(void *context);
    /* Milliseconds on a clock that never goes back. */
    uint64_t (*clock_ms)(void *context);
};

#endif
