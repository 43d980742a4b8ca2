#ifndef PODIS_CACHE_SCRIPT_FUNCTION_LOAD_H
#define PODIS_CACHE_SCRIPT_FUNCTION_LOAD_H

/* From a library's code to its functions: what its first line says, and then its code is run once,
 * with nothing in reach but redis.register_function and little else. */

#include "cache/base/check.h"
#include "cache/base/span.h"
#include "cache/script/engine.h"

#include <stdint.h>

struct library;

enum { LOADER_WHY_MAX = 1024 };

/* Of one interpreter. */
struct library_loader {
    struct engine *engine;
    int environment;         /* What the code sees as its globals: references in the registry. */
    int behind_it;           /* The metatable that says what that is … */
    int while_loading;       /* … one of these two tables. */
    struct library *library; /* That is being loaded; NULL: none is. */
    uint64_t until_ms;       /* When that takes too long; 0: it never does. */
    char why[LOADER_WHY_MAX];
};

/* Prepares an interpreter that has nothing loaded yet. */
void library_loader_init(struct library_loader *loader, struct engine *engine);
/* For engine_new(): takes from the table `redis` what functions do not have. */
void library_loader_extend(struct lua_State *L);

/* The name in the first line of a library's code, quotes resolved into `room`, which has as many
 * bytes as the code; *len is the first line's length. NULL, or what is wrong. */
const char *library_loader_head(struct library_loader *loader, struct span code, char *room,
                                struct span *name, size_t *len);

/* Notes what is wrong, for the caller to return. */
const char *library_loader_failed(struct library_loader *loader, const char *format, ...)
    printf_like(2, 3);

/* Runs the code, without its first line, which adds its functions to the library. NULL, or what is
 * wrong. `timeout_ms` 0: it may take as long as it likes. */
const char *library_loader_run(struct library_loader *loader, struct library *library,
                               struct span code, uint64_t timeout_ms);

#endif
