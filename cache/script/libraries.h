#ifndef PODIS_CACHE_SCRIPT_LIBRARIES_H
#define PODIS_CACHE_SCRIPT_LIBRARIES_H

/* The libraries that scripts find beside Lua's own: cjson, cmsgpack, struct and bit. They call
 * nothing outside the interpreter, and take all their memory from it. */

struct lua_State;

/* Puts all four, by name, into the table on top of the stack. Returns 0: nothing is pushed. */
int script_open_libraries(struct lua_State *L);

/* Each pushes a new table with the library's functions. */
void library_push_cjson(struct lua_State *L);
void library_push_cmsgpack(struct lua_State *L);
void library_push_struct(struct lua_State *L);
void library_push_bit(struct lua_State *L);

#endif
