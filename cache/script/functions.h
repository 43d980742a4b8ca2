#ifndef PODIS_CACHE_SCRIPT_FUNCTIONS_H
#define PODIS_CACHE_SCRIPT_FUNCTIONS_H

/* The libraries of functions that FUNCTION LOAD has brought. They are data: a log, a backup and a
 * file hold them, and each change of them is announced.
 *
 * What returns a text for an error returns NULL when all went well; the text is without "ERR " and
 * borrowed until the next call of any kind. */

#include "cache/call.h"

struct function;
struct functions;
struct library;

enum restore_policy { RESTORE_APPEND, RESTORE_REPLACE, RESTORE_FLUSH };

/* Frees all of them, and their interpreter. Accepts NULL. */
void functions_free(struct functions *functions);

/* The code of each library, in the order in which they were loaded. */
void functions_each(const struct cache *cache, void (*visit)(void *context, struct span code),
                    void *context);

/* Loads a library's code; with `replace` in the place of one of the same name. `timeout_ms` 0: it
 * may take as long as it likes. Announces nothing. *made, unless NULL, is set to the library. */
const char *functions_load(struct cache *cache, struct span code, bool replace, uint64_t timeout_ms,
                           const struct library **made);

/* All libraries of a DUMP payload, or none. Each may take so long. */
const char *functions_restore(struct cache *cache, struct span payload, enum restore_policy policy,
                              uint64_t timeout_ms);
/* False if they are too much for `out`. */
must_check bool functions_dump(const struct cache *cache, struct buf *out);

/* False: there is no such library. */
bool functions_delete(struct cache *cache, struct span name);
/* With `at_once` false their memory is given back a little later. */
void functions_flush(struct cache *cache, bool at_once);

/* NULL if there is no such function; case is ignored. */
const struct function *functions_find(const struct cache *cache, struct span name);
/* Runs it with call->argv[3] on as keys and arguments, and writes the reply. */
void functions_run(struct call *c, const struct function *function, size_t key_count,
                   bool read_only);

/* The libraries, one after the other; NULL begins, NULL is the end. */
const struct library *functions_next(const struct cache *cache, const struct library *library);

struct functions_stats {
    uint64_t libraries, functions;
    size_t interpreter_bytes; /* Of Lua. */
    size_t text_bytes;        /* Of code, names and tables. */
    uint64_t running_ms;      /* How long the function that runs has done so. */
};
struct functions_stats functions_stats(const struct cache *cache);

#endif
