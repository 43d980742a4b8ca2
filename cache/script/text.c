/* Loading programs as text.
 *
 * Lua takes a program that begins with ESC for compiled code, does not check it, and crashes or
 * worse if it is not what the compiler would have made. Behind a space it is text like any other:
 * the compiler says what it thinks of an ESC, as Redis's does. */

#include "cache/script/text.h"

#include <lauxlib.h>
#include <lua.h>

enum { COMPILED = '\033', READER_DEPTH = 2 };

struct program {
    struct span rest;
    bool begun;
};

static const char *first_of(struct program *program, size_t *len)
{
    program->begun = true;
    if (program->rest.len > 0 && program->rest.bytes[0] == COMPILED) {
        *len = 1;
        return " ";
    }
    *len = program->rest.len;
    program->rest.len = 0;
    return program->rest.bytes;
}

static const char *next_piece(struct program *program, size_t *len)
{
    if (!program->begun) {
        return first_of(program, len);
    }
    *len = program->rest.len;
    program->rest.len = 0;
    return *len == 0 ? NULL : program->rest.bytes;
}

static const char *read_span(lua_State *L, void *context, size_t *len)
{
    (void)L;
    return next_piece(context, len);
}

int text_load(lua_State *L, struct span program, const char *name)
{
    struct program all = { .rest = program };
    return lua_load(L, read_span, &all, name);
}

static const char *read_function(lua_State *L, void *context, size_t *len)
{
    struct program *program = context;

    if (program->rest.len == 0) {
        luaL_checkstack(L, READER_DEPTH, "too many nested functions");
        lua_pushvalue(L, 1);
        lua_call(L, 0, 1);
        if (!lua_isnil(L, -1) && !lua_isstring(L, -1)) {
            luaL_error(L, "reader function must return a string");
        }
        if (lua_isnil(L, -1)) {
            *len = 0;
            return NULL;
        }
        lua_replace(L, 3); /* Where it stays while it is read. */
        program->rest.bytes = lua_tolstring(L, 3, &program->rest.len);
    }
    return next_piece(program, len);
}

static int loaded(lua_State *L, int status)
{
    if (status == 0) {
        return 1;
    }
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static int load(lua_State *L)
{
    struct program program = { .begun = false };
    const char *name = luaL_optstring(L, 2, "=(load)");

    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 3);
    return loaded(L, lua_load(L, read_function, &program, name));
}

static int loadstring(lua_State *L)
{
    struct span program;
    program.bytes = luaL_checklstring(L, 1, &program.len);
    return loaded(L, text_load(L, program, luaL_optstring(L, 2, program.bytes)));
}

void text_install(lua_State *L)
{
    lua_pushcfunction(L, load);
    lua_setfield(L, -2, "load");
    lua_pushcfunction(L, loadstring);
    lua_setfield(L, -2, "loadstring");
}
