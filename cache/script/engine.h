#ifndef PODIS_CACHE_SCRIPT_ENGINE_H
#define PODIS_CACHE_SCRIPT_ENGINE_H

/* An interpreter of scripts: one for EVAL, one for libraries of functions.
 *
 * It holds whatever was loaded into it, counts and bounds the memory of all that, and runs one
 * function at a time as a command. What the function gets and may do is globals.h and api.h.
 *
 * Everything that may raise an error of Lua's is to be done inside engine_protect() or a push(). */

#include "cache/base/span.h"
#include "cache/script/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct call;
struct dice;
struct engine;
struct lua_State;
struct reply;

#define ENGINE_BUSY                                                                                \
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
#define ENGINE_BUSY_FUNCTION                                                                       \
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."

/* What a script says of itself, in its shebang or when it is registered. */
enum script_flag {
    SCRIPT_NO_WRITES = 1 << 0,
    SCRIPT_ALLOW_OOM = 1 << 1,
    SCRIPT_ALLOW_STALE = 1 << 2,
    SCRIPT_NO_CLUSTER = 1 << 3,
    SCRIPT_ALLOW_CROSS_SLOT_KEYS = 1 << 4,
    SCRIPT_SILENT = 1 << 5, /* It says nothing: EVAL of a text without a shebang. */
};

/* A function that runs as the command `call`. Filled in by the caller, the rest zero. */
struct script_run {
    struct call *call;
    const char *name; /* In errors: a SHA-1, or the name of a function. */
    unsigned flags;   /* enum script_flag */
    bool read_only;   /* The command is one of those that must not write. */
    bool is_function; /* Not a script of EVAL: FUNCTION KILL ends it. */
    size_t key_count; /* call->argv[3] on are the keys, and behind them the arguments. */
    /* Pushes the function and its arguments; returns how many arguments. May raise errors. */
    int (*push)(struct lua_State *L, struct script_run *run);
    struct engine *engine;
    int function; /* For push(): a reference in Lua's registry. */

    /* The engine's own. */
    bool over_memory;      /* When it began. */
    struct span no_writes; /* Why nobody may write just now; empty if that is not so. */
    bool is_stale;
    bool wrote;
    bool killed;
    int protocol; /* Of the replies that it reads itself. */
};

/* `extend`, which may be NULL, is called once with the table `redis` on top of the stack, before it
 * becomes read-only. */
struct engine *engine_new(struct cache *cache, void (*extend)(struct lua_State *L));
void engine_free(struct engine *engine);

/* Runs the function and writes its result, or an error, to the call's reply. */
void engine_run(struct engine *engine, struct script_run *run);

/* Calls act(L, context), in which errors of Lua's may be raised. False after one; its message
 * (borrowed until the next call of any kind) is in *why. The stack is as it was, either way. */
bool engine_protect(struct engine *engine, void (*act)(struct lua_State *L, void *context),
                    void *context, struct span *why);

/* Pushes the table of globals, which is writable for those who hold it. */
void engine_push_globals(struct engine *engine);

/* Two lists for the script: keys and arguments, as described at script_run.key_count. */
void engine_push_keys(struct lua_State *L, const struct script_run *run);
void engine_push_arguments(struct lua_State *L, const struct script_run *run);

struct lua_State *engine_state(const struct engine *engine);
struct engine *engine_of(struct lua_State *L);
/* Bytes that the interpreter holds. */
size_t engine_memory(const struct engine *engine);

/* The run that is under way in this store; NULL if there is none. */
struct script_run *engine_running(const struct cache *cache);

/* SCRIPT KILL, or with `is_function` FUNCTION KILL: writes the reply. */
void engine_kill(struct call *c, bool is_function);

/* The store's host; NULL: none. */
const struct script_host *engine_host(const struct cache *cache);

#endif
