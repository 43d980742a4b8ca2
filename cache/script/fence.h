#ifndef PODIS_CACHE_SCRIPT_FENCE_H
#define PODIS_CACHE_SCRIPT_FENCE_H

/* Tables that scripts can read and not change: _G, redis, string, the metatables of both … */

#include <stdbool.h>

struct lua_State;

/* The table on top of the stack is replaced by a fence around it. Whoever has the table itself can
 * still change it; scripts must never get hold of it. */
void fence_put(struct lua_State *L);

/* What getmetatable() shows of the fence at `at` is on top, and popped: a fence too. */
void fence_show(struct lua_State *L, int at);

/* True: the table behind the fence at `at` was pushed. False: there is no fence, nothing is. */
bool fence_open(struct lua_State *L, int at);

/* Replaces those functions of the table of globals on top of the stack, and of its `table` and
 * `string`, that could reach around a fence or cost more than they may. */
void fence_guard_library(struct lua_State *L);

#endif
