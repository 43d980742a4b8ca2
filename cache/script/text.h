#ifndef PODIS_CACHE_SCRIPT_TEXT_H
#define PODIS_CACHE_SCRIPT_TEXT_H

/* Programs are loaded as text, never as what string.dump() makes: Lua trusts that blindly. */

#include "cache/base/span.h"

struct lua_State;

/* As luaL_loadbuffer(): 0 and the function on top of the stack, or an error code and a message. */
int text_load(struct lua_State *L, struct span program, const char *name);

/* Replaces load and loadstring in the table on top of the stack. */
void text_install(struct lua_State *L);

#endif
