#ifndef PODIS_CACHE_SCRIPT_GLOBALS_H
#define PODIS_CACHE_SCRIPT_GLOBALS_H

/* What a script finds: the part of Lua's library that reaches nothing outside, behind fences. */

struct dice;
struct lua_State;

/* Makes the table of globals and leaves it on top of the stack, unfenced, for more to be put in. */
void globals_open(struct lua_State *L, struct dice *dice);

/* The table on top of the stack, all tables in it and the metatables of both become read-only, and
 * what scripts know as _G. The table itself stays on top, for those who may change it. */
void globals_close(struct lua_State *L);

/* Whoever reads a name that the table on top of the stack does not have gets an error. */
void globals_make_strict(struct lua_State *L);

#endif
